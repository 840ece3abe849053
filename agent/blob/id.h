/* blob/id.h: a block's name as the service sees it. */
#ifndef BLOB_ID_H
#define BLOB_ID_H

#include "runnel/store.h"

#define RN_BLOCK_ID_TEXT 24 /* Base64 characters of RN_BLOCK_ID bytes */

/* Nonce, group, lane, sequence, each with its highest byte first, in Base64: 24
 * characters for every block, no NUL.
 */
void rn_block_id_text(const struct rn_block_id *id, char to[RN_BLOCK_ID_TEXT]);

#endif
