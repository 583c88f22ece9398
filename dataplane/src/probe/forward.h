/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bare AF_XDP forwarder between two devices: what the kernel's path alone costs. The floor that latency and rate of the
 * engine are compared with in the same run.
 */
#ifndef ZTOS_PROBE_FORWARD_H
#define ZTOS_PROBE_FORWARD_H

#include <stdint.h>

#include "src/run/failure.h"

struct zt_forward_options {
    const char *ifname[2];
    /* NULL: the current one. */
    const char *netns[2];
    uint32_t ring;
    int ready;
};

/* Forwards until SIGTERM or SIGINT, then prints counters and takes the programs off. */
int zt_forward_run(const struct zt_forward_options *options, struct zt_failure *failure);

#endif
