/* job/report.h: a validation (job/validate.h) for people and for programs.
 *
 * As JSON it is the value of "validation", a list of places:
 *
 *   [{"place":"synapse","where":"host, table","state":"ok",
 *     "rows":10,"files":null,"bytes":null,"columns":12,"read_back":false,
 *     "asked":1,"differences":1,"error":null,
 *     "different":[{"figure":"sum","column":"amount","file":null,
 *                   "value":"5.00","expected":"6.00",
 *                   "expected_by":"encoder"}]}, ...]
 *
 * "state" is ok, different or failed (then "error" says why it could not be
 * asked). "rows", or "files" and "bytes", are null where the place does not
 * tell. "columns" counts those of which a figure was compared. Values are
 * texts; of many differences the first RN_DIFFERENCES of all places are listed.
 */
#ifndef JOB_REPORT_H
#define JOB_REPORT_H

#include "job/json.h"
#include "job/validate.h"
#include "runnel/out.h"

/* "ok", "different", "failed" */
const char *rn_verdict_word(enum rn_verdict verdict);

/* The list; the caller has written its key. */
void rn_report_json(const struct rn_report *r, struct rn_json *j);

/* A few aligned lines. */
void rn_report_text(const struct rn_report *r, struct rn_out *out);

/* A page that stands alone: no script, nothing fetched, well-formed as XML. */
void rn_report_html(const struct rn_report *r, struct rn_out *out);

#endif
