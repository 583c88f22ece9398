/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of a program that was read, and what they keep of those before: WG-1, WG-32. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/program_parts.h"
#include "src/machine/wireguard_batch.h"
#include "src/machine/wireguard_keys.h"

void zt_wireguard_start(struct zt_machine *machine, const char *aead)
{
    machine->wireguard = zt_calloc(1, sizeof *machine->wireguard);
    machine->wireguard->aead = zt_aead_way_named(aead);
}

void zt_wireguard_stop(struct zt_machine *machine)
{
    zt_wg_crypto_free(machine->wireguard->crypto);
    zt_wg_batch_free(machine->wireguard->batch);
    zt_wg_wipe(machine->wireguard, sizeof *machine->wireguard);
    free(machine->wireguard);
}

/* What a load is about. */
struct load {
    struct zt_machine *machine;
    struct zt_wg_crypto *crypto;
    struct zt_wg_keyring ring;
    struct zt_error *error;
    uint16_t interface;
};

static bool missing(const struct load *load, const char *reference)
{
    char where[48];
    snprintf(where, sizeof where, "interface %u", load->interface);
    return zt_error_set(load->error, "keys-missing", where,
                        "there is no key of 32 octets for `%s`; name a key file that has it",
                        reference);
}

static bool refuse_peer(const struct load *load, uint32_t peer, const char *why)
{
    char where[64];
    snprintf(where, sizeof where, "interface %u, peer %" PRIu32, load->interface, peer);
    return zt_error_set(load->error, "program-invalid", where, "%s", why);
}

/* The device that the running program has of an interface with this id and key, NULL. */
static struct zt_wg_device *find_before(const struct zt_machine *machine,
                                        const struct zt_wg_device *device)
{
    const struct zt_program *program = machine->program;
    uint32_t index = program == NULL ? ZT_NONE : zt_program_find(program, device->id);
    if (index == ZT_NONE || program->interfaces[index].kind != ZT_KIND_WIREGUARD)
        return NULL;
    struct zt_wg_device *before = program->interfaces[index].wireguard.device;
    return zt_wg_equal(before->identity.private_key, device->identity.private_key, ZT_WG_KEY)
               ? before
               : NULL;
}

bool zt_wg_make_remote(struct zt_wg_crypto *crypto, const struct zt_wg_device *device,
                       const struct zt_wg_peer *known, struct zt_wg_remote *remote)
{
    if (known != NULL) {
        memcpy(remote->shared, known->remote.shared, ZT_WG_KEY);
        memcpy(remote->mac1_key, known->remote.mac1_key, ZT_WG_KEY);
        memcpy(remote->cookie_key, known->remote.cookie_key, ZT_WG_KEY);
        return true;
    }
    zt_wg_mac_keys(crypto, remote->public_key, remote->mac1_key, remote->cookie_key);
    return zt_wg_dh(crypto, device->identity.private_key, remote->public_key, remote->shared);
}

static bool has_foreign_prefix(const struct zt_wg_device *device, const struct zt_wg_given *given)
{
    for (uint32_t i = 0; i < given->allowed_count; i++)
        if (zt_lpm_get(&device->allowed, given->allowed[i].ip, given->allowed[i].length) !=
            UINT32_MAX)
            return true;
    return false;
}

static bool add_peer(struct load *load, struct zt_wg_device *device,
                     const struct zt_wg_device *before, uint32_t number,
                     const struct zt_wg_given *given)
{
    struct zt_wg_remote remote = { 0 };
    const uint8_t *preshared = NULL;

    if (!zt_wg_keyring_public(&load->ring, given->public_key, remote.public_key))
        return missing(load, given->public_key);
    if (given->preshared != NULL) {
        preshared = zt_wg_keyring_find(&load->ring, given->preshared);
        if (preshared == NULL)
            return missing(load, given->preshared);
        memcpy(remote.preshared, preshared, ZT_WG_KEY);
    }
    const char *wrong = NULL;
    if (zt_wg_equal(remote.public_key, device->identity.public_key, ZT_WG_KEY))
        wrong = "its public key is the interface's own";
    else if (zt_wg_find_peer(device, remote.public_key) != NULL)
        wrong = "another peer has its public key";
    else if (has_foreign_prefix(device, given))
        wrong = "a prefix of its `allowedIps` is another peer's";
    else if (!zt_wg_make_remote(load->crypto, device,
                                before == NULL ? NULL : zt_wg_find_peer(before, remote.public_key),
                                &remote))
        wrong = "its public key is of low order";
    if (wrong == NULL)
        zt_wg_set_given(zt_wg_add_peer(device, &remote), given);
    zt_wg_wipe(&remote, sizeof remote);
    return wrong == NULL || refuse_peer(load, number, wrong);
}

static bool prepare(struct load *load, uint32_t index, struct zt_interface *interface)
{
    struct zt_wireguard *wireguard = &interface->wireguard;

    load->interface = interface->id;
    const uint8_t *key = zt_wg_keyring_find(&load->ring, wireguard->private_key);
    if (key == NULL)
        return missing(load, wireguard->private_key);
    wireguard->device =
        zt_wg_device_new(load->crypto, load->machine->wireguard->batch, index, interface->id, key);
    const struct zt_wg_device *before = find_before(load->machine, wireguard->device);
    for (uint32_t i = 0; i < wireguard->given_count; i++)
        if (!add_peer(load, wireguard->device, before, i, &wireguard->given[i]))
            return false;
    return true;
}

bool zt_wireguard_prepare(struct zt_machine *machine, struct zt_program *program,
                          const struct zt_keys *keys, struct zt_error *error)
{
    bool good = true;
    if (program->wireguard_count == 0)
        return true;
    if (machine->wireguard->crypto == NULL) {
        machine->wireguard->crypto = zt_wg_crypto_new(machine->crypto);
        machine->wireguard->batch = zt_wg_batch_new(machine->crypto, machine->wireguard->aead);
    }
    struct load load = { .machine = machine,
                         .crypto = machine->wireguard->crypto,
                         .ring = { .machine = machine, .keys = keys },
                         .error = error };
    for (uint32_t i = 0; good && i < program->wireguard_count; i++) {
        uint32_t index = program->wireguards[i];
        good = prepare(&load, index, &program->interfaces[index]);
    }
    zt_wg_keyring_free(&load.ring);
    return good;
}

/* ---- WG-32 ---- */

void zt_wg_set_persistent(struct zt_wg_peer *peer, uint16_t before, uint64_t now)
{
    if (peer->given.keepalive == 0)
        zt_wg_clear_timer(peer, ZT_WG_PERSISTENT);
    else if (before == 0)
        zt_wg_set_timer(peer, ZT_WG_PERSISTENT, now);
}

void zt_wg_take_endpoint(struct zt_wg_peer *peer)
{
    if (peer->given.has_endpoint)
        peer->endpoint =
            (struct zt_wg_endpoint){ .address = peer->given.address, .port = peer->given.port };
}

static bool has_same_endpoint(const struct zt_wg_given *now, const struct zt_wg_given *before)
{
    return !now->has_endpoint || (before->has_endpoint && now->port == before->port &&
                                  zt_ip_equal(now->address, before->address));
}

static void keep_session(struct zt_wg_peer *peer, struct zt_wg_session **to,
                         struct zt_wg_device *before, struct zt_wg_session **from)
{
    if (*from == NULL)
        return;
    zt_wg_index_remove(before, &(*from)->index);
    *to = *from;
    *from = NULL;
    zt_wg_index_add(peer, &(*to)->index, (*to)->index.value);
}

static void keep_peer(struct zt_wg_peer *peer, struct zt_wg_peer *before)
{
    if (before->handshake.used) {
        zt_wg_index_add(peer, &peer->handshake, before->handshake.value);
        peer->noise = before->noise;
    }
    keep_session(peer, &peer->previous, before->device, &before->previous);
    keep_session(peer, &peer->current, before->device, &before->current);
    keep_session(peer, &peer->next, before->device, &before->next);
    if (has_same_endpoint(&peer->given, &before->given))
        peer->endpoint = before->endpoint;
    peer->initiated = before->initiated;
    memcpy(peer->timestamp, before->timestamp, ZT_WG_TIMESTAMP);
    peer->initiated_at = before->initiated_at;
    peer->has_mac1 = before->has_mac1;
    peer->has_cookie = before->has_cookie;
    memcpy(peer->mac1, before->mac1, ZT_WG_MAC);
    memcpy(peer->cookie, before->cookie, ZT_WG_MAC);
    peer->cookie_at = before->cookie_at;
    peer->another_keepalive = before->another_keepalive;
    peer->renewed = before->renewed;
    peer->attempts = before->attempts;
    peer->sent_handshake = before->sent_handshake;
    peer->sent_handshake_at = before->sent_handshake_at;
    peer->completed = before->completed;
    peer->rx = before->rx;
    peer->tx = before->tx;
    for (uint32_t timer = 0; timer < ZT_WG_TIMERS; timer++)
        zt_wg_set_timer(peer, timer, before->timers[timer]);
}

/* The node may be somewhere else by now. */
static void forget_foreign(const struct zt_program *program, const struct zt_wireguard *wireguard,
                           struct zt_wg_peer *peer)
{
    zt_ip own = peer->endpoint.own;
    if (own.family == 0)
        return;
    bool has = wireguard->lower != ZT_NONE
                   ? zt_ip_equal(wireguard->local[own.family == ZT_IPV6], own)
                   : zt_vrf_owns(&program->vrfs[wireguard->underlay], own);
    if (!has)
        peer->endpoint.own = (zt_ip){ 0 };
}

static void keep_device(const struct zt_machine *machine, const struct zt_program *program,
                        const struct zt_wireguard *wireguard)
{
    struct zt_wg_device *device = wireguard->device;
    struct zt_wg_device *before = find_before(machine, device);

    if (before != NULL) {
        device->defence = before->defence;
        before->defence = (struct zt_wg_defence){ 0 };
    }
    for (uint32_t i = 0; i < device->peer_count; i++) {
        struct zt_wg_peer *peer = device->peers[i];
        struct zt_wg_peer *known =
            before == NULL ? NULL : zt_wg_find_peer(before, peer->remote.public_key);
        zt_wg_take_endpoint(peer);
        if (known != NULL)
            keep_peer(peer, known);
        forget_foreign(program, wireguard, peer);
        zt_wg_set_persistent(peer, known == NULL ? 0 : known->given.keepalive, machine->now);
    }
}

void zt_wireguard_end_held(struct zt_machine *machine)
{
    const struct zt_program *program = machine->program;
    for (uint32_t i = 0; i < program->wireguard_count; i++) {
        const struct zt_wg_device *device =
            zt_interface_at(machine, program->wireguards[i])->wireguard.device;
        for (uint32_t peer = 0; peer < device->peer_count; peer++)
            zt_wg_end_held(machine, device->peers[peer], ZT_FATE_PROGRAM_CHANGED);
    }
}

void zt_wireguard_keep(struct zt_machine *machine, struct zt_program *program)
{
    for (uint32_t i = 0; i < program->wireguard_count; i++)
        keep_device(machine, program, &program->interfaces[program->wireguards[i]].wireguard);
}

void zt_wireguard_free(struct zt_wireguard *wireguard)
{
    zt_wg_device_free(wireguard->device);
    for (uint32_t i = 0; i < wireguard->given_count; i++)
        zt_wg_given_free(&wireguard->given[i]);
    free(wireguard->private_key);
}

void zt_wireguard_forget(struct zt_machine *machine)
{
    if (machine->wireguard->crypto != NULL)
        zt_wg_crypto_forget(machine->wireguard->crypto);
    machine->wireguard->keys_gone = true;
}

void zt_wireguard_end_input(struct zt_machine *machine)
{
    if (!machine->wireguard->keys_gone || ZT_MUTANT(wireguard_stack_unwiped))
        return;
    machine->wireguard->keys_gone = false;
    zt_wg_wipe_stack();
}
