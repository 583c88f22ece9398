/* SPDX-License-Identifier: Apache-2.0 */
/* Which member of a next-hop group a packet takes: HASH-4, HASH-6, of those whose ports have carrier (PORT-6). */
#include "src/machine/internal.h"

/* Members of a group (contract/program.ts). */
#define MEMBERS_MAX 64u

/* HASH-4: an IRB is always live, and a wireguard interface on no port. */
static bool is_live(const struct zt_machine *machine, const struct zt_next_hop *member)
{
    const struct zt_interface *interface = zt_interface_at(machine, member->interface);
    if (interface->kind == ZT_KIND_MACSEC)
        interface = zt_interface_at(machine, interface->macsec.lower);
    else if (interface->kind == ZT_KIND_WIREGUARD && interface->wireguard.lower != ZT_NONE)
        interface = zt_interface_at(machine, interface->wireguard.lower);
    return interface->kind != ZT_KIND_PORT || !interface->port.down || ZT_MUTANT(carrier_unseen);
}

static uint32_t weight_of(const struct zt_next_hop *member)
{
    return member->weight == 0 || ZT_MUTANT(weights_ignored) ? 1 : member->weight;
}

static uint32_t list_live(const struct zt_machine *machine, const struct zt_group *group,
                          const struct zt_next_hop **live)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < group->count; i++)
        if (is_live(machine, &group->members[i]))
            live[count++] = &group->members[i];
    for (uint32_t i = 0; count == 0 && i < group->count; i++)
        live[i] = &group->members[i];
    return count == 0 ? group->count : count;
}

static uint32_t seed_of(const struct zt_machine *machine)
{
    return ZT_MUTANT(ecmp_seed_ignored) ? 0 : machine->program->ecmp_seed;
}

static uint32_t hash_packet(const struct zt_machine *machine, const struct zt_packet *packet)
{
    struct zt_flow_words words;
    zt_flow_words_read(zt_packet_at(packet), &packet->ip, &words);
    if (ZT_MUTANT(ports_unread))
        words.word[words.count - 1] = 0;
    return zt_hash(seed_of(machine), words.word, words.count);
}

/* HASH-4. */
static const struct zt_next_hop *share_out(const struct zt_next_hop *const *live, uint32_t count,
                                           uint32_t h)
{
    uint32_t sum = 0, at = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += weight_of(live[i]);
    uint32_t share = zt_hash_share(h, sum);
    while (share >= weight_of(live[at]))
        share -= weight_of(live[at++]);
    return live[at];
}

/* HASH-6: hash(seed, interface id, gateway words). */
static uint32_t hash_member(const struct zt_machine *machine, const struct zt_next_hop *member)
{
    uint32_t words[5] = { zt_interface_at(machine, member->interface)->id }, count = 1;
    if (member->has_gateway)
        for (uint32_t i = 0; i < zt_ip_octets(member->gateway.family) / 4; i++)
            words[count++] = zt_load_u32(member->gateway.octets + 4 * i);
    return zt_hash(seed_of(machine), words, count);
}

/* HASH-6. */
static const struct zt_next_hop *score(const struct zt_machine *machine,
                                       const struct zt_next_hop *const *live, uint32_t count,
                                       uint32_t h)
{
    const struct zt_next_hop *best = live[0];
    uint32_t most = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t found = zt_hash_score(h, hash_member(machine, live[i]), weight_of(live[i]));
        if (found > most) {
            most = found;
            best = live[i];
        }
    }
    return best;
}

const struct zt_next_hop *zt_next_hop_choose(const struct zt_machine *machine,
                                             const struct zt_group *group,
                                             const struct zt_packet *packet)
{
    const struct zt_next_hop *live[MEMBERS_MAX];
    if (group->count == 1)
        return group->members;
    uint32_t count = list_live(machine, group, live);
    if (count == 1)
        return live[0];
    uint32_t h = hash_packet(machine, packet);
    if (machine->program->resilient && !ZT_MUTANT(resilience_ignored))
        return score(machine, live, count, h);
    return share_out(live, count, h);
}
