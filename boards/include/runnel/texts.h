/* runnel/texts.h: include/runnel/texts.h for boards: nobody asks a board for
 * help, and none has warehouses.
 */
#ifndef RUNNEL_TEXTS_H
#define RUNNEL_TEXTS_H

#define RN_HELP(text)   ""
#define RN_ADVICE(text) text
#define RN_KEYS_BEHIND(...)

#endif
