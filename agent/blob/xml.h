/* blob/xml.h: the code and the message in the XML of an error answer.
 *
 * Not an XML parser: it looks for the text of the first <Code> and the first
 * <Message> wherever they are, as the bytes come in, and stops at the first
 * thing that the service never sends (a DTD, an unknown entity). It keeps no
 * input, so a body of any size costs the same.
 */
#ifndef BLOB_XML_H
#define BLOB_XML_H

#include "runnel/base.h"

#define RN_XML_LOOK 4096u /* bytes of a body that are looked at */

struct rn_xml {
    char code[72];
    char message[160];
    bool has_code; /* its closing tag was seen */
    bool has_message;

    /* Its own business. */
    uint8_t state;
    uint8_t field;
    uint8_t name_len;
    uint8_t entity_len;
    char name[16];
    char entity[8];
    size_t text_len;
    size_t seen;
};

void rn_xml_begin(struct rn_xml *x);
void rn_xml_feed(struct rn_xml *x, struct rn_bytes part);

#endif
