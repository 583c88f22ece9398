/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The XDP program of a process's ports (bpf/zt_port.bpf.c). It is attached by netlink, not by a bpf_link: it stays on the
 * device when the process dies, and then drops everything.
 *
 * Ports are told apart by interface index, which is unique within a network namespace. Ports in several namespaces may
 * share a program only while their indexes differ.
 */
#ifndef ZTOS_RUN_XDP_H
#define ZTOS_RUN_XDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/zt_port.h"
#include "src/run/failure.h"

/* Highest interface index that the program's maps make room for. */
#define ZT_XDP_INDEX_MAX 65535u

struct zt_port_bpf;

struct zt_xdp {
    struct zt_port_bpf *skeleton;
    uint32_t index_max;
    /* Interface indexes that the maps have room for, from 0. */
    uint32_t room;
    /* Mapped, one for each interface index that there is room for. */
    struct zt_port_state *states;
    size_t states_size;
};

enum zt_xdp_mode { ZT_XDP_NATIVE, ZT_XDP_GENERIC };

/*
 * Loads the program for interface indexes up to `index_max`, and for so many `more` of devices that come later. `stamp` puts the time of receipt in front of each frame;
 * `addresses` is how many the node may have where ports let ARP and ICMP pass (src/run/pass.h), 0 where none does.
 */
int zt_xdp_load(struct zt_xdp *xdp, uint32_t index_max, uint32_t more, bool stamp,
                uint32_t addresses, struct zt_failure *failure);

/* Checks that a device of the current network namespace can be served; its interface index goes to `index`. */
int zt_xdp_check(const char *ifname, uint32_t *index, struct zt_failure *failure);

/* Attaches, in the driver if it can, else in the stack; a program that is there already is replaced. */
int zt_xdp_attach(struct zt_xdp *xdp, const char *ifname, uint32_t index, enum zt_xdp_mode *mode,
                  struct zt_failure *failure);

/* Frames of the device go to this AF_XDP socket from now on. */
int zt_xdp_bind(struct zt_xdp *xdp, uint32_t index, int socket, struct zt_failure *failure);

/* Copies of the frames of ports that are `capturing` go to this ring buffer (BPF_MAP_TYPE_RINGBUF). */
int zt_xdp_capture_ring(struct zt_xdp *xdp, int ring, struct zt_failure *failure);

/* Takes the program off a device of the current network namespace. Without this it stays there, dropping. */
void zt_xdp_detach(uint32_t index, enum zt_xdp_mode mode);

/* Gives up what this process holds; the program stays attached. */
void zt_xdp_close(struct zt_xdp *xdp);

#endif
