/* SPDX-License-Identifier: Apache-2.0 */
/* A script of lines that set up the inside of network namespaces (README.md). */
#ifndef ZTOS_NETNS_SCRIPT_H
#define ZTOS_NETNS_SCRIPT_H

#include <stdbool.h>
#include <stdio.h>

#include "src/run/failure.h"

/* Where it begins. */
struct zt_script_place {
    /* In the namespace that this process is in, without a line `netns`. */
    bool here;
    /* A folder that is as /proc/sys/net is, and ends in a slash; NULL: that one. */
    const char *settings;
};

/* Does what it says line by line; stops at the first that fails, and names it and its namespace. */
int zt_script_run(FILE *script, const struct zt_script_place *place, struct zt_failure *failure);

#endif
