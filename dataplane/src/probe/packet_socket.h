/* SPDX-License-Identifier: Apache-2.0 */
/* AF_PACKET sockets that send past the queueing discipline (PACKET_QDISC_BYPASS) and, for hosts, receive (packet(7)). */
#ifndef ZTOS_PROBE_PACKET_SOCKET_H
#define ZTOS_PROBE_PACKET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/run/failure.h"

/* A socket on a device of the current network namespace; `receive` is false for one that only sends. -1 on failure. */
int zt_packet_open(const char *ifname, bool receive, struct zt_failure *failure);

/* False when the device did not take the frame. */
bool zt_packet_send(int fd, const uint8_t *frame, size_t length);

/*
 * The next frame, with the VLAN tag that the kernel took out of it, and its time of receipt (CLOCK_MONOTONIC, ns). 0 when
 * there is none. A frame longer than `size` is cut off.
 */
size_t zt_packet_receive(int fd, uint8_t *frame, size_t size, uint64_t *at);

/* Frames that the kernel had no room for since the last call. */
uint64_t zt_packet_dropped(int fd);

#endif
