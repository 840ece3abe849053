/* job/config_keys.h: every key of a job file.
 *
 * One table: what reads a job file, what explains the keys (`runnel help keys`)
 * and what checks the README all walk it.
 */
#ifndef JOB_CONFIG_KEYS_H
#define JOB_CONFIG_KEYS_H

#include "runnel/config.h"

enum rn_key_kind {
    RN_KEY_TEXT,   /* const char *: one line                               */
    RN_KEY_LONG,   /* const char *: may go on in indented lines, or be
                    * file:PATH                                            */
    RN_KEY_SECRET, /* const char *: may be file:PATH; never shown          */
    RN_KEY_NAME,   /* const char *: one of the words                       */
    RN_KEY_WORD,   /* int or enum: the word's value                        */
    RN_KEY_BYTE,   /* char: one of the words, \xNN, or itself              */
    RN_KEY_BOOL,   /* bool                                                 */
    RN_KEY_BYTES,  /* uint64_t: 64K, 1M, 2G                                */
    RN_KEY_COUNT,  /* uint64_t                                             */
    RN_KEY_SMALL,  /* unsigned, or int that is never negative              */
    RN_KEY_TIME    /* int64_t: ms; 500ms, 30s, 10m, 2h, 1d                 */
};

struct rn_word {
    const char *word; /* NULL ends a list */
    int value;
};

struct rn_key {
    const char *section;
    const char *name;
    enum rn_key_kind kind;
    bool must;      /* has to be given (where `only` holds)             */
    size_t at;      /* of the member in struct rn_config                */
    size_t file_at; /* RN_KEY_SECRET: of its *_file; 0: none            */
    uint64_t least;
    uint64_t most;
    const struct rn_word *word;
    const char *standard; /* the default as one would write it, or NULL */
    const char *only;     /* "auth.kind=sas": only with that, or NULL   */
    const char *meaning;
};

extern const struct rn_key rn_keys[];
extern const size_t rn_keys_n;
#define RN_KEYS_MAX 128u

/* What the job file will have and this version does not. */
struct rn_later {
    const char *section;
    const char *name; /* NULL: the whole section             */
    const char *word; /* NULL: the key itself, else a value  */
    const char *what;
};

/* The entry for this, or NULL; `name` and `word` may be NULL. */
const struct rn_later *rn_later_find(const char *section, const char *name,
                                     const char *word);

/* The key of that name, or NULL. */
const struct rn_key *rn_key_find(const char *section, const char *name);

/* The job has what `only` asks for. *by is the key that decides (NULL: none
 * does), *words what it would have to be.
 */
bool rn_key_holds(const struct rn_key *k, const struct rn_config *config,
                  const struct rn_key **by, const char **words);

/* A step that a job may have or not: its keys count only when the section is
 * there, then even without any key ([validate]). The member that says so, or
 * NULL for a section that every job has.
 */
bool *rn_section_wanted(struct rn_config *config, const char *section);

/* Section `i` in the order of the table, or NULL past the last. */
const char *rn_key_section(size_t i);

/* Give the member of `config` this value: RN_OK or RN_E_CONFIG. Texts are
 * borrowed, not copied.
 */
int rn_key_set(const struct rn_key *k, const char *text,
               struct rn_config *config);

/* "a number from 1 to 32": what the key takes, for messages and tables. */
void rn_key_expects(const struct rn_key *k, char *to, size_t cap);

/* The value of a key as a word, "" when it has none: for `only`. */
const char *rn_key_word(const struct rn_key *k, const struct rn_config *config);

/* The member of a text. */
const char *rn_key_text(const struct rn_key *k, const struct rn_config *config);

#endif
