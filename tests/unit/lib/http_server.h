/* lib/http_server.h: a server that does as it is told, stepped by the test.
 *
 * It lives in the test's own process and never blocks: the test pumps the
 * client and steps the server in turn, so nothing depends on a scheduler.
 */
#ifndef LIB_HTTP_SERVER_H
#define LIB_HTTP_SERVER_H

#include "runnel/base.h"

#define SERVER_PEERS 8
#define SERVER_KEEP  (64u * 1024)

/* What to do on one connection. Zero means the ordinary thing. */
struct server_act {
    const char *answer; /* to each request; NULL: never answer             */
    size_t answer_len;  /* 0: strlen(answer)                               */
    size_t early;       /* answer after so many request bytes, not all     */
    size_t cut_in;      /* close after so many request bytes (+1: 1 is 0)  */
    size_t cut_out;     /* close after so many answer bytes (+1: 1 is 0)   */
    bool reset;         /* close with RST instead of FIN                   */
    bool deaf;          /* stop reading once the head is there             */
    bool leave;         /* close after the first answer                    */
    size_t read_step;   /* bytes read at once; 0: many                     */
    int drip_ms;        /* send one byte every so many ms                  */
};

struct server_peer {
    int fd; /* -1: none */
    struct server_act act;
    char *in; /* SERVER_KEEP bytes: the request at hand */
    size_t got;
    size_t put;
    bool answering;
    int64_t last_ms;
};

struct server {
    int listener;
    uint16_t port;
    const struct server_act *act; /* for the 1st, 2nd... connection; the last
                                   * one also for all that follow          */
    size_t acts;
    size_t accepted;
    size_t answered; /* complete answers */
    size_t requests; /* complete requests */
    struct server_peer peer[SERVER_PEERS];
    char last[SERVER_KEEP]; /* the last complete request's first bytes */
    size_t last_len;        /* and its whole length                    */
};

void server_open(struct server *s, const struct server_act *act, size_t acts);
void server_step(struct server *s);

/* Close every connection that is idle now. */
void server_hang_up(struct server *s, bool reset);
void server_close(struct server *s);

#endif
