/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neighbours of the TAPs as the kernel has them. The kernel tells of every change of state; the machine is told only when
 * the link-layer address changes, so that a journal holds updates and not the kernel's housekeeping.
 */
#ifndef ZTOS_RUN_NEIGHBOURS_H
#define ZTOS_RUN_NEIGHBOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/run/netlink.h"

struct zt_neighbour_entry {
    struct zt_neighbour_event event;
    uint32_t round;
};

struct zt_neighbours {
    struct zt_neighbour_entry *entries;
    size_t count, capacity;
    uint32_t round;
};

/* True if the event says something new. */
bool zt_neighbours_update(struct zt_neighbours *neighbours, const struct zt_neighbour_event *event);

/* A new round of telling begins. */
void zt_neighbours_begin(struct zt_neighbours *neighbours);
/*
 * Takes out one neighbour that was not told of in this round, as an event that it is gone. False when there is none left.
 */
bool zt_neighbours_take_missing(struct zt_neighbours *neighbours, struct zt_neighbour_event *gone);

/* Forgets everything, so that each neighbour is new when it is told again. */
void zt_neighbours_clear(struct zt_neighbours *neighbours);

#endif
