/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug builds (ZT_TRACE_READS): which octets of a frame were loaded. What the slow path loaded on the way to an entry must be
 * among what is looked at for every packet, else the entry would decide for frames that differ where nobody looks: abort.
 */
#ifndef ZTOS_MACHINE_TRACE_READS_H
#define ZTOS_MACHINE_TRACE_READS_H

#include <stddef.h>
#include <stdint.h>

#ifdef ZT_TRACE_READS

enum zt_trace_phase {
    /* What the key is made of and what is checked for each packet. */
    ZT_TRACE_LOOKED_AT,
    /* What the slow path reads. */
    ZT_TRACE_DECIDED_BY,
};

/* Starts to mark loads from a frame, which stays where it is. */
void zt_trace_begin(enum zt_trace_phase phase, const uint8_t *frame, uint32_t length);
void zt_trace_end(void);
/* Octets in front of `at` are no longer the frame's: a header that is put there is the machine's own. */
void zt_trace_advance(const uint8_t *at);
/* Aborts if the second phase loaded what the first did not. */
void zt_trace_check(void);

#endif

#endif
