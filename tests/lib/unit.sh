#!/usr/bin/env bash
# tests/lib/unit.sh: runs the unit tests of one variant, called by make.
#
#   BUILD=build tests/lib/unit.sh [test_name]...
#
# Prints what cmocka prints, program by program, repeats what failed at the
# end and closes with the counts. A program that crashes, hangs, leaks under a
# sanitizer or holds no test counts as failed. RUNNER is put before each
# program (valgrind); SKIP names programs to leave out.
set -uo pipefail

build=${BUILD:-build}
limit=${UNIT_SECONDS:-300}
logs=$build/logs/unit${RUNNER:+-runner}
rm -rf "$logs"
mkdir -p "$logs"

programs=()
if [ $# -gt 0 ]; then
    for name in "$@"; do programs+=("$build/unit/$name"); done
else
    # From the sources: a program whose source is gone is not a test any more.
    for src in tests/unit/test_*.c; do
        [ -e "$src" ] || continue
        name=$(basename "$src" .c)
        case " ${SKIP:-} " in *" $name "*) continue ;; esac
        programs+=("$build/unit/$name")
    done
fi
if [ ${#programs[@]} -eq 0 ]; then
    echo "no unit tests"
    echo "0 passed, 0 failed"
    exit 0
fi

# One process a program, as many at once as there are processors.
export logs limit RUNNER
printf '%s\n' "${programs[@]}" | xargs -P "$(nproc)" -I{} bash -c '
    name=$(basename "$1")
    # RUNNER is a command with its options, so it is split on purpose.
    CMOCKA_MESSAGE_OUTPUT=stdout timeout -k 5 "$limit" ${RUNNER:-} "$1" \
        >"$logs/$name.log" 2>&1 </dev/null
    echo $? >"$logs/$name.rc"' _ {}

passed=0 failed=0 bad=()
for program in "${programs[@]}"; do
    name=$(basename "$program")
    log=$logs/$name.log rc=$(cat "$logs/$name.rc")
    echo "--- $name"
    cat "$log"
    # What ran is counted line by line, so that a crash keeps its count.
    ok=$(grep -ac '^\[       OK \]' "$log")
    no=$(sed -nE 's/^\[  FAILED  \] (.*: )?([0-9]+) test.*listed below:$/\2/p' \
        "$log" | awk '{ n += $1 } END { print n + 0 }')
    if [ "$no" -eq 0 ] && { [ "$rc" -ne 0 ] || [ "$ok" -eq 0 ]; }; then
        no=1
        case $rc in
        0) why="no test ran" ;;
        124 | 137) why="no end after $limit s" ;;
        *) why="ended with $rc" ;;
        esac
        echo "FAIL $name: $why" | tee -a "$log"
    fi
    passed=$((passed + ok)) failed=$((failed + no))
    [ "$no" -eq 0 ] || bad+=("$name")
done

if [ ${#bad[@]} -gt 0 ]; then
    echo
    echo "failures:"
    for name in "${bad[@]}"; do
        # From a test's start to its verdict; after a crash also the rest.
        awk -v name="$name" '
            /^\[ RUN      \]/ { block = ""; open = 1 }
            open { block = block name ": " $0 "\n" }
            # Valgrind reports also from tests that then pass.
            /^==[0-9]+==/ { report = report name ": " $0 "\n" }
            /^\[       OK \]/ { open = 0; block = "" }
            /^\[  FAILED  \] / && open { printf "%s", block; open = 0; told = 1 }
            !open && /^FAIL / {
                if (!told) printf "%s", report
                print name ": " $0
            }
            END { if (open) printf "%s", block }' "$logs/$name.log"
    done
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
