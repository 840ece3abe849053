/* blob/list.h: the body of Put Block List, made while it is sent.
 *
 * With 50,000 blocks it is 2.5 MB, more than a whole budget. All ids have one
 * width, so its length is known beforehand and any byte of it can be computed
 * from its offset; what is kept is one small scratch.
 */
#ifndef BLOB_LIST_H
#define BLOB_LIST_H

#include "runnel/limits.h"
#include "runnel/store.h"

struct rn_list_body {
    const struct rn_block_list *list;
    uint8_t scratch[RN_LIST_SCRATCH];
};

/* Bytes of the body for `n` blocks. */
uint64_t rn_list_len(uint32_t n);

/* Make `body` the XML of `list`; `b` and `list` are borrowed by it. */
void rn_list_open(struct rn_list_body *b, const struct rn_block_list *list,
                  struct rn_http_body *body);

#endif
