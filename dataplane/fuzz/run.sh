#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs libFuzzer targets: run.sh BUILD SECONDS PROGRAM... Seeds lie in fuzz/corpus/NAME; what is found is kept under BUILD.
# A line for each with its coverage; last line: N passed, N failed, N skipped.
build=$1
seconds=$2
shift 2
passed=0
failed=0
for program in "$@"; do
    name=$(basename "$program")
    found=$build/fuzz/corpus/$name
    log=$build/fuzz/$name.log
    mkdir -p "$found" "fuzz/corpus/$name"
    options=
    [ ! -f "fuzz/$name.dict" ] || options="-dict=fuzz/$name.dict"
    "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$build/fuzz/$name-" $options "$found" "fuzz/corpus/$name" >"$log" 2>&1
    status=$?
    line=$(grep -E 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -1 | sed 's/.*\(cov: [0-9]* ft: [0-9]* corp: [^ ]*\).*/\1/')
    runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
    if [ "$status" -eq 0 ] && [ -n "$line" ]; then
        passed=$((passed + 1))
        echo "fuzz $name: $line, $runs runs in $seconds s"
    else
        failed=$((failed + 1))
        echo "fuzz $name: FAILED with exit status $status"
        tail -40 "$log"
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
