/* SPDX-License-Identifier: Apache-2.0 */
/* Timers and fresh keys: WG-28 to WG-30. */
#include "src/machine/wireguard.h"

#define KEEPALIVE_AFTER (10 * ZT_WG_SECOND)
#define NEW_HANDSHAKE_AFTER (15 * ZT_WG_SECOND)
#define ZEROING_AFTER (540 * ZT_WG_SECOND)
#define REKEY_AFTER (120 * ZT_WG_SECOND)
#define REKEY_RECEIVING_AFTER (165 * ZT_WG_SECOND)
#define REKEY_AFTER_MESSAGES (UINT64_C(1) << 60)
#define ATTEMPTS_MAX 18u

/* When the earliest of a peer's timers is due. */
static void note_due(struct zt_wg_peer *peer)
{
    struct zt_wg_device *device = peer->device;
    uint64_t due = ZT_WG_NEVER;
    for (uint32_t timer = 0; timer < ZT_WG_TIMERS; timer++)
        if (peer->timers[timer] < due)
            due = peer->timers[timer];
    device->due[peer->position] = due;
    if (due < device->deadline)
        device->deadline = due;
}

void zt_wg_set_timer(struct zt_wg_peer *peer, enum zt_wg_timer timer, uint64_t due)
{
    peer->timers[timer] = due;
    note_due(peer);
}

void zt_wg_clear_timer(struct zt_wg_peer *peer, enum zt_wg_timer timer)
{
    if (peer->timers[timer] == ZT_WG_NEVER)
        return;
    peer->timers[timer] = ZT_WG_NEVER;
    note_due(peer);
}

static bool is_set(const struct zt_wg_peer *peer, enum zt_wg_timer timer)
{
    return peer->timers[timer] != ZT_WG_NEVER;
}

/* ---- WG-29 ---- */

void zt_wg_on_packet(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    if (peer->given.keepalive > 0)
        zt_wg_set_timer(peer, ZT_WG_PERSISTENT,
                        machine->now + peer->given.keepalive * ZT_WG_SECOND);
}

void zt_wg_on_packet_sent(struct zt_wg_peer *peer)
{
    zt_wg_clear_timer(peer, ZT_WG_KEEPALIVE);
}

void zt_wg_on_packet_received(struct zt_wg_peer *peer)
{
    zt_wg_clear_timer(peer, ZT_WG_NEW_HANDSHAKE);
}

void zt_wg_on_data_sent(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    if (!is_set(peer, ZT_WG_NEW_HANDSHAKE))
        zt_wg_set_timer(peer, ZT_WG_NEW_HANDSHAKE,
                        machine->now + NEW_HANDSHAKE_AFTER +
                            zt_wg_jitter(peer->current->index.value));
}

void zt_wg_on_data_received(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    if (is_set(peer, ZT_WG_KEEPALIVE))
        peer->another_keepalive = true;
    else
        zt_wg_set_timer(peer, ZT_WG_KEEPALIVE, machine->now + KEEPALIVE_AFTER);
}

void zt_wg_on_session(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    zt_wg_set_timer(peer, ZT_WG_ZEROING, machine->now + ZEROING_AFTER);
}

void zt_wg_on_complete(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    zt_wg_clear_timer(peer, ZT_WG_RETRANSMISSION);
    peer->attempts = 0;
    peer->renewed = false;
    peer->completed = zt_wg_wall(machine) / ZT_WG_SECOND;
}

/* ---- WG-28 ---- */

static uint64_t age_of(const struct zt_machine *machine, const struct zt_wg_session *session)
{
    return machine->now - session->born;
}

static void begin_afresh(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    peer->attempts = 0;
    zt_wg_send_initiation(machine, peer);
}

void zt_wg_renew_sending(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    const struct zt_wg_session *current = peer->current;
    if (current == NULL || ZT_MUTANT(wireguard_rekey_never))
        return;
    if (current->sent > REKEY_AFTER_MESSAGES ||
        (current->initiator && age_of(machine, current) >= REKEY_AFTER))
        begin_afresh(machine, peer);
}

void zt_wg_renew_receiving(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    const struct zt_wg_session *current = peer->current;
    if (current == NULL || !current->initiator || peer->renewed ||
        age_of(machine, current) < REKEY_RECEIVING_AFTER || ZT_MUTANT(wireguard_rekey_never))
        return;
    peer->renewed = true;
    begin_afresh(machine, peer);
}

/* ---- WG-30 ---- */

static void zero(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    zt_wg_end_session(peer, &peer->previous);
    zt_wg_end_session(peer, &peer->current);
    zt_wg_end_session(peer, &peer->next);
    zt_wg_end_handshake(peer);
    zt_wireguard_forget(machine);
}

static void forget_own_address(struct zt_wg_peer *peer)
{
    peer->endpoint.own = (zt_ip){ 0 };
    zt_wg_forget_way(peer);
}

static void retransmit(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    if (peer->attempts <= ATTEMPTS_MAX) {
        peer->attempts++;
        forget_own_address(peer);
        zt_wg_send_initiation(machine, peer);
        return;
    }
    zt_wg_clear_timer(peer, ZT_WG_KEEPALIVE);
    zt_wg_end_held(machine, peer, ZT_FATE_WIREGUARD_UNANSWERED);
    if (!is_set(peer, ZT_WG_ZEROING))
        zt_wg_set_timer(peer, ZT_WG_ZEROING, machine->now + ZEROING_AFTER);
}

static void new_handshake(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    forget_own_address(peer);
    begin_afresh(machine, peer);
}

static void keepalive(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    zt_wg_send_keepalive(machine, peer);
    if (!peer->another_keepalive)
        return;
    peer->another_keepalive = false;
    zt_wg_set_timer(peer, ZT_WG_KEEPALIVE, machine->now + KEEPALIVE_AFTER);
}

static void tick(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    static void (*const acts[ZT_WG_TIMERS])(struct zt_machine *, struct zt_wg_peer *) = {
        [ZT_WG_ZEROING] = zero,
        [ZT_WG_RETRANSMISSION] = retransmit,
        [ZT_WG_NEW_HANDSHAKE] = new_handshake,
        [ZT_WG_KEEPALIVE] = keepalive,
        [ZT_WG_PERSISTENT] = zt_wg_send_keepalive,
    };
    for (uint32_t timer = 0; timer < ZT_WG_TIMERS; timer++) {
        if (peer->timers[timer] > machine->now)
            continue;
        zt_wg_clear_timer(peer, timer);
        acts[timer](machine, peer);
    }
}

static void tick_device(struct zt_machine *machine, struct zt_wg_device *device)
{
    if (device->deadline > machine->now)
        return;
    for (uint32_t i = 0; i < device->peer_count; i++)
        if (device->due[i] <= machine->now)
            tick(machine, device->peers[i]);
    device->deadline = ZT_WG_NEVER;
    for (uint32_t i = 0; i < device->peer_count; i++)
        if (device->due[i] < device->deadline)
            device->deadline = device->due[i];
}

void zt_wireguard_clock(struct zt_machine *machine)
{
    const struct zt_program *program = machine->program;
    if (!machine->wireguard->seeded) /* WG-4 */
        return;
    for (uint32_t i = 0; i < program->wireguard_count; i++)
        tick_device(machine, zt_interface_at(machine, program->wireguards[i])->wireguard.device);
}

uint64_t zt_machine_deadline(const struct zt_machine *machine)
{
    const struct zt_program *program = machine->program;
    uint64_t deadline = ZT_WG_NEVER;
    if (program == NULL || !machine->wireguard->seeded)
        return deadline;
    for (uint32_t i = 0; i < program->wireguard_count; i++) {
        uint64_t due = zt_interface_at(machine, program->wireguards[i])->wireguard.device->deadline;
        if (due < deadline)
            deadline = due;
    }
    return deadline;
}
