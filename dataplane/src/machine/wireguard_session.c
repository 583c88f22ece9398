/* SPDX-License-Identifier: Apache-2.0 */
/* Seeds (WG-4, WG-20), sessions (WG-18, WG-19) and their counters (WG-16). */
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/wireguard_batch.h"

#define SEED_OCTETS 40u
#define WINDOW_BITS (ZT_WG_WINDOW_WORDS * 64)
/* How far below the greatest received a counter may be. */
#define WINDOW_REACH 8128u
#define JITTER_MAX_MS 333u
#define MILLISECOND UINT64_C(1000000)

void zt_wireguard_seed(struct zt_machine *machine, const uint8_t *data, uint32_t length)
{
    struct zt_wg_state *state = machine->wireguard;
    if (length != SEED_OCTETS)
        return;
    state->seeded = true;
    state->wall = zt_wg_load64(data);
    state->seeded_at = machine->now;
    state->drawn = 0;
    memcpy(state->entropy, data + 8, sizeof state->entropy);
    /* Drawn ones, too. */
    state->keys_gone = true;
}

bool zt_machine_wants_seed(const struct zt_machine *machine)
{
    const struct zt_wg_state *state = machine->wireguard;
    bool runs = machine->program != NULL && machine->program->wireguard_count > 0;
    return runs && (!state->seeded || state->drawn > 0);
}

uint64_t zt_wg_wall(const struct zt_machine *machine)
{
    return machine->wireguard->wall + (machine->now - machine->wireguard->seeded_at);
}

void zt_wg_draw(struct zt_machine *machine, const struct zt_wg_device *device, uint8_t out[32])
{
    struct zt_wg_state *state = machine->wireguard;
    uint8_t text[40];

    memcpy(text, state->entropy, 32);
    zt_wg_store64(text + 32, state->drawn++);
    zt_wg_keyed_hash(state->crypto, device->identity.private_key, text, sizeof text, out);
    zt_wg_wipe(text, sizeof text);
}

static uint32_t draw32(struct zt_machine *machine, const struct zt_wg_device *device)
{
    uint8_t octets[32];
    zt_wg_draw(machine, device, octets);
    return zt_wg_load32(octets);
}

uint64_t zt_wg_jitter(uint32_t index)
{
    return index % JITTER_MAX_MS * MILLISECOND;
}

uint32_t zt_wg_draw_index(struct zt_machine *machine, const struct zt_wg_device *device)
{
    uint32_t index;
    do
        index = draw32(machine, device);
    while (zt_wg_index_find(device, index) != NULL);
    return index;
}

/* ---- sessions ---- */

void zt_wg_end_handshake(struct zt_wg_peer *peer)
{
    zt_wg_index_remove(peer->device, &peer->handshake);
    zt_wg_wipe(&peer->noise, sizeof peer->noise);
}

void zt_wg_end_session(struct zt_wg_peer *peer, struct zt_wg_session **session)
{
    if (*session == NULL)
        return;
    zt_wg_batch_settle(peer->device->batch);
    if (ZT_MUTANT(wireguard_index_kept)) {
        *session = NULL;
        return;
    }
    zt_wg_index_remove(peer->device, &(*session)->index);
    if (!ZT_MUTANT(wireguard_session_unwiped))
        zt_wg_wipe(*session, sizeof **session);
    free(*session);
    *session = NULL;
}

/* The session takes another's place. */
static void move(struct zt_wg_peer *peer, struct zt_wg_session **from, struct zt_wg_session **to)
{
    zt_wg_end_session(peer, to);
    *to = *from;
    *from = NULL;
}

void zt_wg_promote(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    machine->wireguard->keys_gone = true;
    move(peer, &peer->current, &peer->previous);
    move(peer, &peer->next, &peer->current);
}

/* WG-18: room for a new session, and where it goes. */
static struct zt_wg_session **make_room(struct zt_wg_peer *peer, bool initiator)
{
    if (!initiator) {
        zt_wg_end_session(peer, &peer->previous);
        zt_wg_end_session(peer, &peer->next);
        return &peer->next;
    }
    if (peer->next != NULL) {
        move(peer, &peer->next, &peer->previous);
        zt_wg_end_session(peer, &peer->current);
    } else {
        move(peer, &peer->current, &peer->previous);
    }
    return &peer->current;
}

void zt_wg_make_session(struct zt_machine *machine, struct zt_wg_peer *peer,
                        const struct zt_wg_noise *noise, uint32_t index, uint32_t peer_index,
                        bool initiator)
{
    struct zt_wg_session **place = make_room(peer, initiator);
    struct zt_wg_session *session = zt_calloc(1, sizeof *session);

    session->peer_index = peer_index;
    session->initiator = initiator;
    session->born = machine->now;
    session->index.of_session = true;
    machine->wireguard->keys_gone = true;
    zt_wg_split(zt_wg_crypto_of(machine), noise,
                initiator ? session->send_key : session->receive_key,
                initiator ? session->receive_key : session->send_key);
    if (initiator)
        zt_wg_end_handshake(peer);
    zt_wg_index_add(peer, &session->index, index);
    *place = session;
}

bool zt_wg_may_send(const struct zt_machine *machine, const struct zt_wg_session *session)
{
    return session != NULL &&
           (machine->now - session->born < ZT_WG_REJECT_AFTER ||
            ZT_MUTANT(wireguard_key_never_expires)) &&
           session->sent < ZT_WG_MESSAGES_END;
}

/* ---- the replay window ---- */

/* Words that lie between the greatest counter and a greater one are of counters not received. */
static void advance(struct zt_wg_session *session, uint64_t counter)
{
    uint64_t top = session->received == 0 ? 0 : (session->received - 1) / 64, to = counter / 64;
    uint64_t steps = to - top < ZT_WG_WINDOW_WORDS ? to - top : ZT_WG_WINDOW_WORDS;
    for (uint64_t i = 1; i <= steps; i++)
        session->window[(top + i) % ZT_WG_WINDOW_WORDS] = 0;
    session->received = counter + 1;
}

bool zt_wg_window_accept(struct zt_wg_session *session, uint64_t counter)
{
    uint64_t reach = WINDOW_REACH + (ZT_MUTANT(wireguard_replay_window_off_by_one) ? 1 : 0);
    if (counter >= ZT_WG_MESSAGES_END)
        return false;
    if (session->received == 0 || counter > session->received - 1)
        advance(session, counter);
    else if (session->received - 1 - counter > reach)
        return false;
    uint64_t *word = &session->window[counter % WINDOW_BITS / 64];
    uint64_t bit = UINT64_C(1) << counter % 64;
    if ((*word & bit) != 0)
        return false;
    *word |= bit;
    return true;
}
