/* SPDX-License-Identifier: Apache-2.0 */
/* §6 bridge, §7 learning, §8 flooding. */
#include "test/support.h"

#define WEB1_PORT 11
#define WEB2_PORT 12

/* In the network without gateway and with a VXLAN over IPv6: bridge 40, ports 41 and 42, vxlan 43. */
static void learn_web2_on_42(struct bench *bench)
{
    give(bench, 42, UDP_WEB2_WEB1);
    expect_tx(bench, 41, UDP_WEB2_WEB1);
    pass_over(bench);
}

static void bridge_1_refuses_group_and_zero_source(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_fate(bench, WEB1_PORT, GROUP_SOURCE, SOURCE_MAC_INVALID);
    gives_fate(bench, WEB1_PORT, ZERO_SOURCE, SOURCE_MAC_INVALID);
    bench_stop(bench);
}

static void bridge_1_refuses_the_gateways_own_addresses_from_a_port(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_fate(bench, WEB1_PORT, GATEWAY_SOURCE, SOURCE_MAC_LOCAL);
    gives_fate(bench, WEB1_PORT, SYSTEM_SOURCE, SOURCE_MAC_LOCAL);
    bench_stop(bench);
}

static void bridge_1_lets_the_anycast_mac_in_from_vxlan_and_learn_1_does_not_learn_it(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY);
    expect_fate(bench, ARP_ANSWERED);
    expect_tx(bench, WEB1_PORT, ARP_GATEWAY_WEB1);
    gives_tx(bench, 1, FAR_ANYCAST_SOURCE, WEB1_PORT, FAR_ANYCAST_SOURCE_INNER);
    size_t length;
    char *tables = zt_machine_tables_json(bench->machines[0], bench->now, &length);
    assert_null(strstr(tables, "\"mac\":\"02:00:5e:00:00:01\""));
    free(tables);
    bench_stop(bench);
}

static void bridge_1_refuses_tags_and_reserved_groups(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_fate(bench, WEB1_PORT, VLAN_8100, VLAN_TAGGED);
    gives_fate(bench, WEB1_PORT, VLAN_88A8, VLAN_TAGGED);
    gives_fate(bench, WEB1_PORT, VLAN_9100, VLAN_TAGGED);
    gives_fate(bench, WEB1_PORT, STP, RESERVED_MULTICAST);
    gives_fate(bench, WEB1_PORT, RESERVED_0F, RESERVED_MULTICAST);
    bench_stop(bench);
}

static void bridge_1_floods_the_group_address_behind_the_reserved_ones(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, 51, GROUP_10);
    expect_fate(bench, IRB_IGNORED);
    bench_stop(bench);
}

static void bridge_3_sends_known_unicast_to_one_member_and_parse_3_bridges_802_3(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    learn_web2_on_42(bench);
    gives_tx(bench, 41, UDP_WEB1_WEB2, 42, UDP_WEB1_WEB2);
    gives_tx(bench, 41, TEXT_WEB1_WEB2, 42, TEXT_WEB1_WEB2);
    gives_tx(bench, 41, LENGTH_WEB1_WEB2, 42, LENGTH_WEB1_WEB2);
    gives_tx(bench, 41, UDP6_WEB1_WEB2, 42, UDP6_WEB1_WEB2);
    bench_stop(bench);
}

static void bridge_4_does_not_send_back(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    learn_web2_on_42(bench);
    gives_fate(bench, 42, UDP_WEB1_WEB2, SAME_PORT);
    bench_stop(bench);
}

static void bridge_4_keeps_the_horizon_split(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, 1, FAR_78_RECEIVED);
    expect_tx(bench, WEB1_PORT, FAR_78);
    expect_tx(bench, WEB2_PORT, FAR_78);
    expect_fate(bench, IRB_IGNORED);
    gives_fate(bench, 1, FAR_FAR_RECEIVED, SPLIT_HORIZON);
    bench_stop(bench);
}

static void bridge_5_holds_the_members_mtu_to_the_octet(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    /* WEB2 is learned at the port with MTU 1400. */
    give(bench, WEB2_PORT, UDP_WEB2_WEB1);
    pass_over(bench);
    gives_tx(bench, WEB1_PORT, UDP_WEB1_WEB2_1400, WEB2_PORT, UDP_WEB1_WEB2_1400);
    gives_fate(bench, WEB1_PORT, UDP_WEB1_WEB2_1401, MTU_EXCEEDED);
    bench_stop(bench);
}

static void learn_2_holds_static_entries(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_fate(bench, 41, STATIC_SOURCE, STATIC_MAC_MOVE);
    gives_tx(bench, 41, TO_STATIC, 42, TO_STATIC);
    learn_web2_on_42(bench);
    gives_fate(bench, 42, STATIC_SOURCE, SAME_PORT);
    bench_stop(bench);
}

static void learn_3_moves_at_once(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    learn_web2_on_42(bench);
    gives_tx(bench, 41, UDP_WEB1_WEB2, 42, UDP_WEB1_WEB2);
    /* WEB2 speaks from 41 now: what goes to it from 42 leaves by 41, and from 41 comes back to nobody. */
    gives_fate(bench, 41, UDP_WEB2_WEB1, SAME_PORT);
    gives_fate(bench, 41, UDP_WEB1_WEB2, SAME_PORT);
    gives_tx(bench, 42, UDP_WEB1_WEB2, 41, UDP_WEB1_WEB2);
    bench_stop(bench);
}

static void learn_4_ages_to_the_nanosecond(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    learn_web2_on_42(bench);
    gives_tx(bench, 41, TEXT_WEB1_WEB2, 42, TEXT_WEB1_WEB2);
    bench->now += 5 * SECOND - 1;
    gives_tx(bench, 41, TEXT_WEB1_WEB2, 42, TEXT_WEB1_WEB2);
    bench->now += 1;
    give(bench, 41, TEXT_WEB1_WEB2);
    /* Flooded: the other port and the remote of the vxlan. */
    assert_int_equal(bench->effects.count, 2);
    expect_tx(bench, 42, TEXT_WEB1_WEB2);
    bench->next = 2;
    bench_stop(bench);
}

static void learn_5_learns_no_more_than_the_limit_until_something_is_invalid(void **state)
{
    static const char *const hello[] = { HELLO_1, HELLO_2, HELLO_3, HELLO_4, HELLO_5, HELLO_6 };
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    for (uint32_t i = 0; i < 5; i++) { /* fdbLimit is 4 */
        give(bench, 42, hello[i]);
        pass_over(bench);
    }
    gives_tx(bench, 41, TO_4, 42, TO_4);
    give(bench, 41, TO_5);
    assert_int_equal(bench->effects.count, 2);
    bench->next = 2;
    bench->now += 5 * SECOND;
    give(bench, 42, hello[5]);
    pass_over(bench);
    gives_tx(bench, 41, TO_6, 42, TO_6);
    bench_stop(bench);
}

static void flood_1_2_3_copies_to_ports_remotes_in_order_and_the_irb(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, WEB1_PORT, BROADCAST_WEB1);
    expect_tx(bench, WEB2_PORT, BROADCAST_WEB1);
    expect_tx(bench, 1, BROADCAST_WEB1_TO_2);
    expect_tx(bench, 3, BROADCAST_WEB1_TO_3);
    expect_fate(bench, IRB_IGNORED);
    bench_stop(bench);
}

static void flood_1_from_vxlan_goes_to_no_vxlan(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, 1, FAR_BROADCAST_RECEIVED);
    expect_tx(bench, WEB1_PORT, FAR_BROADCAST);
    expect_tx(bench, WEB2_PORT, FAR_BROADCAST);
    expect_fate(bench, IRB_IGNORED);
    bench_stop(bench);
}

static void flood_4_says_when_there_is_nobody(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_fate(bench, 51, TEXT_WEB1_WEB2, FLOOD_EMPTY);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bridge_1_refuses_group_and_zero_source),
        cmocka_unit_test(bridge_1_refuses_the_gateways_own_addresses_from_a_port),
        cmocka_unit_test(bridge_1_lets_the_anycast_mac_in_from_vxlan_and_learn_1_does_not_learn_it),
        cmocka_unit_test(bridge_1_refuses_tags_and_reserved_groups),
        cmocka_unit_test(bridge_1_floods_the_group_address_behind_the_reserved_ones),
        cmocka_unit_test(bridge_3_sends_known_unicast_to_one_member_and_parse_3_bridges_802_3),
        cmocka_unit_test(bridge_4_does_not_send_back),
        cmocka_unit_test(bridge_4_keeps_the_horizon_split),
        cmocka_unit_test(bridge_5_holds_the_members_mtu_to_the_octet),
        cmocka_unit_test(learn_2_holds_static_entries),
        cmocka_unit_test(learn_3_moves_at_once),
        cmocka_unit_test(learn_4_ages_to_the_nanosecond),
        cmocka_unit_test(learn_5_learns_no_more_than_the_limit_until_something_is_invalid),
        cmocka_unit_test(flood_1_2_3_copies_to_ports_remotes_in_order_and_the_irb),
        cmocka_unit_test(flood_1_from_vxlan_goes_to_no_vxlan),
        cmocka_unit_test(flood_4_says_when_there_is_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
