/* port/contract_state.c: the record that survives power loss. */
#include <string.h>

#include "port/contract.h"

static uint8_t kept[RN_STATE_MAX];
static uint8_t found[RN_STATE_MAX + 1];

static void fill(uint8_t *to, size_t len, uint8_t seed)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)(rn_port_pattern((uint32_t)i) ^ seed);
}

static int save(struct rn_state *s, unsigned slot, size_t len, uint8_t seed)
{
    char why[RN_WHY] = "";

    fill(kept, len, seed);
    return rn_state_save(s, slot, kept, len, why);
}

/* Whether the slot holds exactly that. */
static bool holds(struct rn_state *s, unsigned slot, size_t len, uint8_t seed)
{
    fill(kept, len, seed);
    memset(found, 0x77, sizeof found);
    return rn_state_load(s, slot, found, RN_STATE_MAX) == (int)len &&
           memcmp(found, kept, len) == 0 && found[RN_STATE_MAX] == 0x77;
}

static int open_state(struct rn_port_rig *rig, struct rn_state *s)
{
    char why[RN_WHY] = "";

    return rn_state_open(s, rig->state, true, why);
}

#define NO_STATE "the rig names no state record"

static enum rn_port_verdict unwritten_is_empty(struct rn_port_rig *rig,
                                               char *why)
{
    struct rn_state s;
    int err;

    if (!rig->state)
        return rn_port_skip(why, NO_STATE);
    err = open_state(rig, &s);
    if (err != RN_OK)
        return rn_port_fail(why, "rn_state_open()", err);
    for (unsigned slot = 0; slot < 2 && err == 0; slot++)
        err = rn_state_load(&s, slot, found, sizeof found);
    rn_state_close(&s);
    if (err != 0)
        return rn_port_fail(why, "a slot never written loads as", err);
    return RN_PORT_PASSED;
}

static enum rn_port_verdict saved_is_found_again(struct rn_port_rig *rig,
                                                 char *why)
{
    static const size_t lengths[] = { 1, 100, RN_STATE_MAX, 3, 1023 };
    struct rn_state s;
    int err;

    if (!rig->state)
        return rn_port_skip(why, NO_STATE);
    for (size_t i = 0; i < RN_COUNTOF(lengths); i++) {
        unsigned slot = i % 2;

        err = open_state(rig, &s);
        if (err == RN_OK)
            err = save(&s, slot, lengths[i], (uint8_t)i);
        if (err != RN_OK)
            return rn_port_fail(why, "open or save", err);
        if (!holds(&s, slot, lengths[i], (uint8_t)i))
            return rn_port_fail(why, "not as saved, of bytes", (int)lengths[i]);
        rn_state_close(&s);
        err = open_state(rig, &s);
        if (err != RN_OK)
            return rn_port_fail(why, "open again", err);
        if (!holds(&s, slot, lengths[i], (uint8_t)i))
            return rn_port_fail(why, "not as saved once opened again, of bytes",
                                (int)lengths[i]);
        if (i > 0 && !holds(&s, 1 - slot, lengths[i - 1], (uint8_t)(i - 1)))
            return rn_port_fail(why, "the other slot changed at", (int)i);
        rn_state_close(&s);
    }
    return RN_PORT_PASSED;
}

/* A journal writes its slots in turn for years. */
static enum rn_port_verdict many_saves_in_turn(struct rn_port_rig *rig,
                                               char *why)
{
    struct rn_state s;
    int err;

    if (!rig->state)
        return rn_port_skip(why, NO_STATE);
    err = open_state(rig, &s);
    for (unsigned i = 0; err == RN_OK && i < 40; i++) {
        err = save(&s, i % 2, RN_STATE_MAX - i, (uint8_t)i);
        if (err == RN_OK && i > 0 &&
            !holds(&s, 1 - i % 2, RN_STATE_MAX + 1 - i, (uint8_t)(i - 1)))
            err = RN_E_TORN;
    }
    rn_state_close(&s);
    if (err != RN_OK)
        return rn_port_fail(why, "save or look", err);
    return RN_PORT_PASSED;
}

static enum rn_port_verdict short_load_is_cut(struct rn_port_rig *rig,
                                              char *why)
{
    struct rn_state s;
    int err, got;

    if (!rig->state)
        return rn_port_skip(why, NO_STATE);
    err = open_state(rig, &s);
    if (err == RN_OK)
        err = save(&s, 0, 500, 9);
    if (err != RN_OK)
        return rn_port_fail(why, "open or save", err);
    memset(found, 0x77, sizeof found);
    got = rn_state_load(&s, 0, found, 100);
    rn_state_close(&s);
    if (got != 100 || memcmp(found, kept, 100) != 0)
        return rn_port_fail(why, "100 of 500 bytes load as", got);
    if (found[100] != 0x77)
        return rn_port_fail(why, "wrote behind the 100 bytes asked for", got);
    return RN_PORT_PASSED;
}

static enum rn_port_verdict second_open_is_busy(struct rn_port_rig *rig,
                                                char *why)
{
    struct rn_state a, b;
    int err;

    if (!rig->state || !rig->locks)
        return rn_port_skip(why, "the rig has no locking");
    err = open_state(rig, &a);
    if (err != RN_OK)
        return rn_port_fail(why, "rn_state_open()", err);
    err = open_state(rig, &b);
    if (err == RN_OK)
        rn_state_close(&b);
    rn_state_close(&a);
    if (err != RN_E_BUSY)
        return rn_port_fail(why, "a second opener got", err);
    err = open_state(rig, &b);
    if (err != RN_OK)
        return rn_port_fail(why, "closed, and still not free", err);
    rn_state_close(&b);
    return RN_PORT_PASSED;
}

/* From a name that is not like the suite's own to nothing at all. */
static enum rn_port_verdict close_twice_is_safe(struct rn_port_rig *rig,
                                                char *why)
{
    struct rn_state s;
    int err;

    if (!rig->state)
        return rn_port_skip(why, NO_STATE);
    err = open_state(rig, &s);
    rn_state_close(&s);
    rn_state_close(&s);
    if (err == RN_OK)
        err = open_state(rig, &s);
    if (err != RN_OK)
        return rn_port_fail(why, "rn_state_open()", err);
    rn_state_close(&s);
    return RN_PORT_PASSED;
}

#define NO_POWER "the rig cannot cut the power"

/* Saved is saved: the power goes right behind RN_OK. */
static enum rn_port_verdict saved_survives_power_loss(struct rn_port_rig *rig,
                                                      char *why)
{
    struct rn_state s;
    int err;

    if (!rig->state || !rig->cut || !rig->back)
        return rn_port_skip(why, NO_POWER);
    err = open_state(rig, &s);
    if (err == RN_OK)
        err = save(&s, 0, 700, 21);
    if (err == RN_OK)
        err = save(&s, 1, 900, 22);
    if (err != RN_OK)
        return rn_port_fail(why, "open or save", err);
    rig->cut(rig, 0);
    rn_state_close(&s);
    rig->back(rig);
    err = open_state(rig, &s);
    if (err != RN_OK)
        return rn_port_fail(why, "open after power loss", err);
    if (!holds(&s, 0, 700, 21) || !holds(&s, 1, 900, 22))
        return rn_port_fail(why, "lost what was saved", RN_E_TORN);
    rn_state_close(&s);
    return RN_PORT_PASSED;
}

/* One save of slot 1 cut at the nth piece of work: 1 when it got through, 0
 * when it was cut, or a code.
 */
static int cut_save(struct rn_port_rig *rig, unsigned nth, bool *kept_other)
{
    struct rn_state s;
    int err = open_state(rig, &s), saved;

    if (err != RN_OK)
        return err;
    rig->cut(rig, nth);
    saved = save(&s, 1, RN_STATE_MAX, (uint8_t)(100 + nth));
    rn_state_close(&s);
    rig->back(rig);
    err = open_state(rig, &s);
    if (err != RN_OK)
        return err;
    *kept_other = holds(&s, 0, 1500, 33);
    if (saved == RN_OK && !holds(&s, 1, RN_STATE_MAX, (uint8_t)(100 + nth)))
        err = RN_E_TORN;
    if (rn_state_load(&s, 1, found, RN_STATE_MAX) < 0)
        err = RN_E_STATE;
    rn_state_close(&s);
    return err < 0 ? err : saved == RN_OK;
}

#define MOST_CUTS 2000

static enum rn_port_verdict cut_save_leaves_the_other(struct rn_port_rig *rig,
                                                      char *why)
{
    struct rn_state s;
    int err;

    if (!rig->state || !rig->cut || !rig->back)
        return rn_port_skip(why, NO_POWER);
    err = open_state(rig, &s);
    if (err == RN_OK)
        err = save(&s, 0, 1500, 33);
    if (err != RN_OK)
        return rn_port_fail(why, "open or save", err);
    rn_state_close(&s);
    for (unsigned nth = 0; nth < MOST_CUTS; nth++) {
        bool other = false;

        err = cut_save(rig, nth, &other);
        if (err < 0)
            return rn_port_fail(why,
                                "a torn slot is not given, or one that "
                                "was saved is lost",
                                err);
        if (!other)
            return rn_port_fail(why, "the other slot changed at cut", (int)nth);
        if (err == 1)
            return RN_PORT_PASSED;
    }
    return rn_port_fail(why, "no save got through in cuts", MOST_CUTS);
}

const struct rn_port_check rn_port_state_checks[] = {
    { "a_slot_never_written_is_empty", unwritten_is_empty },
    { "a_saved_record_is_found_again", saved_is_found_again },
    { "slots_are_written_in_turn_for_long", many_saves_in_turn },
    { "a_load_keeps_to_its_length", short_load_is_cut },
    { "a_second_opener_is_kept_out", second_open_is_busy },
    { "a_state_is_closed_twice", close_twice_is_safe },
    { "what_was_saved_survives_power_loss", saved_survives_power_loss },
    { "a_cut_save_leaves_the_other_slot", cut_save_leaves_the_other },
    { NULL, NULL },
};
