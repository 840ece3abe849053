/* sim/table.h: the table that the simulated jobs read: every row is a function
 * of a seed and its number, so what should have arrived is always known.
 *
 * Column 0 is `id`, 1, 2, 3 ...: key and watermark. The others are chosen by
 * bits. Rows are added as days pass.
 */
#ifndef TESTS_SIM_TABLE_H
#define TESTS_SIM_TABLE_H

#include "runnel/row.h"

#define TABLE_COLUMNS 13
#define TABLE_TEXT    600 /* bytes of the largest text */
#define TABLE_QUERIES 64

struct table {
    uint64_t seed;
    uint64_t rows;     /* there now                                     */
    uint32_t columns;  /* bits of those beside id: 1 << (column - 1)    */
    uint32_t text;     /* longest text                                  */
    uint64_t fail_at;  /* the row that cannot be read; 0: none          */
    unsigned fails;    /* how often that happens before it can          */
    bool fail_to_open; /* the database is not there                     */
    int64_t row_ms;    /* how long a row takes to come                  */

    /* What queries have seen. */
    uint64_t seen[TABLE_QUERIES];
    size_t queries;
    unsigned failed;
};
extern struct table table;

/* The columns of the table as it is; how many. */
size_t table_schema(struct rn_col col[TABLE_COLUMNS]);

struct table_row {
    struct rn_cell cell[TABLE_COLUMNS];
    uint8_t text[TABLE_COLUMNS][TABLE_TEXT + 8];
};

/* Row `id` (from 1), in the order of table_schema(). */
void table_row(uint64_t id, struct table_row *row);

/* Whether some query saw a table of so many rows. */
bool table_was(uint64_t rows);

#endif
