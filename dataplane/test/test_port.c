/* SPDX-License-Identifier: Apache-2.0 */
/* §2 parsing and §4 ports and punt. */
#include "test/support.h"

static void parse_1_shorter_than_a_header(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_fate(bench, 1, "", FRAME_TRUNCATED);
    gives_fate(bench, 1, "02000000010102000000020108", FRAME_TRUNCATED);
    gives_fate(bench, 3, "02000000010102000000020108", FRAME_TRUNCATED);
    bench_stop(bench);
}

static void parse_2_longer_than_the_ports_mtu(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_fate(bench, 41, UDP_WEB1_WEB2_1501, FRAME_OVERSIZE);
    give(bench, 41, UDP_WEB1_WEB2_1500);
    expect_tx(bench, 42, UDP_WEB1_WEB2_1500);
    pass_over(bench);
    bench_stop(bench);
}

static void port_2_another_interfaces_mac(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_fate(bench, 1, FOREIGN_MAC_1, MAC_NOT_FOR_US);
    bench_stop(bench);
}

static void port_3_arp_and_lldp_are_punted_the_unknown_is_not(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, 1, LLDP_1);
    expect_punt(bench, 1, LLDP_1);
    give(bench, 3, ARP_PEER_3_SEALED);
    expect_punt(bench, 3, ARP_PEER_3); /* PUNT-1: opened */
    gives_fate(bench, 1, TEXT_1, ETHERTYPE_UNKNOWN);
    gives_fate(bench, 1, SEALED_ON_CLEAR_1, MACSEC_UNEXPECTED);
    bench_stop(bench);
}

static void port_4_link_traffic_is_punted_group_addressed_unicast_is_not(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, 1, OSPF_1);
    expect_punt(bench, 1, OSPF_1);
    gives_fate(bench, 1, GROUP_UNICAST_1, L2_GROUP_IP_UNICAST);
    bench_stop(bench);
}

static void local_1_own_address_is_punted_with_its_padding(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, 1, PING_PORT_1 "0000000000");
    expect_punt(bench, 1, PING_PORT_1 "0000000000");
    bench_stop(bench);
}

static void punt_1_a_port_without_tap(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_fate(bench, 2, LLDP_1, PUNT_UNAVAILABLE);
    bench_stop(bench);
}

static void punt_2_frames_of_the_tap_are_sent_and_sealed(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    punt_in(bench, 3, ARP_TAP_3);
    expect_tx(bench, 3, ARP_TAP_3_PN1);
    punt_in(bench, 1, ARP_TAP_3);
    expect_tx(bench, 1, ARP_TAP_3);
    punt_in(bench, 1, "0102");
    expect_fate(bench, FRAME_TRUNCATED);
    bench_stop(bench);
}

static void punt_2_holds_the_macsec_interfaces_mtu(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    uint8_t frame[14 + 1669] = { 2, 0, 0, 0, 2, 3, 2, 0, 0, 0, 1, 3, 0x08, 0x00 };
    struct zt_input input = {
        .kind = ZT_INPUT_PUNT, .interface = 3, .data = frame, .length = sizeof frame
    };
    (void)state;
    struct zt_effects effects = zt_machine_run(bench->machines[0], &input, 1);
    assert_int_equal(effects.count, 1);
    assert_int_equal(effects.list[0].fate, ZT_FATE_MTU_EXCEEDED);
    input.length--;
    effects = zt_machine_run(bench->machines[0], &input, 1);
    assert_int_equal(effects.list[0].kind, ZT_EFFECT_TX);
    assert_int_equal(effects.list[0].length, sizeof frame - 1 + ZT_MACSEC_OVERHEAD);
    bench_stop(bench);
}

static void inputs_on_what_is_no_port_have_no_effect(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, 4, TRANSIT);
    expect_end(bench);
    give(bench, 999, TRANSIT);
    expect_end(bench);
    punt_in(bench, 999, TRANSIT);
    expect_end(bench);
    neighbour(bench, 14, true, "020000000201", "0a01000b");
    expect_end(bench);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_1_shorter_than_a_header),
        cmocka_unit_test(parse_2_longer_than_the_ports_mtu),
        cmocka_unit_test(port_2_another_interfaces_mac),
        cmocka_unit_test(port_3_arp_and_lldp_are_punted_the_unknown_is_not),
        cmocka_unit_test(port_4_link_traffic_is_punted_group_addressed_unicast_is_not),
        cmocka_unit_test(local_1_own_address_is_punted_with_its_padding),
        cmocka_unit_test(punt_1_a_port_without_tap),
        cmocka_unit_test(punt_2_frames_of_the_tap_are_sent_and_sealed),
        cmocka_unit_test(punt_2_holds_the_macsec_interfaces_mtu),
        cmocka_unit_test(inputs_on_what_is_no_port_have_no_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
