/* warehouse/connect_text.c: what [connect] says to Databricks, and which jobs
 * cannot say it; see warehouse/connect.h.
 */
#include <string.h>

#include "row/utf8.h"
#include "core/format.h"
#include "warehouse/connect.h"

/* What Unity Catalog takes. */
#define NAME_MAX 255

const char *rn_connect_name(const struct rn_config *c)
{
    return c->connect.connection[0] ? c->connect.connection
                                    : c->connect.catalog;
}

/* -- jobs that cannot be connected ---------------------------------------- */

static int refuse(const struct rn_config *c, struct rn_error *error,
                  const char *why)
{
    return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG, "%s: %s", c->path, why);
}

/* Object names of Unity Catalog: no dot, blank, slash or control character. */
static bool is_object(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++) {
        if (strchr("./\x7f", name[i]) || (uint8_t)name[i] <= ' ')
            return false;
    }
    return n > 0 && n <= NAME_MAX && strstr(name, "${") == NULL &&
           rn_utf8_good((const uint8_t *)name, n) == n;
}

static bool is_host(const char *host)
{
    size_t n = strspn(host, "0123456789abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ-.");

    return n > 0 && n <= 253 && host[n] == 0;
}

static bool is_text(const char *text)
{
    size_t n = strlen(text);

    return n > 0 && n <= 255 && rn_utf8_good((const uint8_t *)text, n) == n;
}

int rn_connect_table(const struct rn_config *c, struct rn_sql_parts *parts,
                     struct rn_bytes *schema, struct rn_bytes *table)
{
    int err = rn_sql_parts(RN_SQL_SYNAPSE, c->synapse.table, parts);

    if (err < 0)
        return err;
    *table = parts->part[parts->n - 1];
    *schema = parts->n > 1 ? parts->part[parts->n - 2] : RN_STR("dbo");
    if (parts->n == 3 &&
        !rn_sql_same_name(parts->part[0], rn_bytes_of(c->connect.database)))
        return RN_E_CONFIG;
    return RN_OK;
}

static int refuse_others(const struct rn_config *c, struct rn_error *error)
{
    struct rn_sql_parts parts;
    struct rn_bytes schema, table;

    if (!c->databricks.wanted || c->databricks.load == RN_DATABRICKS_NONE ||
        !c->databricks.warehouse[0])
        return refuse(c, error,
                      "[connect] needs [databricks] with a warehouse, and load "
                      "other than none: Databricks is what gets connected");
    if (!c->synapse.wanted || !c->synapse.table[0])
        return refuse(c, error,
                      "[connect] needs [synapse] with a table: that is what "
                      "Databricks gets to see");
    if (rn_connect_table(c, &parts, &schema, &table) < 0)
        return refuse(c, error,
                      "synapse.table: expected schema.table, or with "
                      "connect.database before them");
    return RN_OK;
}

int rn_connect_refuses(const struct rn_config *c, struct rn_error *error)
{
    if (!c->connect.wanted)
        return RN_OK;
    if (!is_object(c->connect.catalog))
        return refuse(c, error,
                      "connect.catalog: no name of a catalog; without dots, "
                      "blanks and slashes, at most 255 bytes");
    if (!is_object(rn_connect_name(c)))
        return refuse(c, error,
                      "connect.connection: no name of a connection; without "
                      "dots, blanks and slashes, at most 255 bytes");
    if (!is_host(c->connect.host))
        return refuse(c, error,
                      "connect.host: expected a host's name alone, like "
                      "WORKSPACE.sql.azuresynapse.net");
    if (!is_text(c->connect.database))
        return refuse(c, error, "connect.database: no name of a SQL pool");
    if (!is_text(c->connect.scope) || !is_text(c->connect.user_key) ||
        !is_text(c->connect.password_key))
        return refuse(c, error,
                      "connect.scope, user_key, password_key: expected names "
                      "of secrets that Databricks has");
    return refuse_others(c, error);
}

/* -- texts ---------------------------------------------------------------- */

static void put_string(struct rn_sql *q, const char *text)
{
    rn_sql_string(q, rn_bytes_of(text));
}

static void put_secret(struct rn_sql *q, const struct rn_config *c,
                       const char *key)
{
    rn_sql_text(q, "secret(");
    put_string(q, c->connect.scope);
    rn_sql_text(q, ", ");
    put_string(q, key);
    rn_sql_text(q, ")");
}

void rn_connect_put_connection(struct rn_sql *q, const struct rn_config *c)
{
    char port[16];

    rn_format(port, sizeof port, "%u", c->connect.port);
    rn_sql_text(q, "CREATE CONNECTION IF NOT EXISTS ");
    rn_sql_name(q, rn_bytes_of(rn_connect_name(c)));
    rn_sql_text(q, " TYPE sqldw OPTIONS (host ");
    put_string(q, c->connect.host);
    rn_sql_text(q, ", port ");
    put_string(q, port);
    rn_sql_text(q, ", user ");
    put_secret(q, c, c->connect.user_key);
    rn_sql_text(q, ", password ");
    put_secret(q, c, c->connect.password_key);
    rn_sql_text(q, ")");
}

void rn_connect_put_catalog(struct rn_sql *q, const struct rn_config *c)
{
    rn_sql_text(q, "CREATE FOREIGN CATALOG IF NOT EXISTS ");
    rn_sql_name(q, rn_bytes_of(c->connect.catalog));
    rn_sql_text(q, " USING CONNECTION ");
    rn_sql_name(q, rn_bytes_of(rn_connect_name(c)));
    rn_sql_text(q, " OPTIONS (database ");
    put_string(q, c->connect.database);
    rn_sql_text(q, ")");
}

void rn_connect_put_table(struct rn_sql *q, const struct rn_config *c)
{
    struct rn_sql_parts parts;
    struct rn_bytes schema, table;

    if (rn_connect_table(c, &parts, &schema, &table) < 0) {
        (void)rn_out_fail(q->out, RN_E_CONFIG);
        return;
    }
    rn_sql_name(q, rn_bytes_of(c->connect.catalog));
    rn_sql_text(q, ".");
    rn_sql_name(q, schema);
    rn_sql_text(q, ".");
    rn_sql_name(q, table);
}
