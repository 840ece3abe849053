/* lib/tls_rig.c: see lib/tls_rig.h. */
#include "lib/tls_rig.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "runnel/port.h"

#define ARENA (4u << 20)

static _Alignas(16) uint8_t memory[ARENA];
char tls_folder[] = "/tmp/test_tls_XXXXXX";
char tls_roots[64];
char tls_page[TLS_PAGE];
size_t tls_page_len;

const char *const tls_none[] = { NULL };
const char *const tls_only_12[] = { "-tls1_2", "-cipher", "DEFAULT:@SECLEVEL=0",
                                    NULL };
const char *const tls_only_13[] = { "-tls1_3", "-cipher", "DEFAULT:@SECLEVEL=0",
                                    NULL };

struct tls_child tls_serve(const char *chain, const char *const *extra)
{
    int out[2];
    char cert[96], key[96];
    char *argv[24] = { "openssl", "s_server", "-accept", "127.0.0.1:0",
                       "-www",    "-cert",    cert,      "-cert_chain",
                       cert,      "-key",     key };
    size_t n = 11;
    struct tls_child c = { 0, 0 };
    (void)snprintf(cert, sizeof cert, "%s/%s.pem", tls_folder, chain);
    (void)snprintf(key, sizeof key, "%s/%s.key", tls_folder, chain);
    for (; *extra != NULL; extra++)
        argv[n++] = strdup(*extra);
    assert_int_equal(pipe(out), 0);
    c.pid = fork();
    if (c.pid == 0) {
        /* A test that fails does not come to tls_stop(). */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out[1], 1);
        close(out[0]);
        close(out[1]);
        if (freopen("/dev/null", "w", stderr) != NULL && chdir(tls_folder) == 0)
            execvp("openssl", argv);
        _exit(127);
    }
    close(out[1]);
    FILE *f = fdopen(out[0], "r");
    char line[200];
    assert_non_null(f);
    while (c.port == 0 && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "ACCEPT ", 7) == 0)
            c.port = (uint16_t)atoi(strrchr(line, ':') + 1);
    fclose(f);
    for (size_t i = 11; i < n; i++)
        free(argv[i]);
    assert_true(c.port > 0);
    return c;
}

void tls_stop(struct tls_child c)
{
    kill(c.pid, SIGKILL);
    waitpid(c.pid, NULL, 0);
}

struct rn_http *tls_client_try(const char *ca, unsigned connections,
                               struct rn_error *error)
{
    struct rn_http_options o = { .connections = connections,
                                 .connect_ms = 5000,
                                 .idle_ms = 5000,
                                 .keep_ms = 5000,
                                 .ca = ca,
                                 .proxy = "" };
    struct rn_arena mem;
    struct rn_http *h;
    rn_error_clear(error);
    rn_arena_init(&mem, "test", memory, ARENA);
    return rn_http_init(&o, &mem, error, &h) == RN_OK ? h : NULL;
}

struct rn_http *tls_client(const char *ca, unsigned connections)
{
    struct rn_error error;
    struct rn_http *h = tls_client_try(ca, connections, &error);
    assert_non_null(h);
    return h;
}

static int on_body(void *ctx, struct rn_bytes part)
{
    (void)ctx;
    if (part.n < sizeof tls_page - tls_page_len) {
        memcpy(tls_page + tls_page_len, part.p, part.n);
        tls_page_len += part.n;
        tls_page[tls_page_len] = 0;
    }
    return RN_OK;
}

void tls_begin(struct rn_http_call *c, const struct rn_origin *o)
{
    memset(c, 0, sizeof *c);
    c->origin = o;
    c->method = "GET";
    c->target = RN_STR("/");
    c->on_body = on_body;
    c->deadline_ms = rn_clock_mono() + 10000;
    tls_page_len = 0;
    tls_page[0] = 0;
}

static struct rn_http_call drive(struct rn_http *h, struct rn_http_call *c)
{
    assert_int_equal(rn_http_start(h, c), RN_OK);
    while (!c->done)
        rn_http_pump(h, rn_clock_mono() + 1000);
    return *c;
}

struct rn_http_call tls_get(struct rn_http *h, const char *host, uint16_t port)
{
    struct rn_origin o = { .host = host, .port = port, .tls = true };
    struct rn_http_call c;
    tls_begin(&c, &o);
    return drive(h, &c);
}

struct rn_http_call tls_get_file(struct rn_http *h, uint16_t port,
                                 const char *target)
{
    struct rn_origin o = { .host = "localhost", .port = port, .tls = true };
    struct rn_http_call c;
    tls_begin(&c, &o);
    c.target.p = (const uint8_t *)target;
    c.target.n = strlen(target);
    return drive(h, &c);
}

int tls_setup(void **state)
{
    char command[200];
    (void)state;
    if (mkdtemp(tls_folder) == NULL)
        return -1;
    (void)snprintf(tls_roots, sizeof tls_roots, "%s/roots.pem", tls_folder);
    (void)snprintf(command, sizeof command, "tests/lib/chains.sh %s",
                   tls_folder);
    (void)signal(SIGPIPE, SIG_IGN);
    return system(command);
}

int tls_teardown(void **state)
{
    char command[200];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -r %s", tls_folder);
    return system(command);
}
