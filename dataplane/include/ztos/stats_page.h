/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics page: a file of fixed layout (`--stats FILE`), mapped by `ztos-fpe run` or `ztos-probe`, read by anybody
 * who may open it, without a word to the process. All integers are in host byte order (little-endian on linux-x64).
 *
 * A header of ZT_STATS_HEADER_SIZE octets is followed by `entry_count` entries of `entry_size` octets: the ports of an
 * engine in interface order, or the hosts and then the link ends of a probe in the order of its configuration.
 *
 * Reading: read `sequence`, then the page, then `sequence` again; the copy is good if both are equal and even. The page is
 * written once for a vector, after the vector's outputs were handed to the kernel. A good copy is therefore a cut between
 * two vectors: every frame counted in `rx_frames` or `punt_in` has been processed to its end and its outputs are counted too.
 *
 * Settling by counting: a wire carries nothing when `tx_frames` of its one end (plus what a probe injected there) equals
 * `rx_frames` + `rx_dropped` + `xdp_passed` of the other. When that holds on every wire in both directions over two rounds of reading
 * in which no count moved, nothing is on its way. Losses in the kernel show in `rx_dropped` once the process has asked
 * for them: each second, and before it answers `stats`; what XDP passed wakes nobody, and shows with the next vector or second.
 */
#ifndef ZTOS_STATS_PAGE_H
#define ZTOS_STATS_PAGE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* "ZTSTATS1" as octets in the file. */
#define ZT_STATS_MAGIC 0x315354415453545aull
#define ZT_STATS_VERSION 1u
#define ZT_STATS_HEADER_SIZE 128u
#define ZT_STATS_ENTRY_SIZE 128u

enum zt_stats_kind { ZT_STATS_ENGINE = 1, ZT_STATS_PROBE = 2 };

enum zt_stats_state {
    /* Ports are being opened. */
    ZT_STATS_STARTING = 0,
    /* Asleep, or about to be: every socket was found empty. */
    ZT_STATS_IDLE = 1,
    ZT_STATS_BUSY = 2,
    /* Ended in order. A process that was killed leaves the state it was in: compare `pid`. */
    ZT_STATS_STOPPED = 3,
};

struct zt_stats_header {
    /* Odd while the page is being written. */
    uint64_t sequence;
    uint64_t magic;
    uint32_t version;
    uint32_t kind;
    uint32_t entry_count;
    uint32_t entry_size;
    uint32_t pid;
    uint32_t state;
    /* The process's clock when the page was written: CLOCK_MONOTONIC ns, advances (CTRL-4) included. */
    uint64_t now;
    /* Engine: inputs processed and effects of kind tx and punt. */
    uint64_t inputs;
    uint64_t outputs;
    /* Engine: fates of all codes. Probe: arrivals recorded. */
    uint64_t fates;
    /* Octets of the journal that have reached the file. */
    uint64_t journal_octets;
    /* Copies of frames written to captures, and copies that were lost. */
    uint64_t captured;
    uint64_t capture_lost;
    uint64_t reserved[4];
};

enum zt_stats_flag {
    /* The device has a carrier. */
    ZT_STATS_CARRIER = 1u << 0,
    /* The XDP program runs in the driver (native), not in the stack (generic). */
    ZT_STATS_NATIVE = 1u << 1,
    /* The device is gone: its socket is closed and its counts stand still. */
    ZT_STATS_GONE = 1u << 2,
};

struct zt_stats_entry {
    /* Engine: interface id of the port. Probe: index among hosts, or among link ends. */
    uint32_t id;
    /* enum zt_stats_flag */
    uint32_t flags;
    uint64_t rx_frames;
    uint64_t rx_octets;
    /* Taken by the device. */
    uint64_t tx_frames;
    uint64_t tx_octets;
    /* Dropped between the XDP program and the socket: rings full, no buffer, too long; and handshake messages that were put aside in vain. */
    uint64_t rx_dropped;
    /* Refused by the device, or no room in the transmit ring. */
    uint64_t tx_dropped;
    /* Engine: frames from and to the TAP, and frames for the TAP that it did not take. */
    uint64_t punt_in;
    uint64_t punt_out;
    uint64_t punt_dropped;
    /* Probe: ARP requests and neighbour solicitations answered (their answers are in tx_frames). */
    uint64_t arp_answered;
    uint64_t nd_answered;
    /* Frames that reached the XDP program, of all times since it was attached. */
    uint64_t xdp_frames;
    /* Of these, frames that went to the kernel by XDP_PASS (PUNT-3): in no journal, and not in rx_frames. */
    uint64_t xdp_passed;
    uint64_t reserved[2];
};

static_assert(sizeof(struct zt_stats_header) == ZT_STATS_HEADER_SIZE, "fixed layout");
static_assert(offsetof(struct zt_stats_header, entry_count) == 24, "fixed layout");
static_assert(offsetof(struct zt_stats_header, state) == 36, "fixed layout");
static_assert(offsetof(struct zt_stats_header, now) == 40, "fixed layout");
static_assert(offsetof(struct zt_stats_header, inputs) == 48, "fixed layout");
static_assert(offsetof(struct zt_stats_header, journal_octets) == 72, "fixed layout");
static_assert(sizeof(struct zt_stats_entry) == ZT_STATS_ENTRY_SIZE, "fixed layout");
static_assert(offsetof(struct zt_stats_entry, rx_frames) == 8, "fixed layout");
static_assert(offsetof(struct zt_stats_entry, tx_frames) == 24, "fixed layout");
static_assert(offsetof(struct zt_stats_entry, rx_dropped) == 40, "fixed layout");
static_assert(offsetof(struct zt_stats_entry, punt_in) == 56, "fixed layout");
static_assert(offsetof(struct zt_stats_entry, arp_answered) == 80, "fixed layout");
static_assert(offsetof(struct zt_stats_entry, xdp_frames) == 96, "fixed layout");
static_assert(offsetof(struct zt_stats_entry, xdp_passed) == 104, "fixed layout");

#endif
