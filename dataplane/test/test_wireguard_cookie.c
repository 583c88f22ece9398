/* SPDX-License-Identifier: Apache-2.0 */
/* §19 WireGuard: load, cookies and credit, WG-8 to WG-11, WG-15, WG-21. */
#include "test/wireguard.h"

/* A's first initiation, with A's and B's limit 3. */
static struct pair start(struct parcel *initiation)
{
    struct pair pair =
        pair_start("\"loadLimit\":100,\"vrf\":1", "\"loadLimit\":3,\"vrf\":1");
    give_flow(pair.a, &a_to_b);
    take_tx(pair.a, 1, initiation);
    return pair;
}

/* An initiation that does not authenticate, but has a right mac1. */
static void spoil(struct pair *pair, const struct parcel *initiation, struct parcel *spoilt)
{
    *spoilt = *initiation;
    message_of(spoilt)[60] ^= 1;
    mac_again(pair->a, spoilt);
}

/* B is under load when this is over. */
static void load_b(struct pair *pair, const struct parcel *initiation)
{
    struct parcel spoilt;
    spoil(pair, initiation, &spoilt);
    for (uint32_t i = 0; i < 3; i++) {
        deliver(pair->b, 1, &spoilt);
        expect_fate(pair->b, WIREGUARD_HANDSHAKE_INVALID);
    }
}

static void wg_8_under_load_in_this_second_or_the_one_before(void **state)
{
    struct parcel initiation, spoilt, reply;
    struct pair pair = start(&initiation);
    (void)state;
    spoil(&pair, &initiation, &spoilt);
    /* What has no right mac1 is not counted. */
    for (uint32_t i = 0; i < 9; i++) {
        struct parcel wrong = initiation;
        message_of(&wrong)[60] ^= 1;
        sum_again(&wrong);
        deliver(pair.b, 1, &wrong);
        expect_fate(pair.b, WIREGUARD_MAC1);
    }
    load_b(&pair, &initiation);
    for (uint32_t i = 0; i < 2; i++) {
        deliver(pair.b, 1, &spoilt);
        expect_fate(pair.b, WIREGUARD_UNDER_LOAD);
        take_tx(pair.b, 1, &reply);
        expect_end(pair.b);
        pass(&pair, SECOND);
    }
    /* The second before had one. */
    deliver(pair.b, 1, &spoilt);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE_INVALID);
    /* Two seconds later what was counted is forgotten. */
    pass(&pair, 2 * SECOND);
    load_b(&pair, &initiation);
    pair_stop(&pair);
}

static void give_cookie(struct pair *pair, const struct parcel *initiation, struct parcel *reply)
{
    load_b(pair, initiation);
    deliver(pair->b, 1, initiation);
    expect_fate(pair->b, WIREGUARD_UNDER_LOAD);
    take_tx(pair->b, 1, reply);
    assert_int_equal(reply->length, 14 + 28 + 64);
    assert_int_equal(reply->data[15], 0x88);
    assert_memory_equal(message_of(reply) + 4, initiation->data + 14 + 28 + 4, 4);
}

/* A's next initiation, with a cookie or without. */
static void next_initiation(struct pair *pair, uint64_t later, bool with,
                            struct parcel *initiation)
{
    static const uint8_t zeros[16];
    pass(pair, later);
    tick(pair->a);
    take_tx(pair->a, 1, initiation);
    if (with)
        assert_memory_not_equal(message_of(initiation) + 132, zeros, 16);
    else
        assert_memory_equal(message_of(initiation) + 132, zeros, 16);
}

static void wg_10_15_21_a_cookie_is_asked_for_and_given(void **state)
{
    struct parcel initiation, reply, out;
    struct pair pair = start(&initiation);
    (void)state;
    give_cookie(&pair, &initiation, &reply);
    out = reply;
    message_of(&out)[40] ^= 1;
    sum_again(&out);
    deliver(pair.a, 1, &out);
    expect_fate(pair.a, WIREGUARD_COOKIE_INVALID);
    out = reply;
    message_of(&out)[4] ^= 1;
    sum_again(&out);
    deliver(pair.a, 1, &out);
    expect_fate(pair.a, WIREGUARD_INDEX_UNKNOWN);
    deliver(pair.a, 1, &reply);
    expect_fate(pair.a, WIREGUARD_COOKIE);
    expect_end(pair.a);
    deliver(pair.a, 1, &reply); /* one cookie for one mac1 */
    expect_fate(pair.a, WIREGUARD_COOKIE_INVALID);
    next_initiation(&pair, 6 * SECOND, true, &initiation);
    load_b(&pair, &initiation);
    out = initiation; /* from another port, a cookie is no one's */
    zt_store_u16(message_of(&out) - 8, 51824);
    sum_again(&out);
    deliver(pair.b, 1, &out);
    expect_fate(pair.b, WIREGUARD_UNDER_LOAD);
    pass_over(pair.b);
    deliver(pair.b, 1, &initiation);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE);
    take_tx(pair.b, 1, &out);
    pair_stop(&pair);
}

static void wg_21_a_cookie_is_used_for_115_seconds(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct parcel initiation, reply, out;
        struct pair pair = start(&initiation);
        give_cookie(&pair, &initiation, &reply);
        deliver(pair.a, 1, &reply);
        expect_fate(pair.a, WIREGUARD_COOKIE);
        next_initiation(&pair, 115 * SECOND - 1 + i, i == 0, &out);
        pair_stop(&pair);
    }
}

static void wg_9_a_secret_lasts_120_seconds(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct parcel initiation, reply, out;
        struct pair pair = start(&initiation);
        give_cookie(&pair, &initiation, &reply);
        deliver(pair.a, 1, &reply);
        expect_fate(pair.a, WIREGUARD_COOKIE);
        next_initiation(&pair, 6 * SECOND, true, &initiation);
        pair.b->now += 114 * SECOND - 1 + i; /* since the secret was drawn 120 s, or not quite */
        load_b(&pair, &initiation);
        deliver(pair.b, 1, &initiation);
        if (i == 0)
            expect_fate(pair.b, WIREGUARD_HANDSHAKE);
        else
            expect_fate(pair.b, WIREGUARD_UNDER_LOAD);
        take_tx(pair.b, 1, &out);
        pair_stop(&pair);
    }
}

static void wg_11_a_source_has_credit_for_five(void **state)
{
    struct parcel initiation, reply, spoilt;
    struct pair pair = start(&initiation);
    (void)state;
    give_cookie(&pair, &initiation, &reply);
    deliver(pair.a, 1, &reply);
    expect_fate(pair.a, WIREGUARD_COOKIE);
    next_initiation(&pair, 6 * SECOND, true, &initiation);
    load_b(&pair, &initiation);
    /* Spoilt, but with the cookie's mac2. */
    spoil(&pair, &initiation, &spoilt);
    zt_wg_mac(pair.a->machines[0]->wireguard->crypto, peer_of(pair.a, 0, 3)->cookie, 16,
              message_of(&spoilt), 132, message_of(&spoilt) + 132);
    sum_again(&spoilt);
    for (uint32_t i = 0; i < 5; i++) {
        deliver(pair.b, 1, &spoilt);
        expect_fate(pair.b, WIREGUARD_HANDSHAKE_INVALID);
    }
    deliver(pair.b, 1, &spoilt);
    expect_fate(pair.b, WIREGUARD_RATE_LIMITED);
    expect_end(pair.b);
    pair.b->now += SECOND / 20 - 1;
    deliver(pair.b, 1, &spoilt);
    expect_fate(pair.b, WIREGUARD_RATE_LIMITED);
    pair.b->now += 1;
    deliver(pair.b, 1, &spoilt);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE_INVALID);
    deliver(pair.b, 1, &spoilt);
    expect_fate(pair.b, WIREGUARD_RATE_LIMITED);
    pair_stop(&pair);
}

static void wg_11_8192_sources_are_kept(void **state)
{
    struct bench *bench = bench_start("wgb", NULL);
    struct zt_machine *machine = bench->machines[0];
    struct zt_wg_device *device = peer_of(bench, 0, 3)->device;
    (void)state;
    machine->now = bench->now;
    zt_ip source = { ZT_IPV4, { 10 } };
    for (uint32_t i = 0; i < 8192; i++) {
        zt_store_u16(source.octets + 2, (uint16_t)i);
        assert_true(zt_wg_has_credit(machine, device, source));
    }
    source.octets[1] = 1;
    assert_false(zt_wg_has_credit(machine, device, source));
    machine->now += SECOND / 20 - 1;
    assert_false(zt_wg_has_credit(machine, device, source));
    machine->now += 1; /* all have full credit */
    for (uint32_t i = 0; i < 5; i++)
        assert_true(zt_wg_has_credit(machine, device, source));
    assert_false(zt_wg_has_credit(machine, device, source));
    assert_int_equal(device->defence.credit_count, 1);
    /* Of IPv6 the first 64 bits count. */
    zt_ip six = { ZT_IPV6, { 0x20, 1 } };
    for (uint32_t i = 0; i < 6; i++) {
        six.octets[15] = (uint8_t)i;
        assert_int_equal(zt_wg_has_credit(machine, device, six), i < 5);
    }
    bench_stop(bench);
}

static void wg_4_under_load_before_the_first_seed(void **state)
{
    struct parcel initiation;
    struct pair pair = start(&initiation);
    (void)state;
    bench_stop(pair.b);
    pair.b = bench_start("wgb", "\"loadLimit\":100,\"vrf\":1", "\"loadLimit\":1,\"vrf\":1", NULL);
    for (uint32_t i = 0; i < 3; i++) {
        deliver(pair.b, 1, &initiation);
        expect_fate(pair.b, WIREGUARD_UNREADY);
        expect_end(pair.b);
    }
    pair_stop(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wg_8_under_load_in_this_second_or_the_one_before),
        cmocka_unit_test(wg_10_15_21_a_cookie_is_asked_for_and_given),
        cmocka_unit_test(wg_21_a_cookie_is_used_for_115_seconds),
        cmocka_unit_test(wg_9_a_secret_lasts_120_seconds),
        cmocka_unit_test(wg_11_a_source_has_credit_for_five),
        cmocka_unit_test(wg_11_8192_sources_are_kept),
        cmocka_unit_test(wg_4_under_load_before_the_first_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
