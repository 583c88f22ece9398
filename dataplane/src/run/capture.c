/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/capture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Room for some 2300 frames. */
#define RING_SIZE (4u << 20)

void zt_captures_init(struct zt_captures *captures, struct zt_xdp *xdp, zt_capture_finder *finder,
                      void *context)
{
    *captures =
        (struct zt_captures){ .xdp = xdp, .ring_fd = -1, .finder = finder, .context = context };
}

static uint64_t read_clock(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int write_copy(void *context, void *data, size_t size)
{
    struct zt_captures *captures = context;
    const struct zt_port_capture *copy = data;
    uint32_t kept = copy->length < ZT_PORT_FRAME_MAX ? copy->length : ZT_PORT_FRAME_MAX;
    struct zt_capture *capture = captures->finder(captures->context, copy->ifindex);

    if (size < sizeof(*copy) || !capture || !capture->file)
        return 0;
    zt_pcapng_frame(capture->file, copy->at + captures->epoch, ZT_PCAPNG_INBOUND, copy->data, kept,
                    copy->length);
    capture->written++;
    captures->written++;
    return 0;
}

static int make_ring(struct zt_captures *captures, struct zt_failure *failure)
{
    captures->ring_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "zt_captures", 0, 0, RING_SIZE, NULL);
    if (captures->ring_fd < 0)
        return zt_fail(failure, ZT_EXIT_FAILED, "capture-ring", "no ring buffer of %u octets: %s",
                       RING_SIZE, strerror(errno));
    captures->ring = ring_buffer__new(captures->ring_fd, write_copy, captures, NULL);
    if (!captures->ring)
        zt_fail(failure, ZT_EXIT_FAILED, "capture-ring", "the ring buffer cannot be read: %s",
                strerror(errno));
    else if (zt_xdp_capture_ring(captures->xdp, captures->ring_fd, failure) == 0)
        return 0;
    zt_captures_close(captures);
    return -1;
}

int zt_capture_start(struct zt_captures *captures, struct zt_capture *capture, uint32_t ifindex,
                     const char *interface, const char *path, struct zt_failure *failure)
{
    struct zt_port_state *state = &captures->xdp->states[ifindex];

    if (capture->file)
        return zt_fail(failure, ZT_EXIT_USAGE, "capture-running",
                       "a capture of %s runs already; stop it first", interface);
    if (!captures->ring && make_ring(captures, failure))
        return -1;
    capture->file = zt_pcapng_create(path, interface, failure);
    if (!capture->file)
        return -1;
    if (captures->running++ == 0)
        captures->epoch = read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
    capture->written = 0;
    capture->lost_before = __atomic_load_n(&state->capture_lost, __ATOMIC_RELAXED);
    __atomic_store_n(&state->capturing, 1, __ATOMIC_RELEASE);
    return 0;
}

int zt_capture_stop(struct zt_captures *captures, struct zt_capture *capture, uint32_t ifindex,
                    struct zt_capture_result *result, struct zt_failure *failure)
{
    struct zt_port_state *state = &captures->xdp->states[ifindex];
    uint64_t lost;
    bool good;

    if (!capture->file)
        return zt_fail(failure, ZT_EXIT_USAGE, "capture-none", "no capture runs there");
    __atomic_store_n(&state->capturing, 0, __ATOMIC_RELEASE);
    zt_captures_drain(captures);
    lost = __atomic_load_n(&state->capture_lost, __ATOMIC_RELAXED) - capture->lost_before;
    if (result)
        *result = (struct zt_capture_result){ .written = capture->written, .lost = lost };
    good = zt_pcapng_close(capture->file, read_clock(CLOCK_REALTIME), capture->written + lost, lost,
                           failure);
    capture->file = NULL;
    captures->running--;
    return good ? 0 : -1;
}

int zt_captures_fd(const struct zt_captures *captures)
{
    return captures->ring ? ring_buffer__epoll_fd(captures->ring) : -1;
}

void zt_captures_drain(struct zt_captures *captures)
{
    if (captures->ring)
        ring_buffer__consume(captures->ring);
}

void zt_capture_sent(struct zt_captures *captures, struct zt_capture *capture, uint64_t at,
                     const uint8_t *frame, uint32_t length)
{
    zt_captures_drain(captures);
    zt_pcapng_frame(capture->file, at + captures->epoch, ZT_PCAPNG_OUTBOUND, frame, length, length);
    capture->written++;
    captures->written++;
}

void zt_captures_close(struct zt_captures *captures)
{
    if (captures->ring)
        ring_buffer__free(captures->ring);
    if (captures->ring_fd >= 0)
        close(captures->ring_fd);
    captures->ring = NULL;
    captures->ring_fd = -1;
}
