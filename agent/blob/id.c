/* blob/id.c: see blob/id.h. */
#include "blob/id.h"

#include "core/base64.h"

#include <string.h>

_Static_assert(RN_NONCE + 4 + 2 + 4 == RN_BLOCK_ID, "fields fill the id");
_Static_assert(RN_BASE64_LEN(RN_BLOCK_ID) == RN_BLOCK_ID_TEXT, "no padding");

static void store_32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

void rn_block_id_text(const struct rn_block_id *id, char to[RN_BLOCK_ID_TEXT])
{
    uint8_t raw[RN_BLOCK_ID];

    memcpy(raw, id->nonce, RN_NONCE);
    store_32(raw + RN_NONCE, id->group);
    raw[RN_NONCE + 4] = (uint8_t)(id->lane >> 8);
    raw[RN_NONCE + 5] = (uint8_t)id->lane;
    store_32(raw + RN_NONCE + 6, id->sequence);
    rn_base64(raw, sizeof raw, to);
}
