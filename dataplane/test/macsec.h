/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node with MACsec: on port 1 interface 11, of bridge 20 (or of VRF 0), over VXLAN interface 32 of the same bridge, by vxlan 31 on
 * port 4 to 192.0.2.2. Hosts are on ports 2 and 3; vxlan 33 is another tunnel of the bridge, to 192.0.2.3; irb 22 is its gateway.
 * And a peer that seals by libcrypto, so that what is expected does not come from the code under test.
 */
#ifndef ZTOS_TEST_MACSEC_H
#define ZTOS_TEST_MACSEC_H

#include "src/machine/macsec.h"
#include "test/wireguard.h"

/* SCIs of 11 and of its peers, and of 32. */
#define OWN "0200000005010001"
#define PEER "0200000006010001"
#define OTHER "0200000007010001"
#define TUNNEL_OWN "0200000005200001"
#define TUNNEL_PEER "0200000006200001"

struct sec {
    /* Suite of both interfaces. */
    uint8_t cipher;
    /* Of 11: NULL is strict; members of the object, each with a comma behind it; NULL is 0. */
    const char *mode, *more, *window;
    /* Of 11: objects; NULL are AN 0 with key 0, none, and AN 0 and 1 with keys 1 and 2. */
    const char *tx, *standby, *rx;
    /* Of 32: members, and its mode. */
    const char *tunnel_more, *tunnel_mode;
    /* 11 is in VRF 0. Port 4 lies below macsec 12, which has what it had: what leaves a tunnel is sealed again. There is no vxlan 33. */
    bool routed, sealed_underlay, alone;
    /* irb 22 is in VRF 0, not 1; more routes of the tables, each with a comma in front. */
    bool irb_below;
    const char *routes;
    /* Of 11 and of 31; 0 is 1500 and 1550. */
    uint32_t mtu, vxlan_mtu;
};
char *sec_program(const struct sec *sec);
struct bench *sec_start(const struct sec *sec);
void sec_load(struct bench *bench, const struct sec *sec);
const struct zt_interface *sec_interface(const struct bench *bench, uint32_t machine, uint16_t id);

/* An association as an object: key `lab:test/SUITE/key`, and what the suite wants beside it. */
const char *association(uint8_t cipher, const char *sci, uint8_t an, uint32_t key);
/* The same with a `pn`, which NULL leaves out, and without `sci` or `an` if they are NULL or above 3. */
const char *association_with(uint8_t cipher, const char *sci, uint8_t an, uint32_t key,
                             const char *pn);

/* How a peer seals. TCI without AN. */
struct sealing {
    uint8_t cipher;
    const char *sci;
    uint8_t an;
    uint32_t key;
    uint64_t pn;
    uint8_t tci;
    uint32_t offset;
};
#define TCI_SC_EC 0x2c
/* What 11 accepts: AN 0, key 1. */
struct sealing from_peer(uint8_t cipher, uint64_t pn);
/* What 11 sends: AN 0, key 0. */
struct sealing from_node(uint8_t cipher, uint64_t pn);
void seal_by(const struct sealing *how, const struct parcel *clear, struct parcel *sealed);

/* A frame of EtherType 0x9999 with so many octets from octet 12 on, at least 2; hosts by their last octet. */
struct parcel frame_between(uint8_t destination, uint8_t source, uint32_t octets);
/* Gives a frame sealed; expects one as it is, sealed. */
void give_sealed(struct bench *bench, uint16_t port, const struct sealing *how,
                 const struct parcel *clear);
void expect_parcel(struct bench *bench, uint16_t port, const struct parcel *parcel);
void expect_sealed(struct bench *bench, uint16_t port, const struct sealing *how,
                   const struct parcel *clear);
/* VXLAN of the peer, VNI 77 from 192.0.2.2 or 78 from .3, around a frame, to port 4. */
struct parcel from_tunnel(uint32_t vni, const struct parcel *inner);
/* Of a frame that left by port 4, what is behind the VXLAN header; its VNI. */
uint32_t to_tunnel(struct bench *bench, struct parcel *inner);
/* A frame of a host to nobody: the bridge knows then that it is on the port (or behind what lies on it). */
void teach(struct bench *bench, uint16_t port, uint8_t host);

/* The counter of interface 11 by name, in both machines; of the only receive channel; of transmit association `index`. */
uint64_t counter(struct bench *bench, enum zt_macsec_counter which);
uint64_t channel_counter(struct bench *bench, enum zt_channel_counter which);
uint64_t transmit_counter(struct bench *bench, uint32_t index, enum zt_transmit_counter which);
/* Sets the next PN of transmit association `index` of 11, and the lowest acceptable one of receive association `index`. */
void set_next_pn(struct bench *bench, uint32_t index, zt_pn pn);
void set_lowest_pn(struct bench *bench, uint32_t index, zt_pn pn);

#endif
