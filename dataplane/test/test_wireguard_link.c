/* SPDX-License-Identifier: Apache-2.0 */
/* §19 WireGuard on a port, with the node's kernel above it: WG-1 to WG-3, WG-23, PUNT-1, PUNT-2, LOCAL-1. */
#include "test/wireguard.h"

/* A's kernel to B's, and to an address behind B. */
static const struct flow kernel = { "02005e000077", "10.8.0.0", "10.8.0.1", 0, 40 };
static const struct flow kernel_6 = { "02005e000077", "fd08::1", "fd08::2", 0, 40 };

static void punt_flow(struct bench *bench, const struct flow *flow)
{
    struct parcel parcel;
    make_frame(flow, &parcel);
    punt_octets(bench, 4, parcel.data, parcel.length);
}

static void shake_hands_on_the_link(struct pair *pair)
{
    struct parcel parcel;
    punt_flow(pair->a, &kernel);
    take_tx(pair->a, 4, &parcel);
    deliver(pair->b, 4, &parcel);
    expect_fate(pair->b, WIREGUARD_HANDSHAKE);
    take_tx(pair->b, 4, &parcel);
    deliver(pair->a, 4, &parcel);
    expect_fate(pair->a, WIREGUARD_HANDSHAKE);
    take_tx(pair->a, 4, &parcel);
    deliver(pair->b, 4, &parcel);
    take_punt(pair->b, 4, &parcel);
    expect_end(pair->a);
    expect_end(pair->b);
}

static void punt_1_kernels_speak_through_the_tunnel(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel sent, parcel;
    (void)state;
    shake_hands_on_the_link(&pair);
    for (uint32_t i = 0; i < 2; i++) {
        make_frame(i == 0 ? &kernel : &kernel_6, &sent);
        punt_octets(pair.a, 4, sent.data, sent.length);
        take_tx(pair.a, 4, &parcel);
        assert_memory_equal(parcel.data, "\x02\0\0\0\x02\x04\x02\0\0\0\x01\x04\x08\0", 14);
        deliver(pair.b, 4, &parcel);
        take_punt(pair.b, 4, &parcel);
        assert_memory_equal(parcel.data, "\x02\0\0\0\x02\x04\x02\0\x5e\0\0\x77", 12);
        assert_int_equal(parcel.length, sent.length);
        assert_memory_equal(parcel.data + 12, sent.data + 12, sent.length - 12);
    }
    pair_stop(&pair);
}

static void wg_2_nothing_else_passes(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel good, parcel;
    (void)state;
    shake_hands_on_the_link(&pair);
    punt_flow(pair.a, &kernel);
    take_tx(pair.a, 4, &good);
    static const uint32_t places[] = { 5, 12, 14, 14 + 9, 14 + 19, 14 + 22 };
    for (uint32_t i = 0; i < sizeof places / sizeof *places; i++) {
        parcel = good;
        parcel.data[places[i]] ^= 0x02; /* MAC, EtherType, version, protocol, address, port */
        zt_store_u16(parcel.data + 14 + 10, 0);
        zt_be16 sum =
            zt_sum_checksum(zt_sum_add((zt_sum){ 0 }, parcel.data + 14, ZT_IPV4_HEADER));
        zt_store_be16(parcel.data + 14 + 10, sum);
        deliver(pair.b, 4, &parcel);
        expect_fate(pair.b, WIREGUARD_CLEAR);
        expect_end(pair.b);
    }
    parcel = good;
    parcel.data[14 + 10] ^= 1; /* the header checksum */
    deliver(pair.b, 4, &parcel);
    expect_fate(pair.b, WIREGUARD_CLEAR);
    /* What would be the kernel's on a clear port. */
    make_frame(&(struct flow){ "020000000204", "10.8.0.0", "10.8.0.1", 0, 10 }, &parcel);
    deliver(pair.b, 4, &parcel);
    expect_fate(pair.b, WIREGUARD_CLEAR);
    deliver(pair.b, 4, &good);
    take_punt(pair.b, 4, &parcel);
    pair_stop(&pair);
}

static void local_1_route_4_what_was_opened_is_routed(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel;
    (void)state;
    shake_hands_on_the_link(&pair);
    /* From the link into B's underlay VRF, one hop on. */
    punt_flow(pair.a, &(struct flow){ "02005e000077", "10.8.0.0", "10.66.0.9", 0, 20 });
    take_tx(pair.a, 4, &parcel);
    deliver(pair.b, 4, &parcel);
    take_tx(pair.b, 1, &parcel);
    assert_int_equal(parcel.data[14 + 8], 63);
    /* And from the underlay VRF out to the link, by a route. */
    make_frame(&(struct flow){ "020000000101", "192.0.2.9", "10.77.0.1", 0, 20 }, &parcel);
    deliver(pair.a, 1, &parcel);
    take_tx(pair.a, 4, &parcel);
    deliver(pair.b, 4, &parcel);
    take_tx(pair.b, 4, &parcel); /* B's route for it is the link again: TTL bounds that */
    pair_stop(&pair);
}

static void wg_3_arp_on_the_tap(void **state)
{
    struct bench *bench = bench_start("wga", NULL);
    (void)state;
    punt_in(bench, 4,
            "ffffffffffff020000000104 0806 0001080006040001 020000000104 0a080000 000000000000 "
            "0a080001");
    expect_fate(bench, ARP_ANSWERED);
    expect_punt(bench, 4,
                "020000000104 02005e000077 0806 0001080006040002 02005e000077 0a080001 "
                "020000000104 0a080000");
    expect_end(bench);
    punt_in(bench, 4, /* its own address, one of no subnet, a reply */
            "ffffffffffff020000000104 0806 0001080006040001 020000000104 00000000 000000000000 "
            "0a080000");
    expect_fate(bench, ETHERTYPE_UNKNOWN);
    punt_in(bench, 4,
            "ffffffffffff020000000104 0806 0001080006040001 020000000104 0a080000 000000000000 "
            "0a080002");
    expect_fate(bench, ETHERTYPE_UNKNOWN);
    punt_in(bench, 4,
            "ffffffffffff020000000104 0806 0001080006040002 020000000104 0a080000 000000000000 "
            "0a080001");
    expect_fate(bench, ETHERTYPE_UNKNOWN);
    punt_in(bench, 4, "0180c200000e020000000104 88cc 0000");
    expect_fate(bench, ETHERTYPE_UNKNOWN);
    expect_end(bench);
    bench_stop(bench);
}

/* A solicitation from A's kernel; what became of it is left to expect. */
static void solicit(struct bench *bench, const char *source, const char *target)
{
    struct zt_nd nd = { .type = ZT_ND_SOLICITATION };
    uint8_t frame[ZT_ND_FRAME];
    assert_true(zt_ip_parse(source, &nd.source) && zt_ip_parse(target, &nd.target));
    nd.destination = zt_ip_solicited_node(nd.target);
    zt_mac mac = { { 2, 0, 0, 0, 1, 4 } };
    zt_nd_write(frame, zt_ip_multicast_mac(nd.destination), mac, &nd, mac);
    punt_octets(bench, 4, frame, sizeof frame);
}

static void wg_3_neighbour_discovery_on_the_tap(void **state)
{
    static const char *const targets[] = { "fd08::2", "fe80::1234" };
    struct bench *bench = bench_start("wga", NULL);
    struct parcel parcel;
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct zt_nd nd;
        struct zt_ip_packet packet;
        zt_ip target;
        solicit(bench, "fd08::1", targets[i]);
        expect_fate(bench, ND_ANSWERED);
        take_punt(bench, 4, &parcel);
        expect_end(bench);
        assert_true(zt_ip_parse(targets[i], &target));
        assert_memory_equal(parcel.data, "\x02\0\0\0\x01\x04\x02\0\x5e\0\0\x77\x86\xdd", 14);
        assert_int_equal(zt_ip_read(parcel.data, parcel.length, &packet), ZT_FATE_NONE);
        assert_true(zt_nd_read(parcel.data + 14, &packet, &nd));
        assert_int_equal(nd.type, ZT_ND_ADVERTISEMENT);
        assert_int_equal(nd.flags, ZT_ND_SOLICITED | ZT_ND_OVERRIDE);
        assert_true(zt_ip_equal(nd.source, target) && zt_ip_equal(nd.target, target));
        assert_true(nd.has_target_mac);
        assert_memory_equal(nd.target_mac.octets, "\x02\0\x5e\0\0\x77", 6);
    }
    /* Its own, its EUI-64, one of no subnet: packets as others; no seed yet. So is one from ::. */
    solicit(bench, "fd08::1", "fd08::1");
    expect_fate(bench, WIREGUARD_UNREADY);
    solicit(bench, "fd08::1", "fe80::ff:fe00:104");
    expect_fate(bench, WIREGUARD_UNREADY);
    solicit(bench, "fd08::1", "fd09::2");
    expect_fate(bench, WIREGUARD_UNREADY);
    solicit(bench, "::", "fd08::2");
    expect_fate(bench, WIREGUARD_UNREADY);
    expect_end(bench);
    bench_stop(bench);
}

static void punt_2_lengths(void **state)
{
    struct bench *bench = bench_start("wga", NULL);
    (void)state;
    punt_in(bench, 4, "0200000001");
    expect_fate(bench, FRAME_TRUNCATED);
    punt_flow(bench, &(struct flow){ "02005e000077", "10.8.0.0", "10.8.0.1", 0, 1500 - 28 });
    expect_fate(bench, WIREGUARD_UNREADY);
    punt_flow(bench, &(struct flow){ "02005e000077", "10.8.0.0", "10.8.0.1", 0, 1500 - 27 });
    expect_fate(bench, MTU_EXCEEDED);
    bench_stop(bench);
}

static void wg_23_longer_than_the_port_or_without_a_neighbour(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct flow flow = kernel;
    struct parcel parcel;
    (void)state;
    shake_hands_on_the_link(&pair);
    flow.octets = 1500 - 28;
    punt_flow(pair.a, &flow);
    take_tx(pair.a, 4, &parcel);
    assert_int_equal(parcel.length, 14 + 28 + 32 + 1500);
    bench_stop(pair.b);
    /* 1500 inside are 1560 outside: one more than this port takes. */
    pair.b = bench_start("wgb", "\"mac\":\"02:00:00:00:02:04\",\"mtu\":1700",
                         "\"mac\":\"02:00:00:00:02:04\",\"mtu\":1559", NULL);
    seed(pair.b, WALL, 7);
    pass(&pair, 6 * SECOND);
    flow = (struct flow){ "02005e000077", "10.8.0.1", "10.8.0.0", 0, 1500 - 28 };
    punt_flow(pair.b, &flow);
    take_tx(pair.b, 4, &parcel);
    deliver(pair.a, 4, &parcel);
    expect_fate(pair.a, WIREGUARD_HANDSHAKE);
    take_tx(pair.a, 4, &parcel);
    deliver(pair.b, 4, &parcel);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE);
    expect_fate(pair.b, MTU_EXCEEDED);
    expect_end(pair.b);
    neighbour(pair.b, 4, false, "020000000104", "c6336401");
    flow.octets = 10;
    punt_flow(pair.b, &flow);
    expect_fate(pair.b, NEIGHBOUR_MISSING);
    expect_end(pair.b);
    neighbour(pair.b, 4, true, "020000000104", "c6336401");
    punt_flow(pair.b, &flow);
    take_tx(pair.b, 4, &parcel);
    pair_stop(&pair);
}

static void wg_1_a_port_below(void **state)
{
    struct bench *bench = bench_start("wga", NULL);
    struct zt_port_info info = zt_machine_port(bench->machines[0], 2);
    (void)state;
    assert_int_equal(info.id, 4);
    assert_int_equal(info.upper, 5);
    assert_int_equal(info.mtu, 1700);
    assert_int_equal(info.upper_mtu, 1500);
    assert_true(info.has_wireguard && info.sealed && info.underlay && !info.has_macsec);
    info = zt_machine_port(bench->machines[0], 0);
    assert_int_equal(info.upper, 1);
    assert_false(info.has_wireguard || info.sealed);
    bench_stop(bench);
}

static void hash_4_a_link_without_carrier(void **state)
{
    struct bench *bench =
        bench_start("wga", "{\"id\":2,\"members\":[{\"interface\":5}]}",
                    "{\"id\":2,\"members\":[{\"interface\":5},{\"interface\":1,"
                    "\"gateway\":\"192.0.2.9\"}]}",
                    NULL);
    struct parcel parcel;
    (void)state;
    control(bench, "{\"id\":1,\"op\":\"carrier\",\"interface\":4,\"up\":false}");
    for (uint32_t i = 10; i < 40; i++) {
        char source[] = "192.0.2.00";
        source[8] = (char)('0' + i / 10);
        source[9] = (char)('0' + i % 10);
        make_frame(&(struct flow){ "020000000101", source, "10.77.0.1", 0, 20 }, &parcel);
        deliver(bench, 1, &parcel);
        take_tx(bench, 1, &parcel);
    }
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(punt_1_kernels_speak_through_the_tunnel),
        cmocka_unit_test(wg_2_nothing_else_passes),
        cmocka_unit_test(local_1_route_4_what_was_opened_is_routed),
        cmocka_unit_test(wg_3_arp_on_the_tap),
        cmocka_unit_test(wg_3_neighbour_discovery_on_the_tap),
        cmocka_unit_test(punt_2_lengths),
        cmocka_unit_test(wg_23_longer_than_the_port_or_without_a_neighbour),
        cmocka_unit_test(wg_1_a_port_below),
        cmocka_unit_test(hash_4_a_link_without_carrier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
