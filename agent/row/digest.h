/* row/digest.h: what a run's columns hold, to be compared with a warehouse.
 *
 * Per column: non-null count, and by type minimum and maximum (numbers, dates,
 * UUIDs, text by bytes, cut to 32 bytes), the exact sum (integers and booleans
 * in 128 bits, decimals as unscaled integers in 128 bits while they fit).
 * Doubles have no sum: it would depend on the order.
 */
#ifndef ROW_DIGEST_H
#define ROW_DIGEST_H

#include "core/record.h"
#include "runnel/arena.h"
#include "runnel/row.h"

#define RN_DIGEST_TEXT 48 /* holds any minimum, maximum or sum as text */

struct rn_digest; /* an array of columns, opaque */

size_t rn_digest_need(size_t columns);
struct rn_digest *rn_digest_init(const struct rn_schema *schema,
                                 struct rn_arena *mem);
void rn_digest_clear(struct rn_digest *d);
void rn_digest_row(struct rn_digest *d, const struct rn_row *row);

/* One column's results. Texts are as the CSV encoder would write the value
 * with default options, unquoted; "" when there is none (no value yet, or the
 * type has none, or the sum outgrew 128 bits). `min_cut`/`max_cut`: the text is
 * a prefix (a prefix is a lower bound; the true maximum begins with max).
 */
struct rn_digest_column {
    uint64_t non_null;
    char min[RN_DIGEST_TEXT];
    char max[RN_DIGEST_TEXT];
    char sum[RN_DIGEST_TEXT];
    size_t min_len, max_len; /* text may hold NUL bytes */
    bool min_cut, max_cut;
};
void rn_digest_column(const struct rn_digest *d, size_t column,
                      struct rn_digest_column *c);

/* All columns as they stand, for a later process: at most save_need() bytes.
 * restore() is for a digest of the same schema; RN_E_TORN: save() would not
 * have written that.
 */
size_t rn_digest_save_need(size_t columns);
void rn_digest_save(const struct rn_digest *d, struct rn_record *r);
int rn_digest_restore(struct rn_digest *d, struct rn_record *r);

#endif
