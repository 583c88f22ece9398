/* SPDX-License-Identifier: Apache-2.0 */
/* §5, what is refused and what changes: MACSEC-9 to MACSEC-12, CTRL-2, and what is dumped. */
#include <stdio.h>

#include "test/changes.h"
#include "test/macsec.h"

#define RECEIVE(sci, an, to) \
    "{\"table\":\"receive-association\",\"interface\":11,\"sci\":\"" sci "\",\"an\":" #an \
    ",\"to\":" to "}"
#define TRANSMIT(to, more) \
    "{\"table\":\"transmit-association\",\"interface\":11,\"to\":" to more "}"
#define KEY(n) "{\"key\":\"lab:test/128/" #n "\"}"
#define SA(an, n) "{\"an\":" #an ",\"key\":\"lab:test/128/" #n "\"}"

/* ---- programs */

static void refuses(const struct sec *sec, const char *where)
{
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ 0 });
    struct zt_keys *keys = test_keys();
    struct zt_effects effects;
    struct zt_error error = { 0 };
    char *text = sec_program(sec);
    if (zt_machine_load(machine, 0, text, strlen(text), keys, &effects, &error))
        fail_msg("the program is taken; it is wrong at %s", where);
    if (strcmp(error.where, where) != 0)
        fail_msg("it is refused at %s (%s), not at %s", error.where, error.message, where);
    assert_string_equal(error.code, "program-invalid");
    free(text);
    zt_keys_free(keys);
    zt_machine_destroy(machine);
}

#define AT "$.interfaces[4]"

static void macsec_9_associations_that_do_not_fit_are_refused(void **state)
{
    static const uint8_t xpn = ZT_CIPHER_XPN_128;
    char text[400];
    (void)state;
    refuses(&(struct sec){ .standby = association(0, NULL, 0, 1) }, AT ".standby");
    refuses(&(struct sec){ .standby = association(0, NULL, 1, 0) }, AT ".standby");
    refuses(&(struct sec){ .tx = association(xpn, OWN, 0, 0) }, AT ".tx.ssci");
    refuses(&(struct sec){ .cipher = xpn, .tx = association(0, OWN, 0, 0) }, AT ".tx.ssci");
    refuses(&(struct sec){ .cipher = xpn, .rx = association(0, PEER, 0, 0) }, AT ".rx[0].ssci");
    refuses(&(struct sec){ .standby = association(xpn, NULL, 1, 1) }, AT ".standby[0].ssci");
    refuses(&(struct sec){ .tx = association_with(0, OWN, 0, 0, "4294967296") }, AT ".tx.pn");
    refuses(&(struct sec){ .tx = association_with(0, OWN, 0, 0, "0") }, AT ".tx.pn");
    refuses(&(struct sec){ .tx = association_with(0, OWN, 0, 0, "01") }, AT ".tx.pn");
    refuses(&(struct sec){ .tx = association_with(0, OWN, 0, 0, "") }, AT ".tx.pn");
    refuses(&(struct sec){ .rx = association_with(0, PEER, 0, 0, "1 ") }, AT ".rx[0].pn");
    refuses(&(struct sec){ .cipher = xpn,
                           .tx = association_with(xpn, OWN, 0, 0, "18446744073709551616") },
            AT ".tx.pn");
    refuses(&(struct sec){ .cipher = xpn,
                           .tx = association_with(xpn, OWN, 0, 0, "100000000000000000000") },
            AT ".tx.pn");
    snprintf(text, sizeof text, "%s,%s", association(0, PEER, 1, 1), association(0, PEER, 1, 2));
    refuses(&(struct sec){ .rx = text }, AT ".rx[1]");
    snprintf(text, sizeof text, "%s,%s,%s,%s", association(0, NULL, 1, 1),
             association(0, NULL, 2, 2), association(0, NULL, 3, 3), association(0, NULL, 3, 3));
    refuses(&(struct sec){ .standby = text }, AT ".standby");
    /* The greatest of each suite. */
    struct bench *bench = sec_start(&(struct sec){
        .tx = association_with(0, OWN, 0, 0, "4294967295"), .window = "4294967295" });
    bench_stop(bench);
    bench = sec_start(&(struct sec){ .cipher = xpn,
                                     .tx = association_with(xpn, OWN, 0, 0, "18446744073709551615"),
                                     .window = "1073741823" });
    bench_stop(bench);
    refuses(&(struct sec){ .cipher = xpn, .window = "1073741824" }, AT ".replayWindow");
    refuses(&(struct sec){ .window = "4294967296" }, AT ".replayWindow");
}

static void macsec_9_tags_that_do_not_fit_are_refused(void **state)
{
    char text[300];
    (void)state;
    refuses(&(struct sec){ .more = "\"tag\":\"end-station\"," }, AT ".tag");
    refuses(&(struct sec){ .routed = true,
                           .more = "\"tag\":\"end-station\",",
                           .tx = association(0, "0200000005010002", 0, 0) },
            AT ".tag");
    snprintf(text, sizeof text, "%s,%s", association(0, PEER, 0, 1), association(0, OTHER, 0, 2));
    refuses(&(struct sec){ .more = "\"tag\":\"implicit\",", .rx = text }, AT ".tag");
    refuses(&(struct sec){ .more = "\"tag\":\"explicit\"," }, AT ".tag");
    refuses(&(struct sec){ .more = "\"confidentiality\":\"all\"," }, AT ".confidentiality");
    refuses(&(struct sec){ .more = "\"protect\":1," }, AT ".protect");
    refuses(&(struct sec){ .mode = "off" }, AT ".mode");
}

/* A program with a piece of the text of sec_program() replaced. */
static void refuses_text(const char *from, const char *to, const char *where)
{
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ 0 });
    struct zt_keys *keys = test_keys();
    struct zt_effects effects;
    struct zt_error error = { 0 };
    char *text = sec_program(&(struct sec){ 0 }), changed[8000];
    char *at = strstr(text, from);
    assert_non_null(at);
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    if (zt_machine_load(machine, 0, changed, strlen(changed), keys, &effects, &error))
        fail_msg("%s is taken", to);
    if (strcmp(error.where, where) != 0)
        fail_msg("%s is refused at %s (%s), not at %s", to, error.where, error.message, where);
    free(text);
    zt_keys_free(keys);
    zt_machine_destroy(machine);
}

static void macsec_10_what_lies_on_vxlan_is_checked(void **state)
{
    (void)state;
    refuses_text("\"remotes\":[\"192.0.2.2\"]", "\"remotes\":[\"192.0.2.2\",\"192.0.2.3\"]",
                 "$.interfaces[8].lower");
    refuses_text("\"remotes\":[\"192.0.2.2\"]", "\"remotes\":[]", "$.interfaces[8].lower");
    refuses_text("\"learning\":false", "\"learning\":true", "$.interfaces[8].lower");
    refuses_text("\"kind\":\"vxlan\",\"vni\":77", "\"kind\":\"vxlan\",\"bridge\":20,\"vni\":77",
                 "$.interfaces[8].lower");
    refuses_text("\"lower\":31", "\"lower\":33", "$.interfaces[8].lower");
    refuses_text("\"lower\":31", "\"lower\":20", "$.interfaces[8].lower");
    refuses_text("\"lower\":31", "\"lower\":2", "$.interfaces[8].lower");
    refuses_text("\"lower\":1,", "\"lower\":31,", "$.interfaces[8].lower");
    refuses_text("\"mtu\":1500,\"addresses\":[],\"bridge\":20,\"cipher\":\"gcm-aes-128\",\"mode\":"
                 "\"strict\",\"replayWindow\":0,\"tx\":{\"sci\":\"" TUNNEL_OWN,
                 "\"mtu\":1500,\"addresses\":[\"10.7.0.1/24\"],\"bridge\":20,\"cipher\":"
                 "\"gcm-aes-128\",\"mode\":\"strict\",\"replayWindow\":0,\"tx\":{\"sci\":"
                 "\"" TUNNEL_OWN,
                 "$.interfaces[8]");
    refuses_text("\"mtu\":1500,\"addresses\":[],\"bridge\":20,\"cipher\":\"gcm-aes-128\",\"mode\":"
                 "\"strict\",\"replayWindow\":0,\"tx\":{\"sci\":\"" TUNNEL_OWN,
                 "\"mtu\":1500,\"addresses\":[],\"vrf\":0,\"cipher\":"
                 "\"gcm-aes-128\",\"mode\":\"strict\",\"replayWindow\":0,\"tx\":{\"sci\":"
                 "\"" TUNNEL_OWN,
                 "$.interfaces[8]");
    refuses_text("\"flood\":[{\"interface\":33",
                 "\"flood\":[{\"interface\":31,\"remotes\":[]},"
                 "{\"interface\":33",
                 "$.tables.flood[0].interface");
    /* One without bridge has macsec on it. */
    refuses_text("\"kind\":\"vxlan\",\"bridge\":20,\"vni\":78", "\"kind\":\"vxlan\",\"vni\":78",
                 "$.interfaces[9]");
}

static void keys_of_another_length_are_missing(void **state)
{
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ 0 });
    struct zt_keys *keys = test_keys();
    struct zt_effects effects;
    struct zt_error error = { 0 };
    char *text = sec_program(
        &(struct sec){ .tx = "{\"sci\":\"" OWN "\",\"an\":0,\"key\":\"lab:test/256/0\"}" });
    (void)state;
    assert_false(zt_machine_load(machine, 0, text, strlen(text), keys, &effects, &error));
    assert_string_equal(error.code, "keys-missing");
    assert_non_null(strstr(error.message, "no key of 16 octets for `lab:test/256/0`"));
    free(text);
    zt_keys_free(keys);
    zt_machine_destroy(machine);
}

/* ---- apply */

static void lend(struct bench *bench, const struct zt_keys *keys)
{
    for (uint32_t i = 0; i < 2; i++)
        zt_machine_lend_keys(bench->machines[i], keys);
}

static void gives(struct bench *bench, const char *sci, uint8_t an, uint32_t key, uint64_t pn,
                  enum zt_fate fate)
{
    struct parcel clear = frame_between(1, 9, 60);
    struct sealing how = { ZT_CIPHER_128, sci, an, key, pn, TCI_SC_EC, 0 };
    give_sealed(bench, 1, &how, &clear);
    if (fate == ZT_FATE_NONE)
        expect_parcel(bench, 2, &clear);
    else
        expect_fate_of(bench, fate, "the fate of a frame after a change");
    expect_end(bench);
}

static void macsec_11_receive_associations_come_and_go(void **state)
{
    struct bench *bench = sec_start(&(struct sec){ 0 });
    (void)state;
    teach(bench, 2, 1);
    gives(bench, PEER, 0, 1, 8, ZT_FATE_NONE);
    gives(bench, OTHER, 2, 3, 1, ZT_FATE_MACSEC_SCI_UNKNOWN);
    /* The program has key 2, in another place. */
    control(bench, APPLY(RECEIVE(OTHER, 2, KEY(2))));
    gives(bench, OTHER, 2, 2, 1, ZT_FATE_NONE);
    /* The same key leaves the number, another one starts anew, with what is given. */
    control(bench, APPLY(RECEIVE(PEER, 0, KEY(1))));
    gives(bench, PEER, 0, 1, 8, ZT_FATE_MACSEC_REPLAY);
    control(bench, APPLY(RECEIVE(PEER, 0, "{\"key\":\"lab:test/128/1\",\"pn\":\"2\"}")));
    gives(bench, PEER, 0, 1, 8, ZT_FATE_MACSEC_REPLAY);
    control(bench, APPLY(RECEIVE(PEER, 0, "{\"key\":\"lab:test/128/2\",\"pn\":\"5\"}")));
    gives(bench, PEER, 0, 2, 4, ZT_FATE_MACSEC_REPLAY);
    gives(bench, PEER, 0, 2, 5, ZT_FATE_NONE);
    assert_int_equal(channel_counter(bench, ZT_CHANNEL_OK), 2);
    control(bench, APPLY(RECEIVE(PEER, 0, "null")));
    gives(bench, PEER, 0, 2, 6, ZT_FATE_MACSEC_AN_UNKNOWN);
    control(bench, APPLY(RECEIVE(PEER, 1, "null") "," RECEIVE(PEER, 3, "null")));
    gives(bench, PEER, 0, 2, 6, ZT_FATE_MACSEC_SCI_UNKNOWN);
    /* The channel went with its last association, and so did its counters. */
    control(bench, APPLY(RECEIVE(PEER, 0, KEY(2))));
    gives(bench, PEER, 0, 2, 1, ZT_FATE_NONE);
    assert_int_equal(sec_interface(bench, 0, 11)->macsec.channels[1].counters[ZT_CHANNEL_OK], 1);
    control(bench, APPLY(RECEIVE(PEER, 0, "null") "," RECEIVE(OTHER, 2, "null")));
    gives(bench, PEER, 0, 2, 6, ZT_FATE_MACSEC_SCI_UNKNOWN);
    /* The program can be loaded as it is now, and hears nobody. */
    size_t length;
    char *program = zt_machine_program_json(bench->machines[0], &length);
    assert_non_null(strstr(program, "\"rx\":[]}"));
    load_text(bench, program);
    free(program);
    gives(bench, PEER, 0, 2, 6, ZT_FATE_MACSEC_SCI_UNKNOWN);
    bench_stop(bench);
}

static void sends(struct bench *bench, uint8_t an, uint32_t key, uint64_t pn)
{
    struct parcel clear = frame_between(9, 1, 60);
    struct sealing how = { ZT_CIPHER_128, OWN, an, key, pn, TCI_SC_EC, 0 };
    deliver(bench, 2, &clear);
    expect_sealed(bench, 1, &how, &clear);
    expect_end(bench);
}

static void macsec_11_transmit_associations_take_each_others_place(void **state)
{
    struct bench *bench = sec_start(&(struct sec){ 0 });
    (void)state;
    control(bench, APPLY(FDB(20, "02:bb:00:00:00:09", TO_PORT(11, true))));
    sends(bench, 0, 0, 1);
    sends(bench, 0, 0, 2);
    control(bench, APPLY(TRANSMIT(SA(1, 2), "")));
    sends(bench, 1, 2, 1);
    /* No number is used twice with a key: MACSEC-9. */
    control(bench, APPLY(TRANSMIT(SA(0, 0), "")));
    sends(bench, 0, 0, 3);
    control(bench, APPLY(TRANSMIT(SA(2, 2), ",\"standby\":[" SA(3, 0) "]")));
    sends(bench, 2, 2, 2);
    set_next_pn(bench, 0, 0xc0000000);
    sends(bench, 3, 0, 4);
    control(bench, APPLY(TRANSMIT("{\"an\":3,\"key\":\"lab:test/128/0\",\"pn\":\"9\"}", "")));
    sends(bench, 3, 0, 9);
    control(bench, APPLY(TRANSMIT("{\"an\":3,\"key\":\"lab:test/128/0\",\"pn\":\"9\"}", "")));
    sends(bench, 3, 0, 10);
    assert_int_equal(transmit_counter(bench, 0, ZT_TRANSMIT_ENCRYPTED), 6);
    bench_stop(bench);
}

static void macsec_11_keys_that_are_lent_are_found(void **state)
{
    static const char rekey[] = APPLY(RECEIVE(PEER, 2, "{\"key\":\"lab:test/128/fresh\"}"));
    static const char key_file[] =
        "{\"lab:test/128/fresh\":\"0102030405060708090a0b0c0d0e0f10\","
        "\"lab:test/128/long\":\"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c\"}";
    struct bench *bench = sec_start(&(struct sec){ 0 });
    struct zt_error error;
    struct zt_keys *keys = zt_keys_parse(key_file, sizeof key_file - 1, &error);
    (void)state;
    assert_non_null(keys);
    control_refused(bench, rekey, "change-refused");
    lend(bench, keys);
    control(bench, rekey);
    control_refused(bench, APPLY(RECEIVE(PEER, 3, "{\"key\":\"lab:test/128/long\"}")),
                    "change-refused");
    lend(bench, NULL);
    zt_keys_free(keys);
    /* From here on the node has it itself. */
    control(bench, APPLY(TRANSMIT("{\"an\":1,\"key\":\"lab:test/128/fresh\"}", "")));
    bench_stop(bench);
}

static void macsec_11_what_is_refused_changes_nothing(void **state)
{
    static const char *const refused[] = {
        RECEIVE(OWN, 0, KEY(1)),
        RECEIVE(PEER, 0, "{\"key\":\"lab:test/128/none\"}"),
        RECEIVE(PEER, 0, "{\"key\":\"lab:test/256/0\"}"),
        RECEIVE(PEER, 0, "{\"key\":\"lab:test/128/1\",\"ssci\":1}"),
        RECEIVE(PEER, 0, "{\"key\":\"lab:test/128/1\",\"pn\":\"4294967296\"}"),
        TRANSMIT(SA(0, 0), ",\"standby\":[" SA(0, 1) "]"),
        TRANSMIT(SA(0, 0), ",\"standby\":[" SA(1, 0) "]"),
        TRANSMIT("{\"an\":0,\"key\":\"lab:test/128/0\",\"ssci\":7}", ""),
        "{\"table\":\"receive-association\",\"interface\":20,\"sci\":\"" PEER
        "\",\"an\":0,\"to\":null}",
        "{\"table\":\"transmit-association\",\"interface\":99,\"to\":" SA(0, 0) "}",
    };
    static const char *const malformed[] = {
        RECEIVE("02", 0, KEY(1)),
        RECEIVE(PEER, 4, KEY(1)),
        RECEIVE(PEER, 0, SA(0, 1)),
        RECEIVE(PEER, 0, "{\"key\":\"lab:test/128/1\",\"pn\":\"0\"}"),
        RECEIVE(PEER, 0, "{\"key\":\"none\"}"),
        TRANSMIT("null", ""),
        TRANSMIT(KEY(0), ""),
        TRANSMIT(SA(0, 0), ",\"standby\":[" SA(1, 1) "," SA(2, 2) "," SA(3, 3) "," SA(3, 3) "]"),
        TRANSMIT(SA(0, 0), ",\"standby\":{}"),
        "{\"table\":\"receive-association\",\"interface\":11,\"sci\":\"" PEER "\",\"an\":0}",
    };
    struct bench *bench = sec_start(&(struct sec){ 0 });
    char text[1000];
    size_t length;
    (void)state;
    for (uint32_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        snprintf(text, sizeof text, APPLY("%s,%s"), RECEIVE(PEER, 3, KEY(3)), refused[i]);
        control_refused(bench, text, "change-refused");
    }
    for (uint32_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        snprintf(text, sizeof text, APPLY("%s,%s"), RECEIVE(PEER, 3, KEY(3)), malformed[i]);
        control_refused(bench, text, "request-invalid");
    }
    char *program = zt_machine_program_json(bench->machines[0], &length);
    assert_string_equal(program, bench->program);
    free(program);
    bench_stop(bench);
}

static void macsec_11_an_implicit_sci_has_one_channel_at_every_change(void **state)
{
    struct bench *bench = sec_start(&(struct sec){ .more = "\"tag\":\"implicit\"," });
    (void)state;
    control_refused(bench, APPLY(RECEIVE(OTHER, 0, KEY(1))), "change-refused");
    control_refused(
        bench,
        APPLY(RECEIVE(OTHER, 0, KEY(1)) "," RECEIVE(PEER, 0, "null") "," RECEIVE(PEER, 1, "null")),
        "change-refused");
    control_refused(bench, APPLY(RECEIVE(PEER, 0, "null") "," RECEIVE(OTHER, 0, KEY(1))),
                    "change-refused");
    control(bench, APPLY(RECEIVE(PEER, 0, "null") "," RECEIVE(PEER, 1, "null") "," RECEIVE(
                       OTHER, 0, KEY(1)) "," RECEIVE(OTHER, 1, KEY(2))));
    control_refused(bench, APPLY(RECEIVE(PEER, 0, KEY(1))), "change-refused");
    bench_stop(bench);
}

/* ---- CTRL-2, and what is dumped */

static void set_mode(struct bench *bench, const char *mode)
{
    char text[200];
    snprintf(text, sizeof text,
             "{\"id\":1,\"op\":\"set-macsec-mode\",\"interface\":11,\"mode\":%s}", mode);
    control(bench, text);
}

static void shows(struct bench *bench, const char *mode, const char *protect)
{
    size_t length;
    char *program = zt_machine_program_json(bench->machines[0], &length);
    char wanted[80];
    snprintf(wanted, sizeof wanted, "\"mode\":\"%s\",%s\"replayWindow\"", mode, protect);
    if (strstr(program, wanted) == NULL)
        fail_msg("%s is not in %s", wanted, program);
    load_text(bench, program);
    free(program);
}

static void ctrl_2_mode_and_protect_are_set_together(void **state)
{
    struct bench *bench = sec_start(&(struct sec){ .more = "\"protect\":false," });
    (void)state;
    assert_true(tables_hold(bench, "{\"interface\":11,\"mode\":\"strict\",\"protect\":false,"));
    set_mode(bench, "\"check\"");
    assert_true(tables_hold(bench, "{\"interface\":11,\"mode\":\"check\",\"protect\":true,"));
    shows(bench, "check", "");
    set_mode(bench, "\"disabled\"");
    assert_true(tables_hold(bench, "{\"interface\":11,\"mode\":\"disabled\",\"protect\":false,"));
    shows(bench, "disabled", "");
    set_mode(bench, "\"disabled\",\"protect\":true");
    assert_true(tables_hold(bench, "{\"interface\":11,\"mode\":\"disabled\",\"protect\":true,"));
    shows(bench, "disabled", "\"protect\":true,");
    set_mode(bench, "\"strict\",\"protect\":false");
    assert_true(tables_hold(bench, "{\"interface\":11,\"mode\":\"strict\",\"protect\":false,"));
    shows(bench, "strict", "\"protect\":false,");
    control_refused(bench,
                    "{\"id\":1,\"op\":\"set-macsec-mode\",\"interface\":11,\"mode\":\"strict\","
                    "\"protect\":null}",
                    "request-invalid");
    bench_stop(bench);
}

#define COUNTERS_11 \
    "{\"InPktsUntagged\":0,\"InPktsNoTag\":0,\"InPktsBadTag\":0,\"InPktsNoSA\":0," \
    "\"InPktsNoSAError\":0,\"OutPktsUntagged\":0,\"OutPktsTooLong\":0,\"OutOctetsProtected\":0," \
    "\"OutOctetsEncrypted\":60}"
#define COUNTERS_RX(ok, decrypted) \
    "{\"InPktsUnchecked\":0,\"InPktsDelayed\":0,\"InPktsLate\":0,\"InPktsOK\":" #ok \
    ",\"InPktsInvalid\":0,\"InPktsNotValid\":0,\"InOctetsValidated\":0," \
    "\"InOctetsDecrypted\":" #decrypted "}"

static void macsec_8_tables_show_associations_and_counters(void **state)
{
    struct sec sec = { .standby = association_with(0, NULL, 2, 3, "17") };
    struct bench *bench = sec_start(&sec);
    (void)state;
    teach(bench, 2, 1);
    control(bench, APPLY(RECEIVE(OTHER, 1, KEY(3)) "," RECEIVE(PEER, 2, KEY(3))));
    gives(bench, PEER, 0, 1, 8, ZT_FATE_NONE);
    assert_true(tables_hold(
        bench,
        "\"macsec\":[{\"interface\":11,\"mode\":\"strict\",\"protect\":true,"
        "\"counters\":" COUNTERS_11 ",\"tx\":{\"sci\":\"" OWN
        "\",\"associations\":[{\"an\":0,\"key\":\"lab:test/128/0\","
        "\"pn\":\"2\",\"encoding\":true,\"counters\":{\"OutPktsProtected\":0,\"OutPktsEncrypted\":"
        "1}},{\"an\":2,\"key\":\"lab:test/128/3\",\"pn\":\"17\",\"encoding\":false,\"counters\":"
        "{\"OutPktsProtected\":0,\"OutPktsEncrypted\":0}}]},\"rx\":[{\"sci\":\"" PEER
        "\",\"counters\":" COUNTERS_RX(
            1, 60) ",\"associations\":[{\"an\":0,\"key\":"
                   "\"lab:test/128/1\",\"pn\":\"9\"},{\"an\":1,\"key\":\"lab:test/128/"
                   "2\",\"pn\":\"1\"},"
                   "{\"an\":2,\"key\":\"lab:test/128/3\",\"pn\":\"1\"}]},{\"sci\":\"" OTHER
                   "\",\"counters\":" COUNTERS_RX(
                       0, 0) ",\"associations\":[{\"an\":1,\"key\":\"lab:test/128/3\",\"pn\":\"1\"}"
                             "]}]},{\"interface\":32,"));
    set_next_pn(bench, 0, 0xc0000000);
    assert_true(tables_hold(bench, "\"pn\":\"3221225472\",\"encoding\":false"));
    assert_true(tables_hold(bench, "\"pn\":\"17\",\"encoding\":true"));
    bench_stop(bench);
}

/* The program is the one that would have been loaded with the changes in it. */
static void macsec_11_the_program_shows_what_was_changed(void **state)
{
    struct bench *bench =
        sec_start(&(struct sec){ .cipher = ZT_CIPHER_XPN_256,
                                 .more = "\"confidentiality\":\"offset-30\",\"replayProtect\":"
                                         "false,",
                                 .window = "9" });
    size_t length;
    (void)state;
    control(bench, APPLY("{\"table\":\"receive-association\",\"interface\":11,\"sci\":\"" PEER
                         "\",\"an\":0,\"to\":null},{\"table\":\"receive-association\","
                         "\"interface\":11,\"sci\":\"" OTHER "\",\"an\":3,\"to\":{\"key\":"
                         "\"lab:test/xpn-256/1\",\"ssci\":4294967295,\"pn\":"
                         "\"18446744073709551615\"}},{\"table\":\"transmit-association\","
                         "\"interface\":11,\"to\":{\"an\":2,\"key\":\"lab:test/xpn-256/2\","
                         "\"ssci\":0},\"standby\":[{\"an\":1,\"key\":\"lab:test/xpn-256/0\","
                         "\"ssci\":1}]}"));
    char *program = zt_machine_program_json(bench->machines[1], &length);
    static const char wanted[] =
        "{\"id\":11,\"name\":\"sec11\",\"kind\":\"macsec\",\"bridge\":20,\"lower\":1,\"mac\":"
        "\"02:00:00:00:05:01\",\"mtu\":1500,\"addresses\":[],\"cipher\":\"gcm-aes-xpn-256\","
        "\"mode\":\"strict\",\"confidentiality\":\"offset-30\",\"replayProtect\":false,"
        "\"replayWindow\":9,\"tx\":{\"sci\":\"" OWN "\",\"an\":2,\"key\":\"lab:test/xpn-256/2\","
        "\"ssci\":0},\"standby\":[{\"an\":1,\"key\":\"lab:test/xpn-256/0\",\"ssci\":1}],\"rx\":["
        "{\"sci\":\"" PEER "\",\"an\":1,\"key\":\"lab:test/xpn-256/2\",\"ssci\":1895825411},"
        "{\"sci\":\"" OTHER "\",\"an\":3,\"key\":\"lab:test/xpn-256/1\",\"ssci\":4294967295,"
        "\"pn\":\"18446744073709551615\"}]},{\"id\":20,";
    if (strstr(program, wanted) == NULL)
        fail_msg("%s is not in %s", wanted, program);
    load_text(bench, program);
    char *again = zt_machine_program_json(bench->machines[0], &length);
    assert_string_equal(again, program);
    free(again);
    free(program);
    /* A routed one with addresses. */
    bench_stop(bench);
    bench = sec_start(&(struct sec){ .routed = true, .more = "\"tag\":\"end-station\"," });
    set_mode(bench, "\"check\"");
    program = zt_machine_program_json(bench->machines[0], &length);
    assert_non_null(strstr(program, "\"vrf\":0,\"lower\":1,\"mac\":\"02:00:00:00:05:01\",\"mtu\":"
                                    "1500,\"addresses\":[\"10.6.0.1/24\"],\"cipher\":"
                                    "\"gcm-aes-128\",\"mode\":\"check\",\"tag\":\"end-station\","));
    load_text(bench, program);
    free(program);
    bench_stop(bench);
}

/* ---- MACSEC-12 */

#ifdef __SANITIZE_ADDRESS__
/* Of the sanitizer's library (sanitizer/allocator_interface.h). */
int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t),
                                              void (*)(const volatile void *));

/* Associations that are there, and how many of them were given back as zeros. */
static struct {
    const void *there[64];
    uint32_t count, wiped;
} watched;

static void looked_at(const volatile void *memory, size_t size)
{
    (void)memory;
    (void)size;
}

/* Memory is looked at before it is given back. */
static void is_given_back(const volatile void *memory)
{
    static const struct zt_sa nothing;
    for (uint32_t i = 0; i < watched.count; i++)
        if (watched.there[i] == memory) {
            watched.wiped += memcmp(watched.there[i], &nothing, sizeof nothing) == 0;
            watched.there[i] = NULL;
        }
}

static void watch(const struct bench *bench)
{
    const struct zt_macsec *macsec = &sec_interface(bench, 0, 11)->macsec;
    watched.count = watched.wiped = 0;
    for (uint32_t i = 0; i < macsec->tx_count; i++)
        watched.there[watched.count++] = macsec->tx[i];
    for (uint32_t i = 0; i < macsec->rx_count; i++)
        watched.there[watched.count++] = macsec->rx[i];
}

static void macsec_12_keys_that_are_gone_are_zeros(void **state)
{
    struct sec sec = { .standby = association(0, NULL, 1, 3) };
    struct bench *bench = sec_start(&sec);
    (void)state;
    assert_true(__sanitizer_install_malloc_and_free_hooks(looked_at, is_given_back) > 0);
    watch(bench);
    control(bench, APPLY(RECEIVE(PEER, 0, KEY(1))));
    assert_int_equal(watched.wiped, 1);
    control(bench, APPLY(RECEIVE(PEER, 1, "null")));
    assert_int_equal(watched.wiped, 2);
    control(bench, APPLY(TRANSMIT(SA(0, 0), "")));
    assert_int_equal(watched.wiped, 4);
    watch(bench);
    sec_load(bench, &sec);
    assert_int_equal(watched.wiped, 2);
    watch(bench);
    bench_stop(bench);
    assert_int_equal(watched.wiped, 4);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(macsec_9_associations_that_do_not_fit_are_refused),
        cmocka_unit_test(macsec_9_tags_that_do_not_fit_are_refused),
        cmocka_unit_test(macsec_10_what_lies_on_vxlan_is_checked),
        cmocka_unit_test(keys_of_another_length_are_missing),
        cmocka_unit_test(macsec_11_receive_associations_come_and_go),
        cmocka_unit_test(macsec_11_transmit_associations_take_each_others_place),
        cmocka_unit_test(macsec_11_keys_that_are_lent_are_found),
        cmocka_unit_test(macsec_11_what_is_refused_changes_nothing),
        cmocka_unit_test(macsec_11_an_implicit_sci_has_one_channel_at_every_change),
        cmocka_unit_test(ctrl_2_mode_and_protect_are_set_together),
        cmocka_unit_test(macsec_8_tables_show_associations_and_counters),
        cmocka_unit_test(macsec_11_the_program_shows_what_was_changed),
#ifdef __SANITIZE_ADDRESS__
        cmocka_unit_test(macsec_12_keys_that_are_gone_are_zeros),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
