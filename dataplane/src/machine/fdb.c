/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/fdb.h"

#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/mutant.h"

struct zt_fdb *zt_fdb_new(uint64_t ageing, uint32_t limit, uint64_t secret)
{
    struct zt_fdb *fdb = zt_calloc(1, sizeof *fdb);
    fdb->ageing = ageing;
    fdb->limit = limit;
    fdb->secret = secret;
    fdb->free = ZT_FDB_NONE;
    fdb->expiry = UINT64_MAX;
    fdb->mask = 15;
    fdb->buckets = zt_calloc(fdb->mask + 1, sizeof *fdb->buckets);
    memset(fdb->buckets, 0xff, (fdb->mask + 1) * sizeof *fdb->buckets);
    return fdb;
}

void zt_fdb_free(struct zt_fdb *fdb)
{
    if (fdb == NULL)
        return;
    free(fdb->entries);
    free(fdb->buckets);
    free(fdb);
}

static uint32_t *bucket_of(const struct zt_fdb *fdb, zt_mac mac)
{
    uint64_t key = 0;
    memcpy(&key, mac.octets, 6);
    /* Multiply-shift: the high half of an odd multiple. */
    return &fdb->buckets[(uint32_t)(((key + 1) * fdb->secret) >> 32) & fdb->mask];
}

uint32_t zt_fdb_find(const struct zt_fdb *fdb, zt_mac mac)
{
    uint32_t index = *bucket_of(fdb, mac);
    while (index != ZT_FDB_NONE && !zt_mac_equal(fdb->entries[index].mac, mac))
        index = fdb->entries[index].next;
    return index;
}

static void rehash(struct zt_fdb *fdb)
{
    fdb->mask = fdb->mask * 2 + 1;
    fdb->buckets = zt_realloc(fdb->buckets, fdb->mask + 1, sizeof *fdb->buckets);
    memset(fdb->buckets, 0xff, (fdb->mask + 1) * sizeof *fdb->buckets);
    for (uint32_t i = 0; i < fdb->count; i++) {
        struct zt_fdb_entry *entry = &fdb->entries[i];
        if (entry->state == ZT_FDB_FREE)
            continue;
        uint32_t *bucket = bucket_of(fdb, entry->mac);
        entry->next = *bucket;
        *bucket = i;
    }
}

/* A new entry in its bucket; the caller fills in the rest. */
static struct zt_fdb_entry *allocate(struct zt_fdb *fdb, zt_mac mac)
{
    uint32_t index = fdb->free;
    if (index != ZT_FDB_NONE) {
        fdb->free = fdb->entries[index].next;
    } else {
        if (fdb->count == fdb->capacity) {
            fdb->capacity = fdb->capacity == 0 ? 16 : fdb->capacity * 2;
            fdb->entries = zt_realloc(fdb->entries, fdb->capacity, sizeof *fdb->entries);
        }
        index = fdb->count++;
        fdb->entries[index] = (struct zt_fdb_entry){ 0 };
        if (fdb->count > fdb->mask)
            rehash(fdb);
    }
    struct zt_fdb_entry *entry = &fdb->entries[index];
    uint32_t *bucket = bucket_of(fdb, mac);
    entry->mac = mac;
    entry->next = *bucket;
    *bucket = index;
    return entry;
}

/* An entry is no longer what it was: it leaves the counts of dynamic ones. */
static void forget(struct zt_fdb *fdb, struct zt_fdb_entry *entry)
{
    if (entry->state == ZT_FDB_DYNAMIC)
        fdb->dynamic--;
    if (entry->heard)
        fdb->changes++;
    entry->heard = false;
}

static void release(struct zt_fdb *fdb, uint32_t index)
{
    struct zt_fdb_entry *entry = &fdb->entries[index];
    uint32_t *link = bucket_of(fdb, entry->mac);
    while (*link != index)
        link = &fdb->entries[*link].next;
    *link = entry->next;
    forget(fdb, entry);
    entry->state = ZT_FDB_FREE;
    entry->generation++;
    entry->next = fdb->free;
    fdb->free = index;
}

bool zt_fdb_add_static(struct zt_fdb *fdb, zt_mac mac, uint32_t member, zt_ip remote)
{
    if (zt_fdb_find(fdb, mac) != ZT_FDB_NONE)
        return false;
    struct zt_fdb_entry *entry = allocate(fdb, mac);
    entry->state = ZT_FDB_STATIC;
    entry->member = member;
    entry->remote = remote;
    return true;
}

void zt_fdb_set(struct zt_fdb *fdb, zt_mac mac, uint32_t member, zt_ip remote, bool sticky)
{
    uint32_t index = zt_fdb_find(fdb, mac);
    struct zt_fdb_entry *entry = index == ZT_FDB_NONE ? allocate(fdb, mac) : &fdb->entries[index];
    forget(fdb, entry);
    entry->state = sticky ? ZT_FDB_STATIC : ZT_FDB_CONTROL;
    entry->member = member;
    entry->remote = remote;
    entry->generation++;
}

void zt_fdb_remove(struct zt_fdb *fdb, zt_mac mac)
{
    uint32_t index = zt_fdb_find(fdb, mac);
    if (index != ZT_FDB_NONE &&
        (fdb->entries[index].state != ZT_FDB_DYNAMIC || ZT_MUTANT(removal_takes_dynamic)))
        release(fdb, index);
}

/* LEARN-5: removes what is invalid; skipped while nothing can be. */
static void purge(struct zt_fdb *fdb, uint64_t now)
{
    if (fdb->dynamic > 0 && now - fdb->oldest < fdb->ageing)
        return;
    uint64_t oldest = now;
    for (uint32_t i = 0; i < fdb->count; i++) {
        struct zt_fdb_entry *entry = &fdb->entries[i];
        if (entry->state != ZT_FDB_DYNAMIC)
            continue;
        if (!zt_fdb_is_valid(fdb, entry, now))
            release(fdb, i);
        else if (entry->seen < oldest)
            oldest = entry->seen;
    }
    fdb->oldest = oldest;
}

/* An entry that was seen at `now`, after which it is where it is: what that is in `changes`. */
static void count_heard(struct zt_fdb *fdb, struct zt_fdb_entry *entry, bool was_valid, bool moved)
{
    bool heard = !entry->tunnel && fdb->ageing > 0, stood = entry->heard && was_valid;
    if (entry->heard && !was_valid)
        fdb->changes++;
    if (stood != heard || (heard && moved))
        fdb->changes++;
    entry->heard = heard;
    if (heard && entry->seen + fdb->ageing < fdb->expiry)
        fdb->expiry = entry->seen + fdb->ageing;
}

static void put(struct zt_fdb_entry *entry, struct zt_fdb_place place)
{
    entry->member = place.member;
    entry->remote = place.remote;
    entry->tunnel = place.tunnel;
    entry->generation++;
}

/* A dynamic entry is seen again. */
static void see_again(struct zt_fdb *fdb, struct zt_fdb_entry *known, struct zt_fdb_place place,
                      uint64_t now)
{
    bool valid = zt_fdb_is_valid(fdb, known, now);
    bool moved = known->member != place.member || !zt_ip_equal(known->remote, place.remote);
    if (moved) {
        if (ZT_MUTANT(move_ignored) && valid)
            return;
        put(known, place);
    }
    known->seen = now;
    count_heard(fdb, known, valid, moved);
}

uint32_t zt_fdb_learn(struct zt_fdb *fdb, zt_mac mac, struct zt_fdb_place place, uint64_t now)
{
    uint32_t index = zt_fdb_find(fdb, mac);
    if (index != ZT_FDB_NONE && fdb->entries[index].state == ZT_FDB_DYNAMIC) {
        see_again(fdb, &fdb->entries[index], place, now);
        return index;
    }
    if (fdb->dynamic >= fdb->limit)
        purge(fdb, now);
    if (fdb->dynamic >= fdb->limit + (ZT_MUTANT(fdb_limit_off_by_one) ? 1u : 0u))
        return ZT_FDB_NONE;
    /* A control entry yields its place (LEARN-6). */
    struct zt_fdb_entry *entry = index == ZT_FDB_NONE ? allocate(fdb, mac) : &fdb->entries[index];
    if (fdb->dynamic++ == 0)
        fdb->oldest = now;
    entry->state = ZT_FDB_DYNAMIC;
    entry->seen = now;
    put(entry, place);
    count_heard(fdb, entry, false, false);
    return (uint32_t)(entry - fdb->entries);
}

bool zt_fdb_is_heard(const struct zt_fdb *fdb, zt_mac mac, uint64_t now)
{
    uint32_t index = zt_fdb_find(fdb, mac);
    if (index == ZT_FDB_NONE)
        return false;
    const struct zt_fdb_entry *entry = &fdb->entries[index];
    return entry->state == ZT_FDB_DYNAMIC && !entry->tunnel && zt_fdb_is_valid(fdb, entry, now);
}

void zt_fdb_expire(struct zt_fdb *fdb, uint64_t now)
{
    if (now < fdb->expiry)
        return;
    fdb->expiry = UINT64_MAX;
    for (uint32_t i = 0; i < fdb->count; i++) {
        struct zt_fdb_entry *entry = &fdb->entries[i];
        if (!entry->heard)
            continue;
        if (!zt_fdb_is_valid(fdb, entry, now)) {
            entry->heard = false;
            fdb->changes++;
        } else if (entry->seen + fdb->ageing < fdb->expiry) {
            fdb->expiry = entry->seen + fdb->ageing;
        }
    }
}

void zt_fdb_flush(struct zt_fdb *fdb, uint32_t member)
{
    for (uint32_t i = 0; i < fdb->count; i++)
        if (fdb->entries[i].state == ZT_FDB_DYNAMIC &&
            (member == ZT_FDB_NONE || fdb->entries[i].member == member))
            release(fdb, i);
}
