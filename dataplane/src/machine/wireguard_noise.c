/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/wireguard_noise.h"

#include <string.h>

#include "src/machine/mutant.h"

static const char construction[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
static const char identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";

/* Fields of an initiation and of a response. */
#define INITIATION_EPHEMERAL 8u
#define INITIATION_STATIC 40u
#define INITIATION_TIMESTAMP 88u
#define RESPONSE_EPHEMERAL 12u
#define RESPONSE_EMPTY 44u

#define SEALED(length) ((length) + ZT_WG_TAG)

void zt_wg_mac_keys(struct zt_wg_crypto *crypto, const uint8_t public_key[ZT_WG_KEY],
                    uint8_t mac1_key[ZT_WG_KEY], uint8_t cookie_key[ZT_WG_KEY])
{
    zt_wg_hash(crypto, "mac1----", 8, public_key, ZT_WG_KEY, mac1_key);
    zt_wg_hash(crypto, "cookie--", 8, public_key, ZT_WG_KEY, cookie_key);
}

void zt_wg_clamp(uint8_t private_key[ZT_WG_KEY])
{
    private_key[0] &= 0xf8;
    private_key[31] = (uint8_t)((private_key[31] & 0x7f) | 0x40);
}

static void mix_hash(struct zt_wg_crypto *crypto, struct zt_wg_noise *noise, const uint8_t *text,
                     size_t length)
{
    zt_wg_hash(crypto, noise->hash, ZT_WG_KEY, text, length, noise->hash);
}

/* A new chaining key; with `key` a key of the secret too. */
static void mix_key(struct zt_wg_crypto *crypto, struct zt_wg_noise *noise, const uint8_t *secret,
                    uint8_t *key)
{
    zt_wg_kdf(crypto, noise->chain, secret, ZT_WG_KEY, noise->chain, key, NULL);
}

/* mix_key of a DH. */
static bool mix_dh(struct zt_wg_crypto *crypto, struct zt_wg_noise *noise,
                   const uint8_t *private_key, const uint8_t *public_key, uint8_t *key)
{
    uint8_t shared[ZT_WG_KEY];
    bool good = zt_wg_dh(crypto, private_key, public_key, shared);
    if (good)
        mix_key(crypto, noise, shared, key);
    zt_wg_wipe(shared, sizeof shared);
    return good;
}

static void seal_and_mix(struct zt_wg_crypto *crypto, struct zt_wg_noise *noise, const uint8_t *key,
                         const uint8_t *text, size_t length, uint8_t *out)
{
    zt_wg_seal(crypto, key, 0, noise->hash, ZT_WG_KEY, text, length, out);
    mix_hash(crypto, noise, out, SEALED(length));
}

static bool open_and_mix(struct zt_wg_crypto *crypto, struct zt_wg_noise *noise, const uint8_t *key,
                         const uint8_t *sealed, size_t length, uint8_t *out)
{
    if (!zt_wg_open(crypto, key, 0, noise->hash, ZT_WG_KEY, sealed, length, out))
        return false;
    mix_hash(crypto, noise, sealed, SEALED(length));
    return true;
}

/* Up to the ephemeral key of an initiation to the owner of a public key. */
static void begin(struct zt_wg_crypto *crypto, struct zt_wg_noise *noise, const uint8_t *responder,
                  const uint8_t *ephemeral)
{
    zt_wg_hash(crypto, construction, sizeof construction - 1, "", 0, noise->chain);
    zt_wg_hash(crypto, noise->chain, ZT_WG_KEY, identifier, sizeof identifier - 1, noise->hash);
    mix_hash(crypto, noise, responder, ZT_WG_KEY);
    mix_key(crypto, noise, ephemeral, NULL);
    mix_hash(crypto, noise, ephemeral, ZT_WG_KEY);
}

void zt_wg_make_initiation(struct zt_wg_crypto *crypto, const struct zt_wg_identity *own,
                           const struct zt_wg_remote *remote, const uint8_t *ephemeral,
                           uint32_t sender, const uint8_t timestamp[ZT_WG_TIMESTAMP],
                           struct zt_wg_noise *noise, uint8_t *message)
{
    uint8_t key[ZT_WG_KEY];

    memcpy(noise->ephemeral, ephemeral, ZT_WG_KEY);
    zt_wg_store32(message, ZT_WG_INITIATION);
    zt_wg_store32(message + 4, sender);
    zt_wg_public_of(crypto, ephemeral, message + INITIATION_EPHEMERAL);
    begin(crypto, noise, remote->public_key, message + INITIATION_EPHEMERAL);
    /* No peer has a key of which a DH is zeros: it is not loaded. */
    (void)mix_dh(crypto, noise, ephemeral, remote->public_key, key);
    seal_and_mix(crypto, noise, key, own->public_key, ZT_WG_KEY, message + INITIATION_STATIC);
    mix_key(crypto, noise, remote->shared, key);
    seal_and_mix(crypto, noise, key, timestamp, ZT_WG_TIMESTAMP, message + INITIATION_TIMESTAMP);
    zt_wg_wipe(key, sizeof key);
}

bool zt_wg_read_static(struct zt_wg_crypto *crypto, const struct zt_wg_identity *own,
                       const uint8_t *message, struct zt_wg_noise *noise,
                       uint8_t public_key[ZT_WG_KEY])
{
    uint8_t key[ZT_WG_KEY];

    memcpy(noise->ephemeral, message + INITIATION_EPHEMERAL, ZT_WG_KEY);
    begin(crypto, noise, own->public_key, noise->ephemeral);
    bool good =
        mix_dh(crypto, noise, own->private_key, noise->ephemeral, key) &&
        open_and_mix(crypto, noise, key, message + INITIATION_STATIC, ZT_WG_KEY, public_key);
    zt_wg_wipe(key, sizeof key);
    return good;
}

bool zt_wg_read_timestamp(struct zt_wg_crypto *crypto, const struct zt_wg_remote *remote,
                          const uint8_t *message, struct zt_wg_noise *noise,
                          uint8_t timestamp[ZT_WG_TIMESTAMP])
{
    uint8_t key[ZT_WG_KEY];

    mix_key(crypto, noise, remote->shared, key);
    bool good = open_and_mix(crypto, noise, key, message + INITIATION_TIMESTAMP, ZT_WG_TIMESTAMP,
                             timestamp);
    zt_wg_wipe(key, sizeof key);
    return good;
}

/* The pre-shared key goes in: the key of the empty text comes out. */
static void mix_preshared(struct zt_wg_crypto *crypto, struct zt_wg_noise *noise,
                          const uint8_t *preshared, uint8_t *key)
{
    static const uint8_t zeros[ZT_WG_KEY];
    uint8_t mixed[ZT_WG_KEY];
    const uint8_t *used = ZT_MUTANT(wireguard_psk_ignored) ? zeros : preshared;

    zt_wg_kdf(crypto, noise->chain, used, ZT_WG_KEY, noise->chain, mixed, key);
    mix_hash(crypto, noise, mixed, ZT_WG_KEY);
    zt_wg_wipe(mixed, sizeof mixed);
}

void zt_wg_make_response(struct zt_wg_crypto *crypto, const struct zt_wg_remote *remote,
                         const uint8_t *ephemeral, uint32_t sender, uint32_t receiver,
                         struct zt_wg_noise *noise, uint8_t *message)
{
    uint8_t key[ZT_WG_KEY], *own = message + RESPONSE_EPHEMERAL;

    zt_wg_store32(message, ZT_WG_RESPONSE);
    zt_wg_store32(message + 4, sender);
    zt_wg_store32(message + 8, receiver);
    zt_wg_public_of(crypto, ephemeral, own);
    mix_key(crypto, noise, own, NULL);
    mix_hash(crypto, noise, own, ZT_WG_KEY);
    /* Neither is zeros: the ephemeral key passed a DH when it was read, the static one when it was loaded. */
    (void)mix_dh(crypto, noise, ephemeral, noise->ephemeral, NULL);
    (void)mix_dh(crypto, noise, ephemeral, remote->public_key, NULL);
    mix_preshared(crypto, noise, remote->preshared, key);
    seal_and_mix(crypto, noise, key, (const uint8_t *)"", 0, message + RESPONSE_EMPTY);
    zt_wg_wipe(key, sizeof key);
}

bool zt_wg_read_response(struct zt_wg_crypto *crypto, const struct zt_wg_identity *own,
                         const struct zt_wg_remote *remote, const uint8_t *message,
                         struct zt_wg_noise *noise)
{
    const uint8_t *ephemeral = message + RESPONSE_EPHEMERAL;
    struct zt_wg_noise next = *noise;
    uint8_t key[ZT_WG_KEY], nothing[1];

    mix_key(crypto, &next, ephemeral, NULL);
    mix_hash(crypto, &next, ephemeral, ZT_WG_KEY);
    bool good = mix_dh(crypto, &next, noise->ephemeral, ephemeral, NULL) &&
                mix_dh(crypto, &next, own->private_key, ephemeral, NULL);
    if (good) {
        mix_preshared(crypto, &next, remote->preshared, key);
        good = open_and_mix(crypto, &next, key, message + RESPONSE_EMPTY, 0, nothing);
    }
    if (good)
        *noise = next;
    zt_wg_wipe(&next, sizeof next);
    zt_wg_wipe(key, sizeof key);
    return good;
}

void zt_wg_split(struct zt_wg_crypto *crypto, const struct zt_wg_noise *noise,
                 uint8_t initiator[ZT_WG_KEY], uint8_t responder[ZT_WG_KEY])
{
    zt_wg_kdf(crypto, noise->chain, "", 0, initiator, responder, NULL);
}
