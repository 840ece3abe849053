/* warehouse/rest_words.c: what a service says of a failure, and what of it may
 * be repeated. See warehouse/rest.h.
 *
 * Services, and the proxies before them, answer in several shapes, and some
 * repeat what they were sent. So the words are cut to one line, secrets are
 * taken out, and a code is an identifier or nothing.
 */
#include <stdarg.h>
#include <string.h>

#include "core/format.h"
#include "warehouse/rest.h"

static const char code_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789_.-";

static char *find(char *text, struct rn_bytes what)
{
    size_t n = strlen(text);

    for (size_t i = 0; what.n > 0 && i + what.n <= n; i++) {
        if (memcmp(text + i, what.p, what.n) == 0)
            return text + i;
    }
    return NULL;
}

/* `n` bytes of what `p` points to become ***. */
static void mask(char *p, size_t n)
{
    size_t stars = n < 3 ? n : 3;

    memset(p, '*', stars);
    memmove(p + stars, p + n, strlen(p + n) + 1);
}

/* Where the text ends in the beginning of a secret, because it was cut. */
static void mask_end(char *text, struct rn_bytes secret)
{
    size_t len = strlen(text);
    size_t n = secret.n < len ? secret.n : len;

    for (; n >= 4; n--) {
        if (memcmp(text + len - n, secret.p, n) == 0) {
            mask(text + len - n, n);
            return;
        }
    }
}

void rn_rest_clean(const struct rn_rest *r, char *text)
{
    static const char *const before[] = { "sig=", "Bearer ", "Basic " };
    char *p;

    for (size_t i = 0; i < RN_REST_SECRETS; i++) {
        while (r->secret[i].n >= 4 && (p = find(text, r->secret[i])) != NULL)
            mask(p, r->secret[i].n);
        mask_end(text, r->secret[i]);
    }
    for (size_t i = 0; i < RN_COUNTOF(before); i++) {
        for (p = text; (p = strstr(p, before[i])) != NULL;) {
            p += strlen(before[i]);
            mask(p, strcspn(p, " &'\"<>;,)"));
        }
    }
    for (p = text; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    }
}

int rn_rest_fail(struct rn_rest *r, int code, const char *fmt, ...)
{
    char text[sizeof r->fault.text];
    va_list args;

    va_start(args, fmt);
    rn_vformat(text, sizeof text, fmt, args);
    va_end(args);
    rn_rest_clean(r, text);
    rn_error_clear(&r->fault);
    return rn_fail(&r->fault, code,
                   code == RN_E_STOP ? RN_AT_AGENT : RN_AT_WAREHOUSE, "%s",
                   text);
}

static void keep_code(char code[72], const char *from, size_t n)
{
    if (n >= 72 || strspn(from, code_bytes) < n)
        n = 0;
    memcpy(code, from, n);
    code[n] = 0;
}

/* {"error_code", "message"}; {"error": "…", "error_description"};
 * {"error": {"code", "message"}}; Jobs and SCIM say "detail".
 */
static void from_json(struct rn_rest *r, char code[72], char *words, size_t cap)
{
    static const char *const codes[] = { "error_code", "error.code",
                                         "error.error_code", "code" };
    static const char *const texts[] = { "message", "error.message",
                                         "error_description", "detail",
                                         "error" };
    struct rn_doc *d = &r->doc;

    for (size_t i = 0; i < RN_COUNTOF(codes) && !code[0]; i++) {
        char text[72];

        rn_doc_copy(d, rn_doc_find(d, 0, codes[i]), text, sizeof text);
        keep_code(code, text, strlen(text));
    }
    for (size_t i = 0; i < RN_COUNTOF(texts) && !words[0]; i++)
        rn_doc_copy(d, rn_doc_find(d, 0, texts[i]), words, cap);
}

/* The page's title, which is all that people would read of it. */
static void from_page(const char *page, char *words, size_t cap)
{
    const char *title = strstr(page, "<title>");
    size_t n = title ? strcspn(title + 7, "<\r\n") : 0;

    rn_format(words, cap, "answered with a web page%s%.*s%s", n ? " (" : "",
              n < 80 ? (int)n : 80, title ? title + 7 : "", n ? ")" : "");
}

static void from_text(char *text, char code[72], char *words, size_t cap)
{
    size_t n = strspn(text, code_bytes);

    if (n > 0 && text[n] == ':' && text[n + 1] == ' ') {
        keep_code(code, text, n);
        text += n + 2;
    }
    rn_format(words, cap, "%.*s", (int)strcspn(text, "\r\n"), text);
}

void rn_rest_words(struct rn_rest *r, char code[72], char *words, size_t cap)
{
    char text[1024];
    size_t n = r->answer_len < sizeof text ? r->answer_len : sizeof text - 1;

    code[0] = words[0] = 0;
    memcpy(text, r->answer, n);
    text[n] = 0;
    if (r->doc.n > 0 || (r->answer_len > 0 && !r->full && !r->html &&
                         rn_doc_parse(&r->doc, r->answer, r->answer_len) == 0))
        from_json(r, code, words, cap);
    else if (r->html || text[0] == '<')
        from_page(text, words, cap);
    else
        from_text(text, code, words, cap);
    rn_rest_clean(r, words);
}
