/* SPDX-License-Identifier: Apache-2.0 */
/* §16 VXLAN. */
#include "test/support.h"

#define WEB1_PORT 11

/* WEB1 is learned at its port. */
static struct bench *start(void)
{
    struct bench *bench = bench_start("leaf", NULL);
    give(bench, WEB1_PORT, UDP_WEB1_WEB2);
    pass_over(bench);
    return bench;
}

static void vxlan_1_2_3_hash_5_encapsulates_for_the_learned_remote(void **state)
{
    struct bench *bench = start();
    (void)state;
    gives_tx(bench, 1, FAR_WEB1_RECEIVED, WEB1_PORT, FAR_WEB1);
    for (uint32_t i = 0; i < 3; i++)
        gives_tx(bench, WEB1_PORT, WEB1_FAR, 1, WEB1_FAR_ENCAPSULATED);
    assert_int_equal(cache_hits(bench), 2);
    bench_stop(bench);
}

static void vxlan_2_computes_a_checksum_where_it_is_wanted(void **state)
{
    struct bench *bench = start();
    (void)state;
    give(bench, 21, BROADCAST_DB1);
    expect_tx(bench, 1, BROADCAST_DB1_TO_2);
    expect_fate(bench, IRB_IGNORED);
    bench_stop(bench);
}

static void vxlan_3_over_ipv6(void **state)
{
    struct bench *bench = start();
    (void)state;
    give(bench, 41, UDP_WEB1_WEB2);
    expect_tx(bench, 42, UDP_WEB1_WEB2);
    expect_tx(bench, 2, NET40_TO_62);
    bench_stop(bench);
}

static void vxlan_7_learn_1_follows_the_remote(void **state)
{
    struct bench *bench = start();
    (void)state;
    for (uint32_t i = 0; i < 2; i++)
        gives_tx(bench, 1, FAR_WEB1_RECEIVED, WEB1_PORT, FAR_WEB1);
    gives_tx(bench, WEB1_PORT, WEB1_FAR, 1, WEB1_FAR_ENCAPSULATED);
    /* Seen behind another VTEP: what goes to it leaves by the sealed port now. */
    gives_tx(bench, 1, FAR_WEB1_FROM_3, WEB1_PORT, FAR_WEB1);
    give(bench, WEB1_PORT, WEB1_FAR);
    assert_int_equal(bench->effects.count, 1);
    assert_int_equal(bench->effects.list[0].interface, 3);
    pass_over(bench);
    bench_stop(bench);
}

static void vxlan_5_refuses_in_order(void **state)
{
    struct bench *bench = start();
    (void)state;
    gives_tx(bench, 1, FAR_WEB1_RECEIVED, WEB1_PORT, FAR_WEB1);
    gives_fate(bench, 1, FAR_WEB1_UDP_LENGTH, UDP_LENGTH);
    gives_fate(bench, 1, FAR_WEB1_WRONG_CHECKSUM, UDP_CHECKSUM);
    gives_fate(bench, 1, FAR_WEB1_NO_FLAG, VXLAN_FLAGS);
    gives_fate(bench, 1, FAR_WEB1_UNKNOWN_VNI, VXLAN_VNI_UNKNOWN);
    gives_fate(bench, 1, FAR_WEB1_FOREIGN, VXLAN_SOURCE_UNKNOWN);
    gives_fate(bench, 1, FAR_SHORT_INNER, FRAME_TRUNCATED);
    gives_fate(bench, 1, FAR_WEB1_OVERSIZE, FRAME_OVERSIZE);
    gives_tx(bench, 1, FAR_WEB1_CHECKSUM, WEB1_PORT, FAR_WEB1);
    bench_stop(bench);
}

static void vxlan_6_merges_ecn(void **state)
{
    struct bench *bench = start();
    (void)state;
    gives_tx(bench, 1, FAR_WEB1_RECEIVED, WEB1_PORT, FAR_WEB1);
    gives_fate(bench, 1, FAR_WEB1_CE, ECN_INVALID);
    gives_tx(bench, 1, FAR_WEB1_ECT0_CE, WEB1_PORT, FAR_WEB1_ECT0_BECAME_CE);
    gives_tx(bench, 1, FAR_WEB1_ECT0_ECT1, WEB1_PORT, FAR_WEB1_ECT0_BECAME_ECT1);
    bench_stop(bench);
}

static void vxlan_1_holds_its_mtu(void **state)
{
    struct bench *bench = bench_start(
        "leaf",
        "\"vni\":10010,\"underlayVrf\":0,\"local\":\"10.255.0.1\",\"port\":4789,\"mtu\":1500",
        "\"vni\":10010,\"underlayVrf\":0,\"local\":\"10.255.0.1\",\"port\":4789,\"mtu\":1400",
        NULL);
    (void)state;
    give(bench, WEB1_PORT, UDP_WEB1_WEB2_1401);
    expect_fate(bench, MTU_EXCEEDED); /* port 12 */
    expect_fate(bench, MTU_EXCEEDED); /* remote 2 */
    expect_fate(bench, MTU_EXCEEDED); /* remote 3 */
    give(bench, WEB1_PORT, UDP_WEB1_WEB2_1400);
    assert_int_equal(bench->effects.count, 3);
    assert_int_equal(bench->effects.list[1].kind, ZT_EFFECT_TX);
    pass_over(bench);
    bench_stop(bench);
}

static void ctrl_2_a_changed_vni_counts_for_cached_flows(void **state)
{
    struct bench *bench = start();
    (void)state;
    for (uint32_t i = 0; i < 2; i++)
        gives_tx(bench, 1, FAR_WEB1_RECEIVED, WEB1_PORT, FAR_WEB1);
    control(bench, "{\"id\":1,\"op\":\"set-vni\",\"interface\":13,\"vni\":11111}");
    gives_fate(bench, 1, FAR_WEB1_RECEIVED, VXLAN_VNI_UNKNOWN);
    gives_tx(bench, 1, FAR_WEB1_UNKNOWN_VNI, WEB1_PORT, FAR_WEB1);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vxlan_1_2_3_hash_5_encapsulates_for_the_learned_remote),
        cmocka_unit_test(vxlan_2_computes_a_checksum_where_it_is_wanted),
        cmocka_unit_test(vxlan_3_over_ipv6),
        cmocka_unit_test(vxlan_7_learn_1_follows_the_remote),
        cmocka_unit_test(vxlan_5_refuses_in_order),
        cmocka_unit_test(vxlan_6_merges_ecn),
        cmocka_unit_test(vxlan_1_holds_its_mtu),
        cmocka_unit_test(ctrl_2_a_changed_vni_counts_for_cached_flows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
