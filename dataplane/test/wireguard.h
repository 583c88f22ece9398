/* SPDX-License-Identifier: Apache-2.0 */
/* Two nodes with WireGuard between them, wga and wgb of test/programs, and what passes from one to the other. */
#ifndef ZTOS_TEST_WIREGUARD_H
#define ZTOS_TEST_WIREGUARD_H

#include "src/machine/wireguard.h"
#include "test/support.h"

#define WALL (UINT64_C(1700000000) * SECOND + 123456789)

/* A frame that left a node, kept for the other. */
struct parcel {
    uint8_t data[2048];
    uint32_t length;
};

struct pair {
    struct bench *a, *b;
};
/* `from` and `to` are replaced in both programs unless `from` is NULL; both nodes have a seed. */
struct pair pair_start(const char *from, const char *to);
void pair_stop(struct pair *pair);
/* Time passes at both. */
void pass(struct pair *pair, uint64_t ns);
/* The clock of one node, at its time. */
void clock_of(struct bench *bench);

/* The next effect is a frame sent on the port. */
void take_tx(struct bench *bench, uint16_t port, struct parcel *parcel);
void take_punt(struct bench *bench, uint16_t port, struct parcel *parcel);
void deliver(struct bench *bench, uint16_t port, const struct parcel *parcel);

/* An Ethernet frame with UDP from `source` to `destination`, text such as `10.1.0.9`; `octets` behind the UDP header. */
struct flow {
    const char *mac, *source, *destination;
    uint8_t tos;
    uint32_t octets;
};
void make_frame(const struct flow *flow, struct parcel *parcel);

/* From a host of A to one of B and back. */
extern const struct flow a_to_b, b_to_a, a_to_b_6;
/* A's initiation, B's response, A's keepalive, over the underlay: both have a current session. */
void shake_hands(struct pair *pair);
/* A packet of a flow goes through an established tunnel, from one node to the other's port 2. */
void pass_through(struct bench *from, struct bench *to, const struct flow *flow);
/* Gives a host's packet on port 2 of a node. */
void give_flow(struct bench *bench, const struct flow *flow);
/* The message of a parcel, behind Ethernet, IP and UDP. */
uint8_t *message_of(struct parcel *parcel);
/* Makes the UDP checksum right again. */
void sum_again(struct parcel *parcel);
/*
 * A data message from A to B over the underlay, sealed with A's key, whatever its text and counter; `ecn` is the outer one.
 */
struct forgery {
    uint64_t counter;
    const uint8_t *text;
    uint32_t length;
    uint8_t ecn;
};
void forge(struct pair *pair, const struct forgery *forgery, struct parcel *parcel);
/* A handshake message with a part changed has mac1 of its receiver again, and a right UDP checksum. */
void mac_again(struct bench *sender, struct parcel *parcel);
/* The first peer of a wireguard interface of each of the two machines. */
struct zt_wg_peer *peer_of(struct bench *bench, uint32_t machine, uint16_t interface);

#endif
