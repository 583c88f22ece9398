/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake of the WireGuard paper (Noise IKpsk2): messages made and read, without macs, peers, time or state of a machine. */
#ifndef ZTOS_MACHINE_WIREGUARD_NOISE_H
#define ZTOS_MACHINE_WIREGUARD_NOISE_H

#include "src/machine/wireguard_crypto.h"

enum zt_wg_message {
    ZT_WG_INITIATION = 1,
    ZT_WG_RESPONSE = 2,
    ZT_WG_COOKIE_REPLY = 3,
    ZT_WG_DATA = 4,
};

/* Octets of messages, and where their fields stand. */
#define ZT_WG_INITIATION_OCTETS 148u
#define ZT_WG_RESPONSE_OCTETS 92u
#define ZT_WG_COOKIE_REPLY_OCTETS 64u
#define ZT_WG_DATA_HEADER 16u
#define ZT_WG_DATA_MIN (ZT_WG_DATA_HEADER + ZT_WG_TAG)
#define ZT_WG_TIMESTAMP 12u

/* mac1 and mac2 end an initiation or response. */
#define ZT_WG_MACS (2 * ZT_WG_MAC)

/* An interface's keys, and what is made of its public key (WG-7, WG-9). */
struct zt_wg_identity {
    uint8_t private_key[ZT_WG_KEY], public_key[ZT_WG_KEY];
    uint8_t mac1_key[ZT_WG_KEY], cookie_key[ZT_WG_KEY];
};

/* What a handshake knows of the peer. */
struct zt_wg_remote {
    uint8_t public_key[ZT_WG_KEY];
    /* DH of the static keys. */
    uint8_t shared[ZT_WG_KEY];
    /* Zeros when there is none. */
    uint8_t preshared[ZT_WG_KEY];
    uint8_t mac1_key[ZT_WG_KEY], cookie_key[ZT_WG_KEY];
};

/* A handshake between two messages. */
struct zt_wg_noise {
    uint8_t hash[ZT_WG_KEY], chain[ZT_WG_KEY];
    /* Own, of the initiator; the peer's, of the responder. */
    uint8_t ephemeral[ZT_WG_KEY];
};

/* mac1_key and cookie_key of a public key. */
void zt_wg_mac_keys(struct zt_wg_crypto *crypto, const uint8_t public_key[ZT_WG_KEY],
                    uint8_t mac1_key[ZT_WG_KEY], uint8_t cookie_key[ZT_WG_KEY]);
void zt_wg_clamp(uint8_t private_key[ZT_WG_KEY]);

/* An initiation up to its macs; `ephemeral` is the clamped private key. */
void zt_wg_make_initiation(struct zt_wg_crypto *crypto, const struct zt_wg_identity *own,
                           const struct zt_wg_remote *remote, const uint8_t *ephemeral,
                           uint32_t sender, const uint8_t timestamp[ZT_WG_TIMESTAMP],
                           struct zt_wg_noise *noise, uint8_t *message);
/* WG-12, first the static key, then with its peer the timestamp. False: it does not authenticate. */
bool zt_wg_read_static(struct zt_wg_crypto *crypto, const struct zt_wg_identity *own,
                       const uint8_t *message, struct zt_wg_noise *noise,
                       uint8_t public_key[ZT_WG_KEY]);
bool zt_wg_read_timestamp(struct zt_wg_crypto *crypto, const struct zt_wg_remote *remote,
                          const uint8_t *message, struct zt_wg_noise *noise,
                          uint8_t timestamp[ZT_WG_TIMESTAMP]);
/* A response up to its macs, from what zt_wg_read_timestamp left. */
void zt_wg_make_response(struct zt_wg_crypto *crypto, const struct zt_wg_remote *remote,
                         const uint8_t *ephemeral, uint32_t sender, uint32_t receiver,
                         struct zt_wg_noise *noise, uint8_t *message);
/* WG-14. False: it does not authenticate, and `noise` is as it was. */
bool zt_wg_read_response(struct zt_wg_crypto *crypto, const struct zt_wg_identity *own,
                         const struct zt_wg_remote *remote, const uint8_t *message,
                         struct zt_wg_noise *noise);
/* The keys of the session: those of the initiator's and of the responder's packets. */
void zt_wg_split(struct zt_wg_crypto *crypto, const struct zt_wg_noise *noise,
                 uint8_t initiator[ZT_WG_KEY], uint8_t responder[ZT_WG_KEY]);

#endif
