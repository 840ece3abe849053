/* linux/linux.h: what the Linux port offers beyond port.h and file.h.
 *
 * The first part is for main() and tests, the second for the port's own
 * files. Nothing in this folder calls malloc or stdio: the agent promises that
 * no allocation happens once a run has begun.
 */
#ifndef LINUX_LINUX_H
#define LINUX_LINUX_H

#include <poll.h>

#include "runnel/host.h"
#include "runnel/port.h"

/* -- for the files of this folder ----------------------------------------- */

/* What poll() must watch for this connection, given what its owner wants:
 * while resolving or connecting the port knows better.
 */
void rn_linux_net_poll(const struct rn_wait *w, struct pollfd *p);

/* Readable after a stop request; -1 before rn_linux_start(). */
int rn_linux_stop_fd(void);

/* True once for each stop request that nobody has noticed yet. */
bool rn_linux_stop_news(void);

/* Resolution runs in a child process, because getaddrinfo() blocks and
 * allocates. A lookup is named by a small number.
 */
struct rn_linux_address {
    uint8_t family; /* 4 or 6; 0: no such name; 1: the resolver failed */
    uint8_t pad[3];
    uint32_t scope; /* IPv6 interface, as sin6_scope_id */
    uint8_t ip[16];
};

/* The lookup's number, or RN_E_LINK when it cannot be begun. */
int rn_linux_resolve(const char *host);

/* 1 with the next address; 0 when there are no more; RN_E_AGAIN while the
 * child works; RN_E_ABSENT: no such name; RN_E_LINK: the resolver failed.
 */
int rn_linux_resolve_next(int lookup, struct rn_linux_address *a);

/* More addresses are known to follow. */
bool rn_linux_resolve_more(int lookup);

int rn_linux_resolve_fd(int lookup);

/* Ends and reaps the child if it still runs. */
void rn_linux_resolve_close(int lookup);

/* Called by the child before it asks. A program linked statically to glibc
 * keeps to what is linked into it, /etc/hosts and DNS (names_static.c): what
 * else /etc/nsswitch.conf names are shared libraries of another C library.
 * Everybody else goes by that file (names_system.c).
 */
void rn_linux_names(void);

/* Copy the system's words for `err` (an errno) after `what` into `why`, RN_WHY
 * bytes or NULL.
 */
void rn_linux_why(char *why, const char *what, int err);

/* fsync the folder that holds `path`: 0, or -1 with errno set. */
int rn_linux_sync_parent(const char *path);

#endif
