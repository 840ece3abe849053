/* lib/databricks_kit.c: see lib/databricks_kit.h. */
#include "lib/databricks_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static _Alignas(16) uint8_t memory[1u << 20];
static _Alignas(16) uint8_t http_memory[1u << 20];
static char bundle[] = "/tmp/test_databricks_XXXXXX";

static const struct rn_col columns[] = {
    { .name = RN_LIT("id"), .type = RN_I64 },
    { .name = RN_LIT("na`me"), .type = RN_TEXT, .nullable = true },
    { .name = RN_LIT("amount"),
      .type = RN_DECIMAL,
      .nullable = true,
      .precision = 10,
      .scale = 2 },
    { .name = RN_LIT("at"),
      .type = RN_TIMESTAMP,
      .nullable = true,
      .utc = true },
    { .name = RN_LIT("data"), .type = RN_BLOB, .nullable = true },
};
const struct rn_schema kit_schema = { columns, RN_COUNTOF(columns) };

static int path(const struct rn_dataset *d, uint32_t part,
                char to[RN_DATASET_PATH])
{
    return snprintf(to, RN_DATASET_PATH, "orders/%s/part-%05u.csv", d->run,
                    (unsigned)part);
}

void kit_config(struct kit *k)
{
    struct rn_config *c = &k->config;
    /* Every string of it is one: "" where nothing was said. */
    static const char *const none = "";

    memset(k, 0, sizeof *k);
    k->dataset = (struct rn_dataset){
        .run = RUN, .schema = &kit_schema, .files = 2, .rows = 30, .path = path
    };
    c->path = "orders.ini";
    c->job.name = "orders";
    c->file.format = "csv";
    c->file.header = true;
    c->file.delimiter = ',';
    c->file.quote_char = '"';
    c->file.null = c->file.row_number = c->file.record = none;
    c->store.url = "https://acct.blob.core.windows.net/box/pre/fix";
    c->store.allow_http = true;
    c->store.connect_ms = 2000;
    c->store.idle_ms = 2000;
    c->store.request_ms = 4000;
    c->store.proxy = none;
    c->tls.ca = bundle;
    c->databricks.wanted = true;
    c->databricks.warehouse = "wh1";
    c->databricks.auth = RN_DATABRICKS_PAT;
    c->databricks.token = "dapi-very-secret";
    c->databricks.token_file = c->databricks.client = none;
    c->databricks.secret = c->databricks.secret_file = none;
    c->databricks.location = c->databricks.volume = none;
    c->databricks.table = "main.sales.orders";
    c->databricks.keys = c->databricks.job = none;
    c->databricks.deadline_ms = 20000;
    c->auth.token = c->auth.token_file = none;
}

void kit_open(struct kit *k, const struct rest_answer *a, size_t n)
{
    const struct rn_http_options o = { .connections = 2,
                                       .connect_ms = 2000,
                                       .idle_ms = 2000,
                                       .keep_ms = 1000,
                                       .ca = bundle,
                                       .proxy = "" };
    struct rn_arena mem;

    rest_open(&k->server, a, n);
    k->config.databricks.host = k->server.base;
    rn_error_clear(&k->error);
    rn_arena_init(&mem, "http", http_memory, sizeof http_memory);
    assert_int_equal(rn_http_init(&o, &mem, &k->error, &k->http), RN_OK);
    rn_arena_init(&mem, "test", memory, sizeof memory);
    int err = rn_warehouse_databricks.open(&k->config, k->http, &mem, &k->error,
                                           &k->w);
    if (err < 0)
        print_error("%s\n", k->error.text);
    assert_int_equal(err, RN_OK);
    assert_true(mem.used <=
                rn_warehouse_databricks.need(&k->config, kit_schema.n));
    ((struct rn_databricks *)k->w)->poll_ms = 5;
}

int kit_load(struct kit *k)
{
    int err = k->w->cls->load(k->w, &k->dataset, &k->load);

    if (err < 0)
        assert_int_equal(k->error.code, err);
    assert_null(strstr(k->error.text, "secret"));
    return err;
}

void kit_close(struct kit *k)
{
    k->w->cls->close(k->w);
    k->w->cls->close(k->w);
    rn_http_close(k->http);
    rest_close(&k->server);
}

bool kit_sent(const struct kit *k, size_t i, const char *text)
{
    const char *q = rest_request(&k->server, i);

    if (strstr(q, text))
        return true;
    print_error("request %zu has no %s:\n%s\n", i, text, q);
    return false;
}

size_t kit_times(const struct kit *k, size_t i, const char *text)
{
    size_t n = 0;

    for (const char *p = rest_request(&k->server, i);
         (p = strstr(p, text)) != NULL; p += strlen(text))
        n++;
    return n;
}

int kit_setup(void **state)
{
    static const char pem[] = "-----BEGIN CERTIFICATE-----\nAAAA\n"
                              "-----END CERTIFICATE-----\n";
    int fd = mkstemp(bundle);

    (void)state;
    return fd >= 0 && write(fd, pem, sizeof pem - 1) > 0 ? close(fd) : -1;
}

int kit_teardown(void **state)
{
    (void)state;
    return unlink(bundle);
}
