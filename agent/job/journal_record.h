/* job/journal_record.h: the journal's record as bytes. Pure, so that every
 * damage to them can be tried.
 */
#ifndef JOB_JOURNAL_RECORD_H
#define JOB_JOURNAL_RECORD_H

#include "job/journal.h"

struct rn_journal_record {
    uint64_t generation;
    char job[65];
    struct rn_open_run open;
    struct rn_watermark watermark;
    struct rn_past_run past[RN_HISTORY]; /* the newest first */
    size_t pasts;
};

/* Write RN_JOURNAL_BYTES bytes at most; returns how many. */
size_t rn_journal_encode(const struct rn_journal_record *r, uint8_t *to);

/* RN_E_TORN: not a whole record, or a changed one. RN_E_DENIED: whole, but of
 * another version.
 */
int rn_journal_decode(const uint8_t *p, size_t len,
                      struct rn_journal_record *r);

#endif
