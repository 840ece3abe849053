/* limits.h: sizes that an image may choose: what is bounded, and how large.
 *
 * These are a host's. A board that has less memory has a file of this name
 * that its include path finds before this one (boards/include); it defines all
 * of them. What does not fit a bound is refused with a message, never cut.
 */
#ifndef RUNNEL_LIMITS_H
#define RUNNEL_LIMITS_H

/* -- the job --------------------------------------------------------------- */

#define RN_VALUE_MAX 8192u /* one value of a job file: a query, a token     */
#define RN_SECRET_MAX \
    1536u /* a SAS token, a key, a connection string; a user
                             * delegation SAS has about 700                  */

/* -- names ----------------------------------------------------------------- */

#define RN_PATH_MAX  512  /* of a file inside the container, NUL included  */
#define RN_BLOB_NAME 512u /* what a store takes; the service: 1,024        */
#define RN_BLOB_BASE 512u /* of the container in a URL, percent-encoded    */
#define RN_PLACE_MAX 600  /* store.url and the path template together      */

/* -- what is remembered ---------------------------------------------------- */

#define RN_HISTORY       8   /* past runs in the journal                     */
#define RN_WATERMARK_MAX 256 /* bytes of a watermark that is text            */
#define RN_JOURNAL_BYTES 4096u /* that hold the largest journal record       */
#define RN_RESULT_FILES  64 /* files whose figures a result keeps           */
#define RN_WAREHOUSES    4  /* that an image can have                       */

/* -- the network ----------------------------------------------------------- */

#define RN_CONNECTIONS  32u   /* at a time, all hosts together                */
#define RN_HTTP_REQUEST 8192u /* request line and headers                     */
#define RN_HTTP_RECEIVED \
    8192u                     /* taken from a connection at once              */
#define RN_HTTP_LINE    4096u /* a header of an answer                        */
#define RN_HTTP_PIECES  64u   /* slices sent at once                          */
#define RN_LIST_SCRATCH 1024u /* of a block list, made while it is sent */

/* mbedTLS's heap, measured by tests/unit/test_tls.c: 4 KiB before any
 * connection and as much for a kept session; a connection 51 KiB during its
 * handshake with three certificates of RSA 4096, 39 with elliptic ones, 26
 * afterwards. The rest is for leaves that name hundreds of hosts.
 */
#define RN_TLS_HEAP            (12u * 1024)
#define RN_TLS_HEAP_CONNECTION (56u * 1024)

#endif
