/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/wireguard_keys.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/keys.h"

static int compare(const void *a, const void *b)
{
    const struct zt_wg_known *left = a, *right = b;
    return strcmp(left->reference, right->reference);
}

static bool is_reference(const char *text)
{
    return text != NULL && strchr(text, ':') != NULL;
}

static void add(struct zt_wg_keyring *ring, const char *reference, const uint8_t *key)
{
    if (is_reference(reference))
        ring->known[ring->count++] = (struct zt_wg_known){ reference, key };
}

static void list_device(struct zt_wg_keyring *ring, const struct zt_wireguard *wireguard)
{
    const struct zt_wg_device *device = wireguard->device;
    size_t most = ring->count + 1 + 2 * (size_t)device->peer_count;

    ring->known = zt_realloc(ring->known, most, sizeof *ring->known);
    add(ring, wireguard->private_key, device->identity.private_key);
    for (uint32_t i = 0; i < device->peer_count; i++) {
        const struct zt_wg_peer *peer = device->peers[i];
        add(ring, peer->given.public_key, peer->remote.public_key);
        add(ring, peer->given.preshared, peer->remote.preshared);
    }
}

static void list(struct zt_wg_keyring *ring)
{
    const struct zt_program *program = ring->machine->program;
    ring->listed = true;
    for (uint32_t i = 0; program != NULL && i < program->wireguard_count; i++)
        list_device(ring, &program->interfaces[program->wireguards[i]].wireguard);
    if (ring->count > 0)
        qsort(ring->known, ring->count, sizeof *ring->known, compare);
}

const uint8_t *zt_wg_keyring_find(struct zt_wg_keyring *ring, const char *reference)
{
    const uint8_t *key = zt_keys_find(ring->keys, reference, ZT_WG_KEY);
    if (key != NULL)
        return key;
    if (!ring->listed)
        list(ring);
    if (ring->count == 0)
        return NULL;
    const struct zt_wg_known *found =
        bsearch(&(struct zt_wg_known){ .reference = reference }, ring->known, ring->count,
                sizeof *ring->known, compare);
    return found == NULL ? NULL : found->key;
}

bool zt_wg_keyring_public(struct zt_wg_keyring *ring, const char *text, uint8_t out[ZT_WG_KEY])
{
    uint8_t octets[ZT_WG_KEY + 1];
    const uint8_t *key = octets;

    if (is_reference(text))
        key = zt_wg_keyring_find(ring, text);
    else if (EVP_DecodeBlock(octets, (const uint8_t *)text, (int)strlen(text)) != sizeof octets)
        return false;
    if (key == NULL)
        return false;
    memcpy(out, key, ZT_WG_KEY);
    return true;
}

void zt_wg_keyring_free(struct zt_wg_keyring *ring)
{
    free(ring->known);
    ring->known = NULL;
}

void zt_wg_encode_key(const uint8_t key[ZT_WG_KEY], char text[45])
{
    EVP_EncodeBlock((uint8_t *)text, key, ZT_WG_KEY);
}
