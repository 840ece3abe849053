/* test_port.c: what port.h and file.h promise, on this machine. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux.h"
#include "runnel/file.h"
#include "runnel/port.h"

static char folder[] = "/tmp/test_port_XXXXXX";

static const char *at(const char *name)
{
    static char path[4][128];
    static unsigned next;
    char *p = path[next++ % 4];
    (void)snprintf(p, 128, "%s/%s", folder, name);
    return p;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* -- state ---------------------------------------------------------------- */

static void a_saved_record_is_found_again_and_the_other_untouched(void **state)
{
    struct rn_state s;
    char why[RN_WHY];
    uint8_t big[RN_STATE_MAX], got[RN_STATE_MAX];
    (void)state;
    memset(big, 0xa5, sizeof big);
    assert_int_equal(rn_state_open(&s, at("job.state"), true, why), RN_OK);
    assert_int_equal(rn_state_load(&s, 0, got, sizeof got), 0);
    assert_int_equal(rn_state_load(&s, 1, got, sizeof got), 0);
    assert_int_equal(rn_state_save(&s, 0, "one", 3, why), RN_OK);
    assert_int_equal(rn_state_save(&s, 1, big, sizeof big, why), RN_OK);
    rn_state_close(&s);
    for (int write = 0; write < 2; write++) {
        assert_int_equal(rn_state_open(&s, at("job.state"), write, why), RN_OK);
        assert_int_equal(rn_state_load(&s, 0, got, sizeof got), 3);
        assert_memory_equal(got, "one", 3);
        assert_int_equal(rn_state_load(&s, 1, got, sizeof got), sizeof got);
        assert_memory_equal(got, big, sizeof got);
        rn_state_close(&s);
        rn_state_close(&s);
    }
    struct stat st;
    assert_int_equal(stat(at("job.state"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

/* In place of libc's: a disk that says at the last moment that it failed. */
static int sync_fails;

int fdatasync(int fd)
{
    if (sync_fails == 0)
        return fsync(fd);
    errno = sync_fails;
    return -1;
}

static void a_record_that_was_not_synced_is_not_saved(void **state)
{
    static const int errors[] = { EIO, ENOSPC, EROFS };
    struct rn_state s;
    (void)state;
    assert_int_equal(rn_state_open(&s, at("sync.state"), true, NULL), RN_OK);
    for (size_t i = 0; i < RN_COUNTOF(errors); i++) {
        char why[RN_WHY] = "";
        sync_fails = errors[i];
        assert_int_equal(rn_state_save(&s, 0, "one", 3, why), RN_E_STATE);
        sync_fails = 0;
        assert_non_null(strstr(why, strerror(errors[i])));
        assert_int_equal(rn_state_save(&s, 0, "one", 3, why), RN_OK);
    }
    rn_state_close(&s);
}

static void only_one_agent_has_a_state(void **state)
{
    struct rn_state a, b;
    char why[RN_WHY];
    (void)state;
    assert_int_equal(rn_state_open(&a, at("lock.state"), true, why), RN_OK);
    assert_int_equal(rn_state_open(&b, at("lock.state"), true, why), RN_E_BUSY);
    assert_int_equal(rn_state_open(&b, at("lock.state"), false, why), RN_OK);
    rn_state_close(&b);
    rn_state_close(&a);
    assert_int_equal(rn_state_open(&a, at("lock.state"), true, why), RN_OK);
    rn_state_close(&a);
}

static void a_file_of_someone_elses_is_not_overwritten(void **state)
{
    struct rn_state s;
    char why[RN_WHY] = "";
    char got[32] = "";
    (void)state;
    write_file(at("orders.db"), "SQLite format 3, precious", 0600);
    assert_int_equal(rn_state_open(&s, at("orders.db"), true, why), RN_E_STATE);
    assert_non_null(strstr(why, "not a state file"));
    assert_int_equal(rn_file_load(at("orders.db"), got, 32, false, why), 25);
    assert_string_equal(got, "SQLite format 3, precious");
    assert_int_equal(symlink(at("lock.state"), at("link.state")), 0);
    assert_int_equal(rn_state_open(&s, at("link.state"), true, why),
                     RN_E_STATE);
    assert_int_equal(rn_state_open(&s, folder, false, why), RN_E_STATE);
    assert_int_equal(rn_state_open(&s, at("no/such"), true, why), RN_E_STATE);
    assert_int_equal(rn_state_open(&s, at("absent"), false, why), RN_E_ABSENT);
}

/* -- files ---------------------------------------------------------------- */

static void a_file_is_published_once_and_whole(void **state)
{
    struct rn_file_handle f;
    char why[RN_WHY], got[64];
    struct rn_bytes piece[200];
    (void)state;
    assert_int_equal(rn_file_make_folders(at("a/b/c"), why), RN_OK);
    assert_int_equal(rn_file_make_folders(at("a/b/c"), why), RN_OK);
    assert_int_equal(rn_file_create(&f, at("a/b/c/work"), why), RN_OK);
    struct rn_file_handle g;
    assert_int_equal(rn_file_create(&g, at("a/b/c/work"), why), RN_E_EXISTS);
    for (size_t i = 0; i < RN_COUNTOF(piece); i++)
        piece[i] = (struct rn_bytes){ (const uint8_t *)"0123456789", i % 11 };
    assert_int_equal(rn_file_append(&f, piece, RN_COUNTOF(piece), why), RN_OK);
    assert_int_equal(rn_file_sync(&f, why), RN_OK);
    rn_file_close(&f);
    rn_file_close(&f);
    int64_t size = 0;
    for (size_t i = 0; i < RN_COUNTOF(piece); i++)
        size += (int64_t)piece[i].n;
    assert_int_equal(rn_file_size(at("a/b/c/work")), size);
    assert_int_equal(rn_file_publish(at("a/b/c/work"), at("a/b/c/done"), why),
                     RN_OK);
    assert_int_equal(rn_file_size(at("a/b/c/work")), RN_E_ABSENT);
    write_file(at("a/b/c/work"), "other", 0600);
    assert_int_equal(rn_file_publish(at("a/b/c/work"), at("a/b/c/done"), why),
                     RN_E_EXISTS);
    assert_int_equal(rn_file_size(at("a/b/c/done")), size);
    assert_int_equal(rn_file_open_read(&f, at("a/b/c/done"), why), RN_OK);
    assert_int_equal(rn_file_read_at(&f, 1, got, 2), 2);
    assert_memory_equal(got, "00", 1);
    assert_int_equal(rn_file_read_at(&f, (uint64_t)size, got, 2), 0);
    rn_file_close(&f);
    assert_int_equal(rn_file_remove(at("a/b/c/done"), why), RN_OK);
    assert_int_equal(rn_file_remove(at("a/b/c/done"), why), RN_E_ABSENT);
}

static void a_secret_that_others_can_read_is_refused(void **state)
{
    char got[8], why[RN_WHY];
    (void)state;
    write_file(at("secret"), "s3cr3t", 0600);
    assert_int_equal(rn_file_load(at("secret"), got, 8, true, why), 6);
    assert_int_equal(rn_file_load(at("secret"), got, 5, true, why), RN_E_FULL);
    assert_int_equal(chmod(at("secret"), 0640), 0);
    assert_int_equal(rn_file_load(at("secret"), got, 8, true, why),
                     RN_E_DENIED);
    assert_null(strstr(why, "s3cr3t"));
    assert_int_equal(rn_file_load(at("secret"), got, 8, false, why), 6);
    assert_int_equal(rn_file_load(folder, got, 8, true, why), RN_E_CONFIG);
    assert_int_equal(rn_file_load(at("none"), got, 8, true, why), RN_E_ABSENT);
}

/* -- time and chance ------------------------------------------------------ */

static void entropy_fills_all_and_never_repeats(void **state)
{
    static uint8_t a[70000], b[70000];
    (void)state;
    assert_int_equal(rn_entropy(a, sizeof a), RN_OK);
    assert_int_equal(rn_entropy(b, sizeof b), RN_OK);
    assert_memory_not_equal(a, b, 32);
    assert_memory_not_equal(a + sizeof a - 32, b + sizeof b - 32, 32);
}

static void sleeping_lasts_as_long_as_asked(void **state)
{
    (void)state;
    int64_t began = rn_clock_mono();
    assert_int_equal(rn_wait(NULL, 0, began + 50), 0);
    assert_true(rn_clock_mono() >= began + 50);
    began = rn_clock_mono();
    assert_int_equal(rn_wait(NULL, 0, 0), 0);
    assert_true(rn_clock_mono() < began + 50);
}

/* -- names ---------------------------------------------------------------- */

/* What opening ends with once it is decided. */
static int settle(const char *host)
{
    struct rn_net n;
    rn_net_init(&n);
    int err = rn_net_open(&n, host, 1);
    int64_t until = rn_clock_mono() + 20000;
    while (err == RN_E_AGAIN && rn_clock_mono() < until) {
        struct rn_wait w = { .net = &n };
        (void)rn_wait(&w, 1, until);
        err = rn_net_ready(&n);
    }
    rn_net_close(&n);
    rn_net_close(&n);
    return err;
}

static void names_and_addresses_are_resolved(void **state)
{
    static const char *const hosts[] = { "127.0.0.1", "::1", "localhost",
                                         "LocalHost", "0.0.0.0" };
    char self[256];
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(hosts); i++)
        assert_int_equal(settle(hosts[i]), RN_E_LINK);
    /* Known to the machine's own files, so it needs the child but no net. */
    assert_int_equal(gethostname(self, sizeof self), 0);
    int err = settle(self);
    assert_true(err == RN_E_LINK || err == RN_E_ABSENT);
    err = settle("no-such-host.invalid");
    assert_true(err == RN_E_LINK || err == RN_E_ABSENT);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}

static void a_lookup_given_up_leaves_no_child(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        struct rn_net n;
        rn_net_init(&n);
        int err = rn_net_open(&n, "some-host.invalid", 1);
        assert_true(err == RN_E_AGAIN || err == RN_E_ABSENT);
        rn_net_close(&n);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* -- stopping, in a child because handlers stay --------------------------- */

static int in_child(int (*what)(void))
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(what());
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

static int stop_wakes_a_wait_once(void)
{
    rn_linux_start();
    if (rn_stop_requested())
        return 1;
    pid_t self = getpid();
    if (fork() == 0) {
        usleep(30000);
        kill(self, SIGTERM);
        _exit(0);
    }
    int64_t began = rn_clock_mono();
    if (rn_wait(NULL, 0, began + 5000) != RN_E_STOP)
        return 2;
    if (rn_clock_mono() > began + 3000 || !rn_stop_requested())
        return 3;
    /* The run may still wait for its last blocks. */
    began = rn_clock_mono();
    if (rn_wait(NULL, 0, began + 50) != 0 || rn_clock_mono() < began + 50)
        return 4;
    return 0;
}

static int stop_twice(void)
{
    rn_linux_start();
    raise(SIGINT);
    raise(SIGINT);
    return 1;
}

static int broken_pipe(void)
{
    int fds[2];
    rn_linux_start();
    return pipe(fds) == 0 && close(fds[0]) == 0 && write(fds[1], "x", 1) < 0
               ? 0
               : 1;
}

static int closed_descriptors(void)
{
    close(0);
    close(2);
    rn_linux_start();
    int fd = open("/dev/null", O_RDONLY);
    return fd > 2 ? 0 : 1;
}

static int full_log(void)
{
    int fds[2];
    char line[900];
    if (pipe(fds) != 0 || dup2(fds[1], 2) != 2)
        return 1;
    memset(line, 'x', sizeof line);
    for (int i = 0; i < 200; i++)
        rn_log_write(RN_LOG_INFO, line, sizeof line);
    return rn_linux_log_dropped() > 100 ? 0 : 2;
}

static void a_stop_request_wakes_the_wait_and_is_told_once(void **state)
{
    (void)state;
    assert_int_equal(in_child(stop_wakes_a_wait_once), 0);
}

static void a_second_stop_request_ends_the_process_at_once(void **state)
{
    (void)state;
    assert_int_equal(in_child(stop_twice), 75);
}

static void a_closed_pipe_does_not_kill(void **state)
{
    (void)state;
    assert_int_equal(in_child(broken_pipe), 0);
}

static void a_log_line_never_lands_in_a_socket(void **state)
{
    (void)state;
    assert_int_equal(in_child(closed_descriptors), 0);
}

static void a_log_that_nobody_reads_does_not_block(void **state)
{
    (void)state;
    assert_int_equal(in_child(full_log), 0);
}

static void private_memory_is_known(void **state)
{
    (void)state;
    size_t before = rn_memory_private();
    uint8_t *p = rn_linux_region(8u << 20);
    assert_non_null(p);
    memset(p, 1, 8u << 20);
    size_t after = rn_memory_private();
    assert_in_range(before, 4096, 1u << 30);
    assert_in_range(after - before, 8u << 20, 9u << 20);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int drop_folder(void **state)
{
    char command[100];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_saved_record_is_found_again_and_the_other_untouched),
        cmocka_unit_test(a_record_that_was_not_synced_is_not_saved),
        cmocka_unit_test(only_one_agent_has_a_state),
        cmocka_unit_test(a_file_of_someone_elses_is_not_overwritten),
        cmocka_unit_test(a_file_is_published_once_and_whole),
        cmocka_unit_test(a_secret_that_others_can_read_is_refused),
        cmocka_unit_test(entropy_fills_all_and_never_repeats),
        cmocka_unit_test(sleeping_lasts_as_long_as_asked),
        cmocka_unit_test(names_and_addresses_are_resolved),
        cmocka_unit_test(a_lookup_given_up_leaves_no_child),
        cmocka_unit_test(a_stop_request_wakes_the_wait_and_is_told_once),
        cmocka_unit_test(a_second_stop_request_ends_the_process_at_once),
        cmocka_unit_test(a_closed_pipe_does_not_kill),
        cmocka_unit_test(a_log_line_never_lands_in_a_socket),
        cmocka_unit_test(a_log_that_nobody_reads_does_not_block),
        cmocka_unit_test(private_memory_is_known),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
