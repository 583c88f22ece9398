/* SPDX-License-Identifier: Apache-2.0 */
/* §19 WireGuard: programs with it, loading, peers by apply, what is dumped: WG-1, WG-32 to WG-34, CTRL-1, CTRL-6. */
#include <stdio.h>

#include "test/wireguard.h"

#define KEY_A "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="
#define KEY_B "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08="
/* Some third one. */
#define KEY_C "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="

static void program_refused(const char *code, const char *where, ...)
{
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ 0 });
    struct zt_keys *keys = test_keys();
    struct zt_effects effects;
    struct zt_error error = { 0 };
    va_list replacements;

    va_start(replacements, where);
    char *text = bench_program("wga", replacements);
    va_end(replacements);
    assert_false(zt_machine_load(machine, 1, text, strlen(text), keys, &effects, &error));
    assert_string_equal(error.code, code);
    if (strstr(error.where, where) == NULL)
        fail_msg("%s is wanted, not %s: %s", where, error.where, error.message);
    free(text);
    zt_keys_free(keys);
    zt_machine_destroy(machine);
}

#define PEER_ON_3 "\"peers\":[{\"publicKey\":\"" KEY_B "\",\"endpoint\":{\"address\":\"192"
#define WITH(key) "\"peers\":[{\"publicKey\":\"" key "\",\"endpoint\":{\"address\":\"192"
#define AND(peer) "\"peers\":[" peer ",{\"publicKey\":\"" KEY_B "\",\"endpoint\":{\"address\":\"192"

static void wg_1_programs_that_are_refused(void **state)
{
    (void)state;
    program_refused("program-invalid", "interface 3", PEER_ON_3, WITH(KEY_A), NULL);
    program_refused("program-invalid", "interface 3", PEER_ON_3,
                    AND("{\"publicKey\":\"" KEY_B "\",\"allowedIps\":[]}"), NULL);
    program_refused("program-invalid", "interface 3", PEER_ON_3,
                    AND("{\"publicKey\":\"" KEY_C "\",\"allowedIps\":[\"10.2.0.0/16\"]}"), NULL);
    program_refused("program-invalid", "interface 3", PEER_ON_3, WITH("lab:test/wg/low/public"),
                    NULL);
    program_refused("keys-missing", "interface 3", PEER_ON_3, WITH("lab:test/wg/x/public"), NULL);
    program_refused("keys-missing", "interface 3",
                    "\"privateKey\":\"lab:test/wg/a\",\"listenPort\":51823",
                    "\"privateKey\":\"lab:test/wg/x\",\"listenPort\":51823", NULL);
    /* A key of MACsec is none of WireGuard. */
    program_refused("keys-missing", "interface 3",
                    "\"privateKey\":\"lab:test/wg/a\",\"listenPort\":51823",
                    "\"privateKey\":\"lab:test/0200000001030001/0\",\"listenPort\":51823", NULL);
    program_refused("program-invalid", "publicKey", PEER_ON_3, WITH("lab:test/wg/b"), NULL);
    program_refused("program-invalid", "publicKey", PEER_ON_3,
                    WITH("3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK09="), NULL);
    program_refused("program-invalid", "allowedIps", "10.2.0.0/16\",\"10.9", "10.2.0.1/16\",\"10.9",
                    NULL);
    program_refused("program-invalid", "local", "\"local\":[\"192.0.2.1\",\"2001:db8:f::1\"]",
                    "\"local\":[\"192.0.2.1\",\"192.0.2.3\"]", NULL);
    program_refused("program-invalid", "$.interfaces[4]", "\"lower\":4,", "", NULL);
    program_refused("program-invalid", "$.interfaces[4]", "\"lower\":4,",
                    "\"lower\":4,\"underlayVrf\":0,", NULL);
    program_refused("program-invalid", "$.interfaces[4]", "\"peerMac\":\"02:00:5e:00:00:77\",", "",
                    NULL);
    program_refused("program-invalid", "lower", "\"lower\":4,", "\"lower\":1,", NULL);
    program_refused("program-invalid", "lower", "\"lower\":4,", "\"lower\":3,", NULL);
    program_refused("program-invalid", "local", "\"local\":[\"198.51.100.1\"",
                    "\"local\":[\"198.51.100.1\",\"198.51.100.2\"", NULL);
}

static void wg_1_a_reference_stands_for_a_public_key(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    (void)state;
    bench_stop(pair.a);
    pair.a = bench_start("wga", PEER_ON_3, WITH("lab:test/wg/b/public"), NULL);
    seed(pair.a, WALL, 3);
    shake_hands(&pair);
    pair_stop(&pair);
}

#define OUT_OF(vrf, interface) \
    "{\"id\":1,\"op\":\"apply\",\"changes\":[{\"table\":\"route\",\"vrf\":" vrf \
    ",\"prefix\":\"10.60.0.0/16\",\"members\":[{\"interface\":" interface "}]}]}"

static void ctrl_6_a_tunnel_led_into_itself(void **state)
{
    struct bench *bench =
        bench_start("wga", "\"vrf\":1,\"underlayVrf\":0", "\"vrf\":0,\"underlayVrf\":0", NULL);
    (void)state;
    program_refused("program-invalid", "$.interfaces[2]",
                    "\"prefix\":\"192.0.2.0/24\",\"connected\":1",
                    "\"prefix\":\"192.0.2.0/24\",\"connected\":3", NULL);
    control_refused(bench, OUT_OF("0", "3"), "change-refused");
    control(bench, OUT_OF("0", "5")); /* on a port it leads nowhere */
    bench_stop(bench);
    bench = bench_start("wga", NULL);
    control(bench, OUT_OF("1", "3"));
    bench_stop(bench);
}

/* ---- load ---- */

static void wg_32_load_keeps_peers_and_sessions(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel;
    (void)state;
    shake_hands(&pair);
    load(pair.a, "wga", NULL);
    load(pair.b, "wgb", "\"mtu\":1700,\"addresses\":[\"192", "\"mtu\":1600,\"addresses\":[\"192",
         NULL);
    pass_through(pair.a, pair.b, &a_to_b);
    pass_through(pair.b, pair.a, &b_to_a);
    /* Timers too. */
    pass(&pair, 120 * SECOND);
    give_flow(pair.a, &a_to_b);
    take_tx(pair.a, 1, &parcel);
    take_tx(pair.a, 1, &parcel);
    assert_int_equal(message_of(&parcel)[0], ZT_WG_INITIATION);
    /* A handshake goes on over a load, what is held does not. */
    load(pair.a, "wga", NULL);
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE);
    take_tx(pair.b, 1, &parcel);
    deliver(pair.a, 1, &parcel);
    expect_fate(pair.a, WIREGUARD_HANDSHAKE);
    take_tx(pair.a, 1, &parcel);
    /* Another id, and it is another interface. */
    load(pair.a, "wga", "\"id\":3,\"name\":\"wg3\"", "\"id\":3,\"name\":\"wg9\"", NULL);
    pass_through(pair.a, pair.b, &a_to_b);
    pair_stop(&pair);
}

static void wg_32_ctrl_1_what_is_held_ends(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel;
    (void)state;
    give_flow(pair.a, &a_to_b);
    take_tx(pair.a, 1, &parcel);
    give_flow(pair.a, &a_to_b);
    load(pair.a, "wga", NULL);
    expect_fate(pair.a, PROGRAM_CHANGED);
    expect_fate(pair.a, PROGRAM_CHANGED);
    expect_end(pair.a);
    pair_stop(&pair);
}

static void wg_32_endpoint_and_pre_shared_key_of_a_new_program(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel;
    (void)state;
    shake_hands(&pair);
    load(pair.a, "wga", "\"address\":\"192.0.2.2\",\"port\":51823",
         "\"address\":\"192.0.2.9\",\"port\":9", NULL);
    give_flow(pair.a, &a_to_b); /* the session goes on */
    take_tx(pair.a, 1, &parcel);
    assert_int_equal(parcel.data[14 + 19], 9);
    load(pair.a, "wga", "\"endpoint\":{\"address\":\"192.0.2.2\",\"port\":51823},", "", NULL);
    give_flow(pair.a, &a_to_b);
    take_tx(pair.a, 1, &parcel);
    assert_int_equal(parcel.data[14 + 19], 9);
    load(pair.a, "wga", "\"endpoint\":{\"address\":\"192.0.2.2\"",
         "\"presharedKey\":\"lab:test/wg/psk\",\"endpoint\":{\"address\":\"192.0.2.2\"", NULL);
    pass_through(pair.a, pair.b, &a_to_b);
    pass(&pair, 120 * SECOND);
    give_flow(pair.a, &a_to_b);
    take_tx(pair.a, 1, &parcel);
    take_tx(pair.a, 1, &parcel);
    deliver(pair.b, 1, &parcel);
    expect_fate(pair.b, WIREGUARD_HANDSHAKE);
    take_tx(pair.b, 1, &parcel);
    deliver(pair.a, 1, &parcel);
    expect_fate(pair.a, WIREGUARD_HANDSHAKE_INVALID);
    /* Gone with its interface's key, and all that was of it. */
    load(pair.a, "wga", "\"privateKey\":\"lab:test/wg/a\",\"listenPort\":51823",
         "\"privateKey\":\"lab:test/wg/psk\",\"listenPort\":51823", NULL);
    assert_null(peer_of(pair.a, 0, 3)->current);
    pair_stop(&pair);
}

/* WG-22: the peer spoke to 192.0.2.1, which is used as long as it is an own address. */
static void wg_32_an_own_address_that_is_gone_is_forgotten(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct parcel parcel;
    (void)state;
    shake_hands(&pair);
    pass_through(pair.b, pair.a, &b_to_a);
    load(pair.a, "wga", "\"local\":[\"192.0.2.1\"", "\"local\":[\"192.0.2.77\"", NULL);
    give_flow(pair.a, &a_to_b);
    take_tx(pair.a, 1, &parcel);
    assert_int_equal(parcel.data[14 + 15], 1);
    load(pair.a, "wga", "\"local\":[\"192.0.2.1\"", "\"local\":[\"192.0.2.77\"",
         "\"addresses\":[\"192.0.2.1/24\"", "\"addresses\":[\"192.0.2.77/24\"", NULL);
    give_flow(pair.a, &a_to_b);
    take_tx(pair.a, 1, &parcel);
    assert_int_equal(parcel.data[14 + 15], 77);
    pair_stop(&pair);
}

static void wg_32_keys_that_a_running_program_has(void **state)
{
    struct pair pair =
        pair_start("\"endpoint\":{\"address\":\"192", "\"presharedKey\":\"lab:test/wg/psk\","
                                                      "\"endpoint\":{\"address\":\"192");
    (void)state;
    shake_hands(&pair);
    for (uint32_t i = 0; i < 2; i++) {
        struct zt_effects effects;
        struct zt_error error = { 0 };
        if (!zt_machine_load(pair.a->machines[i], pair.a->now, pair.a->program,
                             strlen(pair.a->program), NULL, &effects, &error))
            fail_msg("%s: %s", error.where, error.message);
    }
    pass_through(pair.a, pair.b, &a_to_b);
    pair_stop(&pair);
}

/* ---- apply ---- */

static void lend(struct bench *bench, const struct zt_keys *keys)
{
    for (uint32_t i = 0; i < 2; i++)
        zt_machine_lend_keys(bench->machines[i], keys);
}

static void change(struct bench *bench, const char *key, const char *to)
{
    char text[600];
    snprintf(text, sizeof text,
             "{\"id\":1,\"op\":\"apply\",\"changes\":[{\"table\":\"peer\",\"interface\":3,"
             "\"publicKey\":\"%s\",\"to\":%s}]}",
             key, to);
    control(bench, text);
}

static void change_refused(struct bench *bench, const char *key, const char *to, const char *code)
{
    char text[600];
    snprintf(text, sizeof text,
             "{\"id\":1,\"op\":\"apply\",\"changes\":[{\"table\":\"peer\",\"interface\":3,"
             "\"publicKey\":\"%s\",\"to\":%s}]}",
             key, to);
    control_refused(bench, text, code);
}

static void expect_json(struct bench *bench, bool tables, const char *part, bool wanted)
{
    size_t length;
    char *json = tables ? zt_machine_tables_json(bench->machines[1], bench->now, &length)
                        : zt_machine_program_json(bench->machines[1], &length);
    if ((strstr(json, part) != NULL) != wanted)
        fail_msg("`%s` is %s %s", part, wanted ? "not in" : "in", json);
    free(json);
}

static void wg_33_a_peer_is_added_changed_and_removed(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct zt_keys *keys = test_keys();
    struct flow flow = a_to_b;
    struct parcel parcel;
    (void)state;
    shake_hands(&pair);
    change(pair.a, KEY_C,
           "{\"endpoint\":{\"address\":\"192.0.2.9\",\"port\":7},\"allowedIps\":[\"10.50.0.0/16\","
           "\"10.9.0.2/32\"],\"persistentKeepalive\":20}");
    /* Its first keepalive is due; another peer's session goes on. */
    tick(pair.a);
    take_tx(pair.a, 1, &parcel);
    assert_int_equal(message_of(&parcel)[0], ZT_WG_INITIATION);
    pass_through(pair.a, pair.b, &a_to_b);
    flow.destination = "10.50.0.1";
    give_flow(pair.a, &flow); /* held */
    expect_end(pair.a);
    /* A prefix has moved. */
    expect_json(pair.a, false, "\"allowedIps\":[\"10.2.0.0/16\",\"fd00:2::/32\"]", true);
    expect_json(pair.a, false,
                "{\"publicKey\":\"" KEY_C "\",\"endpoint\":{\"address\":\"192.0.2.9\",\"port\":7},"
                "\"allowedIps\":[\"10.50.0.0/16\",\"10.9.0.2/32\"],\"persistentKeepalive\":20}",
                true);
    /* Without an endpoint: the one there is. Without keepalive: none. */
    change(pair.a, KEY_C, "{\"allowedIps\":[\"10.50.0.0/16\"]}");
    expect_json(pair.a, true, "\"endpoint\":{\"address\":\"192.0.2.9\",\"port\":7}", true);
    expect_json(pair.a, false, "\"persistentKeepalive\"", false);
    change(pair.a, KEY_C, "null");
    expect_fate(pair.a, PROGRAM_CHANGED); /* keepalive and packet */
    expect_fate(pair.a, PROGRAM_CHANGED);
    expect_end(pair.a);
    change(pair.a, KEY_C, "null");
    expect_end(pair.a);
    give_flow(pair.a, &flow);
    expect_fate(pair.a, WIREGUARD_NO_PEER);
    pass_over(pair.a);
    pass_through(pair.a, pair.b, &a_to_b);
    lend(pair.a, keys);
    change(pair.a, KEY_B,
           "{\"presharedKey\":\"lab:test/wg/psk\",\"allowedIps\":[\"10.2.0.0/16\"]}");
    lend(pair.a, NULL);
    zt_keys_free(keys);
    expect_json(pair.a, true, "\"presharedKey\":true", true);
    expect_json(pair.a, false, "\"presharedKey\":\"lab:test/wg/psk\"", true);
    pass_through(pair.a, pair.b, &a_to_b);
    change(pair.a, KEY_B, "null");
    give_flow(pair.b, &b_to_a);
    take_tx(pair.b, 1, &parcel);
    deliver(pair.a, 1, &parcel);
    expect_fate(pair.a, WIREGUARD_INDEX_UNKNOWN);
    pair_stop(&pair);
}

static void wg_33_a_peer_without_endpoint(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    struct flow flow = a_to_b;
    struct parcel out;
    (void)state;
    change(pair.a, KEY_C, "{\"allowedIps\":[\"10.50.0.0/16\"]}");
    flow.destination = "10.50.0.1";
    give_flow(pair.a, &flow);
    expect_fate(pair.a, WIREGUARD_NO_ENDPOINT);
    take_tx(pair.a, 2, &out);
    assert_int_equal(out.data[14 + 20], ZT_ICMP_UNREACHABLE);
    assert_int_equal(out.data[14 + 21], 1);
    pair_stop(&pair);
}

static void wg_33_changes_that_are_refused(void **state)
{
    struct bench *bench = bench_start("wga", NULL);
    struct zt_keys *keys = test_keys();
    (void)state;
    change_refused(bench, KEY_A, "{\"allowedIps\":[]}", "change-refused");
    change_refused(bench, "lab:test/wg/b/public", "{\"allowedIps\":[]}", "change-refused");
    change_refused(bench, KEY_C, "{\"presharedKey\":\"lab:test/wg/psk\",\"allowedIps\":[]}",
                   "change-refused");
    lend(bench, keys);
    change_refused(bench, "lab:test/wg/low/public", "{\"allowedIps\":[]}", "change-refused");
    change_refused(bench, KEY_C, "{\"presharedKey\":\"lab:test/wg/none\",\"allowedIps\":[]}",
                   "change-refused");
    change_refused(bench, KEY_C, "{\"allowedIps\":[\"10.0.0.1/8\"]}", "request-invalid");
    change_refused(bench, KEY_C, "{\"allowedIps\":[\"10.0.0.0/33\"]}", "request-invalid");
    change_refused(bench, KEY_C, "{}", "request-invalid");
    control_refused(bench,
                    "{\"id\":1,\"op\":\"apply\",\"changes\":[{\"table\":\"peer\",\"interface\":1,"
                    "\"publicKey\":\"" KEY_C "\",\"to\":null}]}",
                    "change-refused");
    change(bench, "lab:test/wg/b/public", "{\"allowedIps\":[]}");
    lend(bench, NULL);
    zt_keys_free(keys);
    bench_stop(bench);
}

static void wg_33_no_more_than_16384_peers(void **state)
{
    struct bench *bench = bench_start("wga", NULL);
    struct zt_wg_device *device = peer_of(bench, 0, 3)->device;
    const struct zt_wg_given nothing = { 0 };
    (void)state;
    /* Straight into one machine: reading them costs a DH each. */
    for (uint32_t i = 1; i < 16384; i++) {
        struct zt_wg_remote remote = { 0 };
        zt_wg_store32(remote.public_key, i);
        struct zt_wg_peer *peer = zt_wg_add_peer(device, &remote);
        zt_wg_set_given(peer, &nothing);
        assert_ptr_equal(zt_wg_find_peer(device, remote.public_key), peer);
    }
    static const char text[] =
        "{\"id\":1,\"op\":\"apply\",\"changes\":[%s{\"table\":\"peer\",\"interface\":3,"
        "\"publicKey\":\"" KEY_C "\",\"to\":{\"allowedIps\":[]}}]}";
    static const char removal[] =
        "{\"table\":\"peer\",\"interface\":3,\"publicKey\":\"" KEY_B "\",\"to\":null},";
    for (uint32_t i = 0; i < 2; i++) {
        struct zt_effects effects;
        struct zt_error error = { 0 };
        char json[600];
        snprintf(json, sizeof json, text, i == 0 ? "" : removal);
        bool good = zt_machine_control(bench->machines[0], bench->now, json, strlen(json), &effects,
                                       &error);
        assert_int_equal(good, i == 1);
        if (i == 0)
            assert_string_equal(error.code, "change-refused");
    }
    assert_int_equal(device->peer_count, 16384);
    bench_stop(bench);
}

/* ---- dumps ---- */

static void wg_34_what_is_dumped(void **state)
{
    struct pair pair =
        pair_start("\"endpoint\":{\"address\":\"192", "\"presharedKey\":\"lab:test/wg/psk\","
                                                      "\"endpoint\":{\"address\":\"192");
    (void)state;
    shake_hands(&pair);
    pass(&pair, 3 * SECOND);
    pass_through(pair.b, pair.a, &b_to_a);
    expect_json(pair.a, true,
                "\"wireguard\":[{\"interface\":3,\"publicKey\":\"" KEY_A
                "\",\"listenPort\":51823,\"peers\":[{\"publicKey\":\"" KEY_B
                "\",\"presharedKey\":true,\"endpoint\":{\"address\":\"192.0.2.2\",\"port\":51823},"
                "\"allowedIps\":[\"10.2.0.0/16\",\"10.9.0.2/32\",\"fd00:2::/32\"],"
                "\"latestHandshake\":1700000000,\"rx\":220,\"tx\":308,\"persistentKeepalive\":0,"
                "\"sessions\":[{\"role\":\"current\",\"index\":",
                true);
    expect_json(pair.a, true,
                "\"initiator\":true,\"age\":3000000000,\"sent\":1,\"received\":1}]}]}", true);
    expect_json(pair.a, true, "{\"interface\":5,", true);
    expect_json(pair.a, true, "77076d0a", false);
    expect_json(pair.a, true, "7071727374", false);
    expect_json(pair.a, false, "7071727374", false);
    pair_stop(&pair);
}

static void wg_34_sessions_that_are_gone_are_wiped(void **state)
{
    static const struct zt_wg_noise nothing;
    struct pair pair = pair_start(NULL, NULL);
    (void)state;
    shake_hands(&pair);
    assert_false(zt_wg_equal(peer_of(pair.a, 0, 3)->current->send_key, (uint8_t[32]){ 0 }, 32));
    /* The handshake's keys went when the session came of it. */
    assert_true(zt_wg_equal(&peer_of(pair.a, 0, 3)->noise, &nothing, sizeof nothing));
    assert_true(zt_wg_equal(&peer_of(pair.b, 0, 3)->noise, &nothing, sizeof nothing));
    pair_stop(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wg_1_programs_that_are_refused),
        cmocka_unit_test(wg_1_a_reference_stands_for_a_public_key),
        cmocka_unit_test(ctrl_6_a_tunnel_led_into_itself),
        cmocka_unit_test(wg_32_load_keeps_peers_and_sessions),
        cmocka_unit_test(wg_32_ctrl_1_what_is_held_ends),
        cmocka_unit_test(wg_32_endpoint_and_pre_shared_key_of_a_new_program),
        cmocka_unit_test(wg_32_an_own_address_that_is_gone_is_forgotten),
        cmocka_unit_test(wg_32_keys_that_a_running_program_has),
        cmocka_unit_test(wg_33_a_peer_is_added_changed_and_removed),
        cmocka_unit_test(wg_33_a_peer_without_endpoint),
        cmocka_unit_test(wg_33_changes_that_are_refused),
        cmocka_unit_test(wg_33_no_more_than_16384_peers),
        cmocka_unit_test(wg_34_what_is_dumped),
        cmocka_unit_test(wg_34_sessions_that_are_gone_are_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
