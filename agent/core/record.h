/* core/record.h: numbers and bytes one after the other, little-endian, for
 * what is written down to be read again by a later process.
 *
 * Both ways share one cursor that runs dry instead of over its end: after a
 * step that does not fit, `bad` is true, nothing more is written, and what is
 * read is 0. Ask once, at the end.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "runnel/base.h"

struct rn_record {
    uint8_t *p; /* borrowed */
    size_t at;
    size_t cap;
    bool bad;
};

void rn_record_open(struct rn_record *r, uint8_t *p, size_t cap);

/* The low `bytes` (1 to 8) of a number. */
void rn_record_put(struct rn_record *r, uint64_t value, unsigned bytes);
uint64_t rn_record_get(struct rn_record *r, unsigned bytes);

/* As one byte; any but 0 and 1 is bad. */
void rn_record_put_bool(struct rn_record *r, bool value);
bool rn_record_get_bool(struct rn_record *r);

void rn_record_put_f64(struct rn_record *r, double value);
double rn_record_get_f64(struct rn_record *r);

/* `n` bytes as they are: both sides know the number. */
void rn_record_put_raw(struct rn_record *r, const void *p, size_t n);
void rn_record_get_raw(struct rn_record *r, void *to, size_t n);

/* Up to 65,535 bytes behind their number; get() returns it, 0 when there are
 * more than `cap`, which is bad.
 */
void rn_record_put_bytes(struct rn_record *r, const void *p, size_t n);
size_t rn_record_get_bytes(struct rn_record *r, void *to, size_t cap);

/* The same for a text: `cap` counts its NUL, and one inside is bad. */
void rn_record_put_text(struct rn_record *r, const char *text);
void rn_record_get_text(struct rn_record *r, char *to, size_t cap);

#endif
