/* linux/odbc.c: see runnel/odbc.h; over unixODBC, loaded when it is needed.
 *
 * Texts travel as UTF-16 (the W functions): what a char means to a driver
 * depends on locales and settings, what a SQLWCHAR means does not.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <sql.h>
#include <sqlext.h>

#include "core/character.h"
#include "runnel/odbc.h"
#include "runnel/port.h"

_Static_assert(sizeof(SQLWCHAR) == 2, "unixODBC with two-byte characters");

#define CONNECTION_MAX 2048u /* characters of a connection string */

/* The driver manager's functions: X(name, parameters) */
#define FUNCTIONS(X)                                                       \
    X(SQLAllocHandle, (SQLSMALLINT, SQLHANDLE, SQLHANDLE *))               \
    X(SQLFreeHandle, (SQLSMALLINT, SQLHANDLE))                             \
    X(SQLSetEnvAttr, (SQLHENV, SQLINTEGER, SQLPOINTER, SQLINTEGER))        \
    X(SQLSetConnectAttrW, (SQLHDBC, SQLINTEGER, SQLPOINTER, SQLINTEGER))   \
    X(SQLDriverConnectW,                                                   \
      (SQLHDBC, SQLHWND, SQLWCHAR *, SQLSMALLINT, SQLWCHAR *, SQLSMALLINT, \
       SQLSMALLINT *, SQLUSMALLINT))                                       \
    X(SQLDisconnect, (SQLHDBC))                                            \
    X(SQLSetStmtAttrW, (SQLHSTMT, SQLINTEGER, SQLPOINTER, SQLINTEGER))     \
    X(SQLExecDirectW, (SQLHSTMT, SQLWCHAR *, SQLINTEGER))                  \
    X(SQLNumResultCols, (SQLHSTMT, SQLSMALLINT *))                         \
    X(SQLRowCount, (SQLHSTMT, SQLLEN *))                                   \
    X(SQLFetch, (SQLHSTMT))                                                \
    X(SQLGetData,                                                          \
      (SQLHSTMT, SQLUSMALLINT, SQLSMALLINT, SQLPOINTER, SQLLEN, SQLLEN *)) \
    X(SQLMoreResults, (SQLHSTMT))                                          \
    X(SQLCancel, (SQLHSTMT))                                               \
    X(SQLGetConnectAttrW,                                                  \
      (SQLHDBC, SQLINTEGER, SQLPOINTER, SQLINTEGER, SQLINTEGER *))         \
    X(SQLGetDiagRecW, (SQLSMALLINT, SQLHANDLE, SQLSMALLINT, SQLWCHAR *,    \
                       SQLINTEGER *, SQLWCHAR *, SQLSMALLINT, SQLSMALLINT *))

/* Parentheses around a name and its parameters would not be C. */
/* NOLINTNEXTLINE(bugprone-macro-parentheses) */
#define FIELD(name, parameters) SQLRETURN(*name) parameters;
struct manager {
    FUNCTIONS(FIELD)
};

static const char *const function_name[] = {
#define NAME(name, parameters) #name,
    FUNCTIONS(NAME)
};
_Static_assert(sizeof(struct manager) ==
                   RN_COUNTOF(function_name) * sizeof(void *),
               "one pointer a name");

struct rn_odbc {
    void *library;
    struct manager f;
    SQLHENV env;
    SQLHDBC dbc;
    SQLHSTMT stmt;
    bool connected;
    size_t cap; /* of `text`, characters */
    SQLWCHAR *text;
    SQLWCHAR wide[RN_ODBC_CELL / 2 + 1];
    uint8_t cell[3 * (RN_ODBC_CELL / 2)];
};

bool rn_odbc_built(void)
{
    return true;
}

static size_t chars_of(size_t statement)
{
    return statement > CONNECTION_MAX ? statement : CONNECTION_MAX;
}

size_t rn_odbc_need(size_t statement)
{
    return RN_ROUND(sizeof(struct rn_odbc)) +
           RN_ROUND(chars_of(statement) * sizeof(SQLWCHAR));
}

/* ------------------------------------------------------------------ text */

/* The code point at *at of well-formed UTF-8; anything else is U+FFFD. */
static uint32_t point_at(struct rn_bytes t, size_t *at)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    uint8_t c = t.p[(*at)++];
    unsigned more = c < 0x80 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    uint32_t point = more == 0 ? c : c & (0x3fu >> more);

    if ((c >= 0x80 && c < 0xc2) || c > 0xf4)
        return 0xfffd;
    for (unsigned i = 0; i < more; i++) {
        if (*at == t.n || (t.p[*at] & 0xc0) != 0x80)
            return 0xfffd;
        point = point << 6 | (t.p[(*at)++] & 0x3fu);
    }
    if (point < least[more] || point > 0x10ffff ||
        (point >= 0xd800 && point < 0xe000))
        return 0xfffd;
    return point;
}

/* Characters written, or -1 when they don't fit. No NUL. */
static int64_t to_wide(struct rn_bytes t, SQLWCHAR *to, size_t cap)
{
    size_t n = 0;

    for (size_t at = 0; at < t.n;) {
        uint32_t point = point_at(t, &at);

        if (cap - n < 2)
            return -1;
        if (point >= 0x10000) {
            point -= 0x10000;
            to[n++] = (SQLWCHAR)(0xd800 | point >> 10);
            point = 0xdc00 | (point & 0x3ff);
        }
        to[n++] = (SQLWCHAR)point;
    }
    return (int64_t)n;
}

/* Bytes written; cut at the character that doesn't fit. */
static size_t to_utf8(const SQLWCHAR *from, size_t n, uint8_t *to, size_t cap)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t point = from[i];
        uint8_t byte[4];

        if (point >= 0xd800 && point < 0xdc00 && i + 1 < n &&
            from[i + 1] >= 0xdc00 && from[i + 1] < 0xe000)
            point = 0x10000 + ((point & 0x3ff) << 10) + (from[++i] & 0x3ffu);
        else if (point >= 0xd800 && point < 0xe000)
            point = 0xfffd;
        size_t bytes = rn_put_utf8(point, byte);
        if (bytes > cap - len)
            break;
        memcpy(to + len, byte, bytes);
        len += bytes;
    }
    return len;
}

/* ---------------------------------------------------------------- faults */

/* Numbers of FreeTDS's own (20000 to 20999) and none at all: what the server
 * said is worth more.
 */
static bool is_servers(SQLINTEGER native)
{
    return native != 0 && (native < 20000 || native > 20999);
}

static int code_of(const struct rn_odbc_fault *f)
{
    if (strncmp(f->state, "08", 2) == 0 || strcmp(f->state, "HYT01") == 0)
        return RN_E_LINK;
    if (strcmp(f->state, "HYT00") == 0 || strcmp(f->state, "S1T00") == 0)
        return RN_E_AGAIN;
    if (strncmp(f->state, "28", 2) == 0)
        return RN_E_AUTH;
    /* 01000: the driver manager cannot load the driver. */
    if (strncmp(f->state, "IM", 2) == 0 || strcmp(f->state, "01000") == 0)
        return RN_E_CONFIG;
    if (strcmp(f->state, "HY008") == 0)
        return RN_E_STOP;
    return RN_E_DENIED;
}

static bool read_record(struct rn_odbc *o, SQLSMALLINT kind, SQLHANDLE h,
                        SQLSMALLINT number, struct rn_odbc_fault *f)
{
    SQLWCHAR state[6] = { 0 };
    SQLWCHAR text[RN_ODBC_MESSAGE];
    SQLINTEGER native = 0;
    SQLSMALLINT len = 0;

    if (!SQL_SUCCEEDED(o->f.SQLGetDiagRecW(kind, h, number, state, &native,
                                           text, (SQLSMALLINT)RN_COUNTOF(text),
                                           &len)))
        return false;
    if (len < 0 || len >= (SQLSMALLINT)RN_COUNTOF(text))
        len = (SQLSMALLINT)RN_COUNTOF(text) - 1;
    for (size_t i = 0; i < sizeof f->state; i++)
        f->state[i] = state[i] < 0x80 ? (char)state[i] : '?';
    f->state[5] = 0;
    f->native = native;
    f->text[to_utf8(text, (size_t)len, (uint8_t *)f->text,
                    sizeof f->text - 1)] = 0;
    return true;
}

/* FreeTDS has "unknown error" for a connection that broke under a statement:
 * whether it is still there has to be asked.
 */
static bool is_dead(struct rn_odbc *o)
{
    SQLUINTEGER dead = SQL_CD_FALSE;

    return o->connected &&
           SQL_SUCCEEDED(
               o->f.SQLGetConnectAttrW(o->dbc, SQL_ATTR_CONNECTION_DEAD, &dead,
                                       SQL_IS_UINTEGER, NULL)) &&
           dead == SQL_CD_TRUE;
}

/* Of up to eight records the first that a server wrote, else the first. A
 * lost link counts wherever it stands.
 */
static int fail_with(struct rn_odbc *o, SQLSMALLINT kind, SQLHANDLE h,
                     struct rn_odbc_fault *f)
{
    struct rn_odbc_fault next;
    bool lost = false;

    memset(f, 0, sizeof *f);
    for (SQLSMALLINT i = 1; i <= 8 && read_record(o, kind, h, i, &next); i++) {
        lost = lost || code_of(&next) == RN_E_LINK;
        if (i == 1 || (!is_servers(f->native) && is_servers(next.native)))
            *f = next;
    }
    if (f->text[0] == 0)
        (void)snprintf(f->text, sizeof f->text, "the driver gives no reason");
    /* A server that refuses a login closes the connection, too. */
    if (kind == SQL_HANDLE_DBC && is_servers(f->native))
        return code_of(f);
    return lost || is_dead(o) ? RN_E_LINK : code_of(f);
}

static int fail_own(struct rn_odbc_fault *f, int code, const char *text)
{
    memset(f, 0, sizeof *f);
    (void)snprintf(f->text, sizeof f->text, "%s", text);
    return code;
}

/* ------------------------------------------------------------------ open */

static bool find_functions(struct rn_odbc *o)
{
    uint8_t *to = (uint8_t *)&o->f;

    for (size_t i = 0; i < RN_COUNTOF(function_name); i++) {
        void *p = dlsym(o->library, function_name[i]);

        if (!p)
            return false;
        /* C has no cast from an object's pointer to a function's. */
        memcpy(to + i * sizeof p, &p, sizeof p);
    }
    return true;
}

int rn_odbc_open(size_t statement, struct rn_arena *mem, struct rn_error *error,
                 struct rn_odbc **odbc)
{
    struct rn_odbc *o = RN_TAKE(mem, struct rn_odbc, 1);
    SQLWCHAR *text = RN_TAKE(mem, SQLWCHAR, chars_of(statement));

    *odbc = NULL;
    if (!o || !text)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "no memory left for an ODBC connection");
    o->text = text;
    o->cap = chars_of(statement);
    o->library = dlopen("libodbc.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!o->library || !find_functions(o))
        return rn_fail(error, RN_E_ABSENT, RN_AT_WAREHOUSE,
                       "synapse.connection: no ODBC driver manager here "
                       "(libodbc.so.2); install unixODBC and a driver, or use "
                       "synapse.load = pipeline");
    if (!SQL_SUCCEEDED(
            o->f.SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &o->env)) ||
        !SQL_SUCCEEDED(o->f.SQLSetEnvAttr(o->env, SQL_ATTR_ODBC_VERSION,
                                          (SQLPOINTER)SQL_OV_ODBC3, 0)))
        return rn_fail(error, RN_E_ABSENT, RN_AT_WAREHOUSE,
                       "unixODBC cannot be started: out of memory?");
    *odbc = o;
    return RN_OK;
}

void rn_odbc_close(struct rn_odbc *o)
{
    if (!o || !o->library)
        return;
    rn_odbc_disconnect(o);
    if (o->env)
        (void)o->f.SQLFreeHandle(SQL_HANDLE_ENV, o->env);
    o->env = NULL;
    /* Never unloaded: drivers leave exit handlers and threads behind. */
    o->library = NULL;
}

/* --------------------------------------------------------------- connect */

/* Whole seconds until then: at least one, because 0 means for ever. */
static SQLULEN seconds_until(int64_t deadline_ms, int64_t most_ms)
{
    int64_t left = deadline_ms - rn_clock_mono();

    if (left > most_ms)
        left = most_ms;
    return left < 1000 ? 1 : (SQLULEN)((left + 999) / 1000);
}

/* How ODBC takes numbers. */
static SQLPOINTER as_pointer(SQLULEN number)
{
    /* NOLINTNEXTLINE(performance-no-int-to-ptr) */
    return (SQLPOINTER)(uintptr_t)number;
}

static void forget(struct rn_odbc *o, size_t chars)
{
    explicit_bzero(o->text, chars * sizeof *o->text);
}

static int log_in(struct rn_odbc *o, const char *connection,
                  struct rn_odbc_fault *fault)
{
    int64_t n = to_wide(rn_bytes_of(connection), o->text, o->cap);
    SQLRETURN rc;

    if (n < 0 || n > 32000)
        return fail_own(fault, RN_E_CONFIG,
                        "the connection string is too long");
    rc = o->f.SQLDriverConnectW(o->dbc, NULL, o->text, (SQLSMALLINT)n, NULL, 0,
                                NULL, SQL_DRIVER_NOPROMPT);
    forget(o, (size_t)n); /* it holds a password */
    if (!SQL_SUCCEEDED(rc))
        return fail_with(o, SQL_HANDLE_DBC, o->dbc, fault);
    o->connected = true;
    return RN_OK;
}

int rn_odbc_connect(struct rn_odbc *o, const char *connection,
                    int64_t deadline_ms, struct rn_odbc_fault *fault)
{
    int err;

    rn_odbc_disconnect(o);
    if (rn_clock_mono() >= deadline_ms)
        return fail_own(fault, RN_E_AGAIN, "no time left to connect");
    if (!SQL_SUCCEEDED(o->f.SQLAllocHandle(SQL_HANDLE_DBC, o->env, &o->dbc)))
        return fail_with(o, SQL_HANDLE_ENV, o->env, fault);
    (void)o->f.SQLSetConnectAttrW(
        o->dbc, SQL_ATTR_LOGIN_TIMEOUT,
        as_pointer(seconds_until(deadline_ms, RN_ODBC_LOGIN_MS)),
        SQL_IS_UINTEGER);
    err = log_in(o, connection, fault);
    if (err < 0)
        rn_odbc_disconnect(o);
    return err;
}

void rn_odbc_disconnect(struct rn_odbc *o)
{
    if (o->connected)
        (void)o->f.SQLDisconnect(o->dbc);
    if (o->dbc)
        (void)o->f.SQLFreeHandle(SQL_HANDLE_DBC, o->dbc);
    o->dbc = NULL;
    o->connected = false;
}

/* --------------------------------------------------------------- execute */

/* Calls that a driver may want to be asked again for. */
enum step { EXECUTE, FETCH, CELL, MORE };

struct running {
    struct rn_odbc *o;
    struct rn_odbc_query *q;
    struct rn_odbc_fault *fault;
    SQLINTEGER chars;    /* of the statement */
    SQLUSMALLINT column; /* CELL: which, from 1 */
    SQLLEN len;          /* CELL: its bytes, or SQL_NULL_DATA */
};

static SQLRETURN call(struct running *r, enum step step)
{
    struct rn_odbc *o = r->o;

    switch (step) {
    case EXECUTE:
        return o->f.SQLExecDirectW(o->stmt, o->text, r->chars);
    case FETCH:
        return o->f.SQLFetch(o->stmt);
    case CELL:
        return o->f.SQLGetData(o->stmt, r->column, SQL_C_WCHAR, o->wide,
                               (SQLLEN)sizeof o->wide, &r->len);
    default:
        return o->f.SQLMoreResults(o->stmt);
    }
}

static bool stopping(const struct rn_odbc_query *q)
{
    return !q->regardless && rn_stop_requested();
}

/* The statement is told to end and asked until it has. */
static int give_up(struct running *r, enum step step, int code)
{
    int64_t until = rn_clock_mono() + RN_ODBC_GRACE_MS;

    (void)r->o->f.SQLCancel(r->o->stmt);
    while (call(r, step) == SQL_STILL_EXECUTING && rn_clock_mono() < until)
        (void)rn_wait(NULL, 0, rn_clock_mono() + RN_ODBC_LOOK_MS);
    return fail_own(r->fault, code,
                    code == RN_E_STOP ? "asked to stop"
                                      : "no answer within the deadline");
}

/* SQL_SUCCESS, SQL_NO_DATA, or an error of ours. */
static int do_step(struct running *r, enum step step)
{
    SQLRETURN rc = call(r, step);

    while (rc == SQL_STILL_EXECUTING) {
        (void)rn_wait(NULL, 0, rn_clock_mono() + RN_ODBC_LOOK_MS);
        if (stopping(r->q))
            return give_up(r, step, RN_E_STOP);
        if (rn_clock_mono() >= r->q->deadline_ms)
            return give_up(r, step, RN_E_AGAIN);
        rc = call(r, step);
    }
    if (rc == SQL_NO_DATA)
        return SQL_NO_DATA;
    if (SQL_SUCCEEDED(rc))
        return SQL_SUCCESS;
    return fail_with(r->o, SQL_HANDLE_STMT, r->o->stmt, r->fault);
}

static int give_cell(struct running *r, uint64_t row)
{
    struct rn_odbc *o = r->o;
    struct rn_bytes text = { NULL, 0 };
    int err = do_step(r, CELL);

    if (err < 0)
        return err;
    if (r->len != SQL_NULL_DATA) {
        if (r->len < 0 || (size_t)r->len > sizeof o->wide - sizeof *o->wide)
            return fail_own(r->fault, RN_E_FULL,
                            "a cell of the answer is too long");
        text.p = o->cell;
        text.n = to_utf8(o->wide, (size_t)r->len / sizeof *o->wide, o->cell,
                         sizeof o->cell);
    }
    return r->q->cell(r->q->ctx, row, r->column - 1u, text);
}

static int read_rows(struct running *r, SQLUSMALLINT columns)
{
    int err;

    for (uint64_t row = 0;; row++) {
        if ((err = do_step(r, FETCH)) != SQL_SUCCESS)
            return err < 0 ? err : RN_OK;
        if (stopping(r->q))
            return fail_own(r->fault, RN_E_STOP, "asked to stop");
        for (r->column = 1; r->q->cell && r->column <= columns; r->column++) {
            if ((err = give_cell(r, row)) < 0)
                return err;
        }
    }
}

/* One after the other: an answer with columns has rows, another a count. An
 * error of a later statement of a batch only shows when its answer is asked
 * for.
 */
static int read_answers(struct running *r)
{
    for (;;) {
        SQLSMALLINT columns = 0;
        SQLLEN count = -1;
        int err = RN_OK;

        (void)r->o->f.SQLNumResultCols(r->o->stmt, &columns);
        if (columns > 0)
            err = read_rows(r, (SQLUSMALLINT)columns);
        else if (SQL_SUCCEEDED(r->o->f.SQLRowCount(r->o->stmt, &count)) &&
                 count > 0)
            r->q->affected += (uint64_t)count;
        if (err < 0)
            return err;
        if ((err = do_step(r, MORE)) != SQL_SUCCESS)
            return err < 0 ? err : RN_OK;
    }
}

/* A handle for this statement only, so that nothing is left of the last one. A
 * driver that cannot work asynchronously says no here, and calls block.
 */
static bool begin(struct rn_odbc *o, int64_t deadline_ms)
{
    if (!SQL_SUCCEEDED(o->f.SQLAllocHandle(SQL_HANDLE_STMT, o->dbc, &o->stmt)))
        return false;
    (void)o->f.SQLSetStmtAttrW(o->stmt, SQL_ATTR_ASYNC_ENABLE,
                               as_pointer(SQL_ASYNC_ENABLE_ON),
                               SQL_IS_UINTEGER);
    (void)o->f.SQLSetStmtAttrW(
        o->stmt, SQL_ATTR_QUERY_TIMEOUT,
        as_pointer(seconds_until(deadline_ms, INT32_MAX)), SQL_IS_UINTEGER);
    return true;
}

static int run(struct running *r)
{
    struct rn_odbc *o = r->o;
    int err;

    if (!begin(o, r->q->deadline_ms))
        return fail_with(o, SQL_HANDLE_DBC, o->dbc, r->fault);
    err = do_step(r, EXECUTE); /* no data: a change of no rows */
    if (err >= 0)
        err = read_answers(r);
    (void)o->f.SQLFreeHandle(SQL_HANDLE_STMT, o->stmt);
    o->stmt = NULL;
    return err;
}

int rn_odbc_execute(struct rn_odbc *o, struct rn_odbc_query *q,
                    struct rn_odbc_fault *fault)
{
    struct running r = { .o = o, .q = q, .fault = fault };
    int64_t n = to_wide(q->sql, o->text, o->cap);
    int err;

    q->affected = 0;
    if (n < 0)
        return fail_own(fault, RN_E_FULL, "the statement is too long");
    r.chars = (SQLINTEGER)n;
    if (!o->connected)
        err = fail_own(fault, RN_E_LINK, "not connected");
    else if (stopping(q))
        err = fail_own(fault, RN_E_STOP, "asked to stop");
    else if (rn_clock_mono() >= q->deadline_ms)
        err = fail_own(fault, RN_E_AGAIN, "no time left");
    else
        err = run(&r);
    forget(o, (size_t)n); /* it may hold a credential */
    return err;
}
