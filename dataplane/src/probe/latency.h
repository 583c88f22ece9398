/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Latency from one host to another, open-loop: frame i is due at start + i / rate, whatever happened to those before it,
 * and its latency counts from when it was due. The frame carries no time: it is known again by its trace id, and times stay here.
 */
#ifndef ZTOS_PROBE_LATENCY_H
#define ZTOS_PROBE_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/text.h"
#include "ztos/machine.h"

#define ZT_LATENCY_COUNT_MAX 1000000
/* Longest measurement. */
#define ZT_LATENCY_SECONDS_MAX 60

struct zt_probe;
struct zt_latency;

struct zt_latency_request {
    uint32_t from, to;
    uint32_t run;
    /* Frames a second. */
    uint32_t rate;
    uint32_t count;
    const uint8_t *data;
    uint32_t length;
};

/* Runs a measurement and appends the members of its answer. False with `error` filled if the frame does not serve. */
bool zt_latency_run(struct zt_probe *probe, const struct zt_latency_request *request,
                    struct zt_text *answer, struct zt_error *error);

/* True if the frame is one of the measurement's, which is then the end of it. */
bool zt_latency_take(struct zt_latency *latency, uint32_t host, uint64_t at, const uint8_t *frame,
                     uint32_t length);

#endif
