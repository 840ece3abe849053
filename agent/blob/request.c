/* blob/request.c: see blob/request.h. */
#include "blob/request.h"

#include "blob/id.h"
#include "core/base64.h"
#include "core/format.h"
#include "identity/hash.h"
#include "identity/stamp.h"

#include <stdarg.h>
#include <string.h>

#define RANGE_TEXT 52 /* "bytes=", two numbers of 20 digits and their dash */

enum rn_checksum rn_blob_checksum(enum rn_checksum asked,
                                  const struct rn_blob_url *u)
{
    if (asked != RN_CHECKSUM_AUTO)
        return asked;
    return u->emulator ? RN_CHECKSUM_MD5 : RN_CHECKSUM_CRC64;
}

static int refuse(struct rn_transfer *t, int code, const char *why)
{
    return rn_fail(&t->error, code, RN_AT_STORE, "\"%.120s\": %s",
                   t->object->path, why);
}

static void add_bytes(struct rn_request *q, const char *name,
                      struct rn_bytes value)
{
    RN_ASSERT(q->headers < RN_BLOB_HEADERS);
    q->header[q->headers].name = rn_bytes_of(name);
    q->header[q->headers].value = value;
    q->headers++;
}

/* A header whose value outlives the request. */
static void add(struct rn_request *q, const char *name, const char *value)
{
    add_bytes(q, name, rn_bytes_of(value));
}

/* Room for `n` bytes of made-up text, NUL-terminated by the caller. */
static char *text_room(struct rn_request *q, size_t n)
{
    char *p = q->text + q->text_len;

    if (n > sizeof q->text - q->text_len)
        return NULL;
    q->text_len += n;
    return p;
}

/* A header whose value is Base64 of `n` bytes. */
static void add_base64(struct rn_request *q, const char *name, const void *p,
                       size_t n)
{
    char *to = text_room(q, RN_BASE64_LEN(n));

    RN_ASSERT(to);
    add_bytes(q, name, (struct rn_bytes){ (uint8_t *)to, rn_base64(p, n, to) });
}

static const char *method_of(enum rn_op op)
{
    switch (op) {
    case RN_OP_HEAD:
        return "HEAD";
    case RN_OP_GET:
        return "GET";
    case RN_OP_DELETE:
        return "DELETE";
    default:
        return "PUT";
    }
}

/* The body's MD5 costs a pass over it for each try; only emulators and those
 * who ask for it pay.
 */
static void add_md5(struct rn_request *q)
{
    struct rn_bytes piece[16];
    struct rn_md5 m;
    uint64_t at = 0;

    rn_md5_init(&m);
    while (at < q->body.len) {
        size_t n = q->body.at(q->body.ctx, at, piece, RN_COUNTOF(piece));
        for (size_t i = 0; i < n; i++) {
            rn_md5_add(&m, piece[i]);
            at += piece[i].n;
        }
    }
    rn_md5_done(&m, q->md5);
    q->has_md5 = true;
    add_base64(q, "content-md5", q->md5, sizeof q->md5);
}

static void add_checksum(struct rn_request *q, enum rn_checksum kind,
                         uint64_t crc64)
{
    uint8_t le[8];

    if (kind == RN_CHECKSUM_MD5)
        add_md5(q);
    if (kind != RN_CHECKSUM_CRC64)
        return;
    for (size_t i = 0; i < sizeof le; i++)
        le[i] = (uint8_t)(crc64 >> (8 * i));
    q->has_crc64 = true;
    add_base64(q, "x-ms-content-crc64", le, sizeof le);
}

static int add_meta(struct rn_request *q, struct rn_transfer *t)
{
    const struct rn_object *o = t->object;

    for (size_t i = 0; i < o->metas; i++) {
        size_t n = strlen(o->meta[i].name) + sizeof "x-ms-meta-";
        char *name = text_room(q, n);
        if (!name || q->headers + 4 > RN_BLOB_HEADERS)
            return refuse(t, RN_E_CONFIG, "too much metadata for a request");
        rn_format(name, n, "x-ms-meta-%s", o->meta[i].name);
        add(q, name, o->meta[i].value);
    }
    return RN_OK;
}

/* What makes a file visible says what it is, and that it must be new. */
static int add_publish(struct rn_request *q, struct rn_transfer *t)
{
    add(q, "if-none-match", "*");
    if (t->op == RN_OP_PUT)
        add(q, "x-ms-blob-type", "BlockBlob");
    if (t->object->mime && t->object->mime[0])
        add(q, "x-ms-blob-content-type", t->object->mime);
    if (t->op == RN_OP_COMMIT)
        add(q, "content-type", "application/xml");
    else if (t->object->mime && t->object->mime[0])
        add(q, "content-type", t->object->mime);
    return add_meta(q, t);
}

/* The service's own header, which a signature covers like all of its own. */
static void add_range(struct rn_request *q, const struct rn_transfer *t)
{
    char *range = text_room(q, RANGE_TEXT);

    RN_ASSERT(range && t->cap > 0);
    rn_format(range, RANGE_TEXT, "bytes=%llu-%llu",
              (unsigned long long)t->offset,
              (unsigned long long)(t->offset + t->cap - 1));
    add(q, "x-ms-range", range);
}

static int set_body(struct rn_request *q, const struct rn_blob_service *s,
                    struct rn_transfer *t)
{
    switch (t->op) {
    case RN_OP_STAGE:
        q->body = t->body;
        add_checksum(q, s->checksum, t->crc64);
        return RN_OK;
    case RN_OP_PUT:
        q->body = t->body;
        add_checksum(q, s->checksum, t->crc64);
        return add_publish(q, t);
    case RN_OP_COMMIT:
        rn_list_open(&q->list, &t->list, &q->body);
        return add_publish(q, t);
    case RN_OP_GET:
        add_range(q, t);
        break;
    case RN_OP_HEAD:
    case RN_OP_DELETE:
        break;
    }
    return RN_OK;
}

static int set_path(struct rn_request *q, const struct rn_blob_url *u,
                    struct rn_transfer *t)
{
    size_t base = strlen(u->base);

    if (u->prefix_len + strlen(t->object->path) > RN_BLOB_NAME)
        return refuse(t, RN_E_CONFIG, "longer than 512 bytes with its prefix");
    memcpy(q->target, u->base, base);
    q->target[base++] = '/';
    int n = rn_blob_encode(t->object->path, q->target + base, RN_BLOB_NAME * 3);
    if (n < 0)
        return refuse(t, RN_E_CONFIG, "too long");
    q->path_len = q->target_len = base + (size_t)n;
    return RN_OK;
}

static void append(struct rn_request *q, const char *p, size_t n)
{
    RN_ASSERT(n <= sizeof q->target - q->target_len);
    memcpy(q->target + q->target_len, p, n);
    q->target_len += n;
}

static void append_parameter(struct rn_request *q, const struct rn_query *p)
{
    append(q, q->target_len == q->path_len ? "?" : "&", 1);
    append(q, p->name, strlen(p->name));
    append(q, "=", 1);
    for (const char *c = p->value; *c; c++) {
        /* Base64 has three characters that mean something in a query. */
        if (*c == '+')
            append(q, "%2B", 3);
        else if (*c == '/')
            append(q, "%2F", 3);
        else if (*c == '=')
            append(q, "%3D", 3);
        else
            append(q, c, 1);
    }
}

/* The parameters of the operation itself. */
static size_t parameters(const struct rn_transfer *t,
                         char id[RN_BLOCK_ID_TEXT + 1],
                         struct rn_query query[2])
{
    switch (t->op) {
    case RN_OP_STAGE:
        rn_block_id_text(&t->id, id);
        id[RN_BLOCK_ID_TEXT] = 0;
        query[0] = (struct rn_query){ "comp", "block" };
        query[1] = (struct rn_query){ "blockid", id };
        return 2;
    case RN_OP_COMMIT:
        query[0] = (struct rn_query){ "comp", "blocklist" };
        return 1;
    default:
        return 0;
    }
}

static void add_common(struct rn_request *q, const struct rn_blob_service *s,
                       uint64_t number, int64_t now_us)
{
    char *date = text_room(q, RN_STAMP_HTTP);
    char *client = text_room(q, 40);

    RN_ASSERT(date && client);
    add(q, "x-ms-version", RN_BLOB_VERSION);
    if (now_us >= 0) {
        rn_stamp_http(now_us, date);
        add(q, "x-ms-date", date);
    }
    rn_format(client, 40, "runnel-%s-%llu", s->client,
              (unsigned long long)number);
    add(q, "x-ms-client-request-id", client);
}

/* Last, because it covers everything else. */
static int authorize(struct rn_request *q, const struct rn_blob_service *s,
                     struct rn_transfer *t, int64_t now_us)
{
    char id[RN_BLOCK_ID_TEXT + 1];
    struct rn_query query[2];
    struct rn_auth_request r = {
        .method = q->method,
        .path = { (const uint8_t *)q->target, q->path_len },
        .query = query,
        .header = q->header,
        .headers = q->headers,
        .length = q->body.len,
    };
    struct rn_bytes more = rn_identity_query(s->identity);

    r.queries = parameters(t, id, query);
    for (size_t i = 0; i < r.queries; i++)
        append_parameter(q, &query[i]);
    if (more.n > 0) {
        append(q, q->target_len == q->path_len ? "?" : "&", 1);
        append(q, (const char *)more.p, more.n);
    }

    char *to = text_room(q, RN_AUTHORIZATION);
    RN_ASSERT(to);
    size_t n = rn_identity_authorize(s->identity, &r, to);
    if (n == 0)
        return RN_OK;
    if (now_us < 0)
        return rn_fail(&t->error, RN_E_AUTH, RN_AT_STORE,
                       "a shared key needs the time of day, and this "
                       "machine's clock is not set");
    add_bytes(q, "authorization", (struct rn_bytes){ (uint8_t *)to, n });
    return RN_OK;
}

int rn_request_make(struct rn_request *q, const struct rn_blob_service *s,
                    struct rn_transfer *t, uint64_t number, int64_t now_us)
{
    int err;

    q->method = method_of(t->op);
    q->headers = 0;
    q->text_len = 0;
    q->body = (struct rn_http_body){ 0 };
    q->has_md5 = q->has_crc64 = false;
    if ((err = set_path(q, &s->url, t)) < 0)
        return err;
    add_common(q, s, number, now_us);
    if ((err = set_body(q, s, t)) < 0)
        return err;
    return authorize(q, s, t, now_us);
}
