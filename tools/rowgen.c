/* tools/rowgen.c: writes the SQLite database that demo and benchmark export.
 *
 *     rowgen [--rows N] [--seed S] [--table NAME] FILE
 *
 * Ten columns with what hurts exporters: quotes, commas, line ends and Unicode
 * in text, nulls beside empty strings, doubles that need all their digits, the
 * ends of the integer range, money as exact text, blobs. The same rows come
 * out for the same seed, on every machine: all numbers are made here, with
 * integers.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

static const char *const words[] = {
    "amber",   "basin", "copper", "delta",   "ember",  "fjord",
    "granite", "haven", "island", "juniper", "kelp",   "lagoon",
    "meadow",  "north", "orchid", "pebble",  "quartz", "river",
    "summit",  "tidal", "umber",  "valley",  "willow", "yarrow",
};

/* What CSV and JSON have to escape, and what only looks harmless. */
static const char *const hard[] = {
    "say \"yes\"",
    "one, two",
    "line one\nline two",
    "cr\r\nlf",
    "tab\there",
    "back\\slash",
    "\"",
    ",",
    "na\u00efve caf\u00e9",
    "\u6771\u4eac",
    "\U0001F69A\u2192\U0001F3E0",
    "=1+1",
    "e\u0301",
    " leading",
    "trailing ",
    "NULL",
    "'; --",
    "\u2028separator",
};

static const char *const states[] = {
    "new", "paid", "packed", "shipped", "delivered", "returned",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t random_state;

/* SplitMix64: small, fast, the same everywhere. */
static uint64_t chance(void)
{
    uint64_t z = random_state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)((chance() >> 32) * n >> 32);
}

static void fail(const char *what, sqlite3 *db)
{
    fprintf(stderr, "rowgen: %s: %s\n", what,
            db ? sqlite3_errmsg(db) : "cannot be opened");
    exit(1);
}

static void execute(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail(sql, db);
}

static size_t append(char *to, size_t at, const char *text)
{
    size_t n = strlen(text);

    memcpy(to + at, text, n);
    return at + n;
}

static int64_t any_integer(void)
{
    switch (below(64)) {
    case 0:
        return INT64_MIN;
    case 1:
        return INT64_MAX;
    case 2:
        return 0;
    default:
        return (int64_t)chance() >> below(60);
    }
}

/* Two to seven words; one in eight texts has something hard in it. */
static int text(char *to)
{
    size_t at = 0;
    uint32_t n = 2 + below(6);
    uint32_t where = below(8) == 0 ? below(n) : n;

    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            to[at++] = ' ';
        at = append(to, at,
                    i == where ? hard[below(COUNT(hard))]
                               : words[below(COUNT(words))]);
    }
    return (int)at;
}

/* Most doubles of a real table need 16 or 17 digits; some are short, and a
 * few are at the edges.
 */
static double real(void)
{
    static const double edges[] = { 0.0,    -0.0,    0.1,   1e21, 1e-7,
                                    5e-324, 1.7e308, 1e300, -2.5, 1e16 };
    uint32_t kind = below(256);

    if (kind < COUNT(edges))
        return edges[kind];
    if (kind < 32)
        return (double)below(100000) / 4;
    return ((double)(chance() >> 11) / 9007199254740992.0 - 0.5) * 200000.0;
}

/* As text: a column declared DECIMAL makes floating point of it. */
static int money(char *to, size_t cap)
{
    uint32_t cents = below(2000000000);

    return snprintf(to, cap, "%s%" PRIu32 ".%02" PRIu32,
                    below(10) == 0 ? "-" : "", cents / 100, cents % 100);
}

/* Days since 1970-01-01 to a date; from the days of the civil calendar that
 * begins in March, so that the leap day comes last.
 */
static void civil(uint32_t days, int *y, int *m, int *d)
{
    uint32_t z = days + 719468;
    uint32_t era = z / 146097, doe = z % 146097;
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint32_t mp = (5 * doy + 2) / 153;

    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = (int)(yoe + era * 400 + (*m <= 2 ? 1 : 0));
}

static int timestamp(char *to, size_t cap)
{
    int y, m, d;
    uint32_t s = below(86400);

    civil(16436 + below(3650), &y, &m, &d); /* ten years from 2015 */
    return snprintf(to, cap, "%04d-%02d-%02d %02d:%02d:%02d.%03d", y, m, d,
                    (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60),
                    (int)below(1000));
}

/* Binds and steps: what is bound lives on this stack. */
static int one_row(sqlite3_stmt *st, int64_t id)
{
    char title[512], note[512], amount[32], when[32];
    uint64_t token[2] = { chance(), chance() };
    unsigned char bytes[16];

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(token[i / 8] >> (8 * (i % 8)));
    sqlite3_bind_int64(st, 1, id);
    sqlite3_bind_int64(st, 2, any_integer());
    sqlite3_bind_text(st, 3, title, text(title), SQLITE_STATIC);
    switch (below(8)) {
    case 0:
    case 1:
        sqlite3_bind_null(st, 4);
        break;
    case 2:
        sqlite3_bind_text(st, 4, "", 0, SQLITE_STATIC);
        break;
    default:
        sqlite3_bind_text(st, 4, note, text(note), SQLITE_STATIC);
    }
    sqlite3_bind_double(st, 5, real());
    sqlite3_bind_text(st, 6, amount, money(amount, sizeof amount),
                      SQLITE_STATIC);
    sqlite3_bind_text(st, 7, when, timestamp(when, sizeof when), SQLITE_STATIC);
    sqlite3_bind_text(st, 8, states[below(COUNT(states))], -1, SQLITE_STATIC);
    sqlite3_bind_int(st, 9, (int)below(2));
    sqlite3_bind_blob(st, 10, bytes, sizeof bytes, SQLITE_STATIC);
    return sqlite3_step(st) == SQLITE_DONE ? sqlite3_reset(st) : SQLITE_ERROR;
}

static void generate(sqlite3 *db, const char *table, int64_t rows)
{
    char *create = sqlite3_mprintf(
        "CREATE TABLE \"%w\"(id INTEGER PRIMARY KEY, customer BIGINT NOT NULL,"
        " title TEXT NOT NULL, note TEXT, score DOUBLE, amount TEXT,"
        " updated_at TIMESTAMP, state VARCHAR(16), active BOOLEAN,"
        " token BLOB)",
        table);
    char *insert = sqlite3_mprintf(
        "INSERT INTO \"%w\" VALUES(?,?,?,?,?,?,?,?,?,?)", table);
    sqlite3_stmt *st = NULL;

    if (!create || !insert)
        fail("memory", db);
    /* A broken database is made again, not repaired: no journal. */
    execute(db, "PRAGMA page_size = 4096");
    execute(db, "PRAGMA journal_mode = OFF");
    execute(db, "PRAGMA synchronous = OFF");
    execute(db, "BEGIN");
    execute(db, create);
    if (sqlite3_prepare_v2(db, insert, -1, &st, NULL) != SQLITE_OK)
        fail(insert, db);
    for (int64_t id = 1; id <= rows; id++) {
        if (one_row(st, id) != SQLITE_OK)
            fail("insert", db);
    }
    sqlite3_finalize(st);
    execute(db, "COMMIT");
    sqlite3_free(create);
    sqlite3_free(insert);
}

static uint64_t number(const char *option, const char *value)
{
    char *end = NULL;
    uint64_t n = value ? strtoull(value, &end, 10) : 0;

    if (!value || *value < '0' || *value > '9' || *end != '\0') {
        fprintf(stderr, "rowgen: %s wants a number\n", option);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    uint64_t rows = 1000000;
    const char *table = "orders", *file = NULL;
    sqlite3 *db = NULL;

    random_state = 1;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (strcmp(argv[i], "--rows") == 0) {
            rows = number(argv[i++], value);
        } else if (strcmp(argv[i], "--seed") == 0) {
            random_state = number(argv[i++], value);
        } else if (strcmp(argv[i], "--table") == 0 && value) {
            table = argv[++i];
        } else if (argv[i][0] != '-' && !file) {
            file = argv[i];
        } else {
            fprintf(stderr, "rowgen: don't understand %s\n", argv[i]);
            return 2;
        }
    }
    if (!file) {
        fprintf(stderr, "usage: rowgen [--rows N] [--seed S] [--table NAME] "
                        "FILE\n");
        return 2;
    }
    remove(file);
    if (sqlite3_initialize() != SQLITE_OK ||
        sqlite3_open(file, &db) != SQLITE_OK)
        fail(file, NULL);
    generate(db, table, (int64_t)rows);
    if (sqlite3_close(db) != SQLITE_OK)
        fail("close", db);
    return 0;
}
