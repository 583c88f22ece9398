#!/bin/sh
# Tests every VXLAN tunnel of a fabric: `ztos test vxlan`, whose arguments, output and exit status it has.
# Without arguments, of the fabric topologies/demo.yaml that comes along.
root=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd) || exit 4
[ $# -gt 0 ] || set -- "$root/topologies/demo.yaml"
exec "${NODE:-node}" "$root/dist/cli/main.js" test vxlan "$@"
