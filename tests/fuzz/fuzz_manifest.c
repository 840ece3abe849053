/* fuzz_manifest.c: whatever lies where a manifest should be, in any split, the
 * reader ends the same way, refuses with one line, and takes nothing that does
 * not add up.
 */
#include <string.h>

#include "job/manifest_read.h"
#include "row/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
    struct rn_manifest_reader reader;
    struct rn_error error;
    struct rn_arena mem;
    _Alignas(16) uint8_t space[16384];
    uint32_t files;
    size_t digests;
    uint64_t rows;
};

static int on_file(void *ctx, uint32_t part, const struct rn_manifest_file *f)
{
    struct reading *r = ctx;

    RN_ASSERT(part == ++r->files);
    RN_ASSERT(f->name[0] && !strchr(f->name, '/') &&
              strlen(f->name) < RN_MANIFEST_FILE);
    r->rows += f->rows;
    return RN_OK;
}

static int on_digest(void *ctx, size_t column, const struct rn_digest_column *d)
{
    struct reading *r = ctx;

    RN_ASSERT(column == r->digests++);
    RN_ASSERT(d->min_len < RN_DIGEST_TEXT && d->max_len < RN_DIGEST_TEXT);
    return RN_OK;
}

static int read_all(struct reading *r, const uint8_t *p, size_t n, size_t step)
{
    int err = RN_OK;

    memset(&r->error, 0, sizeof r->error);
    rn_arena_init(&r->mem, "fuzz", r->space, sizeof r->space);
    r->files = 0;
    r->digests = 0;
    r->rows = 0;
    r->reader.file = on_file;
    r->reader.digest = on_digest;
    r->reader.ctx = r;
    r->reader.place = "m";
    r->reader.mem = &r->mem;
    r->reader.error = &r->error;
    rn_manifest_read_begin(&r->reader);
    for (size_t at = 0; at < n && err == RN_OK; at += step)
        err = rn_manifest_read_feed(
            &r->reader,
            (struct rn_bytes){ p + at, n - at < step ? n - at : step });
    return err < 0 ? err : rn_manifest_read_end(&r->reader);
}

/* The first byte chooses the split. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reading whole;
    static struct reading split;

    if (size < 1)
        return 0;
    int err = read_all(&whole, data + 1, size - 1, size);
    RN_ASSERT(err == read_all(&split, data + 1, size - 1, data[0] + 1u));
    RN_ASSERT(err == whole.error.code);
    RN_ASSERT(strcmp(whole.error.text, split.error.text) == 0);
    for (const char *p = whole.error.text; *p; p++)
        RN_ASSERT((unsigned char)*p >= 0x20);
    if (err < 0)
        return 0;
    RN_ASSERT(
        rn_schema_same(&whole.reader.told.schema, &split.reader.told.schema));
    RN_ASSERT(whole.reader.told.files == whole.files);
    RN_ASSERT(whole.reader.told.rows == whole.rows);
    RN_ASSERT(whole.digests == whole.reader.told.schema.n);
    return 0;
}
