/* warehouse/connect.h: Databricks sees Synapse: [connect].
 *
 *     refuses -> open -> check | make -> measure
 *
 * A connection in Unity Catalog, a foreign catalog over it, and then Synapse's
 * table is catalog.schema.table in any statement. Making them is safe to
 * repeat. User and password never come near a statement: it names the secrets
 * in which Databricks keeps them.
 *
 * It is a warehouse that shares the session of the Databricks one; it loads
 * nothing, and what it measures is Synapse's table.
 */
#ifndef WAREHOUSE_CONNECT_H
#define WAREHOUSE_CONNECT_H

#include "runnel/warehouse.h"
#include "warehouse/sql.h"

/* Its `open`, `load` are NULL: see rn_connect_open(), rn_connect_make(). Of
 * columns it knows nothing, only rows. `check` looks and changes nothing.
 */
extern const struct rn_warehouse_class rn_warehouse_connect;

/* RN_E_CONFIG, with what to change, for a [connect] that cannot work, as one
 * without [databricks] or [synapse]. Sends nothing; RN_OK without [connect].
 */
int rn_connect_refuses(const struct rn_config *config, struct rn_error *error);

size_t rn_connect_need(const struct rn_config *config);

/* `databricks` is the job's, open as long as this one is. */
int rn_connect_open(struct rn_warehouse *databricks, struct rn_arena *mem,
                    struct rn_warehouse **w);

/* Make what is not there yet, and read through it once. RN_E_CONFIG: there is
 * something of that name, but it leads to another host or database.
 */
int rn_connect_make(struct rn_warehouse *w);

/* The statements without a semicolon, and the table as Databricks names it. */
void rn_connect_put_connection(struct rn_sql *q,
                               const struct rn_config *config);
void rn_connect_put_catalog(struct rn_sql *q, const struct rn_config *config);
void rn_connect_put_table(struct rn_sql *q, const struct rn_config *config);

/* Of [synapse] table: "dbo" when it names none, and the table. */
int rn_connect_table(const struct rn_config *config, struct rn_sql_parts *parts,
                     struct rn_bytes *schema, struct rn_bytes *table);

/* The connection's name: the catalog's, where it has none of its own. */
const char *rn_connect_name(const struct rn_config *config);

#endif
