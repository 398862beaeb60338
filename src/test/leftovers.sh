#!/bin/sh
# Compares what containers could leave on the host before and after the tests: Nucleus processes, cgroups, mounts, named
# network namespaces, temporary directories. usage: leftovers.sh record|check FOLDER
set -u
folder=$2
mkdir -p "$folder"

list() {
	for comm in /proc/[0-9]*/comm; do
		name=$(cat "$comm" 2>/dev/null) || continue
		case $name in
		nucleus-* | memfd:nucleus*) echo "process ${comm%/comm} $name" ;;
		esac
	done
	find /sys/fs/cgroup -maxdepth 2 -type d -name 'nucleus-*' 2>/dev/null | sed 's/^/cgroup /'
	grep nucleus /proc/self/mounts | sed 's/^/mount /'
	ls /run/netns 2>/dev/null | sed 's/^/network namespace /'
	find /tmp /var/tmp -maxdepth 1 -name 'nucleus-*' 2>/dev/null | sed 's/^/directory /'
}

if [ "$1" = record ]; then
	list | sort >"$folder/before"
	exit 0
fi
# A shim exits a moment after its container: waits up to ten seconds for the last one.
attempt=0
while :; do
	list | sort >"$folder/after"
	comm -13 "$folder/before" "$folder/after" >"$folder/left"
	[ -s "$folder/left" ] && [ $attempt -lt 50 ] || break
	attempt=$((attempt + 1))
	sleep 0.2
done
if [ -s "$folder/left" ]; then
	echo "*** LEFT BEHIND by the tests:" >&2
	cat "$folder/left" >&2
	exit 1
fi
echo "leftovers: none (processes, cgroups, mounts, namespaces, directories)"
