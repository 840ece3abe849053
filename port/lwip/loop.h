/* lwip/loop.h: what the files of this port know of each other. */
#ifndef LWIP_LOOP_H
#define LWIP_LOOP_H

#include "runnel/port.h"

struct netif;

/* One turn: frames in, lwIP's timers. Never waits. */
void rn_lwip_turn(void);

/* Send what waits for more of it; before a sleep. */
void rn_lwip_net_flush(void);

/* Whether what `w` wants can be done now. */
bool rn_lwip_net_ready(const struct rn_wait *w);

/* The wall clock as the network told it; microseconds since 1970. */
void rn_lwip_set_wall(uint32_t seconds, uint32_t us);

/* For lwIP's own numbers: ports, query ids, first sequence numbers. */
uint32_t rn_lwip_chance(void);

#endif
