/* SPDX-License-Identifier: Apache-2.0 */
/* §8 SNOOP-1 to SNOOP-6 (RFC 4541). */
#include <stdio.h>

#include "test/changes.h"

#define SNOOPING \
    "\"name\":\"br10\",\"kind\":\"bridge\",", \
        "\"name\":\"br10\",\"kind\":\"bridge\",\"snooping\":260000000000,"
#define LIFETIME (260 * SECOND)

#define G "239.1.2.3"
#define G6 "ff05::1234"
#define OF(group, rest) "{\"bridge\":10,\"group\":\"" group "\",\"interface\":" rest "}"

static struct bench *start(void)
{
    return bench_start("leaf", SNOOPING, NULL);
}

/* What becomes of a frame: ports of tx, punts and names of fates in their order, like `12 1 3 irb-ignored`. */
static void comes_to(struct bench *bench, const char *wanted)
{
    char found[1024] = "";
    for (uint32_t i = 0; i < bench->effects.count; i++) {
        const struct zt_effect *effect = &bench->effects.list[i];
        size_t used = strlen(found);
        if (effect->kind == ZT_EFFECT_FATE)
            snprintf(found + used, sizeof found - used, "%s%s", i == 0 ? "" : " ",
                     zt_fate_name(effect->fate));
        else
            snprintf(found + used, sizeof found - used, "%s%u", i == 0 ? "" : " ",
                     effect->interface);
    }
    if (strcmp(found, wanted) != 0)
        fail_msg("`%s` is wanted, not `%s`", wanted, found);
    pass_over(bench);
}

static void gives(struct bench *bench, uint16_t port, const char *hex, const char *wanted)
{
    give(bench, port, hex);
    comes_to(bench, wanted);
}

/* To the other port, to both remotes (by ports 1 and 3), to the gateway. */
#define TO_ALL "12 1 3 irb-ignored"
#define TO_VXLAN "1 3 irb-ignored"

static bool is_member(struct bench *bench, const char *text)
{
    return tables_hold(bench, text);
}
#define HAS(bench, group, rest) assert_true(is_member(bench, OF(group, rest)))
#define HAS_NOT(bench, group, rest) assert_false(is_member(bench, OF(group, rest)))
#define NOBODY "\"memberships\":[]"

static void snoop_1_without_snooping_all_is_flooded(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives(bench, WEB1_PORT, IGMP_JOIN_WEB1, TO_ALL);
    assert_true(is_member(bench, NOBODY));
    gives(bench, WEB1_PORT, GROUP_WEB1, TO_ALL);
    gives(bench, WEB1_PORT, MLD_JOIN_WEB1, TO_ALL);
    bench_stop(bench);
}

static void snoop_2_reports_of_every_version_make_a_membership(void **state)
{
    static const struct {
        const char *frame, *membership;
    } reports[] = {
        { IGMP1_JOIN_WEB1, OF(G, "11") }, { IGMP_JOIN_WEB1, OF(G, "11") },
        { IGMP3_JOIN_WEB1, OF(G, "11") }, { MLD_JOIN_WEB1, OF(G6, "11") },
        { MLD2_JOIN_WEB1, OF(G6, "11") },
    };
    (void)state;
    for (uint32_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        struct bench *bench = start();
        gives(bench, WEB1_PORT, reports[i].frame, TO_VXLAN);
        assert_true(is_member(bench, reports[i].membership));
        bench_stop(bench);
    }
}

static void snoop_2_records_count_as_their_types_and_sources_say(void **state)
{
    struct bench *bench = start();
    (void)state;
    gives(bench, WEB1_PORT, IGMP3_MANY_WEB1, TO_VXLAN);
    HAS(bench, "239.9.0.1", "11");
    HAS(bench, "239.9.0.2", "11");
    HAS(bench, "239.9.0.3", "11");
    HAS(bench, "239.9.0.4", "11");
    HAS_NOT(bench, "239.9.0.5", "11");
    HAS_NOT(bench, "239.9.0.6", "11");
    HAS_NOT(bench, "239.9.0.7", "11");
    gives(bench, WEB1_PORT, MLD2_JOIN_WEB1, TO_VXLAN);
    bench_stop(bench);
    bench = start();
    gives(bench, WEB1_PORT, MLD2_JOIN_WEB1, TO_VXLAN);
    HAS(bench, G6, "11");
    HAS(bench, "ff05::1", "11");
    HAS_NOT(bench, "ff05::2", "11");
    bench_stop(bench);
}

static void snoop_2_records_are_read_as_many_as_the_message_says_and_holds(void **state)
{
    struct bench *bench = start();
    (void)state;
    gives(bench, WEB1_PORT, IGMP3_SAYS_MORE_WEB1, TO_VXLAN);
    HAS(bench, G, "11");
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\"}");
    gives(bench, WEB1_PORT, IGMP3_SAYS_LESS_WEB1, TO_VXLAN);
    HAS(bench, G, "11");
    HAS_NOT(bench, "239.1.2.4", "11");
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\"}");
    gives(bench, WEB1_PORT, IGMP3_CUT_WEB1, TO_VXLAN);
    HAS(bench, G, "11");
    HAS_NOT(bench, "239.1.2.4", "11");
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\"}");
    gives(bench, WEB1_PORT, IGMP3_LIES_WEB1, TO_VXLAN);
    HAS(bench, G, "11");
    HAS_NOT(bench, "239.1.2.4", "11");
    bench_stop(bench);
}

static void snoop_2_groups_of_the_link_and_no_groups_are_passed_over(void **state)
{
    struct bench *bench = start();
    (void)state;
    gives(bench, WEB1_PORT, IGMP_JOIN_LINK_WEB1, TO_VXLAN);
    gives(bench, WEB1_PORT, IGMP_JOIN_UNICAST_WEB1, TO_VXLAN);
    gives(bench, WEB1_PORT, MLD_JOIN_LINK_WEB1, TO_VXLAN);
    assert_true(is_member(bench, NOBODY));
    /* And frames to them go to everybody, whoever wants what. */
    gives(bench, WEB2_PORT, IGMP_JOIN_WEB2, TO_VXLAN);
    gives(bench, WEB1_PORT, GROUP_LINK_WEB1, TO_ALL);
    gives(bench, WEB2_PORT, GROUP6_LINK_WEB2, "11 1 3 irb-ignored");
    bench_stop(bench);
}

/* The frame with one octet of its packet turned over, and the IPv4 header checksum put right if there is one. */
static void give_changed(struct bench *bench, const char *hex, uint32_t at, uint8_t bits)
{
    uint32_t length;
    uint8_t *frame = octets(hex, &length);
    struct zt_ip_packet packet;
    assert_true(at < length);
    frame[at] ^= bits;
    if (frame[12] == 0x08 && zt_ipv4_read(frame + 14, length - 14, &packet) &&
        at < 14 + packet.header) {
        zt_store_u16(frame + 24, 0);
        zt_store_be16(frame + 24,
                      zt_sum_checksum(zt_sum_add((zt_sum){ 0 }, frame + 14, packet.header)));
    }
    give_octets(bench, WEB1_PORT, frame, length);
    free(frame);
}

static void snoop_1_what_is_not_whole_and_right_is_not_looked_at(void **state)
{
    struct bench *bench = start();
    (void)state;
    /* The IGMP checksum, the IPv4 one, a fragment, another protocol. */
    give_changed(bench, IGMP_JOIN_WEB1, 40, 1);
    comes_to(bench, TO_ALL);
    uint32_t length;
    uint8_t *frame = octets(IGMP_JOIN_WEB1, &length);
    frame[25] ^= 1;
    give_octets(bench, WEB1_PORT, frame, length);
    comes_to(bench, TO_ALL);
    free(frame);
    gives(bench, WEB1_PORT, IGMP_JOIN_FRAGMENT_WEB1, TO_ALL);
    give_changed(bench, IGMP_JOIN_WEB1, 23, 1);
    comes_to(bench, TO_ALL);
    /* ICMPv6: checksum, hop limit, no hop-by-hop header, one that is longer than 8 octets says. */
    give_changed(bench, MLD_JOIN_WEB1, 64, 1);
    comes_to(bench, TO_ALL);
    gives(bench, WEB1_PORT, MLD_JOIN_FAR_HOPS_WEB1, TO_ALL);
    gives(bench, WEB1_PORT, MLD_JOIN_BARE_WEB1, TO_ALL);
    give_changed(bench, MLD_JOIN_WEB1, 55, 1);
    comes_to(bench, TO_ALL);
    assert_true(is_member(bench, NOBODY));
    bench_stop(bench);
}

/* RFC 1071 over the message again, for a packet that was cut off. */
static void cut_message(uint8_t *frame, uint32_t header, uint32_t octets_left)
{
    if (frame[12] == 0x08) {
        zt_store_u16(frame + 16, (uint16_t)(header + octets_left));
        zt_store_u16(frame + 24, 0);
        zt_store_be16(frame + 24, zt_sum_checksum(zt_sum_add((zt_sum){ 0 }, frame + 14, header)));
        zt_store_u16(frame + 14 + header + 2, 0);
        zt_store_be16(frame + 14 + header + 2,
                      zt_sum_checksum(zt_sum_add((zt_sum){ 0 }, frame + 14 + header, octets_left)));
        return;
    }
    zt_store_u16(frame + 18, (uint16_t)(8 + octets_left));
    zt_icmp_write_checksum(frame + 14, ZT_IPV6, frame + 62, octets_left);
}

static void
snoop_1_messages_cut_off_anywhere_make_no_membership_and_are_never_read_beyond(void **state)
{
    static const struct {
        const char *frame;
        uint32_t header, message;
    } cases[] = {
        { IGMP_JOIN_WEB1, 24, 8 },
        { IGMP3_JOIN_WEB1, 24, 16 },
        { MLD_JOIN_WEB1, 48, 24 },
        { MLD2_JOIN_WEB1, 48, 100 },
    };
    (void)state;
    for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (uint32_t left = 4; left < cases[i].message; left++) {
            struct bench *bench = start();
            uint32_t length;
            uint8_t *whole = octets(cases[i].frame, &length);
            uint32_t cut = 14 + cases[i].header + left;
            assert_true(cut < length);
            uint8_t *frame = malloc(cut);
            memcpy(frame, whole, cut);
            cut_message(frame, cases[i].header, left);
            give_octets(bench, WEB1_PORT, frame, cut);
            pass_over(bench);
            /* Of MLD2's three records the first is whole from 28 octets on. */
            if (i < 3 || left < 28)
                assert_true(is_member(bench, NOBODY));
            else
                HAS(bench, G6, "11");
            free(frame);
            free(whole);
            bench_stop(bench);
        }
    }
}

static void snoop_3_leaves_end_a_membership_of_a_port_at_once(void **state)
{
    static const struct {
        const char *join, *leave;
    } pairs[] = {
        { IGMP_JOIN_WEB1, IGMP_LEAVE_WEB1 },  { IGMP3_JOIN_WEB1, IGMP3_LEAVE_WEB1 },
        { IGMP_JOIN_WEB1, IGMP3_LEAVE_WEB1 }, { MLD_JOIN_WEB1, MLD_LEAVE_WEB1 },
        { MLD2_JOIN_WEB1, MLD2_LEAVE_WEB1 },
    };
    struct bench *bench = start();
    (void)state;
    for (uint32_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        gives(bench, WEB1_PORT, pairs[i].join, TO_VXLAN);
        assert_false(is_member(bench, NOBODY));
        gives(bench, WEB1_PORT, pairs[i].leave, TO_VXLAN);
        HAS_NOT(bench, G, "11");
        HAS_NOT(bench, G6, "11");
    }
    /* Another's membership stays. */
    gives(bench, WEB1_PORT, IGMP_JOIN_WEB1, TO_VXLAN);
    gives(bench, WEB2_PORT, IGMP_LEAVE_WEB2, TO_VXLAN);
    HAS(bench, G, "11");
    bench_stop(bench);
}

static void snoop_3_leaves_from_a_vxlan_end_nothing(void **state)
{
    struct bench *bench = start();
    (void)state;
    gives(bench, 1, FAR_IGMP_JOIN_RECEIVED, "irb-ignored");
    HAS(bench, G, "13,\"remote\":\"10.255.0.2\"");
    gives(bench, 1, FAR_IGMP_LEAVE_RECEIVED, "irb-ignored");
    HAS(bench, G, "13,\"remote\":\"10.255.0.2\"");
    bench_stop(bench);
}

static void snoop_4_reports_go_to_vxlan_members_and_queries_to_all(void **state)
{
    struct bench *bench = start();
    (void)state;
    gives(bench, WEB1_PORT, IGMP_LEAVE_WEB1, TO_VXLAN);
    gives(bench, WEB1_PORT, IGMP_UNKNOWN_WEB1, TO_VXLAN);
    gives(bench, WEB1_PORT, IGMP_QUERY_WEB1, TO_ALL);
    gives(bench, WEB1_PORT, MLD_QUERY_WEB1, TO_ALL);
    /* ICMPv6 of another type in the same dress is nobody's report. */
    gives(bench, WEB1_PORT, HOP_BY_HOP_ECHO_WEB1, TO_ALL);
    /* In a frame to one host it is a report all the same; the IRB gets no copy. */
    gives(bench, WEB1_PORT, IGMP_JOIN_TO_WEB2, "1 3");
    HAS(bench, G, "11");
    bench_stop(bench);
    /* A bridge of ports alone: nobody is to hear a report. */
    bench = bench_start("leaf", SNOOPING,
                        "{\"interface\":13,\"remotes\":[\"10.255.0.2\",\"10.255.0.3\"]},", "",
                        "\"name\":\"br40\",\"kind\":\"bridge\",",
                        "\"name\":\"br40\",\"kind\":\"bridge\",\"snooping\":1000000000,",
                        "{\"interface\":43,\"remotes\":[\"2001:db8:ff::2\"]}",
                        "{\"interface\":43,\"remotes\":[]}", NULL);
    gives(bench, WEB1_PORT, IGMP_JOIN_WEB1, "irb-ignored");
    gives(bench, 41, IGMP_JOIN_WEB1, "flood-empty");
    bench_stop(bench);
}

static void snoop_5_multicast_goes_to_whom_it_is_wanted_by(void **state)
{
    struct bench *bench = start();
    (void)state;
    gives(bench, WEB1_PORT, GROUP_WEB1, TO_ALL);
    gives(bench, WEB2_PORT, IGMP_JOIN_WEB2, TO_VXLAN);
    gives(bench, WEB1_PORT, GROUP_WEB1, "12 irb-ignored");
    gives(bench, 1, FAR_GROUP_RECEIVED, "12 irb-ignored");
    /* Its own member gets nothing of what it sends. */
    gives(bench, WEB2_PORT, GROUP_WEB2, "irb-ignored");
    /* Another group, of which nobody is a member. */
    gives(bench, WEB1_PORT, GROUP_2_WEB1, TO_ALL);
    /* One of two remotes; then both. */
    gives(bench, 1, FAR_IGMP_JOIN_FROM_3, "irb-ignored");
    gives(bench, WEB1_PORT, GROUP_WEB1, "12 3 irb-ignored");
    gives(bench, 1, FAR_IGMP_JOIN_RECEIVED, "irb-ignored");
    gives(bench, WEB1_PORT, GROUP_WEB1, "12 1 3 irb-ignored");
    gives(bench, WEB2_PORT, IGMP_LEAVE_WEB2, TO_VXLAN);
    gives(bench, WEB1_PORT, GROUP_WEB1, TO_VXLAN);
    /* From one VTEP to another nothing goes, member or not. */
    gives(bench, 1, FAR_GROUP_RECEIVED, "irb-ignored");
    /* A remote that the flood list has lost gets no copy, and is a member still. */
    control(bench, APPLY(FLOOD(13, "\"10.255.0.3\"")));
    gives(bench, WEB1_PORT, GROUP_WEB1, "3 irb-ignored");
    bench_stop(bench);
}

static void snoop_5_holds_for_ipv6_and_for_frames_with_the_group_bit_alone(void **state)
{
    struct bench *bench = start();
    (void)state;
    gives(bench, WEB2_PORT, GROUP6_WEB2, "11 1 3 irb-ignored");
    gives(bench, WEB1_PORT, MLD_JOIN_WEB1, TO_VXLAN);
    gives(bench, WEB2_PORT, GROUP6_WEB2, "11 irb-ignored");
    /* A packet to a group in a frame to one host goes by the FDB. */
    gives(bench, WEB1_PORT, IGMP_JOIN_WEB1, TO_VXLAN);
    gives(bench, WEB2_PORT, IGMP_LEAVE_WEB2, TO_VXLAN);
    gives(bench, WEB1_PORT, GROUP_TO_WEB2, "12");
    /* A packet that is not well-formed is flooded as ever. */
    give_changed(bench, GROUP_WEB1, 25, 0);
    comes_to(bench, "irb-ignored");
    uint32_t length;
    uint8_t *frame = octets(GROUP_WEB1, &length);
    frame[25] ^= 1;
    give_octets(bench, WEB1_PORT, frame, length);
    comes_to(bench, TO_ALL);
    free(frame);
    bench_stop(bench);
}

static void snoop_5_memberships_end_by_time_and_are_refreshed(void **state)
{
    struct bench *bench = start();
    (void)state;
    gives(bench, WEB2_PORT, IGMP_JOIN_WEB2, TO_VXLAN);
    bench->now += LIFETIME - 1;
    gives(bench, WEB1_PORT, GROUP_WEB1, "12 irb-ignored");
    gives(bench, WEB2_PORT, IGMP3_JOIN_WEB2, TO_VXLAN);
    bench->now += LIFETIME - 1;
    gives(bench, WEB1_PORT, GROUP_WEB1, "12 irb-ignored");
    bench->now += 1;
    gives(bench, WEB1_PORT, GROUP_WEB1, TO_ALL);
    assert_true(is_member(bench, NOBODY));
    bench_stop(bench);
}

/* A version 2 report for 239.0.HIGH.LOW. */
static void join(struct bench *bench, uint32_t group)
{
    uint32_t length;
    uint8_t *frame = octets(IGMP_JOIN_WEB1, &length);
    frame[42] = 239;
    frame[43] = (uint8_t)(group >> 16);
    frame[44] = (uint8_t)(group >> 8);
    frame[45] = (uint8_t)group;
    cut_message(frame, 24, 8);
    give_octets(bench, WEB1_PORT, frame, 46);
    pass_over(bench);
    free(frame);
}

static uint32_t count_memberships(struct bench *bench)
{
    uint32_t counts[2];
    for (uint32_t i = 0; i < 2; i++) {
        size_t length;
        char *tables = zt_machine_tables_json(bench->machines[i], bench->now, &length);
        counts[i] = 0;
        for (const char *at = tables; (at = strstr(at, "\"group\":")) != NULL; at++)
            counts[i]++;
        free(tables);
    }
    assert_int_equal(counts[0], counts[1]);
    return counts[0];
}

static void snoop_6_a_bridge_holds_as_many_memberships_as_its_limit(void **state)
{
    struct bench *bench = start();
    (void)state;
    for (uint32_t group = 1; group <= 6; group++)
        join(bench, group);
    assert_int_equal(count_memberships(bench), 4);
    HAS(bench, "239.0.0.4", "11");
    HAS_NOT(bench, "239.0.0.5", "11");
    /* Those that are there are refreshed all the same, and what has ended makes room. */
    bench->now += LIFETIME - SECOND;
    join(bench, 2);
    bench->now += SECOND;
    join(bench, 9);
    assert_int_equal(count_memberships(bench), 2);
    HAS(bench, "239.0.0.2", "11");
    HAS(bench, "239.0.0.9", "11");
    bench_stop(bench);
}

static void snoop_6_many_memberships_come_and_go(void **state)
{
    struct bench *bench = bench_start(
        "leaf", SNOOPING, "\"snooping\":260000000000,\"ageing\":300000000000,\"fdbLimit\":4",
        "\"snooping\":260000000000,\"ageing\":300000000000,\"fdbLimit\":2000", NULL);
    (void)state;
    for (uint32_t group = 0; group < 3000; group++)
        join(bench, group);
    assert_int_equal(count_memberships(bench), 2000);
    bench->now += LIFETIME;
    for (uint32_t group = 10000; group < 10010; group++)
        join(bench, group);
    assert_int_equal(count_memberships(bench), 10);
    bench_stop(bench);
}

static void ctrl_3_a_flush_of_the_fdb_forgets_memberships(void **state)
{
    static const char *const all[] = { "", ",\"interface\":10" };
    struct bench *bench = start();
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        char text[80];
        gives(bench, WEB1_PORT, IGMP_JOIN_WEB1, TO_VXLAN);
        gives(bench, 1, FAR_IGMP_JOIN_RECEIVED, "irb-ignored");
        control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"neighbours\"}");
        HAS(bench, G, "11");
        snprintf(text, sizeof text, "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\"%s}", all[i]);
        control(bench, text);
        assert_true(is_member(bench, NOBODY));
    }
    /* Of one member: that of the other stays. */
    gives(bench, WEB1_PORT, IGMP_JOIN_WEB1, TO_VXLAN);
    gives(bench, 1, FAR_IGMP_JOIN_RECEIVED, "irb-ignored");
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\",\"interface\":13}");
    HAS(bench, G, "11");
    HAS_NOT(bench, G, "13,\"remote\":\"10.255.0.2\"");
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\",\"interface\":21}");
    HAS(bench, G, "11");
    /* A load forgets all. */
    load(bench, "leaf", SNOOPING, NULL);
    assert_true(is_member(bench, NOBODY));
    bench_stop(bench);
}

static void model_1_no_report_hides_in_a_cached_flow(void **state)
{
    struct bench *bench = start();
    (void)state;
    gives(bench, WEB2_PORT, GROUP_WEB2, "11 1 3 irb-ignored");
    for (uint32_t i = 0; i < 3; i++) {
        /* Unicast frames of the same kind are cached, reports among them are not. */
        gives(bench, WEB1_PORT, GROUP_TO_WEB2, "12");
        gives(bench, WEB1_PORT, IGMP_JOIN_TO_WEB2, "1 3");
        HAS(bench, G, "11");
        gives(bench, WEB2_PORT, GROUP_WEB2, "11 irb-ignored");
        gives(bench, WEB1_PORT, IGMP_LEAVE_WEB1, TO_VXLAN);
        HAS_NOT(bench, G, "11");
        gives(bench, WEB2_PORT, GROUP_WEB2, "11 1 3 irb-ignored");
    }
    assert_int_equal(cache_hits(bench), 2);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snoop_1_without_snooping_all_is_flooded),
        cmocka_unit_test(snoop_2_reports_of_every_version_make_a_membership),
        cmocka_unit_test(snoop_2_records_count_as_their_types_and_sources_say),
        cmocka_unit_test(snoop_2_records_are_read_as_many_as_the_message_says_and_holds),
        cmocka_unit_test(snoop_2_groups_of_the_link_and_no_groups_are_passed_over),
        cmocka_unit_test(snoop_1_what_is_not_whole_and_right_is_not_looked_at),
        cmocka_unit_test(
            snoop_1_messages_cut_off_anywhere_make_no_membership_and_are_never_read_beyond),
        cmocka_unit_test(snoop_3_leaves_end_a_membership_of_a_port_at_once),
        cmocka_unit_test(snoop_3_leaves_from_a_vxlan_end_nothing),
        cmocka_unit_test(snoop_4_reports_go_to_vxlan_members_and_queries_to_all),
        cmocka_unit_test(snoop_5_multicast_goes_to_whom_it_is_wanted_by),
        cmocka_unit_test(snoop_5_holds_for_ipv6_and_for_frames_with_the_group_bit_alone),
        cmocka_unit_test(snoop_5_memberships_end_by_time_and_are_refreshed),
        cmocka_unit_test(snoop_6_a_bridge_holds_as_many_memberships_as_its_limit),
        cmocka_unit_test(snoop_6_many_memberships_come_and_go),
        cmocka_unit_test(ctrl_3_a_flush_of_the_fdb_forgets_memberships),
        cmocka_unit_test(model_1_no_report_hides_in_a_cached_flow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
