/* test_port_contract.c: the port's contract suite (port/contract.h) on Linux,
 * with its peer (build/port-peer) at the other end.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/contract.h"

#define MOST_CHECKS 64

static char folder[] = "/tmp/test_contract_XXXXXX";
static char record[sizeof folder + 16];
static int peer_in = -1;
static pid_t peer_pid;

static struct rn_port_rig rig = {
    .host = "127.0.0.1",
    .stranger = "no-such-host.invalid",
    .state = record,
    .locks = true,
    .log_lines = 3000, /* a pipe holds 64 KiB */
};

/* It stands beside the folder of the tests: build/unit/x, build/port-peer. */
static void exec_peer(void)
{
    char path[1024];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);

    for (int up = 0; up < 2 && n > 0; up++) {
        while (n > 0 && path[--n] != '/')
            continue;
    }
    if (n > 0) {
        strcpy(path + n, "/port-peer");
        execl(path, "port-peer", (char *)NULL);
    }
    perror("port-peer");
    _exit(1);
}

static void start_peer(void)
{
    int in[2], out[2];
    unsigned p[6];

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    peer_pid = fork();
    assert_true(peer_pid >= 0);
    if (peer_pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        exec_peer();
    }
    close(in[0]);
    close(out[1]);
    peer_in = in[1];
    FILE *line = fdopen(out[0], "r");
    assert_non_null(line);
    assert_int_equal(
        fscanf(line, "echo=%u refuse=%u silent=%u send=%u reset=%u half=%u",
               &p[0], &p[1], &p[2], &p[3], &p[4], &p[5]),
        6);
    fclose(line);
    rig.echo = (uint16_t)p[0];
    rig.refuse = (uint16_t)p[1];
    rig.silent = (uint16_t)p[2];
    rig.send = (uint16_t)p[3];
    rig.reset = (uint16_t)p[4];
    rig.half = (uint16_t)p[5];
}

static int begin(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(record, sizeof record, "%s/state", folder);
    start_peer();
    return 0;
}

static int end(void **state)
{
    (void)state;
    close(peer_in);
    waitpid(peer_pid, NULL, 0);
    unlink(record);
    rmdir(folder);
    return 0;
}

/* With standard error a pipe that nobody reads. */
static enum rn_port_verdict run_deaf(const struct rn_port_check *check,
                                     char *why)
{
    int nobody[2];
    int before = dup(STDERR_FILENO);

    assert_int_equal(pipe(nobody), 0);
    assert_true(before >= 0 && dup2(nobody[1], STDERR_FILENO) >= 0);
    enum rn_port_verdict v = check->run(&rig, why);
    dup2(before, STDERR_FILENO);
    close(before);
    close(nobody[0]);
    close(nobody[1]);
    return v;
}

static void runs(void **state)
{
    const struct rn_port_check *check = *state;
    char why[RN_PORT_WHY] = "";
    enum rn_port_verdict v = run_deaf(check, why);

    if (v == RN_PORT_FAILED)
        fail_msg("%s: %s", check->name, why);
    if (v == RN_PORT_SKIPPED) {
        print_message("%s: %s\n", check->name, why);
        skip();
    }
}

int main(void)
{
    static struct rn_port_check check[MOST_CHECKS];
    static struct CMUnitTest tests[MOST_CHECKS];
    size_t n = 0;

    while (n < MOST_CHECKS && rn_port_check_at(n).name) {
        check[n] = rn_port_check_at(n);
        tests[n] =
            (struct CMUnitTest){ check[n].name, runs, NULL, NULL, &check[n] };
        n++;
    }
    return _cmocka_run_group_tests("port contract", tests, n, begin, end);
}
