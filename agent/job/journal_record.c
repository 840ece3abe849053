/* job/journal_record.c: see job/journal_record.h; the layout is in
 * journal.c.
 */
#include "job/journal_record.h"

#include <string.h>

#include "core/crc64.h"
#include "runnel/port.h"

/* 1 knew no warehouses, 2 no runs that are gone on with. */
#define VERSION 3u
#define OLDEST  1u
#define HEAD    24u
#define TAIL    8u

/* The largest record: texts with their length, numbers, one of each. */
#define PAST_MOST                                    \
    (2 + RN_RUN_ID + 1 + 8 + 8 + 8 + 8 + 4 + 8 + 2 + \
     sizeof(((struct rn_past_run *)0)->error))
#define MARK_MOST (1 + 8 + 8 + 2 + RN_WATERMARK_MAX)
#define OPEN_MOST                                                            \
    (2 + RN_RUN_ID + 2 + RN_PLACE_MAX + 2 + 16 + 8 + 4 + 4 * 1 + PAST_MOST + \
     MARK_MOST + 8)
_Static_assert(HEAD + 2 + 65 + OPEN_MOST + MARK_MOST + 1 +
                       RN_HISTORY * PAST_MOST + TAIL <=
                   RN_JOURNAL_BYTES,
               "the largest record fits");
_Static_assert(RN_JOURNAL_BYTES <= RN_STATE_MAX, "and its slot");

static const uint8_t magic[8] = { 'R', 'N', 'J', 'O', 'U', 'R', 'N', 'L' };

/* --------------------------------------------------------------- writing */

static uint8_t *put(uint8_t *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        *to++ = (uint8_t)(value >> (8 * i));
    return to;
}

static uint8_t *put_bytes(uint8_t *to, const void *p, size_t n)
{
    to = put(to, n, 2);
    memcpy(to, p, n);
    return to + n;
}

static uint8_t *put_text(uint8_t *to, const char *text)
{
    return put_bytes(to, text, strlen(text));
}

static uint8_t *put_past(uint8_t *to, const struct rn_past_run *p)
{
    to = put_text(to, p->run);
    to = put(to, (uint64_t)p->state, 1);
    to = put(to, (uint64_t)p->started_us, 8);
    to = put(to, (uint64_t)p->elapsed_ms, 8);
    to = put(to, p->rows, 8);
    to = put(to, p->bytes, 8);
    to = put(to, p->files, 4);
    to = put(to, p->resumed, 8);
    return put_text(to, p->error);
}

static uint8_t *put_mark(uint8_t *to, const struct rn_watermark *w)
{
    uint64_t bits;

    memcpy(&bits, &w->f64, sizeof bits);
    to = put(to, (uint64_t)w->type, 1);
    to = put(to, (uint64_t)w->i64, 8);
    to = put(to, bits, 8);
    return put_bytes(to, w->bytes, w->len);
}

static uint8_t *put_open(uint8_t *to, const struct rn_open_run *open)
{
    to = put_text(to, open->run);
    to = put_text(to, open->place);
    to = put_text(to, open->ext);
    to = put(to, (uint64_t)open->started_us, 8);
    to = put(to, open->files, 4);
    to = put(to, open->doomed, 1);
    to = put(to, open->sealed, 1);
    if (!open->sealed)
        return to;
    to = put(to, open->pending, 1);
    to = put(to, open->shape, 8);
    to = put_past(to, &open->result);
    to = put(to, open->marked, 1);
    return open->marked ? put_mark(to, &open->watermark) : to;
}

size_t rn_journal_encode(const struct rn_journal_record *r, uint8_t *to)
{
    uint8_t *p = to + HEAD;

    p = put_text(p, r->job);
    p = put_open(p, &r->open);
    p = put_mark(p, &r->watermark);
    p = put(p, r->pasts, 1);
    for (size_t i = 0; i < r->pasts; i++)
        p = put_past(p, &r->past[i]);
    size_t body = (size_t)(p - to) - HEAD;
    memcpy(to, magic, sizeof magic);
    (void)put(to + 8, VERSION, 4);
    (void)put(to + 12, body, 4);
    (void)put(to + 16, r->generation, 8);
    (void)put(p, rn_crc64(0, to, HEAD + body), TAIL);
    return HEAD + body + TAIL;
}

/* --------------------------------------------------------------- reading */

/* A cursor that runs dry instead of over the end. */
struct cursor {
    const uint8_t *p;
    size_t left;
    bool bad;
    uint64_t version;
};

static uint64_t get(struct cursor *c, unsigned bytes)
{
    uint64_t value = 0;

    if (c->left < bytes) {
        c->bad = true;
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)c->p[i] << (8 * i);
    c->p += bytes;
    c->left -= bytes;
    return value;
}

static size_t get_bytes(struct cursor *c, void *to, size_t cap)
{
    size_t n = (size_t)get(c, 2);

    if (n > c->left || n > cap) {
        c->bad = true;
        return 0;
    }
    memcpy(to, c->p, n);
    c->p += n;
    c->left -= n;
    return n;
}

static void get_text(struct cursor *c, char *to, size_t cap)
{
    size_t n = get_bytes(c, to, cap - 1);

    to[n] = 0;
    if (strlen(to) != n)
        c->bad = true;
}

static void get_past(struct cursor *c, struct rn_past_run *p)
{
    uint64_t state;

    get_text(c, p->run, sizeof p->run);
    state = get(c, 1);
    if (state > RN_RUN_INTERRUPTED)
        c->bad = true;
    p->state = (enum rn_run_state)state;
    p->started_us = (int64_t)get(c, 8);
    p->elapsed_ms = (int64_t)get(c, 8);
    p->rows = get(c, 8);
    p->bytes = get(c, 8);
    p->files = (uint32_t)get(c, 4);
    p->resumed = c->version > 2 ? get(c, 8) : 0;
    get_text(c, p->error, sizeof p->error);
}

static void get_mark(struct cursor *c, struct rn_watermark *w)
{
    uint64_t type = get(c, 1);
    uint64_t bits;

    if (type > RN_BLOB)
        c->bad = true;
    w->type = (enum rn_type)type;
    w->i64 = (int64_t)get(c, 8);
    bits = get(c, 8);
    memcpy(&w->f64, &bits, sizeof bits);
    w->len = (uint16_t)get_bytes(c, w->bytes, sizeof w->bytes);
}

static bool get_bool(struct cursor *c)
{
    uint64_t v = get(c, 1);

    if (v > 1)
        c->bad = true;
    return v == 1;
}

static void get_open(struct cursor *c, struct rn_open_run *open)
{
    get_text(c, open->run, sizeof open->run);
    get_text(c, open->place, sizeof open->place);
    get_text(c, open->ext, sizeof open->ext);
    open->started_us = (int64_t)get(c, 8);
    open->files = (uint32_t)get(c, 4);
    open->doomed = c->version > 2 && get_bool(c);
    open->sealed = get_bool(c);
    if (!open->sealed)
        return;
    open->pending = c->version > 1 ? (uint8_t)get(c, 1) : 0;
    open->shape = c->version > 1 ? get(c, 8) : 0;
    get_past(c, &open->result);
    open->marked = get_bool(c);
    if (open->marked)
        get_mark(c, &open->watermark);
}

static void get_body(struct cursor *c, struct rn_journal_record *r)
{
    get_text(c, r->job, sizeof r->job);
    get_open(c, &r->open);
    get_mark(c, &r->watermark);
    r->pasts = (size_t)get(c, 1);
    if (r->pasts > RN_HISTORY) {
        c->bad = true;
        r->pasts = 0;
    }
    for (size_t i = 0; i < r->pasts; i++)
        get_past(c, &r->past[i]);
}

/* The checksum comes before the version, so that a flipped bit is never taken
 * for another version of runnel.
 */
int rn_journal_decode(const uint8_t *p, size_t len, struct rn_journal_record *r)
{
    struct cursor head = { p, len, false, 0 };
    struct cursor crc;

    memset(r, 0, sizeof *r);
    if (len < HEAD + TAIL || memcmp(p, magic, sizeof magic) != 0)
        return RN_E_TORN;
    (void)get(&head, sizeof magic);
    uint64_t version = get(&head, 4);
    uint64_t body = get(&head, 4);
    r->generation = get(&head, 8);
    if (body != len - HEAD - TAIL)
        return RN_E_TORN;
    crc = (struct cursor){ p + HEAD + body, TAIL, false, 0 };
    if (get(&crc, TAIL) != rn_crc64(0, p, HEAD + (size_t)body))
        return RN_E_TORN;
    if (version < OLDEST || version > VERSION)
        return RN_E_DENIED;
    head.version = version;
    head.left = (size_t)body;
    get_body(&head, r);
    return head.bad || head.left != 0 ? RN_E_TORN : RN_OK;
}
