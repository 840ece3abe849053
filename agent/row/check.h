/* row/check.h: what every row must pass before an encoder sees it.
 *
 * Sizes against max_cell and text against UTF-8, by the job's policies; every
 * change is counted (struct rn_counts). After rn_check_row() a RN_TEXT cell is
 * valid UTF-8 and no cell is larger than max_cell. With file.nan = null a
 * double that is no finite number is NULL.
 *
 * Narrow columns (rn_col: bits, millis) hold what they say: a float's value is
 * rounded to the nearest, which is what was asked for; file.timestamps =
 * millis-truncate drops what is finer than a millisecond, towards the past,
 * counted in `truncated`. An integer outside its range, a double that would
 * become an infinity and, with millis, a finer time break their column's type:
 * on_mismatch = null makes them NULL, else they are errors, as nothing could
 * convert them without loss.
 */
#ifndef ROW_CHECK_H
#define ROW_CHECK_H

#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/row.h"

struct rn_check {
    const struct rn_config *config;
    const struct rn_schema *schema;
    struct rn_counts *counts;
    struct rn_error *error;
    uint8_t *scratch; /* where replaced text is composed, one row's worth */
    size_t cap;
    size_t narrow; /* columns up to and with the last narrow one; 0: none */
};

/* 0 unless on_bad_text = replace; then 2 * max_cell, which the replaced texts
 * of one row share: RN_E_VALUE where they need more.
 */
size_t rn_check_need(const struct rn_config *config);

/* `counts` and `error` of *k are the caller's to set, before the first row. */
int rn_check_init(struct rn_check *k, const struct rn_config *config,
                  const struct rn_schema *schema, struct rn_arena *mem);

/* Rewrites cells in place where a policy says so. RN_E_VALUE with a text that
 * names row (`number`, from 1) and column otherwise.
 */
int rn_check_row(struct rn_check *k, struct rn_row *row, uint64_t number);

#endif
