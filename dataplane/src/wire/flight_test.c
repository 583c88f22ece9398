/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on a wire: order, delay, impairments by number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/wire/config.h"
#include "src/wire/flight.h"

#define MILLION ZT_WIRE_MILLION

static void take(struct zt_flight *flight, const struct zt_impairment *impairment, uint64_t at,
                 uint8_t mark)
{
    const uint8_t frame[] = { mark, 0, 0, 0 };

    zt_flight_take(flight, impairment, at, frame, sizeof(frame));
}

/* The mark of the frame that is due, -1 for none. */
static int let_out(struct zt_flight *flight, uint64_t now)
{
    const struct zt_flying *flying = zt_flight_due(flight, now);
    int mark = flying ? flying->data[0] : -1;

    if (flying)
        zt_flight_done(flight);
    return mark;
}

static void test_frames_come_out_in_order_when_they_are_due_and_not_before(void **state)
{
    const struct zt_impairment impairment = { .delay = 1000 };
    struct zt_flight flight;

    (void)state;
    zt_flight_init(&flight, 0, 4);
    assert_true(zt_flight_next(&flight) == UINT64_MAX);
    for (uint8_t round = 0; round < 3; round++) {
        uint64_t base = 100000u * round;

        for (uint8_t n = 0; n < 3; n++)
            take(&flight, &impairment, base + n * 10u, n);
        assert_true(zt_flight_next(&flight) == base + 1000);
        assert_int_equal(let_out(&flight, base + 999), -1);
        assert_int_equal(let_out(&flight, base + 1000), 0);
        assert_int_equal(let_out(&flight, base + 1000), -1);
        assert_int_equal(let_out(&flight, base + 5000), 1);
        assert_int_equal(let_out(&flight, base + 5000), 2);
        assert_int_equal(let_out(&flight, base + 5000), -1);
    }
    zt_flight_free(&flight);
}

static void test_a_shorter_delay_does_not_let_frames_pass_each_other(void **state)
{
    struct zt_impairment impairment = { .delay = 1000 };
    struct zt_flight flight;

    (void)state;
    zt_flight_init(&flight, 0, 4);
    take(&flight, &impairment, 0, 1);
    impairment.delay = 10;
    take(&flight, &impairment, 1, 2);
    assert_int_equal(let_out(&flight, 999), -1);
    assert_int_equal(let_out(&flight, 1000), 1);
    assert_int_equal(let_out(&flight, 1000), 2);
    zt_flight_free(&flight);
}

static void test_more_than_there_is_room_for_is_counted_and_what_is_cut_too(void **state)
{
    const struct zt_impairment impairment = { .delay = 1000 };
    struct zt_flight flight;

    (void)state;
    zt_flight_init(&flight, 0, 2);
    for (uint8_t n = 0; n < 5; n++)
        take(&flight, &impairment, 0, n);
    assert_int_equal(flight.counters.overrun, 3);
    assert_int_equal(let_out(&flight, 1000), 0);
    zt_flight_cut(&flight);
    assert_int_equal(flight.counters.cut, 1);
    assert_int_equal(let_out(&flight, UINT64_MAX - 1), -1);
    zt_flight_free(&flight);
}

static void test_a_frame_that_is_reordered_is_passed_by_the_next_alone(void **state)
{
    /* Every frame that may is passed: 1 before 0, 3 before 2. */
    const struct zt_impairment impairment = { .delay = 1000, .reorder = MILLION };
    struct zt_flight flight;

    (void)state;
    zt_flight_init(&flight, 0, 8);
    for (uint8_t n = 0; n < 4; n++)
        take(&flight, &impairment, n * 100u, n);
    assert_int_equal(let_out(&flight, 1000), -1);
    assert_int_equal(let_out(&flight, 1100), 1);
    assert_int_equal(let_out(&flight, 1100), 0);
    assert_int_equal(let_out(&flight, 1299), -1);
    assert_int_equal(let_out(&flight, 1300), 3);
    assert_int_equal(let_out(&flight, 1300), 2);
    assert_int_equal(flight.counters.reordered, 2);
    /* One that nobody passes waits, but not for ever; and it holds up nobody afterwards. */
    take(&flight, &impairment, 10000, 4);
    assert_int_equal(let_out(&flight, 11000), -1);
    assert_int_equal(let_out(&flight, 11000 + ZT_FLIGHT_PATIENCE), 4);
    assert_int_equal(flight.counters.reordered, 2);
    zt_flight_free(&flight);
}

static void test_shares_are_kept_and_the_same_seed_does_the_same(void **state)
{
    const struct zt_impairment impairment = { .loss = 100000, .corrupt = 300000, .seed = 5 };
    struct zt_flight flights[3];

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        zt_flight_init(&flights[i], i == 2, 16);
    for (uint32_t n = 0; n < 20000; n++) {
        const struct zt_flying *a, *b;

        for (uint32_t i = 0; i < 3; i++)
            take(&flights[i], &impairment, n, 0);
        a = zt_flight_due(&flights[0], n);
        b = zt_flight_due(&flights[1], n);
        assert_true((a == NULL) == (b == NULL));
        if (a)
            assert_memory_equal(a->data, b->data, 4);
        for (uint32_t i = 0; i < 3; i++)
            let_out(&flights[i], n);
    }
    assert_in_range(flights[0].counters.lost, 1900, 2100);
    assert_in_range(flights[0].counters.corrupted, 5200, 5600);
    /* The other direction has other luck. */
    assert_true(flights[2].counters.lost != flights[0].counters.lost ||
                flights[2].counters.corrupted != flights[0].counters.corrupted);
    for (uint32_t i = 0; i < 3; i++)
        zt_flight_free(&flights[i]);
}

static bool parse(const char *text)
{
    struct zt_wire_config config;
    struct zt_error error;
    bool good = zt_wire_config_parse(&config, text, strlen(text), &error);

    zt_wire_config_free(&config);
    return good;
}

#define CONFIG(links) "{\"format\":\"ztos-wire\",\"version\":1,\"links\":[" links "]}"

static void test_configurations_are_checked(void **state)
{
    (void)state;
    assert_true(parse(CONFIG("")));
    assert_true(
        parse(CONFIG("{\"id\":\"l\",\"a\":\"x\",\"b\":\"y\",\"delay\":5,\"seed\":4294967295}")));
    assert_false(parse(CONFIG("{\"id\":\"l\",\"a\":\"x\",\"b\":\"y\",\"delay\":-1}")));
    assert_false(parse(CONFIG("{\"id\":\"l\",\"a\":\"x\",\"b\":\"y\",\"loss\":1000001}")));
    assert_false(parse(CONFIG("{\"id\":\"l\",\"a\":\"x\",\"b\":\"x\"}")));
    assert_false(parse(CONFIG("{\"id\":\"l\",\"a\":\"x\"}")));
    assert_false(
        parse(CONFIG("{\"id\":\"l\",\"a\":\"a-name-too-long-for-a-device\",\"b\":\"y\"}")));
    assert_false(parse(
        CONFIG("{\"id\":\"l\",\"a\":\"x\",\"b\":\"y\"},{\"id\":\"l\",\"a\":\"z\",\"b\":\"w\"}")));
    assert_false(parse("{\"format\":\"ztos-probe\",\"version\":1,\"links\":[]}"));
    assert_false(parse("[]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_come_out_in_order_when_they_are_due_and_not_before),
        cmocka_unit_test(test_a_shorter_delay_does_not_let_frames_pass_each_other),
        cmocka_unit_test(test_more_than_there_is_room_for_is_counted_and_what_is_cut_too),
        cmocka_unit_test(test_a_frame_that_is_reordered_is_passed_by_the_next_alone),
        cmocka_unit_test(test_shares_are_kept_and_the_same_seed_does_the_same),
        cmocka_unit_test(test_configurations_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
