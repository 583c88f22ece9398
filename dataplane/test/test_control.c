/* SPDX-License-Identifier: Apache-2.0 */
/* §17 control, and what the machine shows of itself. */
#include "test/support.h"

#define WEB1_PORT 11
#define WEB2_PORT 12

/* A packet that waits for WEB3, received from WEB1. */
static struct bench *start_holding(void)
{
    struct bench *bench = bench_start("leaf", NULL);
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY);
    pass_over(bench);
    give(bench, WEB1_PORT, UDP_WEB1_WEB3);
    pass_over(bench);
    return bench;
}

static bool tables_hold(struct bench *bench, const char *text)
{
    size_t length;
    char *tables = zt_machine_tables_json(bench->machines[0], bench->now, &length);
    bool found = strstr(tables, text) != NULL;
    assert_int_equal(strlen(tables), length);
    free(tables);
    return found;
}

static void ctrl_1_load_forgets_and_ends_held_packets(void **state)
{
    struct bench *bench = start_holding();
    (void)state;
    assert_true(tables_hold(
        bench, "{\"bridge\":10,\"mac\":\"02:bb:00:00:00:11\",\"interface\":11,\"age\":0}"));
    assert_true(tables_hold(
        bench, "\"address\":\"10.1.0.11\",\"state\":\"resolved\",\"mac\":\"02:bb:00:00:00:11\""));
    assert_true(tables_hold(bench, "\"address\":\"10.1.0.13\",\"state\":\"incomplete\",\"age\":0"));
    load(bench, "leaf", NULL);
    expect_fate(bench, PROGRAM_CHANGED);
    assert_true(tables_hold(bench, "{\"fdb\":[],\"neighbours\":[],\"macsec\":[{"));
    bench_stop(bench);
}

static void ctrl_1_a_program_that_is_refused_changes_nothing(void **state)
{
    struct bench *bench = start_holding();
    struct zt_error error = { 0 };
    struct zt_effects effects;
    (void)state;
    assert_false(zt_machine_load(bench->machines[0], bench->now, "{}", 2, NULL, &effects, &error));
    assert_string_equal(error.code, "program-invalid");
    assert_int_equal(effects.count, 0);
    assert_true(tables_hold(bench, "\"state\":\"incomplete\""));
    assert_string_equal(zt_machine_node(bench->machines[0]), "leaf1");
    bench_stop(bench);
}

static void macsec_keys_are_wanted_by_reference(void **state)
{
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ 0 });
    struct zt_keys *keys = zt_keys_parse("{}", 2, NULL);
    struct bench *bench = bench_start("leaf", NULL);
    struct zt_error error = { 0 };
    struct zt_effects effects;
    (void)state;
    assert_false(zt_machine_load(machine, 0, bench->program, strlen(bench->program), keys, &effects,
                                 &error));
    assert_string_equal(error.code, "keys-missing");
    assert_non_null(strstr(error.message, "lab:test/0200000001030001/0"));
    /* A program that names the keys which are loaded needs no table. */
    assert_true(zt_machine_load(bench->machines[0], bench->now, bench->program,
                                strlen(bench->program), NULL, &effects, &error));
    zt_keys_free(keys);
    zt_machine_destroy(machine);
    bench_stop(bench);
}

/* What nobody has changed is told to the octet, however it was written. */
static void program_is_told_as_it_was_written(void **state)
{
    struct bench *bench = bench_start("leaf", "\"vni\":10010", "\"vni\":1001e1",
                                      "\"mode\":\"strict\"", "\"mode\":\"stric\\u0074\"", NULL);
    size_t length;
    (void)state;
    char *told = zt_machine_program_json(bench->machines[0], &length);
    assert_string_equal(told, bench->program);
    free(told);
    control(bench, "{\"id\":1,\"op\":\"set-vni\",\"interface\":13,\"vni\":7}");
    told = zt_machine_program_json(bench->machines[0], &length);
    assert_null(strstr(told, "1001e1"));
    assert_non_null(strstr(told, "\"mode\":\"stric\\u0074\""));
    free(told);
    bench_stop(bench);
}

static void ctrl_2_changes_stand_in_the_program(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    size_t length;
    (void)state;
    char *before = zt_machine_program_json(bench->machines[0], &length);
    assert_string_equal(before, bench->program);
    control(bench, "{\"id\":1,\"op\":\"set-vni\",\"interface\":13,\"vni\":7}");
    control(bench, "{\"id\":2,\"op\":\"set-macsec-mode\",\"interface\":4,\"mode\":\"disabled\"}");
    char *after = zt_machine_program_json(bench->machines[0], &length);
    assert_int_equal(strlen(after), length);
    assert_null(strstr(after, "10010"));
    assert_non_null(strstr(after, "\"vni\":7,"));
    assert_non_null(strstr(after, "\"mode\":\"disabled\""));
    struct zt_keys *keys = test_keys();
    struct zt_effects effects;
    struct zt_error error = { 0 };
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ 0 });
    if (!zt_machine_load(machine, 0, after, length, keys, &effects, &error))
        fail_msg("%s: %s", error.where, error.message);
    zt_machine_destroy(machine);
    zt_keys_free(keys);
    free(before);
    free(after);
    bench_stop(bench);
}

static void ctrl_3_flush_forgets_a_table_or_one_interface(void **state)
{
    struct bench *bench = start_holding();
    (void)state;
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"neighbours\",\"interface\":24}");
    expect_end(bench);
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"neighbours\",\"interface\":14}");
    expect_fate(bench, PROGRAM_CHANGED);
    assert_true(tables_hold(bench, "\"neighbours\":[]"));
    assert_true(tables_hold(bench, "\"fdb\":[{"));
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\",\"interface\":12}");
    assert_true(tables_hold(bench, "\"fdb\":[{"));
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\",\"interface\":11}");
    assert_true(tables_hold(bench, "\"fdb\":[]"));
    give(bench, 41, TEXT_WEB1_WEB2);
    pass_over(bench);
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\"}");
    assert_true(tables_hold(bench, "\"fdb\":[]"));
    bench_stop(bench);
}

static void ctrl_5_wrong_requests_change_nothing_and_say_so(void **state)
{
    static const struct {
        const char *json, *code;
    } wrong[] = {
        { "", "request-invalid" },
        { "[]", "request-invalid" },
        { "{\"id\":1}", "request-invalid" },
        { "{\"id\":1,\"op\":\"hello\"}", "request-invalid" },
        { "{\"id\":1,\"op\":\"set-vni\",\"interface\":13}", "request-invalid" },
        { "{\"id\":1,\"op\":\"set-vni\",\"interface\":13,\"vni\":0}", "request-invalid" },
        { "{\"id\":1,\"op\":\"set-vni\",\"interface\":13,\"vni\":16777216}", "request-invalid" },
        { "{\"id\":1,\"op\":\"set-vni\",\"interface\":13,\"vni\":1,\"x\":1}", "request-invalid" },
        { "{\"id\":-1,\"op\":\"set-vni\",\"interface\":13,\"vni\":1}", "request-invalid" },
        { "{\"op\":\"set-vni\",\"interface\":13,\"vni\":1}", "request-invalid" },
        { "{\"id\":1,\"op\":\"set-vni\",\"interface\":12,\"vni\":1}", "unknown-interface" },
        { "{\"id\":1,\"op\":\"set-vni\",\"interface\":65535,\"vni\":1}", "unknown-interface" },
        { "{\"id\":1,\"op\":\"set-macsec-mode\",\"interface\":4,\"mode\":\"off\"}",
          "request-invalid" },
        { "{\"id\":1,\"op\":\"set-macsec-mode\",\"interface\":3,\"mode\":\"strict\"}",
          "unknown-interface" },
        { "{\"id\":1,\"op\":\"flush\",\"table\":\"routes\"}", "request-invalid" },
        { "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\",\"interface\":99}", "unknown-interface" },
        { "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\",\"interface\":14}", "unknown-interface" },
        { "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\",\"interface\":1}", "unknown-interface" },
        { "{\"id\":1,\"op\":\"flush\",\"table\":\"neighbours\",\"interface\":1}",
          "unknown-interface" },
    };
    struct bench *bench = bench_start("leaf", NULL);
    size_t length;
    (void)state;
    for (uint32_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        control_refused(bench, wrong[i].json, wrong[i].code);
    char *program = zt_machine_program_json(bench->machines[0], &length);
    assert_string_equal(program, bench->program);
    free(program);
    bench_stop(bench);
}

static void ports_are_told_as_the_runner_needs_them(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    assert_int_equal(zt_machine_ports(bench->machines[0]), 9);
    struct zt_port_info port = zt_machine_port(bench->machines[0], 2);
    assert_int_equal(port.id, 3);
    assert_int_equal(port.upper, 4);
    assert_int_equal(port.mtu, 1700);
    assert_int_equal(port.upper_mtu, 1668);
    assert_true(port.has_macsec && port.sealed && port.tap);
    assert_string_equal(port.name, "eth3");
    control(bench, "{\"id\":2,\"op\":\"set-macsec-mode\",\"interface\":4,\"mode\":\"disabled\"}");
    assert_false(zt_machine_port(bench->machines[0], 2).sealed);
    bench_stop(bench);
}

static void ctrl_7_the_runner_is_told_of_kernel_routes_and_where_they_may_lead(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    assert_false(zt_machine_follows_kernel_routes(bench->machines[0]));
    assert_true(zt_machine_port(bench->machines[0], 0).underlay);  /* port in VRF 0 */
    assert_true(zt_machine_port(bench->machines[0], 2).underlay);  /* macsec in VRF 0 */
    assert_false(zt_machine_port(bench->machines[0], 3).underlay); /* member of a bridge */
    load(bench, "leaf", "\"tables\":", "\"kernelRoutes\":true,\"tables\":", NULL);
    assert_true(zt_machine_follows_kernel_routes(bench->machines[0]));
    bench_stop(bench);
}

static void counters_count(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    char hex[65];
    (void)state;
    gives_tx(bench, 1, TRANSIT, 1, TRANSIT_OUT);
    gives_fate(bench, 1, FOREIGN_MAC_1, MAC_NOT_FOR_US);
    const struct zt_counters *counters = zt_machine_counters(bench->machines[0]);
    assert_int_equal(counters->inputs, 3); /* the load too */
    assert_int_equal(counters->outputs, 2);
    assert_int_equal(counters->fates[ZT_FATE_MAC_NOT_FOR_US], 1);
    assert_int_equal(zt_machine_port_counters(bench->machines[0], 1).rx, 2);
    assert_int_equal(zt_machine_port_counters(bench->machines[0], 1).tx, 1);
    assert_int_equal(zt_machine_port_counters(bench->machines[0], 999).rx, 0);
    zt_machine_program_digest(bench->machines[0], hex);
    assert_int_equal(strlen(hex), 64);
    bench_stop(bench);
}

static void a_machine_without_program_has_no_effects(void **state)
{
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ .cache = true });
    struct zt_input input = { .kind = ZT_INPUT_CLOCK };
    struct zt_error error = { 0 };
    struct zt_effects effects;
    (void)state;
    assert_int_equal(zt_machine_run(machine, &input, 1).count, 0);
    assert_int_equal(zt_machine_ports(machine), 0);
    assert_null(zt_machine_node(machine));
    static const char flush[] = "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\"}";
    assert_false(zt_machine_control(machine, 0, flush, sizeof flush - 1, &effects, &error));
    size_t length;
    char *tables = zt_machine_tables_json(machine, 0, &length);
    assert_string_equal(
        tables, "{\"fdb\":[],\"neighbours\":[],\"macsec\":[],\"memberships\":[],\"carrier\":[],"
                "\"wireguard\":[]}");
    free(tables);
    zt_machine_destroy(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ctrl_1_load_forgets_and_ends_held_packets),
        cmocka_unit_test(ctrl_1_a_program_that_is_refused_changes_nothing),
        cmocka_unit_test(macsec_keys_are_wanted_by_reference),
        cmocka_unit_test(program_is_told_as_it_was_written),
        cmocka_unit_test(ctrl_2_changes_stand_in_the_program),
        cmocka_unit_test(ctrl_3_flush_forgets_a_table_or_one_interface),
        cmocka_unit_test(ctrl_5_wrong_requests_change_nothing_and_say_so),
        cmocka_unit_test(ports_are_told_as_the_runner_needs_them),
        cmocka_unit_test(ctrl_7_the_runner_is_told_of_kernel_routes_and_where_they_may_lead),
        cmocka_unit_test(counters_count),
        cmocka_unit_test(a_machine_without_program_has_no_effects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
