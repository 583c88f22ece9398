/* SPDX-License-Identifier: Apache-2.0 */
/* §19 WireGuard: fresh keys and timers, WG-27 to WG-31. */
#include "test/wireguard.h"

static void expect_message(struct bench *bench, enum zt_wg_message type, struct parcel *parcel)
{
    take_tx(bench, 1, parcel);
    assert_int_equal(message_of(parcel)[0], type);
}

static void wg_28_a_fresh_key_after_120_seconds_of_the_initiator(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel;
    (void)state;
    shake_hands(&pair);
    pass(&pair, 120 * SECOND - 1);
    give_flow(pair.a, &a_to_b);
    expect_message(pair.a, ZT_WG_DATA, &parcel);
    expect_end(pair.a);
    pass(&pair, 1);
    give_flow(pair.b, &b_to_a); /* who answered does not ask */
    expect_message(pair.b, ZT_WG_DATA, &parcel);
    expect_end(pair.b);
    give_flow(pair.a, &a_to_b);
    expect_message(pair.a, ZT_WG_DATA, &parcel);
    expect_message(pair.a, ZT_WG_INITIATION, &parcel);
    expect_end(pair.a);
    give_flow(pair.a, &a_to_b); /* within 5 s of the last, none */
    expect_message(pair.a, ZT_WG_DATA, &parcel);
    expect_end(pair.a);
    pair_stop(&pair);
}

static void wg_28_a_fresh_key_after_2_60_messages(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel;
    (void)state;
    shake_hands(&pair);
    pass(&pair, 6 * SECOND);
    for (uint32_t i = 0; i < 2; i++)
        peer_of(pair.b, i, 3)->current->sent = (UINT64_C(1) << 60) - 1;
    give_flow(pair.b, &b_to_a);
    expect_message(pair.b, ZT_WG_DATA, &parcel);
    expect_end(pair.b);
    give_flow(pair.b, &b_to_a);
    expect_message(pair.b, ZT_WG_DATA, &parcel);
    expect_message(pair.b, ZT_WG_INITIATION, &parcel);
    pair_stop(&pair);
}

static void wg_28_a_fresh_key_once_when_receiving(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel first, second, parcel;
    (void)state;
    shake_hands(&pair);
    give_flow(pair.b, &b_to_a);
    expect_message(pair.b, ZT_WG_DATA, &first);
    give_flow(pair.b, &b_to_a);
    expect_message(pair.b, ZT_WG_DATA, &second);
    pass(&pair, 165 * SECOND);
    deliver(pair.a, 1, &first);
    expect_message(pair.a, ZT_WG_INITIATION, &parcel);
    take_tx(pair.a, 2, &parcel);
    pass(&pair, 6 * SECOND);
    deliver(pair.a, 1, &second);
    take_tx(pair.a, 2, &parcel);
    expect_end(pair.a);
    pair_stop(&pair);
}

static void wg_30_retransmission_until_nobody_answers(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel;
    uint32_t attempts = 0;
    (void)state;
    give_flow(pair.a, &a_to_b);
    expect_message(pair.a, ZT_WG_INITIATION, &parcel);
    give_flow(pair.a, &a_to_b);
    for (;;) {
        uint64_t due = zt_machine_deadline(pair.a->machines[0]), last = pair.a->now;
        assert_in_range(due - last, 5 * SECOND, 5 * SECOND + SECOND / 3);
        assert_int_equal(due % 1000000, last % 1000000);
        pair.a->now = due - 1;
        tick(pair.a);
        expect_end(pair.a);
        pair.a->now = due;
        tick(pair.a);
        if (attempts == 19)
            break;
        expect_message(pair.a, ZT_WG_INITIATION, &parcel);
        expect_end(pair.a);
        attempts++;
    }
    expect_fate(pair.a, WIREGUARD_UNANSWERED);
    expect_fate(pair.a, WIREGUARD_UNANSWERED);
    expect_end(pair.a);
    /* The handshake stays until it is zeroed. */
    assert_true(peer_of(pair.a, 0, 3)->handshake.used);
    assert_int_equal(zt_machine_deadline(pair.a->machines[0]), pair.a->now + 540 * SECOND);
    pair.a->now += 540 * SECOND;
    tick(pair.a);
    assert_false(peer_of(pair.a, 0, 3)->handshake.used);
    assert_int_equal(zt_machine_deadline(pair.a->machines[0]), UINT64_MAX);
    pair_stop(&pair);
}

static void wg_29_30_keepalive_after_data(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel;
    (void)state;
    shake_hands(&pair); /* B received data and sent none */
    pass(&pair, 10 * SECOND - 1);
    tick(pair.b);
    expect_end(pair.b);
    pass(&pair, 1);
    tick(pair.b);
    expect_message(pair.b, ZT_WG_DATA, &parcel);
    assert_int_equal(parcel.length, 14 + 28 + 32);
    assert_int_equal(parcel.data[15], 0);
    expect_end(pair.b);
    deliver(pair.a, 1, &parcel);
    expect_fate(pair.a, WIREGUARD_KEEPALIVE);
    expect_end(pair.a);
    /* A heard something within 15 s of what it sent: no new handshake. */
    pass(&pair, 6 * SECOND);
    tick(pair.a);
    expect_end(pair.a);
    /* Data while one is due: another 10 s later. */
    pass_through(pair.a, pair.b, &a_to_b);
    pass_through(pair.a, pair.b, &a_to_b);
    pass(&pair, 10 * SECOND);
    tick(pair.b);
    expect_message(pair.b, ZT_WG_DATA, &parcel);
    pass(&pair, 10 * SECOND);
    tick(pair.b);
    expect_message(pair.b, ZT_WG_DATA, &parcel);
    pass(&pair, 20 * SECOND);
    tick(pair.b);
    expect_end(pair.b);
    pair_stop(&pair);
}

static void wg_29_30_new_handshake_without_an_answer(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel;
    (void)state;
    shake_hands(&pair);
    uint64_t start = pair.a->now, due = zt_machine_deadline(pair.a->machines[0]);
    pair.a->now =
        due; /* a timer that was cleared since: the deadline is a lower bound until a clock finds nothing */
    tick(pair.a);
    expect_end(pair.a);
    due = zt_machine_deadline(pair.a->machines[0]);
    assert_in_range(due - start, 15 * SECOND, 15 * SECOND + SECOND / 3);
    pair.a->now = due;
    tick(pair.a);
    expect_message(pair.a, ZT_WG_INITIATION, &parcel);
    assert_int_equal(peer_of(pair.a, 0, 3)->endpoint.own.family, 0);
    pair_stop(&pair);
}

static void wg_30_zeroing_540_seconds_after_a_session(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel, out;
    (void)state;
    shake_hands(&pair);
    give_flow(pair.a, &a_to_b);
    expect_message(pair.a, ZT_WG_DATA, &parcel);
    pass(&pair, 10 * SECOND);
    tick(pair.b);
    expect_message(pair.b, ZT_WG_DATA, &out);
    pass(&pair, 530 * SECOND - 1);
    tick(pair.b);
    expect_end(pair.b);
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, WIREGUARD_KEY_EXPIRED);
    pass(&pair, 1);
    tick(pair.b);
    expect_end(pair.b);
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, WIREGUARD_INDEX_UNKNOWN);
    give_flow(pair.b, &b_to_a);
    expect_message(pair.b, ZT_WG_INITIATION, &out);
    pair_stop(&pair);
}

#define WITH_PERSISTENT "\"persistentKeepalive\":25,\"endpoint\":{\"address\":\"192"

static void wg_30_31_persistent_keepalive(void **state)
{
    struct pair pair = pair_start("\"endpoint\":{\"address\":\"192", WITH_PERSISTENT);
    struct parcel parcel;
    (void)state;
    assert_int_equal(zt_machine_deadline(pair.a->machines[0]), pair.a->now);
    tick(pair.a);
    expect_message(pair.a, ZT_WG_INITIATION, &parcel);
    expect_end(pair.a);
    assert_int_equal(peer_of(pair.a, 0, 3)->held_count, 1);
    tick(pair.a);
    expect_end(pair.a);
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE);
    expect_message(pair.b, ZT_WG_RESPONSE, &parcel);
    deliver(pair.a, 1, &parcel);
    expect_fate(pair.a, WIREGUARD_HANDSHAKE);
    expect_message(pair.a, ZT_WG_DATA, &parcel); /* the one that was held, and no other */
    expect_end(pair.a);
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, WIREGUARD_KEEPALIVE);
    for (uint32_t i = 0; i < 3; i++) {
        pass(&pair, 25 * SECOND - 1);
        tick(pair.a);
        expect_end(pair.a);
        pass(&pair, 1);
        tick(pair.a);
        expect_message(pair.a, ZT_WG_DATA, &parcel);
        expect_end(pair.a);
    }
    pair_stop(&pair);
}

static void wg_4_30_a_timer_waits_for_the_first_seed(void **state)
{
    struct bench *bench =
        bench_start("wga", "\"endpoint\":{\"address\":\"192", WITH_PERSISTENT, NULL);
    struct parcel parcel;
    (void)state;
    tick(bench);
    expect_end(bench);
    seed(bench, WALL, 9);
    tick(bench);
    expect_message(bench, ZT_WG_INITIATION, &parcel);
    bench_stop(bench);
}

static void wg_27_the_timestamp_is_tai64n(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel;
    static const uint8_t wanted[] = { 0x40, 0, 0, 0, 0x65, 0x53, 0xf1, 0x0a, 0x07, 0, 0, 0 };
    (void)state;
    give_flow(pair.a, &a_to_b); /* 1700000000.123456789: 0x75bcd15 ns */
    expect_message(pair.a, ZT_WG_INITIATION, &parcel);
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE);
    expect_message(pair.b, ZT_WG_RESPONSE, &parcel);
    assert_memory_equal(peer_of(pair.b, 0, 3)->timestamp, wanted, sizeof wanted);
    pair_stop(&pair);
}

static void wg_13_an_own_handshake_goes_on_when_one_is_answered(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel of_a, of_b, response, parcel;
    (void)state;
    give_flow(pair.a, &a_to_b);
    expect_message(pair.a, ZT_WG_INITIATION, &of_a);
    give_flow(pair.b, &b_to_a);
    expect_message(pair.b, ZT_WG_INITIATION, &of_b);
    deliver(pair.b, 1, &of_a);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE);
    expect_message(pair.b, ZT_WG_RESPONSE, &response);
    deliver(pair.a, 1, &of_b);
    expect_fate(pair.a, WIREGUARD_HANDSHAKE);
    expect_message(pair.a, ZT_WG_RESPONSE, &parcel);
    deliver(pair.a, 1, &response);
    expect_fate(pair.a, WIREGUARD_HANDSHAKE);
    expect_message(pair.a, ZT_WG_DATA, &parcel);
    pair_stop(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wg_28_a_fresh_key_after_120_seconds_of_the_initiator),
        cmocka_unit_test(wg_28_a_fresh_key_after_2_60_messages),
        cmocka_unit_test(wg_28_a_fresh_key_once_when_receiving),
        cmocka_unit_test(wg_30_retransmission_until_nobody_answers),
        cmocka_unit_test(wg_29_30_keepalive_after_data),
        cmocka_unit_test(wg_29_30_new_handshake_without_an_answer),
        cmocka_unit_test(wg_30_zeroing_540_seconds_after_a_session),
        cmocka_unit_test(wg_30_31_persistent_keepalive),
        cmocka_unit_test(wg_4_30_a_timer_waits_for_the_first_seed),
        cmocka_unit_test(wg_27_the_timestamp_is_tai64n),
        cmocka_unit_test(wg_13_an_own_handshake_goes_on_when_one_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
