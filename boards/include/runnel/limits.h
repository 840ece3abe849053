/* runnel/limits.h: the sizes of include/runnel/limits.h for boards: a few
 * columns, short names, one connection. -Iboards/include before -Iinclude.
 */
#ifndef RUNNEL_LIMITS_H
#define RUNNEL_LIMITS_H

/* -- the job --------------------------------------------------------------- */

#define RN_VALUE_MAX  1024u
#define RN_SECRET_MAX 768u /* a user delegation SAS has about 700 */

/* -- names ----------------------------------------------------------------- */

#define RN_PATH_MAX  160
#define RN_BLOB_NAME 160u
#define RN_BLOB_BASE 128u
#define RN_PLACE_MAX 320

/* -- what is remembered ---------------------------------------------------- */

#define RN_HISTORY       2
#define RN_WATERMARK_MAX 64
#define RN_JOURNAL_BYTES 1536u
#define RN_RESULT_FILES  1
#define RN_WAREHOUSES    1

/* -- the network ----------------------------------------------------------- */

#define RN_CONNECTIONS   4u
#define RN_HTTP_REQUEST  2048u
#define RN_HTTP_RECEIVED 1024u
#define RN_HTTP_LINE     1024u
#define RN_HTTP_PIECES   8u
#define RN_LIST_SCRATCH  256u

/* One connection with 16 KiB in, 2 KiB out, TLS 1.2. */
#define RN_TLS_HEAP            (2u * 1024)
#define RN_TLS_HEAP_CONNECTION (34u * 1024)

#endif
