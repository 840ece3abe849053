/* lib/tls_rig.h: an HTTP client of ours and openssl's server, with chains good
 * and bad.
 *
 * The chains come from tests/lib/chains.sh; a server is a child process on a
 * port of its own, killed by its number.
 */
#ifndef LIB_TLS_RIG_H
#define LIB_TLS_RIG_H

#include <sys/types.h>

#include "runnel/http.h"

/* Where the chains are, and the bundle of the roots that are believed. */
extern char tls_folder[];
extern char tls_roots[64];

/* cmocka's setup and teardown of a group: the chains. */
int tls_setup(void **state);
int tls_teardown(void **state);

struct tls_child {
    pid_t pid;
    uint16_t port;
};

/* Further options of the server; they end with NULL. Those with a version let
 * it show even a certificate that it would refuse itself.
 */
extern const char *const tls_none[];
extern const char *const tls_only_12[];
extern const char *const tls_only_13[];

/* openssl s_server with the chain of that name. It answers with a page of its
 * own, or with files of tls_folder when `extra` has -WWW.
 */
struct tls_child tls_serve(const char *chain, const char *const *extra);
void tls_stop(struct tls_child c);

/* A client that believes the roots in `ca`; NULL, with *error set, when there
 * is no memory for it. tls_client() must succeed.
 */
struct rn_http *tls_client_try(const char *ca, unsigned connections,
                               struct rn_error *error);
struct rn_http *tls_client(const char *ca, unsigned connections);

/* What the last answer brought: as much as fits, with a 0 behind it. */
#define TLS_PAGE 65536
extern char tls_page[TLS_PAGE];
extern size_t tls_page_len;

/* GET / (or target), begun; and driven to its end. */
void tls_begin(struct rn_http_call *c, const struct rn_origin *o);
struct rn_http_call tls_get(struct rn_http *h, const char *host, uint16_t port);
struct rn_http_call tls_get_file(struct rn_http *h, uint16_t port,
                                 const char *target);

#endif
