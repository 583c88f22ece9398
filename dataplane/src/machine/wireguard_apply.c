/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/wireguard_apply.h"

#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/program_parts.h"

/* ---- how many peers there are at a change ---- */

struct zt_wg_roll_entry {
    bool used, there;
    uint32_t interface;
    uint8_t public_key[ZT_WG_KEY];
};

static struct zt_wg_roll_entry *probe(const struct zt_wg_roll *roll, uint32_t interface,
                                      const uint8_t *public_key)
{
    uint32_t mask = roll->capacity - 1, slot = (zt_wg_load32(public_key) ^ interface) & mask;
    for (;; slot = (slot + 1) & mask) {
        struct zt_wg_roll_entry *entry = &roll->entries[slot];
        if (!entry->used || (entry->interface == interface &&
                             memcmp(entry->public_key, public_key, ZT_WG_KEY) == 0))
            return entry;
    }
}

static void grow(struct zt_wg_roll *roll)
{
    struct zt_wg_roll old = *roll;
    roll->capacity = old.capacity == 0 ? 64 : 2 * old.capacity;
    roll->entries = zt_calloc(roll->capacity, sizeof *roll->entries);
    for (uint32_t i = 0; i < old.capacity; i++)
        if (old.entries[i].used)
            *probe(roll, old.entries[i].interface, old.entries[i].public_key) = old.entries[i];
    free(old.entries);
}

/* The number of peers of the interface after this change. */
static uint32_t enroll(struct zt_wg_change_reader *reader, const struct zt_wg_device *device,
                       const uint8_t *public_key, bool there)
{
    struct zt_wg_roll *roll = &reader->roll;
    uint32_t *peers = &roll->peers[device->interface];

    if (roll->count >= roll->capacity / 2)
        grow(roll);
    struct zt_wg_roll_entry *entry = probe(roll, device->interface, public_key);
    if (!entry->used) {
        entry->used = true;
        entry->interface = device->interface;
        memcpy(entry->public_key, public_key, ZT_WG_KEY);
        entry->there = zt_wg_find_peer(device, public_key) != NULL;
        roll->count++;
    }
    *peers = *peers + there - entry->there;
    entry->there = there;
    return *peers;
}

void zt_wg_change_start(struct zt_wg_change_reader *reader, const struct zt_machine *machine)
{
    *reader = (struct zt_wg_change_reader){ .machine = machine,
                                            .ring = { .machine = machine, .keys = machine->lent } };
}

/* Only a list with changes of peers needs the roll. */
static void call_roll(struct zt_wg_change_reader *reader)
{
    const struct zt_program *program = reader->machine->program;
    if (reader->roll.peers != NULL)
        return;
    reader->roll.peers = zt_calloc(program->interface_count, sizeof *reader->roll.peers);
    for (uint32_t i = 0; i < program->wireguard_count; i++) {
        uint32_t index = program->wireguards[i];
        reader->roll.peers[index] = program->interfaces[index].wireguard.device->peer_count;
    }
}

void zt_wg_change_end(struct zt_wg_change_reader *reader)
{
    zt_wg_keyring_free(&reader->ring);
    free(reader->roll.entries);
    free(reader->roll.peers);
}

/* ---- reading ---- */

static bool read_preshared(struct zt_wg_change_reader *reader, const struct zt_schema *refusal,
                           const struct zt_path *path, struct zt_wg_change *change)
{
    if (change->given.preshared == NULL)
        return true;
    const uint8_t *key = zt_wg_keyring_find(&reader->ring, change->given.preshared);
    if (key == NULL)
        return zt_schema_fail(refusal, ZT_PATH_KEY(path, "presharedKey"),
                              "there is no key of 32 octets for this reference");
    memcpy(change->remote.preshared, key, ZT_WG_KEY);
    return true;
}

bool zt_wg_change_read(struct zt_wg_change_reader *reader, const struct zt_schema *schema,
                       const struct zt_schema *refusal, uint32_t interface, uint32_t public_key,
                       uint32_t to, const struct zt_path *path, struct zt_wg_change *change)
{
    static const char *const names[] = { "?presharedKey", "?endpoint", "allowedIps",
                                         "?persistentKeepalive" };
    const struct zt_path *key_path = ZT_PATH_KEY(path, "publicKey");
    const struct zt_path *to_path = ZT_PATH_KEY(path, "to");
    const struct zt_wg_device *device =
        zt_interface_at(reader->machine, interface)->wireguard.device;
    bool removes = schema->json->nodes[to].type == ZT_JSON_NULL;
    uint8_t *key = change->remote.public_key;
    uint32_t values[ZT_PEER_FIELDS];

    call_roll(reader);
    if (!zt_program_read_public_key(schema, public_key, key_path, &change->given.public_key))
        return false;
    if (!removes && (!zt_schema_object(schema, to, to_path, names, ZT_PEER_FIELDS, values) ||
                     !zt_program_read_peer(schema, values, to_path, &change->given)))
        return false;
    if (!zt_wg_keyring_public(&reader->ring, change->given.public_key, key))
        return zt_schema_fail(refusal, key_path, "there is no key of 32 octets for this reference");
    if (zt_wg_equal(key, device->identity.public_key, ZT_WG_KEY))
        return zt_schema_fail(refusal, key_path, "it is the interface's own key");
    if (!read_preshared(reader, refusal, to_path, change))
        return false;
    if (!removes && !zt_wg_make_remote(zt_wg_crypto_of(reader->machine), device,
                                       zt_wg_find_peer(device, key), &change->remote))
        return zt_schema_fail(refusal, key_path, "it is a key of low order");
    return enroll(reader, device, key, !removes) <= ZT_WG_PEERS_MAX ||
           zt_schema_fail(refusal, path, "the interface has %u peers already", ZT_WG_PEERS_MAX);
}

void zt_wg_change_free(struct zt_wg_change *change)
{
    if (change == NULL)
        return;
    zt_wg_given_free(&change->given);
    zt_wg_wipe(change, sizeof *change);
    free(change);
}

/* ---- carrying out ---- */

void zt_wg_change_apply(struct zt_machine *machine, uint32_t interface, bool removes,
                        const struct zt_wg_change *change)
{
    struct zt_wireguard *wireguard = &zt_interface_at(machine, interface)->wireguard;
    struct zt_wg_peer *peer = zt_wg_find_peer(wireguard->device, change->remote.public_key);
    bool added = peer == NULL;

    if (removes) {
        if (added)
            return;
        zt_wg_end_held(machine, peer, ZT_FATE_PROGRAM_CHANGED);
        zt_wg_remove_peer(peer);
        zt_wireguard_forget(machine);
        wireguard->peers_set = true;
        return;
    }
    wireguard->peers_set = true;
    if (added)
        peer = zt_wg_add_peer(wireguard->device, &change->remote);
    uint16_t keepalive = peer->given.keepalive;
    memcpy(peer->remote.preshared, change->remote.preshared, ZT_WG_KEY);
    zt_wg_set_given(peer, &change->given);
    if (change->given.has_endpoint)
        zt_wg_take_endpoint(peer);
    zt_wg_set_persistent(peer, keepalive, machine->now);
}
