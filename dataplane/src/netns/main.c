/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/netns/modules.h"
#include "src/netns/script.h"
#include "src/probe/netns.h"

static const char usage[] =
    "usage: ztos-netns enter NAME PROGRAM [ARGUMENT]...\n"
    "       ztos-netns set-up [--here [SETTINGS/]] < SCRIPT\n"
    "       ztos-netns modules PROGRAM [ARGUMENT]...\n"
    "enter   runs a program in a network namespace, named as `ip netns` does or by an absolute "
    "path\n"
    "set-up  sets up the inside of namespaces, line by line (dataplane/src/netns/README.md);\n"
    "        --here: of the one it is in; SETTINGS/: a folder that is as /proc/sys/net is\n"
    "modules runs a program that finds an empty /proc/modules, whether or not there is one\n";

static int report(const struct zt_failure *failure)
{
    zt_log("%s", failure->message);
    return failure->exit;
}

static int become(char **argv, struct zt_failure *failure)
{
    execvp(argv[0], argv);
    zt_fail(failure, ZT_EXIT_FAILED, "program", "%s: %s", argv[0], strerror(errno));
    return report(failure);
}

int main(int argc, char **argv)
{
    struct zt_failure failure;
    const char *what = argc > 1 ? argv[1] : "";

    zt_log_name("ztos-netns");
    if (strcmp(what, "set-up") == 0) {
        bool here = argc > 2 && strcmp(argv[2], "--here") == 0;
        struct zt_script_place place = { here, here && argc > 3 ? argv[3] : NULL };

        if (argc <= (here ? 4 : 2))
            return zt_script_run(stdin, &place, &failure) ? report(&failure) : ZT_EXIT_OK;
    }
    if (argc > 3 && strcmp(what, "enter") == 0)
        return zt_netns_enter(argv[2], &failure) ? report(&failure) : become(argv + 3, &failure);
    if (argc > 2 && strcmp(what, "modules") == 0)
        return zt_modules_empty(&failure) ? report(&failure) : become(argv + 2, &failure);
    if (argc == 2 && strcmp(what, "--version") == 0) {
        puts("ztos-netns " ZT_VERSION);
        return ZT_EXIT_OK;
    }
    if (argc == 2 && strcmp(what, "--help") == 0) {
        fputs(usage, stdout);
        return ZT_EXIT_OK;
    }
    fputs(usage, stderr);
    return ZT_EXIT_USAGE;
}
