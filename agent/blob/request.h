/* blob/request.h: one operation on a store as an HTTP request.
 *
 * Everything a request needs beside its body is in fixed buffers of the slot it
 * is sent from, made anew from the transfer for every try.
 */
#ifndef BLOB_REQUEST_H
#define BLOB_REQUEST_H

#include "blob/list.h"
#include "blob/url.h"
#include "identity/identity.h"
#include "runnel/store.h"

/* From this version on SAS and Shared Key, CRC64 and large blocks work as the
 * code here expects; emulators know it, too.
 */
#define RN_BLOB_VERSION "2021-12-02"

#define RN_BLOB_HEADERS 20
#define RN_BLOB_TARGET  (RN_BLOB_NAME * 3 + 256 + RN_SECRET_MAX)
#define RN_BLOB_TEXT    640 /* values that are made up, not borrowed */

/* What all requests of a store have in common. */
struct rn_blob_service {
    struct rn_blob_url url;
    struct rn_identity *identity;
    enum rn_checksum checksum; /* AUTO is decided by then */
    char client[9];            /* of x-ms-client-request-id */
};

struct rn_request {
    const char *method;
    struct rn_http_header header[RN_BLOB_HEADERS];
    size_t headers;
    struct rn_http_body body;
    size_t target_len;
    size_t path_len; /* of the target, before its '?' */
    size_t text_len;
    uint8_t md5[16]; /* of the body, when it was sent */
    bool has_md5;
    bool has_crc64;
    char target[RN_BLOB_TARGET];
    char text[RN_BLOB_TEXT];
    struct rn_list_body list;
};

/* How a checksum set to "auto" turns out: emulators refuse the CRC64 header,
 * the service takes either, and CRC64 is known already.
 */
enum rn_checksum rn_blob_checksum(enum rn_checksum asked,
                                  const struct rn_blob_url *u);

/* Make the request for `t`; what `t` points to is borrowed by it. `number` is
 * the request's, `now_us` the wall time or < 0. Fails, with t->error filled,
 * with RN_E_CONFIG (name or metadata too long) or RN_E_AUTH (a signature needs
 * the time of day).
 */
int rn_request_make(struct rn_request *q, const struct rn_blob_service *s,
                    struct rn_transfer *t, uint64_t number, int64_t now_us);

#endif
