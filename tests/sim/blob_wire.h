/* sim/blob_wire.h: what the parts of the service's HTTP share. */
#ifndef TESTS_SIM_BLOB_WIRE_H
#define TESTS_SIM_BLOB_WIRE_H

#include "sim/blob.h"

/* A head up to and with its empty line, into *q, which then points into it.
 * False, and a breach, when it is not HTTP as it should be.
 */
bool blob_parse_head(struct blob_request *q, const char *p, size_t n);

/* The body's length; false when it is not said as it must be. */
bool blob_length(const struct blob_request *q, size_t *n);

enum fault_on blob_op(const struct blob_request *q);

#define BLOB_ANSWER 16384u
struct blob_message {
    char p[BLOB_ANSWER];
    size_t n;
};

void blob_say_start(void);
void blob_say_answer(struct blob_message *m, const struct blob_request *q,
                     const struct blob_answer *a, const struct fault *f);
void blob_say_page(struct blob_message *m, int status);

#endif
