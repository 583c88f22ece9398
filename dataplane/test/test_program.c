/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of programs: what the contract says is refused, with the JSON path; JSON itself; key files. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/json.h"
#include "src/machine/address_text.h"
#include "src/machine/keys.h"
#include "test/support.h"

static char *leaf(const char *name, ...)
{
    va_list replacements;
    va_start(replacements, name);
    char *text = bench_program(name, replacements);
    va_end(replacements);
    return text;
}

/* Loading the leaf with `from` replaced by `to` is refused at `where`. */
static void refuses(const char *from, const char *to, const char *where)
{
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ 0 });
    struct zt_keys *keys = test_keys();
    struct zt_error error = { 0 };
    struct zt_effects effects;
    char *text = leaf("leaf", from, to, NULL);
    if (zt_machine_load(machine, 0, text, strlen(text), keys, &effects, &error))
        fail_msg("%s instead of %s was taken", to, from);
    if (strcmp(error.where, where) != 0)
        fail_msg("%s instead of %s is refused at %s (%s), not at %s", to, from, error.where,
                 error.message, where);
    assert_string_equal(error.code,
                        strncmp(where, "offset", 6) == 0 ? "json-invalid" : "program-invalid");
    assert_true(strlen(error.message) > 0);
    free(text);
    zt_keys_free(keys);
    zt_machine_destroy(machine);
}

static void schema_rules_are_held_and_the_path_is_named(void **state)
{
    (void)state;
    refuses("\"ztos-program\"", "\"program\"", "$.format");
    refuses("\"version\":1", "\"version\":2", "$.version");
    refuses("\"node\":\"leaf1\"", "\"node\":\"\"", "$.node");
    refuses("\"node\":\"leaf1\"", "\"node\":\"leaf1\",\"extra\":1", "$");
    refuses("\"node\":\"leaf1\"", "\"node\":\"leaf1\",\"node\":\"leaf1\"", "$");
    refuses("\"node\":\"leaf1\",", "", "$");
    refuses("\"ecmp\":286331153", "\"ecmp\":4294967296", "$.seeds.ecmp");
    refuses("\"ecmp\":286331153", "\"ecmp\":-1", "$.seeds.ecmp");
    refuses("\"ecmp\":286331153", "\"ecmp\":1.5", "$.seeds.ecmp");
    refuses("\"ecmp\":286331153", "\"ecmp\":\"1\"", "$.seeds.ecmp");
    refuses("{\"id\":1,\"name\":\"shop\"}", "{\"id\":0,\"name\":\"shop\"}", "$.vrfs");
    refuses("\"name\":\"eth1\"", "\"name\":\"sixteen-letters-\"", "$.interfaces[0].name");
    refuses("\"kind\":\"port\",\"mac\":\"02:00:00:00:01:01\"",
            "\"kind\":\"tunnel\",\"mac\":\"02:00:00:00:01:01\"", "$.interfaces[0].kind");
    refuses("\"mac\":\"02:00:00:00:01:01\"", "\"mac\":\"02:00:00:00:01:0A\"",
            "$.interfaces[0].mac");
    refuses("\"mtu\":1700", "\"mtu\":67", "$.interfaces[0].mtu");
    refuses("\"mtu\":1700", "\"mtu\":9217", "$.interfaces[0].mtu");
    refuses("\"10.254.0.1/31\"", "\"10.254.0.1/33\"", "$.interfaces[0].addresses[0]");
    refuses("\"10.254.0.1/31\"", "\"10.254.00.1/31\"", "$.interfaces[0].addresses[0]");
    refuses("\"10.254.0.1/31\"", "\"10.254.0.1\"", "$.interfaces[0].addresses[0]");
    refuses("\"2001:db8:ff::1/128\"", "\"2001:db8:ff:0::1/128\"", "$.interfaces[4].addresses[1]");
    refuses("\"tap\":true", "\"tap\":1", "$.interfaces[0].tap");
    refuses("\"tap\":true", "\"tap\":true,\"punt\":\"tap\"", "$.interfaces[0].punt");
    refuses("\"tap\":false,\"vrf\":0", "\"tap\":false,\"vrf\":0,\"punt\":\"xdp\"",
            "$.interfaces[1].punt");
    refuses("\"tap\":false,\"bridge\":10", "\"tap\":true,\"bridge\":10,\"punt\":\"xdp\"",
            "$.interfaces[6].punt");
    refuses("\"cipher\":\"gcm-aes-128\"", "\"cipher\":\"gcm-aes-192\"", "$.interfaces[3].cipher");
    refuses("\"replayWindow\":0", "\"replayWindow\":4294967296", "$.interfaces[3].replayWindow");
    refuses("\"an\":0,\"key\":\"lab:test/0200000001030001/0\"",
            "\"an\":4,\"key\":\"lab:test/0200000001030001/0\"", "$.interfaces[3].tx.an");
    refuses("\"key\":\"lab:test/0200000001030001/0\"", "\"key\":\"LAB:x\"",
            "$.interfaces[3].tx.key");
    refuses("\"tx\":{\"sci\":\"0200000001030001\"", "\"tx\":{\"sci\":\"020000000103000\"",
            "$.interfaces[3].tx.sci");
    refuses("\"an\":1,", "\"an\":0,", "$.interfaces[3].rx[1]");
    refuses("\"fdbLimit\":4", "\"fdbLimit\":0", "$.interfaces[5].fdbLimit");
    refuses("\"ageing\":300000000000", "\"ageing\":-1", "$.interfaces[5].ageing");
    refuses("\"vni\":10010", "\"vni\":0", "$.interfaces[8].vni");
    refuses("\"vni\":10010", "\"vni\":16777216", "$.interfaces[8].vni");
    refuses("\"ttl\":64", "\"ttl\":0", "$.interfaces[8].ttl");
    refuses("\"dscp\":10", "\"dscp\":64", "$.interfaces[8].dscp");
    refuses("\"port\":4789", "\"port\":0", "$.interfaces[8].port");
    refuses("\"udpChecksum\":\"zero\"", "\"udpChecksum\":\"none\"", "$.interfaces[8].udpChecksum");
    refuses("\"neighbourLimit\":3", "\"neighbourLimit\":1048577", "$.interfaces[9].neighbourLimit");
    refuses("\"tables\":", "\"kernelRoutes\":false,\"tables\":", "$.kernelRoutes");
    refuses("\"tables\":", "\"kernelRoutes\":1,\"tables\":", "$.kernelRoutes");
    refuses("\"blackhole\":true", "\"blackhole\":false", "$.tables.routes[11].blackhole");
    refuses("\"members\":[{\"interface\":1,\"gateway\":\"10.254.0.0\"}]", "\"members\":[]",
            "$.tables.groups[0].members");
}

static void references_must_lead_somewhere(void **state)
{
    (void)state;
    refuses("\"vrf\":0,\"addresses\"", "\"vrf\":9,\"addresses\"", "$.interfaces[4].vrf");
    refuses("\"id\":2,", "\"id\":1,", "$.vrfs");
    refuses("\"id\":11,\"name\":\"eth11\"", "\"id\":10,\"name\":\"eth11\"", "$.interfaces[6].id");
    refuses("\"lower\":3", "\"lower\":7", "$.interfaces[3].lower");
    refuses("\"lower\":3", "\"lower\":5", "$.interfaces[3].lower");
    refuses("\"lower\":3", "\"lower\":1", "$.interfaces[3].lower");
    refuses("\"tap\":false,\"bridge\":10", "\"tap\":false,\"bridge\":11", "$.interfaces[6].bridge");
    refuses("\"tap\":false,\"bridge\":10", "\"tap\":false,\"bridge\":10,\"vrf\":0",
            "$.interfaces[6]");
    refuses("\"tap\":false,\"bridge\":10", "\"tap\":false", "$.interfaces[6]");
    refuses("\"kind\":\"irb\",\"bridge\":20", "\"kind\":\"irb\",\"bridge\":10",
            "$.interfaces[13].bridge");
    refuses("\"10.255.0.2\",\"10.255.0.3\"]", "\"2001:db8::1\",\"10.255.0.3\"]",
            "$.interfaces[8].remotes[0]");
    refuses("\"connected\":1}", "\"connected\":3}", "$.tables.routes[0].connected");
    refuses("\"connected\":1}", "\"connected\":13}", "$.tables.routes[0].connected");
    refuses("\"connected\":1}", "\"connected\":1,\"group\":1}", "$.tables.routes[0]");
    refuses("\"connected\":1}", "\"group\":77}", "$.tables.routes[0].group");
    refuses("\"prefix\":\"10.254.0.2/31\"", "\"prefix\":\"10.254.0.0/31\"",
            "$.tables.routes[1].prefix");
    refuses("\"prefix\":\"10.254.0.2/31\"", "\"prefix\":\"10.254.0.3/31\"",
            "$.tables.routes[1].prefix");
    refuses("{\"id\":2,\"members\"", "{\"id\":1,\"members\"", "$.tables.groups");
    refuses("{\"interface\":34,\"address\":\"10.255.0.2\"",
            "{\"interface\":33,\"address\":\"10.255.0.2\"", "$.tables.neighbours[4].interface");
    refuses("{\"interface\":2,\"address\":\"10.254.0.2\"",
            "{\"interface\":1,\"address\":\"10.254.0.0\"", "$.tables.neighbours[1].address");
    refuses("\"interface\":42}", "\"interface\":51}", "$.tables.fdb[1].interface");
    refuses("\"interface\":42}", "\"interface\":42,\"remote\":\"10.255.0.2\"}", "$.tables.fdb[1]");
    refuses("\"interface\":33,\"remote\":\"10.255.0.2\"}", "\"interface\":33}", "$.tables.fdb[0]");
    refuses("{\"interface\":23,\"remotes\"", "{\"interface\":13,\"remotes\"",
            "$.tables.flood[1].interface");
    refuses("{\"interface\":23,\"remotes\"", "{\"interface\":14,\"remotes\"",
            "$.tables.flood[1].interface");
}

static void an_overlay_that_carries_itself_is_refused(void **state)
{
    (void)state;
    /* The underlay reaches VTEP 2 through the gateway of the network that is to be carried. */
    refuses("{\"vrf\":0,\"prefix\":\"10.255.0.2/32\",\"group\":1}",
            "{\"vrf\":0,\"prefix\":\"10.255.0.2/32\",\"connected\":14}", "$.interfaces[5]");
}

static void json_is_strict(void **state)
{
    static const char *const wrong[] = {
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "-",
        "tru",
        "nul",
        "[1 2]",
        "\"\\x\"",
        "\"\x01\"",
        "\"\xff\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"abc",
        "1 2",
        "{} x",
        "'a'",
        "NaN",
        "\xef\xbb\xbf{}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    };
    static const char *const right[] = {
        "{}",
        " [ ] ",
        "-0",
        "1e3",
        "1.5E-3",
        "\"\\u00e9\\ud83d\\ude00\\n\"",
        "\"\xf0\x9f\x98\x80\"",
        "[true,false,null,{\"a\":[]}]",
    };
    struct zt_json json;
    struct zt_error error;
    (void)state;
    for (uint32_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (zt_json_parse(&json, wrong[i], strlen(wrong[i]), &error))
            fail_msg("%s was taken", wrong[i]);
        assert_int_equal(strncmp(error.where, "offset ", 7), 0);
        zt_json_free(&json);
    }
    for (uint32_t i = 0; i < sizeof right / sizeof *right; i++) {
        if (!zt_json_parse(&json, right[i], strlen(right[i]), &error))
            fail_msg("%s was refused: %s", right[i], error.message);
        zt_json_free(&json);
    }
}

static void json_strings_and_integers(void **state)
{
    static const char text[] = "[\"\\u00e9\\ud83d\\ude00\\t\",\"a\\u0000b\",9007199254740991,"
                               "9007199254740992,1.0,1e3,0.5]";
    struct zt_json json;
    struct zt_error error;
    char out[32];
    uint32_t units;
    int64_t value;
    (void)state;
    assert_true(zt_json_parse(&json, text, strlen(text), &error));
    assert_true(zt_json_string(&json, 1, out, sizeof out, &units));
    assert_string_equal(out, "\xc3\xa9\xf0\x9f\x98\x80\t");
    assert_int_equal(units, 4);
    assert_false(zt_json_string(&json, 1, out, 7, &units));
    assert_false(zt_json_string(&json, 2, out, sizeof out, &units));
    assert_true(zt_json_integer(&json, 3, &value));
    assert_int_equal(value, 9007199254740991);
    assert_false(zt_json_integer(&json, 4, &value));
    assert_true(zt_json_integer(&json, 5, &value));
    assert_true(zt_json_integer(&json, 6, &value));
    assert_int_equal(value, 1000);
    assert_false(zt_json_integer(&json, 7, &value));
    zt_json_free(&json);
}

static void addresses_are_canonical(void **state)
{
    static const char *const right[] = { "0.0.0.0",      "255.255.255.255", "::",
                                         "::1",          "2001:db8::1",     "1:0:0:2::3",
                                         "1::2:0:0:3",   "1:2:3:4:5:6:7:8", "::ffff:10.0.0.1",
                                         "::ffff:a00:1", "fe80::",          "0:1::" };
    static const char *const wrong[] = { "",
                                         "1.2.3",
                                         "1.2.3.4.5",
                                         "256.0.0.1",
                                         "01.2.3.4",
                                         ":",
                                         ":::",
                                         "2001:DB8::1",
                                         "2001:db8:0::1",
                                         "1::2::3",
                                         "::1%eth0",
                                         "1:2:3:4:5:6:7",
                                         "2001:db8:0:0:0:0:0:1",
                                         "1:0:0:2:0:0:0:3",
                                         "2001:0db8::1" };
    char text[ZT_ADDRESS_TEXT];
    zt_ip ip;
    zt_mac mac;
    zt_sci sci;
    (void)state;
    for (uint32_t i = 0; i < sizeof right / sizeof *right; i++) {
        if (!zt_ip_parse(right[i], &ip) && strcmp(right[i], "0:1::") != 0)
            fail_msg("%s was refused", right[i]);
    }
    assert_true(zt_ip_parse("1:0:0:2::3", &ip));
    zt_ip_format(ip, text);
    assert_string_equal(text, "1:0:0:2::3");
    for (uint32_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (zt_ip_parse(wrong[i], &ip))
            fail_msg("%s was taken", wrong[i]);
    assert_true(zt_mac_parse("02:00:5e:00:00:01", &mac));
    assert_false(zt_mac_parse("02:00:5e:00:00:0", &mac));
    assert_false(zt_mac_parse("02-00-5e-00-00-01", &mac));
    assert_true(zt_sci_parse("0200000001030001", &sci));
    assert_false(zt_sci_parse("020000000103000G", &sci));
    assert_false(zt_sci_parse("G200000001030001", &sci)); /* found by fuzzing: a shift of -1 */
}

static void key_files_are_checked_and_say_nothing_of_values(void **state)
{
    static const char *const wrong[] = {
        "[]",
        "{\"a:b\":1}",
        "{\"a:b\":\"00\"}",
        "{\"a:b\":\"0001020304050607080900000000zzzz\"}",
        "{\"a:b\":\"000102030405060708090a0b0c0d0e0f\",\"a:b\":"
        "\"000102030405060708090a0b0c0d0e0f\"}",
        "{\"a:b\":\"dead",
    };
    char path[] = "/tmp/ztos-keys-XXXXXX";
    struct zt_error error = { 0 };
    int fd = mkstemp(path);
    (void)state;
    for (uint32_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(zt_keys_parse(wrong[i], strlen(wrong[i]), &error));
        assert_string_equal(error.code, "keys-invalid");
        assert_null(strstr(error.message, "0001"));
    }
    assert_true(fd >= 0);
    static const char good[] =
        "{\"a:b\":\"000102030405060708090A0B0C0D0E0F\",\"a:w\":"
        "\"000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f\",\"a:x\":"
        "\"000102030405060708090A0B0C0D0E0F101112131415161718191a1b\",\"a:y\":"
        "\"000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f2021222324252627"
        "28292a2b\"}";
    assert_int_equal(write(fd, good, sizeof good - 1), sizeof good - 1);
    assert_int_equal(fchmod(fd, 0640), 0);
    assert_null(zt_keys_read(path, &error));
    assert_string_equal(error.code, "keys-exposed");
    assert_int_equal(fchmod(fd, 0600), 0);
    struct zt_keys *keys = zt_keys_read(path, &error);
    assert_non_null(keys);
    assert_int_equal(zt_keys_find(keys, "a:b", 16)[15], 0x0f);
    assert_int_equal(zt_keys_find(keys, "a:w", 32)[31], 0x1f);
    assert_int_equal(zt_keys_find(keys, "a:x", 28)[27], 0x1b); /* with salt */
    assert_int_equal(zt_keys_find(keys, "a:y", 44)[43], 0x2b);
    assert_null(zt_keys_find(keys, "a:b", 32)); /* of MACsec, and of WireGuard */
    assert_null(zt_keys_find(keys, "a:w", 16));
    assert_null(zt_keys_find(keys, "a:c", 16));
    zt_keys_free(keys);
    close(fd);
    unlink(path);
    assert_null(zt_keys_read(path, &error));
    assert_string_equal(error.code, "keys-unreadable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_rules_are_held_and_the_path_is_named),
        cmocka_unit_test(references_must_lead_somewhere),
        cmocka_unit_test(an_overlay_that_carries_itself_is_refused),
        cmocka_unit_test(json_is_strict),
        cmocka_unit_test(json_strings_and_integers),
        cmocka_unit_test(addresses_are_canonical),
        cmocka_unit_test(key_files_are_checked_and_say_nothing_of_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
