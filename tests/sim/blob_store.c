/* sim/blob_store.c: blobs, their versions and what is staged under their names;
 * see sim/blob.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "sim/blob.h"

#define WEEK_US (INT64_C(7) * 86400 * 1000000)
#define BUCKETS 4096u

const struct blob_limits blob_limits_real = { 50000, 100000, WEEK_US };

struct blob_figures blob_figures;

static struct {
    struct blob **blob;
    size_t n, cap;
    size_t bucket[BUCKETS]; /* index of the newest with this hash, plus 1 */
    size_t *next;           /* of each blob, the one before it            */
    struct blob_limits limits;
    uint64_t etags;
    void (*on_change)(struct blob *b, bool visible);
    char breach[200];
} s;

static void free_blob(struct blob *b)
{
    blob_drop_staged(b);
    for (size_t i = 0; i < b->versions; i++)
        free(b->version[i].data);
    free(b->version);
    free(b->staged);
    free(b);
}

void blob_free(void)
{
    for (size_t i = 0; i < s.n; i++)
        free_blob(s.blob[i]);
    free(s.blob);
    free(s.next);
    memset(&s, 0, sizeof s);
}

void blob_start(const struct blob_limits *limits)
{
    for (size_t i = 0; i < s.n; i++)
        free_blob(s.blob[i]);
    s.n = 0;
    memset(s.bucket, 0, sizeof s.bucket);
    s.limits = *limits;
    s.etags = 0;
    s.on_change = NULL;
    s.breach[0] = 0;
    memset(&blob_figures, 0, sizeof blob_figures);
}

const struct blob_limits *blob_limits(void)
{
    return &s.limits;
}

size_t blob_count(void)
{
    return s.n;
}

struct blob *blob_at(size_t i)
{
    return s.blob[i];
}

static size_t hash(const char *name)
{
    uint32_t h = 2166136261u;

    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return h % BUCKETS;
}

struct blob *blob_find(const char *name)
{
    for (size_t i = s.bucket[hash(name)]; i > 0; i = s.next[i - 1]) {
        if (strcmp(s.blob[i - 1]->name, name) == 0)
            return s.blob[i - 1];
    }
    return NULL;
}

struct blob *blob_make(const char *name)
{
    struct blob *b = blob_find(name);
    size_t at = hash(name);

    if (b)
        return b;
    if (s.n == s.cap) {
        s.cap = s.cap > 0 ? s.cap * 2 : 64;
        s.blob = realloc(s.blob, s.cap * sizeof(struct blob *));
        s.next = realloc(s.next, s.cap * sizeof *s.next);
        RN_ASSERT(s.blob && s.next);
    }
    b = calloc(1, sizeof *b);
    RN_ASSERT(b);
    (void)snprintf(b->name, sizeof b->name, "%s", name);
    s.blob[s.n] = b;
    s.next[s.n] = s.bucket[at];
    s.bucket[at] = ++s.n;
    return b;
}

const struct blob_version *blob_seen(const struct blob *b, int64_t at_us)
{
    for (size_t i = 0; b && i < b->versions; i++) {
        const struct blob_version *v = &b->version[i];

        if (v->from_us <= at_us && at_us < v->to_us)
            return v;
    }
    return NULL;
}

const struct blob_version *blob_visible(const struct blob *b)
{
    if (!b || b->versions == 0 ||
        b->version[b->versions - 1].to_us != INT64_MAX)
        return NULL;
    return &b->version[b->versions - 1];
}

void blob_on_change(void (*fn)(struct blob *b, bool visible))
{
    s.on_change = fn;
}

void blob_drop_staged(struct blob *b)
{
    for (size_t i = 0; i < b->staged_n; i++)
        free(b->staged[i].data);
    b->staged_n = 0;
}

void blob_expire(struct blob *b)
{
    if (b->staged_n > 0 && sim_now() - b->last_block_us > s.limits.life_us) {
        sim_trace("the blocks of %s have expired", b->name);
        blob_drop_staged(b);
    }
}

void blob_put(struct blob *b, struct blob_version v)
{
    if (b->versions == b->version_cap) {
        b->version_cap = b->version_cap > 0 ? b->version_cap * 2 : 1;
        b->version = realloc(b->version, b->version_cap * sizeof v);
        RN_ASSERT(b->version);
    }
    if (blob_visible(b))
        b->version[b->versions - 1].to_us = sim_now();
    v.from_us = sim_now();
    v.to_us = INT64_MAX;
    (void)snprintf(v.etag, sizeof v.etag, "\"0x8D%012llX\"",
                   (unsigned long long)++s.etags);
    b->version[b->versions++] = v;
    sim_trace("visible: %s, %zu bytes, %u blocks", b->name, v.len, v.blocks);
    if (s.on_change)
        s.on_change(b, true);
}

void blob_delete(struct blob *b)
{
    b->version[b->versions - 1].to_us = sim_now();
    sim_trace("removed: %s", b->name);
    if (s.on_change)
        s.on_change(b, false);
}

const char *blob_breach(void)
{
    return s.breach;
}

void blob_breaks(const char *fmt, ...)
{
    va_list args;

    if (s.breach[0])
        return;
    va_start(args, fmt);
    (void)vsnprintf(s.breach, sizeof s.breach, fmt, args);
    va_end(args);
    sim_trace("breach: %s", s.breach);
}
