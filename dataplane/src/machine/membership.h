/* SPDX-License-Identifier: Apache-2.0 */
/* Who of a bridge wants a multicast group: (group, member, remote VTEP) -> last reported (SNOOP-2 to SNOOP-6). */
#ifndef ZTOS_MACHINE_MEMBERSHIP_H
#define ZTOS_MACHINE_MEMBERSHIP_H

#include "ztos/ip.h"

#define ZT_MEMBERSHIP_NONE UINT32_MAX

struct zt_membership {
    zt_ip group;
    /* Family 0 on members that are no vxlan. */
    zt_ip remote;
    /* Index of the member interface. */
    uint32_t member;
    bool used;
    /* Chain of the bucket, or of free entries. */
    uint32_t next;
    /* ns */
    uint64_t reported;
};

struct zt_memberships {
    struct zt_membership *entries;
    uint32_t count, capacity, free, used;
    uint32_t *buckets;
    uint32_t mask;
    uint64_t secret;
    /* ns; most memberships. */
    uint64_t lifetime;
    uint32_t limit;
    /* None was reported before this: what spares a full table its scans. */
    uint64_t oldest;
};

/* `secret` is odd and random: buckets cannot be filled on purpose. */
struct zt_memberships *zt_memberships_new(uint64_t lifetime, uint32_t limit, uint64_t secret);
void zt_memberships_free(struct zt_memberships *table);

static inline bool zt_membership_is_valid(const struct zt_memberships *table,
                                          const struct zt_membership *entry, uint64_t now)
{
    return entry->used && now - entry->reported < table->lifetime;
}

/* SNOOP-2, SNOOP-6. */
void zt_membership_report(struct zt_memberships *table, zt_ip group, uint32_t member, zt_ip remote,
                          uint64_t now);
/* SNOOP-3. */
void zt_membership_leave(struct zt_memberships *table, zt_ip group, uint32_t member, zt_ip remote);
/* Whether a group has a valid membership: of one member (and remote) or, ZT_MEMBERSHIP_NONE, of any. */
bool zt_membership_is_there(const struct zt_memberships *table, zt_ip group, uint32_t member,
                            zt_ip remote, uint64_t now);
/* CTRL-3: forgets those of one member or (ZT_MEMBERSHIP_NONE) all. */
void zt_memberships_flush(struct zt_memberships *table, uint32_t member);

#endif
