/* SPDX-License-Identifier: Apache-2.0 */
/* Visits to other network namespaces: sockets opened during a visit belong there for good. */
#ifndef ZTOS_PROBE_NETNS_H
#define ZTOS_PROBE_NETNS_H

#include "src/run/failure.h"

struct zt_netns_home {
    int fd;
};

/* Remembers the namespace in which the process is. */
int zt_netns_open(struct zt_netns_home *home, struct zt_failure *failure);
/* Enters a namespace: a name under /run/netns, or an absolute path. */
int zt_netns_enter(const char *name, struct zt_failure *failure);
/* Goes back. A process that cannot is in the wrong place and must end. */
void zt_netns_return(const struct zt_netns_home *home);
void zt_netns_close(struct zt_netns_home *home);

#endif
