/* warehouse/rest_json.h: JSON answers, read in place.
 *
 *     init -> parse -> find, item -> text, number -> parse (another) ...
 *
 * Values are named by their number in a fixed table of tokens; -1 is a value
 * that is not there, and every call takes it, so that lookups can be chained
 * without a test between them. Names and texts are unescaped inside the answer
 * itself, where they only get shorter.
 */
#ifndef WAREHOUSE_REST_JSON_H
#define WAREHOUSE_REST_JSON_H

#include "runnel/arena.h"
#include "runnel/base.h"

struct rn_doc {
    char *text; /* borrowed until the next parse; changed in place */
    size_t len;
    void *token;
    size_t cap; /* tokens */
    size_t n;   /* of this answer; 0: none */
};

size_t rn_doc_need(size_t tokens);

/* RN_E_FULL when the arena is too small. */
int rn_doc_init(struct rn_doc *d, size_t tokens, struct rn_arena *mem);

/* One object or array and blanks around it. RN_E_PEER: it is something else,
 * malformed or cut off. RN_E_FULL: more values than the table takes.
 */
int rn_doc_parse(struct rn_doc *d, char *text, size_t len);

/* The value at a path of member names and item numbers, "result.data_array.0",
 * seen from the value `from` (0: the outermost), or -1. Names hold no dot.
 */
int rn_doc_find(const struct rn_doc *d, int from, const char *path);

/* The first item of an array, the one after an item; -1 past the last, and
 * for what is no array.
 */
int rn_doc_first(const struct rn_doc *d, int array);
int rn_doc_next(const struct rn_doc *d, int item);

/* How many items or members; 0 for anything else. */
size_t rn_doc_size(const struct rn_doc *d, int at);

bool rn_doc_is_null(const struct rn_doc *d, int at); /* -1 is null, too */
bool rn_doc_is_string(const struct rn_doc *d, int at);
bool rn_doc_is_array(const struct rn_doc *d, int at);

/* A string's text, or what a number or word is written as. Empty for -1,
 * objects and arrays. Escapes that mean nothing became U+FFFD.
 */
struct rn_bytes rn_doc_text(const struct rn_doc *d, int at);

/* The text with its NUL in `to`, cut at a character when it is longer. */
void rn_doc_copy(const struct rn_doc *d, int at, char *to, size_t cap);

bool rn_doc_is(const struct rn_doc *d, int at, const char *text);

/* Decimal digits and nothing else, as a number or in a string: the service
 * writes counts both ways. False when it is anything else or too large.
 */
bool rn_doc_u64(const struct rn_doc *d, int at, uint64_t *to);

#endif
