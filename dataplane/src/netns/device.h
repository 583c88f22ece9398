/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to devices of the present network namespace without a program of its own for each. */
#ifndef ZTOS_NETNS_DEVICE_H
#define ZTOS_NETNS_DEVICE_H

#include "src/run/failure.h"

/* Sets a device up: `ip link set NAME up`. */
int zt_device_up(const char *name, struct zt_failure *failure);
/* Makes a persistent TAP: `ip tuntap add dev NAME mode tap`. One that is there already is an error. */
int zt_device_tap(const char *name, struct zt_failure *failure);
/* Has checksums computed before frames leave a device, not by it: `ethtool -K NAME tx off`. */
int zt_device_plain(const char *name, struct zt_failure *failure);

#endif
