/* http/head.h: a request's line and headers as they travel. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "runnel/http.h"

/* Compose the head of `c`, Host and Content-Length added: its length, or
 * RN_E_FULL past `cap`. The same call always gives the same bytes.
 */
int rn_http_head(char *to, size_t cap, const struct rn_http_call *c);

#endif
