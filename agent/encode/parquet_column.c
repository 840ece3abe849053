/* encode/parquet_column.c: see encode/parquet_column.h. */
#include "encode/parquet_column.h"

#include "encode/parquet_dictionary.h"
#include "encode/parquet_plain.h"
#include "encode/parquet_values.h"

/* Rows of a page at most. A reader that looks for few rows reads and unpacks
 * whole pages, and a long run of one value would otherwise put all of a row
 * group into one.
 */
#define PAGE_ROWS 65536u

/* What so many levels take when no run is among them: a bit each, a header for
 * 63 groups of eight, and what the last ones may need.
 */
#define LEVELS_MOST (PAGE_ROWS / 8 + PAGE_ROWS / 8 / 63 + 32)

/* Larger values the format, which counts bytes of pages in 31 bits, may not
 * hold once a codec failed to shrink them.
 */
#define VALUE_MOST (UINT32_C(1) << 30)

/* When a dictionary is given up before it is full. A number takes two bytes at
 * most and the shortest plain value four, so what a vain dictionary costs is
 * bounded by its slice, and what one saves is not: patience is cheap. So only
 * what looks like a key is given up early, which also keeps ascending keys
 * together for delta encoding and codecs: when all of the first 512 values
 * differ, or seven in eight of the first 4,096.
 */
#define LOOK_FIRST  512u
#define LOOK_SECOND 4096u
#define SECOND_MOST (LOOK_SECOND / 8 * 7)

/* Bits of the first page's numbers, and how many more than needed a page gets
 * when its values are new faster than pages end: fewer small pages.
 */
#define WIDTH_FIRST 4u
#define WIDTH_AHEAD 3u

/* Such a page may turn out too wide for all the rows to come. It is looked at
 * after so many, and ended when the latter half of them had no new value.
 */
#define LOOK_WIDTH 4096u

struct rn_pq_column {
    const struct rn_col *col;
    struct rn_pq_writer *writer;
    struct rn_pq_type type;
    uint32_t lane;
    int err;        /* the writer's first failure in this chunk            */
    uint32_t rows;  /* of the open page                                    */
    uint32_t nulls; /* of them                                             */
    uint32_t seen;  /* values of the chunk, while they get numbers         */
    bool has_dictionary;
    bool numbering;  /* values get numbers                                  */
    bool grown;      /* the open page was begun because its numbers grew    */
    uint8_t width;   /* of its numbers                                      */
    uint32_t newest; /* its latest row with a new value                    */
    enum rn_pq_coding coding; /* of values without numbers                 */
    uint8_t *level;           /* slice; NULL: the column is not nullable   */
    uint32_t level_cap;
    uint32_t narrow_cap; /* of values, while there are numbers             */
    uint32_t wide_cap;   /* the same once the dictionary is written        */
    struct rn_rle levels;
    struct rn_pq_values values;
    struct rn_pq_dictionary dictionary;
    struct rn_pq_bounds bounds; /* of the open page */
    struct rn_pq_chunk chunk;
};

/* A larger column is a smaller number of columns for the same memory. */
_Static_assert(sizeof(struct rn_pq_column) <= 896, "a column is small");

static bool may_wait(const struct rn_config *config)
{
    return config->file.integer_encoding == RN_ENCODING_DELTA ||
           config->file.text_encoding == RN_ENCODING_DELTA_LENGTH;
}

size_t rn_pq_column_need(const struct rn_config *config,
                         const struct rn_pq_sizes *sizes)
{
    size_t wait = may_wait(config) ? RN_DELTA_BLOCK * sizeof(int64_t) : 0;

    return RN_ROUND(sizeof(struct rn_pq_column)) + RN_ROUND(wait) +
           RN_ROUND(sizes->page) + RN_ROUND(sizes->dictionary) +
           RN_ROUND(sizes->index);
}

/* An eighth of a page holds levels of as many rows as the rest holds numbers
 * of seven bits.
 */
static void share_page(struct rn_pq_column *c, uint8_t *page, size_t n)
{
    c->level_cap = 0;
    if (c->col->nullable) {
        c->level = page;
        c->level_cap = (uint32_t)(n / 8 < LEVELS_MOST ? n / 8 : LEVELS_MOST);
    }
    c->values.p = page + c->level_cap;
    c->narrow_cap = (uint32_t)n - c->level_cap;
    c->wide_cap = c->narrow_cap;
}

/* `at`: right behind the page. */
static void share_dictionary(struct rn_pq_column *c, uint8_t *at,
                             const struct rn_pq_sizes *sizes)
{
    size_t more = 0;

    rn_pq_dictionary_init(&c->dictionary, &c->type, at, sizes->dictionary);
    if (sizes->largest > sizes->page)
        more = sizes->largest - sizes->page;
    c->wide_cap +=
        (uint32_t)(more < sizes->dictionary ? more : sizes->dictionary);
}

static int take_slices(struct rn_pq_column *c, const struct rn_pq_sizes *sizes,
                       struct rn_arena *mem)
{
    size_t room = RN_ROUND(sizes->page);
    uint8_t *page;

    c->has_dictionary = sizes->dictionary >= RN_PQ_DICTIONARY_MIN &&
                        c->type.physical != RN_PQ_BOOLEAN;
    if (c->has_dictionary)
        room += sizes->dictionary;
    page = RN_TAKE(mem, uint8_t, room);
    if (page == NULL)
        return RN_E_FULL;
    share_page(c, page, sizes->page);
    if (c->has_dictionary)
        share_dictionary(c, page + RN_ROUND(sizes->page), sizes);
    if (rn_pq_coding_waits(c->coding)) {
        c->values.wait = RN_TAKE(mem, int64_t, RN_DELTA_BLOCK);
        if (c->values.wait == NULL)
            return RN_E_FULL;
    }
    if (sizes->index > 0) {
        c->chunk.index.cap = (uint32_t)sizes->index;
        c->chunk.index.slice = RN_TAKE(mem, uint8_t, sizes->index);
        if (c->chunk.index.slice == NULL)
            return RN_E_FULL;
    }
    return RN_OK;
}

int rn_pq_column_init(struct rn_pq_column **column,
                      const struct rn_config *config,
                      const struct rn_pq_column_options *options,
                      struct rn_arena *mem)
{
    const struct rn_pq_sizes *sizes = &options->sizes;
    struct rn_pq_column *c = RN_TAKE(mem, struct rn_pq_column, 1);
    int err;

    RN_ASSERT(sizes->page >= RN_PQ_PAGE_MIN && sizes->page <= VALUE_MOST);
    RN_ASSERT(sizes->dictionary <= VALUE_MOST && sizes->index <= VALUE_MOST);
    *column = NULL;
    if (c == NULL)
        return RN_E_FULL;
    c->col = options->col;
    c->writer = options->writer;
    c->lane = options->lane;
    c->chunk.bloom = options->bloom;
    rn_pq_type_of(c->col, &c->type);
    c->coding = rn_pq_coding_of(config, &c->type);
    c->values.physical = (uint8_t)c->type.physical;
    err = take_slices(c, sizes, mem);
    if (err < 0)
        return err;
    rn_pq_column_begin(c);
    *column = c;
    return RN_OK;
}

const struct rn_pq_type *rn_pq_column_type(const struct rn_pq_column *c)
{
    return &c->type;
}

struct rn_pq_chunk *rn_pq_column_chunk(struct rn_pq_column *c)
{
    return &c->chunk;
}

/* Bits that the numbers of the next page need. */
static unsigned next_width(const struct rn_pq_column *c)
{
    uint32_t count = c->dictionary.count;
    unsigned width = rn_bit_width(count > 0 ? count - 1 : 0);

    if (count == 0)
        width = WIDTH_FIRST;
    else if (c->grown)
        width += WIDTH_AHEAD;
    if (width > RN_RLE_WIDTH_MAX)
        width = RN_RLE_WIDTH_MAX;
    return width > 0 ? width : 1;
}

static void begin_page(struct rn_pq_column *c)
{
    c->rows = 0;
    c->nulls = 0;
    c->newest = 0;
    c->values.cap = c->numbering ? c->narrow_cap : c->wide_cap;
    rn_pq_bounds_clear(&c->bounds);
    if (c->level != NULL)
        rn_rle_begin(&c->levels, c->level, c->level_cap, 1);
    if (c->numbering) {
        c->width = (uint8_t)next_width(c);
        rn_pq_values_begin(&c->values, RN_PQ_CODE_NUMBERS, c->width);
    } else {
        rn_pq_values_begin(&c->values, c->coding, 0);
    }
    c->grown = false;
}

void rn_pq_column_begin(struct rn_pq_column *c)
{
    rn_pq_chunk_clear(&c->chunk);
    c->err = RN_OK;
    c->seen = 0;
    c->numbering = c->has_dictionary;
    if (c->numbering)
        rn_pq_dictionary_clear(&c->dictionary);
    begin_page(c);
}

/* Hand over the open page, whose values `page` has, and begin the next. */
static int write_page(struct rn_pq_column *c, struct rn_pq_page *page)
{
    page->rows = c->rows;
    page->nulls = c->nulls;
    page->levels = (struct rn_bytes){ c->level, 0 };
    page->bounds = &c->bounds;
    if (c->level != NULL)
        page->levels.n = rn_rle_end(&c->levels);
    c->err = rn_pq_page_write(c->writer, &c->chunk, &c->type, c->lane, page);
    begin_page(c);
    return c->err;
}

/* Numbers without a dictionary would be read by nobody: a page of NULLs before
 * the first value has none.
 */
static int finish_page(struct rn_pq_column *c)
{
    struct rn_pq_page page;

    if (c->rows == 0) {
        begin_page(c);
        return RN_OK;
    }
    if (c->numbering && c->dictionary.count == 0)
        rn_pq_values_begin(&c->values, c->coding, 0);
    rn_pq_values_end(&c->values, &page);
    return write_page(c, &page);
}

static int finish_dictionary(struct rn_pq_column *c)
{
    const struct rn_pq_dictionary *d = &c->dictionary;

    c->numbering = false;
    if (d->count == 0)
        return RN_OK;
    c->err = rn_pq_dictionary_write(c->writer, &c->chunk, c->lane,
                                    (struct rn_bytes){ d->values, d->len },
                                    d->count);
    return c->err;
}

/* The rest of the chunk has no numbers. */
static int give_up(struct rn_pq_column *c)
{
    int err = finish_page(c);

    if (err == RN_OK)
        err = finish_dictionary(c);
    begin_page(c);
    return err;
}

static void add_to_bloom(struct rn_pq_column *c,
                         const struct rn_pq_value *value)
{
    uint8_t room[8];

    if (c->chunk.bloom != NULL)
        rn_pq_bloom_add(c->chunk.bloom, rn_pq_plain(&c->type, value, room));
}

static uint32_t number_of(struct rn_pq_column *c,
                          const struct rn_pq_value *value)
{
    uint32_t before = c->dictionary.count;
    uint32_t number;

    if (c->seen == LOOK_FIRST && before == LOOK_FIRST)
        return RN_PQ_NO_NUMBER;
    if (c->seen == LOOK_SECOND && before > SECOND_MOST)
        return RN_PQ_NO_NUMBER;
    c->seen++;
    if (c->type.physical == RN_PQ_BYTE_ARRAY || c->type.physical == RN_PQ_FIXED)
        number = rn_pq_dictionary_bytes(&c->dictionary, value->bytes);
    else
        number = rn_pq_dictionary_number(&c->dictionary,
                                         rn_pq_number_bits(&c->type, value));
    if (c->dictionary.count != before) {
        c->newest = c->rows;
        add_to_bloom(c, value);
    }
    return number;
}

static bool too_wide(const struct rn_pq_column *c)
{
    return c->rows == LOOK_WIDTH && c->newest < LOOK_WIDTH / 2 &&
           next_width(c) < c->width;
}

static int put_number(struct rn_pq_column *c, uint32_t number)
{
    bool taken;
    int err;

    if (number >> c->width == 0 && !too_wide(c) &&
        rn_pq_values_number(&c->values, number))
        return RN_OK;
    c->grown = number >> c->width != 0;
    err = finish_page(c);
    if (err < 0)
        return err;
    taken = rn_pq_values_number(&c->values, number);
    RN_ASSERT(taken);
    return RN_OK;
}

/* has_row() has said that there is room. */
static void put_level(struct rn_pq_column *c, uint32_t level)
{
    bool taken = c->level == NULL || rn_rle_put(&c->levels, level);

    RN_ASSERT(taken);
    c->rows++;
}

/* The row that was just encoded. */
static void count_value(struct rn_pq_column *c, const struct rn_pq_value *value)
{
    rn_pq_bounds_add(&c->bounds, &c->type, value);
    put_level(c, 1);
}

static int put_alone(struct rn_pq_column *c, const struct rn_pq_value *value)
{
    struct rn_pq_page page;

    RN_ASSERT(c->type.physical == RN_PQ_BYTE_ARRAY && c->rows == 0);
    count_value(c, value);
    rn_pq_values_alone(&c->values, value->bytes, &page);
    return write_page(c, &page);
}

/* A value without a number. */
static int put_value(struct rn_pq_column *c, const struct rn_pq_value *value)
{
    int err;

    add_to_bloom(c, value);
    if (!rn_pq_values_put(&c->values, value)) {
        err = finish_page(c);
        if (err < 0)
            return err;
        if (!rn_pq_values_put(&c->values, value))
            return put_alone(c, value);
    }
    count_value(c, value);
    return RN_OK;
}

static bool has_row(const struct rn_pq_column *c)
{
    return c->rows < PAGE_ROWS && (c->level == NULL || rn_rle_room(&c->levels));
}

static int put_null(struct rn_pq_column *c)
{
    if (c->level == NULL)
        return RN_E_VALUE;
    if (!has_row(c) && finish_page(c) < 0)
        return c->err;
    c->nulls++;
    put_level(c, 0);
    return RN_OK;
}

int rn_pq_column_put(struct rn_pq_column *c, const struct rn_cell *cell)
{
    struct rn_pq_value value;
    uint32_t number;
    int err = c->err;

    if (err < 0)
        return err;
    if (cell->type == RN_NULL)
        return put_null(c);
    err = rn_pq_value_of(c->col, &c->type, cell, &value);
    if (err < 0)
        return err;
    if (c->type.physical == RN_PQ_BYTE_ARRAY && value.bytes.n > VALUE_MOST)
        return RN_E_VALUE;
    if (!has_row(c) && finish_page(c) < 0)
        return c->err;
    if (!c->numbering)
        return put_value(c, &value);
    number = number_of(c, &value);
    if (number == RN_PQ_NO_NUMBER) {
        err = give_up(c);
        return err < 0 ? err : put_value(c, &value);
    }
    err = put_number(c, number);
    if (err == RN_OK)
        count_value(c, &value);
    return err;
}

int rn_pq_column_flush(struct rn_pq_column *c)
{
    if (c->err == RN_OK && finish_page(c) == RN_OK && c->numbering)
        finish_dictionary(c);
    return c->err;
}

uint64_t rn_pq_column_bytes(const struct rn_pq_column *c)
{
    uint64_t waiting = rn_pq_values_len(&c->values);

    if (c->level != NULL)
        waiting += c->levels.len;
    if (c->numbering)
        waiting += c->dictionary.len;
    return c->chunk.bytes + c->chunk.dictionary_bytes + waiting;
}
