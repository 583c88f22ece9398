/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/wireguard_crypto.h"

#include <intel-ipsec-mb.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/error.h"

struct zt_wg_crypto {
    IMB_MGR *manager;
    EVP_MD *blake;
    EVP_MD_CTX *hash;
    EVP_MAC_CTX *mac, *keyed, *hmac;
    EVP_CIPHER *chacha;
    EVP_CIPHER_CTX *stream;
    struct chacha20_poly1305_context_data aead;
};

/* What libcrypto can only fail at for want of memory, or because it was built without the algorithm. */
static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "libcrypto: %s failed\n", what);
    abort();
}

static EVP_MAC_CTX *new_mac(const char *name, const OSSL_PARAM *parameters)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, name, NULL);
    must(mac != NULL, name);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    must(context != NULL && EVP_MAC_CTX_set_params(context, parameters) == 1, name);
    return context;
}

static EVP_MAC_CTX *new_keyed(size_t size)
{
    const OSSL_PARAM parameters[] = { OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                                      OSSL_PARAM_construct_end() };
    return new_mac("BLAKE2SMAC", parameters);
}

static EVP_MAC_CTX *new_hmac(void)
{
    char digest[] = "BLAKE2S-256";
    const OSSL_PARAM parameters[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                                       digest, 0),
                                      OSSL_PARAM_construct_end() };
    return new_mac("HMAC", parameters);
}

struct zt_wg_crypto *zt_wg_crypto_new(struct IMB_MGR *manager)
{
    struct zt_wg_crypto *crypto = zt_calloc(1, sizeof *crypto);

    crypto->manager = manager;
    crypto->blake = EVP_MD_fetch(NULL, "BLAKE2S-256", NULL);
    crypto->hash = EVP_MD_CTX_new();
    crypto->chacha = EVP_CIPHER_fetch(NULL, "ChaCha20", NULL);
    crypto->stream = EVP_CIPHER_CTX_new();
    must(crypto->blake != NULL && crypto->hash != NULL && crypto->chacha != NULL &&
             crypto->stream != NULL,
         "start");
    crypto->mac = new_keyed(ZT_WG_MAC);
    crypto->keyed = new_keyed(ZT_WG_KEY);
    crypto->hmac = new_hmac();
    return crypto;
}

void zt_wg_crypto_forget(struct zt_wg_crypto *crypto)
{
    static const uint8_t zeros[ZT_WG_KEY];
    uint8_t out[ZT_WG_KEY];

    zt_wg_mac(crypto, zeros, sizeof zeros, "", 0, out);
    zt_wg_keyed_hash(crypto, zeros, "", 0, out);
    zt_wg_hmac(crypto, zeros, "", 0, out);
    must(EVP_EncryptInit_ex2(crypto->stream, crypto->chacha, zeros, zeros, NULL) == 1, "ChaCha20");
    OPENSSL_cleanse(&crypto->aead, sizeof crypto->aead);
}

/* Deeper than any of the functions here goes. */
#define STACK_OCTETS 32768u

__attribute__((noinline)) void zt_wg_wipe_stack(void)
{
    uint8_t stack[STACK_OCTETS];
    OPENSSL_cleanse(stack, sizeof stack);
}

void zt_wg_crypto_free(struct zt_wg_crypto *crypto)
{
    if (crypto == NULL)
        return;
    EVP_MD_CTX_free(crypto->hash);
    EVP_MD_free(crypto->blake);
    EVP_MAC_CTX_free(crypto->mac);
    EVP_MAC_CTX_free(crypto->keyed);
    EVP_MAC_CTX_free(crypto->hmac);
    EVP_CIPHER_CTX_free(crypto->stream);
    EVP_CIPHER_free(crypto->chacha);
    OPENSSL_cleanse(crypto, sizeof *crypto);
    free(crypto);
}

void zt_wg_hash(struct zt_wg_crypto *crypto, const void *first, size_t first_length,
                const void *second, size_t second_length, uint8_t out[ZT_WG_KEY])
{
    unsigned int length = 0;
    must(EVP_DigestInit_ex2(crypto->hash, crypto->blake, NULL) == 1 &&
             EVP_DigestUpdate(crypto->hash, first, first_length) == 1 &&
             EVP_DigestUpdate(crypto->hash, second, second_length) == 1 &&
             EVP_DigestFinal_ex(crypto->hash, out, &length) == 1 && length == ZT_WG_KEY,
         "BLAKE2s");
}

static void run_mac(EVP_MAC_CTX *context, const uint8_t *key, size_t key_length, const void *text,
                    size_t length, uint8_t *out, size_t out_length)
{
    size_t made = 0;
    must(EVP_MAC_init(context, key, key_length, NULL) == 1 &&
             EVP_MAC_update(context, text, length) == 1 &&
             EVP_MAC_final(context, out, &made, out_length) == 1 && made == out_length,
         "MAC");
}

void zt_wg_mac(struct zt_wg_crypto *crypto, const uint8_t *key, size_t key_length, const void *text,
               size_t length, uint8_t out[ZT_WG_MAC])
{
    run_mac(crypto->mac, key, key_length, text, length, out, ZT_WG_MAC);
}

void zt_wg_keyed_hash(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY], const void *text,
                      size_t length, uint8_t out[ZT_WG_KEY])
{
    run_mac(crypto->keyed, key, ZT_WG_KEY, text, length, out, ZT_WG_KEY);
}

void zt_wg_hmac(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY], const void *text,
                size_t length, uint8_t out[ZT_WG_KEY])
{
    run_mac(crypto->hmac, key, ZT_WG_KEY, text, length, out, ZT_WG_KEY);
}

void zt_wg_kdf(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY], const void *text,
               size_t length, uint8_t *first, uint8_t *second, uint8_t *third)
{
    uint8_t secret[ZT_WG_KEY], last[ZT_WG_KEY + 1];
    uint8_t *outputs[3] = { first, second, third };

    zt_wg_hmac(crypto, key, text, length, secret);
    for (uint8_t i = 0; i < 3 && outputs[i] != NULL; i++) {
        last[i == 0 ? 0 : ZT_WG_KEY] = (uint8_t)(i + 1);
        zt_wg_hmac(crypto, secret, last, i == 0 ? 1 : ZT_WG_KEY + 1, last);
        memcpy(outputs[i], last, ZT_WG_KEY);
    }
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(last, sizeof last);
}

static EVP_PKEY *private_of(const uint8_t key[ZT_WG_KEY])
{
    EVP_PKEY *made = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, key, ZT_WG_KEY);
    must(made != NULL, "X25519");
    return made;
}

bool zt_wg_dh(struct zt_wg_crypto *crypto, const uint8_t private_key[ZT_WG_KEY],
              const uint8_t public_key[ZT_WG_KEY], uint8_t out[ZT_WG_KEY])
{
    static const uint8_t zeros[ZT_WG_KEY];
    EVP_PKEY *own = private_of(private_key);
    EVP_PKEY *other = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, public_key, ZT_WG_KEY);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    size_t length = ZT_WG_KEY;

    (void)crypto;
    must(other != NULL && context != NULL && EVP_PKEY_derive_init(context) == 1 &&
             EVP_PKEY_derive_set_peer_ex(context, other, 0) == 1,
         "X25519");
    bool good = EVP_PKEY_derive(context, out, &length) == 1 && length == ZT_WG_KEY &&
                !zt_wg_equal(out, zeros, sizeof zeros);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(other);
    EVP_PKEY_free(own);
    return good;
}

void zt_wg_public_of(struct zt_wg_crypto *crypto, const uint8_t private_key[ZT_WG_KEY],
                     uint8_t out[ZT_WG_KEY])
{
    EVP_PKEY *own = private_of(private_key);
    size_t length = ZT_WG_KEY;

    (void)crypto;
    must(EVP_PKEY_get_raw_public_key(own, out, &length) == 1 && length == ZT_WG_KEY, "X25519");
    EVP_PKEY_free(own);
}

/* Twelve octets: four zeros and the counter, or what stands for it. */
static void start_aead(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY],
                       const uint8_t counter[8], const void *data, size_t data_length)
{
    uint8_t nonce[12] = { 0 };
    memcpy(nonce + 4, counter, 8);
    IMB_CHACHA20_POLY1305_INIT(crypto->manager, key, &crypto->aead, nonce, data, data_length);
}

static void seal(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY],
                 const uint8_t counter[8], const void *data, size_t data_length,
                 const uint8_t *text, size_t length, uint8_t *out)
{
    start_aead(crypto, key, counter, data, data_length);
    IMB_CHACHA20_POLY1305_ENC_UPDATE(crypto->manager, key, &crypto->aead, out, text, length);
    IMB_CHACHA20_POLY1305_ENC_FINALIZE(crypto->manager, &crypto->aead, out + length, ZT_WG_TAG);
}

static bool open_sealed(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY],
                        const uint8_t counter[8], const void *data, size_t data_length,
                        const uint8_t *sealed, size_t length, uint8_t *out)
{
    uint8_t tag[ZT_WG_TAG], given[ZT_WG_TAG];
    memcpy(given, sealed + length, ZT_WG_TAG);
    start_aead(crypto, key, counter, data, data_length);
    IMB_CHACHA20_POLY1305_DEC_UPDATE(crypto->manager, key, &crypto->aead, out, sealed, length);
    IMB_CHACHA20_POLY1305_DEC_FINALIZE(crypto->manager, &crypto->aead, tag, ZT_WG_TAG);
    return zt_wg_equal(tag, given, ZT_WG_TAG);
}

void zt_wg_seal(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY], uint64_t counter,
                const void *data, size_t data_length, const uint8_t *text, size_t length,
                uint8_t *out)
{
    uint8_t octets[8];
    zt_wg_store64(octets, counter);
    seal(crypto, key, octets, data, data_length, text, length, out);
}

bool zt_wg_open(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY], uint64_t counter,
                const void *data, size_t data_length, const uint8_t *sealed, size_t length,
                uint8_t *out)
{
    uint8_t octets[8];
    zt_wg_store64(octets, counter);
    return open_sealed(crypto, key, octets, data, data_length, sealed, length, out);
}

/*
 * HChaCha20 by ChaCha20: a block of the key stream is the permuted state plus the state. What was added is known of its first
 * and last rows, constants and the 16 octets that libcrypto takes as counter and nonce; taken off, these rows are the subkey.
 */
static void derive_subkey(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY],
                          const uint8_t nonce[16], uint8_t out[ZT_WG_KEY])
{
    static const uint8_t zeros[64];
    static const char constants[] = "expand 32-byte k";
    uint8_t block[64];
    int length = 0;

    must(EVP_EncryptInit_ex2(crypto->stream, crypto->chacha, key, nonce, NULL) == 1 &&
             EVP_EncryptUpdate(crypto->stream, block, &length, zeros, sizeof zeros) == 1 &&
             length == sizeof block,
         "ChaCha20");
    for (uint32_t word = 0; word < 4; word++) {
        const uint8_t *constant = (const uint8_t *)constants + 4 * word, *last = block + 48;
        zt_wg_store32(out + 4 * word, zt_wg_load32(block + 4 * word) - zt_wg_load32(constant));
        zt_wg_store32(out + 16 + 4 * word,
                      zt_wg_load32(last + 4 * word) - zt_wg_load32(nonce + 4 * word));
    }
    OPENSSL_cleanse(block, sizeof block);
}

void zt_wg_xseal(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY],
                 const uint8_t nonce[ZT_WG_XNONCE], const void *data, size_t data_length,
                 const uint8_t *text, size_t length, uint8_t *out)
{
    uint8_t subkey[ZT_WG_KEY];
    derive_subkey(crypto, key, nonce, subkey);
    seal(crypto, subkey, nonce + 16, data, data_length, text, length, out);
    OPENSSL_cleanse(subkey, sizeof subkey);
}

bool zt_wg_xopen(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY],
                 const uint8_t nonce[ZT_WG_XNONCE], const void *data, size_t data_length,
                 const uint8_t *sealed, size_t length, uint8_t *out)
{
    uint8_t subkey[ZT_WG_KEY];
    derive_subkey(crypto, key, nonce, subkey);
    bool good = open_sealed(crypto, subkey, nonce + 16, data, data_length, sealed, length, out);
    OPENSSL_cleanse(subkey, sizeof subkey);
    return good;
}

bool zt_wg_equal(const void *a, const void *b, size_t length)
{
    return CRYPTO_memcmp(a, b, length) == 0;
}

void zt_wg_wipe(void *memory, size_t length)
{
    OPENSSL_cleanse(memory, length);
}
