/* sim/blob.h: a model of the Blob service, stricter than any that runs.
 *
 *   bytes -> blob_wire.c -> request -> blob_auth.c -> blob_serve.c -> answer
 *                                                     blob_store.c keeps all
 *
 * Nothing in it is shared with the agent's own HTTP, XML or request code. What
 * the real service refuses is refused with its code; what a client must never
 * send at all (a head that is no HTTP, a condition on Put Block) is a breach,
 * which fails the case.
 */
#ifndef TESTS_SIM_BLOB_H
#define TESTS_SIM_BLOB_H

#include "sim/fault.h"

#define BLOB_NAME    400
#define BLOB_ACCOUNT "simaccount"
#define BLOB_BOX     "simbox"
#define BLOB_HOST    "127.0.0.1"
#define BLOB_PORT    10000

/* -- what is kept ---------------------------------------------------------- */

/* One content of a name, and when readers could see it. */
struct blob_version {
    uint8_t *data;
    size_t len;
    int64_t from_us;
    int64_t to_us; /* INT64_MAX: still there */
    char etag[24];
    char run[40];  /* metadata runnel_run  */
    char rows[24]; /* metadata runnel_rows */
    uint32_t blocks;
    char nonce[17];  /* of the first block's id, in hex; "" for Put Blob */
    unsigned nonces; /* different ones                                   */
    bool mixed;      /* blocks of one nonce came from several lives      */
};

struct blob_staged {
    uint8_t id[64];
    size_t id_len;
    uint8_t *data;
    size_t len;
    unsigned life; /* of the agent that sent it */
};

struct blob {
    char name[BLOB_NAME];
    struct blob_version *version;
    size_t versions, version_cap;
    struct blob_staged *staged;
    size_t staged_n, staged_cap;
    int64_t last_block_us;
    size_t committed_id_len; /* 0: no blocks committed */
};

struct blob_limits {
    uint32_t committed;   /* 50,000  */
    uint32_t uncommitted; /* 100,000 */
    int64_t life_us;      /* a week  */
};
extern const struct blob_limits blob_limits_real;

/* How requests prove who they are. */
struct blob_access {
    bool shared_key;
    char sas_rights[12]; /* letters that the token must have for its use   */
    bool https_only;     /* the token's spr                                */
};

/* Begin anew: everything of the last case is dropped. */
void blob_start(const struct blob_limits *limits);
void blob_free(void);

size_t blob_count(void);
struct blob *blob_at(size_t i);
struct blob *blob_find(const char *name);
/* What readers see of it now, or NULL. */
const struct blob_version *blob_visible(const struct blob *b);
/* What readers saw of it at a time. */
const struct blob_version *blob_seen(const struct blob *b, int64_t at_us);

/* Called whenever a name becomes visible or stops being so. */
void blob_on_change(void (*fn)(struct blob *b, bool visible));

/* What a client must never do, the first of it; "" for none. */
const char *blob_breach(void);
__attribute__((format(printf, 1, 2))) void blob_breaks(const char *fmt, ...);

/* Figures. */
struct blob_figures {
    unsigned requests, connections, stages, commits, puts, heads, deletes;
    unsigned refused;      /* answers of 4xx that were not faults         */
    unsigned unauthorized; /* 401, 403 among them                         */
    unsigned late;         /* done after the link had been reset          */
    char last_refusal[64];
};
extern struct blob_figures blob_figures;

/* -- for its files --------------------------------------------------------- */

#define BLOB_HEADERS 40
struct blob_text {
    const char *p;
    size_t n;
};
struct blob_request {
    char method[8];
    struct blob_text path;  /* as sent, before '?'        */
    struct blob_text query; /* as sent                    */
    char name[BLOB_NAME];   /* of the blob, decoded       */
    struct {
        char name[40]; /* lower case                      */
        struct blob_text value;
    } header[BLOB_HEADERS];
    size_t headers;
    uint8_t *body; /* owned */
    size_t body_len;
    char *head; /* owned: what the texts point into */
    enum fault_on op;
    unsigned life; /* of the agent when it was sent */
};

/* A header's value; p is NULL when there is none. */
struct blob_text blob_header(const struct blob_request *q, const char *name);
/* A query parameter's value, decoded; false when there is none. */
bool blob_parameter(const struct blob_request *q, const char *name, char *to,
                    size_t cap);
bool blob_is(struct blob_text t, const char *text);

struct blob_answer {
    int status;
    const char *code; /* of an error */
    char etag[24];
    char sum_name[24]; /* x-ms-content-crc64, content-md5, or "" */
    char sum[32];
    const struct blob_version *found; /* HEAD, GET */
    size_t from, to;                  /* GET       */
};

/* RN_OK, or an answer of 4xx in *a. */
int blob_authorize(const struct blob_request *q, struct blob_answer *a);
/* Do it. */
void blob_serve(const struct blob_request *q, struct blob_answer *a);

void blob_put(struct blob *b, struct blob_version v);
void blob_delete(struct blob *b);
struct blob *blob_make(const char *name);
void blob_drop_staged(struct blob *b);
void blob_expire(struct blob *b);
const struct blob_limits *blob_limits(void);

/* Sign what a token says: the value of sig, Base64. */
struct blob_token {
    char rights[12];
    int64_t from_us; /* 0: not said */
    int64_t to_us;
    bool https_only;
};
void blob_mint(const struct blob_token *t, char *to, size_t cap);
extern const char blob_key[]; /* the account's, Base64 */

/* Attach to the network. */
void blob_wire_start(void);
void blob_wire_stop(void); /* gives its memory back */
void blob_wire_latency(int64_t us);

#endif
