/* SPDX-License-Identifier: Apache-2.0 */
/* §10 ARP and §11 neighbour discovery in a bridge with an IRB. */
#include "test/support.h"

#define WEB1_PORT 11
#define WEB2_PORT 12

/* WEB2 announces itself by ARP: it is bound and learned. */
static void announce_web2(struct bench *bench)
{
    give(bench, WEB2_PORT, ARP_WEB2_ANNOUNCE);
    pass_over(bench);
}

/* Whether the leaf answers for WEB2, and does not flood. */
static bool is_suppressed(struct bench *bench)
{
    give(bench, WEB1_PORT, ARP_WEB1_WEB2);
    bool suppressed = bench->effects.list[0].kind == ZT_EFFECT_FATE &&
                      bench->effects.list[0].fate == ZT_FATE_ARP_SUPPRESSED;
    pass_over(bench);
    return suppressed;
}

static void arp_1_short_arp_is_forwarded_uninspected(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, 51, ARP_SHORT);
    expect_fate(bench, IRB_IGNORED);
    bench_stop(bench);
}

static void arp_2_binds_what_a_host_says_of_itself(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    assert_false(is_suppressed(bench));
    announce_web2(bench);
    assert_true(is_suppressed(bench));
    bench_stop(bench);
}

static void arp_2_does_not_bind_foreign_lying_or_edge_addresses(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, WEB2_PORT, ARP_FOREIGN_ANNOUNCE);
    pass_over(bench);
    give(bench, WEB2_PORT, ARP_LYING_ANNOUNCE);
    pass_over(bench);
    give(bench, WEB2_PORT, ARP_EDGE_ANNOUNCE);
    pass_over(bench);
    assert_false(is_suppressed(bench));
    give(bench, WEB1_PORT, ARP_WEB1_FOREIGN);
    expect_tx(bench, WEB2_PORT, ARP_WEB1_FOREIGN);
    pass_over(bench);
    give(bench, WEB1_PORT, ARP_WEB1_EDGE);
    expect_tx(bench, WEB2_PORT, ARP_WEB1_EDGE);
    pass_over(bench);
    bench_stop(bench);
}

static void arp_3_answers_for_the_gateway(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY);
    expect_fate(bench, ARP_ANSWERED);
    expect_tx(bench, WEB1_PORT, ARP_GATEWAY_WEB1);
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY_UNICAST);
    expect_fate(bench, ARP_ANSWERED);
    expect_tx(bench, WEB1_PORT, ARP_GATEWAY_WEB1);
    bench_stop(bench);
}

static void arp_3_answers_a_remote_host_by_its_vtep(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, 1, FAR_ARP_GATEWAY_RECEIVED);
    expect_fate(bench, ARP_ANSWERED);
    expect_tx(bench, 1, FAR_ARP_GATEWAY_ANSWER);
    bench_stop(bench);
}

static void arp_4_answers_for_a_known_host(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    announce_web2(bench);
    give(bench, WEB1_PORT, ARP_WEB1_WEB2);
    expect_fate(bench, ARP_SUPPRESSED);
    expect_tx(bench, WEB1_PORT, ARP_WEB1_WEB2_SUPPRESSED);
    bench_stop(bench);
}

static void arp_4_lets_probes_and_announcements_through(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, WEB1_PORT, ARP_WEB1_ANNOUNCE);
    pass_over(bench);
    give(bench, WEB2_PORT, ARP_WEB2_PROBE);
    expect_tx(bench, WEB1_PORT, ARP_WEB2_PROBE);
    pass_over(bench);
    give(bench, WEB2_PORT, ARP_WEB2_ANNOUNCE);
    expect_tx(bench, WEB1_PORT, ARP_WEB2_ANNOUNCE);
    pass_over(bench);
    bench_stop(bench);
}

static void neigh_2_a_binding_ends_with_its_lifetime(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    announce_web2(bench);
    bench->now += 60 * SECOND - 1;
    assert_true(is_suppressed(bench));
    bench->now += 1;
    assert_false(is_suppressed(bench));
    bench_stop(bench);
}

static void irb_3_arp_that_needs_no_answer_ends_at_the_gateway(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_fate(bench, WEB2_PORT, ARP_WEB2_REPLY_GATEWAY, ARP_IGNORED);
    bench_stop(bench);
}

static void nd_3_answers_for_the_gateway(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, WEB1_PORT, NS_WEB1_GATEWAY);
    expect_fate(bench, ND_ANSWERED);
    expect_tx(bench, WEB1_PORT, NA_GATEWAY_WEB1);
    give(bench, WEB1_PORT, NS_DAD_GATEWAY);
    expect_fate(bench, ND_ANSWERED);
    expect_tx(bench, WEB1_PORT, NA_DAD_GATEWAY);
    give(bench, WEB1_PORT, NS_WEB1_LLSYS);
    expect_fate(bench, ND_ANSWERED);
    expect_tx(bench, WEB1_PORT, NA_LLSYS_WEB1);
    bench_stop(bench);
}

static void nd_1_invalid_messages_are_forwarded(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, WEB1_PORT, NS_WEB1_GATEWAY_HOP64);
    expect_tx(bench, WEB2_PORT, NS_WEB1_GATEWAY_HOP64);
    pass_over(bench);
    give(bench, WEB1_PORT, NS_BAD_CHECKSUM);
    expect_tx(bench, WEB2_PORT, NS_BAD_CHECKSUM);
    pass_over(bench);
    /* Solicited to all: it binds nobody. */
    give(bench, WEB2_PORT, NA_WEB2_ALL_SOLICITED);
    pass_over(bench);
    give(bench, WEB1_PORT, NS_WEB1_WEB2);
    expect_tx(bench, WEB2_PORT, NS_WEB1_WEB2);
    pass_over(bench);
    bench_stop(bench);
}

static void nd_2_nd_4_binds_and_answers_for_a_known_host(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, WEB2_PORT, NA_WEB2_ALL);
    pass_over(bench);
    give(bench, WEB1_PORT, NS_WEB1_WEB2);
    expect_fate(bench, ND_SUPPRESSED);
    expect_tx(bench, WEB1_PORT, NA_WEB2_WEB1_SUPPRESSED);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arp_1_short_arp_is_forwarded_uninspected),
        cmocka_unit_test(arp_2_binds_what_a_host_says_of_itself),
        cmocka_unit_test(arp_2_does_not_bind_foreign_lying_or_edge_addresses),
        cmocka_unit_test(arp_3_answers_for_the_gateway),
        cmocka_unit_test(arp_3_answers_a_remote_host_by_its_vtep),
        cmocka_unit_test(arp_4_answers_for_a_known_host),
        cmocka_unit_test(arp_4_lets_probes_and_announcements_through),
        cmocka_unit_test(neigh_2_a_binding_ends_with_its_lifetime),
        cmocka_unit_test(irb_3_arp_that_needs_no_answer_ends_at_the_gateway),
        cmocka_unit_test(nd_3_answers_for_the_gateway),
        cmocka_unit_test(nd_1_invalid_messages_are_forwarded),
        cmocka_unit_test(nd_2_nd_4_binds_and_answers_for_a_known_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
