/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ChaCha20-Poly1305 in lanes: RFC 8439, Wycheproof (https://github.com/C2SP/wycheproof, laid into ../build/wycheproof by set-up) in
 * every lane, and generated batches against libcrypto.
 */
#include <openssl/evp.h>

#include "src/base/file.h"
#include "src/base/json.h"
#include "src/chachapoly/chachapoly.h"
#include "src/machine/internal.h"
#include "test/wireguard.h"
#include "ztos/checksum.h"

#define MOST 67u
#define ROOM 1700u
#define GUARD 0xa5u

/* A text in a place of its own, with guards around what is written. */
struct text {
    uint8_t key[ZT_AEAD_KEY], aad[300], in[ROOM], out[ROOM + 64];
    uint32_t shift;
};
static struct text texts[MOST];
static struct zt_aead_job jobs[MOST];

static uint32_t drawn = 1;
static uint32_t draw(uint32_t below)
{
    drawn = drawn * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(drawn >> 8) * below >> 24);
}

/* All ones now and then: carries go all the way. */
static void fill(uint8_t *out, uint32_t length)
{
    uint32_t kind = draw(4);
    for (uint32_t i = 0; i < length; i++)
        out[i] = kind == 0 ? 0xff : (uint8_t)draw(256);
}

static void make(uint32_t i, uint32_t length, uint32_t aad_length)
{
    struct text *text = &texts[i];
    fill(text->key, sizeof text->key);
    fill(text->aad, aad_length);
    fill(text->in, length);
    memset(text->out, GUARD, sizeof text->out);
    text->shift = draw(32);
    jobs[i] = (struct zt_aead_job){ .key = text->key,
                                    .aad = aad_length == 0 ? NULL : text->aad,
                                    .in = text->in,
                                    .out = text->out + 16 + text->shift,
                                    .aad_length = aad_length,
                                    .length = length };
    fill(jobs[i].nonce, sizeof jobs[i].nonce);
}

/* Of one sender now and then: then all have one key. */
static void make_any(uint32_t count)
{
    bool one_sender = draw(3) == 0;
    for (uint32_t i = 0; i < count; i++) {
        make(i, draw(3) == 0 ? draw(ROOM - 64) : draw(200), draw(3) == 0 ? draw(300) : 0);
        if (one_sender)
            jobs[i].key = jobs[0].key;
    }
}

/* Added to 2, since to nothing at all zero and 0xffff are two sums. */
static void expect_sum(const struct zt_aead_job *job, const uint8_t *sealed)
{
    uint16_t wanted = zt_sum_fold(zt_sum_add((zt_sum){ 2 }, sealed, job->length));
    assert_int_equal(zt_sum_fold((zt_sum){ 2 + job->sum }), wanted);
}

static void expect_guards(uint32_t i)
{
    const struct text *text = &texts[i];
    uint32_t begin = 16 + text->shift, end = begin + jobs[i].length;
    for (uint32_t at = 0; at < sizeof text->out; at++)
        if (at < begin || at >= end)
            assert_int_equal(text->out[at], GUARD);
}

static void by_libcrypto(const struct zt_aead_job *job, uint8_t *out, uint8_t *tag)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0;
    assert_int_equal(
        EVP_EncryptInit_ex(context, EVP_chacha20_poly1305(), NULL, job->key, job->nonce), 1);
    if (job->aad_length > 0)
        EVP_EncryptUpdate(context, NULL, &length, job->aad, (int)job->aad_length);
    if (job->length > 0)
        EVP_EncryptUpdate(context, out, &length, job->in, (int)job->length);
    assert_int_equal(EVP_EncryptFinal_ex(context, out + job->length, &length), 1);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, ZT_AEAD_TAG, tag);
    EVP_CIPHER_CTX_free(context);
}

static IMB_MGR *library(void)
{
    IMB_MGR *manager = alloc_mb_mgr(0);
    IMB_ARCH architecture;
    assert_non_null(manager);
    init_mb_mgr_auto(manager, &architecture);
    return manager;
}

/* Runs `check` for every way that this processor can; says which it cannot. */
static void in_every_way(void (*check)(struct zt_aead *aead))
{
    IMB_MGR *manager = library();
    for (enum zt_aead_way way = 0; way < ZT_AEAD_WAYS; way++) {
        if (!zt_aead_supported(way)) {
            print_message("this processor has no %s\n", zt_aead_way_name(way));
            continue;
        }
        struct zt_aead *aead = zt_aead_new(manager, way);
        assert_int_equal(zt_aead_way_of(aead), way);
        assert_int_equal(zt_aead_way_named(zt_aead_way_name(way)), way);
        check(aead);
        zt_aead_free(aead);
    }
    free_mb_mgr(manager);
}

static void check_batches(struct zt_aead *aead)
{
    static uint8_t wanted[ROOM];
    uint8_t tag[ZT_AEAD_TAG];

    for (uint32_t round = 0; round < 150; round++) {
        uint32_t count = 1 + draw(MOST);
        make_any(count);
        zt_aead_seal(aead, jobs, count);
        for (uint32_t i = 0; i < count; i++) {
            by_libcrypto(&jobs[i], wanted, tag);
            assert_memory_equal(jobs[i].out, wanted, jobs[i].length);
            assert_memory_equal(jobs[i].tag, tag, ZT_AEAD_TAG);
            expect_sum(&jobs[i], wanted);
            expect_guards(i);
        }
    }
}

/* Every length about the edges of blocks and lanes, even batches. */
static void check_lengths(struct zt_aead *aead)
{
    static uint8_t wanted[ROOM];
    uint8_t tag[ZT_AEAD_TAG];

    for (uint32_t length = 0; length <= 1100; length += length < 150 ? 1 : 61) {
        for (uint32_t i = 0; i < 17; i++)
            make(i, length, 0);
        zt_aead_seal(aead, jobs, 17);
        for (uint32_t i = 0; i < 17; i++) {
            by_libcrypto(&jobs[i], wanted, tag);
            assert_memory_equal(jobs[i].out, wanted, length);
            assert_memory_equal(jobs[i].tag, tag, ZT_AEAD_TAG);
            expect_sum(&jobs[i], wanted);
            expect_guards(i);
        }
    }
}

/*
 * In the same place, with one tag or text bent by a bit: that one comes to nothing, the others open. Sums are of what was to be opened,
 * right or wrong.
 */
static void check_opening(struct zt_aead *aead)
{
    static uint8_t sealed[MOST][ROOM];

    for (uint32_t round = 0; round < 150; round++) {
        uint32_t count = 1 + draw(MOST), bent = draw(count);
        make_any(count);
        zt_aead_seal(aead, jobs, count);
        if (draw(2) == 0 && jobs[bent].length > 0)
            jobs[bent].out[draw(jobs[bent].length)] ^= (uint8_t)(1u << draw(8));
        else
            jobs[bent].tag[draw(ZT_AEAD_TAG)] ^= (uint8_t)(1u << draw(8));
        for (uint32_t i = 0; i < count; i++) {
            jobs[i].in = jobs[i].out;
            memcpy(sealed[i], jobs[i].out, jobs[i].length);
        }
        zt_aead_open(aead, jobs, count);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(jobs[i].good, i != bent);
            for (uint32_t at = 0; at < jobs[i].length; at++)
                assert_int_equal(jobs[i].out[at], i == bent ? 0 : texts[i].in[at]);
            expect_sum(&jobs[i], sealed[i]);
            expect_guards(i);
        }
    }
}

/* ---- vectors */

struct vector {
    uint8_t *key, *nonce, *aad, *text, *sealed, *tag;
    uint32_t nonce_length, aad_length, length;
    bool valid;
};

/* A vector in one lane among others, sealed and opened. */
static void check_vector(struct zt_aead *aead, const struct vector *vector, uint32_t lane,
                         uint32_t count)
{
    static uint8_t wanted[ROOM];
    uint8_t tag[ZT_AEAD_TAG];
    struct zt_aead_job *job = &jobs[lane];

    for (uint32_t i = 0; i < count; i++)
        make(i, draw(100), 0);
    job->key = vector->key;
    memcpy(job->nonce, vector->nonce, ZT_AEAD_NONCE);
    job->aad = vector->aad;
    job->aad_length = vector->aad_length;
    job->in = vector->text;
    job->length = vector->length;
    zt_aead_seal(aead, jobs, count);
    bool same = memcmp(job->out, vector->sealed, vector->length) == 0 &&
                memcmp(job->tag, vector->tag, ZT_AEAD_TAG) == 0;
    assert_int_equal(same, vector->valid);
    for (uint32_t i = 0; i < count; i++) {
        if (i == lane)
            continue;
        by_libcrypto(&jobs[i], wanted, tag);
        assert_memory_equal(jobs[i].tag, tag, ZT_AEAD_TAG);
    }
    memcpy(job->out, vector->sealed, vector->length);
    memcpy(job->tag, vector->tag, ZT_AEAD_TAG);
    for (uint32_t i = 0; i < count; i++)
        jobs[i].in = jobs[i].out;
    zt_aead_open(aead, jobs, count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(jobs[i].good, i != lane || vector->valid);
    if (vector->valid && vector->length > 0)
        assert_memory_equal(job->out, vector->text, vector->length);
}

static uint8_t *hex_of(const struct zt_json *json, uint32_t node, uint32_t *length)
{
    char *text = malloc(json->nodes[node].end - json->nodes[node].start + 1);
    assert_true(zt_json_string(json, node, text,
                               json->nodes[node].end - json->nodes[node].start + 1, NULL));
    uint8_t *made = octets(text, length);
    free(text);
    return made;
}

static uint32_t member(const struct zt_json *json, uint32_t object, const char *name)
{
    uint32_t at = zt_json_first(object);
    for (uint32_t i = 0; i < json->nodes[object].count; i++) {
        if (zt_json_string_is(json, at, name))
            return at + 1;
        at = json->nodes[at + 1].next;
    }
    fail_msg("no member %s", name);
    return 0;
}

static struct vector vector_of(const struct zt_json *json, uint32_t test)
{
    uint32_t octet_count;
    struct vector vector = { .valid =
                                 zt_json_string_is(json, member(json, test, "result"), "valid") };
    vector.key = hex_of(json, member(json, test, "key"), &octet_count);
    vector.nonce = hex_of(json, member(json, test, "iv"), &vector.nonce_length);
    vector.aad = hex_of(json, member(json, test, "aad"), &vector.aad_length);
    vector.text = hex_of(json, member(json, test, "msg"), &vector.length);
    vector.sealed = hex_of(json, member(json, test, "ct"), &octet_count);
    vector.tag = hex_of(json, member(json, test, "tag"), &octet_count);
    return vector;
}

static void free_vector(struct vector *vector)
{
    free(vector->key);
    free(vector->nonce);
    free(vector->aad);
    free(vector->text);
    free(vector->sealed);
    free(vector->tag);
}

static void check_wycheproof(struct zt_aead *aead)
{
    struct zt_error error = { 0 };
    struct zt_json json;
    size_t length;
    uint32_t checked = 0;
    char *text = (char *)zt_file_read("../build/wycheproof/chacha20_poly1305.json", 1 << 24,
                                      &length, &error);
    if (text == NULL)
        fail_msg("%s: %s; 'make setup' lays it there", error.where, error.message);
    assert_true(zt_json_parse(&json, text, length, &error));
    uint32_t groups = member(&json, 0, "testGroups");
    for (uint32_t g = 0, group = zt_json_first(groups); g < json.nodes[groups].count; g++) {
        uint32_t tests = member(&json, group, "tests");
        for (uint32_t t = 0, test = zt_json_first(tests); t < json.nodes[tests].count; t++) {
            struct vector vector = vector_of(&json, test);
            /* Nonces of other lengths are not what this takes. */
            for (uint32_t lane = 0; vector.nonce_length == ZT_AEAD_NONCE && lane < 16; lane++)
                check_vector(aead, &vector, lane, 16);
            checked += vector.nonce_length == ZT_AEAD_NONCE;
            free_vector(&vector);
            test = json.nodes[test].next;
        }
        group = json.nodes[group].next;
    }
    assert_true(checked > 250);
    zt_json_free(&json);
    free(text);
}

/* RFC 8439 section 2.8.2. */
static void check_rfc(struct zt_aead *aead)
{
    uint32_t length;
    struct vector vector = {
        .key = octets("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", &length),
        .nonce = octets("070000004041424344454647", &length),
        .aad = octets("50515253c0c1c2c3c4c5c6c7", &length),
        .text = octets("4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66"
                       "202739393a204966204920636f756c64206f6666657220796f75206f6e6c79206f6e6520"
                       "74697020666f7220746865206675747572652c2073756e73637265656e20776f756c6420"
                       "62652069742e",
                       &length),
        .sealed = octets("d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea4"
                         "5e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b"
                         "8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d2"
                         "6586cec64b6116",
                         &length),
        .tag = octets("1ae10b594f09e26a7e902ecbd0600691", &length),
        .aad_length = 12,
        .length = 114,
        .valid = true,
    };
    for (uint32_t lane = 0; lane < MOST; lane++)
        check_vector(aead, &vector, lane, MOST);
    free_vector(&vector);
}

static void batches(void **state)
{
    (void)state;
    in_every_way(check_batches);
}
static void lengths(void **state)
{
    (void)state;
    in_every_way(check_lengths);
}
static void opening(void **state)
{
    (void)state;
    in_every_way(check_opening);
}
static void wycheproof(void **state)
{
    (void)state;
    in_every_way(check_wycheproof);
}
static void rfc_8439(void **state)
{
    (void)state;
    in_every_way(check_rfc);
}

static void ways(void **state)
{
    (void)state;
    assert_true(zt_aead_supported(ZT_AEAD_LIBRARY));
    assert_false(zt_aead_supported(ZT_AEAD_WAYS));
    assert_true(zt_aead_supported(zt_aead_way_named(NULL)));
    assert_int_equal(zt_aead_way_named("rot13"), zt_aead_way_named(NULL));
    /* The best is chosen. */
    for (enum zt_aead_way way = zt_aead_way_named(NULL) + 1; way < ZT_AEAD_WAYS; way++)
        assert_false(zt_aead_supported(way));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ways),    cmocka_unit_test(rfc_8439), cmocka_unit_test(lengths),
        cmocka_unit_test(batches), cmocka_unit_test(opening),  cmocka_unit_test(wycheproof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
