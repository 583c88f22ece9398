/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forwarding database of a bridge: MAC -> member and remote VTEP. Entries keep their index while they live; an entry's
 * generation changes whenever what it says changes, so that who remembers (index, generation) can trust it.
 */
#ifndef ZTOS_MACHINE_FDB_H
#define ZTOS_MACHINE_FDB_H

#include "ztos/ethernet.h"
#include "ztos/ip.h"

#define ZT_FDB_NONE UINT32_MAX

/* Where a MAC is heard. */
struct zt_fdb_place {
    /* Index of the member interface. */
    uint32_t member;
    /* Family 0 on members that are no vxlan. */
    zt_ip remote;
    /* The member is a tunnel's end, no port (§6). */
    bool tunnel;
};

enum zt_fdb_state {
    ZT_FDB_FREE,
    /* Of the program, or a sticky control entry (LEARN-2, LEARN-6). */
    ZT_FDB_STATIC,
    /* A control entry that yields to what a port hears (LEARN-6). */
    ZT_FDB_CONTROL,
    ZT_FDB_DYNAMIC,
};

struct zt_fdb_entry {
    zt_mac mac;
    uint8_t state;
    /* It is counted in `changes` as there: dynamic, on a port, valid when that was last looked at. */
    bool heard;
    /* It is behind a tunnel's end; of dynamic entries. */
    bool tunnel;
    /* Family 0 on members that are no vxlan. */
    zt_ip remote;
    /* Index of the member interface. */
    uint32_t member;
    uint32_t generation;
    /* Chain of the bucket, or of free entries. */
    uint32_t next;
    /* ns, dynamic entries. */
    uint64_t seen;
};

struct zt_fdb {
    struct zt_fdb_entry *entries;
    uint32_t count, capacity, free;
    uint32_t *buckets;
    uint32_t mask;
    uint64_t secret;
    /* ns */
    uint64_t ageing;
    uint32_t limit, dynamic;
    /* No dynamic entry was seen before this: what spares a full table its scans. */
    uint64_t oldest;
    /* How often the set of valid dynamic entries on ports has changed; no such entry ages before `expiry`. */
    uint64_t changes, expiry;
};

/* `secret` is odd and random: buckets cannot be filled on purpose. It shows in no output. */
struct zt_fdb *zt_fdb_new(uint64_t ageing, uint32_t limit, uint64_t secret);
void zt_fdb_free(struct zt_fdb *fdb);

/* The entry of a MAC whether valid or not, ZT_FDB_NONE. */
uint32_t zt_fdb_find(const struct zt_fdb *fdb, zt_mac mac);

/* LEARN-4. */
static inline bool zt_fdb_is_valid(const struct zt_fdb *fdb, const struct zt_fdb_entry *entry,
                                   uint64_t now)
{
    return entry->state == ZT_FDB_STATIC || entry->state == ZT_FDB_CONTROL ||
           (entry->state == ZT_FDB_DYNAMIC && now - entry->seen < fdb->ageing);
}

/* False when the MAC has an entry already. */
bool zt_fdb_add_static(struct zt_fdb *fdb, zt_mac mac, uint32_t member, zt_ip remote);

/* CTRL-6: a control entry in place of whatever entry the MAC has. */
void zt_fdb_set(struct zt_fdb *fdb, zt_mac mac, uint32_t member, zt_ip remote, bool sticky);
/* CTRL-6: removes a static or control entry, and leaves a dynamic one. */
void zt_fdb_remove(struct zt_fdb *fdb, zt_mac mac);

/*
 * LEARN-1, LEARN-3, LEARN-5, LEARN-6 for a MAC without static entry: its entry, which is dynamic then; ZT_FDB_NONE when the
 * table is full.
 */
uint32_t zt_fdb_learn(struct zt_fdb *fdb, zt_mac mac, struct zt_fdb_place place, uint64_t now);

/* Whether a MAC has a valid dynamic entry on a port. */
bool zt_fdb_is_heard(const struct zt_fdb *fdb, zt_mac mac, uint64_t now);
/* Counts in `changes` what has aged. */
void zt_fdb_expire(struct zt_fdb *fdb, uint64_t now);

/* CTRL-3: forgets dynamic entries, those of one member or (`member` ZT_FDB_NONE) all. */
void zt_fdb_flush(struct zt_fdb *fdb, uint32_t member);

#endif
