/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of devices of the current namespace by rtnetlink(7). Each returns 0 or an errno. */
#ifndef ZTOS_RUN_LINK_SET_H
#define ZTOS_RUN_LINK_SET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Sets the operational state (RFC 2863) of a device to UP or DORMANT. The kernel tells of a TAP's lost carrier only once a second
 * (linkwatch); of this it tells at once, and its message says what carrier is by then.
 */
int zt_link_set_operstate(uint32_t ifindex, bool up);
/* Sets a device up or down, as `ip link set` does. */
int zt_link_set_up(uint32_t ifindex, bool up);

#endif
