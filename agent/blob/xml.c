/* blob/xml.c: see blob/xml.h.
 *
 *   TEXT --'<'--> NAME --'>'--> TEXT        NAME --' '--> REST --'>'--> TEXT
 *   NAME --'?' first--> NOTE --'>'--> TEXT  NAME --'!' first--> STOP
 *   TEXT of a field --'&'--> ENTITY --';'--> TEXT, or STOP when unknown
 */
#include "blob/xml.h"

#include <string.h>

enum state { TEXT, NAME, REST, NOTE, ENTITY, STOP };
enum field { NONE, CODE, MESSAGE };

void rn_xml_begin(struct rn_xml *x)
{
    memset(x, 0, sizeof *x);
    x->state = TEXT;
}

/* A character of the field's text; what doesn't fit is left out. */
static void add(struct rn_xml *x, char c)
{
    char *to = x->field == CODE ? x->code : x->message;
    size_t cap = x->field == CODE ? sizeof x->code : sizeof x->message;

    if (x->field == NONE || x->text_len + 1 >= cap)
        return;
    to[x->text_len++] = c;
    to[x->text_len] = 0;
}

static bool named(const struct rn_xml *x, const char *name)
{
    return x->name_len == strlen(name) &&
           memcmp(x->name, name, x->name_len) == 0;
}

/* A tag's name is complete. */
static void on_tag(struct rn_xml *x)
{
    if (x->field == CODE && named(x, "/Code"))
        x->has_code = true;
    if (x->field == MESSAGE && named(x, "/Message"))
        x->has_message = true;
    x->field = NONE;
    x->text_len = 0;
    if (named(x, "Code") && !x->code[0] && !x->has_code)
        x->field = CODE;
    if (named(x, "Message") && !x->message[0] && !x->has_message)
        x->field = MESSAGE;
}

static enum state in_text(struct rn_xml *x, char c)
{
    if (c == '<') {
        x->name_len = 0;
        return NAME;
    }
    if (c == '&' && x->field != NONE) {
        x->entity_len = 0;
        return ENTITY;
    }
    add(x, c);
    return TEXT;
}

static enum state in_name(struct rn_xml *x, char c)
{
    if (x->name_len == 0 && c == '?')
        return NOTE;
    if (x->name_len == 0 && c == '!')
        return STOP;
    if (c == '>' || c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        on_tag(x);
        return c == '>' ? TEXT : REST;
    }
    if (c == '<')
        return STOP;
    if (x->name_len == sizeof x->name) {
        /* Longer than the names that are looked for: some other element. */
        x->name[0] = 0;
        return NAME;
    }
    x->name[x->name_len++] = c;
    return NAME;
}

static enum state in_entity(struct rn_xml *x, char c)
{
    static const struct {
        const char *name;
        char c;
    } known[] = { { "lt", '<' },
                  { "gt", '>' },
                  { "amp", '&' },
                  { "quot", '"' },
                  { "apos", '\'' } };

    if (c != ';') {
        if (x->entity_len == sizeof x->entity)
            return STOP;
        x->entity[x->entity_len++] = c;
        return ENTITY;
    }
    for (size_t i = 0; i < RN_COUNTOF(known); i++) {
        if (x->entity_len == strlen(known[i].name) &&
            memcmp(x->entity, known[i].name, x->entity_len) == 0) {
            add(x, known[i].c);
            return TEXT;
        }
    }
    return STOP;
}

static enum state step(struct rn_xml *x, char c)
{
    switch ((enum state)x->state) {
    case TEXT:
        return in_text(x, c);
    case NAME:
        return in_name(x, c);
    case REST:
        return c == '>' ? TEXT : c == '<' ? STOP : REST;
    case NOTE:
        return c == '>' ? TEXT : NOTE;
    case ENTITY:
        return in_entity(x, c);
    case STOP:
        break;
    }
    return STOP;
}

void rn_xml_feed(struct rn_xml *x, struct rn_bytes part)
{
    for (size_t i = 0; i < part.n; i++) {
        if (x->seen == RN_XML_LOOK || x->state == STOP)
            return;
        x->seen++;
        x->state = (uint8_t)step(x, (char)part.p[i]);
    }
}
