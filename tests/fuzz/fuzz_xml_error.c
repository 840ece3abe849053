/* fuzz_xml_error.c: whatever an error's body holds, in any split, judging the
 * answer reads nothing beyond it and never calls it success.
 */
#include <string.h>

#include "blob/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(struct rn_answer *a, const uint8_t *p, size_t n, size_t step)
{
    rn_answer_begin(a, 0);
    rn_answer_header(a, RN_STR("x-ms-version"), RN_STR("2021-12-02"));
    for (size_t at = 0; at < n; at += step) {
        size_t part = n - at < step ? n - at : step;
        if (rn_answer_body(a, (struct rn_bytes){ p + at, part }) < 0)
            break;
    }
}

/* The first byte chooses the split, the second the status. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct rn_object object = { .path = "a" };
    static struct rn_blob_service service;
    static struct rn_request request;
    static struct rn_answer whole;
    static struct rn_answer split;
    struct rn_transfer t = { .op = RN_OP_STAGE, .object = &object };

    if (size < 2)
        return 0;
    feed(&whole, data + 2, size - 2, size);
    feed(&split, data + 2, size - 2, (size_t)data[0] + 1);
    RN_ASSERT(strcmp(whole.xml.code, split.xml.code) == 0);
    RN_ASSERT(strcmp(whole.xml.message, split.xml.message) == 0);
    RN_ASSERT(strlen(whole.xml.message) < sizeof whole.xml.message);

    rn_answer_settle(&split, 300 + data[1], &service, &request, &t);
    RN_ASSERT(t.done && t.err < 0 && t.error.text[0]);
    for (const char *p = t.error.text; *p; p++)
        RN_ASSERT((unsigned char)*p >= 0x20);
    return 0;
}
