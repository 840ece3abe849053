/* runnel/texts.h: as boards/include/runnel/texts.h, and failures are told by
 * what they are and where: "denied (store)", "job:7: [store] url". The words
 * for them are 20 KiB of flash. -Iboards/terse before -Iboards/include.
 *
 * The call that is never made keeps its arguments checked and their variables
 * in use; no compiler keeps its texts.
 */
#ifndef RUNNEL_TEXTS_H
#define RUNNEL_TEXTS_H

#define RN_HELP(text)   ""
#define RN_ADVICE(text) ""
#define RN_KEYS_BEHIND(...)

#define rn_fail(e, code, where, ...)                  \
    (0 ? (rn_fail)((e), (code), (where), __VA_ARGS__) \
       : rn_fail_terse((e), (code), (where)))
#define rn_config_fail(r, line, key, ...)                  \
    (0 ? (rn_config_fail)((r), (line), (key), __VA_ARGS__) \
       : rn_config_fail_terse((r), (line), (key)))

#endif
