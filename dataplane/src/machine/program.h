/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A NodeProgram (contract/program.ts) as the machine uses it: references resolved to indexes, everything checked. What
 * set-vni and set-macsec-mode change is changed here in place.
 */
#ifndef ZTOS_MACHINE_PROGRAM_H
#define ZTOS_MACHINE_PROGRAM_H

#include "src/machine/lpm.h"
#include "src/machine/mutant.h"
#include "ztos/gen/program.h"
#include "ztos/ip.h"
#include "ztos/machine.h"
#include "ztos/sectag.h"

/* No index. */
#define ZT_NONE UINT32_MAX

enum zt_kind {
#define ZT_KIND_(name, text) ZT_KIND_##name,
    ZT_FOREACH_INTERFACE_KIND(ZT_KIND_)
#undef ZT_KIND_
};

/* An address with its prefix length, host bits kept. */
struct zt_address {
    zt_ip ip;
    uint8_t length;
};

/* Octets of the text in whose place something else stands after a control operation. */
struct zt_span {
    uint32_t start, end;
};

/* A packet number as it is said, and the one behind the last: 2^64 is one. Frames count with one less, in 64 bits. */
typedef unsigned __int128 zt_pn;

struct zt_fdb;
struct zt_memberships;
struct zt_wg_device;
struct zt_sa;
struct zt_channel;

struct zt_port {
    bool tap;
    /* PUNT-3. */
    bool pass;
    /* PORT-6: it has no carrier. Not the program's: the machine keeps it. */
    bool down;
    /* The macsec or wireguard interface on it, or ZT_NONE. */
    uint32_t macsec, wireguard;
};
/* MACSEC-8, of an interface. _(NAME, "name") */
#define ZT_FOREACH_MACSEC_COUNTER(_) \
    _(IN_UNTAGGED, "InPktsUntagged") \
    _(IN_NO_TAG, "InPktsNoTag") \
    _(IN_BAD_TAG, "InPktsBadTag") \
    _(IN_NO_SA, "InPktsNoSA") \
    _(IN_NO_SA_ERROR, "InPktsNoSAError") \
    _(OUT_UNTAGGED, "OutPktsUntagged") \
    _(OUT_TOO_LONG, "OutPktsTooLong") \
    _(OUT_OCTETS_PROTECTED, "OutOctetsProtected") \
    _(OUT_OCTETS_ENCRYPTED, "OutOctetsEncrypted")
enum zt_macsec_counter {
#define ZT_COUNTER_(name, text) ZT_MACSEC_##name,
    ZT_FOREACH_MACSEC_COUNTER(ZT_COUNTER_) ZT_MACSEC_COUNTERS,
#undef ZT_COUNTER_
};

#define ZT_TRANSMIT_MAX 4u

struct zt_macsec {
    uint32_t lower;
    /* `lower` is a vxlan interface, and this a tunnel's end (MACSEC-10). */
    bool tunnel;
    /* enum zt_cipher, zt_macsec_mode, zt_confidentiality, zt_sectag_kind. */
    uint8_t cipher, mode, confidentiality, kind;
    /* Whether `protect` and `replayProtect` are said, and what holds. */
    bool has_protect, protect, has_replay_protect, replay_protect;
    uint32_t window;
    /* TCI of what is sent, octets of Secure Data in front of what is encrypted, octets that a seal adds. */
    uint8_t tci, offset, overhead;
    /* enum zt_macsec_counter and zt_transmit_counter of what is sent. */
    uint8_t octets_counter, packets_counter;
    /* Longest frames that go up, and (not sealed yet) down. */
    uint32_t upper_limit, lower_limit;
    /* An association that has used this number gives way to the next. */
    uint64_t fresh_end;
    /* Of the transmit channel. */
    zt_sci sci;
    /* `tx` and `standby`. */
    struct zt_sa *tx[ZT_TRANSMIT_MAX];
    uint32_t tx_count;
    /* In the program's order, changes behind. */
    struct zt_sa **rx;
    uint32_t rx_count, rx_capacity;
    struct zt_channel *channels;
    uint32_t channel_count, channel_capacity;
    uint64_t counters[ZT_MACSEC_COUNTERS];
    /* Where it stands in the program's text, and whether it is still what it was (CTRL-2, MACSEC-11). */
    struct zt_span text;
    bool changed;
};
struct zt_bridge {
    /* ns */
    uint64_t ageing;
    uint32_t fdb_limit;
    uint32_t irb;
    /* Interface indexes in interface order; the irb is none. */
    uint32_t *members;
    uint32_t member_count;
    struct zt_fdb *fdb;
    /* Whether the bridge snoops, and for how long a report counts, ns. */
    bool snoops;
    uint64_t snooping;
    /* NULL of a bridge that does not. */
    struct zt_memberships *memberships;
};
struct zt_irb {
    zt_mac system_mac;
    bool suppress;
    /* ns */
    uint64_t lifetime;
    uint32_t limit;
    bool has_ipv4, has_ipv6;
    /* Link-local addresses of `mac` and `systemMac`, there when has_ipv6 is. */
    zt_ip link_local, system_link_local;
};
struct zt_vxlan {
    uint32_t vni;
    uint32_t underlay;
    zt_ip local;
    zt_l4_port port;
    bool learning, df, zero_checksum;
    uint8_t ttl, dscp;
    /* The macsec interface on it (MACSEC-10), or ZT_NONE. */
    uint32_t macsec;
    zt_ip *remotes;
    uint32_t remote_count;
    zt_ip *flood;
    uint32_t flood_count;
    /* The list is not the program's (CTRL-6): memory of its own. */
    bool flood_set;
    /* Where its VNI stands in the program's text, and whether that is still what it was (CTRL-2). */
    struct zt_span vni_span;
    bool vni_set;
};

/* A prefix whose host bits are zero. */
struct zt_prefix {
    zt_ip ip;
    uint8_t length;
};
/* A peer as the program or a change has it (WG-1, WG-33). */
struct zt_wg_given {
    /* Base64, or a reference; a reference, NULL for none. */
    char *public_key, *preshared;
    bool has_endpoint;
    zt_ip address;
    uint16_t port;
    struct zt_prefix *allowed;
    uint32_t allowed_count;
    /* s, 0 for none. */
    uint16_t keepalive;
};
struct zt_wireguard {
    /* One is ZT_NONE. */
    uint32_t lower, underlay;
    zt_mac peer_mac;
    /* Reference. */
    char *private_key;
    uint16_t listen_port;
    /* Of IPv4 and of IPv6, family 0 for none. */
    zt_ip local[2];
    uint8_t ttl;
    bool df;
    uint32_t load_limit;
    struct zt_wg_given *given;
    uint32_t given_count;
    /* Where its peers stand in the program's text, and whether they are still what they were (WG-33). */
    struct zt_span peers;
    bool peers_set;
    /* What runs of it, owned by the program; NULL until it is loaded. */
    struct zt_wg_device *device;
};

struct zt_interface {
    uint16_t id;
    uint8_t kind;
    /* UTF-8 of at most 15 UTF-16 units. */
    char name[48];
    /* What it is attached to: index of the VRF, of the bridge interface; ZT_NONE. */
    uint32_t vrf, bridge;
    zt_mac mac;
    /* Loopbacks and bridges have none: UINT32_MAX. */
    uint32_t mtu;
    struct zt_address *addresses;
    uint32_t address_count;
    union {
        struct zt_port port;
        struct zt_macsec macsec;
        struct zt_bridge br;
        struct zt_irb irb;
        struct zt_vxlan vxlan;
        struct zt_wireguard wireguard;
    };
};

struct zt_next_hop {
    uint32_t interface;
    bool has_gateway;
    /* As it was given; 0 when it was not, which counts as 1. */
    uint16_t weight;
    zt_ip gateway;
};
struct zt_group {
    uint64_t id;
    struct zt_next_hop *members;
    uint32_t count;
};
/* Largest weight of a member. */
#define ZT_WEIGHT_MAX 256

enum zt_route_kind {
    ZT_ROUTE_GROUP,
    ZT_ROUTE_CONNECTED,
    ZT_ROUTE_BLACKHOLE,
    /* A group that no other route has (CTRL-6). */
    ZT_ROUTE_OWN_GROUP,
};
struct zt_route {
    enum zt_route_kind kind;
    uint32_t vrf;
    zt_ip prefix;
    uint8_t length;
    /* Index of the group or interface. */
    uint32_t target;
    /* Members in memory of their own; no id. */
    struct zt_group own;
};

struct zt_vrf {
    uint64_t id;
    struct zt_lpm lpm;
    /* Own addresses but the link-local ones of IRBs, sorted by their octets. */
    zt_ip *own;
    uint32_t own_count;
};

/* A local address and port on which VXLAN is received; `vxlan` is the first such interface in interface order. */
struct zt_endpoint {
    zt_ip local;
    zt_l4_port port;
    uint32_t vxlan;
};

struct zt_static_neighbour {
    uint32_t interface;
    zt_ip ip;
    zt_mac mac;
};
struct zt_static_fdb {
    uint32_t bridge;
    zt_mac mac;
    uint32_t interface;
    /* Family 0 on a port. */
    zt_ip remote;
};

struct zt_block;

struct zt_program {
    /* The bytes it was read from. */
    char *text;
    size_t length;
    char node[192];
    uint32_t ecmp_seed, source_port_seed;
    /* Routes of VRF 0 follow the kernel's (CTRL-7); what that means is the runner's. */
    bool kernel_routes;
    /* Members are chosen by HASH-6, not by HASH-4. */
    bool resilient;
    /* `tables` in the text; something of it was changed since (CTRL-6). */
    struct zt_span tables;
    bool tables_changed;

    struct zt_vrf *vrfs;
    uint32_t vrf_count;
    struct zt_interface *interfaces;
    uint32_t interface_count;
    struct zt_route *routes;
    uint32_t route_count, route_capacity;
    struct zt_group *groups;
    uint32_t group_count;
    struct zt_static_neighbour *neighbours;
    uint32_t neighbour_count;
    struct zt_static_fdb *fdb;
    uint32_t fdb_count;

    /* Indexes of the ports and of the vxlan interfaces, in interface order. */
    uint32_t *ports;
    uint32_t port_count;
    uint32_t *vxlans;
    uint32_t vxlan_count;
    /* Likewise of the wireguard interfaces. */
    uint32_t *wireguards;
    uint32_t wireguard_count;
    struct zt_endpoint *endpoints;
    uint32_t endpoint_count;
    /* Interface id -> index, ZT_NONE; up to the highest id. */
    uint32_t *by_id;
    uint32_t highest_id;

    struct zt_block *blocks;
};

/*
 * Reads and checks a program: the schema, limits, references, and that no overlay carries itself. NULL with `error`
 * filled (code `program-invalid` or `json-invalid`, `where` a JSON path) if anything is wrong.
 */
struct zt_program *zt_program_parse(const char *json, size_t length, struct zt_error *error);
/* Wipes keys, sessions included. NULL is allowed. */
void zt_program_free(struct zt_program *program);

/* Zeroed memory that lives as long as the program. */
void *zt_program_alloc(struct zt_program *program, size_t count, size_t size);

static inline uint32_t zt_program_find(const struct zt_program *program, uint32_t id)
{
    return id <= program->highest_id ? program->by_id[id] : ZT_NONE;
}

/* Whether an address lies in the subnet of another. */
static inline bool zt_address_covers(const struct zt_address *address, zt_ip ip)
{
    return address->ip.family == ip.family &&
           zt_ip_equal(zt_ip_prefix(address->ip, address->length),
                       zt_ip_prefix(ip, address->length));
}

/* What §6 to §12 call a vxlan where they do not speak of remotes: a tunnel's end (§6). */
static inline bool zt_is_tunnel(const struct zt_interface *interface)
{
    return interface->kind == ZT_KIND_VXLAN ||
           (interface->kind == ZT_KIND_MACSEC && interface->macsec.tunnel &&
            !ZT_MUTANT(macsec_tunnel_is_a_port));
}

const char *zt_kind_name(uint8_t kind);

#endif
