/* lanes.h: a file that grows in several places at once.
 *
 *     (put | head) ... -> close_group -> (put to the trunk) ->
 *     (put | head) ... -> close_group -> ... -> the owner ends the file
 *
 * A columnar file holds group after group and, in each, column after column,
 * while rows come with all columns at once. A lane is one column's run of
 * bytes inside the open group; what is put there gathers until the group is
 * closed, or leaves for the store earlier when memory is short. In the end
 * the file reads:
 *
 *     trunk | group 0: lane 0 (its head, its bytes), lane 1, ... | trunk
 *           | group 1: ... | ... | trunk | foot head | foot
 *
 * so a writer knows every offset as soon as a group's bytes are all put: it
 * adds up what it gave. lane/columns.h is the implementation.
 */
#ifndef RUNNEL_LANES_H
#define RUNNEL_LANES_H

#include "runnel/base.h"

/* Places that are not of a group.
 *
 * TRUNK: behind all closed groups; only while the open group has nothing yet.
 * FOOT: gathers from begin to end of the file (row groups' metadata) and comes
 * last. FOOT_HEAD: what precedes it but is only known at the end.
 */
#define RN_LANE_TRUNK     UINT32_MAX
#define RN_LANE_FOOT_HEAD (UINT32_MAX - 1)
#define RN_LANE_FOOT      (UINT32_MAX - 2)

struct rn_lanes {
    uint32_t n; /* lanes of a group */

    /* Append `n` bytes, copied, to lane 0 .. n-1 of the open group or to one
     * of the three places above. May wait for the network. Returns RN_OK or
     * the failure, which sticks; nothing needs to be undone.
     */
    int (*put)(struct rn_lanes *l, uint32_t lane, const void *p, size_t n);

    /* The same, for what stands before the first byte of a lane of the open
     * group although it is known late: a dictionary page. At any time before
     * close_group(), for each lane once (in one or more pieces, with no
     * other call between).
     */
    int (*head)(struct rn_lanes *l, uint32_t lane, const void *p, size_t n);

    /* All lanes of the open group are complete: they become part of the file
     * in their order, and the next group is open.
     */
    int (*close_group)(struct rn_lanes *l);
};

#endif
