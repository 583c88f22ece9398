/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/neighbour_table.h"

#include <stdlib.h>

#include "src/base/error.h"

void zt_neighbour_table_init(struct zt_neighbour_table *table, uint32_t interface_count,
                             uint64_t secret)
{
    *table = (struct zt_neighbour_table){
        .secret = secret, .free = ZT_NEIGHBOUR_NONE, .mask = 15, .expiry = UINT64_MAX
    };
    table->buckets = zt_calloc(table->mask + 1, sizeof *table->buckets);
    memset(table->buckets, 0xff, (table->mask + 1) * sizeof *table->buckets);
    table->counts = zt_calloc(interface_count, sizeof *table->counts);
}

void zt_neighbour_table_clear(struct zt_neighbour_table *table)
{
    for (uint32_t i = 0; i < table->count; i++)
        free(table->entries[i].held.frame);
    free(table->entries);
    free(table->buckets);
    free(table->counts);
    *table = (struct zt_neighbour_table){ 0 };
}

static uint32_t *bucket_of(const struct zt_neighbour_table *table, uint32_t interface, zt_ip ip)
{
    uint64_t high, low;
    memcpy(&high, ip.octets, 8);
    memcpy(&low, ip.octets + 8, 8);
    uint64_t key = (high ^ table->secret) * (table->secret | 1);
    key ^= key >> 32;
    key = (key + low) * (table->secret | 1);
    key ^= key >> 29;
    key = (key + ((uint64_t)interface << 8 | ip.family)) * (table->secret | 1);
    return &table->buckets[(uint32_t)(key >> 32) & table->mask];
}

uint32_t zt_neighbour_table_find(const struct zt_neighbour_table *table, uint32_t interface,
                                 zt_ip ip)
{
    uint32_t index = *bucket_of(table, interface, ip);
    while (index != ZT_NEIGHBOUR_NONE && (table->entries[index].interface != interface ||
                                          !zt_ip_equal(table->entries[index].ip, ip)))
        index = table->entries[index].next;
    return index;
}

static void rehash(struct zt_neighbour_table *table)
{
    table->mask = table->mask * 2 + 1;
    table->buckets = zt_realloc(table->buckets, table->mask + 1, sizeof *table->buckets);
    memset(table->buckets, 0xff, (table->mask + 1) * sizeof *table->buckets);
    for (uint32_t i = 0; i < table->count; i++) {
        struct zt_neighbour *entry = &table->entries[i];
        if (entry->interface == ZT_NEIGHBOUR_NONE)
            continue;
        uint32_t *bucket = bucket_of(table, entry->interface, entry->ip);
        entry->next = *bucket;
        *bucket = i;
    }
}

uint32_t zt_neighbour_table_add(struct zt_neighbour_table *table, uint32_t interface, zt_ip ip)
{
    uint32_t index = table->free;
    if (index != ZT_NEIGHBOUR_NONE) {
        table->free = table->entries[index].next;
    } else {
        if (table->count == table->capacity) {
            table->capacity = table->capacity == 0 ? 16 : table->capacity * 2;
            table->entries = zt_realloc(table->entries, table->capacity, sizeof *table->entries);
        }
        index = table->count++;
        table->entries[index] = (struct zt_neighbour){ .interface = ZT_NEIGHBOUR_NONE };
        if (table->count > table->mask)
            rehash(table);
    }
    struct zt_neighbour *entry = &table->entries[index];
    uint32_t generation = entry->generation + 1, *bucket = bucket_of(table, interface, ip);
    *entry = (struct zt_neighbour){
        .ip = ip, .interface = interface, .generation = generation, .next = *bucket
    };
    *bucket = index;
    return index;
}

void zt_neighbour_table_remove(struct zt_neighbour_table *table, uint32_t index)
{
    struct zt_neighbour *entry = &table->entries[index];
    uint32_t *link = bucket_of(table, entry->interface, entry->ip);
    while (*link != index)
        link = &table->entries[*link].next;
    *link = entry->next;
    if (zt_neighbour_is_dynamic(entry))
        table->counts[entry->interface].dynamic--;
    if (entry->state == ZT_NEIGHBOUR_INCOMPLETE)
        table->incomplete--;
    entry->state = ZT_NEIGHBOUR_FREE;
    entry->interface = ZT_NEIGHBOUR_NONE;
    entry->generation++;
    entry->next = table->free;
    table->free = index;
}

bool zt_neighbour_table_make_room(struct zt_neighbour_table *table, uint32_t interface,
                                  uint32_t limit, uint64_t lifetime, uint64_t now)
{
    struct zt_neighbour_count *count = &table->counts[interface];
    if (count->dynamic < limit)
        return true;
    if (now - count->oldest < lifetime)
        return false;
    uint64_t oldest = now;
    for (uint32_t i = 0; i < table->count; i++) {
        struct zt_neighbour *entry = &table->entries[i];
        if (entry->interface != interface || entry->state != ZT_NEIGHBOUR_RESOLVED)
            continue;
        if (!zt_neighbour_is_fresh(entry, lifetime, now))
            zt_neighbour_table_remove(table, i);
        else if (entry->confirmed < oldest)
            oldest = entry->confirmed;
    }
    count->oldest = oldest;
    return count->dynamic < limit;
}

/* NEIGH-7: interface, IPv4 before IPv6, address. Indexes are in interface order, and the family is the first octet. */
static int compare_keys(const void *a, const void *b)
{
    const struct zt_neighbour_key *left = a, *right = b;
    if (left->interface != right->interface)
        return left->interface < right->interface ? -1 : 1;
    return memcmp(&left->ip, &right->ip, sizeof left->ip);
}

struct zt_neighbour_key *zt_neighbour_table_incomplete(const struct zt_neighbour_table *table,
                                                       uint32_t interface, uint32_t *count)
{
    *count = 0;
    if (table->incomplete == 0)
        return NULL;
    struct zt_neighbour_key *keys = zt_calloc(table->incomplete, sizeof *keys);
    for (uint32_t i = 0; i < table->count; i++) {
        const struct zt_neighbour *entry = &table->entries[i];
        if (entry->state == ZT_NEIGHBOUR_INCOMPLETE &&
            (interface == UINT32_MAX || entry->interface == interface))
            keys[(*count)++] = (struct zt_neighbour_key){ entry->interface, entry->ip };
    }
    if (*count > 0)
        qsort(keys, *count, sizeof *keys, compare_keys);
    return keys;
}
