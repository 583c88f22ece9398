/* SPDX-License-Identifier: Apache-2.0 */
/* A script of lines that set up the inside of network namespaces (README.md). */
#ifndef ZTOS_NETNS_SCRIPT_H
#define ZTOS_NETNS_SCRIPT_H

#include <stdio.h>

#include "src/run/failure.h"

/* Does what it says line by line; stops at the first that fails, and names it and its namespace. */
int zt_script_run(FILE *script, struct zt_failure *failure);

#endif
