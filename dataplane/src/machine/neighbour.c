/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbours: NEIGH-1 to NEIGH-8. */
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/internal.h"

#define SECOND UINT64_C(1000000000)
/* NEIGH-4, NEIGH-7: between requests, and until an address is given up. */
#define REQUEST_INTERVAL SECOND
#define RESOLUTION_TIME (3 * SECOND)

bool zt_neighbour_is_usable(const struct zt_machine *machine, const struct zt_neighbour *neighbour)
{
    if (neighbour->state == ZT_NEIGHBOUR_STATIC || neighbour->state == ZT_NEIGHBOUR_CONTROL)
        return true;
    if (neighbour->state != ZT_NEIGHBOUR_RESOLVED)
        return false;
    uint64_t lifetime = zt_interface_at(machine, neighbour->interface)->irb.lifetime;
    return zt_neighbour_is_fresh(neighbour, lifetime, machine->now) ||
           ZT_MUTANT(neighbour_never_expires);
}

bool zt_neighbour_is_bound(const struct zt_machine *machine, uint32_t irb, zt_ip ip, zt_mac *mac)
{
    uint32_t index = zt_neighbour_table_find(&machine->neighbours, irb, ip);
    if (index == ZT_NEIGHBOUR_NONE)
        return false;
    const struct zt_neighbour *neighbour = &machine->neighbours.entries[index];
    *mac = neighbour->mac;
    if (neighbour->state == ZT_NEIGHBOUR_CONTROL) /* NEIGH-8 */
        return !ZT_MUTANT(control_neighbour_unanswered);
    return neighbour->state == ZT_NEIGHBOUR_RESOLVED && zt_neighbour_is_usable(machine, neighbour);
}

/* Whether a MAC was heard on a port of the bridge of an IRB: what `learned` asks of a neighbour beside that it is valid. */
static bool is_heard(const struct zt_machine *machine, uint32_t irb, zt_mac mac)
{
    uint32_t bridge = zt_interface_at(machine, irb)->bridge;
    return zt_fdb_is_heard(zt_interface_at(machine, bridge)->br.fdb, mac, machine->now);
}

/* A neighbour is resolved as it stands now. */
static void note(struct zt_machine *machine, struct zt_neighbour *entry)
{
    struct zt_neighbour_table *table = &machine->neighbours;
    uint64_t end = entry->confirmed + zt_interface_at(machine, entry->interface)->irb.lifetime;
    entry->noted = end > machine->now;
    if (!entry->noted)
        return;
    if (end < table->expiry)
        table->expiry = end;
    table->changes += is_heard(machine, entry->interface, entry->mac);
}

/* A neighbour is no longer what it was. */
static void unnote(struct zt_machine *machine, struct zt_neighbour *entry)
{
    if (entry->noted)
        machine->neighbours.changes += is_heard(machine, entry->interface, entry->mac);
    entry->noted = false;
}

static void remove_entry(struct zt_machine *machine, uint32_t index)
{
    unnote(machine, &machine->neighbours.entries[index]);
    zt_neighbour_table_remove(&machine->neighbours, index);
}

void zt_neighbour_expire(struct zt_machine *machine)
{
    struct zt_neighbour_table *table = &machine->neighbours;
    if (machine->now < table->expiry)
        return;
    table->expiry = UINT64_MAX;
    for (uint32_t i = 0; i < table->count; i++) {
        struct zt_neighbour *entry = &table->entries[i];
        if (!entry->noted)
            continue;
        uint64_t end = entry->confirmed + zt_interface_at(machine, entry->interface)->irb.lifetime;
        if (end <= machine->now)
            unnote(machine, entry);
        else if (end < table->expiry)
            table->expiry = end;
    }
}

/* NEIGH-5. What makes room is invalid, and counted as gone before it goes. */
static bool make_room(struct zt_machine *machine, uint32_t interface)
{
    const struct zt_irb *irb = &zt_interface_at(machine, interface)->irb;
    zt_neighbour_expire(machine);
    return zt_neighbour_table_make_room(&machine->neighbours, interface, irb->limit, irb->lifetime,
                                        machine->now);
}

/* NEIGH-6: a request from `systemMac`, which enters the bridge from the IRB. */
static void request(struct zt_machine *machine, uint32_t index, zt_ip next_hop)
{
    const struct zt_interface *irb = zt_interface_at(machine, index);
    zt_mac source = ZT_MUTANT(request_from_gateway_mac) ? irb->mac : irb->irb.system_mac;
    struct zt_frame frame;

    if (next_hop.family == ZT_IPV4) {
        struct zt_arp probe = { .operation = ZT_ARP_REQUEST,
                                .sender_mac = source,
                                .sender = { .family = ZT_IPV4 },
                                .target = next_hop };
        frame = zt_frame_new(&machine->arena, ZT_ARP_FRAME);
        zt_arp_write(frame.data, ZT_MAC_BROADCAST, source, &probe);
    } else {
        struct zt_nd solicitation = {
            .type = ZT_ND_SOLICITATION,
            .source = irb->irb.system_link_local,
            .destination = zt_ip_solicited_node(next_hop),
            .target = next_hop,
        };
        frame = zt_frame_new(&machine->arena, ZT_ND_FRAME);
        zt_nd_write(frame.data, zt_ip_multicast_mac(solicitation.destination), source,
                    &solicitation, source);
    }
    zt_bridge_forward(machine, irb->bridge, (struct zt_origin){ .member = ZT_NONE }, frame);
}

static struct zt_held hold(const struct zt_packet *packet)
{
    struct zt_held held = { .length = packet->frame.length, .received = packet->received };
    held.frame = zt_calloc(1, held.length);
    memcpy(held.frame, packet->frame.data, held.length);
    return held;
}

/* The packet that was held, in memory of the machine; the held one is freed. */
static struct zt_packet release(struct zt_machine *machine, struct zt_held held, uint8_t family)
{
    struct zt_packet packet = { .frame = zt_frame_copy(&machine->arena, held.frame, held.length),
                                .received = held.received };
    const uint8_t *at = zt_packet_at(&packet);
    uint32_t length = held.length - ZT_ETH_HEADER;
    free(held.frame);
    /* It was well-formed when it came; only its length and header are wanted. */
    packet.ip =
        (struct zt_ip_packet){ family, family == ZT_IPV4 ? (at[0] & 0x0fu) * 4 : ZT_IPV6_HEADER,
                               length };
    return packet;
}

/* The family of a packet that is held; a gateway may be of the other. */
static uint8_t held_family(const struct zt_held *held)
{
    return held->frame[ZT_ETH_HEADER] >> 4;
}

/* NEIGH-4 on an IRB with an address of the family: `index` is the entry of the next hop, or none. */
static void resolve(struct zt_machine *machine, uint32_t interface, uint32_t index, zt_ip next_hop,
                    const struct zt_packet *packet)
{
    struct zt_neighbour_table *table = &machine->neighbours;

    if (index != ZT_NEIGHBOUR_NONE && table->entries[index].state == ZT_NEIGHBOUR_INCOMPLETE) {
        struct zt_neighbour *waiting = &table->entries[index];
        free(waiting->held.frame);
        waiting->held = hold(packet);
        bool again = machine->now - waiting->last >= REQUEST_INTERVAL;
        if (again)
            waiting->last = machine->now;
        zt_emit_fate(machine, ZT_FATE_NEIGHBOUR_QUEUE);
        if (again)
            request(machine, interface, next_hop);
        return;
    }
    if (index != ZT_NEIGHBOUR_NONE) /* invalid, that is absent (NEIGH-2) */
        remove_entry(machine, index);
    if (!make_room(machine, interface)) {
        zt_emit_fate(machine, ZT_FATE_NEIGHBOUR_FULL);
        return;
    }
    index = zt_neighbour_table_add(table, interface, next_hop);
    struct zt_neighbour *entry = &table->entries[index];
    entry->state = ZT_NEIGHBOUR_INCOMPLETE;
    entry->first = entry->last = machine->now;
    entry->held = hold(packet);
    table->counts[interface].dynamic++;
    table->incomplete++;
    zt_record_refuse(machine);
    request(machine, interface, next_hop);
}

static bool can_ask(const struct zt_interface *interface, uint8_t family)
{
    return interface->kind == ZT_KIND_IRB &&
           (family == ZT_IPV4 ? interface->irb.has_ipv4 : interface->irb.has_ipv6);
}

void zt_neighbour_send(struct zt_machine *machine, uint32_t index, zt_ip next_hop,
                       struct zt_packet packet)
{
    const struct zt_interface *interface = zt_interface_at(machine, index);
    if (interface->kind == ZT_KIND_WIREGUARD) { /* WG-24 */
        zt_wg_send_packet(machine, index, packet);
        return;
    }
    uint32_t found = zt_neighbour_table_find(&machine->neighbours, index, next_hop);

    if (found == ZT_NEIGHBOUR_NONE ||
        !zt_neighbour_is_usable(machine, &machine->neighbours.entries[found])) {
        if (can_ask(interface, next_hop.family))
            resolve(machine, index, found, next_hop, &packet);
        else
            zt_emit_fate(machine, ZT_FATE_NEIGHBOUR_MISSING); /* NEIGH-4 */
        return;
    }
    zt_mac mac = machine->neighbours.entries[found].mac;
    zt_record_neighbour(machine, found);
    if (interface->kind == ZT_KIND_IRB) {
        zt_irb_send(machine, index, mac, packet);
        return;
    }
    uint16_t type = packet.ip.family == ZT_IPV4 ? ZT_ETHERTYPE_IPV4 : ZT_ETHERTYPE_IPV6;
    zt_eth_write(packet.frame.data, mac, interface->mac, (zt_ethertype){ type });
    zt_interface_send(machine, index, packet.frame);
}

/* What waits for a neighbour, taken out of it. */
static struct zt_held take_held(struct zt_machine *machine, struct zt_neighbour *entry)
{
    struct zt_held held = entry->held;
    if (entry->state == ZT_NEIGHBOUR_INCOMPLETE)
        machine->neighbours.incomplete--;
    entry->held = (struct zt_held){ 0 };
    return held;
}

/* NEIGH-5. */
static void send_held(struct zt_machine *machine, uint32_t interface, zt_mac mac,
                      struct zt_held held)
{
    if (held.frame == NULL)
        return;
    struct zt_packet packet = release(machine, held, held_family(&held));
    if (!ZT_MUTANT(held_packet_lost))
        zt_irb_send(machine, interface, mac, packet);
}

/* NEIGH-1, NEIGH-8: whether an entry stays as it is when a frame from a port or a vxlan binds its address. */
static bool is_kept(const struct zt_neighbour *entry, bool from_port)
{
    if (entry->state != ZT_NEIGHBOUR_CONTROL)
        return entry->state == ZT_NEIGHBOUR_STATIC;
    return !from_port || (entry->sticky && !ZT_MUTANT(sticky_neighbour_rebound));
}

void zt_neighbour_bind(struct zt_machine *machine, uint32_t interface, struct zt_origin origin,
                       zt_ip ip, zt_mac mac)
{
    struct zt_neighbour_table *table = &machine->neighbours;
    uint32_t index = zt_neighbour_table_find(table, interface, ip);
    bool from_port = !zt_is_tunnel(zt_interface_at(machine, origin.member));
    bool known = index != ZT_NEIGHBOUR_NONE;

    if (known && is_kept(&table->entries[index], from_port))
        return;
    if (!known || table->entries[index].state == ZT_NEIGHBOUR_CONTROL) {
        if (!make_room(machine, interface))
            return;
        index = known ? index : zt_neighbour_table_add(table, interface, ip);
        table->counts[interface].dynamic++;
    }
    struct zt_neighbour *entry = &table->entries[index];
    struct zt_held held = take_held(machine, entry);
    bool same = entry->state == ZT_NEIGHBOUR_RESOLVED && zt_mac_equal(entry->mac, mac);
    if (!same)
        entry->generation++;
    if (!same || !entry->noted || !zt_neighbour_is_usable(machine, entry))
        unnote(machine, entry);
    entry->state = ZT_NEIGHBOUR_RESOLVED;
    entry->mac = mac;
    entry->confirmed = machine->now;
    if (!entry->noted)
        note(machine, entry);
    send_held(machine, interface, mac, held);
}

void zt_neighbour_set(struct zt_machine *machine, uint32_t interface, zt_ip ip, zt_mac mac,
                      bool sticky)
{
    struct zt_neighbour_table *table = &machine->neighbours;
    uint32_t index = zt_neighbour_table_find(table, interface, ip);

    if (index == ZT_NEIGHBOUR_NONE)
        index = zt_neighbour_table_add(table, interface, ip);
    struct zt_neighbour *entry = &table->entries[index];
    struct zt_held held = take_held(machine, entry);
    unnote(machine, entry);
    if (zt_neighbour_is_dynamic(entry))
        table->counts[interface].dynamic--;
    entry->state = ZT_NEIGHBOUR_CONTROL;
    entry->sticky = sticky;
    entry->mac = mac;
    entry->generation++;
    if (ZT_MUTANT(held_packet_forgotten))
        free(held.frame);
    else
        send_held(machine, interface, mac, held);
}

void zt_neighbour_unset(struct zt_machine *machine, uint32_t interface, zt_ip ip)
{
    struct zt_neighbour_table *table = &machine->neighbours;
    uint32_t index = zt_neighbour_table_find(table, interface, ip);
    if (index != ZT_NEIGHBOUR_NONE && !zt_neighbour_is_dynamic(&table->entries[index]))
        zt_neighbour_table_remove(table, index);
}

void zt_neighbour_update(struct zt_machine *machine, uint32_t interface, zt_ip ip,
                         const zt_mac *mac)
{
    struct zt_neighbour_table *table = &machine->neighbours;
    uint32_t index = zt_neighbour_table_find(table, interface, ip);

    if (index == ZT_NEIGHBOUR_NONE) {
        if (mac == NULL)
            return;
        index = zt_neighbour_table_add(table, interface, ip);
    }
    struct zt_neighbour *entry = &table->entries[index];
    if (mac == NULL && !entry->of_program) {
        zt_neighbour_table_remove(table, index);
        return;
    }
    uint8_t state = mac == NULL ? ZT_NEIGHBOUR_REMOVED : ZT_NEIGHBOUR_STATIC;
    if (entry->state != state || (mac != NULL && !zt_mac_equal(entry->mac, *mac)))
        entry->generation++;
    entry->state = state;
    if (mac != NULL)
        entry->mac = *mac;
}

/* NEIGH-7 for one incomplete neighbour; it may have changed since the list was made. */
static void tick(struct zt_machine *machine, const struct zt_neighbour_key *key)
{
    struct zt_neighbour_table *table = &machine->neighbours;
    uint32_t index = zt_neighbour_table_find(table, key->interface, key->ip);
    if (index == ZT_NEIGHBOUR_NONE || table->entries[index].state != ZT_NEIGHBOUR_INCOMPLETE)
        return;
    struct zt_neighbour *entry = &table->entries[index];
    if (machine->now - entry->first >= RESOLUTION_TIME) {
        uint8_t family = held_family(&entry->held);
        struct zt_packet packet = release(machine, entry->held, family);
        entry->held = (struct zt_held){ 0 };
        zt_neighbour_table_remove(table, index);
        zt_emit_fate(machine, ZT_FATE_NEIGHBOUR_UNRESOLVED);
        /* Host unreachable, address unreachable. */
        if (family == ZT_IPV4)
            zt_icmp_error(machine, &packet, ZT_ICMP_UNREACHABLE, 1, 0);
        else
            zt_icmp_error(machine, &packet, ZT_ICMPV6_UNREACHABLE, 3, 0);
    } else if (machine->now - entry->last >= REQUEST_INTERVAL && !ZT_MUTANT(request_not_repeated)) {
        entry->last = machine->now;
        request(machine, key->interface, key->ip);
    }
}

void zt_neighbour_clock(struct zt_machine *machine)
{
    uint32_t count;
    struct zt_neighbour_key *keys =
        zt_neighbour_table_incomplete(&machine->neighbours, ZT_NONE, &count);
    for (uint32_t i = 0; i < count; i++)
        tick(machine, &keys[i]);
    free(keys);
}

void zt_neighbour_drop_held(struct zt_machine *machine, uint32_t interface)
{
    struct zt_neighbour_table *table = &machine->neighbours;
    uint32_t count;
    struct zt_neighbour_key *keys = zt_neighbour_table_incomplete(table, interface, &count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = zt_neighbour_table_find(table, keys[i].interface, keys[i].ip);
        free(table->entries[index].held.frame);
        table->entries[index].held = (struct zt_held){ 0 };
        zt_neighbour_table_remove(table, index);
        zt_emit_fate(machine, ZT_FATE_PROGRAM_CHANGED);
    }
    free(keys);
}

void zt_neighbour_flush(struct zt_machine *machine, uint32_t interface)
{
    struct zt_neighbour_table *table = &machine->neighbours;
    zt_neighbour_drop_held(machine, interface);
    for (uint32_t i = 0; i < table->count; i++)
        if (table->entries[i].state == ZT_NEIGHBOUR_RESOLVED &&
            (interface == ZT_NONE || table->entries[i].interface == interface))
            remove_entry(machine, i);
}
