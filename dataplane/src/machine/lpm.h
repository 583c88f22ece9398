/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Longest prefix match of a VRF: one hash table over (length, prefix) and the lengths that occur, longest first. A look-up
 * costs one probe for each length that occurs; flows pay it once.
 */
#ifndef ZTOS_MACHINE_LPM_H
#define ZTOS_MACHINE_LPM_H

#include "ztos/ip.h"

struct zt_lpm_entry {
    zt_ip prefix;
    uint8_t length;
    /* Index of the route plus one, 0 for a free slot. */
    uint32_t route;
};

struct zt_lpm {
    struct zt_lpm_entry *entries;
    /* Slots minus one, a power of two minus one. */
    uint32_t mask;
    uint32_t count;
    /* Number of prefixes of each length, by family 4 and 6. */
    uint32_t lengths[2][129];
};

/* Adds a prefix whose host bits are zero. False when it is there already. */
bool zt_lpm_add(struct zt_lpm *lpm, zt_ip prefix, uint8_t length, uint32_t route);
/* Index of the route with exactly this prefix, UINT32_MAX when there is none. */
uint32_t zt_lpm_get(const struct zt_lpm *lpm, zt_ip prefix, uint8_t length);
/* Gives a prefix that is there another index. */
void zt_lpm_renumber(struct zt_lpm *lpm, zt_ip prefix, uint8_t length, uint32_t route);
/* Removes a prefix that is there. */
void zt_lpm_remove(struct zt_lpm *lpm, zt_ip prefix, uint8_t length);
/* Index of the route with the longest prefix that covers `ip`, UINT32_MAX when none does. */
uint32_t zt_lpm_find(const struct zt_lpm *lpm, zt_ip ip);
void zt_lpm_free(struct zt_lpm *lpm);

#endif
