/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/membership.h"

#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/mutant.h"

struct zt_memberships *zt_memberships_new(uint64_t lifetime, uint32_t limit, uint64_t secret)
{
    struct zt_memberships *table = zt_calloc(1, sizeof *table);
    table->lifetime = lifetime;
    table->limit = limit;
    table->secret = secret;
    table->free = ZT_MEMBERSHIP_NONE;
    table->mask = 15;
    table->buckets = zt_calloc(table->mask + 1, sizeof *table->buckets);
    memset(table->buckets, 0xff, (table->mask + 1) * sizeof *table->buckets);
    return table;
}

void zt_memberships_free(struct zt_memberships *table)
{
    if (table == NULL)
        return;
    free(table->entries);
    free(table->buckets);
    free(table);
}

/* All memberships of a group are in one bucket: it is looked for with any member and with one. */
static uint32_t *bucket_of(const struct zt_memberships *table, zt_ip group)
{
    uint64_t high, low;
    memcpy(&high, group.octets, 8);
    memcpy(&low, group.octets + 8, 8);
    high = (high + group.family) * table->secret;
    low = (low ^ high ^ high >> 29) * table->secret;
    return &table->buckets[(uint32_t)(low >> 32) & table->mask];
}

static uint32_t find(const struct zt_memberships *table, zt_ip group, uint32_t member, zt_ip remote)
{
    uint32_t index = *bucket_of(table, group);
    while (index != ZT_MEMBERSHIP_NONE) {
        const struct zt_membership *entry = &table->entries[index];
        if (entry->member == member && zt_ip_equal(entry->group, group) &&
            zt_ip_equal(entry->remote, remote))
            break;
        index = entry->next;
    }
    return index;
}

static void release(struct zt_memberships *table, uint32_t index)
{
    struct zt_membership *entry = &table->entries[index];
    uint32_t *link = bucket_of(table, entry->group);
    while (*link != index)
        link = &table->entries[*link].next;
    *link = entry->next;
    entry->used = false;
    entry->next = table->free;
    table->free = index;
    table->used--;
}

/* SNOOP-6: removes what is invalid; skipped while nothing can be. */
static void purge(struct zt_memberships *table, uint64_t now)
{
    if (table->used > 0 && now - table->oldest < table->lifetime)
        return;
    uint64_t oldest = now;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct zt_membership *entry = &table->entries[i];
        if (!entry->used)
            continue;
        if (!zt_membership_is_valid(table, entry, now))
            release(table, i);
        else if (entry->reported < oldest)
            oldest = entry->reported;
    }
    table->oldest = oldest;
}

static void rehash(struct zt_memberships *table)
{
    table->mask = table->mask * 2 + 1;
    table->buckets = zt_realloc(table->buckets, table->mask + 1, sizeof *table->buckets);
    memset(table->buckets, 0xff, (table->mask + 1) * sizeof *table->buckets);
    for (uint32_t i = 0; i < table->count; i++) {
        struct zt_membership *entry = &table->entries[i];
        if (!entry->used)
            continue;
        uint32_t *bucket = bucket_of(table, entry->group);
        entry->next = *bucket;
        *bucket = i;
    }
}

static uint32_t allocate(struct zt_memberships *table)
{
    uint32_t index = table->free;
    if (index != ZT_MEMBERSHIP_NONE) {
        table->free = table->entries[index].next;
        return index;
    }
    if (table->count == table->capacity) {
        table->capacity = table->capacity == 0 ? 16 : table->capacity * 2;
        table->entries = zt_realloc(table->entries, table->capacity, sizeof *table->entries);
    }
    table->entries[table->count].used = false;
    if (table->count > table->mask)
        rehash(table);
    return table->count++;
}

void zt_membership_report(struct zt_memberships *table, zt_ip group, uint32_t member, zt_ip remote,
                          uint64_t now)
{
    uint32_t index = find(table, group, member, remote);
    if (index != ZT_MEMBERSHIP_NONE) {
        table->entries[index].reported = now;
        return;
    }
    if (table->used >= table->limit)
        purge(table, now);
    if (table->used >= table->limit + (ZT_MUTANT(membership_limit_off_by_one) ? 1u : 0u))
        return;
    if (table->used++ == 0)
        table->oldest = now;
    index = allocate(table);
    uint32_t *bucket = bucket_of(table, group);
    table->entries[index] = (struct zt_membership){ .group = group,
                                                    .remote = remote,
                                                    .member = member,
                                                    .used = true,
                                                    .next = *bucket,
                                                    .reported = now };
    *bucket = index;
}

void zt_membership_leave(struct zt_memberships *table, zt_ip group, uint32_t member, zt_ip remote)
{
    uint32_t index = find(table, group, member, remote);
    if (index != ZT_MEMBERSHIP_NONE)
        release(table, index);
}

bool zt_membership_is_there(const struct zt_memberships *table, zt_ip group, uint32_t member,
                            zt_ip remote, uint64_t now)
{
    for (uint32_t index = *bucket_of(table, group); index != ZT_MEMBERSHIP_NONE;
         index = table->entries[index].next) {
        const struct zt_membership *entry = &table->entries[index];
        if (zt_ip_equal(entry->group, group) &&
            (member == ZT_MEMBERSHIP_NONE ||
             (entry->member == member && zt_ip_equal(entry->remote, remote))) &&
            (zt_membership_is_valid(table, entry, now) || ZT_MUTANT(membership_never_expires)))
            return true;
    }
    return false;
}

void zt_memberships_flush(struct zt_memberships *table, uint32_t member)
{
    for (uint32_t i = 0; i < table->count; i++)
        if (table->entries[i].used &&
            (member == ZT_MEMBERSHIP_NONE || table->entries[i].member == member))
            release(table, i);
}
