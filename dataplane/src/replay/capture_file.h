/* SPDX-License-Identifier: Apache-2.0 */
/* Reading captures: classic pcap of either byte order and precision, and pcapng with enhanced packet blocks. */
#ifndef ZTOS_REPLAY_CAPTURE_FILE_H
#define ZTOS_REPLAY_CAPTURE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ztos/machine.h"

#define ZT_CAPTURE_INTERFACES 64u

struct zt_capture_reader {
    const uint8_t *data;
    size_t length, offset;
    bool swapped, next_generation;
    /* Classic: ns of a unit of the fraction. */
    uint32_t unit;
    /* pcapng: if_tsresol of each interface of the section. */
    uint8_t resolution[ZT_CAPTURE_INTERFACES];
    uint32_t interfaces;
};

struct zt_captured {
    /* ns since 1970. */
    uint64_t time;
    const uint8_t *frame;
    uint32_t length;
};

enum zt_capture_next { ZT_CAPTURE_FRAME, ZT_CAPTURE_AT_END, ZT_CAPTURE_MALFORMED };

/* Link type must be Ethernet. Errors: code `capture-malformed`, where `offset N`. */
bool zt_capture_file_open(struct zt_capture_reader *reader, const uint8_t *data, size_t length,
                          struct zt_error *error);
/* A frame that was captured in part is an error: it is not the frame. */
enum zt_capture_next zt_capture_file_next(struct zt_capture_reader *reader,
                                          struct zt_captured *captured, struct zt_error *error);

#endif
