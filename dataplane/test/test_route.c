/* SPDX-License-Identifier: Apache-2.0 */
/* §12 neighbours, §13 routing, §14 local delivery, §15 ICMP errors. */
#include "test/support.h"

#define WEB1_PORT 11
#define WEB2_PORT 12
#define DB1_PORT 21

/* WEB1 is bound and learned at its port. */
static struct bench *start_with_web1(void)
{
    struct bench *bench = bench_start("leaf", NULL);
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY);
    pass_over(bench);
    give(bench, WEB1_PORT, NS_WEB1_GATEWAY);
    pass_over(bench);
    return bench;
}

/* DB1's neighbour on irb 24, which does not bind: by a static entry. */
static struct bench *start_with_db1(void)
{
    struct bench *bench = bench_start("leaf", "\"neighbours\":[",
                                      "\"neighbours\":[{\"interface\":24,\"address\":\"10.1.1.21\","
                                      "\"mac\":\"02:bb:00:00:00:21\"},",
                                      NULL);
    give(bench, DB1_PORT, BROADCAST_DB1);
    pass_over(bench);
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY);
    pass_over(bench);
    return bench;
}

static void route_10_irb_4_routes_between_networks(void **state)
{
    struct bench *bench = start_with_db1();
    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        gives_tx(bench, WEB1_PORT, UDP_WEB1_DB1, DB1_PORT, UDP_WEB1_DB1_ROUTED);
    bench_stop(bench);
}

static void parse_6_padding_is_cut_off(void **state)
{
    struct bench *bench = start_with_db1();
    (void)state;
    for (uint32_t i = 0; i < 2; i++)
        gives_tx(bench, WEB1_PORT, UDP_WEB1_DB1_PADDED, DB1_PORT, UDP_WEB1_DB1_ROUTED);
    bench_stop(bench);
}

static void parse_4_wrong_headers_do_not_pass_the_gateway(void **state)
{
    struct bench *bench = start_with_db1();
    uint32_t length;
    uint8_t *frame = octets(UDP_WEB1_DB1, &length);
    (void)state;
    gives_tx(bench, WEB1_PORT, UDP_WEB1_DB1, DB1_PORT, UDP_WEB1_DB1_ROUTED);
    frame[24] ^= 0x01; /* checksum */
    give_octets(bench, WEB1_PORT, frame, length);
    expect_fate(bench, IPV4_CHECKSUM);
    frame[24] ^= 0x01;
    frame[14] = 0x44; /* IHL 4 */
    give_octets(bench, WEB1_PORT, frame, length);
    expect_fate(bench, IPV4_HEADER_INVALID);
    frame[14] = 0x45;
    give_octets(bench, WEB1_PORT, frame, length - 1); /* cut off */
    expect_fate(bench, IPV4_HEADER_INVALID);
    free(frame);
    bench_stop(bench);
}

static void parse_5_ipv6_cut_off_is_invalid(void **state)
{
    struct bench *bench = start_with_web1();
    uint32_t length;
    uint8_t *frame = octets(UDP6_WEB1_NOWHERE, &length);
    (void)state;
    give_octets(bench, WEB1_PORT, frame, length - 1);
    expect_fate(bench, IPV6_HEADER_INVALID);
    free(frame);
    bench_stop(bench);
}

static void route_2_3_5_martians_and_link_locals(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    gives_fate(bench, WEB1_PORT, UDP_MARTIAN, MARTIAN_SOURCE);
    gives_fate(bench, WEB1_PORT, UDP_OWN_SOURCE, MARTIAN_SOURCE);
    gives_fate(bench, WEB1_PORT, UDP_MARTIAN_DESTINATION, MARTIAN_DESTINATION);
    gives_fate(bench, WEB1_PORT, UDP6_LINK_LOCAL, LINK_LOCAL_NOT_ROUTED);
    bench_stop(bench);
}

static void route_6_no_route_is_told_a_blackhole_is_not(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    give(bench, WEB1_PORT, UDP_WEB1_NOWHERE);
    expect_fate(bench, NO_ROUTE);
    expect_tx(bench, WEB1_PORT, NET_UNREACHABLE_WEB1);
    give(bench, WEB1_PORT, UDP6_WEB1_NOWHERE);
    expect_fate(bench, NO_ROUTE);
    expect_tx(bench, WEB1_PORT, NO_ROUTE6_WEB1);
    gives_fate(bench, WEB1_PORT, UDP_WEB1_BLACKHOLE, BLACKHOLE);
    bench_stop(bench);
}

static void route_6_other_vrfs_are_not_asked(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    give(bench, WEB1_PORT, UDP_WEB1_UNDERLAY);
    expect_fate(bench, NO_ROUTE);
    expect_tx(bench, WEB1_PORT, NET_UNREACHABLE_UNDERLAY);
    bench_stop(bench);
}

static void route_7_directed_broadcast(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    gives_fate(bench, WEB1_PORT, UDP_WEB1_DIRECTED, DIRECTED_BROADCAST);
    bench_stop(bench);
}

static void route_8_time_exceeded_hits_cached_flows_too(void **state)
{
    struct bench *bench = start_with_db1();
    (void)state;
    gives_tx(bench, WEB1_PORT, UDP_WEB1_DB1, DB1_PORT, UDP_WEB1_DB1_ROUTED);
    give(bench, WEB1_PORT, UDP_WEB1_DB1_TTL1);
    expect_fate(bench, TTL_EXCEEDED);
    expect_tx(bench, WEB1_PORT, TTL_EXCEEDED_WEB1);
    give(bench, WEB1_PORT, NS_WEB1_GATEWAY);
    pass_over(bench);
    give(bench, WEB1_PORT, UDP6_WEB1_WEB2_HOP1);
    pass_over(bench);
    bench_stop(bench);
}

static void route_8_hop_limit_exceeded(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    give(bench, WEB1_PORT, UDP6_WEB1_WEB2_HOP1);
    expect_fate(bench, TTL_EXCEEDED);
    expect_tx(bench, WEB1_PORT, HOP_EXCEEDED6_WEB1);
    bench_stop(bench);
}

static struct bench *start_with_small_l3(void)
{
    struct bench *bench = bench_start("leaf",
                                      "\"mac\":\"02:aa:00:00:00:01\",\"systemMac\":\"02:aa:00:00:"
                                      "00:01\",\"addresses\":[],\"mtu\":1500",
                                      "\"mac\":\"02:aa:00:00:00:01\",\"systemMac\":\"02:aa:00:00:"
                                      "00:01\",\"addresses\":[],\"mtu\":1400",
                                      NULL);
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY);
    pass_over(bench);
    return bench;
}

static void route_9_tells_the_mtu_and_does_not_fragment(void **state)
{
    struct bench *bench = start_with_small_l3();
    (void)state;
    give(bench, WEB1_PORT, UDP_WEB1_FAR);
    pass_over(bench);
    give(bench, WEB1_PORT, UDP_WEB1_FAR_1401);
    expect_fate(bench, MTU_EXCEEDED);
    expect_tx(bench, WEB1_PORT, TOO_BIG_WEB1);
    gives_fate(bench, WEB1_PORT, UDP_WEB1_FAR_1401_NODF, FRAGMENTATION_UNSUPPORTED);
    bench_stop(bench);
}

static void hash_4_chooses_among_three(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        gives_tx(bench, 1, ECMP_0, 1, ECMP_0_OUT);
        gives_tx(bench, 1, ECMP_1, 2, ECMP_1_OUT);
    }
    gives_tx(bench, 1, ECMP_2, 3, ECMP_2_OUT);
    bench_stop(bench);
}

static void route_10_symmetric_irb_leaves_by_the_l3_vni(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    gives_tx(bench, WEB1_PORT, UDP_WEB1_FAR, 1, UDP_WEB1_FAR_OUT);
    gives_tx(bench, WEB1_PORT, UDP_WEB1_FAR, 1, UDP_WEB1_FAR_OUT);
    /* VXLAN-3: ECN is the packet's, not the flow's. */
    gives_tx(bench, WEB1_PORT, UDP_WEB1_FAR_CE, 1, UDP_WEB1_FAR_CE_OUT);
    assert_int_equal(cache_hits(bench), 2);
    gives_tx(bench, 1, UDP_FAR_WEB1_L3, WEB1_PORT, UDP_FAR_WEB1_L3_OUT);
    gives_tx(bench, 1, UDP_FAR_WEB1_L3, WEB1_PORT, UDP_FAR_WEB1_L3_OUT);
    assert_int_equal(cache_hits(bench), 3);
    bench_stop(bench);
}

static void neigh_4_5_6_holds_asks_and_releases(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    give(bench, WEB1_PORT, UDP6_WEB1_WEB2_ROUTED_IN);
    expect_tx(bench, WEB1_PORT, NS_REQUEST_FOR_WEB2);
    expect_tx(bench, WEB2_PORT, NS_REQUEST_FOR_WEB2);
    assert_int_equal(bench->effects.count, 4); /* and to two remotes */
    pass_over(bench);
    give(bench, WEB2_PORT, NA_WEB2_SYSTEM);
    expect_tx(bench, WEB2_PORT, UDP6_WEB1_WEB2_ROUTED_OUT);
    /* NA to the IRB's systemMac: for the gateway, which has seen it. */
    pass_over(bench);
    gives_tx(bench, WEB1_PORT, UDP6_WEB1_WEB2_ROUTED_IN, WEB2_PORT, UDP6_WEB1_WEB2_ROUTED_OUT);
    bench_stop(bench);
}

static void neigh_4_a_newer_packet_takes_the_place(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    give(bench, WEB1_PORT, UDP_WEB1_WEB3);
    expect_tx(bench, WEB1_PORT, ARP_REQUEST_FOR_WEB3);
    pass_over(bench);
    bench->now += SECOND - 1;
    gives_fate(bench, WEB1_PORT, UDP_WEB1_WEB3, NEIGHBOUR_QUEUE);
    bench->now += 1;
    give(bench, WEB1_PORT, UDP_WEB1_WEB3);
    expect_fate(bench, NEIGHBOUR_QUEUE);
    expect_tx(bench, WEB1_PORT, ARP_REQUEST_FOR_WEB3);
    pass_over(bench);
    bench_stop(bench);
}

static void neigh_7_asks_again_and_gives_up_after_three_seconds(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    give(bench, WEB1_PORT, UDP_WEB1_WEB3);
    pass_over(bench);
    bench->now += SECOND - 1;
    tick(bench);
    expect_end(bench);
    bench->now += 1;
    tick(bench);
    expect_tx(bench, WEB1_PORT, ARP_REQUEST_FOR_WEB3);
    pass_over(bench);
    bench->now += 2 * SECOND;
    tick(bench);
    expect_fate(bench, NEIGHBOUR_UNRESOLVED);
    expect_tx(bench, WEB1_PORT, HOST_UNREACHABLE_WEB1); /* ICMP-5: as it was held */
    tick(bench);
    expect_end(bench);
    bench_stop(bench);
}

static void neigh_5_the_table_is_full_at_its_limit(void **state)
{
    struct bench *bench = bench_start("leaf", "\"neighbourLimit\":3", "\"neighbourLimit\":1", NULL);
    (void)state;
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY); /* WEB1 is the one */
    pass_over(bench);
    gives_fate(bench, WEB1_PORT, UDP_WEB1_WEB3, NEIGHBOUR_FULL);
    bench->now += 60 * SECOND; /* WEB1 is invalid now and makes room */
    give(bench, WEB1_PORT, UDP_WEB1_WEB3);
    expect_tx(bench, WEB1_PORT, ARP_REQUEST_FOR_WEB3);
    pass_over(bench);
    bench_stop(bench);
}

static void neigh_1_updates_override_the_program(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_tx(bench, 1, TRANSIT, 1, TRANSIT_OUT);
    neighbour(bench, 1, false, "020000000201", "0afe0000");
    gives_fate(bench, 1, TRANSIT, NEIGHBOUR_MISSING);
    neighbour(bench, 1, true, "020000000201", "0afe0000");
    gives_tx(bench, 1, TRANSIT, 1, TRANSIT_OUT);
    bench_stop(bench);
}

static void local_3_answers_echo(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    give(bench, WEB1_PORT, ECHO_WEB1_GATEWAY);
    expect_fate(bench, ECHO_ANSWERED);
    expect_tx(bench, WEB1_PORT, ECHO_REPLY_WEB1);
    give(bench, WEB1_PORT, ECHO6_WEB1_GATEWAY);
    expect_fate(bench, ECHO_ANSWERED);
    expect_tx(bench, WEB1_PORT, ECHO6_REPLY_WEB1);
    give(bench, WEB1_PORT, ECHO6_LL);
    expect_fate(bench, ECHO_ANSWERED);
    expect_tx(bench, WEB1_PORT, ECHO6_LL_REPLY);
    bench_stop(bench);
}

static void local_2_3_fragments_and_wrong_checksums_are_not_answered(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    gives_fate(bench, WEB1_PORT, ECHO_WRONG, ICMP_INVALID);
    gives_fate(bench, WEB1_PORT, ECHO_FRAGMENT, LOCAL_FRAGMENT);
    bench_stop(bench);
}

static void local_4_nobody_listens(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    give(bench, WEB1_PORT, UDP_WEB1_GATEWAY);
    expect_fate(bench, NO_LISTENER);
    expect_tx(bench, WEB1_PORT, PORT_UNREACHABLE_WEB1);
    gives_fate(bench, WEB1_PORT, TCP_WEB1_GATEWAY, NO_LISTENER);
    bench_stop(bench);
}

static void icmp_2_no_error_about_an_error(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    gives_fate(bench, WEB1_PORT, ICMP_UNREACHABLE_TTL1, TTL_EXCEEDED);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(route_10_irb_4_routes_between_networks),
        cmocka_unit_test(parse_6_padding_is_cut_off),
        cmocka_unit_test(parse_4_wrong_headers_do_not_pass_the_gateway),
        cmocka_unit_test(parse_5_ipv6_cut_off_is_invalid),
        cmocka_unit_test(route_2_3_5_martians_and_link_locals),
        cmocka_unit_test(route_6_no_route_is_told_a_blackhole_is_not),
        cmocka_unit_test(route_6_other_vrfs_are_not_asked),
        cmocka_unit_test(route_7_directed_broadcast),
        cmocka_unit_test(route_8_time_exceeded_hits_cached_flows_too),
        cmocka_unit_test(route_8_hop_limit_exceeded),
        cmocka_unit_test(route_9_tells_the_mtu_and_does_not_fragment),
        cmocka_unit_test(hash_4_chooses_among_three),
        cmocka_unit_test(route_10_symmetric_irb_leaves_by_the_l3_vni),
        cmocka_unit_test(neigh_4_5_6_holds_asks_and_releases),
        cmocka_unit_test(neigh_4_a_newer_packet_takes_the_place),
        cmocka_unit_test(neigh_7_asks_again_and_gives_up_after_three_seconds),
        cmocka_unit_test(neigh_5_the_table_is_full_at_its_limit),
        cmocka_unit_test(neigh_1_updates_override_the_program),
        cmocka_unit_test(local_3_answers_echo),
        cmocka_unit_test(local_2_3_fragments_and_wrong_checksums_are_not_answered),
        cmocka_unit_test(local_4_nobody_listens),
        cmocka_unit_test(icmp_2_no_error_about_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
