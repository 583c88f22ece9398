/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures of ports: frames received come out of the XDP program by a ring buffer, frames sent are written as they are
 * handed over. One ring serves all ports of a process; it is made when the first capture starts.
 */
#ifndef ZTOS_RUN_CAPTURE_H
#define ZTOS_RUN_CAPTURE_H

#include <stdint.h>

#include "src/run/pcapng.h"
#include "src/run/xdp.h"

struct ring_buffer;

/* The capture of one port. */
struct zt_capture {
    struct zt_pcapng *file;
    uint64_t written;
    /* The XDP program's count of lost copies when it started. */
    uint64_t lost_before;
};

/* Finds the capture of a port, NULL if none runs. */
typedef struct zt_capture *zt_capture_finder(void *context, uint32_t ifindex);

struct zt_captures {
    struct zt_xdp *xdp;
    struct ring_buffer *ring;
    int ring_fd;
    unsigned int running;
    zt_capture_finder *finder;
    void *context;
    /* What makes CLOCK_REALTIME of CLOCK_MONOTONIC, taken when the first capture starts. */
    uint64_t epoch;
    uint64_t written;
};

void zt_captures_init(struct zt_captures *captures, struct zt_xdp *xdp, zt_capture_finder *finder,
                      void *context);

int zt_capture_start(struct zt_captures *captures, struct zt_capture *capture, uint32_t ifindex,
                     const char *interface, const char *path, struct zt_failure *failure);

struct zt_capture_result {
    /* Frames in the file, both directions, and received frames of which the copy was lost. */
    uint64_t written, lost;
};

/* Writes out what is left and closes the file, also on failure. `result` may be NULL. */
int zt_capture_stop(struct zt_captures *captures, struct zt_capture *capture, uint32_t ifindex,
                    struct zt_capture_result *result, struct zt_failure *failure);

/* Readable when copies wait; -1 before the first capture. */
int zt_captures_fd(const struct zt_captures *captures);
/* Writes the copies that wait to their files. */
void zt_captures_drain(struct zt_captures *captures);
/* A frame that a port sends, at CLOCK_MONOTONIC `at`. Copies that wait are written before it. */
void zt_capture_sent(struct zt_captures *captures, struct zt_capture *capture, uint64_t at,
                     const uint8_t *frame, uint32_t length);
void zt_captures_close(struct zt_captures *captures);

#endif
