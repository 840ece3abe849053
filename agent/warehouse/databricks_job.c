/* warehouse/databricks_job.c: a job of the workspace that loads.
 *
 * Run-now with the run's name as idempotency token: asked twice, the service
 * answers with the same run of the job. The job gets what it needs to find the
 * files as parameters; how it loads them is its own affair, so its word is all
 * there is, unless the job file names a warehouse and a table to count in.
 */
#include <string.h>

#include "core/log.h"
#include "core/format.h"
#include "core/print.h"
#include "runnel/port.h"
#include "warehouse/databricks.h"

#define POLL_MAX_MS 30000

static bool can_count(const struct rn_databricks *d)
{
    const struct rn_config *c = d->w.config;

    return c->databricks.warehouse[0] && c->databricks.table[0];
}

/* "name":"value", escaped */
static void parameter(struct rn_databricks *d, const char *name,
                      const char *value, const char *more)
{
    struct rn_out *body = &d->rest.out;
    struct rn_out *inside;

    rn_print(body, "\"%s\":\"", name);
    inside = rn_escape_open(&d->escape, body);
    rn_out_put(inside, value, strlen(value));
    rn_out_put(inside, more, strlen(more));
    rn_out_flush(inside);
    rn_print(body, "\"");
}

static void put_request(struct rn_databricks *d, const struct rn_dbx_files *f)
{
    const struct rn_config *c = d->w.config;
    const struct rn_dataset *set = f->dataset;
    struct rn_out *body = rn_rest_body(&d->rest);
    char folder[sizeof d->root + RN_DATASET_PATH + 4];
    char number[24];

    rn_format(folder, sizeof folder, "%s/%s%s", d->root, f->folder,
              f->folder[0] ? "/" : "");
    rn_print(body, "{\"job_id\":%s,", c->databricks.job);
    parameter(d, "idempotency_token", set->run, "");
    rn_print(body, ",\"job_parameters\":{");
    parameter(d, "runnel_run", set->run, "");
    rn_print(body, ",");
    parameter(d, "runnel_folder", folder, "");
    rn_print(body, ",");
    parameter(d, "runnel_manifest", folder, "_manifest.json");
    rn_print(body, ",");
    parameter(d, "runnel_format", c->file.format, "");
    rn_print(body, ",");
    rn_format(number, sizeof number, "%llu", (unsigned long long)set->rows);
    parameter(d, "runnel_rows", number, "");
    rn_print(body, "}}");
}

static int start(struct rn_databricks *d, const struct rn_dbx_files *f)
{
    struct rn_rest_call call = { .method = "POST",
                                 .path = "/api/2.2/jobs/run-now",
                                 .repeat = true };
    uint64_t id;
    int err;

    put_request(d, f);
    err = rn_dbx_do(d, &call);
    if (err < 0)
        return err;
    if (!rn_doc_u64(&d->rest.doc, rn_doc_find(&d->rest.doc, 0, "run_id"), &id))
        return rn_rest_fail(&d->rest, RN_E_PEER,
                            "%s: the answer to run-now has no run_id",
                            d->w.place);
    rn_format(d->id, sizeof d->id, "%llu", (unsigned long long)id);
    return RN_OK;
}

static bool is_under_way(const char *life)
{
    static const char *const word[] = { "PENDING",          "QUEUED",
                                        "RUNNING",          "BLOCKED",
                                        "WAITING",          "TERMINATING",
                                        "WAITING_FOR_RETRY" };

    for (size_t i = 0; i < RN_COUNTOF(word); i++) {
        if (strcmp(life, word[i]) == 0)
            return true;
    }
    return false;
}

static void copy(struct rn_databricks *d, const char *path, char *to,
                 size_t cap)
{
    rn_doc_copy(&d->rest.doc, rn_doc_find(&d->rest.doc, 0, path), to, cap);
}

/* What has come of it: RN_OK, RN_E_AGAIN while it goes on, or a failure. */
static int judge(struct rn_databricks *d)
{
    char life[32], result[32], message[200];

    copy(d, "state.life_cycle_state", life, sizeof life);
    copy(d, "state.result_state", result, sizeof result);
    copy(d, "state.state_message", message, sizeof message);
    if (is_under_way(life))
        return RN_E_AGAIN;
    if (strcmp(life, "TERMINATED") == 0 && strcmp(result, "SUCCESS") == 0)
        return RN_OK;
    rn_rest_clean(&d->rest, message);
    return rn_rest_fail(&d->rest, RN_E_DENIED,
                        "%s: run %s of job %.40s ended as %s%s%s%s%s",
                        d->w.place, d->id, d->w.config->databricks.job,
                        life[0] ? life : "nothing known", result[0] ? ", " : "",
                        result, message[0] ? ": " : "", message);
}

static int follow(struct rn_databricks *d)
{
    char path[96];
    struct rn_rest_call call = { .method = "GET",
                                 .path = path,
                                 .repeat = true };

    rn_format(path, sizeof path, "/api/2.2/jobs/runs/get?run_id=%s", d->id);
    for (unsigned looks = 0;; looks++) {
        int64_t ms = d->poll_ms * (1 + looks / 2);
        int err = rn_dbx_do(d, &call);

        if (err < 0)
            return err;
        err = judge(d);
        if (err != RN_E_AGAIN)
            return err;
        err = rn_rest_wait(&d->rest, ms < POLL_MAX_MS ? ms : POLL_MAX_MS);
        if (err < 0)
            return err;
    }
}

int rn_dbx_load_job(struct rn_databricks *d, const struct rn_dataset *dataset,
                    struct rn_load *load)
{
    struct rn_dbx_into table = { d->w.config->databricks.table, NULL };
    struct rn_dbx_files files;
    unsigned before = d->rest.tries;
    int err = rn_dbx_files(d, dataset, &files);

    if (err == RN_OK)
        err = start(d, &files);
    if (err == RN_OK)
        err = follow(d);
    memcpy(load->statement, d->id, sizeof load->statement);
    load->retries += d->rest.tries - before;
    if (err < 0)
        return err;
    load->rows = dataset->rows;
    if (!can_count(d)) {
        rn_log(RN_LOG_INFO,
               "%s: run %s has ended well; whether it loaded "
               "every row is only its own word",
               d->w.place, d->id);
        return RN_OK;
    }
    err = rn_dbx_count(d, &table, dataset->run, &load->rows);
    if (err < 0 || load->rows == dataset->rows)
        return err;
    return rn_rest_fail(&d->rest, RN_E_DENIED,
                        "%s: it holds %llu rows of run %s, which has %llu",
                        d->w.place, (unsigned long long)load->rows,
                        dataset->run, (unsigned long long)dataset->rows);
}

int rn_dbx_check_job(struct rn_databricks *d)
{
    char path[96];
    struct rn_rest_call call = { .method = "GET",
                                 .path = path,
                                 .repeat = true };
    int err;

    rn_format(path, sizeof path, "/api/2.2/jobs/get?job_id=%.40s",
              d->w.config->databricks.job);
    err = rn_dbx_do(d, &call);
    if (err != RN_E_ABSENT)
        return err;
    return rn_rest_fail(&d->rest, RN_E_CONFIG,
                        "%s: databricks.job: there is no job %.40s", d->w.place,
                        d->w.config->databricks.job);
}
