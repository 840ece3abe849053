/* warehouse/handoff.c: see warehouse/handoff.h.
 *
 * What comes from the job file is written inside literals only, never in a
 * comment or as a name of the language: a comment ends at a line's end, and
 * older Scala reads \u even there. Names of tables are quoted for SQL first,
 * then the statement for the language.
 */
#include "warehouse/handoff.h"

#include <string.h>

#include "core/format.h"
#include "warehouse/connect.h"
#include "warehouse/databricks.h"

#define CONNECTOR "com.databricks.spark.sqldw"

struct language {
    const char *word;
    const char *name;
    const char *comment;
};

static const struct language languages[] = {
    [RN_LANG_SQL] = { "sql", "SQL", "--" },
    [RN_LANG_PYTHON] = { "python", "Python", "#" },
    [RN_LANG_SCALA] = { "scala", "Scala", "//" },
    [RN_LANG_R] = { "r", "R", "#" },
};

int rn_language_of(const char *word, enum rn_language *to)
{
    for (size_t i = 0; i < RN_COUNTOF(languages); i++) {
        if (strcmp(word, languages[i].word) == 0) {
            *to = (enum rn_language)i;
            return RN_OK;
        }
    }
    return RN_E_CONFIG;
}

static void put(struct rn_out *o, const char *text)
{
    rn_out_put(o, text, strlen(text));
}

/* -- what is the same in all languages ------------------------------------ */

struct handoff {
    const struct rn_config *config;
    struct rn_out *out;
    enum rn_language language;
    char temporary[1100]; /* the older connector's folder; "": none */
};

static void line(struct handoff *h, const char *text)
{
    put(h->out, languages[h->language].comment);
    put(h->out, " ");
    put(h->out, text);
    put(h->out, "\n");
}

static void string(struct handoff *h, const char *text)
{
    rn_handoff_literal(h->out, h->language, rn_bytes_of(text));
}

static struct rn_sql sql_to(struct rn_out *out)
{
    return (struct rn_sql){ .out = out, .dialect = RN_SQL_DATABRICKS };
}

static bool has_table(const struct rn_config *c)
{
    return c->databricks.wanted && c->databricks.table[0];
}

static bool has_synapse(const struct rn_config *c)
{
    return c->connect.wanted && c->synapse.wanted && c->synapse.table[0];
}

static void put_our_table(struct rn_sql *q, const struct rn_config *c)
{
    rn_sql_table(q, c->databricks.table, NULL);
}

/* "SELECT * FROM `a`.`b`.`c`" */
static void put_query(struct handoff *h,
                      void (*table)(struct rn_sql *q,
                                    const struct rn_config *c))
{
    struct rn_literal l;
    struct rn_sql q = sql_to(rn_literal_open(&l, h->out, h->language));

    rn_sql_text(&q, "SELECT * FROM ");
    table(&q, h->config);
    rn_literal_close(&l);
}

/* A value of the JDBC driver: what is special stands in braces. */
static void put_property(struct rn_out *o, const char *value)
{
    bool plain = value[strspn(value, "0123456789abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.")] == 0;

    if (plain) {
        put(o, value);
        return;
    }
    rn_out_byte(o, '{');
    for (; *value; value++) {
        rn_out_byte(o, (uint8_t)*value);
        if (*value == '}')
            rn_out_byte(o, '}');
    }
    rn_out_byte(o, '}');
}

struct text {
    struct rn_out out; /* first */
    uint8_t buf[3000];
};

static int too_long(struct rn_out *o)
{
    (void)o;
    return RN_E_CONFIG;
}

static struct rn_out *open_text(struct text *t)
{
    rn_out_init(&t->out, t->buf, sizeof t->buf, too_long);
    return &t->out;
}

/* Hand the text over as a literal. */
static void close_text(struct handoff *h, struct text *t)
{
    struct rn_bytes text = { t->buf, t->out.len };

    if (t->out.err < 0)
        (void)rn_out_fail(h->out, t->out.err);
    else
        rn_handoff_literal(h->out, h->language, text);
}

static void put_url(struct handoff *h)
{
    struct text t;
    struct rn_out *o = open_text(&t);
    char port[16];

    rn_format(port, sizeof port, "%u", h->config->connect.port);
    put(o, "jdbc:sqlserver://");
    put(o, h->config->connect.host);
    put(o, ":");
    put(o, port);
    put(o, ";database=");
    put_property(o, h->config->connect.database);
    put(o, ";encrypt=true;trustServerCertificate=false;loginTimeout=30");
    close_text(h, &t);
}

static bool is_plain(struct rn_bytes name)
{
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return true;
}

/* Synapse's own name of its table: the connector pastes it into T-SQL, and
 * documents it without quotes, so it has some only where it needs them.
 */
static void put_synapse_table(struct handoff *h, const char *before)
{
    struct text t;
    struct rn_sql q = { .out = open_text(&t), .dialect = RN_SQL_SYNAPSE };
    struct rn_sql_parts parts;
    struct rn_bytes name[2];

    if (rn_connect_table(h->config, &parts, &name[0], &name[1]) < 0) {
        (void)rn_out_fail(h->out, RN_E_CONFIG);
        return;
    }
    put(q.out, before);
    for (size_t i = 0; i < 2; i++) {
        put(q.out, i > 0 ? "." : "");
        if (is_plain(name[i]) && !before[0])
            rn_out_put(q.out, name[i].p, name[i].n);
        else
            rn_sql_name(&q, name[i]);
    }
    close_text(h, &t);
}

/* -- the older connector -------------------------------------------------- */

static const char *secret_call(enum rn_language l)
{
    return l == RN_LANG_PYTHON ? "dbutils.secrets.get(scope=%s, key=%s)"
                               : "dbutils.secrets.get(scope = %s, key = %s)";
}

/* A secret by its name: the call, with its two literals in it. */
static void put_secret(struct handoff *h, const char *key)
{
    const struct rn_config *c = h->config;
    const char *call = h->language == RN_LANG_SQL ? "secret(%s, %s)"
                                                  : secret_call(h->language);
    const char *first = strchr(call, '%');
    const char *second = strrchr(call, '%');

    rn_out_put(h->out, call, (size_t)(first - call));
    string(h, c->connect.scope);
    rn_out_put(h->out, first + 2, (size_t)(second - first - 2));
    string(h, key);
    put(h->out, second + 2);
}

/* How a language passes an option: before its name, between, and behind. */
struct option_form {
    const char *before;
    const char *between;
    const char *behind;
};

static const struct option_form forms[] = {
    [RN_LANG_SQL] = { "\n  ", " ", "," },
    [RN_LANG_PYTHON] = { "\n    .option(\"", "\", ", ")" },
    [RN_LANG_SCALA] = { "\n  .option(\"", "\", ", ")" },
    [RN_LANG_R] = { "\n  ", " = ", "," },
};

static void begin_option(struct handoff *h, const char *name)
{
    put(h->out, forms[h->language].before);
    put(h->out, name);
    put(h->out, forms[h->language].between);
}

static void end_option(struct handoff *h)
{
    put(h->out, forms[h->language].behind);
}

/* All but the table or query. The vendor spells the switch that lends Synapse
 * the cluster's key for the folder otherwise in R.
 */
static void put_options(struct handoff *h)
{
    const struct rn_config *c = h->config;

    begin_option(h, "url");
    put_url(h);
    end_option(h);
    begin_option(h, "user");
    put_secret(h, c->connect.user_key);
    end_option(h);
    begin_option(h, "password");
    put_secret(h, c->connect.password_key);
    end_option(h);
    begin_option(h, "tempDir");
    string(h, h->temporary);
    end_option(h);
    begin_option(h, h->language == RN_LANG_R
                        ? "forward_spark_azure_storage_credentials"
                        : "forwardSparkAzureStorageCredentials");
    string(h, "true");
    end_option(h);
}

static void put_reader_options(struct handoff *h)
{
    put_options(h);
    begin_option(h, "query");
    put_synapse_table(h, "SELECT * FROM ");
}

static void put_writer_options(struct handoff *h)
{
    put_options(h);
    begin_option(h, "dbTable");
    put_synapse_table(h, "");
}

static void older_sql(struct handoff *h)
{
    char name[80];

    /* The old metastore knows letters, digits and _ only. */
    rn_format(name, sizeof name, "synapse_%.64s", h->config->job.name);
    for (char *p = name; *p; p++) {
        if (strchr("-.", *p))
            *p = '_';
    }
    put(h->out, "CREATE TABLE IF NOT EXISTS hive_metastore.default.");
    put(h->out, name);
    put(h->out, "\nUSING " CONNECTOR "\nOPTIONS (");
    put_writer_options(h);
    put(h->out, "\n);\n\nSELECT * FROM hive_metastore.default.");
    put(h->out, name);
    put(h->out, " LIMIT 10;\n\n");
    line(h, "INSERT INTO that table writes to Synapse.");
}

static void older_python(struct handoff *h)
{
    put(h->out, "older = (spark.read.format(\"" CONNECTOR "\")");
    put_reader_options(h);
    put(h->out, ")\n    .load())\nolder.show(10)\n\n"
                "def write_to_synapse(rows, mode=\"append\"):\n"
                "    (rows.write.format(\"" CONNECTOR "\")");
    put_writer_options(h);
    put(h->out, ")\n    .mode(mode).save())\n");
}

static void older_scala(struct handoff *h)
{
    put(h->out, "val older = spark.read.format(\"" CONNECTOR "\")");
    put_reader_options(h);
    put(h->out, ")\n  .load()\nolder.show(10)\n\n"
                "def writeToSynapse(rows: org.apache.spark.sql.DataFrame, "
                "mode: String = \"append\"): Unit =\n"
                "  rows.write.format(\"" CONNECTOR "\")");
    put_writer_options(h);
    put(h->out, ")\n  .mode(mode).save()\n");
}

static void older_r(struct handoff *h)
{
    put(h->out, "older <- read.df(\n  source = \"" CONNECTOR "\",");
    put_reader_options(h);
    put(h->out, ")\nshowDF(older, 10)\n\n"
                "write_to_synapse <- function(rows, mode = \"append\") "
                "write.df(\n  rows,\n  source = \"" CONNECTOR "\",\n"
                "  mode = mode,");
    put_writer_options(h);
    put(h->out, ")\n");
}

static void older(struct handoff *h)
{
    static void (*const with[])(struct handoff * h) = {
        [RN_LANG_SQL] = older_sql,
        [RN_LANG_PYTHON] = older_python,
        [RN_LANG_SCALA] = older_scala,
        [RN_LANG_R] = older_r,
    };

    put(h->out, "\n");
    if (h->config->synapse.load == RN_SYNAPSE_EXTERNAL) {
        line(h, "The older connector is left out: it reads dedicated pools, "
                "and this job's is serverless.");
        return;
    }
    if (!h->temporary[0]) {
        line(h, "The older connector is left out: it needs a container, and "
                "store.url is none.");
        return;
    }
    line(h, "The same table by the older connector, where there is no Unity "
            "Catalog: on a");
    line(h, "cluster that may write to the container, to which it copies the "
            "rows first.");
    with[h->language](h);
}

/* -- tables --------------------------------------------------------------- */

/* A data frame of that name, and its first rows. */
static void frame(struct handoff *h, const char *name,
                  void (*table)(struct rn_sql *q, const struct rn_config *c))
{
    struct rn_sql q = sql_to(h->out);

    if (h->language == RN_LANG_SQL) {
        rn_sql_text(&q, "SELECT * FROM ");
        table(&q, h->config);
        rn_sql_text(&q, " LIMIT 10;\n");
        return;
    }
    put(h->out, h->language == RN_LANG_SCALA ? "val " : "");
    put(h->out, name);
    put(h->out, h->language == RN_LANG_R ? " <- sql(" : " = spark.sql(");
    put_query(h, table);
    put(h->out, h->language == RN_LANG_R ? ")\nshowDF(" : ")\n");
    put(h->out, name);
    put(h->out, h->language == RN_LANG_R ? ", 10)\n" : ".show(10)\n");
}

/* For those who may make connections. */
static void setup(struct handoff *h)
{
    struct rn_sql q = sql_to(h->out);

    put(h->out, "\n");
    line(h, "What makes the catalog, where it is not there yet:");
    rn_connect_put_connection(&q, h->config);
    rn_sql_text(&q, ";\n");
    rn_connect_put_catalog(&q, h->config);
    rn_sql_text(&q, ";\n");
}

static void synapse(struct handoff *h)
{
    const struct rn_config *c = h->config;

    put(h->out, "\n");
    if (!c->connect.wanted) {
        line(h, "Synapse from Databricks is left out: the job has no "
                "[connect].");
        return;
    }
    if (!has_synapse(c)) {
        line(h, "Synapse from Databricks is left out: the job has no [synapse] "
                "with a table.");
        return;
    }
    line(h, "The table in Synapse, read where it is, through the catalog:");
    frame(h, "synapse", rn_connect_put_table);
    if (h->language == RN_LANG_SQL)
        setup(h);
    older(h);
}

static void databricks(struct handoff *h)
{
    put(h->out, "\n");
    if (!has_table(h->config)) {
        line(h, "The table in Databricks is left out: the job has no "
                "[databricks] with a table.");
        return;
    }
    line(h, "The table in Databricks:");
    frame(h, "loaded", put_our_table);
}

static void top(struct handoff *h)
{
    char text[120];

    rn_format(text, sizeof text, "%.64s: read it in Databricks with %s.",
              h->config->job.name, languages[h->language].name);
    line(h, text);
    if (has_table(h->config) || has_synapse(h->config))
        line(h, "Each row's " RN_RUN_COLUMN " is the run that it came with.");
    if (h->language == RN_LANG_R)
        put(h->out, "library(SparkR)\n");
}

int rn_handoff(const struct rn_config *config, enum rn_language language,
               struct rn_out *to, struct rn_error *error)
{
    struct handoff h = { .config = config, .out = to, .language = language };
    size_t n;

    if (!has_table(config) && !has_synapse(config))
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: has neither [databricks] with a table nor "
                       "[connect] with [synapse]: there is nothing to read in "
                       "Databricks",
                       config->path);
    if (rn_dbx_abfss(config, h.temporary, sizeof h.temporary) < 0)
        h.temporary[0] = 0;
    n = strlen(h.temporary);
    if (n > 0)
        rn_format(h.temporary + n, sizeof h.temporary - n, "/runnel-handoff");
    top(&h);
    synapse(&h);
    databricks(&h);
    if (to->err == RN_E_CONFIG)
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "%s: [databricks], [synapse] or [connect] has a name "
                       "that no statement can hold",
                       config->path);
    return to->err;
}
