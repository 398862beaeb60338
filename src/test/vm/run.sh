#!/bin/sh
# Boots a virtual machine with a kernel of its own, cgroup v2 and this machine's root file system, read-only under a
# writable layer in memory, and runs a command in it; for features that this machine's kernel lacks.
# usage: run.sh FOLDER COMMAND...    FOLDER: for generated files; exits with the command's code, or 77 if it can't run
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
shift
kernel="${XDG_CACHE_HOME:-$HOME/.cache}/nucleus-tests/kernel"

unable() {
	echo "*** NOT RUN: the tests in a virtual machine need $1" >&2
	exit 77
}

for program in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio modprobe:kmod dpkg:dpkg; do
	PATH="$PATH:/sbin:/usr/sbin" command -v "${program%%:*}" >/dev/null ||
		unable "${program%%:*} (on Debian: apt-get install ${program##*:})"
done
PATH="$PATH:/sbin:/usr/sbin"

# Debian's kernel, unpacked and not installed.
if [ ! -e "$kernel/complete" ]; then
	rm -rf "$kernel"
	mkdir -p "$kernel"
	package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
	(cd "$kernel" && apt-get -q -o APT::Sandbox::User=root download "$package" >/dev/null) || unable "Debian's package $package"
	dpkg -x "$kernel"/*.deb "$kernel"
	rm "$kernel"/*.deb
	depmod -b "$kernel" "$(ls "$kernel/lib/modules")"
	touch "$kernel/complete"
fi
version=$(ls "$kernel/lib/modules")

# The initramfs: busybox, the modules that the root needs, a RAM disk (brd), and an init that mounts the root.
mkdir -p "$folder"
initramfs="$folder/initramfs"
rm -rf "$initramfs"
mkdir -p "$initramfs/bin" "$initramfs/modules" "$initramfs/proc" "$initramfs/host" "$initramfs/layer" "$initramfs/new"
cp "$(command -v busybox)" "$initramfs/bin/busybox"
cp "$here/init" "$initramfs/init"
for module in virtio_pci 9pnet_virtio 9p overlay brd; do
	modprobe --show-depends -d "$kernel" -S "$version" "$module"
done | awk '!seen[$2]++ { print $2 }' >"$folder/modules"
while read -r module; do
	cp "$module" "$initramfs/modules/"
	basename "$module" >>"$initramfs/modules/order"
done <"$folder/modules"
(cd "$initramfs" && find . | cpio -o -H newc --quiet | gzip -1) >"$folder/initramfs.gz"

# The command goes into a file: the kernel's command line has room only for the file's name.
{
	printf 'cd "%s" || exit 1\n' "$PWD"
	for word in "$@"; do
		printf "'%s' " "$(printf %s "$word" | sed "s/'/'\\\\''/g")"
	done
	echo
} >"$folder/job"

# Without KVM: every instruction is emulated, so that this runs on any machine. With one processor: on two emulated
# ones, a JVM crashed with a segmentation fault in code it had just compiled (QEMU 7.2, tcg,thread=multi).
timeout "${VM_TIMEOUT:-1200}" qemu-system-x86_64 -accel tcg,thread=single -cpu max -smp 1 -m 4096 -nographic -no-reboot \
	-nic none -kernel "$kernel/boot/vmlinuz-$version" -initrd "$folder/initramfs.gz" \
	-append "console=ttyS0 quiet panic=-1 rdinit=/init nucleus.job=$folder/job" \
	-virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap </dev/null 2>&1 |
	tr -d '\r' | tee "$folder/console"
code=$(sed -n 's/^nucleus-vm: the command ended with \([0-9]*\)$/\1/p' "$folder/console")
[ -n "$code" ] || {
	echo "*** the virtual machine stopped before its command ended" >&2
	exit 1
}
exit "$code"
