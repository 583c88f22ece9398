/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUNT-3: ports whose XDP program lets ARP and ICMP for the node itself pass to its kernel, which receives them on the TAP. The
 * journal has none of it. While an engine is dead its ports pass nothing, as they forward nothing.
 */
#ifndef ZTOS_RUN_PASS_H
#define ZTOS_RUN_PASS_H

#include <stdint.h>

#include "src/run/failure.h"
#include "src/run/xdp.h"
#include "ztos/machine.h"

/* Own addresses of VRF 0 that a node with such ports may have. */
#define ZT_PASS_ADDRESSES_MAX 1024u

/* Puts the filter on a device that moves what XDP passes there to the TAP; one that is there already is replaced. */
int zt_pass_attach(struct zt_xdp *xdp, const char *ifname, uint32_t index,
                   struct zt_failure *failure);
/* Takes the filter off. Without this it stays, dropping what reaches it. */
void zt_pass_detach(uint32_t index);

/* Tells the program the own addresses of the machine's VRF 0, in place of those before. Nothing passes meanwhile: stop first. */
int zt_pass_addresses(struct zt_xdp *xdp, const struct zt_machine *machine,
                      struct zt_failure *failure);
/* What the port of a device receives may pass from now on, to a TAP by its interface index; and no more. */
void zt_pass_start(struct zt_xdp *xdp, uint32_t index, uint32_t tap_index,
                   const struct zt_port_info *info);
void zt_pass_stop(struct zt_xdp *xdp, uint32_t index);

#endif
