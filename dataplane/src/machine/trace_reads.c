/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/trace_reads.h"

#ifdef ZT_TRACE_READS

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ztos/bytes.h"

/* Headers lie in front; octets behind this many are not distinguished. */
#define OCTETS 2048u

static struct {
    const uint8_t *frame;
    uint32_t length;
    /* Octets that were taken off in front. */
    uint32_t taken;
    uint8_t marks[2][OCTETS];
    enum zt_trace_phase phase;
} trace;

void zt_trace_begin(enum zt_trace_phase phase, const uint8_t *frame, uint32_t length)
{
    trace.frame = frame;
    trace.length = length < OCTETS ? length : OCTETS;
    trace.phase = phase;
    trace.taken = 0;
    memset(trace.marks[phase], 0, OCTETS);
}

void zt_trace_end(void)
{
    trace.length = 0;
}

void zt_trace_advance(const uint8_t *at)
{
    if (trace.length != 0)
        trace.taken = (uint32_t)(at - trace.frame);
}

void zt_trace_read(const uint8_t *at, size_t length)
{
    uintptr_t start = (uintptr_t)at, frame = (uintptr_t)trace.frame;
    for (uintptr_t octet = start; octet < start + length; octet++)
        if (octet >= frame + trace.taken && octet - frame < trace.length)
            trace.marks[trace.phase][octet - frame] = 1;
}

void zt_trace_check(void)
{
    for (uint32_t i = 0; i < OCTETS; i++) {
        if (trace.marks[ZT_TRACE_DECIDED_BY][i] <= trace.marks[ZT_TRACE_LOOKED_AT][i])
            continue;
        fprintf(stderr, "flow cache: octet %u decides and is neither in the key nor looked at\n",
                i);
        abort();
    }
}

#endif
