/* SPDX-License-Identifier: Apache-2.0 */
/* The operational state of a device (RFC 2863), set so that who watches links is told at once. */
#ifndef ZTOS_RUN_OPERSTATE_H
#define ZTOS_RUN_OPERSTATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Sets IFLA_OPERSTATE of a device of the current namespace to UP or DORMANT. The kernel tells of a TAP's lost carrier only once
 * a second (linkwatch); of this it tells at once, and its message says what carrier is by then. Returns 0 or an errno.
 */
int zt_operstate_set(uint32_t ifindex, bool up);

#endif
