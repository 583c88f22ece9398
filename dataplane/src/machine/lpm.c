/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/lpm.h"

#include <stdlib.h>

#include "src/base/error.h"
#include "ztos/hash.h"

static uint32_t *length_count(struct zt_lpm *lpm, uint8_t family, uint32_t length)
{
    return &lpm->lengths[family == ZT_IPV6][length];
}

static uint32_t slot_of(const struct zt_lpm *lpm, zt_ip prefix, uint8_t length)
{
    uint32_t words[5];
    memcpy(words, prefix.octets, 16);
    words[4] = (uint32_t)prefix.family << 8 | length;
    return zt_hash(0, words, 5) & lpm->mask;
}

/* The slot that holds the prefix, or the free one where it would go. */
static struct zt_lpm_entry *probe(const struct zt_lpm *lpm, zt_ip prefix, uint8_t length)
{
    uint32_t slot = slot_of(lpm, prefix, length);
    for (;; slot = (slot + 1) & lpm->mask) {
        struct zt_lpm_entry *entry = &lpm->entries[slot];
        if (entry->route == 0 || (entry->length == length && zt_ip_equal(entry->prefix, prefix)))
            return entry;
    }
}

static void grow(struct zt_lpm *lpm)
{
    struct zt_lpm old = *lpm;
    uint32_t slots = old.entries == NULL ? 16 : 2 * (old.mask + 1);
    lpm->entries = zt_calloc(slots, sizeof *lpm->entries);
    lpm->mask = slots - 1;
    for (uint32_t i = 0; old.entries != NULL && i <= old.mask; i++)
        if (old.entries[i].route != 0)
            *probe(lpm, old.entries[i].prefix, old.entries[i].length) = old.entries[i];
    free(old.entries);
}

bool zt_lpm_add(struct zt_lpm *lpm, zt_ip prefix, uint8_t length, uint32_t route)
{
    if (lpm->entries == NULL || lpm->count > lpm->mask / 2)
        grow(lpm);
    struct zt_lpm_entry *entry = probe(lpm, prefix, length);
    if (entry->route != 0)
        return false;
    *entry = (struct zt_lpm_entry){ prefix, length, route + 1 };
    lpm->count++;
    (*length_count(lpm, prefix.family, length))++;
    return true;
}

uint32_t zt_lpm_get(const struct zt_lpm *lpm, zt_ip prefix, uint8_t length)
{
    const struct zt_lpm_entry *entry = lpm->count == 0 ? NULL : probe(lpm, prefix, length);
    return entry == NULL || entry->route == 0 ? UINT32_MAX : entry->route - 1;
}

void zt_lpm_renumber(struct zt_lpm *lpm, zt_ip prefix, uint8_t length, uint32_t route)
{
    probe(lpm, prefix, length)->route = route + 1;
}

/* Entries behind the hole move up, unless they would come before the slot where a look-up of them begins. */
void zt_lpm_remove(struct zt_lpm *lpm, zt_ip prefix, uint8_t length)
{
    uint32_t hole = (uint32_t)(probe(lpm, prefix, length) - lpm->entries), slot = hole;
    for (;;) {
        slot = (slot + 1) & lpm->mask;
        const struct zt_lpm_entry *entry = &lpm->entries[slot];
        if (entry->route == 0)
            break;
        uint32_t way = (slot - slot_of(lpm, entry->prefix, entry->length)) & lpm->mask;
        if (way < ((slot - hole) & lpm->mask))
            continue;
        lpm->entries[hole] = *entry;
        hole = slot;
    }
    lpm->entries[hole] = (struct zt_lpm_entry){ 0 };
    lpm->count--;
    (*length_count(lpm, prefix.family, length))--;
}

uint32_t zt_lpm_find(const struct zt_lpm *lpm, zt_ip ip)
{
    if (lpm->count == 0)
        return UINT32_MAX;
    const uint32_t *counts = lpm->lengths[ip.family == ZT_IPV6];
    for (uint32_t length = zt_ip_octets(ip.family) * 8 + 1; length-- > 0;) {
        if (counts[length] == 0)
            continue;
        const struct zt_lpm_entry *entry = probe(lpm, zt_ip_prefix(ip, length), (uint8_t)length);
        if (entry->route != 0)
            return entry->route - 1;
    }
    return UINT32_MAX;
}

void zt_lpm_free(struct zt_lpm *lpm)
{
    free(lpm->entries);
    *lpm = (struct zt_lpm){ 0 };
}
