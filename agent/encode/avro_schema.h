/* encode/avro_schema.h: the schema of an Avro file as JSON, and legal names.
 *
 *   column       type            logical type
 *   -----------  --------------  -------------------------------------------
 *   bool         boolean
 *   integer      int (to 32 bits), long
 *   double       float (32 bits), double
 *   decimal      bytes           decimal: precision and scale
 *   date         int             date
 *   time         int, long       time-millis, time-micros
 *   timestamp    long            timestamp-millis, timestamp-micros; the same
 *                                after "local-" when it is not in UTC
 *   text         string
 *   blob         bytes
 *   uuid         string          uuid: the older of its two forms, which all
 *                                readers take
 *
 * A nullable column is the union of null and its type, null first so that it
 * can be the default. JSON documents are strings with a property of ours,
 * "runnel.type": "json", as Avro has no word for them.
 *
 * Names in Avro are [A-Za-z_][A-Za-z0-9_]*. How any other name becomes one:
 *
 *   1. each character that is not allowed becomes '_'
 *   2. a name that begins with a digit gets '_' before it; an empty one is "_"
 *   3. a name that is taken gets "_2", else "_3", and so on
 *
 * A column whose own name is legal keeps it, so that renaming one never moves
 * another; of several columns with that name it is the first. What a renamed
 * column was called is in the field's "doc" and, for programs, in its property
 * "runnel.name"; the job's name as a record's is kept in the record's "doc".
 *
 * Format: Apache Avro 1.11, "Schema Declaration" and "Logical Types".
 */
#ifndef ENCODE_AVRO_SCHEMA_H
#define ENCODE_AVRO_SCHEMA_H

#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/out.h"

struct rn_avro_name; /* how a column is spelled */

struct rn_avro_schema {
    const struct rn_config *config;
    const struct rn_schema *schema;
    struct rn_avro_name *name;
};

/* Arena bytes that init() takes. */
size_t rn_avro_schema_need(size_t columns);

/* Find a legal name for each column, which are UTF-8. The first two members of
 * *s are the caller's to set, and borrowed. RN_E_CONFIG with a text when
 * file.record is no full name that Avro allows; RN_E_FULL without one.
 */
int rn_avro_schema_init(struct rn_avro_schema *s, struct rn_arena *mem,
                        struct rn_error *error);

/* The schema's text, the same each time. */
void rn_avro_schema_put(const struct rn_avro_schema *s, struct rn_out *out);

#endif
