/* http/parse.c: see http/parse.h.
 *
 *   STATUS -> HEADER -+-> STATUS                        interim (1xx)
 *                     +-> DONE                          no body
 *                     +-> LENGTH ------------> DONE
 *                     +-> CLOSE -----(end)---> DONE
 *                     `-> CHUNK_SIZE -> CHUNK_DATA -> CHUNK_END -+
 *                           |   ^--------------------------------+
 *                           `-> TRAILER -----> DONE
 *
 *   any -> BROKEN   parse_broken; nothing is taken after that
 *
 * `line` holds the part of the current line that has arrived, in STATUS,
 * HEADER, CHUNK_SIZE, CHUNK_END and TRAILER; it is empty in the others.
 */
#include "http/parse.h"

#include <string.h>

static int parse_broken(struct rn_http_parse *p, const char *why)
{
    p->state = RN_PARSE_BROKEN;
    p->why = why;
    return RN_E_PEER;
}

void rn_http_parse_begin(struct rn_http_parse *p, uint8_t *line, bool no_body)
{
    memset(p, 0, sizeof *p);
    p->line = line;
    p->no_body = no_body;
}

/* RFC 9110 5.6.2 */
static bool is_token(uint8_t c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
        (c >= '0' && c <= '9'))
        return true;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

/* A byte of a header's value or a reason phrase. */
static bool is_text(uint8_t c)
{
    return c == '\t' || (c >= ' ' && c != 0x7f);
}

static bool all(struct rn_bytes b, bool (*is)(uint8_t c))
{
    for (size_t i = 0; i < b.n; i++)
        if (!is(b.p[i]))
            return false;
    return true;
}

/* The same as this lower-case word, whatever the case. */
static bool is_word(struct rn_bytes b, const char *word)
{
    size_t i = 0;
    for (; i < b.n && word[i] != 0; i++) {
        uint8_t c = b.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c + 32);
        if (c != (uint8_t)word[i])
            return false;
    }
    return i == b.n && word[i] == 0;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static struct rn_bytes trim(struct rn_bytes b)
{
    while (b.n > 0 && is_blank(b.p[0])) {
        b.p++;
        b.n--;
    }
    while (b.n > 0 && is_blank(b.p[b.n - 1]))
        b.n--;
    return b;
}

/* -- lines ----------------------------------------------------------------- */

/* HTTP/1.x SP 3DIGIT [SP reason] */
static int on_status(struct rn_http_parse *p, struct rn_bytes s)
{
    if (s.n < 12 || memcmp(s.p, "HTTP/1.", 7) != 0 ||
        (s.p[7] != '0' && s.p[7] != '1') || s.p[8] != ' ')
        return parse_broken(p, "not an HTTP/1 answer");
    int status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return parse_broken(p, "bad status line");
        status = status * 10 + (s.p[i] - '0');
    }
    struct rn_bytes reason = { s.p + 12, s.n - 12 };
    if (status < 100 || status > 599 || (reason.n > 0 && reason.p[0] != ' ') ||
        !all(reason, is_text))
        return parse_broken(p, "bad status line");
    p->status = status;
    p->final = status >= 200;
    p->old = s.p[7] == '0';
    p->close = p->old; /* keep-alive of HTTP/1.0 is not worth its rules */
    p->headers = 0;
    p->has_length = false;
    p->chunked = false;
    p->left = 0;
    p->state = RN_PARSE_HEADER;
    return RN_OK;
}

static int on_length(struct rn_http_parse *p, struct rn_bytes value)
{
    uint64_t n = 0;
    if (value.n == 0 || value.n > 18)
        return parse_broken(p, "bad Content-Length");
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return parse_broken(p, "bad Content-Length");
        n = n * 10 + (uint64_t)(value.p[i] - '0');
    }
    if (p->has_length && p->left != n)
        return parse_broken(p, "two different Content-Lengths");
    p->has_length = true;
    p->left = n;
    return RN_OK;
}

/* Connection is a list; only "close" matters here. */
static void on_connection(struct rn_http_parse *p, struct rn_bytes value)
{
    while (value.n > 0) {
        const uint8_t *comma = memchr(value.p, ',', value.n);
        size_t len = comma != NULL ? (size_t)(comma - value.p) : value.n;
        if (is_word(trim((struct rn_bytes){ value.p, len }), "close"))
            p->close = true;
        if (comma == NULL)
            return;
        value.p += len + 1;
        value.n -= len + 1;
    }
}

/* Headers that decide where the answer ends. */
static int on_framing(struct rn_http_parse *p, struct rn_bytes name,
                      struct rn_bytes value)
{
    if (is_word(name, "content-length"))
        return on_length(p, value);
    if (is_word(name, "connection"))
        on_connection(p, value);
    if (!is_word(name, "transfer-encoding"))
        return RN_OK;
    if (p->chunked || p->old || !is_word(value, "chunked"))
        return parse_broken(p, "Transfer-Encoding other than chunked");
    p->chunked = true;
    return RN_OK;
}

static int end_of_head(struct rn_http_parse *p)
{
    p->head = 0;
    if (p->has_length && p->chunked)
        return parse_broken(p, "both Content-Length and Transfer-Encoding");
    if (p->status == 101)
        return parse_broken(p, "101 Switching Protocols, never asked for");
    if (!p->final) {
        if (++p->interims > RN_HTTP_INTERIM)
            return parse_broken(p, "too many interim answers");
        p->state = RN_PARSE_STATUS;
        return RN_OK;
    }
    if (p->no_body || p->status == 204 || p->status == 304) {
        p->state = RN_PARSE_DONE;
    } else if (p->chunked) {
        p->state = RN_PARSE_CHUNK_SIZE;
    } else if (p->has_length) {
        p->state = p->left > 0 ? RN_PARSE_LENGTH : RN_PARSE_DONE;
    } else {
        p->close = true;
        p->state = RN_PARSE_CLOSE;
    }
    return RN_OK;
}

/* One line of a head or of a trailer. A trailer is checked like a head but
 * means nothing: it came after the decisions it could change.
 */
static int on_field(struct rn_http_parse *p, struct rn_bytes s)
{
    bool trailer = p->state == RN_PARSE_TRAILER;
    if (s.n == 0 && trailer) {
        p->state = RN_PARSE_DONE;
        return RN_OK;
    }
    if (s.n == 0)
        return end_of_head(p);
    if (++p->headers > RN_HTTP_HEADERS)
        return parse_broken(p, "too many headers");
    const uint8_t *colon = memchr(s.p, ':', s.n);
    if (colon == NULL)
        return parse_broken(p, "a header without a colon");
    struct rn_bytes name = { s.p, (size_t)(colon - s.p) };
    struct rn_bytes value = { colon + 1, s.n - name.n - 1 };
    value = trim(value);
    if (name.n == 0 || !all(name, is_token) || !all(value, is_text))
        return parse_broken(p, "bad bytes in a header");
    if (trailer)
        return RN_OK;
    int err = on_framing(p, name, value);
    if (err < 0 || !p->final || p->on_header == NULL)
        return err;
    for (size_t i = 0; i < name.n; i++)
        if (p->line[i] >= 'A' && p->line[i] <= 'Z')
            p->line[i] = (uint8_t)(p->line[i] + 32);
    return p->on_header(p->ctx, name, value);
}

static int hex_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* 1*HEXDIG [BWS ; extension], the extension ignored */
static int on_chunk_size(struct rn_http_parse *p, struct rn_bytes s)
{
    uint64_t n = 0;
    size_t i = 0;
    for (; i < s.n && hex_of(s.p[i]) >= 0; i++) {
        if (i == 15)
            return parse_broken(p, "chunk too large");
        n = n * 16 + (uint64_t)hex_of(s.p[i]);
    }
    struct rn_bytes rest = trim((struct rn_bytes){ s.p + i, s.n - i });
    if (i == 0 || (rest.n > 0 && rest.p[0] != ';') || !all(rest, is_text))
        return parse_broken(p, "bad chunk size");
    p->left = n;
    p->headers = 0;
    p->head = 0;
    p->state = n > 0 ? RN_PARSE_CHUNK_DATA : RN_PARSE_TRAILER;
    return RN_OK;
}

static int on_line(struct rn_http_parse *p)
{
    struct rn_bytes s = { p->line, p->len };
    p->len = 0;
    switch (p->state) {
    case RN_PARSE_STATUS:
        return on_status(p, s);
    case RN_PARSE_CHUNK_SIZE:
        return on_chunk_size(p, s);
    case RN_PARSE_CHUNK_END:
        if (s.n != 0)
            return parse_broken(p, "a chunk longer than its size");
        p->state = RN_PARSE_CHUNK_SIZE;
        return RN_OK;
    default:
        return on_field(p, s);
    }
}

/* -- bytes ----------------------------------------------------------------- */

static size_t line_bound(const struct rn_http_parse *p)
{
    if (p->state == RN_PARSE_CHUNK_SIZE)
        return RN_HTTP_CHUNK;
    return p->state == RN_PARSE_CHUNK_END ? 1 : RN_HTTP_LINE;
}

static const char *too_long(const struct rn_http_parse *p)
{
    switch (p->state) {
    case RN_PARSE_CHUNK_END:
        return "a chunk longer than its size";
    case RN_PARSE_CHUNK_SIZE:
        return "bad chunk size";
    default:
        return "a header too long";
    }
}

/* One byte of a line; CR LF and nothing else ends it. A CR is kept until the
 * next byte tells whether it was an end.
 */
static int line_byte(struct rn_http_parse *p, uint8_t c)
{
    bool after_cr = p->len > 0 && p->line[p->len - 1] == '\r';
    if (p->state != RN_PARSE_CHUNK_SIZE && p->state != RN_PARSE_CHUNK_END &&
        ++p->head > RN_HTTP_HEAD)
        return parse_broken(p, "the head of the answer is too long");
    if (c == '\n' && after_cr) {
        p->len--;
        return on_line(p);
    }
    if (c == '\n' || after_cr)
        return parse_broken(p, "a line not ended by CR LF");
    if (c == 0)
        return parse_broken(p, "a NUL byte in the head");
    if (p->len >= line_bound(p) ||
        (p->state == RN_PARSE_CHUNK_END && c != '\r'))
        return parse_broken(p, too_long(p));
    p->line[p->len++] = c;
    return RN_OK;
}

/* Body bytes; how many were taken, or a code. */
static int body_bytes(struct rn_http_parse *p, const uint8_t *data, size_t n)
{
    bool known = p->state != RN_PARSE_CLOSE;
    if (known && n > p->left)
        n = (size_t)p->left;
    if (p->on_body != NULL) {
        int err = p->on_body(p->ctx, (struct rn_bytes){ data, n });
        if (err < 0)
            return err;
    }
    if (known)
        p->left -= n;
    if (known && p->left == 0)
        p->state =
            p->state == RN_PARSE_LENGTH ? RN_PARSE_DONE : RN_PARSE_CHUNK_END;
    return (int)n;
}

int rn_http_parse_feed(struct rn_http_parse *p, const uint8_t *data, size_t n)
{
    size_t at = 0;
    while (at < n && p->state != RN_PARSE_DONE) {
        if (p->state == RN_PARSE_BROKEN)
            return RN_E_PEER;
        int got;
        if (p->state == RN_PARSE_LENGTH || p->state == RN_PARSE_CLOSE ||
            p->state == RN_PARSE_CHUNK_DATA) {
            got = body_bytes(p, data + at, n - at);
        } else {
            got = line_byte(p, data[at]);
            if (got == RN_OK)
                got = 1;
        }
        if (got < 0)
            return got;
        at += (size_t)got;
    }
    return (int)at;
}

int rn_http_parse_end(struct rn_http_parse *p)
{
    if (p->state == RN_PARSE_CLOSE)
        p->state = RN_PARSE_DONE;
    return p->state == RN_PARSE_DONE ? RN_OK : RN_E_LINK;
}
