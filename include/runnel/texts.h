/* texts.h: how much an image explains itself.
 *
 * These are a host's: everything. A board whose flash is small has a file of
 * this name that its include path finds first (boards/include: no help texts,
 * no keys of steps it has not; boards/terse: failures, too, are told by their
 * code and place alone).
 */
#ifndef RUNNEL_TEXTS_H
#define RUNNEL_TEXTS_H

#define RN_HELP(text) text

/* What is wrong and what to do, in tables. */
#define RN_ADVICE(text) text

/* Keys of job files for what follows a finished run. */
#define RN_KEYS_BEHIND(...) __VA_ARGS__

#endif
