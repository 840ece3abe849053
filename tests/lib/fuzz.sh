#!/usr/bin/env bash
# tests/lib/fuzz.sh: runs each fuzz target for FUZZ_SECONDS, called by make.
#
#   tests/lib/fuzz.sh [fuzz_name]...
#
# Seeds are in tests/fuzz/NAME/ and stay as they are; what the fuzzer finds
# goes to build/fuzz/NAME/ and is used again next time. An input that crashes
# is kept as build/fuzz/NAME-crash-*: make it a seed, and a unit test.
set -uo pipefail

seconds=${FUZZ_SECONDS:-7}
logs=build/logs/fuzz
rm -rf "$logs"
mkdir -p "$logs"

targets=()
if [ $# -gt 0 ]; then
    targets=("$@")
else
    for src in tests/fuzz/fuzz_*.c; do
        [ -e "$src" ] && targets+=("$(basename "$src" .c)")
    done
fi

run_one() {
    local target=$1 name=${1#fuzz_}
    mkdir -p "build/fuzz/$name"
    local seeds=()
    [ -d "tests/fuzz/$name" ] && seeds=("tests/fuzz/$name")
    # malloc_limit: a parser with fixed memory has no business asking for much.
    "build/fuzz/$target" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=1024 -malloc_limit_mb=64 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/$name-" \
        "build/fuzz/$name" "${seeds[@]}" >"$logs/$target.log" 2>&1
    echo $? >"$logs/$target.rc"
}
export -f run_one
export seconds logs
[ ${#targets[@]} -eq 0 ] ||
    printf '%s\n' "${targets[@]}" |
    xargs -P "$(nproc)" -I{} bash -c 'run_one "$1"' _ {}

passed=0 bad=()
for target in "${targets[@]}"; do
    rc=$(cat "$logs/$target.rc")
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' \
        "$logs/$target.log")
    if [ "$rc" -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
        echo "ok $target ($runs inputs)"
        passed=$((passed + 1))
    else
        echo "FAIL $target: ended with $rc"
        bad+=("$target")
    fi
done
if [ ${#bad[@]} -gt 0 ]; then
    echo
    echo "failures:"
    for target in "${bad[@]}"; do
        tail -n 40 "$logs/$target.log" | sed "s/^/$target: /"
    done
fi
echo "$passed passed, ${#bad[@]} failed"
[ ${#bad[@]} -eq 0 ]
