/* parquet_reader_chunk.c: see parquet_reader_chunk.h. */
#include "parquet_reader_chunk.h"

#include "parquet_reader_page.h"
#include "parquet_reader_value.h"

/* parquet.thrift, enum BoundaryOrder */
enum boundary_order { UNORDERED = 0, ASCENDING = 1, DESCENDING = 2 };

/* ------------------------------------------------------- what it says */

static void open_bounds(const struct pq_column *c, struct thrift_at s,
                        struct pq_bounds *b)
{
    memset(b, 0, sizeof(*b));
    pq_want(!thrift_has(s, 1) && !thrift_has(s, 2),
            "statistics of the old kind, whose order nobody knows");
    b->has_max = thrift_has(s, 5);
    b->has_min = thrift_has(s, 6);
    if (b->has_max)
        b->max = pq_stated(c, thrift_bytes(thrift_field(s, 5)));
    if (b->has_min)
        b->min = pq_stated(c, thrift_bytes(thrift_field(s, 6)));
    b->max_exact = thrift_has(s, 7) && thrift_true(thrift_field(s, 7));
    b->min_exact = thrift_has(s, 8) && thrift_true(thrift_field(s, 8));
    pq_check_order(c, b);
}

/* A struct of its own at the place that two fields name, of exactly the length
 * they say.
 */
static struct thrift_at struct_at(const struct pq_reader *r,
                                  struct thrift_at at, int offset, int length)
{
    struct rn_bytes b = pq_slice(r, pq_count(at, offset), pq_count(at, length));
    struct thrift_at found = thrift_open(b.p, b.p + b.n);

    pq_want(thrift_size(found) == b.n, "an index has another length");
    return found;
}

static void open_indexes(struct pq_reader *r, struct pq_chunk *k,
                         struct thrift_at chunk)
{
    struct thrift_at index;

    k->indexed = thrift_has(chunk, 6);
    k->bounded = false;
    pq_want(k->indexed == thrift_has(chunk, 4), "one page index of two");
    if (!k->indexed)
        return;
    index = struct_at(r, chunk, 6, 7);
    k->null_pages = pq_list_of(index, 1);
    k->mins = pq_list_of(index, 2);
    k->maxs = pq_list_of(index, 3);
    k->boundary_order = (int)pq_count(index, 4);
    k->null_counts = pq_list_of(index, 5);
    k->places = pq_list_of(struct_at(r, chunk, 4, 5), 1);
    r->about.indexes++;
}

static void check_bloom(struct pq_reader *r, struct thrift_at meta)
{
    struct rn_bytes b;
    struct thrift_at head;
    uint64_t bits;

    if (!thrift_has(meta, 14))
        return;
    b = pq_slice(r, pq_count(meta, 14), pq_count(meta, 15));
    head = thrift_open(b.p, b.p + b.n);
    bits = pq_count(head, 1);
    pq_want(bits >= 32 && bits % 32 == 0 && bits + thrift_size(head) == b.n,
            "a Bloom filter has another length");
    for (int id = 2; id <= 4; id++) /* split blocks, xxHash, none */
        pq_want(thrift_has(thrift_field(head, id), 1),
                "a Bloom filter of another kind");
    r->about.blooms++;
    r->about.bloom_bytes = bits;
}

static void open_dictionary(struct pq_reader *r, struct pq_column *c)
{
    struct pq_chunk *k = &c->chunk;
    struct pq_page_head head;

    k->entries = 0;
    if (!thrift_has(k->meta, 11))
        return;
    pq_want(pq_count(k->meta, 11) == k->start, "a dictionary elsewhere");
    pq_page_head(r, k->start, k->end, &head);
    pq_want(head.type == PQ_DICTIONARY, "a dictionary's page is another");
    pq_dictionary_load(c, &head);
    k->at += head.size;
    k->raw += head.raw;
    r->about.dictionary_pages++;
}

void pq_chunk_open(struct pq_reader *r, struct pq_column *c,
                   struct thrift_at chunk, uint64_t start, uint64_t rows)
{
    struct pq_chunk *k = &c->chunk;
    struct thrift_at meta = thrift_field(chunk, 3);
    struct pq_list path = pq_list_of(meta, 3);

    pq_want(path.left == 1 &&
                rn_bytes_equal(thrift_bytes(pq_item(&path)), c->col.name),
            "a chunk is of another column");
    pq_want(pq_count(meta, 1) == c->physical, "a chunk has another type");
    pq_want(pq_count(meta, 5) == rows, "a chunk has other rows than its group");
    k->meta = meta;
    k->codec = (int)pq_count(meta, 4);
    k->start = k->at = start;
    k->end = start + pq_slice(r, start, pq_count(meta, 7)).n;
    k->rows = k->rows_left = rows;
    k->nulls = k->raw = 0;
    k->pages = k->numbered_pages = 0;
    k->encodings = 0;
    c->page.rows = c->page.row = 0;
    pq_want(pq_count(chunk, 2) == 0 || pq_count(chunk, 2) <= r->footer,
            "a chunk is in no place");
    open_bounds(c, thrift_field(meta, 12), &k->bounds);
    open_dictionary(r, c);
    pq_want(pq_count(meta, 9) == k->at, "pages of data begin elsewhere");
    open_indexes(r, k, chunk);
    check_bloom(r, meta);
    pq_want(k->codec < 32, "a codec that Runnel does not write");
    r->about.codecs |= 1u << k->codec;
}

/* --------------------------------------------------------------- pages */

static void follow_order(struct pq_column *c, const struct pq_bounds *b)
{
    struct pq_chunk *k = &c->chunk;

    if (k->bounded && k->boundary_order != UNORDERED) {
        int min = pq_compare(c, &k->last.min, &b->min);
        int max = pq_compare(c, &k->last.max, &b->max);

        pq_want(k->boundary_order == ASCENDING ? min <= 0 && max <= 0
                                               : min >= 0 && max >= 0,
                "pages are not in the order that their index says");
    }
    k->last = *b;
    k->bounded = true;
}

static void check_page_bounds(struct pq_column *c)
{
    struct pq_chunk *k = &c->chunk;
    struct pq_page *p = &c->page;
    struct rn_bytes min = thrift_bytes(pq_item(&k->mins));
    struct rn_bytes max = thrift_bytes(pq_item(&k->maxs));
    struct pq_bounds b = { .has_min = true, .has_max = true };

    if (p->n == 0) {
        pq_want(min.n == 0 && max.n == 0, "bounds of a page of NULLs");
        return;
    }
    b.min = pq_stated(c, min);
    b.max = pq_stated(c, max);
    pq_check_order(c, &b);
    for (uint32_t i = 0; i < p->n; i++)
        pq_check_bounds(c, &b, &p->value[i]);
    follow_order(c, &b);
}

static void check_indexes(struct pq_column *c, const struct pq_page_head *head)
{
    struct pq_chunk *k = &c->chunk;
    struct pq_page *p = &c->page;
    struct thrift_at place;

    if (!k->indexed)
        return;
    place = pq_item(&k->places);
    pq_want(pq_count(place, 1) == k->at && pq_count(place, 2) == head->size,
            "a page is not where its index says");
    pq_want(pq_count(place, 3) == k->rows - k->rows_left,
            "a page does not begin with the row that its index says");
    pq_want(thrift_true(pq_item(&k->null_pages)) == (p->n == 0),
            "an index says of another page that all is NULL");
    pq_want(thrift_int(pq_item(&k->null_counts)) == p->rows - p->n,
            "an index counts other NULLs");
    check_page_bounds(c);
}

static void next_page(struct pq_reader *r, struct pq_column *c)
{
    struct pq_chunk *k = &c->chunk;
    struct pq_page *p = &c->page;
    struct pq_page_head head;

    pq_want(k->at < k->end, "a chunk has fewer rows than it says");
    pq_page_head(r, k->at, k->end, &head);
    pq_want(head.type == PQ_DATA || head.type == PQ_DATA_V2,
            "a page of data is another");
    pq_page_load(c, &head);
    pq_want(p->rows <= k->rows_left, "a chunk has more rows than it says");
    for (uint32_t i = 0; i < p->n; i++)
        pq_check_bounds(c, &k->bounds, &p->value[i]);
    check_indexes(c, &head);
    k->at += head.size;
    k->raw += head.raw;
    k->nulls += p->rows - p->n;
    k->rows_left -= p->rows;
    k->pages++;
    k->numbered_pages += head.encoding == PQ_RLE_DICTIONARY ||
                         head.encoding == PQ_PLAIN_DICTIONARY;
    k->encodings |= 1u << head.encoding;
    r->about.encodings |= 1u << head.encoding;
    r->about.pages++;
    r->about.pages_v2 += head.type == PQ_DATA_V2;
}

const struct pq_value *pq_chunk_next(struct pq_reader *r, struct pq_column *c)
{
    struct pq_page *p = &c->page;

    if (p->row == p->rows)
        next_page(r, c);
    return p->level[p->row++] ? &p->value[p->at++] : NULL;
}

/* ---------------------------------------------------------- at the end */

/* How many pages of each encoding there are is how readers know that a value
 * which is not in the dictionary is nowhere.
 */
static void check_page_counts(const struct pq_chunk *k)
{
    uint64_t data = 0, numbered = 0, dictionaries = 0;
    struct pq_list list;

    if (!thrift_has(k->meta, 13))
        return;
    list = pq_list_of(k->meta, 13);
    while (list.left > 0) {
        struct thrift_at item = pq_item(&list);
        uint64_t type = pq_count(item, 1), encoding = pq_count(item, 2);
        uint64_t n = pq_count(item, 3);

        if (type == PQ_DICTIONARY) {
            dictionaries += n;
            continue;
        }
        data += n;
        if (encoding == PQ_RLE_DICTIONARY || encoding == PQ_PLAIN_DICTIONARY)
            numbered += n;
        pq_want(encoding < 32 && k->encodings >> encoding & 1,
                "pages of an encoding that is not there are counted");
    }
    pq_want(data == k->pages && numbered == k->numbered_pages &&
                dictionaries == thrift_has(k->meta, 11),
            "a chunk's pages are counted wrong");
}

static void check_encodings(const struct pq_chunk *k)
{
    struct pq_list list = pq_list_of(k->meta, 2);
    uint32_t said = 0;

    while (list.left > 0) {
        int64_t encoding = thrift_int(pq_item(&list));

        pq_want(encoding >= 0 && encoding < 32, "an encoding that is none");
        said |= 1u << encoding;
    }
    pq_want((k->encodings & ~said) == 0, "an encoding is not said");
}

void pq_chunk_end(struct pq_reader *r, struct pq_column *c)
{
    struct pq_chunk *k = &c->chunk;
    struct thrift_at s = thrift_field(k->meta, 12);
    const struct pq_bounds *b = &k->bounds;

    pq_want(c->page.row == c->page.rows && k->rows_left == 0 && k->at == k->end,
            "a chunk has more pages than rows");
    pq_want(pq_count(k->meta, 6) == k->raw, "a chunk's raw bytes are others");
    pq_want(pq_count(s, 3) == k->nulls, "a chunk has other NULLs");
    pq_want(!b->has_min || !b->min_exact || b->min_seen,
            "no value is the least one stated");
    pq_want(!b->has_max || !b->max_exact || b->max_seen,
            "no value is the greatest one stated");
    if (k->indexed)
        pq_want((k->places.left | k->mins.left | k->maxs.left |
                 k->null_pages.left | k->null_counts.left) == 0,
                "an index has more pages");
    check_page_counts(k);
    check_encodings(k);
    if (k->end > r->end)
        r->end = k->end;
}
