#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the unit tests given behind the build folder against every mutant. A mutant that no test notices survives, which is a
# failure. Last line: N passed, N failed, N skipped.
build=$1
shift
killed=0
survived=0
for program in "$@"; do
    if ! "$program" >"$build/mutants/log" 2>&1; then
        echo "$(basename "$program") fails without any mutant"
        echo "0 passed, 1 failed, 0 skipped"
        exit 1
    fi
done
for mutant in $("$build/ztos-fpe-mutants" --list-mutants | sed -n 's/.*"name":"\([a-z0-9_]*\)".*/\1/p'); do
    killers=
    for program in "$@"; do
        ZT_MUTANT=$mutant timeout 60 "$program" >"$build/mutants/log" 2>&1 || killers="$killers $(basename "$program")"
    done
    if [ -n "$killers" ]; then
        killed=$((killed + 1))
    else
        survived=$((survived + 1))
        echo "mutant $mutant survives"
    fi
done
echo "$killed passed, $survived failed, 0 skipped"
[ "$survived" -eq 0 ] && [ "$killed" -gt 0 ]
