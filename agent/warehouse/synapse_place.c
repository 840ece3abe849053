/* warehouse/synapse_place.c: where the files are, for statements, and with
 * what they may be read; see warehouse/synapse.h.
 */
#include "warehouse/synapse.h"

#include "core/format.h"
#include "core/log.h"
#include "runnel/port.h"

#include <string.h>

/* A statement is kept in the history of the pool, so the token in it must soon
 * be worth nothing.
 */
#define SHORT_US (INT64_C(48) * 3600 * 1000000)

void rn_syn_plain(struct rn_sql *q, struct rn_bytes text)
{
    rn_out_byte(q->out, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\'')
            rn_out_byte(q->out, '\'');
        rn_out_byte(q->out, text.p[i]);
    }
    rn_out_byte(q->out, '\'');
}

void rn_syn_byte(struct rn_sql *q, uint8_t c)
{
    char hex[8];

    if (c > 0x20 && c < 0x7f) {
        rn_syn_plain(q, (struct rn_bytes){ &c, 1 });
        return;
    }
    rn_format(hex, sizeof hex, "'0x%02X'", c);
    rn_sql_text(q, hex);
}

void rn_syn_table_string(struct rn_sql *q, const char *table,
                         const char *suffix)
{
    uint8_t buf[1200]; /* three names of 128 characters, some doubled */
    struct rn_out out;
    struct rn_sql name = { .out = &out, .dialect = q->dialect };

    rn_out_init(&out, buf, sizeof buf, q->out->drain);
    rn_sql_table(&name, table, suffix);
    if (out.err < 0)
        (void)rn_out_fail(q->out, out.err);
    else
        rn_sql_string(q, (struct rn_bytes){ buf, out.len });
}

bool rn_syn_counted(const struct rn_config *config)
{
    return config->file.row_number[0] &&
           strcmp(config->file.format, "parquet") != 0;
}

bool rn_syn_zoned(const struct rn_config *config, const struct rn_col *col)
{
    return col->type == RN_TIMESTAMP && col->utc &&
           strcmp(config->file.format, "parquet") != 0;
}

struct rn_bytes rn_syn_container(const struct rn_config *config)
{
    const char *url = config->store.url;
    size_t n = strcspn(url, "?#");

    while (n > 0 && url[n - 1] == '/')
        n--;
    return (struct rn_bytes){ (const uint8_t *)url, n };
}

static bool is_unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c && strchr("-._~/=", c));
}

int rn_syn_path(const struct rn_dataset *d, uint32_t part, char to[RN_SYN_URL])
{
    static const char hex[] = "0123456789ABCDEF";
    char path[RN_DATASET_PATH];
    size_t n = 0;
    int err = d->path(d, part, path);

    if (err < 0)
        return err;
    for (const char *p = path; *p; p++) {
        uint8_t c = (uint8_t)*p;

        if (n + 4 > RN_SYN_URL)
            return RN_E_FULL;
        if (is_unreserved(c)) {
            to[n++] = (char)c;
        } else {
            to[n++] = '%';
            to[n++] = hex[c >> 4];
            to[n++] = hex[c & 15];
        }
    }
    to[n] = 0;
    return RN_OK;
}

/* COPY reads Parquet with a managed identity only by the endpoint of Data
 * Lake (facts of COPY INTO); everything else is faster by that of blobs.
 */
static void use_dfs(char *url)
{
    char *at = strstr(url, ".blob.");

    if (!at)
        return;
    memmove(at + 5, at + 6, strlen(at + 6) + 1);
    at[1] = 'd';
    at[2] = 'f';
    at[3] = 's';
    at[4] = '.';
}

int rn_syn_url(const struct rn_config *config, const struct rn_dataset *d,
               uint32_t part, char to[RN_SYN_URL])
{
    struct rn_bytes base = rn_syn_container(config);
    char path[RN_SYN_URL];
    int err = rn_syn_path(d, part, path);
    int n;

    if (err < 0)
        return err;
    n = rn_format(to, RN_SYN_URL, "%.*s/%s", (int)base.n, (const char *)base.p,
                  path);
    if (n < 0 || n >= RN_SYN_URL)
        return RN_E_FULL;
    if (strcmp(config->file.format, "parquet") == 0 &&
        strcmp(config->synapse.credential, "managed-identity") == 0)
        use_dfs(to);
    return RN_OK;
}

static bool has(struct rn_bytes set, char c)
{
    return set.n > 0 && memchr(set.p, c, set.n) != NULL;
}

int rn_syn_sas(struct synapse *s, struct rn_bytes *sas)
{
    int64_t now = rn_clock_wall();
    struct rn_bytes rights;

    *sas = rn_identity_query(s->sas);
    rights = rn_sas_parameter(*sas, "sp");
    if (s->sas->expires_us == 0 || now < 0 ||
        s->sas->expires_us - now > SHORT_US)
        return rn_fail(s->base.error, RN_E_CONFIG, RN_AT_CONFIG,
                       "synapse.credential: sas puts the token in a statement, "
                       "so it has to end within 48 hours; make a shorter one "
                       "or use managed-identity");
    if (!has(rights, 'r') || !has(rights, 'l'))
        return rn_fail(s->base.error, RN_E_CONFIG, RN_AT_CONFIG,
                       "synapse.credential: COPY INTO needs a SAS that may "
                       "read and list (sp with r and l)");
    return RN_OK;
}
