#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs libFuzzer targets, two at a time: run.sh BUILD SECONDS PROGRAM... Seeds lie in fuzz/corpus/NAME; what is found is kept
# under BUILD. A line for each with its coverage; last line: N passed, N failed, N skipped.
build=$1
seconds=$2
shift 2

# Runs one; what is to be said of it goes to NAME.said, whose first word is passed or FAILED.
fuzz() {
    name=$(basename "$1")
    found=$build/fuzz/corpus/$name
    log=$build/fuzz/$name.log
    said=$build/fuzz/$name.said
    mkdir -p "$found" "fuzz/corpus/$name"
    options=
    [ ! -f "fuzz/$name.dict" ] || options="-dict=fuzz/$name.dict"
    "$1" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$build/fuzz/$name-" $options "$found" "fuzz/corpus/$name" >"$log" 2>&1
    status=$?
    line=$(grep -E 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -1 | sed 's/.*\(cov: [0-9]* ft: [0-9]* corp: [^ ]*\).*/\1/')
    runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
    if [ "$status" -eq 0 ] && [ -n "$line" ]; then
        echo "passed $line, $runs runs in $seconds s" >"$said"
    else
        {
            echo "FAILED with exit status $status"
            tail -40 "$log"
            # The input that did it, for whoever has only what this run printed.
            input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -1)
            [ ! -f "$input" ] || { echo "$input, by gzip and base64:"; gzip -9 -c "$input" | base64; }
        } >"$said"
    fi
}

for program in "$@"; do
    rm -f "$build/fuzz/$(basename "$program").said"
done
half=0
for program in "$@"; do
    fuzz "$program" &
    half=$((1 - half))
    [ "$half" -eq 1 ] || wait
done
wait

passed=0
failed=0
for program in "$@"; do
    name=$(basename "$program")
    said=$build/fuzz/$name.said
    if [ -f "$said" ] && grep -q '^passed ' "$said"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    if [ -f "$said" ]; then sed "1s/^\(passed \)\{0,1\}/fuzz $name: /" "$said"; else echo "fuzz $name: FAILED: said nothing"; fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
