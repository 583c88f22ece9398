/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on their way in one direction of a wire, each with the time at which it comes out. */
#ifndef ZTOS_WIRE_FLIGHT_H
#define ZTOS_WIRE_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "src/wire/impairment.h"

/* ns that a frame which is to be overtaken waits for the next, beyond its delay. */
#define ZT_FLIGHT_PATIENCE UINT64_C(10000000)

struct zt_flying {
    /* CLOCK_MONOTONIC, ns. */
    uint64_t due;
    uint32_t length;
    uint8_t *data;
};

struct zt_flight_counters {
    /* Arrived; of these lost and turned over by the impairment, overtaken; for want of room; because the wire was cut. */
    uint64_t received, lost, corrupted, reordered, overrun, cut;
};

struct zt_flight {
    /* A ring of `limit` places. */
    struct zt_flying *ring;
    uint32_t limit, first, count;
    /* The last frame lets the next pass. */
    bool yields;
    /* 0 or 1: the two directions of a wire meet with different luck. */
    uint32_t direction;
    struct zt_flight_counters counters;
};

void zt_flight_init(struct zt_flight *flight, uint32_t direction, uint32_t limit);
void zt_flight_free(struct zt_flight *flight);

/* A frame that came at `at`, ns; it is copied. What becomes of it is in the counters. */
void zt_flight_take(struct zt_flight *flight, const struct zt_impairment *impairment, uint64_t at,
                    const uint8_t *frame, uint32_t length);
/* When the first frame is due, UINT64_MAX for no frame. */
uint64_t zt_flight_next(const struct zt_flight *flight);
/* The first frame if it is due, NULL; it stays until zt_flight_done(). */
const struct zt_flying *zt_flight_due(const struct zt_flight *flight, uint64_t now);
void zt_flight_done(struct zt_flight *flight);
/* The wire is cut: what is on it is gone. */
void zt_flight_cut(struct zt_flight *flight);

#endif
