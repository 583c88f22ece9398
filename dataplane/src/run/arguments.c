/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/arguments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/run/xsk.h"

int zt_argument_number(const char *flag, const char *text, uint64_t least, uint64_t most,
                       uint64_t *value, struct zt_failure *failure)
{
    size_t length = strlen(text);
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 10);
    if (length == 0 || strspn(text, "0123456789") != length || *end != '\0' || errno != 0 ||
        *value < least || *value > most)
        return zt_fail(failure, ZT_EXIT_USAGE, "usage",
                       "--%s wants a number from %llu to %llu, not '%.60s'", flag,
                       (unsigned long long)least, (unsigned long long)most, text);
    return 0;
}

struct zt_arguments zt_arguments_default(uint32_t ring)
{
    return (struct zt_arguments){ .owner = geteuid(), .ring = ring, .ready = -1 };
}

static int read_flag(struct zt_arguments *arguments, int flag, struct zt_failure *failure)
{
    uint64_t number = 0;

    switch ((enum zt_flag)flag) {
    case ZT_FLAG_CONTROL:
        arguments->control = optarg;
        return 0;
    case ZT_FLAG_STATS:
        arguments->stats = optarg;
        return 0;
    case ZT_FLAG_HELP:
        arguments->help = true;
        return 0;
    case ZT_FLAG_VERSION:
        arguments->version = true;
        return 0;
    case ZT_FLAG_OWNER_UID:
        if (zt_argument_number("owner-uid", optarg, 0, UINT32_MAX - 1, &number, failure))
            return -1;
        arguments->owner = (uid_t)number;
        return 0;
    case ZT_FLAG_RING:
        if (zt_argument_number("ring", optarg, ZT_XSK_RING_MIN, ZT_XSK_RING_MAX, &number, failure))
            return -1;
        arguments->ring = (uint32_t)number;
        return 0;
    case ZT_FLAG_READY_FD:
        if (zt_argument_number("ready-fd", optarg, 0, 1 << 20, &number, failure))
            return -1;
        arguments->ready = (int)number;
        return 0;
    case ZT_FLAG_OWN:
        break;
    }
    return -1;
}

int zt_arguments_read(struct zt_arguments *arguments, const char *program, int argc, char **argv,
                      const struct option *flags, zt_own_flag *own, void *context,
                      struct zt_failure *failure)
{
    int flag;

    /* getopt begins anew, also at what a main() has left. */
    optind = 1;
    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1) {
        if (flag < ZT_FLAG_CONTROL)
            return zt_fail(failure, ZT_EXIT_USAGE, "usage",
                           "wrong flags; %s --help tells the right ones", program);
        if (flag >= ZT_FLAG_OWN ? own(context, flag, failure) : read_flag(arguments, flag, failure))
            return -1;
    }
    return 0;
}

void zt_tell_ready(int fd)
{
    static const char line[] = "ready\n";

    if (fd < 0)
        return;
    if (write(fd, line, sizeof(line) - 1) < 0)
        zt_log("--ready-fd: %s", strerror(errno));
    close(fd);
}

int zt_report(const struct zt_failure *failure)
{
    zt_log("%s: %s", failure->code, failure->message);
    return failure->exit;
}
