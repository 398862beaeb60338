#!/bin/sh
# Installs, as root, the Debian packages that the test tiers of `./mvnw verify` need; without root, reports which are
# missing. Usage: install-packages.sh
set -u

# Their uses, in this order: the native build and its checks; peers and tools of tests; gVisor; a virtual machine; the
# browser tier; real workloads; promtool; a gRPC server; tests
# and benchmarks of networks.
PACKAGES="musl-tools linux-libc-dev make gcc libseccomp2
clang clang-tidy clang-format libclang-rt-14-dev libcmocka-dev
bubblewrap runc hyperfine
runsc redis-server
qemu-system-x86 busybox-static cpio kmod
chromium fonts-dejavu-core
postgresql-15 postgresql-client-15 nginx uidmap
prometheus python3-grpcio
iproute2 nftables curl wrk iperf3 dnsmasq-base dnsperf"

missing=""
for package in $PACKAGES; do
	status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) || status=""
	[ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "*** NOT INSTALLED, because you are not root:$missing" >&2
	echo "*** Tests that need them are skipped and counted as such. As root: apt-get install$missing" >&2
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	echo "*** NOT INSTALLED, because this is not Debian:$missing" >&2
	exit 0
fi
echo "installing for the tests:$missing"
# A server's package would start the service; only the program is needed.
policy=/usr/sbin/policy-rc.d
made_policy=no
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made_policy=yes
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
{ apt-get -q -q update && apt-get -q -q install -y --no-install-recommends $missing; } >/dev/null ||
	echo "*** apt-get failed: tests that need$missing are skipped and counted as such" >&2
[ "$made_policy" = no ] || rm -f "$policy"
exit 0
