/* SPDX-License-Identifier: Apache-2.0 */
/* Devices, their peers, and how these are found: by public key, by index, by address. */
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/wireguard.h"

#define BUCKETS_MIN 16u

struct zt_wg_device *zt_wg_device_new(struct zt_wg_crypto *crypto, struct zt_wg_batch *batch,
                                      uint32_t interface, uint16_t id,
                                      const uint8_t private_key[ZT_WG_KEY])
{
    struct zt_wg_device *device = zt_calloc(1, sizeof *device);
    struct zt_wg_identity *own = &device->identity;

    device->interface = interface;
    device->id = id;
    device->batch = batch;
    device->deadline = ZT_WG_NEVER;
    memcpy(own->private_key, private_key, ZT_WG_KEY);
    zt_wg_public_of(crypto, private_key, own->public_key);
    zt_wg_mac_keys(crypto, own->public_key, own->mac1_key, own->cookie_key);
    device->key_mask = device->index_mask = BUCKETS_MIN - 1;
    device->by_key = zt_calloc(BUCKETS_MIN, sizeof(struct zt_wg_peer *));
    device->by_index = zt_calloc(BUCKETS_MIN, sizeof(struct zt_wg_index *));
    return device;
}

void zt_wg_device_free(struct zt_wg_device *device)
{
    if (device == NULL)
        return;
    while (device->peer_count > 0)
        zt_wg_remove_peer(device->peers[device->peer_count - 1]);
    zt_wg_defence_free(&device->defence);
    free(device->peers);
    free(device->due);
    free(device->slots);
    free(device->free_slots);
    free(device->by_key);
    free(device->by_index);
    zt_lpm_free(&device->allowed);
    zt_wg_wipe(device, sizeof *device);
    free(device);
}

void zt_wg_given_free(struct zt_wg_given *given)
{
    free(given->public_key);
    free(given->preshared);
    free(given->allowed);
    *given = (struct zt_wg_given){ 0 };
}

/* ---- peers ---- */

/* Public keys are as good as random where it counts: who chooses them is whoever wrote the program. */
static struct zt_wg_peer **bucket_of(const struct zt_wg_device *device, const uint8_t *public_key)
{
    return &device->by_key[zt_wg_load32(public_key) & device->key_mask];
}

struct zt_wg_peer *zt_wg_find_peer(const struct zt_wg_device *device,
                                   const uint8_t public_key[ZT_WG_KEY])
{
    struct zt_wg_peer *peer = *bucket_of(device, public_key);
    while (peer != NULL && memcmp(peer->remote.public_key, public_key, ZT_WG_KEY) != 0)
        peer = peer->next_of_key;
    return peer;
}

static void link_key(struct zt_wg_device *device, struct zt_wg_peer *peer)
{
    struct zt_wg_peer **bucket = bucket_of(device, peer->remote.public_key);
    peer->next_of_key = *bucket;
    *bucket = peer;
}

static void grow_peers(struct zt_wg_device *device)
{
    uint32_t capacity = device->peer_capacity == 0 ? BUCKETS_MIN : 2 * device->peer_capacity;
    device->peers = zt_realloc(device->peers, capacity, sizeof *device->peers);
    device->due = zt_realloc(device->due, capacity, sizeof *device->due);
    device->slots = zt_realloc(device->slots, capacity, sizeof *device->slots);
    device->free_slots = zt_realloc(device->free_slots, capacity, sizeof *device->free_slots);
    device->peer_capacity = capacity;
    free(device->by_key);
    device->by_key = zt_calloc(capacity, sizeof(struct zt_wg_peer *));
    device->key_mask = capacity - 1;
    for (uint32_t i = 0; i < device->peer_count; i++)
        link_key(device, device->peers[i]);
}

struct zt_wg_peer *zt_wg_add_peer(struct zt_wg_device *device, const struct zt_wg_remote *remote)
{
    struct zt_wg_peer *peer = zt_calloc(1, sizeof *peer);

    if (device->peer_count == device->peer_capacity)
        grow_peers(device);
    peer->device = device;
    peer->remote = *remote;
    peer->position = device->peer_count;
    peer->slot =
        device->free_count > 0 ? device->free_slots[--device->free_count] : device->slot_count++;
    for (uint32_t timer = 0; timer < ZT_WG_TIMERS; timer++)
        peer->timers[timer] = ZT_WG_NEVER;
    device->peers[device->peer_count] = peer;
    device->due[device->peer_count++] = ZT_WG_NEVER;
    device->slots[peer->slot] = peer;
    link_key(device, peer);
    return peer;
}

static void drop_prefixes(struct zt_wg_peer *peer)
{
    for (uint32_t i = 0; i < peer->given.allowed_count; i++) {
        const struct zt_prefix *prefix = &peer->given.allowed[i];
        zt_lpm_remove(&peer->device->allowed, prefix->ip, prefix->length);
    }
    peer->given.allowed_count = 0;
}

static void unlink_key(struct zt_wg_peer *peer)
{
    struct zt_wg_peer **at = bucket_of(peer->device, peer->remote.public_key);
    while (*at != peer)
        at = &(*at)->next_of_key;
    *at = peer->next_of_key;
}

void zt_wg_remove_peer(struct zt_wg_peer *peer)
{
    struct zt_wg_device *device = peer->device;
    struct zt_wg_held held;

    while (zt_wg_take_held(peer, &held))
        free(held.data);
    free(peer->held);
    free(peer->way);
    zt_wg_end_handshake(peer);
    zt_wg_end_session(peer, &peer->previous);
    zt_wg_end_session(peer, &peer->current);
    zt_wg_end_session(peer, &peer->next);
    drop_prefixes(peer);
    zt_wg_given_free(&peer->given);
    unlink_key(peer);
    device->slots[peer->slot] = NULL;
    device->free_slots[device->free_count++] = peer->slot;
    device->peer_count--;
    for (uint32_t i = peer->position; i < device->peer_count; i++) {
        device->peers[i] = device->peers[i + 1];
        device->due[i] = device->due[i + 1];
        device->peers[i]->position = i;
    }
    zt_wg_wipe(peer, sizeof *peer);
    free(peer);
}

/* ---- allowed IPs ---- */

static char *copy_text(const char *text)
{
    if (text == NULL)
        return NULL;
    size_t octets = strlen(text) + 1;
    char *copy = zt_calloc(octets, 1);
    memcpy(copy, text, octets);
    return copy;
}

/* A prefix that another peer had is that peer's no more. */
static void take_prefix(struct zt_wg_peer *from, const struct zt_prefix *prefix)
{
    struct zt_wg_given *given = &from->given;
    uint32_t at = 0;
    while (given->allowed[at].length != prefix->length ||
           !zt_ip_equal(given->allowed[at].ip, prefix->ip))
        at++;
    given->allowed_count--;
    memmove(&given->allowed[at], &given->allowed[at + 1],
            (given->allowed_count - at) * sizeof *given->allowed);
}

static void add_prefix(struct zt_wg_peer *peer, const struct zt_prefix *prefix)
{
    struct zt_lpm *allowed = &peer->device->allowed;
    uint32_t slot = zt_lpm_get(allowed, prefix->ip, prefix->length);

    if (slot == peer->slot) /* it names it twice */
        return;
    if (slot == UINT32_MAX) {
        zt_lpm_add(allowed, prefix->ip, prefix->length, peer->slot);
    } else {
        take_prefix(peer->device->slots[slot], prefix);
        zt_lpm_renumber(allowed, prefix->ip, prefix->length, peer->slot);
    }
    peer->given.allowed[peer->given.allowed_count++] = *prefix;
}

void zt_wg_set_given(struct zt_wg_peer *peer, const struct zt_wg_given *given)
{
    struct zt_wg_given copy = *given;

    copy.public_key = copy_text(given->public_key);
    copy.preshared = copy_text(given->preshared);
    copy.allowed = zt_calloc(given->allowed_count, sizeof *copy.allowed);
    copy.allowed_count = 0;
    drop_prefixes(peer);
    if (!given->has_endpoint) { /* WG-33 */
        copy.has_endpoint = peer->given.has_endpoint;
        copy.address = peer->given.address;
        copy.port = peer->given.port;
    }
    zt_wg_given_free(&peer->given);
    peer->given = copy;
    for (uint32_t i = 0; i < given->allowed_count; i++)
        add_prefix(peer, &given->allowed[i]);
}

struct zt_wg_peer *zt_wg_allowed(const struct zt_wg_device *device, zt_ip address)
{
    uint32_t slot = zt_lpm_find(&device->allowed, address);
    return slot == UINT32_MAX ? NULL : device->slots[slot];
}

/* ---- indexes ---- */

static void grow_indexes(struct zt_wg_device *device)
{
    struct zt_wg_index **old = device->by_index;
    uint32_t buckets = device->index_mask + 1;

    device->index_mask = 2 * buckets - 1;
    device->by_index = zt_calloc(2 * buckets, sizeof(struct zt_wg_index *));
    for (uint32_t i = 0; i < buckets; i++) {
        for (struct zt_wg_index *index = old[i], *next; index != NULL; index = next) {
            struct zt_wg_index **bucket = &device->by_index[index->value & device->index_mask];
            next = index->next;
            index->next = *bucket;
            *bucket = index;
        }
    }
    free(old);
}

void zt_wg_index_add(struct zt_wg_peer *peer, struct zt_wg_index *index, uint32_t value)
{
    struct zt_wg_device *device = peer->device;

    if (device->index_count++ > device->index_mask)
        grow_indexes(device);
    struct zt_wg_index **bucket = &device->by_index[value & device->index_mask];
    index->value = value;
    index->used = true;
    index->peer = peer;
    index->next = *bucket;
    *bucket = index;
}

void zt_wg_index_remove(struct zt_wg_device *device, struct zt_wg_index *index)
{
    struct zt_wg_index **at = &device->by_index[index->value & device->index_mask];
    if (!index->used)
        return;
    while (*at != index)
        at = &(*at)->next;
    *at = index->next;
    index->used = false;
    device->index_count--;
}

struct zt_wg_index *zt_wg_index_find(const struct zt_wg_device *device, uint32_t value)
{
    struct zt_wg_index *index = device->by_index[value & device->index_mask];
    while (index != NULL && index->value != value)
        index = index->next;
    return index;
}

/* ---- what a peer holds ---- */

bool zt_wg_take_held(struct zt_wg_peer *peer, struct zt_wg_held *held)
{
    if (peer->held_count == 0)
        return false;
    *held = peer->held[peer->held_first];
    peer->held_first = (peer->held_first + 1) % ZT_WG_HELD_MAX;
    peer->held_count--;
    return true;
}

void zt_wg_end_held(struct zt_machine *machine, struct zt_wg_peer *peer, enum zt_fate fate)
{
    struct zt_wg_held held;
    while (zt_wg_take_held(peer, &held)) {
        free(held.data);
        zt_emit_fate(machine, fate);
    }
}
