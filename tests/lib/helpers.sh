#!/usr/bin/env bash
# tests/lib/helpers.sh: what a test is linked with beside the library, called by
# make.
#
#   tests/lib/helpers.sh TEST.c HELPER.c...
#
# Prints those helpers whose headers the test includes, those that these
# include, and so on; and no other: one of them is a clock that stands still.
set -euo pipefail
exec awk '
    function take(file, line) {
        while ((getline line <file) > 0) {
            if (line !~ /^#include "/)
                continue
            gsub(/^#include "(.*\/)?|\.h".*$/, "", line)
            if (line in helper && !(line in taken)) {
                taken[line] = 1
                queue[++n] = helper[line]
                print helper[line]
            }
        }
        close(file)
    }
    BEGIN {
        for (i = 2; i < ARGC; i++) {
            name = ARGV[i]
            gsub(/^.*\/|\.c$/, "", name)
            helper[name] = ARGV[i]
        }
        queue[n = 1] = ARGV[1]
        for (i = 1; i <= n; i++) {
            take(queue[i])
            sub(/\.c$/, ".h", queue[i])
            take(queue[i])
        }
    }' "$@"
