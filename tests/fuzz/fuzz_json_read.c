/* fuzz_json_read.c: both readers of JSON against a strict one. The scanner
 * takes exactly what is JSON and gives the same items for any split. The
 * reader of answers, which is more lenient, reads all that is JSON and finds
 * the same values in it.
 */
#include <string.h>

#include "job/json_scan.h"
#include "json_oracle.h"
#include "warehouse/rest_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT  4096
#define VALUES 1024
#define DEPTH  16

/* What was found, item after item. */
struct found {
    struct {
        enum rn_scan_item item;
        size_t at, n; /* its text */
    } item[2 * INPUT];
    size_t n;
    uint8_t text[INPUT + 4];
    size_t used;
    size_t longest, longest_bare; /* texts, numbers and words */
};

static int add(void *ctx, enum rn_scan_item item, struct rn_bytes text)
{
    struct found *f = ctx;
    bool has =
        item == RN_SCAN_KEY || item == RN_SCAN_STRING || item == RN_SCAN_NUMBER;
    size_t n = has ? text.n : 0;

    RN_ASSERT(f->n < 2 * INPUT && n <= sizeof(f->text) - f->used);
    f->item[f->n].item = item;
    f->item[f->n].at = f->used;
    f->item[f->n++].n = n;
    if (n > 0)
        memcpy(f->text + f->used, text.p, n);
    f->used += n;
    if (item != RN_SCAN_NUMBER && n > f->longest)
        f->longest = n;
    if (item == RN_SCAN_NUMBER && n > f->longest_bare)
        f->longest_bare = n;
    return RN_OK;
}

static bool add_text(struct json_in *in, enum rn_scan_item item,
                     struct found *f)
{
    static uint8_t text[INPUT];
    size_t n;

    if (!json_string(in, text, &n))
        return false;
    add(f, item, (struct rn_bytes){ text, n });
    return true;
}

static bool add_bare(struct json_in *in, struct found *f)
{
    struct rn_bytes none = { NULL, 0 }, number;

    if (in->p == in->end)
        return false;
    switch (*in->p) {
    case '"':
        return add_text(in, RN_SCAN_STRING, f);
    case 't':
        add(f, RN_SCAN_TRUE, none);
        return json_word(in, "true");
    case 'f':
        add(f, RN_SCAN_FALSE, none);
        return json_word(in, "false");
    case 'n':
        add(f, RN_SCAN_NULL, none);
        return json_word(in, "null");
    default:
        if (!json_number(in, &number))
            return false;
        add(f, RN_SCAN_NUMBER, number);
        return true;
    }
}

/* A member's name with its colon, where there is one. */
static bool add_name(struct json_in *in, struct found *f)
{
    if (!add_text(in, RN_SCAN_KEY, f))
        return false;
    json_blanks(in);
    if (!json_byte(in, ':'))
        return false;
    json_blanks(in);
    return true;
}

/* Behind a value: true: all brackets that are closed here were; *again: there
 * is a comma, so another value comes.
 */
static bool close_brackets(struct json_in *in, const char *kind, int *depth,
                           struct found *f, bool *again)
{
    *again = false;
    for (json_blanks(in); *depth > 0; json_blanks(in)) {
        if (json_byte(in, ',')) {
            *again = true;
            return true;
        }
        if (!json_byte(in, kind[*depth] == '[' ? ']' : '}'))
            return false;
        --*depth;
        add(f, RN_SCAN_CLOSE, (struct rn_bytes){ NULL, 0 });
    }
    return true;
}

/* An object or array and blanks around it; *deep: deeper than our readers go.
 */
static bool read_json(struct json_in *in, struct found *f, bool *deep)
{
    char kind[DEPTH + 1];
    bool more = true, opened;
    int depth = 0;

    *deep = false;
    json_blanks(in);
    if (in->p == in->end || (*in->p != '{' && *in->p != '['))
        return false;
    while (more) {
        json_blanks(in);
        if (depth > 0 && kind[depth] == '{' && !add_name(in, f))
            return false;
        opened = in->p < in->end && (*in->p == '{' || *in->p == '[');
        if (opened && depth == DEPTH) {
            *deep = true;
            return false;
        }
        if (opened) {
            kind[++depth] = (char)*in->p++;
            add(f, kind[depth] == '[' ? RN_SCAN_LIST : RN_SCAN_OBJECT,
                (struct rn_bytes){ NULL, 0 });
            json_blanks(in);
            if (in->p < in->end && *in->p != (kind[depth] == '[' ? ']' : '}'))
                continue;
        } else if (!add_bare(in, f)) {
            return false;
        }
        if (!close_brackets(in, kind, &depth, f, &more))
            return false;
    }
    json_blanks(in);
    return in->p == in->end;
}

static int scan(struct rn_bytes text, size_t step, struct found *f)
{
    static struct rn_json_scan s;

    f->n = f->used = f->longest = f->longest_bare = 0;
    rn_json_scan_begin(&s, add, f);
    for (size_t at = 0; at < text.n; at += step)
        rn_json_scan_feed(&s, (struct rn_bytes){ text.p + at, text.n - at < step
                                                                  ? text.n - at
                                                                  : step });
    return rn_json_scan_end(&s);
}

static void same_items(const struct found *a, const struct found *b)
{
    RN_ASSERT(a->n == b->n && a->used == b->used);
    RN_ASSERT(memcmp(a->text, b->text, a->used) == 0);
    for (size_t i = 0; i < a->n; i++)
        RN_ASSERT(a->item[i].item == b->item[i].item &&
                  a->item[i].n == b->item[i].n);
}

/* The tokens of an answer stand in the order of the text. */
static void same_values(struct rn_doc *d, const struct found *f)
{
    int at = 0;

    for (size_t i = 0; i < f->n; i++) {
        enum rn_scan_item item = f->item[i].item;
        struct rn_bytes wanted = { f->text + f->item[i].at, f->item[i].n };
        bool text = item == RN_SCAN_KEY || item == RN_SCAN_STRING;

        if (item == RN_SCAN_CLOSE)
            continue;
        RN_ASSERT(rn_doc_is_string(d, at) == text);
        RN_ASSERT(rn_doc_is_array(d, at) == (item == RN_SCAN_LIST));
        RN_ASSERT(rn_doc_is_null(d, at) == (item == RN_SCAN_NULL));
        if (text || item == RN_SCAN_NUMBER)
            RN_ASSERT(rn_bytes_equal(rn_doc_text(d, at), wanted));
        at++;
    }
    RN_ASSERT((size_t)at == d->n);
}

static void read_answer(struct rn_bytes text, const struct found *wanted)
{
    static uint8_t memory[VALUES * 32 + 64] __attribute__((aligned(16)));
    static char copy[INPUT];
    struct rn_arena mem;
    struct rn_doc d;
    int err;

    rn_arena_init(&mem, "fuzz", memory, sizeof(memory));
    RN_ASSERT(rn_doc_init(&d, VALUES, &mem) == RN_OK);
    memcpy(copy, text.p, text.n);
    err = rn_doc_parse(&d, copy, text.n);
    if (wanted != NULL && err != RN_E_FULL) {
        RN_ASSERT(err == RN_OK);
        same_values(&d, wanted);
        return;
    }
    RN_ASSERT(err == RN_OK || err == RN_E_PEER || err == RN_E_FULL);
    for (int at = 0; err == RN_OK && (size_t)at < d.n; at++) {
        char some[8];

        rn_doc_copy(&d, at, some, sizeof(some));
        RN_ASSERT(strlen(some) < sizeof(some));
        rn_doc_find(&d, at, "a.0.b");
        RN_ASSERT(rn_doc_text(&d, at).n <= text.n);
    }
}

/* The first byte chooses the split. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct found oracle, whole, split;
    struct json_in in = { data + 1, data + size };
    struct rn_bytes text = { data + 1, size - 1 };
    bool is_json, deep;
    int err;

    if (size < 2 || size > INPUT)
        return 0;
    oracle.n = oracle.used = oracle.longest = oracle.longest_bare = 0;
    is_json = read_json(&in, &oracle, &deep);
    err = scan(text, size, &whole);
    RN_ASSERT(err == scan(text, data[0] % 16 + 1u, &split));
    same_items(&whole, &split);
    if (is_json && oracle.longest_bare <= 40) {
        RN_ASSERT(err == RN_OK);
        same_items(&whole, &oracle);
    } else {
        RN_ASSERT(err < 0);
        RN_ASSERT(!deep || err == RN_E_FULL || err == RN_E_TORN);
    }
    read_answer(text, is_json ? &oracle : NULL);
    return 0;
}
