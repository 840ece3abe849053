/* lib/rest_server.h: a service that answers as a script says, in a process of
 * its own, for clients that wait for it.
 *
 * One answer a request, in order; what comes after the last is answered with
 * a 500 that no test expects. Requests are kept for the test to look at.
 */
#ifndef LIB_REST_SERVER_H
#define LIB_REST_SERVER_H

#include <sys/types.h>

#include "runnel/base.h"

#define REST_ANSWERS 64
#define REST_KEEP    (8u << 20)

struct rest_answer {
    int status;         /* 0: take the request, then hang up           */
    const char *body;   /* NULL: none                                  */
    const char *header; /* further header lines, each with its \r\n    */
    const char *type;   /* of the body; NULL: application/json         */
};

/* What both processes see. */
struct rest_log {
    size_t n;
    size_t at[REST_ANSWERS * 2]; /* of each request in `text`, with its NUL */
    size_t len;
    char text[REST_KEEP];
};

struct rest_server {
    pid_t pid;
    char base[40]; /* "http://127.0.0.1:12345" */
    struct rest_log *log;
};

void rest_open(struct rest_server *s, const struct rest_answer *a, size_t n);

/* Requests that have come, and the one at `i` (from 0), "" past the last. */
size_t rest_requests(const struct rest_server *s);
const char *rest_request(const struct rest_server *s, size_t i);

void rest_close(struct rest_server *s);

#endif
