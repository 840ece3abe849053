/* test_avro_schema.c: schemas that say what the columns are, in names that Avro
 * allows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "encode/avro_schema.h"
#include "sink.h"

#define COLUMNS 1600

static struct rn_config config;
static struct rn_error error;
static struct rn_avro_schema s;
static struct sink sink;
static uint8_t memory[65536] __attribute__((aligned(16)));
static char got[400000];

static int set_up(void **state)
{
    (void)state;
    memset(&config, 0, sizeof(config));
    config.path = "job.ini";
    config.job.name = "orders";
    config.file.record = "";
    return 0;
}

static int open_schema(const struct rn_schema *schema)
{
    struct rn_arena mem;

    rn_arena_init(&mem, "test", memory, rn_avro_schema_need(schema->n));
    memset(&error, 0, sizeof(error));
    s.config = &config;
    s.schema = schema;
    return rn_avro_schema_init(&s, &mem, &error);
}

/* The text of a schema, as a string, through a buffer of `size` bytes. */
static const char *text_of(const struct rn_schema *schema, size_t size)
{
    int err = open_schema(schema);

    if (err < 0)
        fail_msg("%d %s", err, error.text);
    sink_init(&sink, size, got, sizeof(got) - 1);
    rn_avro_schema_put(&s, &sink.out);
    assert_int_equal(rn_out_flush(&sink.out), RN_OK);
    got[sink.n] = '\0';
    return got;
}

/* Only the fields, each to be given without braces. */
#define RECORD(name, fields) \
    "{\"type\":\"record\"," name ",\"fields\":[" fields "]}"
#define ORDERS(fields)    RECORD("\"name\":\"orders\"", fields)
#define FIELD(name, rest) "{\"name\":\"" name "\"," rest "}"
#define NULLABLE(name, type) \
    FIELD(name, "\"type\":[\"null\"," type "],\"default\":null")
#define RENAMED(name, was, type)                                   \
    FIELD(name, "\"doc\":\"" was "\",\"runnel.name\":\"" was "\"," \
                "\"type\":" type)
#define LOGICAL(type, logical) \
    "{\"type\":\"" type "\",\"logicalType\":\"" logical "\"}"

static void expect_type(const struct rn_col *col, const char *type)
{
    struct rn_col both[] = { *col, *col };
    const struct rn_schema schema = { both, 2 };
    char text[500];

    both[0].name = RN_STR("a");
    both[1].name = RN_STR("b");
    both[1].nullable = true;
    snprintf(text, sizeof(text),
             ORDERS(FIELD("a", "\"type\":%s") "," NULLABLE("b", "%s")), type,
             type);
    assert_string_equal(text_of(&schema, 100), text);
}

static void each_type_has_its_own(void **state)
{
    static const struct {
        struct rn_col col;
        const char *type;
    } types[] = {
        { { .type = RN_BOOL }, "\"boolean\"" },
        { { .type = RN_I64 }, "\"long\"" },
        { { .type = RN_I64, .bits = 64 }, "\"long\"" },
        { { .type = RN_I64, .bits = 32 }, "\"int\"" },
        { { .type = RN_I64, .bits = 16 }, "\"int\"" },
        { { .type = RN_I64, .bits = 8 }, "\"int\"" },
        { { .type = RN_F64 }, "\"double\"" },
        { { .type = RN_F64, .bits = 32 }, "\"float\"" },
        { { .type = RN_DECIMAL, .precision = 38, .scale = 10 },
          "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":38,"
          "\"scale\":10}" },
        { { .type = RN_DATE }, LOGICAL("int", "date") },
        { { .type = RN_TIME }, LOGICAL("long", "time-micros") },
        { { .type = RN_TIME, .millis = true }, LOGICAL("int", "time-millis") },
        { { .type = RN_TIMESTAMP }, LOGICAL("long", "local-timestamp-micros") },
        { { .type = RN_TIMESTAMP, .millis = true },
          LOGICAL("long", "local-timestamp-millis") },
        { { .type = RN_TIMESTAMP, .utc = true },
          LOGICAL("long", "timestamp-micros") },
        { { .type = RN_TIMESTAMP, .utc = true, .millis = true },
          LOGICAL("long", "timestamp-millis") },
        { { .type = RN_TEXT }, "\"string\"" },
        { { .type = RN_BLOB }, "\"bytes\"" },
        { { .type = RN_UUID }, LOGICAL("string", "uuid") },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(types); i++)
        expect_type(&types[i].col, types[i].type);
}

static void json_columns_are_marked(void **state)
{
    static const struct rn_col col = { .name = RN_LIT("a"),
                                       .type = RN_TEXT,
                                       .json = true };
    static const struct rn_schema schema = { &col, 1 };

    (void)state;
    assert_string_equal(text_of(&schema, 100),
                        ORDERS(FIELD("a", "\"runnel.type\":\"json\","
                                          "\"type\":\"string\"")));
}

/* ------------------------------------------------------------------ names */

/* Columns of these names, with ends marked by a NULL. */
static struct rn_col named[COLUMNS];

static struct rn_schema columns_of(const char *const *names)
{
    struct rn_schema schema = { named, 0 };

    for (; names[schema.n] != NULL; schema.n++) {
        named[schema.n] = (struct rn_col){ .type = RN_BOOL };
        named[schema.n].name = rn_bytes_of(names[schema.n]);
    }
    return schema;
}

/* The fields' names in the schema's text, with commas between. */
static const char *names_in(const char *text)
{
    static char names[200000];
    size_t n = 0;

    text = strstr(text, "\"fields\"");
    for (const char *p = text; (p = strstr(p, "{\"name\":\"")) != NULL;) {
        p += 9;
        while (*p != '"')
            names[n++] = *p++;
        names[n++] = ',';
    }
    names[n > 0 ? n - 1 : 0] = '\0';
    return names;
}

#define NAMES(...)        \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }

static void expect_names(const char *const *names, const char *expected)
{
    struct rn_schema schema = columns_of(names);

    assert_string_equal(names_in(text_of(&schema, 1000)), expected);
}

static void legal_names_are_left_alone(void **state)
{
    (void)state;
    expect_names(NAMES("a", "A", "_", "_1", "z9_Z", "int", "null", "record"),
                 "a,A,_,_1,z9_Z,int,null,record");
    assert_null(strstr(got, "doc"));
}

static void other_names_are_made_legal_by_the_rule(void **state)
{
    (void)state;
    expect_names(NAMES("a b"), "a_b");
    expect_names(NAMES("1st"), "_1st");
    expect_names(NAMES(""), "_");
    expect_names(NAMES("-"), "_");
    expect_names(NAMES("9"), "_9");
    expect_names(NAMES("a.b-c"), "a_b_c");
    expect_names(NAMES("gr\xc3\xb6\xc3\x9f"
                       "e"),
                 "gr__e");
    expect_names(NAMES("\xe2\x82\xac\xf0\x9f\x98\x80"), "__");
    expect_names(NAMES("@[`{/:"), "______");
}

static void a_renamed_column_keeps_what_it_was_called(void **state)
{
    static const struct rn_col col = { .name =
                                           RN_LIT("say \"x\\\"\n\x1f\xc3\xb6"),
                                       .type = RN_BOOL };
    static const struct rn_schema schema = { &col, 1 };

    (void)state;
    assert_string_equal(
        text_of(&schema, 100),
        ORDERS(RENAMED("say__x_____", "say \\\"x\\\\\\\"\\u000a\\u001f\xc3\xb6",
                       "\"boolean\"")));
}

static void names_that_collide_are_numbered(void **state)
{
    (void)state;
    expect_names(NAMES("a", "a", "a"), "a,a_2,a_3");
    expect_names(NAMES("a b", "a-b", "a:b"), "a_b,a_b_2,a_b_3");
    expect_names(NAMES("", "", "_"), "__2,__3,_");
    /* Who is legal stays, wherever it stands. */
    expect_names(NAMES("a b", "a_b", "a-b"), "a_b_2,a_b,a_b_3");
    expect_names(NAMES("a", "a", "a_2", "a_3", "a"), "a,a_4,a_2,a_3,a_5");
    expect_names(NAMES("a_2", "a", "a", "a 2"), "a_2,a,a_3,a_2_2");
    expect_names(NAMES("a 2", "a", "a"), "a_2,a,a_3");
    expect_names(NAMES("a", "a", "a 2"), "a,a_2,a_2_2");
    /* The second of a legal name is renamed, and says so. */
    expect_names(NAMES("a", "a"), "a,a_2");
    assert_non_null(strstr(got, RENAMED("a_2", "a", "\"boolean\"")));
}

/* All names of a schema: legal, and none twice. */
static void check_names(const char *names, size_t n)
{
    static char copy[200000], *name[COLUMNS];
    size_t found = 0;

    snprintf(copy, sizeof(copy), "%s", names);
    for (char *p = strtok(copy, ","); p != NULL; p = strtok(NULL, ",")) {
        assert_true(strspn(p, "abcdefghijklmnopqrstuvwxyz_0123456789") ==
                    strlen(p));
        assert_false(*p >= '0' && *p <= '9');
        for (size_t i = 0; i < found; i++)
            assert_string_not_equal(name[i], p);
        name[found++] = p;
    }
    assert_int_equal(found, n);
}

static void many_columns_of_few_names_get_one_each(void **state)
{
    static const char *const few[] = { "a", "a_2", "a 2", "2", "", "_", "a_7" };
    static const char *names[COLUMNS + 1];
    struct rn_schema schema;

    (void)state;
    for (size_t i = 0; i < COLUMNS; i++)
        names[i] = "a";
    schema = columns_of(names);
    check_names(names_in(text_of(&schema, 1000)), COLUMNS);
    assert_non_null(strstr(got, "\"a_1600\""));
    for (size_t i = 0; i < COLUMNS; i++)
        names[i] = few[i * i * 31 / 7 % RN_COUNTOF(few)];
    schema = columns_of(names);
    check_names(names_in(text_of(&schema, 1000)), COLUMNS);
}

static void the_text_is_the_same_for_every_buffer_size(void **state)
{
    struct rn_schema schema = columns_of(NAMES("a b", "a_b", "\"", "9", "9"));
    static char first[10000];

    (void)state;
    snprintf(first, sizeof(first), "%s", text_of(&schema, 60000));
    for (size_t size = 1; size < 300; size++)
        assert_string_equal(text_of(&schema, size), first);
}

/* ----------------------------------------------------------------- record */

static void the_record_is_the_jobs_or_the_files(void **state)
{
    static const struct {
        const char *job, *record, *head;
    } names[] = {
        { "orders", "", "\"name\":\"orders\"" },
        { "my-orders.eu", "",
          "\"name\":\"my_orders_eu\",\"doc\":\"my-orders.eu\"" },
        { "2nd", "", "\"name\":\"_2nd\",\"doc\":\"2nd\"" },
        { "string", "", "\"name\":\"string_\",\"doc\":\"string\"" },
        { "orders", "Order", "\"name\":\"Order\"" },
        { "my-orders", "com.example.Order",
          "\"name\":\"Order\",\"namespace\":\"com.example\"" },
        { "orders", "a.b", "\"name\":\"b\",\"namespace\":\"a\"" },
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(names); i++) {
        struct rn_schema schema = columns_of(NAMES("a"));
        char text[300];

        config.job.name = names[i].job;
        config.file.record = names[i].record;
        snprintf(text, sizeof(text),
                 RECORD("%s", FIELD("a", "\"type\":\"boolean\"")),
                 names[i].head);
        assert_string_equal(text_of(&schema, 100), text);
    }
}

static void a_record_that_avro_does_not_allow_is_refused(void **state)
{
    static const char *const bad[] = {
        "my-order", "2nd",     ".a",  "a.",  "a..b",
        ".",        "a.2b",    "a b", "int", "com.example.string",
        "\xc3\xb6", "a.b-c.d",
    };

    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(bad); i++) {
        struct rn_schema schema = columns_of(NAMES("a"));

        config.file.record = bad[i];
        if (open_schema(&schema) != RN_E_CONFIG)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_non_null(strstr(error.text, "job.ini: [file] record"));
    }
}

static void memory_is_what_need_says(void **state)
{
    struct rn_schema schema = columns_of(NAMES("a", "b", "c"));
    struct rn_arena mem;

    (void)state;
    s.config = &config;
    s.schema = &schema;
    rn_arena_init(&mem, "test", memory, sizeof(memory));
    assert_int_equal(rn_avro_schema_init(&s, &mem, &error), RN_OK);
    assert_int_equal(mem.used, rn_avro_schema_need(3));
    rn_arena_init(&mem, "test", memory, rn_avro_schema_need(3) - RN_ALIGN);
    assert_int_equal(rn_avro_schema_init(&s, &mem, &error), RN_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_type_has_its_own, set_up),
        cmocka_unit_test_setup(json_columns_are_marked, set_up),
        cmocka_unit_test_setup(legal_names_are_left_alone, set_up),
        cmocka_unit_test_setup(other_names_are_made_legal_by_the_rule, set_up),
        cmocka_unit_test_setup(a_renamed_column_keeps_what_it_was_called,
                               set_up),
        cmocka_unit_test_setup(names_that_collide_are_numbered, set_up),
        cmocka_unit_test_setup(many_columns_of_few_names_get_one_each, set_up),
        cmocka_unit_test_setup(the_text_is_the_same_for_every_buffer_size,
                               set_up),
        cmocka_unit_test_setup(the_record_is_the_jobs_or_the_files, set_up),
        cmocka_unit_test_setup(a_record_that_avro_does_not_allow_is_refused,
                               set_up),
        cmocka_unit_test_setup(memory_is_what_need_says, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
