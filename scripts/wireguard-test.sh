#!/bin/sh
# Tests every link that WireGuard seals of a fabric: `ztos test wireguard`, whose arguments, output and exit status it has.
# Without arguments, of the fabric topologies/demo-wireguard.yaml that comes along.
root=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd) || exit 4
[ $# -gt 0 ] || set -- "$root/topologies/demo-wireguard.yaml"
exec "${NODE:-node}" "$root/dist/cli/main.js" test wireguard "$@"
