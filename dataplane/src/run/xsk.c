/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/xsk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include "src/machine/mutant.h"

#ifndef SOL_XDP
#define SOL_XDP 283
#endif

/* sendto() calls for one flush: each moves 32 frames or more, or says why it did not. */
#define FLUSH_TRIES_PER_SLOT 2u

/* For how long a queue that is busy is asked for: half a second. */
#define BUSY_TRIES 100
#define BUSY_PAUSE_NS 5000000

static int create_pool(struct zt_xsk *xsk, const char *ifname, struct zt_failure *failure)
{
    struct xsk_umem_config config = {
        /* The kernel moves its end of the fill ring after it has published the frames: twice the room, no waiting. */
        .fill_size = xsk->ring * 2,
        .comp_size = xsk->ring,
        .frame_size = ZT_XSK_CHUNK,
        .frame_headroom = 0,
        .flags = 0,
    };
    size_t size = (size_t)xsk->ring * 2 * ZT_XSK_CHUNK;
    int error;

    xsk->free = calloc(xsk->ring, sizeof(*xsk->free));
    if (!xsk->free)
        return zt_fail(failure, ZT_EXIT_FAILED, "pool-memory",
                       "%s: no memory for the list of free frames", ifname);
    xsk->area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (xsk->area == MAP_FAILED) {
        xsk->area = NULL;
        return zt_fail(failure, ZT_EXIT_FAILED, "pool-memory",
                       "%s: no memory for %u frames of %u octets: %s", ifname, xsk->ring * 2,
                       ZT_XSK_CHUNK, strerror(errno));
    }
    error = xsk_umem__create(&xsk->umem, xsk->area, size, &xsk->fill, &xsk->completion, &config);
    if (error)
        return zt_fail(failure, ZT_EXIT_FAILED, "pool-register",
                       "%s: the kernel refused an AF_XDP pool of %u frames: %s (CAP_NET_RAW, and "
                       "CAP_IPC_LOCK or a "
                       "higher 'ulimit -l', are needed)",
                       ifname, xsk->ring * 2, strerror(-error));
    return 0;
}

static void fill_rings(struct zt_xsk *xsk)
{
    uint32_t slot = 0;

    xsk_ring_prod__reserve(&xsk->fill, xsk->ring, &slot);
    for (uint32_t i = 0; i < xsk->ring; i++) {
        *xsk_ring_prod__fill_addr(&xsk->fill, slot + i) = (uint64_t)i * ZT_XSK_CHUNK;
        xsk->free[xsk->free_count++] = (uint64_t)(xsk->ring + i) * ZT_XSK_CHUNK;
    }
    xsk_ring_prod__submit(&xsk->fill, xsk->ring);
}

static int try_open(struct zt_xsk *xsk, const char *ifname, uint32_t ring,
                    struct zt_failure *failure)
{
    struct xsk_socket_config config = {
        .rx_size = ring,
        /* As with the fill ring: a free chunk means a free slot. */
        .tx_size = ring * 2,
        .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
        .bind_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
    };
    int error;

    memset(xsk, 0, sizeof(*xsk));
    xsk->fd = -1;
    xsk->ring = ring;
    if (create_pool(xsk, ifname, failure)) {
        zt_xsk_close(xsk);
        return -EIO;
    }
    error = xsk_socket__create(&xsk->socket, ifname, 0, xsk->umem, &xsk->rx, &xsk->tx, &config);
    if (error == 0)
        return 0;
    xsk->socket = NULL;
    zt_xsk_close(xsk);
    zt_fail(failure, ZT_EXIT_FAILED, "xsk-bind", "%s: no AF_XDP socket on queue 0: %s%s", ifname,
            strerror(-error), error == -EBUSY ? " (another process has it)" : "");
    return error;
}

int zt_xsk_open(struct zt_xsk *xsk, const char *ifname, uint32_t ring, struct zt_failure *failure)
{
    /* A frame in flight is charged to the socket: its data and the kernel's own structures. */
    int send_buffer = (int)(ring * (ZT_XSK_CHUNK + 1024));
    const struct timespec pause = { .tv_nsec = BUSY_PAUSE_NS };
    int error;

    if (ring < ZT_XSK_RING_MIN || ring > ZT_XSK_RING_MAX || (ring & (ring - 1)) != 0)
        return zt_fail(failure, ZT_EXIT_USAGE, "ring-size",
                       "ring size %u: a power of two from %u to %u is needed", ring,
                       ZT_XSK_RING_MIN, ZT_XSK_RING_MAX);
    /* The kernel takes a queue back from a process that died some milliseconds after it is gone. */
    for (int tries = 0; (error = try_open(xsk, ifname, ring, failure)) == -EBUSY; tries++) {
        if (tries == BUSY_TRIES)
            break;
        nanosleep(&pause, NULL);
    }
    if (error)
        return -1;
    xsk->fd = xsk_socket__fd(xsk->socket);
    /* Beyond net.core.wmem_max only with CAP_NET_ADMIN, which attaching the program needs anyway. */
    if (setsockopt(xsk->fd, SOL_SOCKET, SO_SNDBUFFORCE, &send_buffer, sizeof(send_buffer)))
        zt_log("%s: send buffer stays at the host's default: %s", ifname, strerror(errno));
    fill_rings(xsk);
    return 0;
}

void zt_xsk_close(struct zt_xsk *xsk)
{
    if (xsk->socket)
        xsk_socket__delete(xsk->socket);
    if (xsk->umem)
        xsk_umem__delete(xsk->umem);
    if (xsk->area)
        munmap(xsk->area, (size_t)xsk->ring * 2 * ZT_XSK_CHUNK);
    free(xsk->free);
    xsk->socket = NULL;
    xsk->umem = NULL;
    xsk->area = NULL;
    xsk->free = NULL;
    xsk->fd = -1;
}

uint32_t zt_xsk_receive(struct zt_xsk *xsk, struct zt_xsk_frame *frames, uint32_t max)
{
    uint32_t slot;
    uint32_t count = xsk_ring_cons__peek(&xsk->rx, max, &slot);
    uint64_t octets = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&xsk->rx, slot + i);

        frames[i].data = xsk_umem__get_data(xsk->area, desc->addr);
        frames[i].length = desc->len;
        octets += desc->len;
    }
    xsk->counters.rx_frames += count;
    xsk->counters.rx_octets += octets;
    return count;
}

bool zt_xsk_has_received(struct zt_xsk *xsk)
{
    return xsk_cons_nb_avail(&xsk->rx, 1) > 0;
}

/* The receive ring still holds the descriptors: the chunks go back in the order in which they came. */
void zt_xsk_receive_done(struct zt_xsk *xsk, uint32_t count)
{
    uint32_t first = xsk->rx.cached_cons - count;
    uint32_t slot = 0;

    if (count == 0)
        return;
    if (ZT_MUTANT(fill_not_replenished)) {
        xsk_ring_cons__release(&xsk->rx, count);
        return;
    }
    /* Always succeeds: `ring` chunks circulate and the fill ring has twice as many slots. */
    xsk_ring_prod__reserve(&xsk->fill, count, &slot);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t address = xsk_ring_cons__rx_desc(&xsk->rx, first + i)->addr;

        *xsk_ring_prod__fill_addr(&xsk->fill, slot + i) = address - address % ZT_XSK_CHUNK;
    }
    xsk_ring_prod__submit(&xsk->fill, count);
    xsk_ring_cons__release(&xsk->rx, count);
}

static void reclaim(struct zt_xsk *xsk)
{
    uint32_t slot = 0;
    uint32_t count = ZT_MUTANT(completion_not_drained)
                         ? 0
                         : xsk_ring_cons__peek(&xsk->completion, xsk->ring, &slot);

    for (uint32_t i = 0; i < count; i++) {
        uint64_t address = *xsk_ring_cons__comp_addr(&xsk->completion, slot + i);

        xsk->free[xsk->free_count++] = address - address % ZT_XSK_CHUNK;
    }
    if (count)
        xsk_ring_cons__release(&xsk->completion, count);
}

/* As many chunks exist as the ring has slots: a free chunk means a free slot. */
uint8_t *zt_xsk_reserve(struct zt_xsk *xsk)
{
    if (xsk->free_count == 0)
        reclaim(xsk);
    if (xsk->free_count == 0)
        zt_xsk_flush(xsk);
    if (xsk->free_count == 0) {
        if (!ZT_MUTANT(transmit_full_uncounted))
            xsk->counters.tx_full++;
        return NULL;
    }
    return xsk->area + xsk->free[xsk->free_count - 1];
}

void zt_xsk_commit(struct zt_xsk *xsk, size_t length)
{
    uint32_t slot = 0;

    xsk_ring_prod__reserve(&xsk->tx, 1, &slot);
    *xsk_ring_prod__tx_desc(&xsk->tx, slot) = (struct xdp_desc){
        .addr = xsk->free[--xsk->free_count],
        .len = (uint32_t)length,
    };
    xsk_ring_prod__submit(&xsk->tx, 1);
    xsk->counters.tx_frames++;
    xsk->counters.tx_octets += length;
}

bool zt_xsk_send(struct zt_xsk *xsk, const void *data, size_t length)
{
    uint8_t *chunk;

    if (length > ZT_XSK_CHUNK) {
        xsk->counters.tx_full++;
        return false;
    }
    chunk = zt_xsk_reserve(xsk);
    if (!chunk)
        return false;
    memcpy(chunk, data, length);
    zt_xsk_commit(xsk, length);
    return true;
}

static uint32_t backlog(const struct zt_xsk *xsk)
{
    return xsk->tx.cached_prod - __atomic_load_n(xsk->tx.consumer, __ATOMIC_ACQUIRE);
}

uint32_t zt_xsk_flush(struct zt_xsk *xsk)
{
    uint32_t left = backlog(xsk);

    for (uint32_t tries = left * FLUSH_TRIES_PER_SLOT; left > 0 && tries > 0; tries--) {
        if (sendto(xsk->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0 || errno == EINTR) {
            left = backlog(xsk);
            continue;
        }
        if (errno == EBUSY) {
            /* The device dropped the frame at the head of the ring; the kernel has completed it. */
            xsk->counters.tx_refused++;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            /* A batch is out and more remains, or the device is full. No progress: come back later. */
            reclaim(xsk);
            if (backlog(xsk) == left)
                break;
        } else {
            /* ENETDOWN, ENXIO: the frames stay until the link is up again, or the socket is closed. */
            break;
        }
        left = backlog(xsk);
    }
    reclaim(xsk);
    return left;
}

void zt_xsk_read_statistics(struct zt_xsk *xsk)
{
    struct xdp_statistics statistics = { 0 };
    socklen_t size = sizeof(statistics);

    if (xsk->fd < 0 || getsockopt(xsk->fd, SOL_XDP, XDP_STATISTICS, &statistics, &size))
        return;
    xsk->counters.rx_ring_full = statistics.rx_ring_full;
    xsk->counters.rx_fill_empty = statistics.rx_fill_ring_empty_descs;
    xsk->counters.rx_other = statistics.rx_dropped;
    xsk->counters.invalid_descriptors = statistics.rx_invalid_descs + statistics.tx_invalid_descs;
}
