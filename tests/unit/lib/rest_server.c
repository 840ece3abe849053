/* lib/rest_server.c: see lib/rest_server.h. */
#include "lib/rest_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fewer.h"
#include "lib/http_server.h"

#define SURPRISE "{\"error_code\":\"TEST\",\"message\":\"not in the script\"}"

/* The answer's bytes; never freed: the process is short. */
static struct server_act act_of(const struct rest_answer *a)
{
    const char *body = a->body ? a->body : "";
    size_t cap = strlen(body) + 512;
    char *text = malloc(cap);

    RN_ASSERT(text != NULL);
    snprintf(text, cap,
             "HTTP/1.1 %d Answer\r\nContent-Type: %s\r\n"
             "Content-Length: %zu\r\n%s\r\n%s",
             a->status, a->type ? a->type : "application/json", strlen(body),
             a->header ? a->header : "", body);
    return (struct server_act){ .answer = text,
                                .leave = true,
                                .cut_out = a->status == 0 };
}

static void keep(struct rest_log *log, const struct server *s)
{
    size_t n = s->last_len < SERVER_KEEP ? s->last_len : SERVER_KEEP - 1;

    if (log->n == RN_COUNTOF(log->at) || log->len + n + 1 > REST_KEEP)
        return;
    memcpy(log->text + log->len, s->last, n);
    log->text[log->len + n] = 0;
    log->at[log->n] = log->len;
    log->len += n + 1;
    __sync_synchronize();
    log->n++;
}

static void serve(struct server *s, struct rest_log *log)
{
    const struct timespec nap = { 0, 200000 };

    for (size_t seen = 0;;) {
        server_step(s);
        if (s->requests > seen) {
            seen = s->requests;
            keep(log, s);
        }
        if (getppid() == 1)
            _exit(0);
        nanosleep(&nap, NULL);
    }
}

void rest_open(struct rest_server *s, const struct rest_answer *a, size_t n)
{
    static struct server_act act[REST_ANSWERS + 1];
    static const struct rest_answer surprise = { .status = 500,
                                                 .body = SURPRISE };
    static struct server server;

    RN_ASSERT(n <= REST_ANSWERS);
    for (size_t i = 0; i < n; i++)
        act[i] = act_of(&a[i]);
    act[n] = act_of(&surprise);
    server_open(&server, act, n + 1);
    snprintf(s->base, sizeof s->base, "http://127.0.0.1:%u", server.port);
    s->log = mmap(NULL, sizeof *s->log, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    RN_ASSERT(s->log != MAP_FAILED);
    s->pid = fork();
    RN_ASSERT(s->pid >= 0);
    if (s->pid == 0)
        serve(&server, s->log);
    server_close(&server);
    for (size_t i = 0; i <= n; i++)
        free((char *)(uintptr_t)act[i].answer);
}

static void nap_ms(long ms)
{
    const struct timespec t = { 0, ms * 1000000 };

    nanosleep(&t, NULL);
}

static size_t logged(const struct rest_server *s)
{
    __sync_synchronize();
    return *(volatile size_t *)&s->log->n;
}

/* An answer may be here before its request is in the log: how long before, is a
 * matter of the machine.
 */
size_t rest_requests(const struct rest_server *s)
{
    for (int naps = fewer_by(); naps > 0 && logged(s) == 0; naps--)
        nap_ms(20);
    nap_ms(20);
    return logged(s);
}

const char *rest_request(const struct rest_server *s, size_t i)
{
    for (int looks = 0; i >= logged(s) && looks < 50; looks++)
        nap_ms(2);
    return i < logged(s) ? s->log->text + s->log->at[i] : "";
}

void rest_close(struct rest_server *s)
{
    (void)kill(s->pid, SIGKILL);
    (void)waitpid(s->pid, NULL, 0);
    (void)munmap(s->log, sizeof *s->log);
}
