/* interim */
#include <string.h>
#include "runnel/source.h"
struct demo { struct rn_source base; uint64_t n; struct rn_cell cell[2]; };
static const struct rn_col cols[2] = { { .name = RN_LIT("id"), .type = RN_I64 }, { .name = RN_LIT("name"), .type = RN_TEXT } };
static size_t need(const struct rn_config *c) { (void)c; return RN_ROUND(sizeof(struct demo)); }
extern const struct rn_source_class rn_source_demo;
static int open_it(const struct rn_config *config, struct rn_arena *mem, struct rn_error *error, struct rn_source **source)
{ (void)error; struct demo *d = RN_TAKE(mem, struct demo, 1); d->base.cls = &rn_source_demo; (void)config; *source = &d->base; return 0; }
static int query(struct rn_source *s, const struct rn_binding *b) { (void)b; s->schema.n = 2; s->schema.col = cols; ((struct demo *)s)->n = 0; return 0; }
static int next(struct rn_source *s, struct rn_row *row)
{ struct demo *d = (void *)s; if (d->n == 1000) return 0; d->n++; d->cell[0].type = RN_I64; d->cell[0].as.i64 = (int64_t)d->n; d->cell[1].type = RN_TEXT; d->cell[1].as.bytes = RN_STR("hello"); row->n = 2; row->cell = d->cell; return 1; }
static void close_it(struct rn_source *s) { (void)s; }
const struct rn_source_class rn_source_demo = { .name = "demo", .need = need, .open = open_it, .query = query, .next = next, .close = close_it };
