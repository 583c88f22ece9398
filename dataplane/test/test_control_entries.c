/* SPDX-License-Identifier: Apache-2.0 */
/* What `apply` has set: control entries (LEARN-6, LEARN-2) and control neighbours (NEIGH-8). */
#include "test/changes.h"

/* ---- LEARN-6, LEARN-2 */

static void learn_6_a_control_entry_leads_and_does_not_age(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    control(bench, APPLY(FDB(10, WEB2, TO_VTEP(13, "10.255.0.2", false))));
    expect_end(bench);
    for (uint32_t i = 0; i < 3; i++) {
        gives_tx(bench, WEB1_PORT, UDP_WEB1_WEB2, 1, UDP_WEB1_WEB2_TO_2);
        bench->now += 1000 * SECOND;
    }
    assert_false(tables_hold(bench, WEB2));
    control(bench, APPLY(FDB(10, WEB2, TO_PORT(12, false))));
    gives_tx(bench, WEB1_PORT, UDP_WEB1_WEB2, WEB2_PORT, UDP_WEB1_WEB2);
    bench_stop(bench);
}

static void learn_6_yields_to_what_a_port_hears(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    control(bench, APPLY(FDB(10, WEB2, TO_VTEP(13, "10.255.0.2", false))));
    gives_tx(bench, WEB1_PORT, UDP_WEB1_WEB2, 1, UDP_WEB1_WEB2_TO_2);
    gives_tx(bench, WEB2_PORT, UDP_WEB2_WEB1, WEB1_PORT, UDP_WEB2_WEB1);
    gives_tx(bench, WEB1_PORT, UDP_WEB1_WEB2, WEB2_PORT, UDP_WEB1_WEB2);
    assert_true(tables_hold(bench, "\"mac\":\"" WEB2 "\",\"interface\":12,\"age\":0"));
    /* It is dynamic now, and what was there before does not come back. */
    bench->now += 300 * SECOND;
    give(bench, WEB1_PORT, UDP_WEB1_WEB2);
    assert_int_equal(bench->effects.count, 3);
    pass_over(bench);
    bench_stop(bench);
}

static void learn_6_yields_to_the_port_that_it_names(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    control(bench, APPLY(FDB(10, WEB2, TO_PORT(12, false))));
    assert_false(tables_hold(bench, WEB2));
    gives_tx(bench, WEB2_PORT, UDP_WEB2_WEB1, WEB1_PORT, UDP_WEB2_WEB1);
    assert_true(tables_hold(bench, "\"mac\":\"" WEB2 "\",\"interface\":12,\"age\":0"));
    bench_stop(bench);
}

static void learn_6_stays_when_a_vxlan_frame_has_its_mac_and_the_frame_goes_on(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    control(bench, APPLY(FDB(10, WEB2, TO_VTEP(13, "10.255.0.2", false))));
    uint64_t before = cache_hits(bench);
    for (uint32_t i = 0; i < 3; i++)
        gives_tx(bench, 1, FAR_WEB2_FROM_3, WEB1_PORT, UDP_WEB2_WEB1);
    assert_int_equal(cache_hits(bench), before + 2);
    gives_tx(bench, WEB1_PORT, UDP_WEB1_WEB2, 1, UDP_WEB1_WEB2_TO_2);
    assert_false(tables_hold(bench, WEB2));
    /* A port hears it, and the flow that is in the cache has to teach from then on (LEARN-3). */
    gives_tx(bench, WEB2_PORT, UDP_WEB2_WEB1, WEB1_PORT, UDP_WEB2_WEB1);
    assert_true(tables_hold(bench, "\"mac\":\"" WEB2 "\",\"interface\":12,\"age\":0"));
    gives_tx(bench, 1, FAR_WEB2_FROM_3, WEB1_PORT, UDP_WEB2_WEB1);
    assert_true(tables_hold(bench, "\"mac\":\"" WEB2
                                   "\",\"interface\":13,\"remote\":\"10.255.0.3\",\"age\":0"));
    bench_stop(bench);
}

static void learn_2_a_sticky_entry_is_as_a_static_one(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    control(bench, APPLY(FDB(10, WEB2, TO_VTEP(13, "10.255.0.2", true))));
    gives_fate(bench, WEB2_PORT, UDP_WEB2_WEB1, STATIC_MAC_MOVE);
    gives_fate(bench, 1, FAR_WEB2_FROM_3, STATIC_MAC_MOVE);
    gives_tx(bench, 1, FAR_WEB2_RECEIVED, WEB1_PORT, UDP_WEB2_WEB1);
    gives_tx(bench, WEB1_PORT, UDP_WEB1_WEB2, 1, UDP_WEB1_WEB2_TO_2);
    bench_stop(bench);
}

static void
learn_2_a_sticky_entry_is_held_where_nothing_is_learned_and_by_cached_flows(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    gives_fate(bench, 1, UDP_FAR_WEB1_L3_FROM_3, STATIC_MAC_MOVE);
    control(bench, APPLY(FDB(30, "02:aa:00:00:00:02", "null")));
    for (uint32_t i = 0; i < 2; i++)
        gives_tx(bench, 1, UDP_FAR_WEB1_L3_FROM_3, WEB1_PORT, UDP_FAR_WEB1_L3_OUT);
    control(bench, APPLY(FDB(30, "02:aa:00:00:00:02", TO_VTEP(33, "10.255.0.2", true))));
    gives_fate(bench, 1, UDP_FAR_WEB1_L3_FROM_3, STATIC_MAC_MOVE);
    gives_tx(bench, 1, UDP_FAR_WEB1_L3, WEB1_PORT, UDP_FAR_WEB1_L3_OUT);
    control(bench, APPLY(FDB(30, "02:aa:00:00:00:02", "null")));
    gives_tx(bench, 1, UDP_FAR_WEB1_L3_FROM_3, WEB1_PORT, UDP_FAR_WEB1_L3_OUT);
    bench_stop(bench);
}

static void learn_6_the_limit_counts_dynamic_entries_alone(void **state)
{
    static const char *const hello[] = { HELLO_1, HELLO_2, HELLO_3, HELLO_4, HELLO_5, HELLO_6 };
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    control(bench, APPLY(FDB(40, "02:cc:00:00:00:06", TO_PORT(41, false)) "," FDB(
                       40, "02:cc:00:00:00:07", TO_PORT(41, false)) ","
                                                                    "" FDB(40, "02:cc:00:00:00:08",
                                                                           TO_PORT(41, true))));
    for (uint32_t i = 0; i < 5; i++) { /* fdbLimit is 4 */
        give(bench, 42, hello[i]);
        pass_over(bench);
    }
    gives_tx(bench, 41, TO_4, 42, TO_4);
    give(bench, 41, TO_5);
    assert_int_equal(bench->effects.count, 2);
    pass_over(bench);
    /* No room for a dynamic one in its place (LEARN-5): the control entry stays. */
    give(bench, 42, HELLO_6);
    pass_over(bench);
    gives_tx(bench, 42, TO_6, 41, TO_6);
    bench->now += 5 * SECOND;
    give(bench, 42, HELLO_6);
    pass_over(bench);
    gives_tx(bench, 41, TO_6, 42, TO_6);
    bench_stop(bench);
}

/* ---- NEIGH-8 */

static void neigh_8_a_control_neighbour_is_answered_for_and_does_not_end(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    control(bench, APPLY(NEIGHBOUR(14, "10.1.0.12", TO_MAC(WEB2, false)) "," NEIGHBOUR(
                       14, "2001:db8:1::12", TO_MAC(WEB2, true))));
    for (uint32_t i = 0; i < 2; i++) {
        give(bench, WEB1_PORT, ARP_WEB1_WEB2);
        expect_fate(bench, ARP_SUPPRESSED);
        expect_tx(bench, WEB1_PORT, ARP_WEB1_WEB2_SUPPRESSED);
        give(bench, WEB1_PORT, NS_WEB1_WEB2);
        expect_fate(bench, ND_SUPPRESSED);
        expect_tx(bench, WEB1_PORT, NA_WEB2_WEB1_SUPPRESSED);
        bench->now += 1000 * SECOND;
    }
    bench_stop(bench);
}

static void neigh_8_yields_to_a_binding_from_a_port(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    control(bench, APPLY(NEIGHBOUR(14, "10.1.0.12", TO_MAC(WEB3, false))));
    assert_true(is_answered(bench, ARP_WEB1_WEB2_ANSWERED_BY_3));
    give(bench, WEB2_PORT, ARP_WEB2_ANNOUNCE);
    pass_over(bench);
    assert_true(is_answered(bench, ARP_WEB1_WEB2_SUPPRESSED));
    assert_true(tables_hold(bench, "\"address\":\"10.1.0.12\",\"state\":\"resolved\""));
    bench->now += 60 * SECOND;
    assert_false(is_answered(bench, ARP_WEB1_WEB2_SUPPRESSED));
    bench_stop(bench);
}

static void neigh_8_stays_when_a_vxlan_frame_binds(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    control(bench, APPLY(NEIGHBOUR(14, "10.1.0.12", TO_MAC(WEB3, false)) "," NEIGHBOUR(
                       14, "2001:db8:1::12", TO_MAC(WEB3, false))));
    give(bench, 1, FAR_ARP_WEB2_ANNOUNCE);
    pass_over(bench);
    give(bench, 1, FAR_NA_WEB2_ALL);
    pass_over(bench);
    assert_true(is_answered(bench, ARP_WEB1_WEB2_ANSWERED_BY_3));
    give(bench, WEB1_PORT, NS_WEB1_WEB2);
    expect_fate(bench, ND_SUPPRESSED);
    expect_tx(bench, WEB1_PORT, NA_WEB2_ANSWERED_BY_3);
    bench_stop(bench);
}

static void neigh_8_a_sticky_one_is_never_changed_by_what_is_heard(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    control(bench, APPLY(NEIGHBOUR(14, "10.1.0.12", TO_MAC(WEB3, true))));
    give(bench, WEB2_PORT, ARP_WEB2_ANNOUNCE);
    pass_over(bench);
    bench->now += 100 * SECOND;
    assert_true(is_answered(bench, ARP_WEB1_WEB2_ANSWERED_BY_3));
    bench_stop(bench);
}

static void neigh_8_the_limit_counts_dynamic_neighbours_alone(void **state)
{
    struct bench *bench = start_with_web1(); /* neighbourLimit is 3, WEB1 the first */
    (void)state;
    control(bench, APPLY(NEIGHBOUR(14, "10.1.0.50", TO_MAC(WEB3, false)) "," NEIGHBOUR(
                       14, "10.1.0.51", TO_MAC(WEB3, true)) "," NEIGHBOUR(14, "10.1.0.12",
                                                                          TO_MAC(WEB3, false))));
    give(bench, WEB1_PORT, NS_WEB1_GATEWAY);
    pass_over(bench);
    give(bench, WEB2_PORT, NA_WEB2_ALL);
    pass_over(bench);
    assert_true(tables_hold(bench, "\"address\":\"2001:db8:1::12\",\"state\":\"resolved\""));
    /* Full: no dynamic one comes in the place of a control neighbour (NEIGH-5). */
    give(bench, WEB2_PORT, ARP_WEB2_ANNOUNCE);
    pass_over(bench);
    assert_true(is_answered(bench, ARP_WEB1_WEB2_ANSWERED_BY_3));
    gives_fate(bench, WEB1_PORT, UDP_WEB1_WEB3, NEIGHBOUR_FULL);
    bench_stop(bench);
}

static void neigh_8_packets_are_sent_to_a_control_neighbour(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    control(bench, APPLY(FDB(10, WEB3, TO_PORT(12, false)) "," NEIGHBOUR(14, "10.1.0.13",
                                                                         TO_MAC(WEB3, false))));
    for (uint32_t i = 0; i < 3; i++) {
        gives_tx(bench, WEB1_PORT, UDP_WEB1_WEB3, WEB2_PORT, UDP_WEB1_WEB3_ROUTED);
        bench->now += 200 * SECOND;
    }
    control(bench, APPLY(NEIGHBOUR(14, "10.1.0.13", "null")));
    give(bench, WEB1_PORT, UDP_WEB1_WEB3);
    assert_true(tables_hold(bench, "\"address\":\"10.1.0.13\",\"state\":\"incomplete\""));
    pass_over(bench);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learn_6_a_control_entry_leads_and_does_not_age),
        cmocka_unit_test(learn_6_yields_to_what_a_port_hears),
        cmocka_unit_test(learn_6_yields_to_the_port_that_it_names),
        cmocka_unit_test(learn_6_stays_when_a_vxlan_frame_has_its_mac_and_the_frame_goes_on),
        cmocka_unit_test(learn_2_a_sticky_entry_is_as_a_static_one),
        cmocka_unit_test(
            learn_2_a_sticky_entry_is_held_where_nothing_is_learned_and_by_cached_flows),
        cmocka_unit_test(learn_6_the_limit_counts_dynamic_entries_alone),
        cmocka_unit_test(neigh_8_a_control_neighbour_is_answered_for_and_does_not_end),
        cmocka_unit_test(neigh_8_yields_to_a_binding_from_a_port),
        cmocka_unit_test(neigh_8_stays_when_a_vxlan_frame_binds),
        cmocka_unit_test(neigh_8_a_sticky_one_is_never_changed_by_what_is_heard),
        cmocka_unit_test(neigh_8_the_limit_counts_dynamic_neighbours_alone),
        cmocka_unit_test(neigh_8_packets_are_sent_to_a_control_neighbour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
