/* encode/text.h: what CSV and JSON write alike: a cell's value as text. */
#ifndef ENCODE_TEXT_H
#define ENCODE_TEXT_H

#include "encode/pen.h"
#include "runnel/encoder.h"

/* The longest text of a cell that is neither text nor blob. */
#define RN_VALUE_TEXT 48

/* A boolean, number, date, time, timestamp or UUID as the job writes it,
 * doubles finite. Returns the length; RN_E_VALUE outside the years 0001 to
 * 9999 or, for times, the day.
 */
int rn_value_text(const struct rn_config *config, const struct rn_col *col,
                  const struct rn_cell *cell, char *to);

/* NaN, Infinity or -Infinity; empty for other doubles. */
struct rn_bytes rn_nan_text(double v);

/* A blob in Base64 or hexadecimal, without quotes: to memory, or to a pen. */
size_t rn_blob_text_len(size_t n, enum rn_binary how);
void rn_blob_text(struct rn_bytes blob, enum rn_binary how, char *to);
void rn_text_blob(struct rn_pen *p, struct rn_bytes blob, enum rn_binary how);

/* RN_E_VALUE for a cell, `why` saying what is the matter and what to do. The
 * stream is not continued.
 */
int rn_cell_fail(struct rn_encoder *e, uint64_t number, size_t column,
                 const char *why);

/* Column names are UTF-8, or RN_E_CONFIG. */
int rn_check_names(const struct rn_schema *schema, struct rn_error *error);

/* Texts for `why`. */
#define RN_WHY_RANGE "outside the years 0001 to 9999, or no time of a day"
#define RN_WHY_NAN \
    "NaN and infinities have no place here; set file.nan to null or text"

#endif
