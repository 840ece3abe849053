/* warehouse/synapse_session.c: statements, one after the other, over a
 * connection that may break; see warehouse/synapse.h.
 */
#include "warehouse/synapse.h"

#include "core/backoff.h"
#include "core/format.h"
#include "core/log.h"
#include "identity/hash.h"
#include "runnel/port.h"

#include <string.h>

#define TIDY_MS 15000

/* --------------------------------------------------------------- statements */

static int is_full(struct rn_out *o)
{
    (void)o;
    return RN_E_FULL;
}

struct rn_sql *rn_syn_sql(struct synapse *s)
{
    rn_out_init(&s->out, s->text, s->cap, is_full);
    s->q = (struct rn_sql){
        .out = &s->out,
        .dialect = RN_SQL_SYNAPSE,
        .max_cell = s->base.config->source.max_cell,
    };
    return &s->q;
}

/* A run's id is letters, digits and '-'. */
void rn_syn_label(struct rn_sql *q, const char *run, const char *step)
{
    rn_sql_text(q, " OPTION (LABEL = 'runnel:");
    rn_sql_text(q, run);
    rn_sql_text(q, ":");
    rn_sql_text(q, step);
    rn_sql_text(q, "')");
}

/* Replace `n` bytes of the text by ***; what follows moves. */
static void blot(char *at, size_t n)
{
    size_t keep = n < 3 ? n : 3;

    memset(at, '*', keep);
    memmove(at + keep, at + n, strlen(at + n) + 1);
}

static void mask_word(char *text, struct rn_bytes secret)
{
    char *at = text;

    while (secret.n > 0 && *at) {
        if (strncmp(at, (const char *)secret.p, secret.n) == 0)
            blot(at, secret.n);
        at++;
    }
}

/* Whatever a signature is part of, whole or cut off. */
static void mask_signatures(char *text)
{
    for (char *at = text; (at = strstr(at, "sig=")) != NULL;) {
        at += 4;
        blot(at, strcspn(at, "&' \""));
    }
}

/* Whether the `n` bytes at `p` are `word`, which is in small letters. */
static bool is_word(const char *p, size_t n, const char *word)
{
    if (n != strlen(word))
        return false;
    for (size_t i = 0; i < n; i++) {
        if ((p[i] | 0x20) != word[i])
            return false;
    }
    return true;
}

/* A value of a connection string: as it is up to ';', or in braces, where a
 * closing one is doubled. What follows it comes back.
 */
static const char *read_value(const char *p, struct rn_syn_value *to)
{
    bool braced = *p == '{';

    to->n = 0;
    for (p += braced; *p && (braced || *p != ';'); p++) {
        if (braced && *p == '}' && *++p != '}')
            break;
        if (to->n < sizeof to->text - 1)
            to->text[to->n++] = *p;
    }
    to->text[to->n] = 0;
    p += strcspn(p, ";");
    return *p == ';' ? p + 1 : p;
}

bool rn_syn_setting(const char *connection, const char *key,
                    struct rn_syn_value *to)
{
    while (*connection) {
        size_t n;

        connection += strspn(connection, " ;");
        n = strcspn(connection, "=;");
        if (connection[n] != '=') {
            connection += n;
            continue;
        }
        bool is = is_word(connection, n, key);
        connection = read_value(connection + n + 1, to);
        if (is)
            return true;
    }
    to->n = 0;
    to->text[0] = 0;
    return false;
}

static void mask_setting(const struct synapse *s, char *text, const char *key)
{
    struct rn_syn_value value;

    if (rn_syn_setting(s->base.config->synapse.connection, key, &value))
        mask_word(text,
                  (struct rn_bytes){ (const uint8_t *)value.text, value.n });
    rn_wipe(&value, sizeof value);
}

void rn_syn_mask(const struct synapse *s, char *text)
{
    if (s->sas)
        mask_word(text, rn_identity_query(s->sas));
    mask_setting(s, text, "pwd");
    mask_setting(s, text, "password");
    mask_signatures(text);
}

static void log_statement(const struct synapse *s)
{
    char line[460];
    size_t n = s->out.len < sizeof line ? s->out.len : sizeof line - 1;

    memcpy(line, s->text, n);
    line[n] = 0;
    rn_syn_mask(s, line);
    rn_log(RN_LOG_INFO, "synapse: %s: %s", s->what, line);
}

/* ------------------------------------------------------------------ running */

/* What goes away by waiting: the gateway moves or scales a database, resumes
 * one that sleeps, or has too much to do.
 */
static bool is_transient(int32_t native)
{
    static const int32_t known[] = { 40197, 40501, 40613, 49918, 49919,
                                     49920, 4060,  4221,  42108 };

    for (size_t i = 0; i < RN_COUNTOF(known); i++) {
        if (known[i] == native)
            return true;
    }
    return false;
}

/* Login failed, for one reason or another; FreeTDS has no SQLSTATE for it. */
static bool is_login(int32_t native)
{
    return native == 18456 || native == 18452 || native == 18470 ||
           (native >= 18486 && native <= 18488);
}

static int judge(struct synapse *s, int err)
{
    if (err >= 0)
        return err;
    rn_syn_mask(s, s->fault.text);
    if (err != RN_E_STOP && err != RN_E_LINK && is_transient(s->fault.native))
        return RN_E_BUSY;
    return is_login(s->fault.native) ? RN_E_AUTH : err;
}

static void drop_connection(struct synapse *s)
{
    if (!s->connected)
        return;
    rn_odbc_disconnect(s->odbc);
    s->connected = false;
    s->lost = true;
}

static int connect_now(struct synapse *s)
{
    int err;

    if (s->connected)
        return RN_OK;
    s->what = "connecting";
    err = judge(s, rn_odbc_connect(s->odbc, s->base.config->synapse.connection,
                                   s->deadline_ms, &s->fault));
    s->connected = err == RN_OK;
    return err;
}

static int run(struct synapse *s, const char *what, struct rn_odbc_query *query)
{
    int err = s->out.err;

    if (err < 0)
        return rn_fail(s->base.error, err, RN_AT_WAREHOUSE,
                       err == RN_E_FULL
                           ? "%s: %s: the statement is longer than %lu bytes"
                           : "%s: %s: a name or text that cannot be part of a "
                             "statement",
                       s->base.place, what, (unsigned long)s->cap);
    if ((err = connect_now(s)) < 0)
        return err;
    s->what = what;
    log_statement(s);
    query->sql = (struct rn_bytes){ s->text, s->out.len };
    query->deadline_ms = s->deadline_ms;
    err = judge(s, rn_odbc_execute(s->odbc, query, &s->fault));
    /* After these nobody knows in which state the session is. */
    if (err == RN_E_LINK || err == RN_E_BUSY || err == RN_E_AGAIN ||
        err == RN_E_STOP)
        drop_connection(s);
    return err;
}

int rn_syn_run(struct synapse *s, const char *what, uint64_t *affected)
{
    struct rn_odbc_query query = { 0 };
    int err = run(s, what, &query);

    if (affected)
        *affected = query.affected;
    return err;
}

int rn_syn_ask(struct synapse *s, const char *what,
               int (*cell)(void *ctx, uint64_t row, unsigned column,
                           struct rn_bytes text),
               void *ctx)
{
    struct rn_odbc_query query = { .cell = cell, .ctx = ctx };

    return run(s, what, &query);
}

struct number {
    uint64_t value;
    bool known;
};

static int take_number(void *ctx, uint64_t row, unsigned column,
                       struct rn_bytes text)
{
    struct number *n = ctx;

    if (row > 0 || column > 0 || text.n == 0 || text.n > 19)
        return RN_E_PEER;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return RN_E_PEER;
        n->value = n->value * 10 + (text.p[i] - (unsigned)'0');
    }
    n->known = true;
    return RN_OK;
}

int rn_syn_number(struct synapse *s, const char *what, uint64_t *number)
{
    struct number n = { 0 };
    int err = rn_syn_ask(s, what, take_number, &n);

    *number = n.value;
    if (err == RN_E_PEER || (err >= 0 && !n.known))
        return rn_fail(s->base.error, RN_E_PEER, RN_AT_WAREHOUSE,
                       "%s: %s: the answer is no count", s->base.place, what);
    return err;
}

void rn_syn_tidy(struct synapse *s, const char *what)
{
    struct rn_odbc_query query = { .regardless = true };
    struct rn_odbc_fault kept = s->fault;
    const char *was = s->what;
    int64_t deadline = s->deadline_ms;
    int err = s->out.err;

    s->deadline_ms = rn_clock_mono() + TIDY_MS;
    if (err == RN_OK)
        err = connect_now(s);
    s->what = what;
    if (err == RN_OK) {
        log_statement(s);
        query.sql = (struct rn_bytes){ s->text, s->out.len };
        query.deadline_ms = s->deadline_ms;
        err = judge(s, rn_odbc_execute(s->odbc, &query, &s->fault));
    }
    if (err < 0)
        rn_log(RN_LOG_WARN, "%s: %s: %s", s->base.place, what,
               s->fault.text[0] ? s->fault.text : rn_err_name(err));
    s->deadline_ms = deadline;
    s->fault = kept;
    s->what = was;
}

/* ----------------------------------------------------------------- retrying */

static const char *advice(int err)
{
    switch (err) {
    case RN_E_AUTH:
        return "; check user and password in synapse.connection";
    case RN_E_CONFIG:
        return "; check Driver= in synapse.connection (odbcinst -q -d lists "
               "those installed)";
    case RN_E_AGAIN:
        return "; the load can be tried again, or given a longer "
               "synapse.deadline";
    default:
        return "";
    }
}

/* For good: the driver's words become the run's error. */
static int report(struct synapse *s, int err)
{
    struct rn_error *e = s->base.error;

    if (e->code != RN_OK)
        return err;
    (void)rn_fail(e, err, RN_AT_WAREHOUSE, "%s: %s: %s%s", s->base.place,
                  s->what, s->fault.text, advice(err));
    if (s->fault.state[0])
        rn_format(e->service, sizeof e->service, "%s/%ld", s->fault.state,
                  (long)s->fault.native);
    return err;
}

static int pause_before(struct synapse *s, unsigned tries, int err)
{
    uint32_t chance = 0;
    int64_t wait;

    (void)rn_entropy(&chance, sizeof chance);
    wait = rn_backoff_ms(tries, chance, 0);
    if (rn_clock_mono() + wait >= s->deadline_ms)
        return err;
    /* A pool that resumes takes minutes: one line is enough for most. */
    rn_log(tries == 1 ? RN_LOG_WARN : RN_LOG_INFO,
           "%s: %s: %s (%s, %ld); again in %ld ms", s->base.place, s->what,
           s->fault.text, rn_err_name(err), (long)s->fault.native, (long)wait);
    s->retries++;
    if (rn_wait(NULL, 0, rn_clock_mono() + wait) == RN_E_STOP ||
        rn_stop_requested())
        return RN_E_STOP;
    return RN_OK;
}

int rn_syn_until(struct synapse *s, int (*once)(struct synapse *s, void *ctx),
                 void *ctx)
{
    for (unsigned tries = 1;; tries++) {
        int err = once(s, ctx);

        if (err != RN_E_LINK && err != RN_E_BUSY)
            return err < 0 ? report(s, err) : err;
        if (s->base.error->code != RN_OK)
            return err;
        int wait = pause_before(s, tries, err);
        if (wait < 0)
            return report(s, wait);
    }
}
