/* SPDX-License-Identifier: Apache-2.0 */
#include "test/support.h"

#include <ctype.h>
#include <stdio.h>

#include "src/base/file.h"

static const char key_file[] =
    "{\"lab:test/0200000001030001/0\":\"000102030405060708090a0b0c0d0e0f\","
    "\"lab:test/0200000002030001/0\":\"101112131415161718191a1b1c1d1e1f\","
    "\"lab:test/0200000002030001/1\":\"202122232425262728292a2b2c2d2e2f\","
    "\"lab:test/0200000009010001/0\":\"101112131415161718191a1b1c1d1e1f\","
    "\"lab:test/0200000009020001/0\":\"303132333435363738393a3b3c3d3e3f\","
    "\"lab:test/0200000001030001/1\":\"404142434445464748494a4b4c4d4e4f\","
    "\"lab:test/0200000003030001/0\":\"505152535455565758595a5b5c5d5e5f\","
    "\"lab:test/0200000003030001/1\":\"606162636465666768696a6b6c6d6e6f\","
    "\"lab:test/128/0\":\"10171e252c333a41484f565d646b7279\","
    "\"lab:test/128/1\":\"50575e656c737a81888f969da4abb2b9\","
    "\"lab:test/128/2\":\"90979ea5acb3bac1c8cfd6dde4ebf2f9\","
    "\"lab:test/128/3\":\"d0d7dee5ecf3fa01080f161d242b3239\","
    "\"lab:test/256/0\":\"20272e353c434a51585f666d747b828990979ea5acb3bac1c8cfd6dde4ebf2f9\","
    "\"lab:test/256/1\":\"60676e757c838a91989fa6adb4bbc2c9d0d7dee5ecf3fa01080f161d242b3239\","
    "\"lab:test/256/2\":\"a0a7aeb5bcc3cad1d8dfe6edf4fb020910171e252c333a41484f565d646b7279\","
    "\"lab:test/256/3\":\"e0e7eef5fc030a11181f262d343b424950575e656c737a81888f969da4abb2b9\","
    "\"lab:test/xpn-128/0\":\"1c232a31383f464d545b626970777e858c939aa1a8afb6bdc4cbd2d9\","
    "\"lab:test/xpn-128/1\":\"5c636a71787f868d949ba2a9b0b7bec5ccd3dae1e8eff6fd040b1219\","
    "\"lab:test/xpn-128/2\":\"9ca3aab1b8bfc6cdd4dbe2e9f0f7fe050c131a21282f363d444b5259\","
    "\"lab:test/xpn-128/3\":\"dce3eaf1f8ff060d141b222930373e454c535a61686f767d848b9299\","
    "\"lab:test/xpn-256/"
    "0\":"
    "\"2c333a41484f565d646b727980878e959ca3aab1b8bfc6cdd4dbe2e9f0f7fe050c131a21282f363d444b5259\","
    "\"lab:test/xpn-256/"
    "1\":"
    "\"6c737a81888f969da4abb2b9c0c7ced5dce3eaf1f8ff060d141b222930373e454c535a61686f767d848b9299\","
    "\"lab:test/xpn-256/"
    "2\":"
    "\"acb3bac1c8cfd6dde4ebf2f900070e151c232a31383f464d545b626970777e858c939aa1a8afb6bdc4cbd2d9\","
    "\"lab:test/xpn-256/"
    "3\":"
    "\"ecf3fa01080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3dae1e8eff6fd040b1219\","
    /* RFC 7748 section 6.1. */
    "\"lab:test/wg/a\":\"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a\","
    "\"lab:test/wg/b\":\"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb\","
    "\"lab:test/wg/b/public\":\"de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f\","
    "\"lab:test/wg/low/"
    "public\":\"0100000000000000000000000000000000000000000000000000000000000000\","
    "\"lab:test/wg/psk\":\"707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f\","
    "\"lab:test/wg/psk2\":\"000172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f\"}";

struct zt_keys *test_keys(void)
{
    struct zt_error error;
    struct zt_keys *keys = zt_keys_parse(key_file, sizeof key_file - 1, &error);
    assert_non_null(keys);
    return keys;
}

static int digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

uint8_t *octets(const char *hex, uint32_t *length)
{
    uint8_t *data = calloc(strlen(hex) / 2 + 1, 1);
    assert_non_null(data);
    *length = 0;
    for (uint32_t nibbles = 0; *hex != '\0'; hex++) {
        if (isspace((unsigned char)*hex))
            continue;
        assert_true(isxdigit((unsigned char)*hex));
        data[nibbles / 2] = (uint8_t)(data[nibbles / 2] << 4 | digit(*hex));
        nibbles++;
        *length = (nibbles + 1) / 2;
    }
    return data;
}

/* `text` with the only `from` in it replaced. */
static char *replace(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from);
    if (at == NULL)
        fail_msg("the program does not hold `%s`", from);
    char *changed = calloc(strlen(text) + strlen(to) + 1, 1);
    assert_non_null(changed);
    memcpy(changed, text, (size_t)(at - text));
    strcat(changed, to);
    strcat(changed, at + strlen(from));
    free(text);
    return changed;
}

char *bench_program(const char *name, va_list replacements)
{
    struct zt_error error;
    char path[80];
    size_t length;
    snprintf(path, sizeof path, "test/programs/%s.json", name);
    char *text = (char *)zt_file_read(path, 1 << 20, &length, &error);
    if (text == NULL)
        fail_msg("%s: %s", path, error.message);
    for (const char *from; (from = va_arg(replacements, const char *)) != NULL;)
        text = replace(text, from, va_arg(replacements, const char *));
    return text;
}

void load_text(struct bench *bench, const char *text)
{
    struct zt_keys *keys = test_keys();
    for (uint32_t i = 0; i < 2; i++) {
        struct zt_error error = { 0 };
        if (!zt_machine_load(bench->machines[i], bench->now, text, strlen(text), keys,
                             &bench->effects, &error))
            fail_msg("%s: %s", error.where, error.message);
    }
    zt_keys_free(keys);
    bench->next = 0;
}

/* ZT_MUTANT: the machine is to be wrong. */
static void select_mutant(void)
{
    const char *mutant = getenv("ZT_MUTANT");
    if (mutant != NULL && *mutant != '\0' && !zt_mutant_select(mutant))
        fail_msg("there is no mutant `%s` in this build", mutant);
}

struct bench *bench_start_text(char *program)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    select_mutant();
    bench->program = program;
    bench->now = 1000 * SECOND;
    for (uint32_t i = 0; i < 2; i++)
        bench->machines[i] = zt_machine_create(&(struct zt_machine_options){ .cache = i == 1 });
    load_text(bench, bench->program);
    expect_end(bench);
    return bench;
}

struct bench *bench_start(const char *name, ...)
{
    va_list replacements;
    va_start(replacements, name);
    char *program = bench_program(name, replacements);
    va_end(replacements);
    return bench_start_text(program);
}

void load(struct bench *bench, const char *name, ...)
{
    va_list replacements;
    expect_end(bench);
    va_start(replacements, name);
    char *text = bench_program(name, replacements);
    va_end(replacements);
    load_text(bench, text);
    free(text);
}

void bench_stop(struct bench *bench)
{
    expect_end(bench);
    for (uint32_t i = 0; i < 2; i++)
        zt_machine_destroy(bench->machines[i]);
    free(bench->program);
    free(bench);
}

static void assert_same(const struct zt_effect *a, const struct zt_effect *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->input, b->input);
    assert_int_equal(a->interface, b->interface);
    assert_int_equal(a->fate, b->fate);
    assert_int_equal(a->length, b->length);
    if (a->length > 0)
        assert_memory_equal(a->data, b->data, a->length);
}

static void run(struct bench *bench, struct zt_input input)
{
    expect_end(bench);
    input.now = bench->now;
    struct zt_effects cached = zt_machine_run(bench->machines[1], &input, 1);
    bench->effects = zt_machine_run(bench->machines[0], &input, 1);
    bench->next = 0;
    assert_int_equal(bench->effects.count, cached.count);
    for (uint32_t i = 0; i < cached.count; i++)
        assert_same(&bench->effects.list[i], &cached.list[i]);
}

void give_octets(struct bench *bench, uint16_t port, const uint8_t *data, uint32_t length)
{
    run(bench, (struct zt_input){
                   .kind = ZT_INPUT_FRAME, .interface = port, .data = data, .length = length });
}

void give(struct bench *bench, uint16_t port, const char *hex)
{
    uint32_t length;
    uint8_t *data = octets(hex, &length);
    give_octets(bench, port, data, length);
    free(data);
}

void punt_octets(struct bench *bench, uint16_t port, const uint8_t *data, uint32_t length)
{
    run(bench, (struct zt_input){
                   .kind = ZT_INPUT_PUNT, .interface = port, .data = data, .length = length });
}

void seed(struct bench *bench, uint64_t wall, uint8_t entropy)
{
    uint8_t data[40];
    memcpy(data, &wall, 8);
    memset(data + 8, entropy, 32);
    run(bench, (struct zt_input){ .kind = ZT_INPUT_SEED, .data = data, .length = sizeof data });
}

void punt_in(struct bench *bench, uint16_t port, const char *hex)
{
    uint32_t length;
    uint8_t *data = octets(hex, &length);
    run(bench, (struct zt_input){
                   .kind = ZT_INPUT_PUNT, .interface = port, .data = data, .length = length });
    free(data);
}

void tick(struct bench *bench)
{
    run(bench, (struct zt_input){ .kind = ZT_INPUT_CLOCK });
}

void neighbour(struct bench *bench, uint16_t interface, bool present, const char *mac,
               const char *address)
{
    uint8_t data[24] = { strlen(address) == 8 ? 4 : 6, present };
    uint32_t mac_length, length;
    uint8_t *mac_octets = octets(mac, &mac_length), *address_octets = octets(address, &length);
    memcpy(data + 2, mac_octets, 6);
    memcpy(data + 8, address_octets, length);
    run(bench, (struct zt_input){ .kind = ZT_INPUT_NEIGHBOUR,
                                  .interface = interface,
                                  .data = data,
                                  .length = 8 + length });
    free(mac_octets);
    free(address_octets);
}

void control(struct bench *bench, const char *json)
{
    expect_end(bench);
    for (uint32_t i = 0; i < 2; i++) {
        struct zt_error error = { 0 };
        if (!zt_machine_control(bench->machines[i], bench->now, json, strlen(json), &bench->effects,
                                &error))
            fail_msg("%s: %s", error.where, error.message);
    }
    bench->next = 0;
}

void control_refused(struct bench *bench, const char *json, const char *code)
{
    expect_end(bench);
    for (uint32_t i = 0; i < 2; i++) {
        struct zt_error error = { 0 };
        assert_false(zt_machine_control(bench->machines[i], bench->now, json, strlen(json),
                                        &bench->effects, &error));
        assert_string_equal(error.code, code);
        assert_int_equal(bench->effects.count, 0);
    }
    bench->next = 0;
}

/* The next effect, or failure. */
static const struct zt_effect *take(struct bench *bench, const char *wanted)
{
    if (bench->next >= bench->effects.count)
        fail_msg("%s is wanted, there is no more effect", wanted);
    return &bench->effects.list[bench->next++];
}

static void describe(const struct zt_effect *effect, char *text, size_t size)
{
    if (effect->kind == ZT_EFFECT_FATE) {
        snprintf(text, size, "fate %s", zt_fate_name(effect->fate));
        return;
    }
    size_t used = (size_t)snprintf(text, size, "%s(%u, ",
                                   effect->kind == ZT_EFFECT_TX ? "tx" : "punt", effect->interface);
    for (uint32_t i = 0; i < effect->length && used + 3 < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%02x", effect->data[i]);
}

static void expect_frame(struct bench *bench, enum zt_effect_kind kind, uint16_t port,
                         const char *hex)
{
    char found[4096];
    uint32_t length;
    uint8_t *data = octets(hex, &length);
    const struct zt_effect *effect = take(bench, hex);
    bool same = effect->kind == kind && effect->interface == port && effect->length == length &&
                memcmp(effect->data, data, length) == 0;
    free(data);
    describe(effect, found, sizeof found);
    if (!same)
        fail_msg("%s(%u, %s is wanted, not %s", kind == ZT_EFFECT_TX ? "tx" : "punt", port, hex,
                 found);
}

void expect_tx(struct bench *bench, uint16_t port, const char *hex)
{
    expect_frame(bench, ZT_EFFECT_TX, port, hex);
}

void expect_punt(struct bench *bench, uint16_t port, const char *hex)
{
    expect_frame(bench, ZT_EFFECT_PUNT, port, hex);
}

void expect_fate_of(struct bench *bench, enum zt_fate fate, const char *name)
{
    char found[4096];
    const struct zt_effect *effect = take(bench, name);
    describe(effect, found, sizeof found);
    if (effect->kind != ZT_EFFECT_FATE || effect->fate != fate)
        fail_msg("fate %s is wanted, not %s", zt_fate_name(fate), found);
}

void pass_over(struct bench *bench)
{
    bench->next = bench->effects.count;
}

void expect_end(struct bench *bench)
{
    char found[4096];
    if (bench->next >= bench->effects.count)
        return;
    describe(&bench->effects.list[bench->next], found, sizeof found);
    fail_msg("nothing more is wanted, not %s", found);
}

uint64_t cache_hits(const struct bench *bench)
{
    return zt_machine_counters(bench->machines[1])->cache_hits;
}
