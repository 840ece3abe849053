/* test_azure.c: what the store sends, over an HTTP client that answers from a
 * script.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "blob/id.h"
#include "blob/list.h"
#include "core/crc64.h"
#include "runnel/http.h"
#include "runnel/port.h"
#include "runnel/store.h"

/* -- the client that answers from a script -------------------------------- */

#define CALLS 4

struct answer {
    int err; /* of the exchange */
    int status;
    bool sent;
    const char *header; /* "name: value\n..." */
    const char *body;
};

static struct {
    struct rn_http_call *call[CALLS];
    struct answer answer; /* what the next calls get */
    char method[8];       /* of the last call */
    char target[4096];
    char headers[2048]; /* "name: value\n..." */
    char body[8192];
    size_t body_len;
    int starts;
    int64_t until_ms;
    bool closed;
} fake;

size_t rn_http_need(const struct rn_http_options *o)
{
    (void)o;
    return 64;
}

int rn_http_init(const struct rn_http_options *o, struct rn_arena *mem,
                 struct rn_error *error, struct rn_http **http)
{
    (void)error;
    assert_int_equal(o->connections, 2);
    *http = rn_arena_take(mem, 64, 1);
    assert_non_null(*http);
    return RN_OK;
}

static void record_body(const struct rn_http_body *b)
{
    fake.body_len = 0;
    while (fake.body_len < b->len) {
        struct rn_bytes piece[4];
        size_t n = b->at(b->ctx, fake.body_len, piece, 4);
        for (size_t i = 0; i < n; i++) {
            assert_true(fake.body_len + piece[i].n < sizeof fake.body);
            memcpy(fake.body + fake.body_len, piece[i].p, piece[i].n);
            fake.body_len += piece[i].n;
        }
    }
    assert_int_equal(fake.body_len, b->len);
    fake.body[fake.body_len] = 0;
}

int rn_http_start(struct rn_http *h, struct rn_http_call *call)
{
    (void)h;
    size_t at = 0;

    while (at < CALLS && fake.call[at])
        at++;
    assert_true(at < CALLS);
    fake.call[at] = call;
    fake.starts++;
    snprintf(fake.method, sizeof fake.method, "%s", call->method);
    snprintf(fake.target, sizeof fake.target, "%.*s", (int)call->target.n,
             (const char *)call->target.p);
    size_t n = 0;
    fake.headers[0] = 0;
    for (size_t i = 0; i < call->headers; i++)
        n += (size_t)snprintf(fake.headers + n, sizeof fake.headers - n,
                              "%.*s: %.*s\n", (int)call->header[i].name.n,
                              (const char *)call->header[i].name.p,
                              (int)call->header[i].value.n,
                              (const char *)call->header[i].value.p);
    assert_true(n < sizeof fake.headers);
    record_body(&call->body);
    return RN_OK;
}

static void answer_one(struct rn_http_call *c)
{
    const char *p = fake.answer.header ? fake.answer.header : "";

    while (*p) {
        size_t name = strcspn(p, ":");
        size_t line = strcspn(p, "\n");
        c->on_header(c->ctx, (struct rn_bytes){ (const uint8_t *)p, name },
                     (struct rn_bytes){ (const uint8_t *)p + name + 2,
                                        line - name - 2 });
        p += line + 1;
    }
    c->done = true;
    c->err = fake.answer.err;
    c->status = fake.answer.status;
    c->sent = fake.answer.sent;
    if (fake.answer.body) {
        int err = c->on_body(c->ctx, rn_bytes_of(fake.answer.body));
        c->err = c->err < 0 ? c->err : err;
    }
}

int rn_http_pump(struct rn_http *h, int64_t until_ms)
{
    int n = 0;

    (void)h;
    fake.until_ms = until_ms;
    for (size_t i = 0; i < CALLS; i++) {
        if (!fake.call[i])
            continue;
        answer_one(fake.call[i]);
        fake.call[i] = NULL;
        n++;
    }
    return n;
}

void rn_http_cancel(struct rn_http *h, struct rn_http_call *call)
{
    (void)h;
    for (size_t i = 0; i < CALLS; i++) {
        if (fake.call[i] == call)
            fake.call[i] = NULL;
    }
    call->done = true;
    call->err = RN_E_STOP;
}

void rn_http_close(struct rn_http *h)
{
    (void)h;
    fake.closed = true;
}

void rn_http_memory(const struct rn_http *h, size_t *peak, size_t *cap)
{
    (void)h;
    *peak = 1;
    *cap = 2;
}

const char *rn_http_version(void)
{
    return "fake";
}

/* -- a store over it ------------------------------------------------------ */

#define SAS     "sv=2021-12-02&sr=c&sp=rcwd&se=2099-01-01&sig=CANARY%3D"
#define SERVICE "x-ms-version: 2021-12-02\nx-ms-request-id: 77aa\n"

static _Alignas(16) uint8_t memory[65536];
static struct rn_config config;
static struct rn_error error;
static struct rn_store *store;

static void open_store(const char *url, enum rn_auth_kind kind)
{
    struct rn_arena mem;

    memset(&fake, 0, sizeof fake);
    memset(&config, 0, sizeof config);
    config.store.url = url;
    config.store.connections = 2;
    config.store.allow_http = true;
    config.store.request_ms = 60000;
    config.store.proxy = config.tls.ca = "";
    config.auth.kind = kind;
    config.auth.token = kind == RN_AUTH_SAS ? SAS : "";
    config.auth.account = "";
    config.auth.key = "Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5";
    config.auth.token_file = config.auth.key_file = "";
    config.auth.connection = config.auth.connection_file = "";
    rn_error_clear(&error);
    rn_arena_init(&mem, "test", memory, rn_store_azure.need(&config));
    if (rn_store_azure.open(&config, &mem, &error, &store) < 0)
        fail_msg("%s", error.text);
}

static void open_azure(void)
{
    open_store("https://acme.blob.core.windows.net/out/pre=fix/x", RN_AUTH_SAS);
}

static size_t rows_at(void *ctx, uint64_t offset, struct rn_bytes *piece,
                      size_t cap)
{
    (void)cap;
    const char *p = ctx;
    size_t n = strlen(p);

    piece[0] =
        (struct rn_bytes){ (const uint8_t *)p + offset,
                           n - (size_t)offset < 3 ? n - (size_t)offset : 3 };
    return 1;
}

static char rows[] = "id,name\n1,a\n";
static const struct rn_meta meta[] = { { "runnel_run", "r1" },
                                       { "runnel_rows", "1" } };
static const struct rn_object object = {
    .path = "day=1/a b.csv", .mime = "text/csv", .meta = meta, .metas = 2
};

static struct rn_transfer transfer(enum rn_op op)
{
    struct rn_transfer t = { .op = op, .object = &object };

    if (op == RN_OP_STAGE || op == RN_OP_PUT) {
        t.body = (struct rn_http_body){ strlen(rows), rows_at, rows };
        t.crc64 = rn_crc64(0, rows, strlen(rows));
    }
    t.id = (struct rn_block_id){ .nonce = "\xff\xff\xff\xff\xff\xff\xff\xff",
                                 .sequence = 5 };
    return t;
}

static int run_one(struct rn_transfer *t, int status, const char *header)
{
    fake.answer =
        (struct answer){ .status = status, .header = header, .sent = true };
    assert_int_equal(store->cls->start(store, t), RN_OK);
    assert_int_equal(store->cls->pump(store, 0), 1);
    assert_true(t->done);
    return t->err;
}

/* A whole line of the headers. */
static bool has(const char *line)
{
    for (const char *p = fake.headers; (p = strstr(p, line)) != NULL; p++) {
        if ((p == fake.headers || p[-1] == '\n') && p[strlen(line)] == '\n')
            return true;
    }
    return false;
}

static bool has_name(const char *name)
{
    return strstr(fake.headers, name) != NULL;
}

static int count(const char *text, const char *what)
{
    int n = 0;

    for (; (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}

static void a_staged_block_carries_id_and_sum_and_no_condition(void **state)
{
    struct rn_transfer t = transfer(RN_OP_STAGE);

    (void)state;
    open_azure();
    assert_int_equal(run_one(&t, 201, SERVICE), RN_OK);
    assert_string_equal(fake.method, "PUT");
    assert_string_equal(fake.target,
                        "/out/pre%3Dfix/x/day%3D1/a%20b.csv?comp=block&blockid="
                        "%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F8AAAAAAAAAAAAF&" SAS);
    assert_string_equal(fake.body, rows);
    assert_true(has("x-ms-version: 2021-12-02"));
    assert_true(has_name("x-ms-content-crc64: "));
    assert_true(has_name("x-ms-date: "));
    assert_false(has_name("content-md5"));
    assert_false(has_name("if-none-match"));
    assert_false(has_name("x-ms-meta"));
    assert_false(has_name("authorization"));
}

static void a_small_file_is_put_whole_and_only_when_new(void **state)
{
    struct rn_transfer t = transfer(RN_OP_PUT);

    (void)state;
    open_azure();
    assert_int_equal(run_one(&t, 201, SERVICE "etag: \"0x1\"\n"), RN_OK);
    assert_string_equal(fake.target, "/out/pre%3Dfix/x/day%3D1/a%20b.csv?" SAS);
    assert_true(has("if-none-match: *"));
    assert_true(has("x-ms-blob-type: BlockBlob"));
    assert_true(has("content-type: text/csv"));
    assert_true(has("x-ms-blob-content-type: text/csv"));
    assert_true(has("x-ms-meta-runnel_run: r1"));
    assert_true(has("x-ms-meta-runnel_rows: 1"));
    assert_true(has_name("x-ms-content-crc64: "));
    assert_string_equal(t.etag, "\"0x1\"");
}

static void ids_from_five(void *ctx, uint32_t i, struct rn_block_id *id)
{
    (void)ctx;
    *id = (struct rn_block_id){ .nonce = "attempt", .sequence = i };
}

static void a_commit_lists_uncommitted_blocks_of_a_new_file(void **state)
{
    struct rn_transfer t = transfer(RN_OP_COMMIT);

    (void)state;
    open_azure();
    t.list = (struct rn_block_list){ 3, ids_from_five, NULL };
    t.length = 36;
    assert_int_equal(run_one(&t, 201, SERVICE "etag: \"0x2\"\n"), RN_OK);
    assert_string_equal(
        fake.target, "/out/pre%3Dfix/x/day%3D1/a%20b.csv?comp=blocklist&" SAS);
    assert_int_equal(fake.body_len, rn_list_len(3));
    assert_int_equal(count(fake.body, "<Uncommitted>"), 3);
    assert_int_equal(count(fake.body, "<Latest>"), 0);
    assert_true(has("if-none-match: *"));
    assert_true(has("x-ms-blob-content-type: text/csv"));
    assert_true(has("content-type: application/xml"));
    assert_true(has("x-ms-meta-runnel_run: r1"));
    assert_false(has_name("x-ms-blob-type"));
    assert_false(has_name("crc64"));
    assert_string_equal(t.etag, "\"0x2\"");
}

static void looking_and_removing_send_no_body(void **state)
{
    struct rn_transfer t = transfer(RN_OP_HEAD);

    (void)state;
    open_azure();
    assert_int_equal(run_one(&t, 200,
                             SERVICE "content-length: 36\n"
                                     "x-ms-meta-runnel_run: r1\n"),
                     RN_OK);
    assert_string_equal(fake.method, "HEAD");
    assert_int_equal(t.found_length, 36);
    assert_string_equal(t.found_run, "r1");
    t = transfer(RN_OP_DELETE);
    assert_int_equal(run_one(&t, 202, SERVICE), RN_OK);
    assert_string_equal(fake.method, "DELETE");
    assert_int_equal(fake.body_len, 0);
    assert_false(has_name("x-ms-meta"));
}

/* -- reading a piece ------------------------------------------------------ */

static uint8_t piece[16];

static int read_piece(struct rn_transfer *t, int status, const char *header,
                      const char *body)
{
    memset(piece, '-', sizeof piece);
    *t = transfer(RN_OP_GET);
    t->into = piece;
    t->cap = 10;
    t->offset = 20;
    fake.answer = (struct answer){
        .status = status, .header = header, .body = body, .sent = true
    };
    assert_int_equal(store->cls->start(store, t), RN_OK);
    assert_int_equal(store->cls->pump(store, 0), 1);
    assert_true(t->done);
    for (size_t i = t->cap; i < sizeof piece; i++)
        assert_int_equal(piece[i], '-');
    assert_true(t->err == RN_OK || t->got == 0);
    return t->err;
}

static void a_piece_of_a_file_is_read(void **state)
{
    struct rn_transfer t;

    (void)state;
    open_azure();
    assert_int_equal(read_piece(&t, 206,
                                SERVICE "content-range: bytes 20-29/40\n"
                                        "x-ms-meta-runnel_run: r1\n",
                                "0123456789"),
                     RN_OK);
    assert_string_equal(fake.method, "GET");
    assert_true(has("x-ms-range: bytes=20-29"));
    assert_int_equal(fake.body_len, 0);
    assert_int_equal(t.got, 10);
    assert_memory_equal(piece, "0123456789", 10);
    assert_string_equal(t.found_run, "r1");
    /* up to the file's end, and beyond it */
    assert_int_equal(
        read_piece(&t, 206, SERVICE "content-range: bytes 20-22/23\n", "abc"),
        RN_OK);
    assert_int_equal(t.got, 3);
    assert_int_equal(
        read_piece(&t, 416, SERVICE "x-ms-error-code: InvalidRange\n", "<x/>"),
        RN_OK);
    assert_int_equal(t.got, 0);
}

static void what_is_not_the_piece_asked_for_is_refused(void **state)
{
    static const struct {
        int status;
        const char *header, *body;
        int err;
    } bad[] = {
        { 200, SERVICE, "0123456789", RN_E_PEER },
        { 206, SERVICE, "0123456789", RN_E_PEER },
        { 206, SERVICE "content-range: bytes 0-9/40\n", "0123456789",
          RN_E_PEER },
        { 206, SERVICE "content-range: bytes 20-29/40\n", "012", RN_E_PEER },
        { 206, SERVICE "content-range: bytes 20-30/40\n", "0123456789a",
          RN_E_PEER },
        { 206, SERVICE "content-range: bytes -/40\n", "0123456789", RN_E_PEER },
        { 206, "content-range: bytes 20-29/40\n", "0123456789", RN_E_PEER },
        { 204, SERVICE, "", RN_E_PEER },
        { 416, SERVICE, "", RN_E_DENIED },
        { 416, "x-ms-error-code: InvalidRange\n", "", RN_E_DENIED },
        { 404, SERVICE "x-ms-error-code: BlobNotFound\n", "<Error/>",
          RN_E_ABSENT },
        { 403, SERVICE, "", RN_E_AUTH },
        { 503, SERVICE, "<Error><Code>ServerBusy</Code></Error>", RN_E_BUSY },
    };
    struct rn_transfer t;

    (void)state;
    open_azure();
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        int err = read_piece(&t, bad[i].status, bad[i].header, bad[i].body);
        if (err != bad[i].err)
            fail_msg("%zu: %d", i, err);
    }
}

static void an_answer_that_never_ends_is_cut_off(void **state)
{
    static char body[RN_COUNTOF(piece) + 65537];
    struct rn_transfer t;

    (void)state;
    open_azure();
    memset(body, 'x', sizeof body - 1);
    assert_int_equal(read_piece(&t, 200, SERVICE, body), RN_E_PEER);
}

static void an_emulator_gets_md5_and_the_account_in_the_path(void **state)
{
    struct rn_transfer t = transfer(RN_OP_STAGE);

    (void)state;
    open_store("http://127.0.0.1:10000/devstoreaccount1/out",
               RN_AUTH_SHARED_KEY);
    assert_int_equal(run_one(&t, 201, SERVICE), RN_OK);
    assert_true(has_name("content-md5: "));
    assert_false(has_name("x-ms-content-crc64"));
    assert_memory_equal(fake.target, "/devstoreaccount1/out/day%3D1/", 30);
    assert_true(has_name("authorization: SharedKey devstoreaccount1:"));
    assert_null(strstr(fake.target, "sig="));
    assert_non_null(strstr(store->warning, "last resort"));
    t = transfer(RN_OP_STAGE);
    fake.answer.status = 400;
    assert_int_equal(
        run_one(&t, 400, SERVICE "x-ms-error-code: InvalidOperation\n"),
        RN_E_INTEGRITY);
}

static void every_try_is_built_anew_and_parameters_come_once(void **state)
{
    char first[4096];

    (void)state;
    open_azure();
    for (int i = 0; i < 5; i++) {
        struct rn_transfer t = transfer(RN_OP_STAGE);
        char mark[60];
        assert_int_equal(run_one(&t, 403, SERVICE), RN_E_AUTH);
        assert_int_equal(count(fake.target, "sig="), 1);
        assert_int_equal(count(fake.target, "comp="), 1);
        assert_int_equal(count(fake.target, "?"), 1);
        assert_int_equal(count(fake.headers, "x-ms-date"), 1);
        if (i == 0)
            memcpy(first, fake.target, sizeof first);
        assert_string_equal(first, fake.target);
        snprintf(mark, sizeof mark, "-%d\n", i + 1);
        assert_non_null(strstr(fake.headers, mark));
    }
    assert_int_equal(store->cls->renew(store), RN_E_AUTH);
}

static void a_lost_connection_says_whether_anything_was_sent(void **state)
{
    static const int codes[] = { RN_E_LINK, RN_E_PEER, RN_E_AGAIN, RN_E_FULL };

    (void)state;
    open_azure();
    for (size_t i = 0; i < 2 * RN_COUNTOF(codes); i++) {
        struct rn_transfer t = transfer(RN_OP_COMMIT);
        fake.answer = (struct answer){ .err = codes[i / 2], .sent = i % 2 };
        assert_int_equal(store->cls->start(store, &t), RN_OK);
        assert_int_equal(store->cls->pump(store, 0), 1);
        assert_int_equal(t.err, codes[i / 2]);
        assert_int_equal(t.sent, i % 2);
        assert_non_null(strstr(t.error.text, "publishing day=1/a b.csv in "
                                             "https://acme.blob"));
    }
}

static void as_many_are_under_way_as_there_are_connections(void **state)
{
    struct rn_transfer t[3];

    (void)state;
    open_azure();
    for (int i = 0; i < 3; i++)
        t[i] = transfer(RN_OP_STAGE);
    assert_int_equal(store->cls->start(store, &t[0]), RN_OK);
    assert_int_equal(store->cls->start(store, &t[1]), RN_OK);
    assert_int_equal(store->cls->start(store, &t[2]), RN_E_FULL);
    store->cls->cancel(store, &t[0]);
    assert_true(t[0].done);
    assert_int_equal(t[0].err, RN_E_STOP);
    assert_int_equal(store->cls->start(store, &t[2]), RN_OK);
    fake.answer = (struct answer){ .status = 201, .header = SERVICE };
    assert_int_equal(store->cls->pump(store, 0), 2);
    assert_int_equal(t[1].err, RN_OK);
    assert_int_equal(t[2].err, RN_OK);
    assert_int_equal(store->cls->pump(store, 0), 0);
}

static void a_name_that_is_too_long_fails_without_being_sent(void **state)
{
    static char path[RN_COUNTOF(fake.target)];
    struct rn_object o = { .path = path, .mime = "text/csv" };
    struct rn_transfer t = { .op = RN_OP_HEAD, .object = &o };

    (void)state;
    open_azure();
    memset(path, 'a', 1000);
    assert_int_equal(store->cls->start(store, &t), RN_OK);
    assert_int_equal(store->cls->pump(store, INT64_MAX), 1);
    assert_int_equal(fake.until_ms, 0);
    assert_int_equal(t.err, RN_E_CONFIG);
    assert_false(t.sent);
    assert_int_equal(fake.starts, 0);

    /* The longest that fits, every byte of it encoded. */
    memset(path, 0, sizeof path);
    memset(path, '=', 512 - strlen("/pre=fix/x"));
    assert_int_equal(
        run_one(&t, 404, SERVICE "x-ms-error-code: BlobNotFound\n"),
        RN_E_ABSENT);
    assert_non_null(strstr(fake.target, "%3D?sv="));
}

static void no_failure_ever_names_the_secret(void **state)
{
    static const enum rn_op ops[] = { RN_OP_STAGE, RN_OP_PUT, RN_OP_COMMIT,
                                      RN_OP_HEAD, RN_OP_DELETE };

    (void)state;
    open_azure();
    assert_null(strstr(store->place, "CANARY"));
    for (int status = 100; status < 600; status++) {
        for (size_t i = 0; i < RN_COUNTOF(ops); i++) {
            struct rn_transfer t = transfer(ops[i]);
            t.list = (struct rn_block_list){ 1, ids_from_five, NULL };
            run_one(&t, status, SERVICE);
            assert_null(strstr(t.error.text, "CANARY"));
            assert_null(strstr(t.error.text, "sig="));
        }
    }
}

static void close_wipes_what_was_sent(void **state)
{
    struct rn_transfer t = transfer(RN_OP_STAGE);
    size_t peak, cap;

    (void)state;
    open_azure();
    store->memory(store, &peak, &cap);
    assert_int_equal(cap, 2);
    assert_int_equal(run_one(&t, 201, SERVICE), RN_OK);
    store->cls->forget(store, &object);
    store->cls->close(store);
    assert_true(fake.closed);
    for (size_t i = 0; i + 6 < sizeof memory; i++)
        assert_int_not_equal(memcmp(memory + i, "CANARY", 6), 0);
}

static void too_little_memory_is_refused_at_open(void **state)
{
    (void)state;
    open_azure();
    size_t need = rn_store_azure.need(&config);
    for (size_t n = 0; n < need; n += 160) {
        struct rn_arena mem;
        rn_error_clear(&error);
        rn_arena_init(&mem, "test", memory, n);
        if (n > need - 70)
            continue; /* the client's own part; the fake insists on it */
        assert_int_equal(rn_store_azure.open(&config, &mem, &error, &store),
                         RN_E_FULL);
    }
}

static void a_url_says_which_store_it_is(void **state)
{
    (void)state;
    assert_ptr_equal(rn_store_for("file:///tmp"), &rn_store_folder);
    assert_ptr_equal(rn_store_for("https://x"), &rn_store_azure);
    assert_ptr_equal(rn_store_for("http://x"), &rn_store_azure);
    assert_null(rn_store_for("s3://x"));
    assert_null(rn_store_for(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_staged_block_carries_id_and_sum_and_no_condition),
        cmocka_unit_test(a_small_file_is_put_whole_and_only_when_new),
        cmocka_unit_test(a_commit_lists_uncommitted_blocks_of_a_new_file),
        cmocka_unit_test(looking_and_removing_send_no_body),
        cmocka_unit_test(a_piece_of_a_file_is_read),
        cmocka_unit_test(what_is_not_the_piece_asked_for_is_refused),
        cmocka_unit_test(an_answer_that_never_ends_is_cut_off),
        cmocka_unit_test(an_emulator_gets_md5_and_the_account_in_the_path),
        cmocka_unit_test(every_try_is_built_anew_and_parameters_come_once),
        cmocka_unit_test(a_lost_connection_says_whether_anything_was_sent),
        cmocka_unit_test(as_many_are_under_way_as_there_are_connections),
        cmocka_unit_test(a_name_that_is_too_long_fails_without_being_sent),
        cmocka_unit_test(no_failure_ever_names_the_secret),
        cmocka_unit_test(close_wipes_what_was_sent),
        cmocka_unit_test(too_little_memory_is_refused_at_open),
        cmocka_unit_test(a_url_says_which_store_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
