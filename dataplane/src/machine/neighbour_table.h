/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neighbours of all interfaces (NEIGH-1): interface and IP address -> MAC, with what is held for the incomplete ones. As in
 * the FDB, an index lives as long as its entry and the generation tells whether it still says the same.
 */
#ifndef ZTOS_MACHINE_NEIGHBOUR_TABLE_H
#define ZTOS_MACHINE_NEIGHBOUR_TABLE_H

#include "ztos/ethernet.h"
#include "ztos/ip.h"

#define ZT_NEIGHBOUR_NONE UINT32_MAX

enum zt_neighbour_state {
    ZT_NEIGHBOUR_FREE,
    /* From the program or an update. */
    ZT_NEIGHBOUR_STATIC,
    /* Of the program, removed by an update. */
    ZT_NEIGHBOUR_REMOVED,
    ZT_NEIGHBOUR_INCOMPLETE,
    ZT_NEIGHBOUR_RESOLVED,
    /* Of an IRB, set by `apply` (NEIGH-8). */
    ZT_NEIGHBOUR_CONTROL,
};

/* A packet that waits: an Ethernet header's room and the packet, in memory of its own. */
struct zt_held {
    uint8_t *frame;
    uint32_t length;
    /* Index of the interface where it was received, UINT32_MAX when the node originated it. */
    uint32_t received;
};

struct zt_neighbour {
    zt_ip ip;
    uint8_t state;
    /* The program has it: an update that removes it leaves a mark. */
    bool of_program;
    /* Of control neighbours: nothing that is heard changes it. */
    bool sticky;
    /* It is counted in `changes` as there: resolved, valid when that was last looked at. */
    bool noted;
    zt_mac mac;
    uint32_t interface;
    uint32_t generation;
    uint32_t next;
    /* ns: of the first and the last request; of the confirmation. */
    uint64_t first, last, confirmed;
    struct zt_held held;
};

/* What an interface's dynamic neighbours add up to. */
struct zt_neighbour_count {
    uint32_t dynamic;
    /* No resolved one was confirmed before this. */
    uint64_t oldest;
};

struct zt_neighbour_table {
    struct zt_neighbour *entries;
    uint32_t count, capacity, free;
    uint32_t *buckets;
    uint32_t mask;
    uint64_t secret;
    /* By interface index. */
    struct zt_neighbour_count *counts;
    uint32_t incomplete;
    /*
     * How often the set of valid dynamic neighbours whose MAC was heard on a port has changed by changes of neighbours; none of
     * them ends by its lifetime before `expiry`.
     */
    uint64_t changes, expiry;
};

void zt_neighbour_table_init(struct zt_neighbour_table *table, uint32_t interface_count,
                             uint64_t secret);
/* Held packets are freed with it. */
void zt_neighbour_table_clear(struct zt_neighbour_table *table);

/* The entry whatever its state, ZT_NEIGHBOUR_NONE. */
uint32_t zt_neighbour_table_find(const struct zt_neighbour_table *table, uint32_t interface,
                                 zt_ip ip);
/* A new entry without state, for an address that has none. */
uint32_t zt_neighbour_table_add(struct zt_neighbour_table *table, uint32_t interface, zt_ip ip);
/* Removes an entry; a dynamic one is uncounted. What it holds must be gone. */
void zt_neighbour_table_remove(struct zt_neighbour_table *table, uint32_t index);

static inline bool zt_neighbour_is_dynamic(const struct zt_neighbour *neighbour)
{
    return neighbour->state == ZT_NEIGHBOUR_INCOMPLETE || neighbour->state == ZT_NEIGHBOUR_RESOLVED;
}

/* NEIGH-2: whether a resolved one is valid. */
static inline bool zt_neighbour_is_fresh(const struct zt_neighbour *neighbour, uint64_t lifetime,
                                         uint64_t now)
{
    return neighbour->state == ZT_NEIGHBOUR_RESOLVED && now - neighbour->confirmed < lifetime;
}

/*
 * NEIGH-5: makes room for one more dynamic neighbour of an interface with `limit`, removing the invalid ones when it is full.
 * False when it stays full.
 */
bool zt_neighbour_table_make_room(struct zt_neighbour_table *table, uint32_t interface,
                                  uint32_t limit, uint64_t lifetime, uint64_t now);

/*
 * Incomplete neighbours in the order of NEIGH-7, of one interface or (`interface` UINT32_MAX) all. The caller frees the list.
 */
struct zt_neighbour_key {
    uint32_t interface;
    zt_ip ip;
};
struct zt_neighbour_key *zt_neighbour_table_incomplete(const struct zt_neighbour_table *table,
                                                       uint32_t interface, uint32_t *count);

#endif
