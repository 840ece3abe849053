/* lwip/lwipopts.h: how much of lwIP is built, and how large.
 *
 * lwIP is configured by macros. A board that wants another size gives it with
 * -D in its board.mk; what has no #ifndef is what the port relies on.
 */
#ifndef RUNNEL_LWIPOPTS_H
#define RUNNEL_LWIPOPTS_H

#include <stdint.h>

#include "runnel/base.h"

/* One loop, no threads, the raw API only. */
#define NO_SYS                    1
#define SYS_LIGHTWEIGHT_PROT      0
#define LWIP_NETCONN              0
#define LWIP_SOCKET               0
#define LWIP_COMPAT_MUTEX_ALLOWED 1
#define LWIP_TCPIP_CORE_LOCKING   0

#define LWIP_IPV4     1
#define LWIP_IPV6     0
#define LWIP_TCP      1
#define LWIP_UDP      1
#define LWIP_DNS      1
#define LWIP_ICMP     1
#define LWIP_RAW      0
#define LWIP_ETHERNET 1
#define LWIP_ARP      1
#ifndef LWIP_DHCP
#define LWIP_DHCP 0
#endif

/* A frame's payload is then aligned, which both drivers want. */
#ifndef ETH_PAD_SIZE
#define ETH_PAD_SIZE 2
#endif
#define MEM_ALIGNMENT __SIZEOF_POINTER__

/* No fragments and no segments out of order: each would hold buffers that a
 * small pool does not have; the peer sends again.
 */
#define IP_REASSEMBLY   0
#define IP_FRAG         0
#define TCP_QUEUE_OOSEQ 0

/* Two segments each way. A receive window beyond 3 to 4 segments is more than
 * small network chips hold; net.c has a ring of a window for each connection,
 * so a frame's buffer is free again before the next is taken.
 */
#define TCP_MSS 1460
#ifndef TCP_WND
#define TCP_WND (2 * TCP_MSS)
#endif
#ifndef TCP_SND_BUF
#define TCP_SND_BUF (2 * TCP_MSS)
#endif
#define TCP_SND_QUEUELEN 12
#define MEMP_NUM_TCP_SEG TCP_SND_QUEUELEN
#ifndef PBUF_POOL_SIZE
#define PBUF_POOL_SIZE 2
#endif
#ifndef MEM_SIZE
#define MEM_SIZE 4096
#endif
#define MEMP_NUM_PBUF 4

/* Connections of ours, and those that still say goodbye. */
#ifndef RN_LWIP_CONNECTIONS
#define RN_LWIP_CONNECTIONS 2
#endif
#define MEMP_NUM_TCP_PCB (RN_LWIP_CONNECTIONS + 2)
#ifndef MEMP_NUM_TCP_PCB_LISTEN
#define MEMP_NUM_TCP_PCB_LISTEN 1
#endif
#define MEMP_NUM_UDP_PCB   (2 + LWIP_DHCP)
#define MEMP_NUM_ARP_QUEUE 2
#define ARP_TABLE_SIZE     4
#define LWIP_TCP_KEEPALIVE 0

/* Names: one answer is kept, and one entry of our own. */
#define DNS_TABLE_SIZE                2
#define DNS_MAX_SERVERS               1
#define DNS_LOCAL_HOSTLIST            1
#define DNS_LOCAL_HOSTLIST_IS_DYNAMIC 1
#define MEMP_NUM_LOCALHOSTLIST        1
#ifndef DNS_MAX_NAME_LENGTH
#define DNS_MAX_NAME_LENGTH 128
#endif

/* Two for SNTP. */
#define MEMP_NUM_SYS_TIMEOUT (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 2)

/* Time, for boards that have no clock: checked against spoofed answers. */
#define SNTP_SERVER_DNS                1
#define SNTP_MAX_SERVERS               1
#define SNTP_STARTUP_DELAY             0
#define SNTP_CHECK_RESPONSE            2
#define SNTP_RETRY_TIMEOUT             2000
#define SNTP_UPDATE_DELAY              3600000
#define SNTP_SET_SYSTEM_TIME_US(s, us) rn_lwip_set_wall((s), (us))
#define SNTP_GET_SYSTEM_TIME(s, us)          \
    do {                                     \
        int64_t rn_now = rn_clock_wall();    \
        rn_now = rn_now < 0 ? 0 : rn_now;    \
        (s) = (uint32_t)(rn_now / 1000000);  \
        (us) = (uint32_t)(rn_now % 1000000); \
    } while (0)

/* A first sequence number that can be guessed lets a stranger write into a
 * connection (RFC 6528); ours is chance.
 */
#define LWIP_RAND() rn_lwip_chance()
#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port) \
    rn_lwip_chance()

/* High-water marks of heap and pools: 100 bytes, and what sizes go by. */
#define LWIP_STATS       1
#define MEM_STATS        1
#define MEMP_STATS       1
#define SYS_STATS        0
#define LINK_STATS       0
#define ETHARP_STATS     0
#define IP_STATS         0
#define ICMP_STATS       0
#define UDP_STATS        0
#define TCP_STATS        0
#define IPFRAG_STATS     0
#define LWIP_STATS_LARGE 0

/* A broken assumption stops the machine, as ours do; boards that have no flash
 * to spare define LWIP_NOASSERT.
 */
#define LWIP_PLATFORM_ASSERT(text) rn_panic(__FILE__, __LINE__)
#define LWIP_PLATFORM_DIAG(text)

/* As the port's headers say it, which lwIP does not read. */
/* NOLINTBEGIN(readability-redundant-declaration) */
int64_t rn_clock_wall(void);
uint32_t rn_lwip_chance(void);
void rn_lwip_set_wall(uint32_t seconds, uint32_t us);
/* NOLINTEND(readability-redundant-declaration) */

#endif
