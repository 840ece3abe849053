/* warehouse/list.c: the warehouses of this image, in the order in which they
 * are loaded.
 */
#include "runnel/warehouse.h"

const struct rn_warehouse_class *const rn_warehouses[] = {
    &rn_warehouse_databricks,
};
const size_t rn_warehouses_n = RN_COUNTOF(rn_warehouses);
