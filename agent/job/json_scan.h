/* job/json_scan.h: JSON read in pieces of any size, in fixed memory.
 *
 *     begin -> feed ... feed -> end
 *
 * One object or list and blanks around it, as RFC 8259 has it and nothing more
 * lenient. Nothing is kept but the text or number at hand, so its length is
 * bounded, and so is the depth.
 */
#ifndef JOB_JSON_SCAN_H
#define JOB_JSON_SCAN_H

#include "runnel/base.h"

#define RN_SCAN_TEXT  4096u /* bytes of a text, unescaped */
#define RN_SCAN_DEPTH 16u

enum rn_scan_item {
    RN_SCAN_OBJECT, /* begins                                             */
    RN_SCAN_LIST,   /* begins                                             */
    RN_SCAN_CLOSE,
    RN_SCAN_KEY,
    RN_SCAN_STRING, /* valid UTF-8                                        */
    RN_SCAN_NUMBER, /* as it is written                                   */
    RN_SCAN_TRUE,
    RN_SCAN_FALSE,
    RN_SCAN_NULL
};

struct rn_json_scan {
    /* Each item as it is whole; `text` of a key, string or number, valid
     * during the call. A failure ends the reading with that code.
     */
    int (*item)(void *ctx, enum rn_scan_item item, struct rn_bytes text);
    void *ctx;

    uint64_t at;     /* bytes taken                                        */
    const char *why; /* RN_E_TORN, RN_E_FULL: what is wrong; a literal      */
    int err;         /* sticky                                             */

    int state;
    unsigned depth;
    uint32_t lists;  /* a bit for each depth: in a list                  */
    bool key;        /* the text at hand is a key                        */
    unsigned digits; /* of \u that are still to come                     */
    unsigned code;   /* what they gave so far                            */
    unsigned high;   /* a first surrogate that waits for its second      */
    size_t len;
    uint8_t text[RN_SCAN_TEXT];
};

void rn_json_scan_begin(struct rn_json_scan *s,
                        int (*item)(void *ctx, enum rn_scan_item item,
                                    struct rn_bytes text),
                        void *ctx);

/* RN_OK, RN_E_TORN for what is no JSON, RN_E_FULL for what goes beyond a bound,
 * or the item()'s own.
 */
int rn_json_scan_feed(struct rn_json_scan *s, struct rn_bytes part);

/* RN_E_TORN unless all of it has been there. */
int rn_json_scan_end(struct rn_json_scan *s);

/* A number that is a whole one from 0 to 2^64 - 1, or RN_E_VALUE. */
int rn_json_scan_u64(struct rn_bytes text, uint64_t *v);

#endif
