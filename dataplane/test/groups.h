/* SPDX-License-Identifier: Apache-2.0 */
/* A router whose one route leads to a group of many members, and flows through it. */
#ifndef ZTOS_TEST_GROUPS_H
#define ZTOS_TEST_GROUPS_H

#include "test/support.h"

#define MEMBERS_MAX 64

struct group_program {
    uint32_t members;
    bool resilient;
    /* 0 where none is given. */
    uint32_t weights[MEMBERS_MAX];
};

/* Members are ports 1 to `members`, each with a gateway; frames come in at INGRESS. */
#define INGRESS 100

struct zt_machine *start_group(const struct group_program *program, bool cache);
/* The text of a program, to be freed. */
char *group_text(const struct group_program *program);

#define FLOW_FRAME 60
/* At most FLOW_FRAME + 20 octets: frame `n` of a list of flows that never repeats: UDP, by IPv4 or IPv6. */
uint32_t flow_frame(uint8_t *frame, uint32_t n, bool ipv6);
/* The member by which flow `n` leaves. */
uint16_t member_of(struct zt_machine *machine, uint32_t n, bool ipv6);
void set_carrier(struct zt_machine *machine, uint16_t port, bool up);

#endif
