/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the machine: its state, and the stages by section of docs/fabric-machine.md. A stage takes a frame that it may change
 * and ends it in exactly one effect, or holds it, or hands it on (MODEL-4).
 */
#ifndef ZTOS_MACHINE_INTERNAL_H
#define ZTOS_MACHINE_INTERNAL_H

#include <intel-ipsec-mb.h>

#include "src/base/json.h"
#include "src/base/text.h"
#include "src/machine/fdb.h"
#include "src/machine/flood.h"
#include "src/machine/flow_cache.h"
#include "src/machine/frame.h"
#include "src/machine/membership.h"
#include "src/machine/mutant.h"
#include "src/machine/neighbour_table.h"
#include "src/machine/program.h"
#include "src/machine/schema.h"
#include "ztos/arp.h"
#include "ztos/flow_words.h"
#include "ztos/machine.h"
#include "ztos/nd.h"
#include "ztos/udp.h"

struct zt_wg_state;

struct zt_machine {
    struct zt_program *program;
    struct zt_neighbour_table neighbours;
    /* Version of `learned` when the program was loaded. */
    uint64_t learned_before;
    IMB_MGR *crypto;
    struct zt_wg_state *wireguard;
    /* MACSEC-9: a tree (search.h) of struct zt_sent, by SCI and key reference. */
    void *sent;
    /* Keys that a change may name besides those of the program; NULL. */
    const struct zt_keys *lent;
    /* Of the input under way. */
    uint64_t now;
    uint32_t input;

    struct zt_arena arena;
    struct zt_effect *effects;
    uint32_t effect_count, effect_capacity;

    /* Changes with every load and control operation: what the cache says is then void. */
    uint32_t epoch;
    struct zt_flow_cache cache;
    struct zt_record record;

    struct zt_counters counters;
    /* By interface id. */
    struct zt_port_counters *ports;
    /* PORT-6, by interface id: no carrier. It outlives programs (CTRL-8). */
    bool *down;
    uint32_t port_count;
    uint64_t secret;
    char digest[65];
};

static inline struct zt_interface *zt_interface_at(const struct zt_machine *machine, uint32_t index)
{
    return &machine->program->interfaces[index];
}

/* Where a frame in a bridge came from: a member, with the outer source when it is a vxlan; ZT_NONE for the irb. */
struct zt_origin {
    uint32_t member;
    zt_ip remote;
};

/* A well-formed IP packet behind room for an Ethernet header. */
struct zt_packet {
    struct zt_frame frame;
    struct zt_ip_packet ip;
    /* Interface where it was received, ZT_NONE when the node originated it. */
    uint32_t received;
};

static inline uint8_t *zt_packet_at(const struct zt_packet *packet)
{
    return packet->frame.data + ZT_ETH_HEADER;
}

/* ---- effects (effect.c) ---- */
void zt_emit_fate(struct zt_machine *machine, enum zt_fate fate);
void zt_emit_tx(struct zt_machine *machine, uint32_t port, struct zt_frame frame);
void zt_emit_punt(struct zt_machine *machine, uint32_t port, struct zt_frame frame);

/* ---- 4. ports and punt (port.c) ---- */
/*
 * PARSE-1, PARSE-2 and §5 for a frame received on a port: the interface that hands it on and the frame as it is there, in
 * memory of the machine; or a fate. No frame for a wireguard interface: what it opens changes more than the next frame may know
 * of, and is done in its turn.
 */
struct zt_ingress {
    enum zt_fate fate;
    uint32_t interface;
    struct zt_frame frame;
};
void zt_port_ingress(struct zt_machine *machine, uint32_t port, const uint8_t *data,
                     uint32_t length, struct zt_ingress *ingress);
/* PORT-1: to the bridge or VRF that `interface` is attached to. */
void zt_interface_receive(struct zt_machine *machine, uint32_t interface, struct zt_frame frame);
/* PORT-5 on a port or macsec interface. */
void zt_interface_send(struct zt_machine *machine, uint32_t interface, struct zt_frame frame);
/* PORT-4 for a packet behind an Ethernet header, as received on a routed interface; on one without kernel, ROUTE-1. */
void zt_port_receive_packet(struct zt_machine *machine, struct zt_packet packet);
/* LOCAL-1: whether what is received on a routed interface may be punted. */
bool zt_has_kernel(const struct zt_interface *interface);
/* The macsec or wireguard interface on a port, or the port. */
uint32_t zt_port_upper(const struct zt_interface *interface, uint32_t port);
/* PUNT-1: `frame` as it is on `interface`. */
void zt_punt(struct zt_machine *machine, uint32_t interface, struct zt_frame frame);
/* PUNT-2. */
void zt_punt_in(struct zt_machine *machine, uint32_t port, const uint8_t *data, uint32_t length);

/* ---- 5. MACsec (macsec*.c) ---- */
/* MACSEC-1 to MACSEC-6: the opened frame on the macsec interface, or a fate. */
void zt_macsec_open(struct zt_machine *machine, uint32_t interface, const uint8_t *data,
                    uint32_t length, struct zt_ingress *ingress);
/* MACSEC-7. */
void zt_macsec_send(struct zt_machine *machine, uint32_t interface, struct zt_frame frame);
/* Keys of the associations of a program that was read; false with the error filled. */
bool zt_macsec_prepare(struct zt_machine *machine, struct zt_program *program,
                       const struct zt_keys *keys, struct zt_error *error);
/* MACSEC-8, MACSEC-9: packet numbers and counters of a program that comes. */
void zt_macsec_keep(struct zt_machine *machine, struct zt_program *program);
/* What the node remembers of all that it sent is forgotten. */
void zt_macsec_stop(struct zt_machine *machine);

/* ---- 6.-8. bridge, learning, flooding (bridge.c, flood.c, snooping.c) ---- */
/* BRIDGE-1, BRIDGE-2: a frame enters from a member. */
void zt_bridge_receive(struct zt_machine *machine, struct zt_origin origin, struct zt_frame frame);
/* BRIDGE-3; from the irb (BRIDGE-6) with an origin without member. */
void zt_bridge_forward(struct zt_machine *machine, uint32_t bridge, struct zt_origin origin,
                       struct zt_frame frame);
/* BRIDGE-5: to a member, `remote` when it is a vxlan. */
void zt_bridge_send(struct zt_machine *machine, uint32_t member, zt_ip remote,
                    struct zt_frame frame);
/* FLOOD-1 to FLOOD-4, SNOOP-4, SNOOP-5. */
void zt_flood(struct zt_machine *machine, uint32_t bridge, struct zt_origin origin,
              struct zt_flood_to to, struct zt_frame frame);
/* SNOOP-1 to SNOOP-5: true when the frame is to be flooded, but to `to`. */
bool zt_snoop(struct zt_machine *machine, uint32_t bridge, struct zt_origin origin,
              struct zt_frame frame, struct zt_flood_to *to);

/* ---- 9. IRB (irb.c) ---- */
/* IRB-2, IRB-3: a frame whose destination is the gateway. */
void zt_irb_receive(struct zt_machine *machine, uint32_t irb, struct zt_frame frame);
/* IRB-4. */
void zt_irb_send(struct zt_machine *machine, uint32_t irb, zt_mac destination,
                 struct zt_packet packet);
/* Whether an address is the IRB's own, its link-local ones included. */
bool zt_irb_owns(const struct zt_interface *irb, zt_ip ip);

/* ---- 10., 11. inspection (arp.c, nd.c): true when the frame ended ---- */
bool zt_arp_inspect(struct zt_machine *machine, uint32_t irb, struct zt_origin origin,
                    struct zt_frame frame);
bool zt_nd_inspect(struct zt_machine *machine, uint32_t irb, struct zt_origin origin,
                   struct zt_frame frame);

/* ---- 12. neighbours (neighbour.c) ---- */
/* NEIGH-3, NEIGH-4: sends a packet on an interface to a next hop. */
void zt_neighbour_send(struct zt_machine *machine, uint32_t interface, zt_ip next_hop,
                       struct zt_packet packet);
/* NEIGH-5, NEIGH-8: a binding seen by inspection of a frame that entered from `origin`. */
void zt_neighbour_bind(struct zt_machine *machine, uint32_t irb, struct zt_origin origin, zt_ip ip,
                       zt_mac mac);
/* CTRL-6: a control neighbour of an IRB in place of whatever is there. */
void zt_neighbour_set(struct zt_machine *machine, uint32_t irb, zt_ip ip, zt_mac mac, bool sticky);
/* CTRL-6: removes a static or control neighbour of an IRB, and leaves a dynamic one. */
void zt_neighbour_unset(struct zt_machine *machine, uint32_t irb, zt_ip ip);
/* Counts in `changes` whose lifetime has ended at `now`. */
void zt_neighbour_expire(struct zt_machine *machine);
/* A dynamic, resolved, valid neighbour of an IRB, or a control one (ARP-4, ND-4, NEIGH-8). */
bool zt_neighbour_is_bound(const struct zt_machine *machine, uint32_t irb, zt_ip ip, zt_mac *mac);
/* NEIGH-2, NEIGH-3: whether a neighbour gives a MAC now. */
bool zt_neighbour_is_usable(const struct zt_machine *machine, const struct zt_neighbour *neighbour);
/* NEIGH-1: an update for a port or macsec interface; `mac` NULL removes. */
void zt_neighbour_update(struct zt_machine *machine, uint32_t interface, zt_ip ip,
                         const zt_mac *mac);
/* NEIGH-7. */
void zt_neighbour_clock(struct zt_machine *machine);
/* CTRL-1, CTRL-3: held packets end in program-changed, in the order of NEIGH-7; of one interface or (ZT_NONE) all. */
void zt_neighbour_drop_held(struct zt_machine *machine, uint32_t interface);
/* CTRL-3: dynamic neighbours of one interface or (ZT_NONE) all. */
void zt_neighbour_flush(struct zt_machine *machine, uint32_t interface);

/* ---- 13. routing (route.c) ---- */
/* ROUTE-1 to ROUTE-10 for a packet received on an interface of a VRF, its frame not cut yet. */
void zt_route(struct zt_machine *machine, struct zt_packet packet);
/* ROUTE-10: TTL or hop limit of a packet, one less. */
void zt_route_decrement(uint8_t *at, uint8_t family);
/* ROUTE-11. */
void zt_originate(struct zt_machine *machine, uint32_t vrf, struct zt_packet packet);
/* Nobody's on a wire: ROUTE-2, ROUTE-3. */
bool zt_is_martian(zt_ip ip);
bool zt_vrf_owns(const struct zt_vrf *vrf, zt_ip ip);

/* ---- 3. hashes (next_hop.c) ---- */
/* HASH-4, HASH-6: the member of a group by which a packet goes. */
const struct zt_next_hop *zt_next_hop_choose(const struct zt_machine *machine,
                                             const struct zt_group *group,
                                             const struct zt_packet *packet);

/* ---- 14. local delivery (local.c) ---- */
/* `whole` is the frame before it was cut. */
/* An address of an IRB of a VRF, which no kernel has. */
bool zt_is_of_gateway(const struct zt_machine *machine, uint32_t vrf, zt_ip address);
void zt_local(struct zt_machine *machine, struct zt_packet packet, struct zt_frame whole);

/* ---- 15. ICMP errors (icmp_error.c) ---- */
/* `rest` is what stands in the four octets behind the checksum. The packet is quoted as it is. */
void zt_icmp_error(struct zt_machine *machine, const struct zt_packet *packet, uint8_t type,
                   uint8_t code, uint32_t rest);

/* ---- 16. VXLAN (vxlan.c) ---- */
/* VXLAN-1 to VXLAN-3. */
void zt_vxlan_send(struct zt_machine *machine, uint32_t interface, zt_ip remote,
                   struct zt_frame frame);
/* VXLAN-4: false when the packet is not VXLAN for this node; else it is dealt with by VXLAN-5 to VXLAN-7. */
bool zt_vxlan_receive(struct zt_machine *machine, const struct zt_packet *packet);
/*
 * VXLAN-4 to VXLAN-6 as far as each packet must be looked at, for slow path and flow cache alike: which vxlan interface, by
 * destination and port, the inner frame, and the first check that failed; what comes after a check that failed is not written.
 * False, and nothing written: not VXLAN for this node.
 */
struct zt_vxlan_view {
    uint32_t vxlan;
    enum zt_fate fate;
    uint32_t vni;
    zt_ip source, destination;
    /* Of the inner frame, in the outer one. */
    uint32_t offset, length;
    uint8_t ecn;
};
bool zt_vxlan_read(const struct zt_program *program, struct zt_frame frame,
                   const struct zt_ip_packet *ip, struct zt_vxlan_view *view);
/* VXLAN-5: the interface by VNI and local address, ZT_NONE. */
uint32_t zt_vxlan_find(const struct zt_program *program, uint32_t vni, zt_ip local);
/* VXLAN-6: sets the inner ECN; a fate when the combination is invalid. */
enum zt_fate zt_vxlan_merge_ecn(uint8_t outer_ecn, struct zt_frame inner);
/* VXLAN-3: the inner ECN that the outer header gets. */
uint8_t zt_vxlan_inner_ecn(struct zt_frame inner);

/* ---- 19. WireGuard (wireguard_*.c) ---- */
/* `aead`: a way of ChaCha20-Poly1305, NULL for the best. */
void zt_wireguard_start(struct zt_machine *machine, const char *aead);
void zt_wireguard_stop(struct zt_machine *machine);
/* WG-2: what a frame that is received on the port below is by its octets, which stay where they are. */
struct zt_wg_view {
    const uint8_t *frame;
    uint32_t length;
    struct zt_ip_packet ip;
    /* A well-formed packet to the port's MAC; to address and port of the interface. */
    bool packet, ours;
    /* Its number among what was opened ahead; ZT_NONE. */
    uint32_t opened;
};
void zt_wireguard_look(const struct zt_machine *machine, uint32_t interface, const uint8_t *frame,
                       uint32_t length, struct zt_wg_view *view);
void zt_wireguard_ingress(struct zt_machine *machine, uint32_t interface,
                          const struct zt_wg_view *view);
/* Between the two, frames that will be ingress soon: what they hold is opened together. */
void zt_wireguard_begin_looking(struct zt_machine *machine);
void zt_wireguard_look_ahead(struct zt_machine *machine, uint32_t interface,
                             struct zt_wg_view *view);
void zt_wireguard_end_looking(struct zt_machine *machine);
/* What was sent is sealed: effects may be handed out. */
void zt_wireguard_flush(struct zt_machine *machine);
/* WG-5: the interface for which a packet to an own address of a VRF is, ZT_NONE. */
uint32_t zt_wireguard_find(const struct zt_machine *machine, uint32_t vrf, const uint8_t *at,
                           const struct zt_ip_packet *ip);
/* WG-6 and what follows. `opened`: as of zt_wg_view. */
void zt_wireguard_receive(struct zt_machine *machine, uint32_t interface, const uint8_t *at,
                          const struct zt_ip_packet *ip, uint32_t opened);
/* WG-3. */
void zt_wireguard_punt_in(struct zt_machine *machine, uint32_t interface, struct zt_frame frame);
/* WG-24. */
void zt_wg_send_packet(struct zt_machine *machine, uint32_t interface, struct zt_packet packet);
/* The same from where the peer is known. */
void zt_wg_send_to(struct zt_machine *machine, struct zt_wg_peer *peer,
                   const struct zt_packet *packet);
/* WG-4. */
void zt_wireguard_seed(struct zt_machine *machine, const uint8_t *data, uint32_t length);
/* WG-30. */
void zt_wireguard_clock(struct zt_machine *machine);
/* Devices of a program that was read; false with the error filled. */
bool zt_wireguard_prepare(struct zt_machine *machine, struct zt_program *program,
                          const struct zt_keys *keys, struct zt_error *error);
/* WG-32: what the running program holds ends; what stays goes over to the one that comes. */
void zt_wireguard_end_held(struct zt_machine *machine);
void zt_wireguard_keep(struct zt_machine *machine, struct zt_program *program);
/* WG-34: no key of what is gone is left in a context. */
void zt_wireguard_forget(struct zt_machine *machine);
/* WG-34: nor in what the stack was below the machine's own functions. */
void zt_wireguard_end_input(struct zt_machine *machine);

/* ---- 17. control (control.c) ---- */
/* CTRL-2, CTRL-3, CTRL-6: false, nothing changed and `error` filled when the request is refused (CTRL-5). */
bool zt_control_request(struct zt_machine *machine, const struct zt_json *json,
                        struct zt_error *error);

/* ---- 17. changes of tables (apply.c) ---- */
/* CTRL-6: `node` is the list of changes. False, nothing changed and the error filled when one is refused. */
bool zt_apply(struct zt_machine *machine, const struct zt_schema *schema, uint32_t node);

/* ---- looking in (dump_tables.c) ---- */
/* `tables` of the program as they are now, an object. */
void zt_dump_tables(const struct zt_machine *machine, struct zt_text *text);

/* ---- loading (load.c) ---- */
/* Tables and keys for a program that was read: everything that can fail, before anything changes. */
bool zt_load_prepare(struct zt_machine *machine, struct zt_program *program,
                     const struct zt_keys *keys, struct zt_neighbour_table *neighbours,
                     struct zt_error *error);
void zt_load_free_tables(struct zt_program *program);

#endif
