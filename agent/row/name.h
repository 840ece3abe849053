/* row/name.h: a cell's place in a message: row 7, column "price". */
#ifndef ROW_NAME_H
#define ROW_NAME_H

#include "row/utf8.h"
#include "runnel/row.h"

/* Names come from the query and have no bound; a message has. */
#define RN_NAME_SHOWN 60

#define RN_CELL_FMT "row %llu, column \"%.*s\": "
#define RN_CELL_ARGS(number, name)                                         \
    (unsigned long long)(number), (int)rn_utf8_cut((name), RN_NAME_SHOWN), \
        (const char *)(name).p

#endif
