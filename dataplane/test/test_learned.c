/* SPDX-License-Identifier: Apache-2.0 */
/* `learned` of the control protocol: what was heard on the node's own ports, and its version. */
#include "test/changes.h"

/* Both machines say the same; the version of what they say. */
static uint64_t version(struct bench *bench)
{
    uint64_t versions[2];
    char *texts[2];
    for (uint32_t i = 0; i < 2; i++) {
        size_t length;
        versions[i] = zt_machine_learned_version(bench->machines[i], bench->now);
        texts[i] = zt_machine_learned_json(bench->machines[i], bench->now, &length);
        assert_int_equal(strlen(texts[i]), length);
    }
    assert_int_equal(versions[0], versions[1]);
    assert_string_equal(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
    return versions[0];
}

static void says(struct bench *bench, const char *wanted)
{
    size_t length;
    char *text = zt_machine_learned_json(bench->machines[0], bench->now, &length);
    assert_string_equal(text, wanted);
    free(text);
}

#define NOTHING "{\"fdb\":[],\"neighbours\":[]}"
#define HEARD(bridge, mac, port) \
    "{\"bridge\":" #bridge ",\"mac\":\"" mac "\",\"interface\":" #port "}"
#define BOUND(irb, address, mac) \
    "{\"interface\":" #irb ",\"address\":\"" address "\",\"mac\":\"" mac "\"}"
#define WEB1 "02:bb:00:00:00:11"

static void what_ports_hear_is_told_and_what_vxlan_brings_is_not(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    says(bench, NOTHING);
    uint64_t before = version(bench);
    give(bench, 1, FAR_BROADCAST_RECEIVED);
    pass_over(bench);
    give(bench, 1, FAR_ARP_WEB2_ANNOUNCE); /* it binds, too */
    pass_over(bench);
    assert_int_equal(version(bench), before);
    says(bench, NOTHING);
    give(bench, WEB1_PORT, BROADCAST_WEB1);
    pass_over(bench);
    assert_true(version(bench) > before);
    says(bench, "{\"fdb\":[" HEARD(10, WEB1, 11) "],\"neighbours\":[]}");
    before = version(bench);
    for (uint32_t i = 0; i < 4; i++) { /* seen again, by the cache as well */
        bench->now += SECOND;
        give(bench, WEB1_PORT, UDP_WEB1_WEB2);
        pass_over(bench);
    }
    assert_int_equal(version(bench), before);
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY);
    pass_over(bench);
    assert_true(version(bench) > before);
    says(bench,
         "{\"fdb\":[" HEARD(10, WEB1, 11) "],\"neighbours\":[" BOUND(14, "10.1.0.11", WEB1) "]}");
    before = version(bench);
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY);
    pass_over(bench);
    assert_int_equal(version(bench), before);
    bench_stop(bench);
}

static void it_is_sorted_by_interfaces_then_text(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, 42, HELLO_2);
    pass_over(bench);
    give(bench, 41, HELLO_3);
    pass_over(bench);
    give(bench, 42, HELLO_1);
    pass_over(bench);
    give(bench, WEB2_PORT, ARP_WEB2_ANNOUNCE);
    pass_over(bench);
    give(bench, WEB2_PORT, NA_WEB2_ALL);
    pass_over(bench);
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY);
    pass_over(bench);
    says(
        bench,
        "{\"fdb\":[" HEARD(10, WEB1, 11) "," HEARD(10, WEB2, 12) "," HEARD(40, "02:cc:00:00:00:03", 41) "," HEARD(
            40, "02:cc:00:00:00:01",
            42) "," HEARD(40, "02:cc:00:00:00:02",
                          42) "],\"neighbours\":[" BOUND(14, "10.1.0.11",
                                                         WEB1) "," BOUND(14, "10.1.0.12",
                                                                         WEB2) "," BOUND(14,
                                                                                         "2001:db8:"
                                                                                         "1::12",
                                                                                         WEB2) "]"
                                                                                               "}");
    version(bench);
    bench_stop(bench);
}

static void every_change_raises_the_version(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    uint64_t before = version(bench);
    /* From port to port. */
    give(bench, WEB2_PORT, BROADCAST_WEB1);
    pass_over(bench);
    assert_true(version(bench) > before);
    before = version(bench);
    says(bench,
         "{\"fdb\":[" HEARD(10, WEB1, 12) "],\"neighbours\":[" BOUND(14, "10.1.0.11", WEB1) "]}");
    /* To a remote, and the neighbour with it. */
    give(bench, WEB2_PORT, UDP_WEB2_WEB1);
    pass_over(bench);
    before = version(bench);
    give(bench, 1, FAR_WEB2_RECEIVED);
    pass_over(bench);
    assert_true(version(bench) > before);
    before = version(bench);
    /* Control entries take the place of what was heard. */
    control(bench, APPLY(FDB(10, WEB1, TO_VTEP(13, "10.255.0.2", false))));
    assert_true(version(bench) > before);
    says(bench, NOTHING);
    before = version(bench);
    give(bench, WEB1_PORT, BROADCAST_WEB1);
    pass_over(bench);
    assert_true(version(bench) > before);
    before = version(bench);
    control(bench, APPLY(NEIGHBOUR(14, "10.1.0.11", TO_MAC(WEB1, false))));
    assert_true(version(bench) > before);
    says(bench, "{\"fdb\":[" HEARD(10, WEB1, 11) "],\"neighbours\":[]}");
    before = version(bench);
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY);
    pass_over(bench);
    assert_true(version(bench) > before);
    before = version(bench);
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"neighbours\"}");
    assert_true(version(bench) > before);
    before = version(bench);
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\",\"interface\":12}");
    assert_int_equal(version(bench), before);
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\"}");
    assert_true(version(bench) > before);
    says(bench, NOTHING);
    bench_stop(bench);
}

/* Who looks only now and then has to learn that a MAC was heard after he had it taken away. */
static void what_goes_and_comes_back_unseen_raises_the_version(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    uint64_t before = version(bench);
    size_t length;
    char *text = zt_machine_learned_json(bench->machines[0], bench->now, &length);
    control(bench, APPLY(FDB(10, WEB1, TO_VTEP(13, "10.255.0.2", false))));
    give(bench, WEB1_PORT, BROADCAST_WEB1);
    pass_over(bench);
    says(bench, text);
    assert_true(version(bench) > before);
    before = version(bench);
    bench->now += 299 * SECOND;
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY); /* the binding had ended, and is back */
    pass_over(bench);
    says(bench, text);
    assert_true(version(bench) > before);
    free(text);
    bench_stop(bench);
}

static void ageing_raises_the_version_when_it_was_said_to(void **state)
{
    struct bench *bench = start_with_web1(); /* bound for 60 s, learned for 300 s */
    (void)state;
    uint64_t before = version(bench), begin = bench->now;
    assert_int_equal(zt_machine_learned_expiry(bench->machines[0]), begin + 60 * SECOND);
    bench->now = begin + 60 * SECOND - 1;
    assert_int_equal(version(bench), before);
    bench->now++;
    assert_int_equal(version(bench), before + 1);
    says(bench, "{\"fdb\":[" HEARD(10, WEB1, 11) "],\"neighbours\":[]}");
    assert_int_equal(zt_machine_learned_expiry(bench->machines[0]), begin + 300 * SECOND);
    give(bench, WEB1_PORT, BROADCAST_WEB1); /* until 360 s */
    pass_over(bench);
    bench->now = begin + 300 * SECOND;
    assert_int_equal(version(bench), before + 1);
    assert_int_equal(zt_machine_learned_expiry(bench->machines[0]), begin + 360 * SECOND);
    bench->now = begin + 360 * SECOND;
    assert_int_equal(version(bench), before + 2);
    says(bench, NOTHING);
    assert_true(zt_machine_learned_expiry(bench->machines[0]) == UINT64_MAX);
    /* Heard again after it aged unseen. */
    give(bench, WEB1_PORT, BROADCAST_WEB1);
    pass_over(bench);
    assert_int_equal(version(bench), before + 3);
    bench->now += 400 * SECOND;
    give(bench, WEB1_PORT, BROADCAST_WEB1);
    pass_over(bench);
    assert_int_equal(version(bench), before + 5);
    bench_stop(bench);
}

static void a_load_forgets_and_raises_the_version(void **state)
{
    struct bench *bench = start_with_web1();
    (void)state;
    uint64_t before = version(bench);
    load(bench, "leaf", NULL);
    assert_true(version(bench) > before);
    says(bench, NOTHING);
    before = version(bench);
    give(bench, WEB1_PORT, BROADCAST_WEB1);
    pass_over(bench);
    assert_true(version(bench) > before);
    bench_stop(bench);
}

static void a_machine_without_program_has_heard_nothing(void **state)
{
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ 0 });
    size_t length;
    (void)state;
    char *text = zt_machine_learned_json(machine, 0, &length);
    assert_string_equal(text, NOTHING);
    assert_int_equal(zt_machine_learned_version(machine, 0), 0);
    assert_true(zt_machine_learned_expiry(machine) == UINT64_MAX);
    free(text);
    zt_machine_destroy(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_ports_hear_is_told_and_what_vxlan_brings_is_not),
        cmocka_unit_test(it_is_sorted_by_interfaces_then_text),
        cmocka_unit_test(every_change_raises_the_version),
        cmocka_unit_test(what_goes_and_comes_back_unseen_raises_the_version),
        cmocka_unit_test(ageing_raises_the_version_when_it_was_said_to),
        cmocka_unit_test(a_load_forgets_and_raises_the_version),
        cmocka_unit_test(a_machine_without_program_has_heard_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
