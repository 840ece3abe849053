/* store.h: where blocks go: an Azure container, or a local folder.
 *
 * A transfer is one operation on a store. Its owner fills the request part,
 * starts it, pumps the store until `done`, and looks at the outcome. Several
 * are under way at once; retrying is the owner's business (lane/uploader.h),
 * so every operation here is tried exactly once.
 *
 * What holds for every store: nothing staged is visible to a reader; COMMIT
 * and PUT make a whole file visible at once or not at all, and never replace
 * one (RN_E_EXISTS). STAGE may be repeated with the same id and bytes.
 */
#ifndef RUNNEL_STORE_H
#define RUNNEL_STORE_H

#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/http.h"

/* A block's name inside its file: attempt nonce, then place. 18 bytes make 24
 * Base64 characters without padding, the one width that all ids of a blob must
 * share.
 */
#define RN_NONCE    8
#define RN_BLOCK_ID 18
struct rn_block_id {
    uint8_t nonce[RN_NONCE];
    uint32_t group;    /* Parquet: row group; else 0 (lane/columns.h)    */
    uint16_t lane;     /* Parquet: column chunk; else 0                  */
    uint32_t sequence; /* inside the lane, from 0                        */
};

/* The ids of a file in final order, made from counts and never stored. */
struct rn_block_list {
    uint32_t n; /* 0 to 50,000 */
    void (*id_at)(void *ctx, uint32_t i, struct rn_block_id *id);
    void *ctx;
};

#define RN_MAX_BLOCKS 50000u

/* Metadata kept with a file: x-ms-meta-{name}. Values are printable ASCII. */
struct rn_meta {
    const char *name;
    const char *value;
};

struct rn_object {
    const char *path; /* inside the container or folder, no leading slash */
    const char *mime;
    const struct rn_meta *meta;
    size_t metas;
    bool lanes; /* blocks come in any order and from several lanes; false:
                 * all of group 0, lane 0, sequence 0, 1, 2 ...            */
};

enum rn_op {
    RN_OP_STAGE,  /* body, id, crc64                                       */
    RN_OP_PUT,    /* body, crc64: a whole small file in one request        */
    RN_OP_COMMIT, /* list, length: publish the staged blocks               */
    RN_OP_HEAD,   /* length, etag and metadata of what readers see         */
    RN_OP_DELETE, /* RN_E_ABSENT when there is none                        */
    RN_OP_GET     /* into, cap, offset: bytes of what readers see          */
};

struct rn_transfer {
    /* The request, borrowed until `done`. */
    enum rn_op op;
    const struct rn_object *object;
    struct rn_block_id id;
    struct rn_http_body body;
    uint64_t crc64; /* of the body (core/crc64.h)              */
    struct rn_block_list list;
    uint64_t length; /* COMMIT: bytes of the whole file         */
    uint8_t *into;   /* GET: where they go; after a failure it holds
                      * anything                                */
    size_t cap;      /* GET: bytes wanted, at least 1           */
    uint64_t offset; /* GET: of the first one                   */
    int64_t deadline_ms;

    /* The outcome. `err` says what may be done: RN_OK exactly when the service
     * gave the one status that means success. `sent`: the service may have
     * acted although err is not RN_OK.
     */
    bool done;
    bool sent;
    int err;
    struct rn_error error;  /* filled when err is not RN_OK            */
    int64_t retry_after_ms; /* length the service asked to wait, or 0;
                                * clamped to ten minutes                  */
    uint64_t found_length;  /* HEAD                                    */
    char etag[64];          /* PUT, COMMIT, HEAD, GET                  */
    char found_run[40];     /* HEAD, GET: metadata runnel_run, or ""   */
    size_t got;             /* GET: bytes; fewer than cap, or none, only at
                             * the file's end                          */

    void *work;        /* the store's, while under way                    */
    unsigned renewals; /* the uploader's: credentials renewed before start */
};

struct rn_store;

struct rn_store_class {
    const char *name; /* "azure", "folder" */
    bool keeps;       /* what was staged outlives the process, for another
                       * one to commit                                   */
    bool (*claims)(const char *url); /* such a store.url is its           */
    size_t (*need)(const struct rn_config *config);

    /* `config` and `error` are borrowed for the store's life. */
    int (*open)(const struct rn_config *config, struct rn_arena *mem,
                struct rn_error *error, struct rn_store **store);

    /* Begin. RN_E_FULL: as many are under way as the job has connections. */
    int (*start)(struct rn_store *s, struct rn_transfer *t);

    /* Move transfers forward, waiting at most until `until_ms` for something
     * to happen. Returns how many became done.
     */
    int (*pump)(struct rn_store *s, int64_t until_ms);

    /* Drop a transfer: done, err RN_E_STOP. */
    void (*cancel)(struct rn_store *s, struct rn_transfer *t);

    /* Get a fresh credential after RN_E_AUTH: RN_OK when there is a new one
     * to try, RN_E_AUTH when the one at hand is all there is.
     */
    int (*renew)(struct rn_store *s);

    /* Staged but never committed leftovers of this name may be dropped (a
     * folder removes its working file; Azure lets them expire).
     */
    void (*forget)(struct rn_store *s, const struct rn_object *object);

    void (*close)(struct rn_store *s);
};

struct rn_store {
    const struct rn_store_class *cls;
    struct rn_error *error;
    char place[200]; /* for messages: "https://host/container", no secret */
    struct rn_http *http; /* what it speaks through, to be shared; or NULL */
    const char *warning;  /* one line to tell the person at start, or NULL */
    void (*memory)(const struct rn_store *s, size_t *peak, size_t *cap);
    /* of the TLS slice; NULL when there is none         */
};

extern const struct rn_store_class rn_store_azure;
extern const struct rn_store_class rn_store_folder;

/* The stores of this image, in the order of the build's STORES. */
extern const struct rn_store_class *const rn_stores[];
extern const size_t rn_stores_n;

/* The one for a job's store.url, or NULL. */
const struct rn_store_class *rn_store_for(const char *url);

#endif
