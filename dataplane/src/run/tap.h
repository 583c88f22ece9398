/* SPDX-License-Identifier: Apache-2.0 */
/* The TAP of a port: persistent, made by the driver, on which the node's kernel sees what is punted (PUNT-1, PUNT-2). */
#ifndef ZTOS_RUN_TAP_H
#define ZTOS_RUN_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "src/run/failure.h"

/* Attaches to the device `ifname` of the current network namespace, which must be there. -1 with `failure` filled. */
int zt_tap_open(const char *ifname, struct zt_failure *failure);

/* One frame from the kernel: its length, 0 if there is none now. A frame that is longer than `size` is cut off. */
size_t zt_tap_read(int fd, uint8_t *frame, size_t size);

/* One frame for the kernel. False if it did not take it: the device is down, or the frame has no Ethernet header. */
bool zt_tap_write(int fd, const uint8_t *frame, size_t length);

/* Whether the device seems to have a wire. Returns 0 or an errno. */
int zt_tap_set_carrier(int fd, bool up);

#endif
