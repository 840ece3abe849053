/* peers/avro_c.c: rows of a query into an Avro object container file, as a
 * careful user of Debian's avro-c writes it.
 *
 *     avro_c DATABASE QUERY null|deflate FILE
 *
 * The columns and their types are those of the benchmark's table. Whatever can
 * be kept from row to row is kept: the value, its fields and their branches;
 * text is lent to the value ("give"), which saves a copy of each.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <avro.h>
#include <sqlite3.h>

#define BLOCK 65536

enum kind { LONG, DOUBLE, TEXT, BYTES, BOOLEAN, STAMP };

struct column {
    const char *name;
    enum kind kind;
    avro_value_t field; /* a union of null and the kind's type */
};

static struct column columns[] = {
    { "id", LONG, { NULL, NULL } },
    { "customer", LONG, { NULL, NULL } },
    { "title", TEXT, { NULL, NULL } },
    { "note", TEXT, { NULL, NULL } },
    { "score", DOUBLE, { NULL, NULL } },
    { "amount", TEXT, { NULL, NULL } },
    { "updated_at", STAMP, { NULL, NULL } },
    { "state", TEXT, { NULL, NULL } },
    { "active", BOOLEAN, { NULL, NULL } },
    { "token", BYTES, { NULL, NULL } },
};

#define COLUMNS ((int)(sizeof columns / sizeof columns[0]))

static const char *const type_names[] = {
    [LONG] = "\"long\"",
    [DOUBLE] = "\"double\"",
    [TEXT] = "\"string\"",
    [BYTES] = "\"bytes\"",
    [BOOLEAN] = "\"boolean\"",
    [STAMP] = "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}",
};

static avro_schema_t make_schema(void)
{
    char text[2048];
    int n = snprintf(text, sizeof text,
                     "{\"type\":\"record\",\"name\":\"orders\",\"fields\":[");
    avro_schema_t schema = NULL;

    for (int i = 0; i < COLUMNS; i++)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "%s{\"name\":\"%s\",\"type\":[\"null\",%s]}",
                      i > 0 ? "," : "", columns[i].name,
                      type_names[columns[i].kind]);
    n += snprintf(text + n, sizeof text - (size_t)n, "]}");
    return avro_schema_from_json_length(text, (size_t)n, &schema) == 0 ? schema
                                                                       : NULL;
}

static int64_t digits(const unsigned char *p, int n)
{
    int64_t v = 0;

    for (int i = 0; i < n; i++)
        v = v * 10 + (p[i] - '0');
    return v;
}

/* "2015-01-02 03:04:05.678" as microseconds since 1970. */
static bool parse_stamp(const unsigned char *p, int n, int64_t *us)
{
    if (!p || n != 23 || p[4] != '-' || p[10] != ' ' || p[19] != '.')
        return false;
    int64_t month = digits(p + 5, 2);
    int64_t y = digits(p, 4) - (month <= 2), era = y / 400, yoe = y % 400;
    int64_t doy =
        (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + digits(p + 8, 2) - 1;
    int64_t days =
        era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    int64_t seconds = days * 86400 + digits(p + 11, 2) * 3600 +
                      digits(p + 14, 2) * 60 + digits(p + 17, 2);

    *us = (seconds * 1000 + digits(p + 20, 3)) * 1000;
    return true;
}

/* Lent to the value until the next row is stepped to. */
static int set_text(avro_value_t *to, sqlite3_stmt *st, int i)
{
    const unsigned char *p = sqlite3_column_text(st, i);
    int n = sqlite3_column_bytes(st, i);
    avro_wrapped_buffer_t lent;

    /* For avro-c a string's length counts its final zero. */
    avro_wrapped_buffer_new(&lent, p, (size_t)n + 1);
    return avro_value_give_string_len(to, &lent);
}

static int set_bytes(avro_value_t *to, sqlite3_stmt *st, int i)
{
    const void *p = sqlite3_column_blob(st, i);
    avro_wrapped_buffer_t lent;

    avro_wrapped_buffer_new(&lent, p ? p : "",
                            (size_t)sqlite3_column_bytes(st, i));
    return avro_value_give_bytes(to, &lent);
}

static int set_stamp(avro_value_t *to, sqlite3_stmt *st, int i)
{
    const unsigned char *p = sqlite3_column_text(st, i);
    int64_t us;

    if (!parse_stamp(p, sqlite3_column_bytes(st, i), &us))
        return -1;
    return avro_value_set_long(to, us);
}

static int set_field(struct column *c, sqlite3_stmt *st, int i)
{
    avro_value_t branch;

    if (sqlite3_column_type(st, i) == SQLITE_NULL)
        return avro_value_set_branch(&c->field, 0, &branch);
    if (avro_value_set_branch(&c->field, 1, &branch) != 0)
        return -1;
    switch (c->kind) {
    case LONG:
        return avro_value_set_long(&branch, sqlite3_column_int64(st, i));
    case DOUBLE:
        return avro_value_set_double(&branch, sqlite3_column_double(st, i));
    case TEXT:
        return set_text(&branch, st, i);
    case BYTES:
        return set_bytes(&branch, st, i);
    case BOOLEAN:
        return avro_value_set_boolean(&branch, sqlite3_column_int(st, i));
    case STAMP:
        return set_stamp(&branch, st, i);
    }
    return -1;
}

static int copy(sqlite3_stmt *st, avro_file_writer_t writer,
                avro_value_t *record)
{
    uint64_t rows = 0;
    int err;

    while ((err = sqlite3_step(st)) == SQLITE_ROW) {
        for (int i = 0; i < COLUMNS; i++) {
            if (set_field(&columns[i], st, i) != 0)
                return -1;
        }
        if (avro_file_writer_append_value(writer, record) != 0)
            return -1;
        rows++;
    }
    printf("{\"rows\":%llu}\n", (unsigned long long)rows);
    return err == SQLITE_DONE ? 0 : -1;
}

static int write_file(sqlite3_stmt *st, const char *codec, const char *path)
{
    avro_schema_t schema = make_schema();
    avro_value_iface_t *class =
        schema ? avro_generic_class_from_schema(schema) : NULL;
    avro_file_writer_t writer;
    avro_value_t record;

    if (!class || avro_generic_value_new(class, &record) != 0 ||
        avro_file_writer_create_with_codec(path, schema, &writer, codec,
                                           BLOCK) != 0)
        return -1;
    for (int i = 0; i < COLUMNS; i++)
        avro_value_get_by_index(&record, (size_t)i, &columns[i].field, NULL);
    int err = copy(st, writer, &record);
    if (avro_file_writer_close(writer) != 0)
        err = -1;
    avro_value_decref(&record);
    avro_value_iface_decref(class);
    avro_schema_decref(schema);
    return err;
}

int main(int argc, char **argv)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int err;

    if (argc != 5 ||
        sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READONLY, NULL) !=
            SQLITE_OK ||
        sqlite3_prepare_v2(db, argv[2], -1, &st, NULL) != SQLITE_OK ||
        sqlite3_column_count(st) != COLUMNS) {
        fprintf(stderr, "avro_c: %s\n",
                db ? sqlite3_errmsg(db)
                   : "usage: avro_c DATABASE QUERY null|deflate FILE");
        return 2;
    }
    err = write_file(st, argv[3], argv[4]);
    if (err != 0)
        fprintf(stderr, "avro_c: %s; %s\n", avro_strerror(),
                sqlite3_errmsg(db));
    sqlite3_finalize(st);
    sqlite3_close(db);
    return err == 0 ? 0 : 1;
}
