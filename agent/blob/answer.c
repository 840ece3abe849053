/* blob/answer.c: see blob/answer.h. */
#include "blob/answer.h"

#include "core/base64.h"
#include "core/format.h"
#include "identity/stamp.h"
#include "runnel/texts.h"

#include <string.h>

/* -- reading ------------------------------------------------------------- */

void rn_answer_begin(struct rn_answer *a, int64_t now_us)
{
    memset(a, 0, sizeof *a);
    a->now_us = now_us;
    rn_xml_begin(&a->xml);
}

static bool is(struct rn_bytes v, const char *text)
{
    return rn_bytes_equal(v, rn_bytes_of(text));
}

/* Copy a value of which every byte is a letter, a digit or in `also`, and
 * nothing of any other: an identifier can't be used to hand us other text.
 */
static void keep(char *to, size_t cap, struct rn_bytes v, const char *also)
{
    to[0] = 0;
    if (v.n >= cap)
        return;
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                     (c >= 'A' && c <= 'Z') || (c && strchr(also, c));
        if (!plain)
            return;
    }
    memcpy(to, v.p, v.n);
    to[v.n] = 0;
}

/* Decimal digits and nothing else; huge numbers stop growing. */
static bool number_of(struct rn_bytes v, uint64_t *to)
{
    uint64_t n = 0;

    if (v.n == 0)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return false;
        if (n < UINT64_MAX / 100)
            n = n * 10 + (uint64_t)(v.p[i] - '0');
    }
    *to = n;
    return true;
}

static void ask_wait(struct rn_answer *a, uint64_t n, uint64_t unit_ms)
{
    uint64_t ms = RN_RETRY_AFTER_MAX_MS;

    if (n < ms / unit_ms)
        ms = n * unit_ms;
    if ((int64_t)ms > a->retry_ms)
        a->retry_ms = (int64_t)ms;
}

/* Seconds, or a date of which the distance from now counts; else ignored. */
static void on_retry_after(struct rn_answer *a, struct rn_bytes v)
{
    uint64_t n;
    int64_t at;

    if (number_of(v, &n))
        ask_wait(a, n, 1000);
    else if (a->now_us >= 0 && rn_stamp_from_http(v, &at) == RN_OK &&
             at > a->now_us)
        ask_wait(a, (uint64_t)(at - a->now_us) / 1000, 1);
}

/* "bytes 0-1023/4096" */
static void on_range(struct rn_answer *a, struct rn_bytes v)
{
    const uint8_t *dash = v.n > 6 ? memchr(v.p, '-', v.n) : NULL;
    const uint8_t *slash = dash ? memchr(v.p, '/', v.n) : NULL;
    uint64_t last;

    if (!dash || !slash || slash < dash || memcmp(v.p, "bytes ", 6) != 0 ||
        dash < v.p + 6)
        return;
    struct rn_bytes from = { v.p + 6, (size_t)(dash - v.p) - 6 };
    struct rn_bytes to = { dash + 1, (size_t)(slash - dash) - 1 };
    a->has_range = number_of(from, &a->range_at) && number_of(to, &last) &&
                   last >= a->range_at && last < UINT64_MAX;
    a->range_end = a->has_range ? last + 1 : 0;
}

static bool decode(struct rn_bytes v, uint8_t *to, size_t n)
{
    return rn_base64_decode((const char *)v.p, v.n, to, n) == (int)n;
}

static void on_own_header(struct rn_answer *a, struct rn_bytes name,
                          struct rn_bytes v)
{
    uint64_t n;

    if (is(name, "x-ms-version"))
        a->has_version = v.n > 0;
    else if (is(name, "x-ms-request-id"))
        keep(a->request, sizeof a->request, v, "-");
    else if (is(name, "x-ms-error-code"))
        keep(a->code, sizeof a->code, v, "");
    else if (is(name, "x-ms-content-crc64"))
        a->has_crc64 = decode(v, a->crc64, sizeof a->crc64);
    else if (is(name, "x-ms-meta-runnel_run"))
        keep(a->run, sizeof a->run, v, "-_.:");
    else if (is(name, "x-ms-retry-after-ms") && number_of(v, &n))
        ask_wait(a, n, 1);
}

void rn_answer_header(struct rn_answer *a, struct rn_bytes name,
                      struct rn_bytes v)
{
    uint64_t n;

    if (name.n > 5 && memcmp(name.p, "x-ms-", 5) == 0)
        on_own_header(a, name, v);
    else if (is(name, "retry-after"))
        on_retry_after(a, v);
    else if (is(name, "retry-after-ms") && number_of(v, &n))
        ask_wait(a, n, 1);
    else if (is(name, "content-length"))
        a->has_length = number_of(v, &a->length);
    else if (is(name, "content-range"))
        on_range(a, v);
    else if (is(name, "content-md5"))
        a->has_md5 = decode(v, a->md5, sizeof a->md5);
    else if (is(name, "content-type"))
        a->html = v.n >= 9 && memcmp(v.p, "text/html", 9) == 0;
    else if (is(name, "etag"))
        keep(a->etag, sizeof a->etag, v, "\"-_/+=:.");
    else if (is(name, "date") && rn_stamp_from_http(v, &a->server_us) < 0)
        a->server_us = 0;
}

int rn_answer_body(struct rn_answer *a, struct rn_bytes part)
{
    a->body_len += part.n;
    rn_xml_feed(&a->xml, part);
    return a->body_len > RN_ANSWER_BODY_MAX ? RN_E_PEER : RN_OK;
}

int rn_answer_content(struct rn_answer *a, const struct rn_transfer *t,
                      struct rn_bytes part)
{
    size_t most = t->cap > RN_ANSWER_BODY_MAX ? t->cap : RN_ANSWER_BODY_MAX;

    if (part.n > most - a->body_len)
        return RN_E_PEER;
    if (a->body_len < t->cap) {
        size_t room = t->cap - a->body_len;
        memcpy(t->into + a->body_len, part.p, part.n < room ? part.n : room);
    }
    a->body_len += part.n;
    if (!a->has_range)
        rn_xml_feed(&a->xml, part);
    return RN_OK;
}

/* -- judging ------------------------------------------------------------- */

#define ON(op)    (1u << (op))
#define ANY_OP    0xffu
#define WRITES    (ON(RN_OP_STAGE) | ON(RN_OP_PUT) | ON(RN_OP_COMMIT))
#define PUBLISHES (ON(RN_OP_PUT) | ON(RN_OP_COMMIT))
#define BODIES    (ON(RN_OP_STAGE) | ON(RN_OP_PUT))
#define LOOKS     (ON(RN_OP_HEAD) | ON(RN_OP_DELETE) | ON(RN_OP_GET))

struct rule {
    int status;       /* 0: any                                          */
    const char *code; /* NULL: any; "": none; "Lease*": what begins so   */
    unsigned ops;
    int err;
    const char *advice;
};

/* The first that fits counts. */
static const struct rule rules[] = {
    { 400, "InvalidBlockList", ON(RN_OP_COMMIT), RN_E_STALE,
      RN_ADVICE("staged blocks are gone; the file has to be written again") },
    { 409, "RequestEntityTooLargeBlockCountExceedsLimit", ANY_OP, RN_E_STALE,
      RN_ADVICE(
          "100,000 blocks lie under this name; the file needs a new one") },
    { 400, "InvalidBlobOrBlock", ON(RN_OP_STAGE), RN_E_DENIED,
      RN_ADVICE("blocks of another program lie under this name; use another "
                "store.path") },
    { 400, "Md5Mismatch", ANY_OP, RN_E_INTEGRITY,
      RN_ADVICE("the bytes were changed on their way") },
    { 400, "Crc64Mismatch", ANY_OP, RN_E_INTEGRITY,
      RN_ADVICE("the bytes were changed on their way") },
    { 400, "AuthenticationFailed", ANY_OP, RN_E_AUTH,
      RN_ADVICE("the credential is malformed") },
    { 400, "InvalidAuthenticationInfo", ANY_OP, RN_E_AUTH,
      RN_ADVICE("the credential is malformed") },

    { 403, "AuthorizationPermissionMismatch", ANY_OP, RN_E_AUTH,
      RN_ADVICE("the credential does not allow this; it needs read, create, "
                "write and "
                "delete") },
    { 403, "AuthorizationSourceIPMismatch", ANY_OP, RN_E_AUTH,
      RN_ADVICE("the SAS token is not for this machine's address") },
    { 403, "AuthorizationProtocolMismatch", ANY_OP, RN_E_AUTH,
      RN_ADVICE("the SAS token is for https only") },
    { 403, "AuthorizationFailure", ANY_OP, RN_E_AUTH,
      RN_ADVICE(
          "not allowed: the account's firewall, or a right that the credential "
          "lacks") },
    { 403, "KeyBasedAuthenticationNotPermitted", ANY_OP, RN_E_AUTH,
      RN_ADVICE("the account takes no shared keys; use a SAS token") },
    { 403, "AccountIsDisabled", ANY_OP, RN_E_DENIED,
      RN_ADVICE("the storage account is disabled") },
    { 401, NULL, ANY_OP, RN_E_AUTH, RN_ADVICE("the credential was refused") },
    { 403, NULL, ANY_OP, RN_E_AUTH,
      RN_ADVICE("the credential was refused: wrong, expired, or for another "
                "account") },

    { 404, "BlobNotFound", LOOKS, RN_E_ABSENT,
      RN_ADVICE("there is no such file") },
    { 404, "ContainerNotFound", ANY_OP, RN_E_DENIED,
      RN_ADVICE("there is no such container: create it or correct store.url") },
    { 404, NULL, ANY_OP, RN_E_DENIED,
      RN_ADVICE("nothing is there: check account and container in store.url") },

    { 409, "BlobAlreadyExists", PUBLISHES, RN_E_EXISTS,
      RN_ADVICE("a file of this name is there already and is never replaced") },
    { 409, "ContainerBeingDeleted", ANY_OP, RN_E_DENIED,
      RN_ADVICE(
          "the container is being deleted: create it again, or use another") },
    { 409, "BlobImmutableDueToPolicy", ANY_OP, RN_E_DENIED,
      RN_ADVICE("an immutability policy protects this name") },
    { 409, "SnapshotsPresent", ANY_OP, RN_E_DENIED,
      RN_ADVICE("the blob has snapshots") },
    { 409, "Lease*", ANY_OP, RN_E_DENIED,
      RN_ADVICE("another program holds a lease") },
    { 412, "Lease*", ANY_OP, RN_E_DENIED,
      RN_ADVICE("another program holds a lease") },
    /* A kept connection may have carried a request whose answer was lost, and
     * this is the answer to its repetition, from somewhere in between.
     */
    { 409, "", PUBLISHES, RN_E_EXISTS,
      RN_ADVICE("a file of this name is there already, it seems") },
    { 412, NULL, PUBLISHES, RN_E_EXISTS,
      RN_ADVICE("a file of this name is there already and is never replaced") },

    { 500, "FeatureNotSupported", ANY_OP, RN_E_DENIED,
      RN_ADVICE("this emulator knows no x-ms-content-crc64: set store.checksum "
                "= md5") },
    { 408, NULL, ANY_OP, RN_E_BUSY,
      RN_ADVICE("the service waited too long for us") },
    { 429, NULL, ANY_OP, RN_E_BUSY, RN_ADVICE("too many requests at a time") },
    { 500, NULL, ANY_OP, RN_E_BUSY, RN_ADVICE("the service failed for now") },
    { 502, NULL, ANY_OP, RN_E_BUSY, RN_ADVICE("a gateway failed for now") },
    { 503, NULL, ANY_OP, RN_E_BUSY, RN_ADVICE("the service is busy") },
    { 504, NULL, ANY_OP, RN_E_BUSY, RN_ADVICE("a gateway waited too long") },

    { 407, NULL, ANY_OP, RN_E_DENIED, RN_ADVICE("a proxy wants a credential") },
    { 411, NULL, ANY_OP, RN_E_DENIED, RN_ADVICE("the request has no length") },
    { 413, NULL, ANY_OP, RN_E_DENIED, RN_ADVICE("the block is too large") },
    { 0, NULL, ANY_OP, RN_E_DENIED, RN_ADVICE("the request was refused") },
};

const char *rn_op_words(enum rn_op op)
{
    switch (op) {
    case RN_OP_STAGE:
        return "staging a block of";
    case RN_OP_PUT:
        return "writing";
    case RN_OP_COMMIT:
        return "publishing";
    case RN_OP_HEAD:
        return "looking at";
    case RN_OP_DELETE:
        return "removing";
    case RN_OP_GET:
        return "reading";
    }
    return "working on";
}

static int success_of(enum rn_op op)
{
    switch (op) {
    case RN_OP_HEAD:
        return 200;
    case RN_OP_GET:
        return 206;
    case RN_OP_DELETE:
        return 202;
    default:
        return 201;
    }
}

static bool code_fits(const char *want, const char *code)
{
    size_t n;

    if (!want)
        return true;
    n = strlen(want);
    if (n > 0 && want[n - 1] == '*')
        return strncmp(want, code, n - 1) == 0;
    return strcmp(want, code) == 0;
}

static const struct rule *rule_for(int status, const char *code, enum rn_op op)
{
    const struct rule *r = rules;

    for (; r->status != 0; r++) {
        if (r->status == status && (r->ops & ON(op)) &&
            code_fits(r->code, code))
            break;
    }
    return r;
}

/* Everything an error text may need. */
struct verdict {
    const struct rn_answer *a;
    const struct rn_blob_service *s;
    int status;
    const char *code;
};

static int fail(struct rn_transfer *t, const struct verdict *v, int err,
                const char *advice, const char *hint)
{
    const char *q = v->a->request;

    t->err = rn_fail(&t->error, err, RN_AT_STORE,
                     "%s %.100s in %.100s: %s%s (status %d%s%s%s%s)",
                     rn_op_words(t->op), t->object->path, v->s->url.place,
                     advice, hint, v->status, v->code[0] ? " " : "", v->code,
                     q[0] ? ", request " : "", q);
    t->error.status = v->status;
    memcpy(t->error.service, v->code, strlen(v->code) + 1);
    memcpy(t->error.request, q, strlen(q) + 1);
    return t->err;
}

/* Why a credential may have been refused, beside being wrong. */
static void auth_hint(const struct verdict *v, char *to, size_t cap)
{
    const struct rn_answer *a = v->a;
    int64_t off = a->now_us - a->server_us;
    char day[RN_STAMP_DAY];

    if (a->server_us > 0 && a->now_us >= 0 &&
        (off > 300 * 1000000LL || off < -300 * 1000000LL)) {
        rn_format(to, cap, "; this machine's clock is %lld minutes %s",
                  (long long)((off < 0 ? -off : off) / 60000000),
                  off < 0 ? "behind" : "ahead");
        return;
    }
    if (v->s->identity && v->s->identity->expires_us > 0 && a->now_us >= 0 &&
        v->s->identity->expires_us <= a->now_us) {
        rn_stamp_day(v->s->identity->expires_us, day);
        rn_format(to, cap, "; the SAS token expired on %s", day);
    }
}

/* The service's own sentence, up to its first line end and to anything that
 * could be a piece of a URL or credential: those who answer may repeat what was
 * sent.
 */
static void service_hint(const struct verdict *v, char *to, size_t cap)
{
    const char *m = v->a->xml.message;
    size_t n = strcspn(m, "\r\n");

    if (!v->a->has_version || !v->a->xml.has_message)
        return;
    if (n == 0 || n > 120 || n + 3 > cap || strcspn(m, "?&=%") < n)
        return;
    if (!strstr(m, "Shared") && !strstr(m, "Bearer"))
        rn_format(to, cap, ": %.*s", (int)n, m);
}

static void refused(struct rn_transfer *t, const struct verdict *v,
                    const struct rn_request *q)
{
    const struct rule *r = rule_for(v->status, v->code, t->op);
    char hint[140] = "";
    int err = r->err;
    const char *advice = r->advice;

    /* An emulator says this where the service says Md5Mismatch. */
    if (v->status == 400 && q->has_md5 && (ON(t->op) & BODIES) &&
        strcmp(v->code, "InvalidOperation") == 0) {
        err = RN_E_INTEGRITY;
        advice = "the bytes were changed on their way";
    }
    if (v->status >= 300 && v->status < 400)
        advice = "answered with a redirect, and redirects are not followed";
    if (err == RN_E_AUTH)
        auth_hint(v, hint, sizeof hint);
    else
        service_hint(v, hint, sizeof hint);
    if (err == RN_E_BUSY)
        t->retry_after_ms = v->a->retry_ms;
    /* A refusal means that nothing was done; a timeout or a failure inside may
     * come after the deed; and "taken" or "gone" may be the echo of a request
     * that was sent twice on its way.
     */
    t->sent = v->status == 408 || v->status >= 500 || err == RN_E_EXISTS ||
              err == RN_E_STALE;
    fail(t, v, err, advice, hint);
}

/* Whether the service's own sums are those of what was sent. */
static bool sums_agree(const struct rn_answer *a, const struct rn_request *q,
                       const struct rn_transfer *t)
{
    if (!(ON(t->op) & BODIES))
        return true;
    for (size_t i = 0; a->has_crc64 && i < sizeof a->crc64; i++) {
        if (a->crc64[i] != (uint8_t)(t->crc64 >> (8 * i)))
            return false;
    }
    return !a->has_md5 || !q->has_md5 ||
           memcmp(a->md5, q->md5, sizeof a->md5) == 0;
}

/* Beyond a file's end there are no bytes, and that is no failure. */
static bool is_past_end(const struct rn_transfer *t, int status,
                        const char *code)
{
    return t->op == RN_OP_GET && status == 416 &&
           strcmp(code, "InvalidRange") == 0;
}

/* Exactly the bytes asked for, or those up to the file's end; or all of it,
 * from one who knows no ranges, when that is no more than was asked for.
 */
static bool is_piece(const struct rn_answer *a, int status,
                     const struct rn_transfer *t)
{
    if (a->body_len > t->cap)
        return false;
    if (status == 200)
        return t->offset == 0;
    return a->has_range && a->range_at == t->offset &&
           a->range_end - a->range_at == a->body_len;
}

static bool is_success(int status, enum rn_op op)
{
    return status == success_of(op) || (op == RN_OP_GET && status == 200);
}

static void found(struct rn_transfer *t, const struct rn_answer *a)
{
    memcpy(t->etag, a->etag, sizeof t->etag);
    if (t->op != RN_OP_HEAD && t->op != RN_OP_GET)
        return;
    memcpy(t->found_run, a->run, sizeof t->found_run);
    if (t->op == RN_OP_HEAD)
        t->found_length = a->length;
    else
        t->got = a->body_len;
}

void rn_answer_settle(const struct rn_answer *a, int status,
                      const struct rn_blob_service *s,
                      const struct rn_request *q, struct rn_transfer *t)
{
    struct verdict v = { a, s, status, a->code };

    if (!a->code[0] && a->xml.has_code) {
        /* Same rule as for the header: an identifier, or nothing. */
        static const char *const none = "";
        const char *c = a->xml.code;
        bool plain = strspn(c, "abcdefghijklmnopqrstuvwxyz0123456789"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(c);
        v.code = plain ? c : none;
    }
    t->done = true;
    t->sent = true;
    t->err = RN_OK;
    if (is_past_end(t, status, v.code) && a->has_version) {
        t->got = 0;
    } else if (status / 100 != 2) {
        refused(t, &v, q);
    } else if (!is_success(status, t->op)) {
        fail(t, &v, RN_E_PEER, "answered with a success that is none here", "");
    } else if (!a->has_version || !a->request[0] || a->html ||
               (a->body_len > 0 && t->op != RN_OP_GET)) {
        fail(t, &v, RN_E_PEER,
             "the answer is not the storage service's: a proxy or login page "
             "in between",
             "");
    } else if (t->op == RN_OP_HEAD && !a->has_length) {
        fail(t, &v, RN_E_PEER, "the answer has no length", "");
    } else if (t->op == RN_OP_GET && !is_piece(a, status, t)) {
        fail(t, &v, RN_E_PEER, "the answer is not the piece asked for", "");
    } else if (!sums_agree(a, q, t)) {
        fail(t, &v, RN_E_INTEGRITY,
             "the service's checksum differs from what was sent", "");
    } else {
        found(t, a);
    }
}
