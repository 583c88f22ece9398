/* SPDX-License-Identifier: Apache-2.0 */
/* A frame that is sent many times, each with its own trace id at the end (ZTTR, run, trace, CRC-32). No I/O. */
#ifndef ZTOS_PROBE_TEMPLATE_H
#define ZTOS_PROBE_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/run/xsk.h"
#include "ztos/machine.h"

/* What does not change is summed once. */
struct zt_template {
    uint8_t data[ZT_XSK_CHUNK];
    uint32_t length;
    /* Of the UDP checksum, 0 if it stays zero. */
    uint32_t checksum_at;
    /* Over all that the checksum covers but the trace id, and whether that begins at an odd octet of the datagram. */
    uint64_t base;
    bool odd;
};

/* False with `error` filled if the frame is not UDP over IP up to its end with a trace id as the end. */
bool zt_template_open(struct zt_template *frame, const uint8_t *data, uint32_t length,
                      struct zt_error *error);
/* Writes trace id and checksum. */
void zt_template_mark(struct zt_template *frame, uint32_t run, uint32_t trace);
/* Run and trace at the end of a frame; false if there is no whole mark. */
bool zt_trace_read_id(const uint8_t *frame, uint32_t length, uint32_t *run, uint32_t *trace);

#endif
