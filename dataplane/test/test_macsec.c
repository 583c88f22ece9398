/* SPDX-License-Identifier: Apache-2.0 */
/* §5 MACsec. Frames of IEEE 802.1AE Annex C come from the vector file that the twin's tests use too. */
#include <stdio.h>

#include "src/base/file.h"
#include "src/base/json.h"
#include "test/support.h"

#define VECTORS "../twin/packet/vectors/macsec-gcm-aes-128.json"

static void macsec_1_clear_frames_do_not_pass(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_fate(bench, 3, TRANSIT_CLEAR_3, MACSEC_CLEAR);
    control(bench, "{\"id\":1,\"op\":\"set-macsec-mode\",\"interface\":4,\"mode\":\"disabled\"}");
    gives_tx(bench, 3, TRANSIT_CLEAR_3, 1, TRANSIT_OUT);
    gives_fate(bench, 3, TRANSIT_SEALED_IN, MACSEC_UNEXPECTED);
    bench_stop(bench);
}

/* A sealed frame with one octet of its SecTAG (from 12) changed, or cut. */
static void gives_tag_invalid(struct bench *bench, uint32_t at, uint8_t bits, uint32_t cut)
{
    uint32_t length;
    uint8_t *frame = octets(TRANSIT_SEALED_IN, &length);
    frame[at] ^= bits;
    give_octets(bench, 3, frame, length - cut);
    expect_fate(bench, MACSEC_TAG_INVALID);
    expect_end(bench);
    free(frame);
}

static void macsec_2_every_bit_of_the_tag_counts(void **state)
{
    static const uint8_t tci[] = { 0x80, 0x40, 0x20, 0x10, 0x08, 0x04 };
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    for (uint32_t i = 0; i < sizeof tci; i++)
        gives_tag_invalid(bench, 14, tci[i], 0);
    gives_tag_invalid(bench, 15, 0x80, 0);
    gives_tag_invalid(bench, 15, 0x40, 0);
    gives_tag_invalid(bench, 15, 0x2f, 0); /* SL 47 is not the length */
    gives_tag_invalid(bench, 19, 0x01, 0); /* PN 0 */
    uint32_t length;
    free(octets(TRANSIT_SEALED_IN, &length));
    gives_tag_invalid(bench, 12, 0, length - 45);
    gives_tx(bench, 3, TRANSIT_SEALED_IN, 1, TRANSIT_OUT);
    bench_stop(bench);
}

static void macsec_3_unknown_channel_and_association(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_fate(bench, 3, TRANSIT_SEALED_OTHER_SCI, MACSEC_SCI_UNKNOWN);
    gives_fate(bench, 3, TRANSIT_SEALED_OTHER_AN, MACSEC_AN_UNKNOWN);
    gives_tx(bench, 3, TRANSIT_SEALED_IN_AN1, 1, TRANSIT_OUT);
    bench_stop(bench);
}

static void macsec_4_6_a_packet_number_is_accepted_once(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_tx(bench, 3, TRANSIT_SEALED_IN_2, 1, TRANSIT_OUT);
    gives_fate(bench, 3, TRANSIT_SEALED_IN_2, MACSEC_REPLAY);
    gives_fate(bench, 3, TRANSIT_SEALED_IN, MACSEC_REPLAY);
    gives_tx(bench, 3, TRANSIT_SEALED_LAST, 1, TRANSIT_OUT);
    gives_fate(bench, 3, TRANSIT_SEALED_LAST, MACSEC_REPLAY);
    bench_stop(bench);
}

static void macsec_5_every_octet_is_authenticated(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    uint32_t length;
    uint8_t *frame = octets(TRANSIT_SEALED_IN, &length);
    (void)state;
    for (uint32_t at = 0; at < length; at++) {
        if (at >= 12 && at < 28) /* what MACSEC-1 to MACSEC-4 read; AN and PN below */
            continue;
        frame[at] ^= 0x01;
        give_octets(bench, 3, frame, length);
        expect_fate(bench, MACSEC_ICV);
        frame[at] ^= 0x01;
    }
    frame[18] = 0x01; /* PN 257: another IV and AAD */
    give_octets(bench, 3, frame, length);
    expect_fate(bench, MACSEC_ICV);
    frame[18] = 0;
    frame[14] ^= 0x01; /* AN 1: another key */
    give_octets(bench, 3, frame, length);
    expect_fate(bench, MACSEC_ICV);
    free(frame);
    /* None of that moved the lowest acceptable PN. */
    gives_tx(bench, 3, TRANSIT_SEALED_IN, 1, TRANSIT_OUT);
    bench_stop(bench);
}

static void macsec_6_an_opened_frame_longer_than_the_mtu(void **state)
{
    struct bench *bench = bench_start("leaf", "\"mtu\":1668", "\"mtu\":68", NULL);
    (void)state;
    gives_tx(bench, 3, TRANSIT_SEALED_IN, 1, TRANSIT_OUT); /* 46 octets behind the header */
    gives_fate(bench, 3, BIG_SEALED_IN, FRAME_OVERSIZE);
    /* It was authentic: its packet number is used up. */
    gives_fate(bench, 3, TRANSIT_SEALED_IN_2, MACSEC_REPLAY);
    bench_stop(bench);
}

static void macsec_7_seals_with_rising_numbers(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_tx(bench, 1, TRANSIT_TO_3, 3, TRANSIT_TO_3_PN1);
    gives_tx(bench, 1, TRANSIT_TO_3, 3, TRANSIT_TO_3_PN2);
    gives_tx(bench, 1, TRANSIT_TO_3, 3, TRANSIT_TO_3_PN3);
    bench_stop(bench);
}

static void macsec_7_disabled_sends_clear(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    control(bench, "{\"id\":1,\"op\":\"set-macsec-mode\",\"interface\":4,\"mode\":\"disabled\"}");
    gives_tx(bench, 1, TRANSIT_TO_3, 3, TRANSIT_TO_3_CLEAR);
    bench_stop(bench);
}

static void set_next_pn(struct bench *bench, uint64_t pn)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct zt_program *program = bench->machines[i]->program;
        program->interfaces[zt_program_find(program, 4)].macsec.tx.pn = pn;
    }
}

static void macsec_7_the_last_number_is_used_and_then_none(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    set_next_pn(bench, 0xffffffff);
    give(bench, 1, TRANSIT_TO_3);
    assert_int_equal(bench->effects.list[0].kind, ZT_EFFECT_TX);
    bench->next = 1;
    gives_fate(bench, 1, TRANSIT_TO_3, MACSEC_PN_EXHAUSTED);
    gives_fate(bench, 1, TRANSIT_TO_3, MACSEC_PN_EXHAUSTED);
    bench_stop(bench);
}

static void macsec_8_numbers_survive_a_program_that_keeps_the_association(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_tx(bench, 1, TRANSIT_TO_3, 3, TRANSIT_TO_3_PN1);
    gives_tx(bench, 3, TRANSIT_SEALED_IN_2, 1, TRANSIT_OUT);
    load(bench, "leaf", NULL);
    gives_tx(bench, 1, TRANSIT_TO_3, 3, TRANSIT_TO_3_PN2);
    gives_fate(bench, 3, TRANSIT_SEALED_IN, MACSEC_REPLAY);
    /* Another AN is another association. */
    load(bench, "leaf",
         "\"tx\":{\"sci\":\"0200000001030001\",\"an\":0,\"key\":\"lab:test/0200000001030001/0\"}",
         "\"tx\":{\"sci\":\"0200000001030001\",\"an\":1,\"key\":\"lab:test/0200000001030001/1\"}",
         NULL);
    load(bench, "leaf", NULL);
    gives_tx(bench, 1, TRANSIT_TO_3, 3, TRANSIT_TO_3_PN1);
    bench_stop(bench);
}

/* ---- IEEE 802.1AE Annex C */

struct vector {
    char name[64], key[40], sci[20], *frame, *sealed;
    int64_t tci, an, pn;
};

static uint32_t find(const struct zt_json *json, uint32_t object, const char *name)
{
    uint32_t key = zt_json_first(object);
    for (uint32_t i = 0; i < json->nodes[object].count; i++) {
        if (zt_json_string_is(json, key, name))
            return key + 1;
        key = json->nodes[key + 1].next;
    }
    fail_msg("the vectors have no `%s`", name);
    return 0;
}

static char *copy_text(const struct zt_json *json, uint32_t node, char *out, size_t size)
{
    size_t length = json->nodes[node].end - json->nodes[node].start;
    char *text = out == NULL ? calloc(length + 1, 1) : out;
    assert_true(out == NULL || length < size);
    memcpy(text, json->text + json->nodes[node].start, length);
    text[length] = '\0';
    return text;
}

static struct vector read_vector(const struct zt_json *json, uint32_t node)
{
    struct vector vector;
    copy_text(json, find(json, node, "name"), vector.name, sizeof vector.name);
    copy_text(json, find(json, node, "key"), vector.key, sizeof vector.key);
    copy_text(json, find(json, node, "sci"), vector.sci, sizeof vector.sci);
    vector.frame = copy_text(json, find(json, node, "frame"), NULL, 0);
    vector.sealed = copy_text(json, find(json, node, "sealed"), NULL, 0);
    assert_true(zt_json_integer(json, find(json, node, "tci"), &vector.tci));
    assert_true(zt_json_integer(json, find(json, node, "an"), &vector.an));
    assert_true(zt_json_integer(json, find(json, node, "pn"), &vector.pn));
    return vector;
}

/* Two ports, a macsec interface on the first; a bridge, so that frames come out as they were opened. */
static struct zt_machine *machine_for(const struct vector *vector)
{
    char program[2048], keys_text[128];
    struct zt_error error = { 0 };
    struct zt_effects effects;
    int length = snprintf(
        program, sizeof program,
        "{\"format\":\"ztos-program\",\"version\":1,\"node\":\"n\",\"seeds\":{\"ecmp\":0,"
        "\"sourcePort\":0},\"vrfs\":[],"
        "\"interfaces\":[{\"id\":1,\"name\":\"a\",\"kind\":\"port\",\"mac\":\"02:00:00:00:00:01\","
        "\"mtu\":1600,\"addresses\":[],"
        "\"tap\":true},{\"id\":2,\"name\":\"b\",\"kind\":\"port\",\"mac\":\"02:00:00:00:00:02\","
        "\"mtu\":1600,\"addresses\":[],"
        "\"tap\":false,\"bridge\":4},{\"id\":3,\"name\":\"m\",\"kind\":\"macsec\",\"lower\":1,"
        "\"mac\":\"02:00:00:00:00:01\","
        "\"mtu\":1500,\"addresses\":[],\"cipher\":\"gcm-aes-128\",\"mode\":\"strict\","
        "\"replayWindow\":0,\"bridge\":4,"
        "\"tx\":{\"sci\":\"%s\",\"an\":%d,\"key\":\"x:k\"},\"rx\":[{\"sci\":\"%s\",\"an\":%d,"
        "\"key\":\"x:k\"}]},"
        "{\"id\":4,\"name\":\"br\",\"kind\":\"bridge\",\"ageing\":1000,\"fdbLimit\":10}],"
        "\"tables\":{\"routes\":[],\"groups\":[],\"neighbours\":[],\"fdb\":[],\"flood\":[]}}",
        vector->sci, (int)vector->an, vector->sci, (int)vector->an);
    assert_true(length > 0 && (size_t)length < sizeof program);
    snprintf(keys_text, sizeof keys_text, "{\"x:k\":\"%s\"}", vector->key);
    struct zt_keys *keys = zt_keys_parse(keys_text, strlen(keys_text), &error);
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ 0 });
    if (!zt_machine_load(machine, 0, program, (size_t)length, keys, &effects, &error))
        fail_msg("%s: %s", error.where, error.message);
    zt_keys_free(keys);
    machine->program->interfaces[2].macsec.tx.pn = (uint64_t)vector->pn;
    return machine;
}

static void expect_single(struct zt_effects effects, uint16_t port, const char *hex,
                          const char *name)
{
    uint32_t length;
    uint8_t *data = octets(hex, &length);
    if (effects.count != 1 || effects.list[0].kind != ZT_EFFECT_TX ||
        effects.list[0].interface != port || effects.list[0].length != length ||
        memcmp(effects.list[0].data, data, length) != 0)
        fail_msg("%s: the frame is another", name);
    free(data);
}

static void check_vector(const struct vector *vector)
{
    struct zt_machine *machine = machine_for(vector);
    uint32_t length;
    uint8_t *sealed = octets(vector->sealed, &length);
    struct zt_input input = {
        .kind = ZT_INPUT_FRAME, .interface = 1, .data = sealed, .length = length
    };
    struct zt_effects effects = zt_machine_run(machine, &input, 1);
    if (vector->tci == 0x2c) {
        /* Opened and flooded to the other port; then sealed again from the TAP. */
        expect_single(effects, 2, vector->frame, vector->name);
        free(sealed);
        sealed = octets(vector->frame, &length);
        input = (struct zt_input){
            .kind = ZT_INPUT_PUNT, .interface = 1, .data = sealed, .length = length
        };
        expect_single(zt_machine_run(machine, &input, 1), 1, vector->sealed, vector->name);
    } else {
        /* Integrity only, or without SCI: no frames of this profile. */
        assert_int_equal(effects.count, 1);
        assert_int_equal(effects.list[0].fate, ZT_FATE_MACSEC_TAG_INVALID);
    }
    free(sealed);
    zt_machine_destroy(machine);
}

static void macsec_5_7_annex_c(void **state)
{
    struct zt_error error;
    struct zt_json json;
    size_t length;
    char *text = (char *)zt_file_read(VECTORS, 1 << 20, &length, &error);
    uint32_t with_profile = 0;
    (void)state;
    assert_non_null(text);
    assert_true(zt_json_parse(&json, text, length, &error));
    uint32_t list = find(&json, 0, "vectors"), at = zt_json_first(list);
    for (uint32_t i = 0; i < json.nodes[list].count; i++, at = json.nodes[at].next) {
        struct vector vector = read_vector(&json, at);
        check_vector(&vector);
        with_profile += vector.tci == 0x2c;
        free(vector.frame);
        free(vector.sealed);
    }
    assert_true(with_profile >= 2);
    zt_json_free(&json);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(macsec_1_clear_frames_do_not_pass),
        cmocka_unit_test(macsec_2_every_bit_of_the_tag_counts),
        cmocka_unit_test(macsec_3_unknown_channel_and_association),
        cmocka_unit_test(macsec_4_6_a_packet_number_is_accepted_once),
        cmocka_unit_test(macsec_5_every_octet_is_authenticated),
        cmocka_unit_test(macsec_6_an_opened_frame_longer_than_the_mtu),
        cmocka_unit_test(macsec_7_seals_with_rising_numbers),
        cmocka_unit_test(macsec_7_disabled_sends_clear),
        cmocka_unit_test(macsec_7_the_last_number_is_used_and_then_none),
        cmocka_unit_test(macsec_8_numbers_survive_a_program_that_keeps_the_association),
        cmocka_unit_test(macsec_5_7_annex_c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
