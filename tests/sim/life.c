/* sim/life.c: see sim/life.h. */
#include "sim/life.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "job/config.h"
#include "job/plan.h"
#include "job/summary.h"
#include "sim/read.h"
#include "sim/sqlite_life.h"
#include "sim/table.h"
#include "tls/platform.h"

#define REGION   ((size_t)8 << 20)
#define JOB_TEXT 2048
#define CANARIES 8
#define SAID     16384
#define REPORTS  32

/* A Sunday in November, a quarter past two. */
#define WALL_US (INT64_C(1795313700) * 1000000)

static const char root[] = "-----BEGIN CERTIFICATE-----\n"
                           "MIIBszCCAVmgAwIBAgIUcmFuZG9tIGJ5dGVzIGhlcmU=\n"
                           "-----END CERTIFICATE-----\n";

static struct {
    _Alignas(64) uint8_t boot[RN_CONFIG_ARENA];
    uint8_t *region;
    struct rn_config config;
    char job[JOB_TEXT];
    size_t job_len;
    char canary[CANARIES][128];
    size_t canaries;
    char complaint[200];
    char said[SAID];
    size_t said_len;
    char report[REPORTS][RN_RUN_ID + 1];
    size_t reports;
    uint64_t allocations;
} l;

/* -- what must not happen -------------------------------------------------- */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);

void *__wrap_malloc(size_t n)
{
    l.allocations += sim_in_agent();
    return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    l.allocations += sim_in_agent();
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    l.allocations += sim_in_agent();
    return __real_realloc(p, n);
}

void __wrap_free(void *p)
{
    __real_free(p);
}

static bool contains(const char *p, size_t n, const char *what)
{
    size_t len = strlen(what);
    const char *end = p + n;

    while (len > 0 && (size_t)(end - p) >= len) {
        const char *at = memchr(p, what[0], (size_t)(end - p) - len + 1);

        if (!at)
            return false;
        if (memcmp(at, what, len) == 0)
            return true;
        p = at + 1;
    }
    return false;
}

bool life_has_secret(const char *text, size_t n)
{
    for (size_t i = 0; i < l.canaries; i++) {
        if (contains(text, n, l.canary[i]))
            return true;
    }
    return false;
}

static void add_canary(const char *text, size_t n)
{
    size_t i = l.canaries < CANARIES ? l.canaries++ : CANARIES - 1;

    (void)snprintf(l.canary[i], sizeof l.canary[i], "%.*s", (int)n, text);
}

static void look_for_secrets(const char *where, const char *text, size_t n)
{
    if (!l.complaint[0] && life_has_secret(text, n))
        (void)snprintf(l.complaint, sizeof l.complaint,
                       "O7: a secret in %s: %.*s", where,
                       (int)(n < 120 ? n : 120), text);
}

static void on_log(void *ctx, enum rn_level level, const char *line, size_t len)
{
    (void)ctx;
    (void)level;
    look_for_secrets("a log line", line, len);
    if (l.said_len + len + 1 > SAID) {
        memmove(l.said, l.said + SAID / 2, SAID / 2);
        l.said_len = l.said_len > SAID / 2 ? l.said_len - SAID / 2 : 0;
    }
    if (len + 1 < SAID / 2) {
        memcpy(l.said + l.said_len, line, len);
        l.said_len += len;
        l.said[l.said_len++] = '\n';
    }
}

const char *life_log(void)
{
    l.said[l.said_len < SAID ? l.said_len : SAID - 1] = 0;
    return l.said;
}

const char *life_complaint(void)
{
    if (!l.complaint[0] && l.allocations > 0)
        (void)snprintf(l.complaint, sizeof l.complaint,
                       "O5: the agent allocated %llu times",
                       (unsigned long long)l.allocations);
    return l.complaint[0] ? l.complaint : NULL;
}

bool life_reported(const char *run)
{
    for (size_t i = 0; i < l.reports; i++) {
        if (strcmp(l.report[i], run) == 0)
            return true;
    }
    return false;
}

static void note_report(const char *run)
{
    if (run[0] && !life_reported(run) && l.reports < REPORTS)
        memcpy(l.report[l.reports++], run, RN_RUN_ID + 1);
}

/* -- the job --------------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(l.job + l.job_len, sizeof l.job - l.job_len, fmt, args);
    va_end(args);
    l.job_len += (size_t)n;
    RN_ASSERT(l.job_len < sizeof l.job);
}

static void say_number(const char *key, uint64_t n)
{
    if (n > 0)
        say("%s = %llu\n", key, (unsigned long long)n);
}

static void say_source(const struct sim_case *c)
{
    if (c->sqlite)
        say("[source]\nkind = sqlite\ndatabase = %s\nmemory = 160K\n"
            "query = SELECT * FROM t WHERE id > %s AND id > %s ORDER BY id\n",
            sqlite_life_path(), c->watermark ? ":watermark" : "0",
            c->key ? ":after" : "0");
    else
        say("[source]\nkind = rows\n");
    say("max_cell = 1K\n");
    if (c->watermark)
        say("watermark = id\n");
    if (c->key)
        say("key = id\n");
}

static void say_auth(const struct sim_case *c)
{
    switch (c->auth) {
    case AUTH_KEY:
        say("kind = shared-key\naccount = " BLOB_ACCOUNT "\nkey = %s\n",
            blob_key);
        break;
    case AUTH_CONNECTION:
        say("kind = connection-string\nconnection = DefaultEndpointsProtocol="
            "http;AccountName=" BLOB_ACCOUNT ";AccountKey=%s;BlobEndpoint="
            "http://" BLOB_HOST ":10000/" BLOB_ACCOUNT "\n",
            blob_key);
        break;
    default:
        say("kind = sas\ntoken = file:/sim/sas\n");
    }
}

static void write_job(const struct sim_case *c, unsigned memory_kib)
{
    l.job_len = 0;
    say("[job]\nname = simjob\nmemory = %uK\nstate = /sim/state\n"
        "log_level = debug\n",
        memory_kib);
    if (c->key)
        say("checkpoint = %u%s\n", c->checkpoint_s,
            c->checkpoint_s > 0 ? "s" : "");
    if (c->deadline_s > 0)
        say("deadline = %us\n", c->deadline_s);
    say_source(c);
    say("[file]\nformat = %s\n", c->format ? c->format : "csv");
    if (c->compression)
        say("compression = %s\n", c->compression);
    say_number("rows_per_file", c->rows_per_file);
    say_number("page", c->page);
    say_number("row_group_rows", c->row_group_rows);
    say("[store]\nurl = http://" BLOB_HOST ":10000/" BLOB_ACCOUNT "/" BLOB_BOX
        "/p\npath = t/{date}/{run}/part-{part}.{ext}\nallow_http = true\n"
        "checksum = %s\n",
        c->checksum ? c->checksum : "crc64");
    say_number("connections", c->connections);
    say_number("block", c->block);
    if (c->retry_s > 0)
        say("retry_for = %us\n", c->retry_s);
    if (c->restarts > 0)
        say("restarts = %u\n", c->restarts - 1);
    say("[tls]\nca = /sim/roots.pem\n[auth]\n");
    say_auth(c);
}

/* What the plan says that this job needs, when it is given as little as a job
 * file may ask for.
 */
static unsigned least_kib(void)
{
    struct rn_config_input in = {
        .path = "job.ini", .text = { (const uint8_t *)l.job, l.job_len }
    };
    struct rn_col col[TABLE_COLUMNS];
    struct rn_schema schema = { col, table_schema(col) };
    struct rn_classes classes;
    struct rn_memory_plan plan;
    struct rn_error e;
    struct rn_arena boot;
    const char *at;

    rn_error_clear(&e);
    rn_arena_init(&boot, "job file", l.boot, sizeof l.boot);
    if (rn_config_read(&in, &boot, &l.config, &e) < 0 ||
        rn_plan_classes(&l.config, &classes, &e) < 0 ||
        rn_plan_memory(&l.config, &classes, &schema, &plan, &e) == RN_OK)
        return 0;
    at = strstr(e.text, "this job needs ");
    RN_ASSERT(at);
    return (unsigned)strtoul(at + strcspn(at, "0123456789"), NULL, 10);
}

static void make_job(const struct sim_case *c)
{
    unsigned kib = 0, least = 256;

    /* Parts grow with the memory, so what is enough may no longer be when there
     * is much more; and a SAS that is made anew may be a few bytes longer.
     */
    for (int i = 0; i < 20 && least > kib; i++) {
        kib = (i == 1 ? least + c->spare_kib : least) + 1;
        write_job(c, kib);
        least = least_kib();
    }
}

void life_new_sas(const struct sim_case *c)
{
    int64_t now = sim_true_wall();
    struct blob_token t = {
        .from_us = c->sas_from_s != 0 ? now + c->sas_from_s * 1000000 : 0,
        .to_us = now + (c->sas_for_s != 0 ? c->sas_for_s : 30 * 86400) *
                           INT64_C(1000000),
        .https_only = c->sas_https,
    };
    char token[400];
    const char *sig;

    (void)snprintf(t.rights, sizeof t.rights, "%s",
                   c->sas_rights ? c->sas_rights : "rcwd");
    blob_mint(&t, token, sizeof token);
    sig = strstr(token, "sig=") + 4;
    add_canary(sig, strlen(sig) - 3); /* its percent-encoded end apart */
    sim_file_set("/sim/sas", token);
}

void life_start(const struct sim_case *c)
{
    if (!l.region) {
        l.region = __real_calloc(1, REGION + 64);
        RN_ASSERT(l.region);
        l.region += 64 - (uintptr_t)l.region % 64;
    }
    sim_start(c->seed, WALL_US);
    sim_set_wall(c->wall_off_s * 1000000);
    blob_start(c->limits.committed ? &c->limits : &blob_limits_real);
    blob_wire_start();
    blob_wire_latency(c->latency_us > 0 ? c->latency_us : 1000);
    fault_start(c->fault, c->faults, &c->chance);
    memset(&table, 0, sizeof table);
    table.seed = c->seed;
    table.rows = c->rows;
    table.columns = c->columns;
    table.text = c->text;
    table.fail_at = c->fail_row;
    table.fails = 1;
    l.canaries = l.reports = 0;
    l.complaint[0] = 0;
    l.said_len = 0;
    l.allocations = 0;
    add_canary(blob_key, 40);
    sim_on_log(on_log, NULL);
    sim_file_set("/sim/roots.pem", root);
    life_new_sas(c);
    if (c->sqlite)
        sqlite_life_make();
    make_job(c);
}

void life_end(void)
{
    blob_wire_stop();
    blob_free();
    sim_stop();
}

/* -- one life -------------------------------------------------------------- */

/* What a process has in variables, and a new one has not. */
static void new_process(bool sqlite)
{
    if (sqlite)
        sqlite_life_forget();
    rn_tls_platform_stop();
    rn_log_level(RN_LOG_WARN);
}

static int drain(struct rn_out *o)
{
    look_for_secrets("the summary", (const char *)o->buf, o->len);
    return RN_OK;
}

static void tell(const struct life *life)
{
    static uint8_t buf[65536];
    struct rn_summary s = { &l.config, &life->result, &life->error };
    struct rn_out out;

    rn_out_init(&out, buf, sizeof buf, drain);
    rn_summary_json(&s, &out);
    (void)rn_out_flush(&out);
    look_for_secrets("an error", life->error.text, strlen(life->error.text));
}

/* As `runnel run` does it. */
static void run_agent(struct life *life)
{
    struct rn_config_input in = {
        .path = "job.ini", .text = { (const uint8_t *)l.job, l.job_len }
    };
    struct rn_run_options how = { .fresh = false };
    struct rn_arena boot, mem;
    enum rn_level level = RN_LOG_WARN;
    size_t size;

    rn_arena_init(&boot, "job file", l.boot, sizeof l.boot);
    if (rn_config_read(&in, &boot, &l.config, &life->error) < 0)
        return;
    life->began = true;
    (void)rn_log_level_of(l.config.job.log_level, &level);
    rn_log_level(level);
    if (rn_plan_arena(&l.config, &size, &life->error) < 0)
        return;
    RN_ASSERT(size <= REGION);
    rn_arena_init(&mem, "job", l.region, size);
    (void)rn_run(&l.config, &how, &mem, &life->result, &life->error);
}

static void complain(const char *text)
{
    if (!l.complaint[0])
        (void)snprintf(l.complaint, sizeof l.complaint, "%s", text);
}

static void check_returned(const struct life *life)
{
    if (sim_open_connections() > 0)
        complain("O10: connections are left open");
    if (sim_open_state())
        complain("O10: the state is left open");
    if (life->began)
        tell(life);
    if (life->result.leftovers > 0)
        note_report(life->result.leftover_run);
}

void life_run(const struct sim_case *c, const struct sim_plan *plan,
              struct life *life)
{
    int64_t begun = sim_now();
    static struct life *volatile at;

    memset(life, 0, sizeof *life);
    life->result.state = "failed";
    at = life;
    new_process(c->sqlite);
    sim_trace("-- a life begins");
    sim_enter(plan);
    life->end = (enum sim_end)setjmp(sim_home());
    if (at->end == SIM_RETURNED)
        run_agent(at);
    sim_leave(at->end);
    at->calls = sim_calls();
    at->elapsed_us = sim_now() - begun;
    at->exit = rn_error_exit(&at->error);
    new_process(c->sqlite);
    if (at->end == SIM_RETURNED)
        check_returned(at);
    for (unsigned i = 0; i < RN_STATE_SLOTS; i++) {
        size_t n;
        const uint8_t *slot = sim_state_slot(i, &n);

        look_for_secrets("the state", (const char *)slot, n);
    }
    sim_trace("-- it ends: %d, exit %d: %s", (int)at->end, at->exit,
              at->error.text);
}
