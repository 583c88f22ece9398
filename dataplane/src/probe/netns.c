/* SPDX-License-Identifier: Apache-2.0 */
#include "src/probe/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NETNS_FOLDER "/run/netns"

int zt_netns_open(struct zt_netns_home *home, struct zt_failure *failure)
{
    home->fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (home->fd < 0)
        return zt_fail(failure, ZT_EXIT_FAILED, "netns", "/proc/self/ns/net: %s", strerror(errno));
    return 0;
}

int zt_netns_enter(const char *name, struct zt_failure *failure)
{
    char path[512];
    int fd, error;

    if (snprintf(path, sizeof(path), "%s%s", name[0] == '/' ? "" : NETNS_FOLDER "/", name) >=
        (int)sizeof(path))
        return zt_fail(failure, ZT_EXIT_USAGE, "netns",
                       "the namespace's name is too long: %.60s...", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return zt_fail(failure, ZT_EXIT_FAILED, "netns", "%s: %s", path, strerror(errno));
    error = setns(fd, CLONE_NEWNET) ? errno : 0;
    close(fd);
    if (error)
        return zt_fail(failure, ZT_EXIT_FAILED, "netns", "%s cannot be entered: %s%s", path,
                       strerror(error), error == EPERM ? " (CAP_SYS_ADMIN is needed)" : "");
    return 0;
}

void zt_netns_return(const struct zt_netns_home *home)
{
    if (setns(home->fd, CLONE_NEWNET) == 0)
        return;
    zt_log("the own network namespace cannot be entered again: %s", strerror(errno));
    abort();
}

void zt_netns_close(struct zt_netns_home *home)
{
    if (home->fd >= 0)
        close(home->fd);
    home->fd = -1;
}
