/* SPDX-License-Identifier: Apache-2.0 */
#include "src/wire/flight.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/error.h"

void zt_flight_init(struct zt_flight *flight, uint32_t direction, uint32_t limit)
{
    *flight = (struct zt_flight){ .limit = limit, .direction = direction };
    flight->ring = zt_calloc(limit, sizeof(*flight->ring));
}

void zt_flight_free(struct zt_flight *flight)
{
    zt_flight_cut(flight);
    free(flight->ring);
    flight->ring = NULL;
}

static struct zt_flying *place(const struct zt_flight *flight, uint32_t n)
{
    return &flight->ring[(flight->first + n) % flight->limit];
}

static uint8_t *copy(const struct zt_flight *flight, const struct zt_impairment *impairment,
                     uint64_t n, bool corrupt, const uint8_t *frame, uint32_t length)
{
    uint8_t *data = zt_calloc(length, 1);
    uint64_t bit;

    memcpy(data, frame, length);
    if (!corrupt)
        return data;
    bit = zt_impairment_draw(impairment->seed, flight->direction, n, ZT_IMPAIRMENT_BIT);
    bit = bit * (length * UINT64_C(8)) >> 32;
    data[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
    return data;
}

/* The frame behind the last one goes in front of it, which then comes right behind. */
static void overtake(struct zt_flight *flight)
{
    struct zt_flying *last = place(flight, flight->count - 1);
    struct zt_flying *before = place(flight, flight->count - 2);
    struct zt_flying slow = *before;

    slow.due = last->due;
    *before = *last;
    *last = slow;
    flight->counters.reordered++;
}

void zt_flight_take(struct zt_flight *flight, const struct zt_impairment *impairment, uint64_t at,
                    const uint8_t *frame, uint32_t length)
{
    uint64_t n = flight->counters.received++, due = at + impairment->delay;
    uint32_t seed = impairment->seed, direction = flight->direction;
    bool corrupt, yields, passes = flight->yields;
    struct zt_flying *flying;

    if (length == 0 ||
        zt_impairment_strikes(seed, direction, n, ZT_IMPAIRMENT_LOSS, impairment->loss)) {
        flight->counters.lost++;
        return;
    }
    if (flight->count == flight->limit) {
        flight->counters.overrun++;
        return;
    }
    corrupt = zt_impairment_strikes(seed, direction, n, ZT_IMPAIRMENT_CORRUPT, impairment->corrupt);
    yields = !passes &&
             zt_impairment_strikes(seed, direction, n, ZT_IMPAIRMENT_REORDER, impairment->reorder);
    flight->counters.corrupted += corrupt;
    /* In order, whatever the delay has become meanwhile; but the one that yields does not hold up the one that passes. */
    if (flight->count > (passes ? 1u : 0u)) {
        uint64_t before = place(flight, flight->count - (passes ? 2u : 1u))->due;

        due = due > before ? due : before;
    }
    flying = place(flight, flight->count++);
    *flying = (struct zt_flying){ .due = due + (yields ? ZT_FLIGHT_PATIENCE : 0),
                                  .length = length,
                                  .data = copy(flight, impairment, n, corrupt, frame, length) };
    flight->yields = yields;
    if (passes && flight->count > 1)
        overtake(flight);
}

uint64_t zt_flight_next(const struct zt_flight *flight)
{
    return flight->count == 0 ? UINT64_MAX : place(flight, 0)->due;
}

const struct zt_flying *zt_flight_due(const struct zt_flight *flight, uint64_t now)
{
    return zt_flight_next(flight) <= now ? place(flight, 0) : NULL;
}

void zt_flight_done(struct zt_flight *flight)
{
    struct zt_flying *flying = place(flight, 0);

    free(flying->data);
    flying->data = NULL;
    flight->first = (flight->first + 1) % flight->limit;
    flight->count--;
    /* Nobody came to pass it. */
    if (flight->count == 0)
        flight->yields = false;
}

void zt_flight_cut(struct zt_flight *flight)
{
    flight->counters.cut += flight->count;
    while (flight->count > 0)
        zt_flight_done(flight);
}
