/* SPDX-License-Identifier: Apache-2.0 */
/* An empty /proc/modules for programs that want one, on a kernel without loadable modules. */
#ifndef ZTOS_NETNS_MODULES_H
#define ZTOS_NETNS_MODULES_H

#include "src/run/failure.h"

/*
 * From here on this process, what it becomes and what it starts open an empty file for /proc/modules. Their openat(2) waits for
 * a process that is left behind, which answers for this one name and lets the kernel answer for all others; it ends
 * with the last of them. Needs CAP_SYS_ADMIN, and Linux 5.14.
 */
int zt_modules_empty(struct zt_failure *failure);

#endif
