/* SPDX-License-Identifier: Apache-2.0 */
/* §17 CTRL-6: changes of tables, whole or not at all. */
#include <stdio.h>

#include "test/changes.h"

static char *program_of(struct bench *bench)
{
    size_t length;
    return zt_machine_program_json(bench->machines[0], &length);
}

static bool program_holds(struct bench *bench, const char *text)
{
    char *program = program_of(bench);
    bool found = strstr(program, text) != NULL;
    free(program);
    return found;
}

static void ctrl_6_a_held_packet_is_sent_where_its_neighbour_stands_in_the_list(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    give(bench, WEB1_PORT, UDP_WEB1_WEB3);
    pass_over(bench);
    control(bench, APPLY(FDB(10, WEB3, TO_PORT(12, false)) "," NEIGHBOUR(14, "10.1.0.13",
                                                                         TO_MAC(WEB3, false))));
    expect_tx(bench, WEB2_PORT, UDP_WEB1_WEB3_ROUTED);
    expect_end(bench);
    assert_true(tables_hold(bench, "\"neighbours\":[{\"interface\":14,\"address\":\"10.1.0.11\""));
    bench->now += 10 * SECOND;
    tick(bench); /* nothing waits any more */
    expect_end(bench);
    bench_stop(bench);

    bench = start_with_web1();
    give(bench, WEB1_PORT, UDP_WEB1_WEB3);
    pass_over(bench);
    control(bench, APPLY(NEIGHBOUR(14, "10.1.0.13",
                                   TO_MAC(WEB3, false)) "," FDB(10, WEB3, TO_PORT(12, false))));
    /* The FDB does not know it yet: flooded, to the other port first. */
    expect_tx(bench, WEB1_PORT, UDP_WEB1_WEB3_ROUTED);
    expect_tx(bench, WEB2_PORT, UDP_WEB1_WEB3_ROUTED);
    assert_int_equal(bench->effects.count, 4);
    pass_over(bench);
    bench_stop(bench);
}

static void ctrl_6_a_route_is_set_replaced_and_removed(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    give(bench, WEB1_PORT, UDP_WEB1_NOWHERE);
    expect_fate(bench, NO_ROUTE);
    expect_tx(bench, WEB1_PORT, NET_UNREACHABLE_WEB1);
    control(bench, APPLY(ROUTE(1, "192.0.2.0/24", "[" BY(34, "10.255.0.2") "]")));
    for (uint32_t i = 0; i < 2; i++)
        gives_tx(bench, WEB1_PORT, UDP_WEB1_NOWHERE, 1, UDP_WEB1_NOWHERE_OUT);
    control(bench, APPLY(ROUTE(1, "192.0.2.0/24", "[{\"interface\":14}]")));
    give(bench, WEB1_PORT, UDP_WEB1_NOWHERE);
    assert_true(tables_hold(bench, "\"address\":\"192.0.2.1\",\"state\":\"incomplete\""));
    pass_over(bench);
    control(bench, APPLY(ROUTE(1, "192.0.2.0/24", "null")));
    give(bench, WEB1_PORT, UDP_WEB1_NOWHERE);
    expect_fate(bench, NO_ROUTE);
    expect_tx(bench, WEB1_PORT, NET_UNREACHABLE_WEB1);
    bench_stop(bench);
}

static void ctrl_6_a_route_gets_a_group_of_its_own(void **state)
{
    struct bench *bench =
        bench_start("leaf", "\"10.255.0.3/32\",\"group\":2", "\"10.255.0.3/32\",\"group\":1", NULL);
    (void)state;
    gives_tx(bench, 1, TRANSIT, 1, TRANSIT_OUT);
    gives_tx(bench, 1, TRANSIT_TO_3, 1, TRANSIT_TO_3_BY_1);
    control(bench, APPLY(ROUTE(0, "10.255.0.2/32", "[" BY(2, "10.254.0.2") "]")));
    gives_tx(bench, 1, TRANSIT, 2, TRANSIT_OUT_2);
    gives_tx(bench, 1, TRANSIT_TO_3, 1, TRANSIT_TO_3_BY_1);
    bench_stop(bench);
}

static void ctrl_6_members_are_chosen_in_the_given_order(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_tx(bench, 1, ECMP_0, 1, ECMP_0_OUT);
    gives_tx(bench, 1, ECMP_1, 2, ECMP_1_OUT);
    control(
        bench,
        APPLY(ROUTE(0, "10.200.0.0/16",
                    "[" BY(2, "10.254.0.2") "," BY(1, "10.254.0.0") "," BY(4, "10.254.0.4") "]")));
    give(bench, 1, ECMP_0);
    assert_int_equal(bench->effects.list[0].interface, 2);
    pass_over(bench);
    give(bench, 1, ECMP_1);
    assert_int_equal(bench->effects.list[0].interface, 1);
    pass_over(bench);
    bench_stop(bench);
}

static void ctrl_6_removal_takes_what_the_program_has(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    gives_tx(bench, WEB1_PORT, UDP_WEB1_FAR, 1, UDP_WEB1_FAR_OUT);
    gives_tx(bench, 41, TO_STATIC, 42, TO_STATIC);
    control(bench, APPLY(NEIGHBOUR(34, "10.255.0.2", "null")));
    gives_fate(bench, WEB1_PORT, UDP_WEB1_FAR, NEIGHBOUR_MISSING);
    control(bench,
            APPLY(ROUTE(1, "10.1.2.0/24", "null") "," ROUTE(1, "10.66.0.0/16", "null") "," ROUTE(
                1, "10.1.1.0/24", "null") "," FDB(40, "02:bb:00:00:00:99", "null")));
    give(bench, WEB1_PORT, UDP_WEB1_FAR);
    expect_fate(bench, NO_ROUTE);
    pass_over(bench);
    give(bench, WEB1_PORT, UDP_WEB1_BLACKHOLE);
    expect_fate(bench, NO_ROUTE);
    pass_over(bench);
    give(bench, 41, TO_STATIC);
    assert_int_equal(bench->effects.count, 2);
    pass_over(bench);
    assert_false(program_holds(bench, "02:bb:00:00:00:99"));
    assert_false(program_holds(bench, "\"connected\":24"));
    bench_stop(bench);
}

static void ctrl_6_removal_leaves_what_is_dynamic_and_what_is_not_there_is_no_error(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    give(bench, WEB2_PORT, ARP_WEB2_ANNOUNCE);
    pass_over(bench);
    give(bench, WEB1_PORT, UDP_WEB1_WEB3);
    pass_over(bench);
    control(bench, APPLY(FDB(10, WEB2, "null") "," NEIGHBOUR(14, "10.1.0.12", "null") "," NEIGHBOUR(
                       14, "10.1.0.13",
                       "null") "," NEIGHBOUR(14, "10.1.0.99",
                                             "null") "," FDB(10, "02:00:00:00:00:77",
                                                             "null") "," ROUTE(0, "203.0.113.0/24",
                                                                               "null")));
    expect_end(bench);
    assert_true(tables_hold(bench, "\"mac\":\"" WEB2 "\",\"interface\":12"));
    assert_true(tables_hold(bench, "\"address\":\"10.1.0.12\",\"state\":\"resolved\""));
    assert_true(tables_hold(bench, "\"address\":\"10.1.0.13\",\"state\":\"incomplete\""));
    bench_stop(bench);
}

static void ctrl_6_an_entry_takes_the_place_of_whatever_is_there(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    give(bench, WEB2_PORT, ARP_WEB2_ANNOUNCE); /* both dynamic */
    pass_over(bench);
    gives_tx(bench, WEB1_PORT, UDP_WEB1_WEB2, WEB2_PORT, UDP_WEB1_WEB2);
    control(bench, APPLY(FDB(10, WEB2, TO_VTEP(13, "10.255.0.2", false)) "," NEIGHBOUR(
                       14, "10.1.0.12", TO_MAC(WEB3, false)) "," FDB(40, "02:bb:00:00:00:99",
                                                                     TO_PORT(41, false))));
    gives_tx(bench, WEB1_PORT, UDP_WEB1_WEB2, 1, UDP_WEB1_WEB2_TO_2);
    assert_true(is_answered(bench, ARP_WEB1_WEB2_ANSWERED_BY_3));
    assert_false(tables_hold(bench, WEB2));
    /* What was static is a control entry that yields. */
    give(bench, 42, STATIC_SOURCE);
    pass_over(bench);
    gives_tx(bench, 41, TO_STATIC, 42, TO_STATIC);
    bench_stop(bench);
}

static void ctrl_6_a_flood_list_is_taken_in_its_order(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    control(bench, APPLY(FLOOD(13, "\"10.255.0.3\",\"10.255.0.2\"")));
    give(bench, WEB1_PORT, BROADCAST_WEB1);
    expect_tx(bench, WEB2_PORT, BROADCAST_WEB1);
    expect_tx(bench, 3, BROADCAST_WEB1_TO_3);
    expect_tx(bench, 1, BROADCAST_WEB1_TO_2);
    expect_fate(bench, IRB_IGNORED);
    control(bench, APPLY(FLOOD(13, "") "," FLOOD(13, "\"10.255.0.2\"")));
    give(bench, WEB1_PORT, BROADCAST_WEB1);
    expect_tx(bench, WEB2_PORT, BROADCAST_WEB1);
    expect_tx(bench, 1, BROADCAST_WEB1_TO_2);
    expect_fate(bench, IRB_IGNORED);
    control(bench, APPLY(FLOOD(13, "")));
    give(bench, WEB1_PORT, BROADCAST_WEB1);
    expect_tx(bench, WEB2_PORT, BROADCAST_WEB1);
    expect_fate(bench, IRB_IGNORED);
    bench_stop(bench);
}

static void ctrl_6_a_refused_change_refuses_the_list_and_is_named(void **state)
{
    static const char good[] = FDB(10, WEB2, TO_VTEP(13, "10.255.0.2", false)) "," NEIGHBOUR(
        14, "10.1.0.12", TO_MAC(WEB3, false)) "," ROUTE(0, "203.0.113.0/24",
                                                        "[" BY(1, "10.254.0.0") "]") "," FLOOD(13,
                                                                                               "");
    static const struct {
        const char *change, *code, *where;
    } wrong[] = {
        /* Refused. */
        { ROUTE(9, "203.0.113.0/24", "null"), "change-refused", "$.changes[4].vrf" },
        { ROUTE(0, "203.0.113.0/24", "[" BY(99, "10.254.0.0") "]"), "change-refused",
          "$.changes[4].members[0].interface" },
        { ROUTE(0, "203.0.113.0/24", "[" BY(1, "10.254.0.0") "," BY(14, "10.1.0.5") "]"),
          "change-refused", "$.changes[4].members[1].interface" },
        { ROUTE(0, "203.0.113.0/24", "[" BY(5, "10.254.0.0") "]"), "change-refused",
          "$.changes[4].members[0].interface" },
        { ROUTE(0, "203.0.113.0/24", "[" BY(3, "10.254.0.0") "]"), "change-refused",
          "$.changes[4].members[0].interface" },
        { FDB(99, WEB2, "null"), "change-refused", "$.changes[4].bridge" },
        { FDB(14, WEB2, "null"), "change-refused", "$.changes[4].bridge" },
        { FDB(10, "03:bb:00:00:00:12", "null"), "change-refused", "$.changes[4].mac" },
        { FDB(10, WEB2, TO_PORT(41, false)), "change-refused", "$.changes[4].to.interface" },
        { FDB(10, WEB2, TO_PORT(14, false)), "change-refused", "$.changes[4].to.interface" },
        { FDB(10, WEB2, TO_PORT(13, false)), "change-refused", "$.changes[4].to" },
        { FDB(10, WEB2, TO_VTEP(12, "10.255.0.2", false)), "change-refused", "$.changes[4].to" },
        { FDB(10, WEB2, TO_VTEP(13, "2001:db8::1", false)), "change-refused",
          "$.changes[4].to.remote" },
        { NEIGHBOUR(11, "10.1.0.12", "null"), "change-refused", "$.changes[4].interface" },
        { NEIGHBOUR(1, "10.254.0.0", TO_MAC(WEB2, true)), "change-refused",
          "$.changes[4].interface" },
        { NEIGHBOUR(14, "10.1.0.1", TO_MAC(WEB2, true)), "change-refused", "$.changes[4].address" },
        { NEIGHBOUR(14, "fe80::5eff:fe00:1", "null"), "change-refused", "$.changes[4].address" },
        { NEIGHBOUR(14, "10.1.0.12", TO_MAC("ff:ff:ff:ff:ff:ff", true)), "change-refused",
          "$.changes[4].to.mac" },
        { FLOOD(12, ""), "change-refused", "$.changes[4].interface" },
        { FLOOD(13, "\"10.255.0.2\",\"2001:db8::1\""), "change-refused",
          "$.changes[4].remotes[1]" },
        /* Malformed. */
        { "7", "request-invalid", "$.changes[4]" },
        { "{}", "request-invalid", "$.changes[4]" },
        { "{\"table\":\"arp\"}", "request-invalid", "$.changes[4].table" },
        { ROUTE(0, "203.0.113.1/24", "null"), "request-invalid", "$.changes[4].prefix" },
        { ROUTE(0, "203.0.113.0/24", "[]"), "request-invalid", "$.changes[4].members" },
        { ROUTE(0, "203.0.113.0/24", "[{\"gateway\":\"10.0.0.1\"}]"), "request-invalid",
          "$.changes[4].members[0]" },
        { ROUTE(-1, "203.0.113.0/24", "null"), "request-invalid", "$.changes[4].vrf" },
        { FDB(10, WEB2, "{\"interface\":12}"), "request-invalid", "$.changes[4].to" },
        { FDB(10, "02:BB:00:00:00:12", "null"), "request-invalid", "$.changes[4].mac" },
        { NEIGHBOUR(14, "10.1.0.012", "null"), "request-invalid", "$.changes[4].address" },
        { NEIGHBOUR(14, "10.1.0.12", "{\"mac\":\"" WEB2 "\",\"sticky\":1}"), "request-invalid",
          "$.changes[4].to.sticky" },
        { "{\"table\":\"flood\",\"interface\":13,\"remotes\":null}", "request-invalid",
          "$.changes[4].remotes" },
    };
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    for (uint32_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[4096];
        snprintf(text, sizeof text, "{\"id\":1,\"op\":\"apply\",\"changes\":[%s,%s]}", good,
                 wrong[i].change);
        for (uint32_t m = 0; m < 2; m++) {
            struct zt_error error = { 0 };
            struct zt_effects effects;
            assert_false(zt_machine_control(bench->machines[m], bench->now, text, strlen(text),
                                            &effects, &error));
            assert_int_equal(effects.count, 0);
            assert_string_equal(error.code, wrong[i].code);
            assert_string_equal(error.where, wrong[i].where);
        }
    }
    char *program = program_of(bench);
    assert_string_equal(program, bench->program);
    free(program);
    give(bench, WEB1_PORT, UDP_WEB1_WEB2);
    assert_int_equal(bench->effects.count, 3); /* flooded: no entry, and the whole flood list */
    pass_over(bench);
    control_refused(bench, "{\"id\":1,\"op\":\"apply\"}", "request-invalid");
    control_refused(bench, "{\"id\":1,\"op\":\"apply\",\"changes\":{}}", "request-invalid");
    bench_stop(bench);
}

static void ctrl_6_no_overlay_comes_to_carry_itself(void **state)
{
    struct bench *bench =
        bench_start("leaf", "{\"id\":50,",
                    "{\"id\":44,\"name\":\"irb44\",\"kind\":\"irb\",\"bridge\":40,\"vrf\":0,"
                    "\"mac\":\"02:00:5e:00:00:01\",\"systemMac\":\"02:aa:00:00:00:01\","
                    "\"addresses\":[\"2001:db8:44::1/64\"],\"mtu\":1500,\"suppress\":false,"
                    "\"neighbourLifetime\":60000000000,\"neighbourLimit\":3},{\"id\":50,",
                    NULL);
    (void)state;
    /* Bridge 40 sends in VRF 0, from which a route by irb 44 leads back into it. */
    static const struct {
        const char *changes, *where;
    } wrong[] = {
        { ROUTE(0, "2001:db8:ff::2/128", "[{\"interface\":44}]"), "$.changes[0]" },
        { FLOOD(13, "") "," ROUTE(0, "198.51.100.0/24",
                                  "[" BY(1, "10.254.0.0") "," BY(44, "2001:db8:44::2") "]"),
          "$.changes[1]" },
        /* Also where it would be taken back before a frame comes. */
        { ROUTE(0, "198.51.100.0/24", "[" BY(1, "10.254.0.0") "]") "," ROUTE(
              0, "198.51.100.0/24",
              "[" BY(44, "2001:db8:44::2") "]") "," ROUTE(0, "198.51.100.0/24", "null"),
          "$.changes[1]" },
    };
    for (uint32_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[1024];
        struct zt_error error = { 0 };
        struct zt_effects effects;
        snprintf(text, sizeof text, APPLY("%s"), wrong[i].changes);
        assert_false(zt_machine_control(bench->machines[0], bench->now, text, strlen(text),
                                        &effects, &error));
        assert_string_equal(error.code, "change-refused");
        assert_string_equal(error.where, wrong[i].where);
    }
    char *program = program_of(bench);
    assert_string_equal(program, bench->program);
    free(program);
    bench_stop(bench);
}

static void ctrl_6_stands_in_the_program_which_can_be_loaded(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    control(
        bench,
        APPLY(ROUTE(0, "203.0.113.0/24", "[" BY(1, "10.254.0.0") "," BY(2, "2001:db8:fe::2") "]") "," ROUTE(0, "10.255.0.2/32", "[{\"interface\":2}]") "," ROUTE(
            1, "10.66.0.0/16",
            "null") "," FDB(10, WEB2,
                            TO_VTEP(
                                13, "10.255.0.2",
                                false)) "," FDB(10, WEB3,
                                                TO_PORT(
                                                    12,
                                                    true)) "," NEIGHBOUR(14, "10.1.0.12",
                                                                         TO_MAC(
                                                                             WEB2,
                                                                             true)) "," NEIGHBOUR(14,
                                                                                                  "10.1.0.11",
                                                                                                  TO_MAC(
                                                                                                      WEB3,
                                                                                                      false)) "," FLOOD(13,
                                                                                                                        "\"10.255.0.3\"")));
    char *program = program_of(bench);
    assert_non_null(strstr(program, "{\"vrf\":0,\"prefix\":\"203.0.113.0/24\",\"group\":7}"));
    assert_non_null(strstr(program, "{\"vrf\":0,\"prefix\":\"10.255.0.2/32\",\"group\":6}"));
    assert_non_null(strstr(program, "{\"id\":6,\"members\":[{\"interface\":2}]}"));
    assert_non_null(strstr(program, "{\"id\":7,\"members\":[{\"interface\":1,\"gateway\":"
                                    "\"10.254.0.0\"},{\"interface\":2,\"gateway\":"
                                    "\"2001:db8:fe::2\"}]}"));
    assert_null(strstr(program, "blackhole"));
    assert_non_null(strstr(program, "\"fdb\":[{\"bridge\":10,\"mac\":\"" WEB2
                                    "\",\"interface\":13,\"remote\":\"10.255.0.2\"},"
                                    "{\"bridge\":10,\"mac\":\"" WEB3 "\",\"interface\":12},"
                                    "{\"bridge\":30,"));
    assert_non_null(strstr(program, "{\"interface\":14,\"address\":\"10.1.0.11\",\"mac\":\"" WEB3
                                    "\"},{\"interface\":14,\"address\":\"10.1.0.12\",\"mac\":"
                                    "\"" WEB2 "\"},{\"interface\":34,"));
    assert_non_null(strstr(program, "\"flood\":[{\"interface\":13,\"remotes\":[\"10.255.0.3\"]},"));
    /* Loaded, it is what it says, and says so again after a change that changes nothing. */
    for (uint32_t i = 0; i < 2; i++) {
        struct zt_effects effects;
        struct zt_error error = { 0 };
        if (!zt_machine_load(bench->machines[i], bench->now, program, strlen(program), NULL,
                             &effects, &error))
            fail_msg("%s: %s", error.where, error.message);
    }
    control(bench, APPLY(FDB(10, "02:00:00:00:00:77", "null")));
    char *again = program_of(bench);
    assert_string_equal(again, program);
    free(again);
    free(program);
    bench_stop(bench);
}

static void ctrl_6_an_empty_list_changes_nothing(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    control(bench, APPLY(""));
    char *program = program_of(bench);
    assert_string_equal(program, bench->program);
    free(program);
    bench_stop(bench);
}

static void ctrl_1_load_forgets_what_was_applied(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    control(bench, APPLY(FDB(10, WEB2, TO_VTEP(13, "10.255.0.2", true)) "," NEIGHBOUR(
                       14, "10.1.0.12", TO_MAC(WEB3, true)) "," ROUTE(1, "192.0.2.0/24",
                                                                      "[{\"interface\":14}]")));
    load(bench, "leaf", NULL);
    char *program = program_of(bench);
    assert_string_equal(program, bench->program);
    free(program);
    assert_false(is_answered(bench, ARP_WEB1_WEB2_ANSWERED_BY_3));
    gives_tx(bench, WEB2_PORT, UDP_WEB2_WEB1, WEB1_PORT, UDP_WEB2_WEB1);
    bench_stop(bench);
}

static void ctrl_3_a_flush_leaves_what_was_applied(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    control(bench, APPLY(FDB(10, WEB2, TO_VTEP(13, "10.255.0.2", false)) "," NEIGHBOUR(
                       14, "10.1.0.12", TO_MAC(WEB3, false))));
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\"}");
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"neighbours\"}");
    gives_tx(bench, WEB1_PORT, UDP_WEB1_WEB2, 1, UDP_WEB1_WEB2_TO_2);
    assert_true(is_answered(bench, ARP_WEB1_WEB2_ANSWERED_BY_3));
    bench_stop(bench);
}

/* ---- any routes in any order */

static uint64_t random_state = 20261121;
static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % below);
}

/* Routes by the number of their interface, as a list that is searched from end to end. */
struct model {
    uint32_t address, length, interface;
};

static void ctrl_6_routes_come_and_go_and_the_longest_is_found(void **state)
{
    static struct model model[1500];
    struct bench *bench = bench_start("leaf", NULL);
    uint32_t frame_length, count = 0;
    uint8_t *frame = octets(ECMP_0, &frame_length);
    (void)state;
    /* Without the program's routes to 10.200.0.0/16. */
    control(bench, APPLY(ROUTE(0, "10.200.0.0/16", "null")));
    for (uint32_t step = 0; step < 2000; step++) {
        uint32_t length = 17 + draw(16), mask = ~UINT32_C(0) << (32 - length), at = 0;
        uint32_t address = (0x0ac80000u | draw(64) << 10 | draw(4)) & mask;
        uint32_t interface = draw(3); /* 0 removes */
        char text[300];
        snprintf(text, sizeof text,
                 APPLY("{\"table\":\"route\",\"vrf\":0,\"prefix\":\"%u.%u.%u.%u/%u\","
                       "\"members\":%s}"),
                 address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255, length,
                 interface == 0   ? "null"
                 : interface == 1 ? "[" BY(1, "10.254.0.0") "]"
                                  : "[" BY(2, "10.254.0.2") "]");
        control(bench, text);
        while (at < count && (model[at].address != address || model[at].length != length))
            at++;
        if (interface == 0 && at < count)
            model[at] = model[--count];
        else if (interface != 0 && at < 1500)
            model[at] = (struct model){ address, length, interface };
        if (interface != 0 && at == count)
            count++;
        assert_true(count < 1500);
        uint32_t wanted = 0, best = 0, destination = 0x0ac80000u | draw(64) << 10 | draw(4);
        for (uint32_t i = 0; i < count; i++) {
            if ((destination & ~UINT32_C(0) << (32 - model[i].length)) == model[i].address &&
                model[i].length >= best) {
                best = model[i].length;
                wanted = model[i].interface;
            }
        }
        zt_store_u32(frame + 30, destination);
        zt_store_u16(frame + 24, 0);
        zt_store_be16(frame + 24, zt_sum_checksum(zt_sum_add((zt_sum){ 0 }, frame + 14, 20)));
        give_octets(bench, 1, frame, frame_length);
        if (wanted == 0)
            expect_fate(bench, NO_ROUTE);
        else
            assert_int_equal(bench->effects.list[0].interface, wanted);
        pass_over(bench);
    }
    free(frame);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ctrl_6_a_held_packet_is_sent_where_its_neighbour_stands_in_the_list),
        cmocka_unit_test(ctrl_6_a_route_is_set_replaced_and_removed),
        cmocka_unit_test(ctrl_6_a_route_gets_a_group_of_its_own),
        cmocka_unit_test(ctrl_6_members_are_chosen_in_the_given_order),
        cmocka_unit_test(ctrl_6_removal_takes_what_the_program_has),
        cmocka_unit_test(ctrl_6_removal_leaves_what_is_dynamic_and_what_is_not_there_is_no_error),
        cmocka_unit_test(ctrl_6_an_entry_takes_the_place_of_whatever_is_there),
        cmocka_unit_test(ctrl_6_a_flood_list_is_taken_in_its_order),
        cmocka_unit_test(ctrl_6_a_refused_change_refuses_the_list_and_is_named),
        cmocka_unit_test(ctrl_6_no_overlay_comes_to_carry_itself),
        cmocka_unit_test(ctrl_6_stands_in_the_program_which_can_be_loaded),
        cmocka_unit_test(ctrl_6_an_empty_list_changes_nothing),
        cmocka_unit_test(ctrl_1_load_forgets_what_was_applied),
        cmocka_unit_test(ctrl_3_a_flush_leaves_what_was_applied),
        cmocka_unit_test(ctrl_6_routes_come_and_go_and_the_longest_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
