/* blob/list.c: see blob/list.h.
 *
 * All ids are <Uncommitted>: only blocks staged by this attempt may ever
 * become part of the file. <Latest> would fall back to committed blocks.
 */
#include "blob/list.h"

#include "blob/id.h"

#include <string.h>

static const char head[] =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>";
static const char open_tag[] = "<Uncommitted>";
static const char close_tag[] = "</Uncommitted>";
static const char tail[] = "</BlockList>";

#define HEAD  (sizeof head - 1)
#define OPEN  (sizeof open_tag - 1)
#define CLOSE (sizeof close_tag - 1)
#define TAIL  (sizeof tail - 1)
#define ENTRY (OPEN + RN_BLOCK_ID_TEXT + CLOSE)

uint64_t rn_list_len(uint32_t n)
{
    return HEAD + (uint64_t)n * ENTRY + TAIL;
}

static void make_entry(const struct rn_block_list *list, uint32_t i,
                       char to[ENTRY])
{
    struct rn_block_id id;

    list->id_at(list->ctx, i, &id);
    memcpy(to, open_tag, OPEN);
    rn_block_id_text(&id, to + OPEN);
    memcpy(to + OPEN + RN_BLOCK_ID_TEXT, close_tag, CLOSE);
}

/* Copy what is left of `part` from `skip` on; bytes copied. */
static size_t copy(uint8_t *to, size_t room, const char *part, size_t len,
                   size_t skip)
{
    size_t n = len - skip < room ? len - skip : room;

    memcpy(to, part + skip, n);
    return n;
}

static size_t list_at(void *ctx, uint64_t offset, struct rn_bytes *piece,
                      size_t cap)
{
    struct rn_list_body *b = ctx;
    uint64_t entries = (uint64_t)b->list->n * ENTRY;
    size_t have = 0;

    RN_ASSERT(cap > 0 && offset < rn_list_len(b->list->n));
    while (have < sizeof b->scratch) {
        uint8_t *to = b->scratch + have;
        size_t room = sizeof b->scratch - have;
        uint64_t at = offset + have;

        if (at < HEAD) {
            have += copy(to, room, head, HEAD, (size_t)at);
        } else if (at < HEAD + entries) {
            char entry[ENTRY];
            make_entry(b->list, (uint32_t)((at - HEAD) / ENTRY), entry);
            have += copy(to, room, entry, ENTRY, (size_t)((at - HEAD) % ENTRY));
        } else if (at < HEAD + entries + TAIL) {
            have += copy(to, room, tail, TAIL, (size_t)(at - HEAD - entries));
        } else {
            break;
        }
    }
    piece[0] = (struct rn_bytes){ b->scratch, have };
    return 1;
}

void rn_list_open(struct rn_list_body *b, const struct rn_block_list *list,
                  struct rn_http_body *body)
{
    RN_ASSERT(list->n <= RN_MAX_BLOCKS);
    b->list = list;
    body->len = rn_list_len(list->n);
    body->at = list_at;
    body->ctx = b;
}
