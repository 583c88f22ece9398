/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An AF_XDP socket in copy mode on queue 0 of a device, with its own pool of 2 KB chunks: as many as the rings have
 * slots for receiving, which go straight back to the fill ring, and as many for transmitting.
 *
 * Copy mode transmits inside sendto(): the kernel copies the frame out of the pool, hands it to the device, and the chunk
 * comes back through the completion ring when the receiver is done with the copy.
 */
#ifndef ZTOS_RUN_XSK_H
#define ZTOS_RUN_XSK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xdp/xsk.h>

#include "src/run/failure.h"

#define ZT_XSK_CHUNK 2048u
#define ZT_XSK_RING_MIN 64u
#define ZT_XSK_RING_MAX 16384u

struct zt_xsk_counters {
    uint64_t rx_frames, rx_octets;
    /* Handed to the kernel, and those of them that the device refused. */
    uint64_t tx_frames, tx_octets;
    uint64_t tx_refused;
    /* Never handed over: too long, or no chunk or slot was free. */
    uint64_t tx_full;
    /* Dropped by the kernel between the XDP program and the receive ring (XDP_STATISTICS). */
    uint64_t rx_ring_full, rx_fill_empty, rx_other;
    uint64_t invalid_descriptors;
};

struct zt_xsk {
    int fd;
    uint32_t ring;
    struct xsk_socket *socket;
    struct xsk_umem *umem;
    uint8_t *area;
    struct xsk_ring_cons rx;
    struct xsk_ring_prod tx;
    struct xsk_ring_prod fill;
    struct xsk_ring_cons completion;
    /* Addresses of free transmit chunks, a stack. */
    uint64_t *free;
    uint32_t free_count;
    struct zt_xsk_counters counters;
};

struct zt_xsk_frame {
    uint8_t *data;
    uint32_t length;
};

/*
 * Opens a socket with rings of `ring` slots (a power of two; 4 KB of locked memory a slot) on a device of the current
 * network namespace. The caller enters `fd` into the port's XSKMAP.
 */
int zt_xsk_open(struct zt_xsk *xsk, const char *ifname, uint32_t ring, struct zt_failure *failure);
void zt_xsk_close(struct zt_xsk *xsk);

/*
 * Up to `max` received frames, in order of arrival. They stay valid until zt_xsk_receive_done(), which must follow with
 * the number returned here.
 */
uint32_t zt_xsk_receive(struct zt_xsk *xsk, struct zt_xsk_frame *frames, uint32_t max);
void zt_xsk_receive_done(struct zt_xsk *xsk, uint32_t count);
/* Whether frames wait in the receive ring. */
bool zt_xsk_has_received(struct zt_xsk *xsk);

/* A transmit chunk of ZT_XSK_CHUNK octets to build a frame in, NULL (counted) if there is none. Send it by commit. */
uint8_t *zt_xsk_reserve(struct zt_xsk *xsk);
void zt_xsk_commit(struct zt_xsk *xsk, size_t length);

/* Copies a frame into the transmit ring. False if it was lost, which is counted. */
bool zt_xsk_send(struct zt_xsk *xsk, const void *data, size_t length);

/*
 * Makes the kernel send what stands in the transmit ring. Returns the number of frames that are still there because the
 * device took no more: flush again later.
 */
uint32_t zt_xsk_flush(struct zt_xsk *xsk);

/* Reads XDP_STATISTICS into the counters. */
void zt_xsk_read_statistics(struct zt_xsk *xsk);

#endif
