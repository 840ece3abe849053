/* job/validate_parts.h: what validate.c and its neighbours share.
 *
 *   validate.c            the places, one after the other
 *   validate_compare.c    a figure against the first place that knows it
 *   validate_container.c  the manifest and the files that it names
 */
#ifndef JOB_VALIDATE_PARTS_H
#define JOB_VALIDATE_PARTS_H

#include "job/manifest_read.h"
#include "job/validate.h"

enum { FIGURE_NON_NULL, FIGURE_MIN, FIGURE_MAX, FIGURE_SUM, FIGURE_HASH };
#define FIGURES 5

/* A column's figures and which place said each of them first. */
struct known {
    struct rn_measure_column c;
    uint8_t by[FIGURES];
};
#define NOBODY UINT8_MAX

struct validate {
    const struct rn_validation *v;
    const struct rn_config *config;
    struct rn_arena *mem;
    struct rn_report *report;
    struct rn_error *error;

    struct rn_schema schema;
    struct known *known;               /* a place for each column; NULL: none
                                      * are compared                       */
    struct rn_measure_column *scratch; /* what a target says                */
    struct rn_manifest_reader reader;

    /* The container */
    size_t encoder; /* its place in the report */
    size_t container;
    uint8_t *piece; /* of a file that is read back */
    size_t piece_cap;
    char path[RN_PATH_MAX];
};

/* -- validate_compare.c --------------------------------------------------- */

/* Printable, cut between characters. */
void rn_shown(struct rn_bytes text, char *to, size_t cap);

size_t rn_report_add(struct rn_report *r, const char *name, const char *where);

struct told {
    const char *figure;
    bool file;
    struct rn_bytes of;
    size_t place, against;
};
void rn_report_differs(struct rn_report *r, const struct told *t,
                       const char *value, const char *expected);

/* A number of the whole run or of a file. */
void rn_compare_number(struct rn_report *r, const struct told *t,
                       uint64_t value, uint64_t expected);

/* This place's rows against the first that knows them. */
void rn_compare_rows(struct rn_report *r, size_t place, uint64_t rows);

/* The rows that there should be; false: nobody knows yet. */
bool rn_expected_rows(const struct rn_report *r, uint64_t *rows,
                      size_t *against);

/* Room for the columns of x->schema, of which those wanted are compared. An
 * unknown name in [validate] columns is RN_E_CONFIG.
 */
int rn_compare_columns(struct validate *x);
bool rn_column_wanted(const struct rn_config *config, struct rn_bytes name);

/* What `place` says of one column. */
void rn_compare_column(struct validate *x, size_t place, size_t column,
                       const struct rn_measure_column *m);

/* -- validate_container.c ------------------------------------------------- */

/* The manifest, digests and files. Fills x->schema when the run has no own. */
int rn_validate_container(struct validate *x);

#endif
