#!/bin/sh
# Builds the native programs and copies them to the directory from which they are packaged into the jar.
# usage: build.sh OUT CLASSES [PROGRAM]
set -eu
cd "$(dirname "$0")"
if ! command -v make >/dev/null || ! { command -v musl-gcc || command -v cc; } >/dev/null; then
	echo "nucleus: a C compiler and make are missing. On Debian: apt-get install gcc make libc6-dev" >&2
	exit 1
fi
mkdir -p "$2"
for program in ${3:-nucleus-spawner nucleus}; do
	make -s OUT="$1" "$1/$program"
	cp "$1/$program" "$2/"
done
