/* job/validate_container.c: what readers of the container find; see
 * job/validate_parts.h.
 */
#include <string.h>

#include "core/crc64.h"
#include "core/format.h"
#include "job/run_parts.h"
#include "job/validate_parts.h"
#include "row/measure.h"

/* The manifest is read in such pieces; files in what memory there is. */
#define MANIFEST_PIECE 4096u
#define PIECE_LEAST    16384u
#define PIECE_MOST     ((size_t)4 << 20)

static struct rn_place *here(struct validate *x)
{
    return &x->report->place[x->container];
}

/* A transfer's failure, kept as this validation's and not the uploader's: the
 * other places are still asked.
 */
static int failed(struct validate *x, const struct rn_transfer *t, int err)
{
    if (x->error->code == RN_OK && t->error.code != RN_OK)
        *x->error = t->error;
    return rn_fail(x->error, err, RN_AT_STORE, "%s: cannot be read (%s)",
                   x->path, rn_err_name(err));
}

/* -- a file --------------------------------------------------------------- */

/* The path of a file that the manifest names: the job's path for that part when
 * it has this name, else beside the manifest.
 */
static int file_path(struct validate *x, uint32_t part, const char *name)
{
    int n = rn_run_path(x->config, x->v->run, part, x->v->ext, x->path);
    const char *slash = n < 0 ? NULL : strrchr(x->path, '/');

    if (slash && strcmp(slash + 1, name) == 0)
        return RN_OK;
    if (rn_run_marker(x->config, x->v->run, name, x->path) < 0)
        return rn_fail(x->error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [store] path: too long", x->config->path);
    return RN_OK;
}

static int read_back(struct validate *x, const struct rn_manifest_file *f,
                     struct told *t)
{
    struct rn_object object = { .path = x->path };
    struct rn_transfer g = { .op = RN_OP_GET,
                             .object = &object,
                             .into = x->piece,
                             .cap = x->piece_cap };
    char is[17], should[17];
    uint64_t crc = 0;

    while (g.offset < f->bytes) {
        uint64_t left = f->bytes - g.offset;
        if (left < g.cap)
            g.cap = (size_t)left;
        int err = rn_uploader_repeat(x->v->uploader, &g);
        if (err < 0)
            return failed(x, &g, err);
        if (g.got == 0)
            break; /* it has become shorter: another checksum */
        crc = rn_crc64(crc, x->piece, g.got);
        g.offset += g.got;
    }
    if (crc == f->crc64)
        return RN_OK;
    rn_format(is, sizeof is, "%016llx", (unsigned long long)crc);
    rn_format(should, sizeof should, "%016llx", (unsigned long long)f->crc64);
    t->figure = "crc64";
    rn_report_differs(x->report, t, is, should);
    return RN_OK;
}

/* A folder knows the run of the file that it published last, no more. */
static bool is_ours(const struct validate *x, const char *run)
{
    return strcmp(run, x->v->run) == 0 || strcmp(run, "unknown") == 0;
}

static int on_file(void *ctx, uint32_t part, const struct rn_manifest_file *f)
{
    struct validate *x = ctx;
    struct told t = { "bytes", true, rn_bytes_of(f->name), x->container,
                      x->encoder };
    struct rn_object object = { .path = x->path };
    struct rn_transfer h = { .op = RN_OP_HEAD, .object = &object };
    uint64_t before = x->report->differences;
    int err = file_path(x, part, f->name);

    if (err < 0)
        return err;
    err = rn_uploader_repeat(x->v->uploader, &h);
    if (err == RN_E_ABSENT) {
        t.figure = RN_FIGURE_FILE;
        rn_report_differs(x->report, &t, "absent", "present");
        return RN_OK;
    }
    if (err < 0)
        return failed(x, &h, err);
    here(x)->files++;
    here(x)->bytes += h.found_length;
    rn_compare_number(x->report, &t, h.found_length, f->bytes);
    t.figure = "run";
    if (!is_ours(x, h.found_run))
        rn_report_differs(x->report, &t, h.found_run[0] ? h.found_run : "none",
                          x->v->run);
    if (here(x)->read_back && x->report->differences == before)
        err = read_back(x, f, &t);
    return err;
}

/* -- the manifest --------------------------------------------------------- */

static int on_digest(void *ctx, size_t column, const struct rn_digest_column *d)
{
    struct validate *x = ctx;
    const struct rn_schema *told = &x->reader.told.schema;
    struct rn_measure_column m;
    int err = RN_OK;

    if (!x->v->own && column == 0) {
        x->schema = *told;
        err = rn_compare_columns(x);
    }
    if (err < 0 || column >= x->schema.n)
        return err;
    rn_measure_digest(&told->col[column], d, &m);
    rn_compare_column(x, x->v->own ? x->container : x->encoder, column, &m);
    return RN_OK;
}

static int read_manifest(struct validate *x, uint8_t *buf)
{
    struct rn_object object = { .path = x->reader.place };
    struct rn_transfer g = {
        .op = RN_OP_GET, .object = &object, .into = buf, .cap = MANIFEST_PIECE
    };

    rn_manifest_read_begin(&x->reader);
    do {
        int err = rn_uploader_repeat(x->v->uploader, &g);
        if (err == RN_E_ABSENT)
            return rn_fail(x->error, RN_E_ABSENT, RN_AT_VALIDATE,
                           "%s: run %s has no manifest in %.100s",
                           x->reader.place, x->v->run,
                           x->v->uploader->store->place);
        if (err < 0) {
            rn_format(x->path, sizeof x->path, "%s", x->reader.place);
            return failed(x, &g, err);
        }
        err =
            rn_manifest_read_feed(&x->reader, (struct rn_bytes){ buf, g.got });
        if (err < 0)
            return err;
        g.offset += g.got;
    } while (g.got == g.cap);
    return rn_manifest_read_end(&x->reader);
}

/* The manifest has this run's name and is the encoder's word. */
static int check_told(struct validate *x)
{
    const struct rn_manifest_told *told = &x->reader.told;
    const struct rn_validate_own *own = x->v->own;
    struct rn_place *encoder = &x->report->place[x->encoder];
    struct told t = { .figure = "files",
                      .place = x->container,
                      .against = x->encoder };

    if (strcmp(told->run, x->v->run) != 0) {
        t.figure = "run";
        t.file = true;
        t.of = RN_STR("_manifest.json");
        rn_report_differs(x->report, &t, told->run, x->v->run);
    }
    if (!own) {
        rn_compare_rows(x->report, x->encoder, told->rows);
        encoder->has_files = true;
        encoder->files = told->files;
        encoder->bytes = told->bytes;
        return RN_OK;
    }
    rn_compare_rows(x->report, x->container, told->rows);
    rn_compare_number(x->report, &t, told->files, own->files);
    t.figure = "bytes";
    rn_compare_number(x->report, &t, told->bytes, own->bytes);
    return RN_OK;
}

static int take_buffers(struct validate *x, char **place, uint8_t **buf)
{
    *place = RN_TAKE(x->mem, char, RN_PATH_MAX);
    *buf = RN_TAKE(x->mem, uint8_t, MANIFEST_PIECE);
    if (*place && *buf && x->config->validate.read_back) {
        /* Half of the rest: columns come after it. */
        size_t most = (x->mem->cap - x->mem->used) / 2;
        x->piece_cap = most < PIECE_MOST ? most : PIECE_MOST;
        if (x->piece_cap < PIECE_LEAST)
            x->piece_cap = PIECE_LEAST;
        x->piece = RN_TAKE(x->mem, uint8_t, x->piece_cap);
    }
    if (!*place || !*buf || (x->config->validate.read_back && !x->piece))
        return rn_fail(x->error, RN_E_FULL, RN_AT_AGENT,
                       "no memory is left to read the run back; raise "
                       "job.memory");
    return RN_OK;
}

int rn_validate_container(struct validate *x)
{
    char *place;
    uint8_t *buf;
    int err = take_buffers(x, &place, &buf);

    if (err == RN_OK &&
        rn_run_marker(x->config, x->v->run, "_manifest.json", place) < 0)
        err = rn_fail(x->error, RN_E_CONFIG, RN_AT_CONFIG,
                      "%s: [store] path: too long", x->config->path);
    if (err < 0)
        return err;
    here(x)->has_files = true;
    here(x)->read_back = x->config->validate.read_back;
    x->reader.file = on_file;
    x->reader.digest = on_digest;
    x->reader.ctx = x;
    x->reader.place = place;
    x->reader.mem = x->mem;
    x->reader.error = x->error;
    err = read_manifest(x, buf);
    return err == RN_OK ? check_told(x) : err;
}
