/* SPDX-License-Identifier: Apache-2.0 */
/* §19 WireGuard: data messages, sessions, what is held. */
#include "test/wireguard.h"

/* A forged message comes to B. */
static void give_forged(struct pair *pair, const struct forgery *forgery)
{
    struct parcel parcel;
    forge(pair, forgery, &parcel);
    deliver(pair->b, 1, &parcel);
}

/* A packet from a host behind A, as a text. */
static void make_text(const char *source, uint8_t tos, uint32_t octets, struct parcel *parcel)
{
    make_frame(&(struct flow){ "020000000102", source, "10.2.0.9", tos, octets }, parcel);
    memmove(parcel->data, parcel->data + ZT_ETH_HEADER, parcel->length - ZT_ETH_HEADER);
    parcel->length -= ZT_ETH_HEADER;
}

static void wg_16_counters_and_the_window(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel text, out;
    static const struct {
        uint64_t counter;
        bool good;
    } steps[] = {
        { 1, true },      { 1, false },     { 3, true },     { 2, true },      { 2, false },
        { 8130, true },   { 3, false },     { 4, true },     { 63, true },     { 64, true },
        { 64, false },    { 8194, true },   { 65, false },   { 66, true },     { 67, true },
        { 100000, true }, { 91871, false }, { 91872, true }, { 91872, false }, { 99999, true },
        { 100001, true }, { 91872, false }, { 91873, true }, { 0, false },
    };
    (void)state;
    shake_hands(&pair);
    make_text("10.1.0.9", 0, 20, &text);
    for (uint32_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        give_forged(&pair, &(struct forgery){ steps[i].counter, text.data, text.length, 0 });
        if (steps[i].good)
            take_tx(pair.b, 2, &out);
        else
            expect_fate(pair.b, WIREGUARD_REPLAY);
        expect_end(pair.b);
    }
    give_forged(&pair, &(struct forgery){ UINT64_MAX - 8192, text.data, text.length, 0 });
    expect_fate(pair.b, WIREGUARD_REPLAY);
    give_forged(&pair, &(struct forgery){ UINT64_MAX - 8193, text.data, text.length, 0 });
    take_tx(pair.b, 2, &out);
    pair_stop(&pair);
}

static void wg_16_a_text_that_does_not_open(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel good, parcel;
    (void)state;
    shake_hands(&pair);
    give_flow(pair.a, &a_to_b);
    take_tx(pair.a, 1, &good);
    uint32_t length = (uint32_t)(good.data + good.length - message_of(&good));
    for (uint32_t i = 8; i < length; i += i < 24 ? 1 : 7) {
        parcel = good;
        message_of(&parcel)[i] ^= 0x10;
        sum_again(&parcel);
        deliver(pair.b, 1, &parcel);
        expect_fate(pair.b, WIREGUARD_AUTH);
    }
    parcel = good;
    message_of(&parcel)[4] ^= 1;
    sum_again(&parcel);
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, WIREGUARD_INDEX_UNKNOWN);
    deliver(pair.b, 1, &good);
    take_tx(pair.b, 2, &parcel);
    deliver(pair.b, 1, &good);
    expect_fate(pair.b, WIREGUARD_REPLAY);
    pair_stop(&pair);
}

static void wg_16_26_a_key_of_180_seconds(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel first, second, parcel;
    (void)state;
    shake_hands(&pair);
    give_flow(pair.b, &b_to_a); /* B answered: it asks for no fresh key */
    take_tx(pair.b, 1, &first);
    give_flow(pair.b, &b_to_a);
    take_tx(pair.b, 1, &second);
    pass(&pair, 180 * SECOND - 1);
    deliver(pair.a, 1, &first);
    take_tx(pair.a, 1, &parcel); /* 165 s: A does, before it goes on */
    take_tx(pair.a, 2, &parcel);
    pass(&pair, 1);
    deliver(pair.a, 1, &second);
    expect_fate(pair.a, WIREGUARD_KEY_EXPIRED);
    expect_end(pair.a);
    give_flow(pair.b, &b_to_a);
    take_tx(pair.b, 1, &parcel);
    assert_int_equal(message_of(&parcel)[0], ZT_WG_INITIATION);
    expect_end(pair.b);
    pair_stop(&pair);
}

static void wg_17_inner_packets(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel text, out;
    uint64_t counter = 100;
    (void)state;
    shake_hands(&pair);
    make_text("10.1.0.9", 0, 20, &text);
    text.data[0] = 0x55;
    give_forged(&pair, &(struct forgery){ counter++, text.data, text.length, 0 });
    expect_fate(pair.b, WIREGUARD_INNER_INVALID);
    text.data[0] = 0x45;
    give_forged(&pair, &(struct forgery){ counter++, text.data, text.length - 1, 0 });
    expect_fate(pair.b, WIREGUARD_INNER_INVALID);
    give_forged(&pair, &(struct forgery){ counter++, text.data, 1, 0 });
    expect_fate(pair.b, WIREGUARD_INNER_INVALID);
    /* Zeros behind the packet are cut off; a wrong header checksum is seen where it is received. */
    memset(text.data + text.length, 0, 16);
    give_forged(&pair, &(struct forgery){ counter++, text.data, text.length + 16, 0 });
    take_tx(pair.b, 2, &out);
    assert_int_equal(out.length, ZT_ETH_HEADER + text.length);
    text.data[10] ^= 1;
    give_forged(&pair, &(struct forgery){ counter++, text.data, text.length, 0 });
    expect_fate(pair.b, IPV4_CHECKSUM);
    /* AllowedIPs, the other way. */
    make_text("10.2.0.77", 0, 20, &text);
    give_forged(&pair, &(struct forgery){ counter++, text.data, text.length, 0 });
    expect_fate(pair.b, WIREGUARD_SOURCE_NOT_ALLOWED);
    make_text("10.3.0.1", 0, 20, &text);
    give_forged(&pair, &(struct forgery){ counter++, text.data, text.length, 0 });
    expect_fate(pair.b, WIREGUARD_SOURCE_NOT_ALLOWED);
    make_text("10.9.0.1", 0, 20, &text);
    give_forged(&pair, &(struct forgery){ counter++, text.data, text.length, 0 });
    take_tx(pair.b, 2, &out);
    make_text("10.1.0.9", 0, 1420 - 28, &text);
    give_forged(&pair, &(struct forgery){ counter++, text.data, text.length, 0 });
    take_tx(pair.b, 2, &out);
    make_text("10.1.0.9", 0, 1420 - 27, &text);
    give_forged(&pair, &(struct forgery){ counter++, text.data, text.length, 0 });
    expect_fate(pair.b, FRAME_OVERSIZE);
    pair_stop(&pair);
}

static void wg_17_ecn(void **state)
{
    static const struct {
        uint8_t outer, inner, becomes;
    } cases[] = { { 3, 1, 3 }, { 3, 2, 3 }, { 3, 3, 3 }, { 3, 0, 0 }, { 1, 2, 2 }, { 0, 3, 3 } };
    struct pair pair = pair_start(NULL, NULL);
    struct parcel text, out;
    (void)state;
    shake_hands(&pair);
    for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_text("10.1.0.9", (uint8_t)(0xb8 | cases[i].inner), 20, &text);
        give_forged(&pair, &(struct forgery){ 50 + i, text.data, text.length, cases[i].outer });
        take_tx(pair.b, 2, &out);
        assert_int_equal(out.data[15], 0xb8 | cases[i].becomes);
        struct zt_ip_packet ip = { ZT_IPV4, 20, text.length };
        assert_true(zt_ipv4_checksum_is_right(out.data + ZT_ETH_HEADER, &ip));
    }
    pair_stop(&pair);
}

static void wg_26_texts_are_padded(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel out;
    (void)state;
    shake_hands(&pair);
    for (uint32_t octets = 0; octets < 1393; octets += 29) {
        struct flow flow = a_to_b;
        flow.octets = octets;
        uint32_t text = (28 + octets + 15) / 16 * 16;
        give_flow(pair.a, &flow);
        take_tx(pair.a, 1, &out);
        assert_int_equal(out.length, 14 + 28 + 32 + (text > 1420 ? 1420 : text));
    }
    struct flow longest = a_to_b;
    longest.octets = 1420 - 28;
    give_flow(pair.a, &longest);
    take_tx(pair.a, 1, &out);
    assert_int_equal(out.length, 14 + 28 + 32 + 1420);
    longest.octets++;
    give_flow(pair.a, &longest);
    expect_fate(pair.a, FRAGMENTATION_UNSUPPORTED);
    pair_stop(&pair);
}

static void wg_26_each_counter_is_used_once(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel out;
    (void)state;
    shake_hands(&pair);
    for (uint64_t counter = 1; counter < 5; counter++) {
        give_flow(pair.a, &a_to_b);
        take_tx(pair.a, 1, &out);
        assert_int_equal(zt_wg_load64(message_of(&out) + 8), counter);
    }
    for (uint32_t i = 0; i < 2; i++)
        peer_of(pair.a, i, 3)->current->sent = UINT64_MAX - 8193;
    give_flow(pair.a, &a_to_b);
    take_tx(pair.a, 1, &out); /* the last; 5 s have not passed since the handshake */
    expect_end(pair.a);
    give_flow(pair.a, &a_to_b);
    expect_end(pair.a);
    assert_int_equal(peer_of(pair.a, 0, 3)->held_count, 1);
    pass(&pair, 5 * SECOND);
    give_flow(pair.a, &a_to_b);
    take_tx(pair.a, 1, &out);
    assert_int_equal(message_of(&out)[0], ZT_WG_INITIATION);
    pair_stop(&pair);
}

static void wg_25_the_oldest_of_129_goes(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel initiation, response, out;
    (void)state;
    give_flow(pair.a, &a_to_b);
    take_tx(pair.a, 1, &initiation);
    for (uint32_t i = 1; i < 129; i++) {
        struct flow flow = a_to_b;
        flow.octets = i;
        give_flow(pair.a, &flow);
        if (i == 128)
            expect_fate(pair.a, WIREGUARD_QUEUE);
        expect_end(pair.a);
    }
    deliver(pair.b, 1, &initiation);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE);
    take_tx(pair.b, 1, &response);
    deliver(pair.a, 1, &response);
    expect_fate(pair.a, WIREGUARD_HANDSHAKE);
    for (uint32_t i = 1; i < 129; i++) { /* in order */
        take_tx(pair.a, 1, &out);
        assert_int_equal(out.length, 14 + 28 + 32 + (28 + i + 15) / 16 * 16);
    }
    expect_end(pair.a);
    pair_stop(&pair);
}

static void wg_18_sessions_and_their_indexes(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel old, parcel;
    (void)state;
    shake_hands(&pair);
    give_flow(pair.b, &b_to_a);
    take_tx(pair.b, 1, &old);
    struct zt_wg_peer *a = peer_of(pair.a, 0, 3), *b = peer_of(pair.b, 0, 3);
    assert_non_null(a->current);
    assert_null(a->next);
    assert_non_null(b->current);
    assert_null(b->previous);
    for (uint32_t round = 0; round < 2; round++) {
        pass(&pair, 120 * SECOND);
        give_flow(pair.a, &a_to_b); /* by the session there is, and an initiation for the next */
        if (round == 0) {
            take_tx(pair.a, 1, &parcel);
            assert_int_equal(message_of(&parcel)[0], ZT_WG_DATA);
        }
        take_tx(pair.a, 1, &parcel);
        assert_int_equal(message_of(&parcel)[0], round == 0 ? ZT_WG_INITIATION : ZT_WG_DATA);
        if (round == 1) {
            take_tx(pair.a, 1, &parcel);
            assert_int_equal(message_of(&parcel)[0], ZT_WG_INITIATION);
        }
        deliver(pair.b, 1, &parcel);
        expect_fate(pair.b, WIREGUARD_HANDSHAKE);
        take_tx(pair.b, 1, &parcel);
        assert_non_null(b->next);
        assert_null(b->previous);
        deliver(pair.a, 1, &parcel);
        expect_fate(pair.a, WIREGUARD_HANDSHAKE);
        assert_non_null(a->previous);
        take_tx(pair.a, 1, &parcel); /* keepalive */
        if (round == 0) {
            deliver(pair.a, 1, &old); /* by what is now the previous session: it is 120 s old */
            take_tx(pair.a, 2, &old);
            give_flow(pair.b, &b_to_a); /* B uses the old one until A has used the new one */
            take_tx(pair.b, 1, &old);
        }
        deliver(pair.b, 1, &parcel);
        expect_fate(pair.b, WIREGUARD_KEEPALIVE);
        assert_null(b->next);
        assert_non_null(b->previous);
    }
    /* Its session is gone. */
    deliver(pair.a, 1, &old);
    expect_fate(pair.a, WIREGUARD_INDEX_UNKNOWN);
    pair_stop(&pair);
}

static void wg_22_a_peer_that_moves(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel, out;
    (void)state;
    shake_hands(&pair);
    give_flow(pair.a, &a_to_b);
    take_tx(pair.a, 1, &parcel);
    uint8_t *ip = parcel.data + ZT_ETH_HEADER;
    zt_ipv4_write(ip, parcel.length - 14, 0, false, 64, (zt_protocol){ 17 },
                  (zt_ip){ ZT_IPV4, { 192, 0, 2, 9 } }, (zt_ip){ ZT_IPV4, { 192, 0, 2, 2 } });
    zt_store_u16(ip + 20, 4000);
    sum_again(&parcel);
    parcel.data[parcel.length - 1] ^= 1;
    sum_again(&parcel);
    deliver(pair.b, 1, &parcel); /* what does not authenticate moves nobody */
    expect_fate(pair.b, WIREGUARD_AUTH);
    parcel.data[parcel.length - 1] ^= 1;
    sum_again(&parcel);
    give_flow(pair.b, &b_to_a);
    take_tx(pair.b, 1, &out);
    assert_int_equal(out.data[14 + 19], 1);
    deliver(pair.b, 1, &parcel);
    take_tx(pair.b, 2, &out);
    give_flow(pair.b, &b_to_a);
    take_tx(pair.b, 1, &out);
    assert_int_equal(out.data[14 + 19], 9);
    assert_int_equal(zt_load_u16(out.data + 14 + 22), 4000);
    pair_stop(&pair);
}

static void wg_24_a_packet_for_no_peer(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct flow flow = a_to_b;
    struct parcel out;
    (void)state;
    flow.destination = "10.50.0.1";
    give_flow(pair.a, &flow);
    expect_fate(pair.a, WIREGUARD_NO_PEER);
    take_tx(pair.a, 2, &out);
    const uint8_t *icmp = out.data + 14 + 20;
    assert_int_equal(icmp[0], ZT_ICMP_UNREACHABLE);
    assert_int_equal(icmp[1], 1);
    assert_int_equal(icmp[8 + 8], 63); /* as it is: decremented */
    expect_end(pair.a);
    pair_stop(&pair);
}

static void local_1_hash_4_a_wireguard_interface_without_port(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct flow flow = a_to_b;
    struct parcel out;
    (void)state;
    shake_hands(&pair);
    /* To an address of B's wireguard interface: no kernel has it, and no listener is there. */
    flow.destination = "10.9.0.2";
    give_flow(pair.a, &flow);
    take_tx(pair.a, 1, &out);
    deliver(pair.b, 1, &out);
    expect_fate(pair.b, NO_LISTENER);
    take_tx(pair.b, 1, &out); /* port unreachable, through the tunnel */
    deliver(pair.a, 1, &out);
    take_tx(pair.a, 2, &out);
    assert_int_equal(out.data[14 + 20], ZT_ICMP_UNREACHABLE);
    assert_int_equal(out.data[14 + 21], 3);
    pair_stop(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wg_16_counters_and_the_window),
        cmocka_unit_test(wg_16_a_text_that_does_not_open),
        cmocka_unit_test(wg_16_26_a_key_of_180_seconds),
        cmocka_unit_test(wg_17_inner_packets),
        cmocka_unit_test(wg_17_ecn),
        cmocka_unit_test(wg_26_texts_are_padded),
        cmocka_unit_test(wg_26_each_counter_is_used_once),
        cmocka_unit_test(wg_25_the_oldest_of_129_goes),
        cmocka_unit_test(wg_18_sessions_and_their_indexes),
        cmocka_unit_test(wg_22_a_peer_that_moves),
        cmocka_unit_test(wg_24_a_packet_for_no_peer),
        cmocka_unit_test(local_1_hash_4_a_wireguard_interface_without_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
