/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handshake messages of WireGuard, put aside so that a flood of them does not hold up data: each may cost the machine as much as
 * hundreds of frames. What is for which port is not the machine's to be asked for each frame: it is read from the program.
 */
#ifndef ZTOS_RUN_HANDSHAKES_H
#define ZTOS_RUN_HANDSHAKES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/run/xsk.h"
#include "ztos/ip.h"

/* Messages that wait. */
#define ZT_HANDSHAKES_MAX 4096u

struct zt_handshake {
    /* Index of the port that received it, among the engine's. */
    uint32_t port;
    uint32_t length;
    uint8_t data[ZT_XSK_CHUNK];
};

struct zt_handshakes {
    /* The program has a wireguard interface. */
    bool wanted;
    /* A bit for each `listenPort`. */
    uint8_t listening[8192];
    /* Every address of the node, in order. */
    zt_ip *own;
    uint32_t own_count;
    /* A ring; NULL until one is wanted. */
    struct zt_handshake *ring;
    uint32_t first, count;
};

/* Learns what to put aside from a program that a machine has taken. What waits, waits on. */
void zt_handshakes_learn(struct zt_handshakes *handshakes, const char *program, size_t length);
void zt_handshakes_free(struct zt_handshakes *handshakes);

/* Whether a frame holds an initiation, a response or a cookie reply to the node (types 1 to 3), as far as a look at it can tell. */
bool zt_handshakes_has(const struct zt_handshakes *handshakes, const uint8_t *frame,
                       uint32_t length);

/* Keeps a copy. False when as many wait as may: the newest is the one that goes. */
bool zt_handshakes_put(struct zt_handshakes *handshakes, uint32_t port, const uint8_t *frame,
                       uint32_t length);
/* The n-th of those that wait, in order of arrival; n is less than `count`. */
const struct zt_handshake *zt_handshakes_at(const struct zt_handshakes *handshakes, uint32_t n);
/* The first `count` have been dealt with. */
void zt_handshakes_done(struct zt_handshakes *handshakes, uint32_t count);

#endif
