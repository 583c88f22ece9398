/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions that WireGuard is made of (§19), from libcrypto and, for packets, libipsec-mb. Objects of libcrypto are
 * fetched once. Nothing here fails for want of memory: that ends the process.
 */
#ifndef ZTOS_MACHINE_WIREGUARD_CRYPTO_H
#define ZTOS_MACHINE_WIREGUARD_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZT_WG_KEY 32u
#define ZT_WG_MAC 16u
#define ZT_WG_TAG 16u
#define ZT_WG_XNONCE 24u

struct IMB_MGR;
struct zt_wg_crypto;

struct zt_wg_crypto *zt_wg_crypto_new(struct IMB_MGR *manager);
void zt_wg_crypto_free(struct zt_wg_crypto *crypto);
/* Overwrites the keys that were used last and still lie in contexts (WG-34). */
void zt_wg_crypto_forget(struct zt_wg_crypto *crypto);
/* Overwrites the stack below: libraries leave there what they computed with. */
void zt_wg_wipe_stack(void);

/* BLAKE2s-256 of two texts behind each other; the second may be empty. */
void zt_wg_hash(struct zt_wg_crypto *crypto, const void *first, size_t first_length,
                const void *second, size_t second_length, uint8_t out[ZT_WG_KEY]);
/* Keyed BLAKE2s-128. */
void zt_wg_mac(struct zt_wg_crypto *crypto, const uint8_t *key, size_t key_length, const void *text,
               size_t length, uint8_t out[ZT_WG_MAC]);
/* Keyed BLAKE2s-256 (WG-4). */
void zt_wg_keyed_hash(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY], const void *text,
                      size_t length, uint8_t out[ZT_WG_KEY]);
void zt_wg_hmac(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY], const void *text,
                size_t length, uint8_t out[ZT_WG_KEY]);
/* KDF1 to KDF3: as many outputs as are not NULL. An output may be `key`. */
void zt_wg_kdf(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY], const void *text,
               size_t length, uint8_t *first, uint8_t *second, uint8_t *third);

/* X25519; false when the result is zeros. */
bool zt_wg_dh(struct zt_wg_crypto *crypto, const uint8_t private_key[ZT_WG_KEY],
              const uint8_t public_key[ZT_WG_KEY], uint8_t out[ZT_WG_KEY]);
void zt_wg_public_of(struct zt_wg_crypto *crypto, const uint8_t private_key[ZT_WG_KEY],
                     uint8_t out[ZT_WG_KEY]);

/*
 * ChaCha20-Poly1305: text and tag to `out`, which may be where the text is. Opening: `length` is the text's, the tag stands
 * behind it; false when it does not open.
 */
void zt_wg_seal(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY], uint64_t counter,
                const void *data, size_t data_length, const uint8_t *text, size_t length,
                uint8_t *out);
bool zt_wg_open(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY], uint64_t counter,
                const void *data, size_t data_length, const uint8_t *sealed, size_t length,
                uint8_t *out);
/* XChaCha20-Poly1305. */
void zt_wg_xseal(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY],
                 const uint8_t nonce[ZT_WG_XNONCE], const void *data, size_t data_length,
                 const uint8_t *text, size_t length, uint8_t *out);
bool zt_wg_xopen(struct zt_wg_crypto *crypto, const uint8_t key[ZT_WG_KEY],
                 const uint8_t nonce[ZT_WG_XNONCE], const void *data, size_t data_length,
                 const uint8_t *sealed, size_t length, uint8_t *out);

/* In constant time (WG-34). */
bool zt_wg_equal(const void *a, const void *b, size_t length);
void zt_wg_wipe(void *memory, size_t length);

/* Little-endian, as WireGuard messages have them. */
static inline void zt_wg_store32(uint8_t *at, uint32_t value)
{
    __builtin_memcpy(at, &value, 4);
}
static inline void zt_wg_store64(uint8_t *at, uint64_t value)
{
    __builtin_memcpy(at, &value, 8);
}
static inline uint32_t zt_wg_load32(const uint8_t *at)
{
    uint32_t value;
    __builtin_memcpy(&value, at, 4);
    return value;
}
static inline uint64_t zt_wg_load64(const uint8_t *at)
{
    uint64_t value;
    __builtin_memcpy(&value, at, 8);
    return value;
}

#endif
