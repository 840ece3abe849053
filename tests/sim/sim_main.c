/* sim/sim_main.c: runs the simulator's suites.
 *
 *     sim seeds N [FROM] | seed X | named [NAME] | torture | powercut
 *     sim year [X]
 *     sim torture JOB CALL WAY | powercut JOB CALL WHEN [CALL WHEN]
 *
 * Suites are divided between JOBS processes (as many as processors); the last
 * line is "N passed, N failed".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim.h"
#include "sim/suite.h"

#define WORKERS_MOST 64

struct order {
    const char *suite;
    int argc;
    char **argv;
};

static uint64_t number(const struct order *o, int i, uint64_t standard)
{
    return i < o->argc ? strtoull(o->argv[i], NULL, 10) : standard;
}

static void run_part(const struct order *o, unsigned part, unsigned parts,
                     struct tally *t)
{
    if (strcmp(o->suite, "seeds") == 0) {
        uint64_t n = number(o, 0, 1000), from = number(o, 1, 1);
        uint64_t each = n / parts;
        uint64_t extra = part + 1 == parts ? n % parts : 0;

        suite_seeds(from + each * part, each + extra, t);
    } else if (strcmp(o->suite, "torture") == 0) {
        suite_torture(part, parts, t);
    } else if (strcmp(o->suite, "powercut") == 0) {
        suite_powercut(part, parts, t);
    } else if (strcmp(o->suite, "named") == 0) {
        struct schedule s = { .only = o->argc > 0 ? o->argv[0] : NULL,
                              .part = part,
                              .parts = parts,
                              .t = t };

        suite_named(&s);
    } else if (strcmp(o->suite, "contract") == 0 && part == 0) {
        suite_contract(t);
    } else if (strcmp(o->suite, "year") == 0) {
        suite_year(number(o, 0, 1) + part, t);
    }
}

static unsigned workers(void)
{
    const char *jobs = getenv("JOBS");
    long n = jobs ? strtol(jobs, NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > WORKERS_MOST ? WORKERS_MOST : (unsigned)n;
}

static int run_all(const struct order *o)
{
    unsigned n = workers();
    struct tally sum = { 0, 0 };
    int from[WORKERS_MOST];
    pid_t pid[WORKERS_MOST];

    for (unsigned i = 0; i < n; i++) {
        int to[2];

        if (pipe(to) < 0 || (pid[i] = fork()) < 0)
            return 2;
        if (pid[i] == 0) {
            struct tally t = { 0, 0 };
            ssize_t put;

            run_part(o, i, n, &t);
            put = write(to[1], &t, sizeof t);
            exit(put == (ssize_t)sizeof t ? 0 : 1);
        }
        (void)close(to[1]);
        from[i] = to[0];
    }
    for (unsigned i = 0; i < n; i++) {
        struct tally t = { 0, 1 }; /* a worker that died has failed */
        int status;

        if (read(from[i], &t, sizeof t) != (ssize_t)sizeof t)
            printf("FAIL a worker of %s died\n", o->suite);
        (void)waitpid(pid[i], &status, 0);
        sum.passed += t.passed;
        sum.failed += t.failed;
    }
    printf("%llu passed, %llu failed\n", (unsigned long long)sum.passed,
           (unsigned long long)sum.failed);
    return sum.failed > 0 || sum.passed == 0;
}

/* One case again, with its trace. */
static int replay(const struct sim_case *c)
{
    const char *err, *text;
    size_t n;

    sim_trace_on(true);
    err = case_run(c);
    text = sim_trace_text(&n);
    (void)fwrite(text, 1, n, stdout);
    printf("trace %016llx\n%s%s\n", (unsigned long long)sim_trace_sum(),
           err ? "FAIL " : "ok", err ? err : "");
    printf("%d passed, %d failed\n", !err, err != NULL);
    return err != NULL;
}

/* "csv" or "csv+key" */
static bool find_job(const char *name, struct sim_case *c)
{
    size_t n = strcspn(name, "+");

    for (size_t i = 0; i < small_jobs(); i++) {
        *c = small_job(i);
        if (strlen(c->format) == n && strncmp(c->format, name, n) == 0 &&
            c->key == (name[n] != 0))
            return true;
    }
    return false;
}

static int replay_sweep(const struct order *o)
{
    struct sim_case c;

    if (!find_job(o->argv[0], &c))
        return 2;
    if (strcmp(o->suite, "torture") == 0)
        torture_plan(&c, number(o, 1, 0), (int)number(o, 2, 0));
    else
        powercut_plan(&c, number(o, 1, 0), (enum sim_when)number(o, 2, 2));
    if (o->argc > 3)
        powercut_second(&c, number(o, 3, 0), (enum sim_when)number(o, 4, 2));
    return replay(&c);
}

int main(int argc, char **argv)
{
    struct order o = { argc > 1 ? argv[1] : "seeds", argc - 2, argv + 2 };
    struct sim_case c;

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(o.suite, "seed") == 0) {
        case_of_seed(number(&o, 0, 1), &c);
        return replay(&c);
    }
    if (o.argc > 1 &&
        (strcmp(o.suite, "torture") == 0 || strcmp(o.suite, "powercut") == 0))
        return replay_sweep(&o);
    return run_all(&o);
}
