/* core/nearest.h: how far a mistyped word is from a known one. */
#ifndef CORE_NEAREST_H
#define CORE_NEAREST_H

#include "runnel/base.h"

/* Characters to insert, remove, replace or swap to turn `a` into `b`; more
 * than `most` is told as most + 1. Words longer than 40 are far from all.
 */
unsigned rn_distance(const char *a, const char *b, unsigned most);

/* How far a word may be off and still be what was meant: a third of it. */
unsigned rn_distance_fair(const char *word);

#endif
