/* SPDX-License-Identifier: Apache-2.0 */
/* §19: known answers, published ones and those of test/make_wireguard.py. */
#include "test/wireguard.h"
#include "test/wireguard_vectors.h"

/* RFC 7748 section 6.1. */
#define PRIVATE_A "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
#define PUBLIC_A "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
#define PRIVATE_B "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
#define PUBLIC_B "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
#define SHARED "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"

struct crypto {
    IMB_MGR *manager;
    struct zt_wg_crypto *crypto;
};

static struct crypto start(void)
{
    struct crypto made = { alloc_mb_mgr(0), NULL };
    IMB_ARCH architecture;
    if (getenv("ZT_MUTANT") != NULL)
        (void)zt_mutant_select(getenv("ZT_MUTANT"));
    assert_non_null(made.manager);
    init_mb_mgr_auto(made.manager, &architecture);
    made.crypto = zt_wg_crypto_new(made.manager);
    return made;
}

static void stop(struct crypto *made)
{
    zt_wg_crypto_forget(made->crypto);
    zt_wg_crypto_free(made->crypto);
    free_mb_mgr(made->manager);
}

/* Hex to octets of a fixed place. */
static void put(const char *hex, uint8_t *out)
{
    uint32_t length;
    uint8_t *data = octets(hex, &length);
    memcpy(out, data, length);
    free(data);
}

static void expect_octets(const uint8_t *found, const char *hex)
{
    uint32_t length;
    uint8_t *wanted = octets(hex, &length);
    assert_memory_equal(found, wanted, length);
    free(wanted);
}

static void x25519(void **state)
{
    struct crypto made = start();
    uint8_t private_key[32], public_key[32], out[32];
    (void)state;
    put(PRIVATE_A, private_key);
    zt_wg_public_of(made.crypto, private_key, out);
    expect_octets(out, PUBLIC_A);
    put(PUBLIC_B, public_key);
    assert_true(zt_wg_dh(made.crypto, private_key, public_key, out));
    expect_octets(out, SHARED);
    /* Of low order: 0 and 1. */
    memset(public_key, 0, 32);
    assert_false(zt_wg_dh(made.crypto, private_key, public_key, out));
    public_key[0] = 1;
    assert_false(zt_wg_dh(made.crypto, private_key, public_key, out));
    stop(&made);
}

static void blake2s_and_hmac(void **state)
{
    struct crypto made = start();
    uint8_t key[32], out[32];
    (void)state;
    /* RFC 7693 appendix B. */
    zt_wg_hash(made.crypto, "a", 1, "bc", 2, out);
    expect_octets(out, "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
    for (uint8_t i = 0; i < 32; i++)
        key[i] = i;
    /* The first of BLAKE2's own keyed vectors. */
    zt_wg_keyed_hash(made.crypto, key, "", 0, out);
    expect_octets(out, "48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49");
    zt_wg_mac(made.crypto, key, 32, "fabric", 6, out);
    expect_octets(out, WG_MAC_16);
    zt_wg_hmac(made.crypto, key, "fabric", 6, out);
    expect_octets(out, WG_HMAC);
    stop(&made);
}

/* RFC 8439 appendix A.5: the only one there whose nonce begins with four zeros. */
#define AEAD_KEY "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0"
#define AEAD_DATA "f33388860000000000004e91"
#define AEAD_COUNTER UINT64_C(0x0807060504030201)
#define AEAD_START "64a0861575861af460f062c79be643bd"
#define AEAD_TAG "eead9d67890cbb22392336fea1851f38"
static const char aead_text[] =
    "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, "
    "replaced, or obsoleted by other documents at any time. It is inappropriate to use "
    "Internet-Drafts as reference material or to cite them other than as "
    "/\xe2\x80\x9cwork in progress./\xe2\x80\x9d";

static void chacha20_poly1305(void **state)
{
    struct crypto made = start();
    uint8_t key[32], data[12], out[300], opened[300];
    const uint32_t length = sizeof aead_text - 1;
    (void)state;
    put(AEAD_KEY, key);
    put(AEAD_DATA, data);
    zt_wg_seal(made.crypto, key, AEAD_COUNTER, data, 12, (const uint8_t *)aead_text, length, out);
    expect_octets(out, AEAD_START);
    expect_octets(out + length, AEAD_TAG);
    assert_true(zt_wg_open(made.crypto, key, AEAD_COUNTER, data, 12, out, length, opened));
    assert_memory_equal(opened, aead_text, length);
    assert_false(zt_wg_open(made.crypto, key, AEAD_COUNTER + 1, data, 12, out, length, opened));
    data[3] ^= 1;
    assert_false(zt_wg_open(made.crypto, key, AEAD_COUNTER, data, 12, out, length, opened));
    data[3] ^= 1;
    for (uint32_t i = 0; i < length + 16; i++) {
        out[i] ^= 0x80;
        assert_false(zt_wg_open(made.crypto, key, AEAD_COUNTER, data, 12, out, length, opened));
        out[i] ^= 0x80;
    }
    stop(&made);
}

/* draft-irtf-cfrg-xchacha-03 appendix A.3.1. */
static const char x_text[] = "Ladies and Gentlemen of the class of '99: If I could offer you only "
                             "one tip for the future, sunscreen would be it.";
#define X_NONCE "404142434445464748494a4b4c4d4e4f5051525354555657"
#define X_DATA "50515253c0c1c2c3c4c5c6c7"
#define X_SEALED                                                                                 \
    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"                           \
    "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"                           \
    "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"                           \
    "21f9664c97637da9768812f615c68b13b52e"                                                       \
    "c0875924c1c7987947deafd8780acf49"

static void xchacha20_poly1305(void **state)
{
    struct crypto made = start();
    uint8_t key[32], nonce[24], data[12], out[200], opened[200];
    const uint32_t length = sizeof x_text - 1;
    (void)state;
    for (uint8_t i = 0; i < 32; i++)
        key[i] = 0x80 + i;
    put(X_NONCE, nonce);
    put(X_DATA, data);
    zt_wg_xseal(made.crypto, key, nonce, data, 12, (const uint8_t *)x_text, length, out);
    expect_octets(out, X_SEALED);
    assert_true(zt_wg_xopen(made.crypto, key, nonce, data, 12, out, length, opened));
    assert_memory_equal(opened, x_text, length);
    out[length] ^= 1;
    assert_false(zt_wg_xopen(made.crypto, key, nonce, data, 12, out, length, opened));
    stop(&made);
}

static void make_ends(struct crypto *made, struct zt_wg_identity own[2],
                      struct zt_wg_remote remote[2], const char *preshared)
{
    static const char *const keys[] = { PRIVATE_A, PRIVATE_B };
    for (uint32_t i = 0; i < 2; i++) {
        put(keys[i], own[i].private_key);
        zt_wg_public_of(made->crypto, own[i].private_key, own[i].public_key);
        zt_wg_mac_keys(made->crypto, own[i].public_key, own[i].mac1_key, own[i].cookie_key);
    }
    for (uint32_t i = 0; i < 2; i++) {
        memcpy(remote[i].public_key, own[1 - i].public_key, 32);
        memcpy(remote[i].mac1_key, own[1 - i].mac1_key, 32);
        assert_true(zt_wg_dh(made->crypto, own[i].private_key, remote[i].public_key,
                             remote[i].shared));
        memset(remote[i].preshared, 0, 32);
        if (preshared != NULL)
            put(preshared, remote[i].preshared);
    }
}

static void answer(struct crypto *made, const char *preshared, const char *wanted)
{
    struct zt_wg_identity own[2];
    struct zt_wg_remote remote[2];
    struct zt_wg_noise noise[2];
    uint8_t ephemeral[32], timestamp[12], initiation[148], response[92], key[2][32], found[32];

    make_ends(made, own, remote, preshared);
    put(WG_EPHEMERAL_I, ephemeral);
    put(WG_TIMESTAMP_I, timestamp);
    zt_wg_make_initiation(made->crypto, &own[0], &remote[0], ephemeral, 0x11223344, timestamp,
                          &noise[0], initiation);
    zt_wg_mac(made->crypto, remote[0].mac1_key, 32, initiation, 116, initiation + 116);
    memset(initiation + 132, 0, 16);
    expect_octets(initiation, WG_INITIATION);
    assert_true(zt_wg_read_static(made->crypto, &own[1], initiation, &noise[1], found));
    expect_octets(found, PUBLIC_A);
    assert_true(zt_wg_read_timestamp(made->crypto, &remote[1], initiation, &noise[1], found));
    expect_octets(found, WG_TIMESTAMP_I);
    put(WG_EPHEMERAL_R, ephemeral);
    zt_wg_make_response(made->crypto, &remote[1], ephemeral, 0xa1b2c3d4, 0x11223344, &noise[1],
                        response);
    zt_wg_mac(made->crypto, remote[1].mac1_key, 32, response, 60, response + 60);
    memset(response + 76, 0, 16);
    expect_octets(response, wanted);
    assert_true(zt_wg_read_response(made->crypto, &own[0], &remote[0], response, &noise[0]));
    if (preshared == NULL)
        return;
    for (uint32_t i = 0; i < 2; i++) {
        zt_wg_split(made->crypto, &noise[i], key[0], key[1]);
        expect_octets(key[0], WG_KEY_I);
        expect_octets(key[1], WG_KEY_R);
    }
}

static void wg_12_13_14_a_handshake_of_the_paper(void **state)
{
    struct crypto made = start();
    uint8_t key[32], message[80], text[48];
    (void)state;
    answer(&made, WG_PRESHARED, WG_RESPONSE);
    answer(&made, NULL, WG_RESPONSE_WITHOUT);
    put(WG_KEY_I, key);
    put(WG_DATA_7, message);
    assert_true(zt_wg_open(made.crypto, key, 7, NULL, 0, message + 16, 48, text));
    for (uint8_t i = 0; i < 48; i++)
        assert_int_equal(text[i], i);
    stop(&made);
}

static void wg_12_every_octet_of_an_initiation_counts(void **state)
{
    struct crypto made = start();
    struct zt_wg_identity own[2];
    struct zt_wg_remote remote[2];
    struct zt_wg_noise noise;
    uint8_t message[148], found[32];
    (void)state;
    make_ends(&made, own, remote, WG_PRESHARED);
    put(WG_INITIATION, message);
    for (uint32_t i = 8; i < 116; i++) {
        message[i] ^= 0x01;
        assert_false(zt_wg_read_static(made.crypto, &own[1], message, &noise, found) &&
                     zt_wg_read_timestamp(made.crypto, &remote[1], message, &noise, found));
        message[i] ^= 0x01;
    }
    /* An ephemeral key of low order. */
    memset(message + 8, 0, 32);
    assert_false(zt_wg_read_static(made.crypto, &own[1], message, &noise, found));
    stop(&made);
}

static void wg_4_the_first_draw(void **state)
{
    struct bench *bench = bench_start("wga", NULL);
    uint8_t drawn[32], again[32];
    (void)state;
    seed(bench, WALL, 0xa5);
    zt_wg_draw(bench->machines[0], peer_of(bench, 0, 3)->device, drawn);
    expect_octets(drawn, WG_DRAW);
    zt_wg_draw(bench->machines[0], peer_of(bench, 0, 3)->device, again);
    assert_memory_not_equal(drawn, again, 32);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x25519),
        cmocka_unit_test(blake2s_and_hmac),
        cmocka_unit_test(chacha20_poly1305),
        cmocka_unit_test(xchacha20_poly1305),
        cmocka_unit_test(wg_12_13_14_a_handshake_of_the_paper),
        cmocka_unit_test(wg_12_every_octet_of_an_initiation_counts),
        cmocka_unit_test(wg_4_the_first_draw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
