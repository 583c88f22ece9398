/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/run/handshakes.h"

static const char program[] =
    "{\"node\":\"n\",\"interfaces\":["
    "{\"id\":1,\"kind\":\"port\",\"addresses\":[\"10.254.0.1/31\"]},"
    "{\"id\":2,\"kind\":\"vxlan\",\"port\":4789},"
    "{\"id\":3,\"local\":[\"192.0.2.1\",\"2001:db8::1\"],\"kind\":\"wireguard\","
    "\"addresses\":[],\"listenPort\":51820},"
    "{\"id\":4,\"kind\":\"wireguard\",\"addresses\":[\"10.9.0.1/24\"],\"listenPort\":65535,"
    "\"local\":[\"192.0.2.1\"]}]}";
static const char without[] = "{\"interfaces\":[{\"kind\":\"port\",\"listenPort\":51820,"
                              "\"addresses\":[\"192.0.2.1/32\"]}]}";

#define FRAME 60u

/* An initiation, as far as anybody looks: to 192.0.2.1 port 51820. */
static void fill(uint8_t frame[FRAME])
{
    static const uint8_t start[] = { 2,    0,    0,    0,  0, 1,  2,   0, 0,    0, 0,    2,
                                     8,    0,    0x45, 0,  0, 46, 0,   0, 0x40, 0, 64,   17,
                                     0,    0,    192,  0,  2, 9,  192, 0, 2,    1, 0xca, 0x6c,
                                     0xca, 0x6c, 0,    26, 0, 0,  1,   0, 0,    0 };

    memset(frame, 0x55, FRAME);
    memcpy(frame, start, sizeof(start));
}

static void test_handshake_messages_to_the_node_are_told_by_a_look(void **state)
{
    static const struct {
        uint8_t at, value;
        bool has;
    } cases[] = {
        { 42, 1, true },     { 42, 2, true },  { 42, 3, true },  { 42, 4, false }, /* data */
        { 42, 0, false },    { 43, 1, false }, { 44, 1, false }, { 45, 1, false }, /* no type */
        { 37, 0x6d, false },                   /* another port */
        { 23, 6, false },                      /* TCP */
        { 20, 0x20, false }, { 21, 1, false }, /* fragments */
        { 33, 2, false },                      /* another address */
        { 14, 0x44, false },                   /* no header */
        { 17, 31, false },                     /* a packet too short for the type */
        { 13, 6, false },                      /* ARP */
        { 0, 3, true },                        /* whose MAC is the machine's to look at */
    };
    struct zt_handshakes handshakes = { 0 };
    uint8_t frame[FRAME];

    (void)state;
    fill(frame);
    assert_false(zt_handshakes_has(&handshakes, frame, FRAME));
    zt_handshakes_learn(&handshakes, program, sizeof(program) - 1);
    assert_true(handshakes.wanted);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        fill(frame);
        frame[cases[i].at] = cases[i].value;
        if (zt_handshakes_has(&handshakes, frame, FRAME) != cases[i].has)
            fail_msg("octet %u as %u: %d is wanted", cases[i].at, cases[i].value, cases[i].has);
    }
    /* Any address of the node (WG-5), any interface's port. */
    fill(frame);
    memcpy(frame + 30, (uint8_t[]){ 10, 254, 0, 1, 0, 0, 0xff, 0xff }, 8);
    assert_true(zt_handshakes_has(&handshakes, frame, FRAME));
    for (uint32_t length = 0; length < FRAME; length++)
        assert_false(zt_handshakes_has(&handshakes, frame, length));
    zt_handshakes_learn(&handshakes, without, sizeof(without) - 1);
    fill(frame);
    assert_false(handshakes.wanted || zt_handshakes_has(&handshakes, frame, FRAME));
    zt_handshakes_free(&handshakes);
}

static void test_so_are_those_over_ipv6(void **state)
{
    static const uint8_t own[] = { 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
    struct zt_handshakes handshakes = { 0 };
    uint8_t frame[66] = { [12] = 0x86, [13] = 0xdd, [14] = 0x60, [19] = 12, [20] = 17,
                          [21] = 64,   [56] = 0xca, [57] = 0x6c, [62] = 2 };

    (void)state;
    memcpy(frame + 38, own, sizeof(own));
    zt_handshakes_learn(&handshakes, program, sizeof(program) - 1);
    assert_true(zt_handshakes_has(&handshakes, frame, sizeof(frame)));
    frame[20] = 0; /* WG-2: the fixed header's next header alone counts */
    assert_false(zt_handshakes_has(&handshakes, frame, sizeof(frame)));
    frame[20] = 17;
    frame[53] = 2;
    assert_false(zt_handshakes_has(&handshakes, frame, sizeof(frame)));
    zt_handshakes_free(&handshakes);
}

static void put(struct zt_handshakes *handshakes, uint32_t from, uint32_t count)
{
    for (uint32_t n = from; n < from + count; n++)
        assert_true(zt_handshakes_put(handshakes, n % 3, (uint8_t *)&n, sizeof(n)));
}

static void test_they_wait_in_order_and_the_newest_go_when_there_is_no_room(void **state)
{
    struct zt_handshakes handshakes = { 0 };
    uint32_t n = 0;

    (void)state;
    zt_handshakes_learn(&handshakes, program, sizeof(program) - 1);
    put(&handshakes, 0, ZT_HANDSHAKES_MAX);
    assert_false(zt_handshakes_put(&handshakes, 0, (uint8_t *)&n, sizeof(n)));
    zt_handshakes_done(&handshakes, 100);
    put(&handshakes, ZT_HANDSHAKES_MAX, 100);
    assert_false(zt_handshakes_put(&handshakes, 0, (uint8_t *)&n, sizeof(n)));
    /* A program that comes between leaves them. */
    zt_handshakes_learn(&handshakes, program, sizeof(program) - 1);
    assert_int_equal(handshakes.count, ZT_HANDSHAKES_MAX);
    for (uint32_t i = 0; i < ZT_HANDSHAKES_MAX; i++) {
        const struct zt_handshake *handshake = zt_handshakes_at(&handshakes, i);

        memcpy(&n, handshake->data, sizeof(n));
        assert_int_equal(n, 100 + i);
        assert_int_equal(handshake->port, n % 3);
        assert_int_equal(handshake->length, sizeof(n));
    }
    zt_handshakes_done(&handshakes, ZT_HANDSHAKES_MAX);
    assert_int_equal(handshakes.count, 0);
    zt_handshakes_free(&handshakes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake_messages_to_the_node_are_told_by_a_look),
        cmocka_unit_test(test_so_are_those_over_ipv6),
        cmocka_unit_test(test_they_wait_in_order_and_the_newest_go_when_there_is_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
