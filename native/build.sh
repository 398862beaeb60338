#!/bin/sh
# Builds the native part and copies it to where the jar takes it from.
# usage: build.sh OUT CLASSES
set -eu
cd "$(dirname "$0")"
if ! command -v make >/dev/null || ! { command -v musl-gcc || command -v cc; } >/dev/null; then
	echo "nucleus: a C compiler and make are missing. On Debian: apt-get install gcc make libc6-dev" >&2
	exit 1
fi
make -s OUT="$1" all
mkdir -p "$2"
cp "$1/nucleus-spawner" "$1/nucleus" "$2/"
