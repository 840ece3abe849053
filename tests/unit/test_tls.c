/* test_tls.c: handshakes with openssl's server, and what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <mbedtls/platform.h>

#include "fewer.h"
#include "lib/http_server.h"
#include "lib/tls_rig.h"
#include "runnel/http.h"
#include "runnel/port.h"
#include "tls/address.h"

static void good_chains_are_taken_in_the_memory_planned(void **state)
{
    static const char *const chains[] = { "rsa", "ec" };
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (int v = 2; v <= 3; v++) {
            struct tls_child s =
                tls_serve(chains[i], v == 2 ? tls_only_12 : tls_only_13);
            struct rn_http *h = tls_client(tls_roots, 1);
            size_t peak, cap;
            struct rn_http_call c = tls_get(h, "localhost", s.port);
            rn_http_memory(h, &peak, &cap);
            print_message("TLS 1.%d, chain of %s: %zu of %zu bytes\n", v,
                          chains[i], peak, cap);
            assert_string_equal(c.why, "");
            assert_int_equal(c.status, 200);
            assert_non_null(strstr(tls_page, v == 2 ? "TLSv1.2" : "TLSv1.3"));
            /* Again: with the session kept from before. */
            c = tls_get(h, "localhost", s.port);
            assert_int_equal(c.err, RN_OK);
            assert_non_null(strstr(tls_page, "Reused"));
            rn_http_memory(h, &peak, &cap);
            assert_true(peak < cap - cap / 10);
            rn_http_close(h);
            tls_stop(s);
        }
}

static void a_session_is_not_offered_to_another_origin(void **state)
{
    (void)state;
    struct tls_child a = tls_serve("ec", tls_none);
    struct tls_child b = tls_serve("ec", tls_none);
    struct rn_http *h = tls_client(tls_roots, 1);
    assert_int_equal(tls_get(h, "localhost", a.port).err, RN_OK);
    assert_int_equal(tls_get(h, "localhost", b.port).err, RN_OK);
    assert_non_null(strstr(tls_page, "New,"));
    /* The same machine by another name is another origin, too. */
    assert_int_equal(tls_get(h, "127.0.0.1", b.port).err, RN_OK);
    assert_non_null(strstr(tls_page, "New,"));
    rn_http_close(h);
    tls_stop(a);
    tls_stop(b);
}

static void bad_certificates_are_refused_each_in_its_own_words(void **state)
{
    static const struct {
        const char *chain;
        const char *host;
        const char *words[3];
    } table[] = {
        { "expired",
          "localhost",
          { "expired on 2021-02-03", "this machine's clock says 20", "" } },
        { "future",
          "localhost",
          { "not valid before 2048-02-03", "clock says", "" } },
        { "wrong",
          "localhost",
          { "does not name localhost", "it names other.example", "" } },
        { "wrong", "127.0.0.1", { "does not name 127.0.0.1", "", "" } },
        { "unknown",
          "localhost",
          { "no authority in /tmp/", "vouches", "(issuer Nobody)" } },
        { "alone", "localhost", { "no authority", "(issuer Inter EC)", "" } },
        { "self", "localhost", { "self-signed", "roots.pem", "" } },
        { "sha1", "localhost", { "weak signature", "", "" } },
        { "client", "localhost", { "not meant for a server", "", "" } },
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++)
        for (int v = 2; v <= 3; v++) {
            struct tls_child s =
                tls_serve(table[i].chain, v == 2 ? tls_only_12 : tls_only_13);
            struct rn_http *h = tls_client(tls_roots, 1);
            struct rn_http_call c = tls_get(h, table[i].host, s.port);
            assert_int_equal(c.err, RN_E_PEER);
            assert_false(c.sent);
            for (size_t k = 0; k < 3; k++) {
                if (strstr(c.why, table[i].words[k]) == NULL)
                    print_error("%s: %s\n", table[i].chain, c.why);
                assert_non_null(strstr(c.why, table[i].words[k]));
            }
            rn_http_close(h);
            tls_stop(s);
        }
}

static void an_address_is_checked_against_addresses(void **state)
{
    (void)state;
    struct tls_child s = tls_serve("rsa", tls_none);
    struct rn_http *h = tls_client(tls_roots, 1);
    assert_int_equal(tls_get(h, "127.0.0.1", s.port).err, RN_OK);
    rn_http_close(h);
    tls_stop(s);
}

static void what_is_too_old_is_refused(void **state)
{
    static const char *const table[][4] = {
        { "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", NULL },
        { "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256", NULL },
        { "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA", NULL },
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct tls_child s = tls_serve("ec", table[i]);
        struct rn_http *h = tls_client(tls_roots, 1);
        struct rn_http_call c = tls_get(h, "localhost", s.port);
        assert_int_equal(c.err, RN_E_PEER);
        assert_false(c.sent);
        rn_http_close(h);
        tls_stop(s);
    }
}

static void a_tls_1_2_server_that_prefers_pss_is_reached(void **state)
{
    static const char *const extra[] = { "-tls1_2", "-serverpref", NULL };
    (void)state;
    struct tls_child s = tls_serve("rsa", extra);
    struct rn_http *h = tls_client(tls_roots, 2);
    struct rn_origin o = { "localhost", s.port, true };
    struct rn_http_call c[2];
    for (int i = 0; i < 2; i++) {
        tls_begin(&c[i], &o);
        assert_int_equal(rn_http_start(h, &c[i]), RN_OK);
    }
    while (!c[0].done || !c[1].done)
        rn_http_pump(h, rn_clock_mono() + 1000);
    assert_string_equal(c[0].why, "");
    assert_string_equal(c[1].why, "");
    assert_int_equal(c[0].status, 200);
    assert_int_equal(c[1].status, 200);
    rn_http_close(h);
    tls_stop(s);
}

static void a_server_without_tls_is_called_that(void **state)
{
    static const struct server_act act = {
        .answer = "HTTP/1.1 400 Bad Request\r\n\r\n", .early = 1
    };
    struct server s;
    (void)state;
    server_open(&s, &act, 1);
    struct rn_http *h = tls_client(tls_roots, 1);
    struct rn_origin o = { "localhost", s.port, true };
    struct rn_http_call c;
    tls_begin(&c, &o);
    assert_int_equal(rn_http_start(h, &c), RN_OK);
    while (!c.done) {
        server_step(&s);
        rn_http_pump(h, rn_clock_mono() + 1);
    }
    assert_int_equal(c.err, RN_E_PEER);
    assert_non_null(strstr(c.why, "does not speak TLS"));
    rn_http_close(h);
    server_close(&s);
}

/* Messages of the handshake in pieces of 512 bytes, and every answer; and more
 * tickets than anyone could use.
 */
static void what_servers_may_send_is_read(void **state)
{
    static const char *const table[][5] = {
        { "-tls1_2", "-max_send_frag", "512", NULL },
        { "-tls1_3", "-max_send_frag", "512", NULL },
        { "-tls1_3", "-num_tickets", "200", NULL },
    };
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        struct tls_child s = tls_serve("rsa", table[i]);
        struct rn_http *h = tls_client(tls_roots, 1);
        size_t peak, cap;
        for (int again = 0; again < 2; again++) {
            struct rn_http_call c = tls_get(h, "localhost", s.port);
            if (c.err != RN_OK)
                print_error("%s %s: %s\n", table[i][0], table[i][1], c.why);
            assert_int_equal(c.err, RN_OK);
            assert_int_equal(c.status, 200);
            assert_non_null(strstr(tls_page, "</HTML>"));
        }
        rn_http_memory(h, &peak, &cap);
        assert_true(peak < cap - cap / 10);
        rn_http_close(h);
        tls_stop(s);
    }
}

/* Between client and server: passes bytes on, but from the server only so many;
 * when there is one more it closes instead.
 */
struct middle {
    struct rn_net in;       /* to the real server */
    struct server listener; /* only its socket is used */
    int fd;
    size_t passed;
    size_t most;
    bool cut; /* a byte was really kept back */
};

static void middle_open(struct middle *m, uint16_t to, size_t most)
{
    static const struct server_act act = { .answer = NULL };
    memset(m, 0, sizeof *m);
    m->fd = -1;
    m->most = most;
    server_open(&m->listener, &act, 1);
    rn_net_init(&m->in);
    assert_int_equal(rn_net_open(&m->in, "127.0.0.1", to), RN_E_AGAIN);
    while (rn_net_ready(&m->in) == RN_E_AGAIN)
        ;
}

static void middle_step(struct middle *m)
{
    uint8_t buf[4096];
    if (m->fd < 0 && m->passed == 0 && !m->cut)
        m->fd = accept4(m->listener.listener, NULL, NULL,
                        SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (m->fd < 0)
        return;
    ssize_t got = read(m->fd, buf, sizeof buf);
    if (got > 0) {
        struct rn_bytes b = { buf, (size_t)got };
        (void)rn_net_send(&m->in, &b, 1);
    }
    size_t want = m->most - m->passed;
    if (want > sizeof buf)
        want = sizeof buf;
    int back = rn_net_recv(&m->in, buf, want > 0 ? want : 1);
    if (back == RN_E_AGAIN)
        return;
    if (back > 0 && want > 0 && write(m->fd, buf, (size_t)back) == back) {
        m->passed += (size_t)back;
        return;
    }
    m->cut = back > 0;
    close(m->fd);
    m->fd = -1;
}

static void middle_close(struct middle *m)
{
    if (m->fd >= 0)
        close(m->fd);
    rn_net_close(&m->in);
    server_close(&m->listener);
}

/* A page through the middle: what it came to; *passed gets the bytes. */
static struct rn_http_call get_cut(uint16_t to, size_t most, size_t *passed,
                                   bool *cut)
{
    struct middle m;
    struct rn_http_call c;
    middle_open(&m, to, most);
    struct rn_origin o = { "localhost", m.listener.port, true };
    struct rn_http *h = tls_client(tls_roots, 1);
    tls_begin(&c, &o);
    assert_int_equal(rn_http_start(h, &c), RN_OK);
    while (!c.done) {
        middle_step(&m);
        rn_http_pump(h, rn_clock_mono() + 1);
    }
    *passed = m.passed;
    *cut = m.cut;
    rn_http_close(h);
    middle_close(&m);
    return c;
}

/* Wherever the connection ends before TLS said goodbye, the answer (whose own
 * end is the connection's) is not taken for whole. Handshakes differ by a byte
 * or two in length, so the last cuts may come too late to cut anything.
 */
static void a_truncated_stream_is_never_a_whole_answer(void **state)
{
    size_t whole;
    size_t passed;
    size_t cuts = 0;
    bool cut;
    (void)state;
    struct tls_child s = tls_serve("ec", tls_none);
    struct rn_http_call c = get_cut(s.port, SIZE_MAX, &whole, &cut);
    assert_string_equal(c.why, "");
    assert_int_equal(c.err, RN_OK);
    assert_false(cut);
    size_t step = 53 * (size_t)fewer_by();
    for (size_t most = whole - 1; most > step;
         most -= most > whole - 30 ? 1 : step) {
        c = get_cut(s.port, most, &passed, &cut);
        cuts += cut;
        if (cut && c.err == RN_OK)
            print_error("whole at %zu of %zu\n", passed, whole);
        assert_false(cut && c.err == RN_OK);
    }
    assert_true(cuts > 100 / (size_t)fewer_by());
    tls_stop(s);
}

/* For every amount that is left of the slice: done, or said to be spent. */
static void a_spent_slice_is_called_that_and_nothing_else(void **state)
{
    (void)state;
    struct tls_child s = tls_serve("rsa", tls_none);
    size_t full = 0;
    for (size_t left = 1024; left < 60000; left += 500 * (size_t)fewer_by()) {
        struct rn_http *h = tls_client(tls_roots, 1);
        size_t peak, cap;
        rn_http_memory(h, &peak, &cap);
        void *hog = mbedtls_calloc(1, cap - peak - left);
        struct rn_http_call c = tls_get(h, "localhost", s.port);
        if (c.err != RN_OK) {
            full++;
            if (c.err != RN_E_FULL)
                print_error("%zu left: %s\n", left, c.why);
            assert_int_equal(c.err, RN_E_FULL);
            assert_non_null(strstr(c.why, "memory"));
        }
        mbedtls_free(hog);
        rn_http_close(h);
    }
    assert_true(full > 20 / (size_t)fewer_by());
    tls_stop(s);
}

static void addresses_are_told_from_names(void **state)
{
    static const struct {
        const char *host;
        size_t len;
        uint8_t ip[16];
    } table[] = {
        { "127.0.0.1", 4, { 127, 0, 0, 1 } },
        { "0.0.0.0", 4, { 0 } },
        { "::", 16, { 0 } },
        { "::1", 16, { [15] = 1 } },
        { "1::", 16, { 0, 1 } },
        { "2001:db8::a:0:1",
          16,
          { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 1 } },
        { "::ffff:192.0.2.1",
          16,
          { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1 } },
        { "1:2:3:4:5:6:7:8",
          16,
          { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8 } },
    };
    static const char *const names[] = {
        "",
        "localhost",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.4x",
        "1.2.3.",
        ":",
        ":::",
        "1:2:3:4:5:6:7",
        "1::2::3",
        "1:2:3:4:5:6:7:8:9",
        "12345::",
        "::g",
        "1:",
        ":1",
        "::1%lo",
        "1:2:3:4:5:6:7::8:9",
    };
    uint8_t ip[16];
    (void)state;
    for (size_t i = 0; i < RN_COUNTOF(table); i++) {
        assert_int_equal(rn_address_of(table[i].host, ip), table[i].len);
        assert_memory_equal(ip, table[i].ip, table[i].len);
    }
    for (size_t i = 0; i < RN_COUNTOF(names); i++) {
        if (rn_address_of(names[i], ip) != 0)
            print_error("taken: %s\n", names[i]);
        assert_int_equal(rn_address_of(names[i], ip), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_chains_are_taken_in_the_memory_planned),
        cmocka_unit_test(a_session_is_not_offered_to_another_origin),
        cmocka_unit_test(bad_certificates_are_refused_each_in_its_own_words),
        cmocka_unit_test(an_address_is_checked_against_addresses),
        cmocka_unit_test(what_is_too_old_is_refused),
        cmocka_unit_test(a_tls_1_2_server_that_prefers_pss_is_reached),
        cmocka_unit_test(a_server_without_tls_is_called_that),
        cmocka_unit_test(what_servers_may_send_is_read),
        cmocka_unit_test(a_truncated_stream_is_never_a_whole_answer),
        cmocka_unit_test(a_spent_slice_is_called_that_and_nothing_else),
        cmocka_unit_test(addresses_are_told_from_names),
    };
    return cmocka_run_group_tests(tests, tls_setup, tls_teardown);
}
