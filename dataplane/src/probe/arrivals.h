/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What arrived at the hosts and was not collected yet: a ring of records of limited size. A record that does not fit is
 * lost and counted; one that is there is never overwritten.
 */
#ifndef ZTOS_PROBE_ARRIVALS_H
#define ZTOS_PROBE_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zt_arrival {
    uint64_t seq;
    /* CLOCK_MONOTONIC, ns. */
    uint64_t at;
    uint32_t host;
    uint32_t length;
    bool foreign;
    const uint8_t *data;
};

struct zt_arrivals {
    uint8_t *memory;
    size_t size;
    /* Octets from the beginning of time: records lie from `head` to `tail`, in memory modulo `size`. */
    uint64_t head, tail;
    uint64_t next_seq, lost;
};

void zt_arrivals_open(struct zt_arrivals *arrivals, size_t size);
void zt_arrivals_close(struct zt_arrivals *arrivals);

/* Gives the frame the next number. */
void zt_arrivals_add(struct zt_arrivals *arrivals, uint32_t host, uint64_t at, bool foreign,
                     const uint8_t *data, uint32_t length);

/* Forgets all before number `seq`. */
void zt_arrivals_forget(struct zt_arrivals *arrivals, uint64_t seq);

/* Goes through what is there: start with *place 0; false at the end. */
bool zt_arrivals_next(const struct zt_arrivals *arrivals, uint64_t *place,
                      struct zt_arrival *arrival);

#endif
