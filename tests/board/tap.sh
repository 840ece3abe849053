#!/bin/sh
# tests/board/tap.sh: runs tests/board/tap.test.mjs in a network namespace of
# its own, with a tap device in it; skipped by name where there can be none.
set -eu
cd "$(dirname "$0")/../.."

skip() {
    echo "skipped: boards/tap: $1"
    echo "0 passed, 0 failed"
    exit 0
}
[ -c /dev/net/tun ] || skip "no tun device here"
command -v ip >/dev/null || skip "no ip command (iproute2) here"
enter="unshare -n"
[ "$(id -u)" = 0 ] || enter="unshare -rn"
$enter ip tuntap add dev tap0 mode tap 2>/dev/null ||
    skip "no network namespace with a tap device is allowed here"

# Small socket buffers: a test fills them.
# shellcheck disable=SC2016
exec $enter sh -c 'ip link set lo up && ip tuntap add dev tap0 mode tap &&
    ip addr add 10.0.2.2/24 dev tap0 && ip link set tap0 up &&
    for b in rmem wmem; do
        echo "4096 16384 65536" >/proc/sys/net/ipv4/tcp_$b || exit 1
    done && exec node tests/lib/run.mjs tests/board/tap.test.mjs'
