/* SPDX-License-Identifier: Apache-2.0 */
/* The probe: sockets in the namespaces of all hosts and link ends, in one loop on one clock. */
#ifndef ZTOS_PROBE_PROBE_H
#define ZTOS_PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/probe/arrivals.h"
#include "src/probe/config.h"
#include "src/run/control_server.h"
#include "src/run/stats_file.h"
#include "src/run/xdp.h"
#include "src/run/xsk.h"

/* Frames handed to a device before it is flushed. */
#define ZT_PROBE_BURST 32u
/* Longest frame that AF_PACKET hosts and link ends send; their devices may take less. */
#define ZT_PROBE_FRAME_MAX 9230u
#define ZT_PROBE_FRAME_MIN 14u

struct zt_probe_options {
    const char *control;
    const char *config;
    /* May be NULL. */
    const char *stats;
    uid_t owner;
    uint32_t ring;
};

/* A host's socket: AF_XDP, or AF_PACKET where `packet` is not negative. */
struct zt_probe_host {
    const struct zt_probe_host_config *config;
    uint32_t ifindex;
    /* Which of the XDP programs serves it. */
    uint32_t program;
    enum zt_xdp_mode mode;
    bool attached;
    bool gone;
    bool unsent;
    int packet;
    struct zt_xsk xsk;
    /* Of an AF_PACKET socket, in the same terms as AF_XDP's. */
    uint64_t rx, rx_octets, tx, tx_octets, tx_dropped, rx_dropped;
    uint64_t arp_answered, nd_answered;
};

struct zt_probe_link {
    int packet;
    uint64_t tx, tx_octets, tx_dropped;
};

struct zt_latency;

struct zt_probe {
    struct zt_probe_options options;
    struct zt_probe_config config;
    struct zt_probe_host *hosts;
    struct zt_probe_link *links;
    /* Programs with different sets of interface indexes. */
    struct zt_xdp *programs;
    uint32_t program_count;
    struct zt_arrivals arrivals;
    /* Takes the frames of a running measurement, NULL otherwise. */
    struct zt_latency *latency;
    struct zt_control_server control;
    struct zt_stats_file stats;
    int epoll, timer, signals;
    bool stopping;
};

/* ---- probe.c */
int zt_probe_open(struct zt_probe *probe, const struct zt_probe_options *options,
                  struct zt_failure *failure);
void zt_probe_run(struct zt_probe *probe);
void zt_probe_close(struct zt_probe *probe);
uint64_t zt_probe_now(void);
void zt_probe_publish(struct zt_probe *probe);
/* Asks the kernel what it dropped. */
void zt_probe_read_kernel(struct zt_probe *probe);

/* ---- probe_io.c */

/* Takes what has arrived at all hosts; the number of frames. */
uint32_t zt_probe_receive(struct zt_probe *probe);
uint32_t zt_probe_receive_host(struct zt_probe *probe, uint32_t index);
/* Hands a frame to a host's device, which sends it at zt_probe_flush() at the latest. False if there was no room. */
bool zt_probe_send(struct zt_probe *probe, uint32_t host, const uint8_t *frame, uint32_t length);
/* Returns the number of frames that the device refused. */
uint64_t zt_probe_flush(struct zt_probe *probe, uint32_t host);
bool zt_probe_inject(struct zt_probe *probe, uint32_t link, const uint8_t *frame, uint32_t length);
uint64_t zt_probe_host_tx(const struct zt_probe_host *host);
uint64_t zt_probe_host_rx(const struct zt_probe_host *host);
uint64_t zt_probe_host_rx_dropped(const struct zt_probe_host *host);
uint64_t zt_probe_host_tx_dropped(const struct zt_probe_host *host);

/* ---- probe_control.c */
enum zt_control_next zt_probe_answer(void *probe, const struct zt_control_peer *peer,
                                     const char *message, size_t length, struct zt_text *answer);

#endif
