/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wire that loses every frame while both its ends have carrier: what arrives at either device is dropped in front of whoever
 * receives there, who is not told.
 */
#ifndef ZTOS_PROBE_SILENCE_H
#define ZTOS_PROBE_SILENCE_H

#include "src/run/failure.h"

struct zt_silence_options {
    const char *ifname[2];
    /* NULL: the current one. */
    const char *netns[2];
    int ready;
};

/*
 * Puts a program that drops in the place of each device's own XDP program, and at SIGTERM or SIGINT the own one back. One that is
 * killed leaves the wire silent: fail closed.
 */
int zt_silence_run(const struct zt_silence_options *options, struct zt_failure *failure);

#endif
