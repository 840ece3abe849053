/* sim/blob_serve.c: the operations of the service, with its limits and its
 * codes; see sim/blob.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base64.h"
#include "core/crc64.h"
#include "identity/hash.h"
#include "sim.h"
#include "sim/blob.h"

static void refuse(struct blob_answer *a, int status, const char *code)
{
    a->status = status;
    a->code = code;
}

/* -- what every request must have ------------------------------------------ */

static bool check_version(const struct blob_request *q, struct blob_answer *a)
{
    static const char *const known[] = { "2019-02-02", "2019-12-12",
                                         "2020-12-06", "2021-12-02",
                                         "2023-11-03", "2025-11-05" };
    struct blob_text v = blob_header(q, "x-ms-version");

    for (size_t i = 0; v.p && i < RN_COUNTOF(known); i++) {
        if (blob_is(v, known[i]))
            return true;
    }
    blob_breaks("x-ms-version is missing or unknown");
    refuse(a, 400, "InvalidHeaderValue");
    return false;
}

/* Both sums, one of them wrong, or what the answer says of them. */
static bool check_sums(const struct blob_request *q, struct blob_answer *a)
{
    struct blob_text crc = blob_header(q, "x-ms-content-crc64");
    struct blob_text md5 = blob_header(q, "content-md5");
    uint64_t sum = rn_crc64(0, q->body, q->body_len);
    uint8_t raw[16];
    struct rn_md5 m;

    if (crc.p && md5.p) {
        blob_breaks("both checksums in one request");
        refuse(a, 400, "BothCrc64AndMd5HeaderPresent");
        return false;
    }
    if (md5.p) {
        rn_md5_init(&m);
        rn_md5_add(&m, (struct rn_bytes){ q->body, q->body_len });
        rn_md5_done(&m, raw);
        (void)snprintf(a->sum_name, sizeof a->sum_name, "Content-MD5");
        a->sum[rn_base64(raw, 16, a->sum)] = 0;
    } else {
        for (size_t i = 0; i < 8; i++)
            raw[i] = (uint8_t)(sum >> (8 * i));
        (void)snprintf(a->sum_name, sizeof a->sum_name, "x-ms-content-crc64");
        a->sum[rn_base64(raw, 8, a->sum)] = 0;
    }
    if ((md5.p && !blob_is(md5, a->sum)) || (crc.p && !blob_is(crc, a->sum))) {
        refuse(a, 400, md5.p ? "Md5Mismatch" : "Crc64Mismatch");
        return false;
    }
    return true;
}

/* If-None-Match and If-Match on a request that makes something visible. */
static bool check_conditions(const struct blob_request *q, const struct blob *b,
                             struct blob_answer *a)
{
    const struct blob_version *v = blob_visible(b);
    struct blob_text none = blob_header(q, "if-none-match");
    struct blob_text match = blob_header(q, "if-match");

    if (!none.p)
        blob_breaks("%s of %s without If-None-Match", q->method, q->name);
    if (none.p && blob_is(none, "*") && v) {
        refuse(a, 409, "BlobAlreadyExists");
        return false;
    }
    if (match.p && (!v || !blob_is(match, v->etag))) {
        refuse(a, 412, "ConditionNotMet");
        return false;
    }
    return true;
}

static void take_metadata(const struct blob_request *q, struct blob_version *v)
{
    struct blob_text run = blob_header(q, "x-ms-meta-runnel_run");
    struct blob_text rows = blob_header(q, "x-ms-meta-runnel_rows");

    if (run.p)
        (void)snprintf(v->run, sizeof v->run, "%.*s", (int)run.n, run.p);
    if (rows.p)
        (void)snprintf(v->rows, sizeof v->rows, "%.*s", (int)rows.n, rows.p);
}

static uint8_t *copy(const uint8_t *p, size_t n)
{
    uint8_t *to = malloc(n > 0 ? n : 1);

    RN_ASSERT(to);
    if (n > 0)
        memcpy(to, p, n);
    return to;
}

/* -- blocks ---------------------------------------------------------------- */

static struct blob_staged *find_staged(struct blob *b, const uint8_t *id,
                                       size_t len)
{
    for (size_t i = 0; i < b->staged_n; i++) {
        if (b->staged[i].id_len == len && memcmp(b->staged[i].id, id, len) == 0)
            return &b->staged[i];
    }
    return NULL;
}

static bool check_id(struct blob *b, size_t len, struct blob_answer *a)
{
    size_t other = b->staged_n > 0 ? b->staged[0].id_len : b->committed_id_len;

    if (other == 0 || other == len)
        return true;
    refuse(a, 400, "InvalidBlobOrBlock");
    return false;
}

static void stage(const struct blob_request *q, struct blob_answer *a)
{
    char text[120];
    uint8_t id[64];
    struct blob *b = blob_make(q->name);
    struct blob_staged *s;
    int n;

    blob_figures.stages++;
    blob_expire(b);
    if (blob_header(q, "if-none-match").p || blob_header(q, "if-match").p)
        blob_breaks("a condition on Put Block");
    if (!blob_parameter(q, "blockid", text, sizeof text) ||
        (n = rn_base64_decode(text, strlen(text), id, sizeof id)) <= 0) {
        refuse(a, 400, "InvalidQueryParameterValue");
        return;
    }
    if (q->body_len == 0) {
        blob_breaks("a block of no bytes");
        refuse(a, 400, "InvalidHeaderValue");
        return;
    }
    if (!check_id(b, (size_t)n, a) || !check_sums(q, a))
        return;
    s = find_staged(b, id, (size_t)n);
    if (!s && b->staged_n >= blob_limits()->uncommitted) {
        refuse(a, 409, "RequestEntityTooLargeBlockCountExceedsLimit");
        return;
    }
    if (!s && b->staged_n == b->staged_cap) {
        b->staged_cap = b->staged_cap > 0 ? b->staged_cap * 2 : 16;
        b->staged = realloc(b->staged, b->staged_cap * sizeof *s);
        RN_ASSERT(b->staged);
    }
    if (!s) {
        s = &b->staged[b->staged_n++];
        memset(s, 0, sizeof *s);
        memcpy(s->id, id, (size_t)n);
        s->id_len = (size_t)n;
    } else if (s->life == q->life && (s->len != q->body_len ||
                                      memcmp(s->data, q->body, s->len) != 0)) {
        blob_breaks("block %s of %s came again with other bytes", text,
                    q->name);
    }
    free(s->data);
    s->data = copy(q->body, q->body_len);
    s->len = q->body_len;
    s->life = q->life;
    b->last_block_us = sim_now();
    a->status = 201;
}

/* Blocks as a list names them, joined. */
#define NONCES 24
struct join {
    struct blob *b;
    uint8_t nonce[NONCES][8];
    unsigned life[NONCES];
    struct blob_version v;
    size_t cap;
    size_t id_len;
};

/* A process that goes on with a file names its blocks anew; what an earlier one
 * had sent must not come between them.
 */
static void note_nonce(struct join *j, const uint8_t *id, unsigned life)
{
    unsigned i = 0;

    while (i < j->v.nonces && memcmp(j->nonce[i], id, 8) != 0)
        i++;
    if (i == NONCES) {
        j->v.mixed = true;
    } else if (i == j->v.nonces) {
        memcpy(j->nonce[i], id, 8);
        j->life[i] = life;
        j->v.nonces++;
    } else if (j->life[i] != life) {
        j->v.mixed = true;
    }
    if (j->v.blocks == 0)
        rn_hex(id, 8, j->v.nonce);
}

static bool join_block(struct join *j, const char *text, size_t n)
{
    uint8_t id[64];
    struct blob_staged *s;
    int len = rn_base64_decode(text, n, id, sizeof id);

    if (len <= 0 || !(s = find_staged(j->b, id, (size_t)len)))
        return false;
    if (len >= 8)
        note_nonce(j, id, s->life);
    if (j->v.len + s->len > j->cap) {
        j->cap = (j->v.len + s->len) * 2;
        j->v.data = realloc(j->v.data, j->cap);
        RN_ASSERT(j->v.data);
    }
    memcpy(j->v.data + j->v.len, s->data, s->len);
    j->v.len += s->len;
    j->v.blocks++;
    j->id_len = (size_t)len;
    return true;
}

static bool skip(const char **p, const char *end, const char *word)
{
    size_t n = strlen(word);

    while (*p < end && strchr(" \r\n\t", **p) && **p)
        (*p)++;
    if ((size_t)(end - *p) < n || memcmp(*p, word, n) != 0)
        return false;
    *p += n;
    return true;
}

/* Strictly the document that the service's pages show. 0, or the code. */
static const char *join_list(struct join *j, const char *p, const char *end)
{
    if (!skip(&p, end, "<?xml version=\"1.0\" encoding=\"utf-8\"?>") ||
        !skip(&p, end, "<BlockList>"))
        return "InvalidXmlDocument";
    for (;;) {
        const char *stop;

        if (skip(&p, end, "</BlockList>"))
            break;
        if (!skip(&p, end, "<Uncommitted>")) {
            blob_breaks("a block list that is not all <Uncommitted>");
            return "InvalidXmlDocument";
        }
        stop = memchr(p, '<', (size_t)(end - p));
        if (!stop)
            return "InvalidXmlDocument";
        if (j->v.blocks >= blob_limits()->committed)
            return "BlockListTooLong";
        if (!join_block(j, p, (size_t)(stop - p)))
            return "InvalidBlockList";
        p = stop;
        if (!skip(&p, end, "</Uncommitted>"))
            return "InvalidXmlDocument";
    }
    (void)skip(&p, end, "");
    return p == end ? NULL : "InvalidXmlDocument";
}

static void commit(const struct blob_request *q, struct blob_answer *a)
{
    struct join j = { .b = blob_make(q->name) };
    const char *code;

    blob_figures.commits++;
    blob_expire(j.b);
    if (!check_conditions(q, j.b, a) || !check_sums(q, a))
        return;
    code = join_list(&j, (const char *)q->body,
                     (const char *)q->body + q->body_len);
    if (code) {
        free(j.v.data);
        refuse(a, 400, code);
        return;
    }
    if (!j.v.data)
        j.v.data = copy(NULL, 0);
    take_metadata(q, &j.v);
    j.b->committed_id_len = j.id_len;
    blob_drop_staged(j.b);
    blob_put(j.b, j.v);
    a->status = 201;
    memcpy(a->etag, blob_visible(j.b)->etag, sizeof a->etag);
}

/* -- the others ------------------------------------------------------------ */

static void put_blob(const struct blob_request *q, struct blob_answer *a)
{
    struct blob *b = blob_make(q->name);
    struct blob_version v = { .len = q->body_len };

    blob_figures.puts++;
    if (!blob_is(blob_header(q, "x-ms-blob-type"), "BlockBlob")) {
        blob_breaks("Put Blob without its type");
        refuse(a, 400, "InvalidHeaderValue");
        return;
    }
    if (!check_conditions(q, b, a) || !check_sums(q, a))
        return;
    v.data = copy(q->body, q->body_len);
    take_metadata(q, &v);
    blob_drop_staged(b);
    b->committed_id_len = 0;
    blob_put(b, v);
    a->status = 201;
    memcpy(a->etag, blob_visible(b)->etag, sizeof a->etag);
}

static bool range_of(const struct blob_request *q, size_t *from, size_t *to)
{
    struct blob_text r = blob_header(q, "x-ms-range");
    unsigned long long first, last;
    char text[64];

    if (!r.p || r.n >= sizeof text)
        return false;
    memcpy(text, r.p, r.n);
    text[r.n] = 0;
    if (sscanf(text, "bytes=%llu-%llu", &first, &last) != 2 || last < first)
        return false;
    *from = (size_t)first;
    *to = (size_t)last + 1;
    return true;
}

static void look(const struct blob_request *q, struct blob_answer *a)
{
    const struct blob_version *v = blob_visible(blob_find(q->name));

    blob_figures.heads++;
    if (!v) {
        refuse(a, 404, "BlobNotFound");
        return;
    }
    a->found = v;
    memcpy(a->etag, v->etag, sizeof a->etag);
    a->status = 200;
    a->to = v->len;
    if (q->op == ON_HEAD || !range_of(q, &a->from, &a->to))
        return;
    if (a->from >= v->len) {
        a->found = NULL;
        refuse(a, 416, "InvalidRange");
        return;
    }
    a->to = a->to < v->len ? a->to : v->len;
    a->status = 206;
}

static void remove_blob(const struct blob_request *q, struct blob_answer *a)
{
    struct blob *b = blob_find(q->name);

    blob_figures.deletes++;
    if (!blob_visible(b)) {
        refuse(a, 404, "BlobNotFound");
        return;
    }
    blob_delete(b);
    a->status = 202;
}

void blob_serve(const struct blob_request *q, struct blob_answer *a)
{
    if (!check_version(q, a) || blob_authorize(q, a) < 0)
        return;
    switch (q->op) {
    case ON_STAGE:
        stage(q, a);
        break;
    case ON_COMMIT:
        commit(q, a);
        break;
    case ON_PUT:
        put_blob(q, a);
        break;
    case ON_HEAD:
    case ON_GET:
        look(q, a);
        break;
    case ON_DELETE:
        remove_blob(q, a);
        break;
    default:
        refuse(a, 400, "UnsupportedQueryParameter");
    }
    if (a->code) {
        blob_figures.refused++;
        (void)snprintf(blob_figures.last_refusal,
                       sizeof blob_figures.last_refusal, "%d %s", a->status,
                       a->code);
    }
}
