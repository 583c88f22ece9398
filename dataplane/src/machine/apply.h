/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of tables (contract/control.ts, TableChange) as they are read, references resolved, everything checked. */
#ifndef ZTOS_MACHINE_APPLY_H
#define ZTOS_MACHINE_APPLY_H

#include "src/machine/schema.h"

/* In the order of the contract. */
enum zt_change_table {
    ZT_CHANGE_ROUTE,
    ZT_CHANGE_FDB,
    ZT_CHANGE_NEIGHBOUR,
    ZT_CHANGE_FLOOD,
    ZT_CHANGE_PEER,
    ZT_CHANGE_RECEIVE,
    ZT_CHANGE_TRANSMIT,
};

struct zt_machine;
struct zt_wg_change;
struct zt_macsec_change;

struct zt_change {
    uint8_t table;
    /* What is there is removed: nothing below but the key is set. */
    bool removes;
    /* The key: index of the VRF (routes) or of the bridge, irb, vxlan, wireguard or macsec interface; prefix, address or MAC. */
    uint32_t place;
    zt_ip ip;
    uint8_t length;
    zt_mac mac;
    /* FDB: the member, and its remote when it is a vxlan. Neighbours: `mac`, which is no key there. */
    uint32_t member;
    zt_ip remote;
    bool sticky;
    /* Routes and flood lists: memory of their own. */
    struct zt_next_hop *members;
    zt_ip *remotes;
    uint32_t count;
    /* Peers: memory of its own (WG-33). */
    struct zt_wg_change *peer;
    /* Associations: likewise (MACSEC-11). */
    struct zt_macsec_change *association;
};

struct zt_changes {
    struct zt_change *list;
    uint32_t count;
};

/*
 * Reads an array of changes. False with the error filled, and `changes` as far as they are good, when one is malformed
 * (`request-invalid`) or refused (CTRL-6: `change-refused`). To be freed in both cases.
 */
bool zt_changes_read(const struct zt_machine *machine, const struct zt_schema *schema,
                     uint32_t node, struct zt_changes *changes);
void zt_changes_free(struct zt_changes *changes);

#endif
