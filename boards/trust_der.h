/* boards/trust_der.h: where a board keeps the authorities that it trusts. */
#ifndef BOARDS_TRUST_DER_H
#define BOARDS_TRUST_DER_H

#include "runnel/base.h"

/* X.509 certificates in DER, one behind the other; what follows the last is no
 * DER sequence (an erased or zero byte) or beyond *len. In flash: they are
 * never copied. A board defines it.
 */
const uint8_t *rn_board_roots(size_t *len);

#endif
