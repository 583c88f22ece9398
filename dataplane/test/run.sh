#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the cmocka programs given behind the build folder and adds up what they say. Last line: N passed, N failed, N skipped.
build=$1
shift
log=$build/sanitize/log
mkdir -p "$log"
passed=0
failed=0
skipped=0
# Leaks are failures; a test that hangs is one too.
ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
UBSAN_OPTIONS=print_stacktrace=1
export ASAN_OPTIONS UBSAN_OPTIONS
for program in "$@"; do
    name=$(basename "$program")
    timeout 300 "$program" >"$log/$name" 2>&1
    status=$?
    # cmocka: "[  PASSED  ] 3 test(s)."
    counts=$(sed -n 's/^\[  \(PASSED\|FAILED\|SKIPPED\) *\] \([0-9]*\) test(s).*/\1 \2/p' "$log/$name")
    good=$(echo "$counts" | awk '$1 == "PASSED" { n += $2 } END { print n + 0 }')
    bad=$(echo "$counts" | awk '$1 == "FAILED" { n += $2 } END { print n + 0 }')
    skips=$(echo "$counts" | awk '$1 == "SKIPPED" { n += $2 } END { print n + 0 }')
    if [ "$good" -eq 0 ] && [ "$bad" -eq 0 ] || { [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; }; then
        # It died before it could count, or a sanitizer ended it.
        bad=$((bad + 1))
        echo "$name: exit status $status"
    fi
    # What a failed test left allocated is no leak of its own interest.
    [ "$bad" -eq 0 ] || sed '/LeakSanitizer/,$d' "$log/$name" | grep -v '^\[ RUN\|^\[       OK' | head -100
    [ "$bad" -eq 0 ] || [ "$good" -ne 0 ] || sed -n '/LeakSanitizer/,$p' "$log/$name" | head -40
    sed -n 's/^\(SKIP [^:]*: .*\)$/\1/p' "$log/$name"
    echo "$name: $good passed, $bad failed, $skips skipped"
    passed=$((passed + good))
    failed=$((failed + bad))
    skipped=$((skipped + skips))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
