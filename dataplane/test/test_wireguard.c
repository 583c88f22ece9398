/* SPDX-License-Identifier: Apache-2.0 */
/* §19 WireGuard over the underlay: handshakes, data, and how each fails. */
#include "test/wireguard.h"

static void wg_12_14_17_a_handshake_and_data_both_ways(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    (void)state;
    shake_hands(&pair);
    for (uint32_t i = 0; i < 20; i++) {
        pass_through(pair.b, pair.a, &b_to_a);
        pass_through(pair.a, pair.b, &a_to_b);
        pass_through(pair.a, pair.b, &a_to_b_6);
    }
    /* Of three flows all but the first packet; that of one was held for the handshake. */
    assert_int_equal(cache_hits(pair.a), 3 * 19 + 1);
    assert_int_equal(cache_hits(pair.b), 3 * 19 + 1);
    pair_stop(&pair);
}

#define PEER_B "\"3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=\""
#define TO_B_6 \
    "{\"id\":1,\"op\":\"apply\",\"changes\":[{\"table\":\"peer\",\"interface\":3," \
    "\"publicKey\":" PEER_B ",\"to\":{\"endpoint\":{\"address\":\"2001:db8:f::2\"," \
    "\"port\":51823},\"allowedIps\":[\"10.2.0.0/16\"]}}]}"

static void wg_23_over_ipv6(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel;
    (void)state;
    control(pair.a, TO_B_6);
    shake_hands(&pair);
    pass_through(pair.b, pair.a, &b_to_a);
    give_flow(pair.a, &a_to_b);
    take_tx(pair.a, 1, &parcel);
    const uint8_t *ip = parcel.data + ZT_ETH_HEADER;
    assert_int_equal(zt_load_u32(ip), 0x60000000);
    assert_int_equal(ip[7], 64);
    assert_true(zt_udp_checksum_is_right(ip, ZT_IPV6, ip + 40, parcel.length - 54));
    /* Zero is no checksum there. */
    zt_store_u16(parcel.data + 14 + 40 + 6, 0);
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, UDP_CHECKSUM);
    pair_stop(&pair);
}

static void wg_23_outer_headers(void **state)
{
    struct pair pair = pair_start("\"df\":false,\"loadLimit\":100,\"vrf\":1",
                                  "\"df\":true,\"loadLimit\":100,\"vrf\":1");
    struct flow marked = a_to_b;
    struct parcel parcel;
    (void)state;
    give_flow(pair.a, &a_to_b);
    take_tx(pair.a, 1, &parcel);
    const uint8_t *ip = parcel.data + ZT_ETH_HEADER;
    assert_int_equal(parcel.length, 14 + 20 + 8 + 148);
    assert_int_equal(ip[1], 0x88);
    assert_int_equal(zt_load_u16(ip + 4), 0);
    assert_int_equal(zt_load_u16(ip + 6), 0x4000);
    assert_int_equal(ip[8], 64);
    assert_int_equal(zt_load_u16(ip + 20), 51823);
    assert_int_equal(zt_load_u16(ip + 22), 51823);
    pair_stop(&pair);

    pair = pair_start(NULL, NULL);
    shake_hands(&pair);
    marked.tos = 0xb9; /* EF, ECT(1) */
    give_flow(pair.a, &marked);
    take_tx(pair.a, 1, &parcel);
    assert_int_equal(parcel.data[15], ZT_ECN_ECT1);
    pair_stop(&pair);
}

/* A packet that A seals, as it comes to B. */
static void sealed_to_b(struct pair *pair, struct parcel *parcel)
{
    give_flow(pair->a, &a_to_b);
    take_tx(pair->a, 1, parcel);
}

static void wg_5_6_what_is_no_message(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel good, parcel;
    (void)state;
    shake_hands(&pair);
    sealed_to_b(&pair, &good);
    parcel = good;
    zt_store_u16(message_of(&parcel) - 4, 7);
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, UDP_LENGTH);
    parcel = good;
    zt_store_u16(message_of(&parcel) - 4, (uint16_t)(good.length - 33));
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, UDP_LENGTH);
    parcel = good;
    parcel.data[good.length - 1] ^= 1;
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, UDP_CHECKSUM);
    for (uint32_t type = 0; type < 256; type++) {
        parcel = good;
        message_of(&parcel)[0] = (uint8_t)type;
        sum_again(&parcel);
        if (type == 4)
            continue;
        deliver(pair.b, 1, &parcel);
        expect_fate(pair.b, WIREGUARD_MALFORMED);
    }
    parcel = good;
    message_of(&parcel)[2] = 1;
    sum_again(&parcel);
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, WIREGUARD_MALFORMED);
    parcel = good;
    zt_store_u16(message_of(&parcel) - 4, 8 + 31);
    zt_store_u16(message_of(&parcel) - 2, 0);
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, WIREGUARD_MALFORMED);
    /* Another port is nobody's here: the kernel's. */
    parcel = good;
    zt_store_u16(message_of(&parcel) - 6, 51824);
    deliver(pair.b, 1, &parcel);
    take_punt(pair.b, 1, &parcel);
    deliver(pair.b, 1, &good);
    take_tx(pair.b, 2, &parcel);
    pair_stop(&pair);
}

static void wg_7_12_initiations_that_do_not_authenticate(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel good, parcel;
    (void)state;
    sealed_to_b(&pair, &good);
    parcel = good;
    message_of(&parcel)[4] ^= 1;
    sum_again(&parcel);
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, WIREGUARD_MAC1);
    expect_end(pair.b);
    /* Each field behind a right mac1: ephemeral key, static key, timestamp. */
    static const uint32_t places[] = { 8, 40, 88 };
    for (uint32_t i = 0; i < 3; i++) {
        parcel = good;
        message_of(&parcel)[places[i]] ^= 1;
        mac_again(pair.a, &parcel);
        deliver(pair.b, 1, &parcel);
        expect_fate(pair.b, WIREGUARD_HANDSHAKE_INVALID);
        expect_end(pair.b);
    }
    deliver(pair.b, 1, &good);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE);
    take_tx(pair.b, 1, &parcel);
    pair_stop(&pair);
}

static void wg_12_an_initiation_counts_once(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel first, second, parcel;
    (void)state;
    sealed_to_b(&pair, &first);
    pass(&pair, 6 * SECOND);
    clock_of(pair.a);
    take_tx(pair.a, 1, &second);
    deliver(pair.b, 1, &first);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE);
    take_tx(pair.b, 1, &parcel);
    deliver(pair.b, 1, &first);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE_REPLAY);
    /* A newer one within 20 ms of the last. */
    pair.b->now += SECOND / 50 - 1;
    deliver(pair.b, 1, &second);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE_REPLAY);
    pair.b->now += 1;
    deliver(pair.b, 1, &second);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE);
    take_tx(pair.b, 1, &parcel);
    pass(&pair, SECOND);
    deliver(pair.b, 1, &first);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE_REPLAY);
    pair_stop(&pair);
}

static void wg_14_responses(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel initiation, good, parcel;
    (void)state;
    sealed_to_b(&pair, &initiation);
    deliver(pair.b, 1, &initiation);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE);
    take_tx(pair.b, 1, &good);
    parcel = good;
    message_of(&parcel)[8] ^= 1;
    mac_again(pair.b, &parcel);
    deliver(pair.a, 1, &parcel);
    expect_fate(pair.a, WIREGUARD_INDEX_UNKNOWN);
    parcel = good;
    message_of(&parcel)[44] ^= 1;
    mac_again(pair.b, &parcel);
    deliver(pair.a, 1, &parcel);
    expect_fate(pair.a, WIREGUARD_HANDSHAKE_INVALID);
    expect_end(pair.a);
    /* The handshake is as it was. */
    deliver(pair.a, 1, &good);
    expect_fate(pair.a, WIREGUARD_HANDSHAKE);
    take_tx(pair.a, 1, &parcel);
    expect_end(pair.a);
    /* And over now: its index is a session's. */
    deliver(pair.a, 1, &good);
    expect_fate(pair.a, WIREGUARD_INDEX_UNKNOWN);
    pair_stop(&pair);
}

static void wg_13_a_pre_shared_key_is_of_both_or_of_none(void **state)
{
    struct pair pair =
        pair_start("\"endpoint\":{\"address\":\"192", "\"presharedKey\":\"lab:test/wg/psk\","
                                                      "\"endpoint\":{\"address\":\"192");
    struct parcel parcel;
    (void)state;
    shake_hands(&pair);
    pass_through(pair.b, pair.a, &b_to_a);
    pair_stop(&pair);

    pair = pair_start(NULL, NULL);
    bench_stop(pair.b);
    pair.b =
        bench_start("wgb", "\"endpoint\":{\"address\":\"192",
                    "\"presharedKey\":\"lab:test/wg/psk2\",\"endpoint\":{\"address\":\"192", NULL);
    seed(pair.b, WALL, 1);
    sealed_to_b(&pair, &parcel);
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE);
    take_tx(pair.b, 1, &parcel);
    deliver(pair.a, 1, &parcel);
    expect_fate(pair.a, WIREGUARD_HANDSHAKE_INVALID);
    pair_stop(&pair);
}

static void wg_4_before_the_first_seed(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel;
    (void)state;
    sealed_to_b(&pair, &parcel);
    bench_stop(pair.b);
    pair.b = bench_start("wgb", NULL);
    assert_true(zt_machine_wants_seed(pair.b->machines[0]));
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, WIREGUARD_UNREADY);
    expect_end(pair.b);
    give_flow(pair.b, &b_to_a);
    expect_fate(pair.b, WIREGUARD_UNREADY);
    expect_end(pair.b);
    assert_int_equal(zt_machine_deadline(pair.b->machines[0]), UINT64_MAX);
    seed(pair.b, WALL, 2);
    assert_false(zt_machine_wants_seed(pair.b->machines[0]));
    give_flow(pair.b, &b_to_a);
    take_tx(pair.b, 1, &parcel); /* nothing was held before */
    expect_end(pair.b);
    assert_true(zt_machine_wants_seed(pair.b->machines[0]));
    assert_int_equal(peer_of(pair.b, 0, 3)->held_count, 1);
    pair_stop(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wg_12_14_17_a_handshake_and_data_both_ways),
        cmocka_unit_test(wg_23_over_ipv6),
        cmocka_unit_test(wg_23_outer_headers),
        cmocka_unit_test(wg_5_6_what_is_no_message),
        cmocka_unit_test(wg_7_12_initiations_that_do_not_authenticate),
        cmocka_unit_test(wg_12_an_initiation_counts_once),
        cmocka_unit_test(wg_14_responses),
        cmocka_unit_test(wg_13_a_pre_shared_key_is_of_both_or_of_none),
        cmocka_unit_test(wg_4_before_the_first_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
