/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/neighbours.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/error.h"

/* A node has a handful of underlay neighbours: a list is enough. */
static struct zt_neighbour_entry *find(struct zt_neighbours *neighbours,
                                       const struct zt_neighbour_event *event)
{
    for (size_t i = 0; i < neighbours->count; i++) {
        struct zt_neighbour_event *known = &neighbours->entries[i].event;

        if (known->ifindex == event->ifindex && known->family == event->family &&
            memcmp(known->address, event->address, sizeof(known->address)) == 0)
            return &neighbours->entries[i];
    }
    return NULL;
}

static void remove_entry(struct zt_neighbours *neighbours, struct zt_neighbour_entry *entry)
{
    *entry = neighbours->entries[--neighbours->count];
}

bool zt_neighbours_update(struct zt_neighbours *neighbours, const struct zt_neighbour_event *event)
{
    struct zt_neighbour_entry *entry = find(neighbours, event);

    if (!event->present) {
        if (entry)
            remove_entry(neighbours, entry);
        return entry != NULL;
    }
    if (!entry) {
        if (neighbours->count == neighbours->capacity) {
            neighbours->capacity = neighbours->capacity ? neighbours->capacity * 2 : 16;
            neighbours->entries =
                zt_realloc(neighbours->entries, neighbours->capacity, sizeof(*neighbours->entries));
        }
        entry = &neighbours->entries[neighbours->count++];
    } else if (memcmp(entry->event.mac, event->mac, sizeof(event->mac)) == 0) {
        entry->round = neighbours->round;
        return false;
    }
    entry->event = *event;
    entry->round = neighbours->round;
    return true;
}

void zt_neighbours_begin(struct zt_neighbours *neighbours)
{
    neighbours->round++;
}

bool zt_neighbours_take_missing(struct zt_neighbours *neighbours, struct zt_neighbour_event *gone)
{
    for (size_t i = 0; i < neighbours->count; i++) {
        if (neighbours->entries[i].round == neighbours->round)
            continue;
        *gone = neighbours->entries[i].event;
        gone->present = false;
        memset(gone->mac, 0, sizeof(gone->mac));
        remove_entry(neighbours, &neighbours->entries[i]);
        return true;
    }
    return false;
}

void zt_neighbours_clear(struct zt_neighbours *neighbours)
{
    free(neighbours->entries);
    *neighbours = (struct zt_neighbours){ .round = neighbours->round };
}
