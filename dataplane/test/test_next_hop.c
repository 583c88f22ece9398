/* SPDX-License-Identifier: Apache-2.0 */
/* §3 HASH-4, HASH-6, §4 PORT-6, §17 CTRL-8; row C14. */
#include <stdio.h>

#include "test/changes.h"
#include "test/groups.h"
#include "ztos/hash.h"

/* Shares of flows by member, from 1. */
static void count_flows(struct zt_machine *machine, uint32_t flows, bool ipv6, uint32_t *counts)
{
    memset(counts, 0, (MEMBERS_MAX + 1) * sizeof *counts);
    for (uint32_t n = 0; n < flows; n++)
        counts[member_of(machine, n, ipv6)]++;
}

/* Each member has its share within 5 %. */
static void is_fair(const struct group_program *program, const uint32_t *counts, uint32_t flows)
{
    double sum = 0;
    for (uint32_t i = 0; i < program->members; i++)
        sum += program->weights[i] == 0 ? 1 : program->weights[i];
    for (uint32_t i = 0; i < program->members; i++) {
        double weight = program->weights[i] == 0 ? 1 : program->weights[i];
        double wanted = flows * weight / sum;
        if (counts[i + 1] < wanted * 0.95 || counts[i + 1] > wanted * 1.05)
            fail_msg("%s: member %u of %u has %u flows, %.0f are its share",
                     program->resilient ? "HASH-6" : "HASH-4", i + 1, program->members,
                     counts[i + 1], wanted);
    }
}

static void c14_hash_4_6_flows_are_shared_out_evenly_and_by_weights(void **state)
{
    static const struct group_program programs[] = {
        { .members = 2 },
        { .members = 3 },
        { .members = 8 },
        { .members = 64 },
        { .members = 2, .weights = { 1, 3 } },
        { .members = 3, .weights = { 10, 0, 5 } },
        { .members = 4, .weights = { 4, 3, 2, 1 } },
        { .members = 8, .weights = { 256, 128, 128, 64, 64, 64, 64, 256 } },
    };
    static uint32_t counts[MEMBERS_MAX + 1];
    (void)state;
    for (uint32_t i = 0; i < 2 * sizeof programs / sizeof *programs; i++) {
        struct group_program program = programs[i / 2];
        program.resilient = i % 2 == 1;
        /* So many that chance alone stays far within 5 %. */
        uint32_t flows = 10000 * (program.members > 10 ? program.members : 10);
        struct zt_machine *machine = start_group(&program, false);
        count_flows(machine, flows, i % 4 == 2, counts);
        is_fair(&program, counts, flows);
        zt_machine_destroy(machine);
    }
}

#define FLOWS 20000
static uint16_t before[FLOWS];

static void remember(struct zt_machine *machine)
{
    for (uint32_t n = 0; n < FLOWS; n++)
        before[n] = member_of(machine, n, n % 2);
}

static void c14_hash_6_a_member_that_goes_moves_its_own_flows_alone_and_they_come_back(void **state)
{
    const struct group_program program = { .members = 8,
                                           .resilient = true,
                                           .weights = { 2, 0, 1, 4, 0, 0, 3, 1 } };
    struct zt_machine *machine = start_group(&program, true);
    (void)state;
    remember(machine);
    for (uint16_t gone = 1; gone <= 8; gone++) {
        uint32_t moved[9] = { 0 };
        set_carrier(machine, gone, false);
        for (uint32_t n = 0; n < FLOWS; n++) {
            uint16_t now = member_of(machine, n, n % 2);
            assert_true(before[n] == gone ? now != gone : now == before[n]);
            moved[now] += before[n] == gone;
        }
        /* They are taken up by all others. */
        for (uint16_t other = 1; other <= 8; other++)
            assert_true(other == gone ? moved[other] == 0 : moved[other] > 0);
        set_carrier(machine, gone, true);
        for (uint32_t n = 0; n < FLOWS; n++)
            assert_int_equal(member_of(machine, n, n % 2), before[n]);
    }
    zt_machine_destroy(machine);
}

static void c14_hash_4_flows_stay_while_nothing_changes_and_use_live_members_alone(void **state)
{
    const struct group_program program = { .members = 3, .weights = { 1, 2, 3 } };
    struct zt_machine *machines[2] = { start_group(&program, false), start_group(&program, true) };
    uint32_t counts[MEMBERS_MAX + 1];
    (void)state;
    remember(machines[0]);
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t n = 0; n < FLOWS; n++)
            assert_int_equal(member_of(machines[1], n, n % 2), before[n]);
    for (uint32_t i = 0; i < 2; i++)
        set_carrier(machines[i], 2, false);
    for (uint32_t n = 0; n < FLOWS; n++)
        assert_int_equal(member_of(machines[0], n, false), member_of(machines[1], n, false));
    count_flows(machines[1], FLOWS, false, counts);
    assert_int_equal(counts[2], 0);
    assert_in_range(counts[1], FLOWS / 4 * 0.95, FLOWS / 4 * 1.05);
    /* One is left: all go there. None is left: as if all were. */
    for (uint32_t i = 0; i < 2; i++)
        set_carrier(machines[i], 3, false);
    count_flows(machines[1], FLOWS, true, counts);
    assert_int_equal(counts[1], FLOWS);
    for (uint32_t i = 0; i < 2; i++)
        set_carrier(machines[i], 1, false);
    for (uint32_t n = 0; n < FLOWS; n++)
        for (uint32_t i = 0; i < 2; i++)
            assert_int_equal(member_of(machines[i], n, n % 2), before[n]);
    for (uint32_t i = 0; i < 2; i++)
        zt_machine_destroy(machines[i]);
}

/* The text of the clauses again, over one flow. */
static uint32_t by_hand(const struct group_program *program, uint32_t n)
{
    uint8_t frame[FLOW_FRAME + 20];
    uint64_t sum = 0;
    uint32_t most = 0, chosen = 0, words[4];
    flow_frame(frame, n, false);
    words[0] = zt_load_u32(frame + 26);
    words[1] = zt_load_u32(frame + 30);
    words[2] = 17;
    words[3] = zt_load_u32(frame + 34);
    uint32_t h = zt_hash(305419896, words, 4);
    for (uint32_t i = 0; i < program->members; i++)
        sum += program->weights[i];
    uint64_t share = h * sum >> 32, under = 0;
    for (uint32_t i = 0; i < program->members; i++) {
        if (!program->resilient && share >= under && share < under + program->weights[i])
            return i + 1;
        under += program->weights[i];
        for (uint32_t k = 0; k < program->weights[i]; k++) {
            const uint32_t of_member[] = { i + 1, 10u << 24 | 254u << 16 | (i + 1) << 8 | 1, k };
            uint32_t score = zt_mix(h ^ zt_hash(305419896, of_member, 3));
            if (score > most) {
                most = score;
                chosen = i + 1;
            }
        }
    }
    return chosen;
}

static void hash_4_6_are_what_the_page_says(void **state)
{
    struct group_program program = { .members = 5, .weights = { 1, 256, 17, 3, 9 } };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        program.resilient = i == 1;
        struct zt_machine *machine = start_group(&program, false);
        for (uint32_t n = 0; n < 5000; n++)
            assert_int_equal(member_of(machine, n, false), by_hand(&program, n));
        zt_machine_destroy(machine);
    }
}

static void hash_4_a_sealed_member_is_live_while_the_port_below_is(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    control(bench,
            APPLY(ROUTE(0, "10.255.0.3/32", "[" BY(4, "10.254.0.4") "," BY(1, "10.254.0.0") "]")));
    control(bench, "{\"id\":1,\"op\":\"carrier\",\"interface\":3,\"up\":false}");
    for (uint32_t i = 0; i < 2; i++)
        gives_tx(bench, 1, TRANSIT_TO_3, 1, TRANSIT_TO_3_BY_1);
    control(bench, "{\"id\":1,\"op\":\"carrier\",\"interface\":3,\"up\":true}");
    bench_stop(bench);
}

static void route_10_a_gateway_may_be_of_the_other_family(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    control(bench, APPLY(ROUTE(0, "10.255.0.2/32", "[" BY(2, "2001:db8:fe::2") "]")));
    for (uint32_t i = 0; i < 3; i++)
        gives_tx(bench, 1, TRANSIT, 2, TRANSIT_OUT_2);
    assert_true(cache_hits(bench) >= 1);
    bench_stop(bench);
}

static void port_6_a_port_without_carrier_receives_nothing_and_sends_as_ever(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_tx(bench, 1, TRANSIT, 1, TRANSIT_OUT);
    control(bench, "{\"id\":1,\"op\":\"carrier\",\"interface\":1,\"up\":false}");
    expect_end(bench);
    for (uint32_t i = 0; i < 2; i++) {
        give(bench, 1, TRANSIT);
        expect_end(bench);
    }
    /* The only member of the group is not live: it is taken all the same. */
    bench->now += SECOND;
    punt_in(bench, 1, TRANSIT);
    expect_tx(bench, 1, TRANSIT);
    expect_end(bench);
    control(bench, "{\"id\":1,\"op\":\"carrier\",\"interface\":1,\"up\":true}");
    gives_tx(bench, 1, TRANSIT, 1, TRANSIT_OUT);
    bench_stop(bench);
}

static void ctrl_8_carrier_is_shown_and_outlives_a_load(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    assert_true(tables_hold(bench, "\"carrier\":[{\"interface\":1,\"up\":true},"
                                   "{\"interface\":2,\"up\":true},"));
    control(bench, "{\"id\":1,\"op\":\"carrier\",\"interface\":2,\"up\":false}");
    control(bench, "{\"id\":1,\"op\":\"carrier\",\"interface\":2,\"up\":false}");
    assert_true(tables_hold(bench, "{\"interface\":2,\"up\":false},{\"interface\":3,\"up\":true}"));
    load(bench, "leaf", NULL);
    expect_end(bench);
    assert_true(tables_hold(bench, "{\"interface\":2,\"up\":false},{\"interface\":3,\"up\":true}"));
    bench_stop(bench);
}

static void ctrl_5_8_what_is_no_port_has_no_carrier(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    control_refused(bench, "{\"id\":1,\"op\":\"carrier\",\"interface\":4,\"up\":false}",
                    "unknown-interface");
    control_refused(bench, "{\"id\":1,\"op\":\"carrier\",\"interface\":99,\"up\":false}",
                    "unknown-interface");
    control_refused(bench, "{\"id\":1,\"op\":\"carrier\",\"interface\":1}", "request-invalid");
    control_refused(bench, "{\"id\":1,\"op\":\"carrier\",\"interface\":1,\"up\":1}",
                    "request-invalid");
    control_refused(bench, "{\"id\":1,\"op\":\"carrier\",\"interface\":1,\"up\":true,\"x\":1}",
                    "request-invalid");
    bench_stop(bench);
}

static void weights_are_shown_as_they_were_given_and_bad_ones_refused(void **state)
{
    static const char *const bad[] = { "0", "257", "-1", "1.5", "\"2\"", "null" };
    const struct group_program program = { .members = 3, .weights = { 7, 0, 1 } };
    struct zt_machine *machine = start_group(&program, false);
    struct zt_effects effects;
    struct zt_error error = { 0 };
    size_t length;
    (void)state;
    char *text = APPLY(
        ROUTE(0, "10.9.0.0/16", "[{\"interface\":1,\"gateway\":\"10.254.1.1\",\"weight\":256}]"));
    assert_true(zt_machine_control(machine, SECOND, text, strlen(text), &effects, &error));
    char *shown = zt_machine_program_json(machine, &length);
    assert_non_null(strstr(shown, "\"gateway\":\"10.254.1.1\",\"weight\":256}"));
    assert_non_null(strstr(shown, "\"gateway\":\"10.254.1.1\",\"weight\":7},{\"interface\":2,"
                                  "\"gateway\":\"10.254.2.1\"},{\"interface\":3,\"gateway\":"
                                  "\"10.254.3.1\",\"weight\":1}"));
    /* What is shown can be loaded. */
    if (!zt_machine_load(machine, SECOND, shown, length, NULL, &effects, &error))
        fail_msg("%s: %s", error.where, error.message);
    free(shown);
    for (uint32_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char change[200];
        snprintf(change, sizeof change,
                 APPLY(ROUTE(0, "10.9.0.0/16", "[{\"interface\":1,\"weight\":%s}]")), bad[i]);
        assert_false(zt_machine_control(machine, SECOND, change, strlen(change), &effects, &error));
        assert_string_equal(error.code, "request-invalid");
        assert_non_null(strstr(error.where, "weight"));
    }
    zt_machine_destroy(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c14_hash_4_6_flows_are_shared_out_evenly_and_by_weights),
        cmocka_unit_test(
            c14_hash_6_a_member_that_goes_moves_its_own_flows_alone_and_they_come_back),
        cmocka_unit_test(c14_hash_4_flows_stay_while_nothing_changes_and_use_live_members_alone),
        cmocka_unit_test(hash_4_6_are_what_the_page_says),
        cmocka_unit_test(hash_4_a_sealed_member_is_live_while_the_port_below_is),
        cmocka_unit_test(route_10_a_gateway_may_be_of_the_other_family),
        cmocka_unit_test(port_6_a_port_without_carrier_receives_nothing_and_sends_as_ever),
        cmocka_unit_test(ctrl_8_carrier_is_shown_and_outlives_a_load),
        cmocka_unit_test(ctrl_5_8_what_is_no_port_has_no_carrier),
        cmocka_unit_test(weights_are_shown_as_they_were_given_and_bad_ones_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
