/* SPDX-License-Identifier: Apache-2.0 */
/* A host at the edge (fabric machine, section 18): what it answers and what it records. No I/O. */
#ifndef ZTOS_PROBE_HOST_H
#define ZTOS_PROBE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "ztos/ip.h"

/* Its link-local address included. */
#define ZT_HOST_ADDRESSES_MAX 17u
/* Longest answer. */
#define ZT_HOST_REPLY_MAX 128u

struct zt_host {
    zt_mac mac;
    zt_ip addresses[ZT_HOST_ADDRESSES_MAX];
    uint32_t address_count;
};

enum zt_reception {
    ZT_HOST_RECORDED,
    /* Neither for its MAC nor for a group (HOST-3). */
    ZT_HOST_FOREIGN,
    /* HOST-1, HOST-2: a reply is to be sent. */
    ZT_HOST_ANSWERED_ARP,
    ZT_HOST_ANSWERED_ND,
};

/* False when there are too many. */
bool zt_host_add(struct zt_host *host, zt_ip address);

/* Takes a frame; `reply`, of ZT_HOST_REPLY_MAX octets, is filled when the host answers. */
enum zt_reception zt_host_receive(const struct zt_host *host, const uint8_t *frame, uint32_t length,
                                  uint8_t *reply, uint32_t *reply_length);

#endif
