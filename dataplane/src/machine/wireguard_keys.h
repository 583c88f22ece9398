/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a program or change: of a key file, or those that the running program has under the same reference. */
#ifndef ZTOS_MACHINE_WIREGUARD_KEYS_H
#define ZTOS_MACHINE_WIREGUARD_KEYS_H

#include "src/machine/wireguard.h"

struct zt_wg_known {
    const char *reference;
    const uint8_t *key;
};
struct zt_wg_keyring {
    const struct zt_machine *machine;
    const struct zt_keys *keys;
    /* Of the running program, sorted; listed when it is first asked for. */
    bool listed;
    struct zt_wg_known *known;
    uint32_t count;
};

/* 32 octets by reference, NULL. They live as long as keys and running program. */
const uint8_t *zt_wg_keyring_find(struct zt_wg_keyring *ring, const char *reference);
/* The octets of a public key, base64 or reference. */
bool zt_wg_keyring_public(struct zt_wg_keyring *ring, const char *text, uint8_t out[ZT_WG_KEY]);
void zt_wg_keyring_free(struct zt_wg_keyring *ring);

void zt_wg_encode_key(const uint8_t key[ZT_WG_KEY], char text[45]);

#endif
