/* tls/address.h: is this host a number? */
#ifndef TLS_ADDRESS_H
#define TLS_ADDRESS_H

#include "runnel/base.h"

/* 4 or 16 with the address in network order, 0 when `host` is a name. IPv6
 * without brackets and zone; strict: no octal, no short forms of IPv4.
 */
size_t rn_address_of(const char *host, uint8_t ip[16]);

#endif
