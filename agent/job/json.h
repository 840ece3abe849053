/* job/json.h: JSON onto a stream, commas and escapes taken care of.
 *
 *     init -> open '{' -> key -> value ... -> close -> (out->err)
 *
 * Values inside an object are written as member calls: a key, then its value.
 */
#ifndef JOB_JSON_H
#define JOB_JSON_H

#include "runnel/out.h"
#include "runnel/row.h"

struct rn_json {
    struct rn_out *out;
    bool comma; /* the next item is not the first of its list   */
    bool lines; /* for people too: members of the outermost object and
                 * items of its lists on lines of their own      */
    bool list;  /* at depth 2: in a list                         */
    unsigned depth;
};

void rn_json_init(struct rn_json *j, struct rn_out *out, bool lines);

void rn_json_open(struct rn_json *j, char bracket); /* '{' or '[' */
void rn_json_close(struct rn_json *j, char bracket);

/* `key` is plain ASCII. */
void rn_json_key(struct rn_json *j, const char *key);

/* Any bytes: what is not UTF-8 becomes U+FFFD. */
void rn_json_text(struct rn_json *j, struct rn_bytes text);
void rn_json_string(struct rn_json *j, const char *text);
void rn_json_u64(struct rn_json *j, uint64_t value);
void rn_json_i64(struct rn_json *j, int64_t value);
void rn_json_bool(struct rn_json *j, bool value);
void rn_json_null(struct rn_json *j);

/* Milliseconds as seconds with three decimals. */
void rn_json_seconds(struct rn_json *j, int64_t ms);

/* 16 hex digits in quotes. */
void rn_json_crc64(struct rn_json *j, uint64_t value);

/* The key "counts" and what policies did to cells. */
void rn_json_counts(struct rn_json *j, const struct rn_counts *c);

#endif
