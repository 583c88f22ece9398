/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/arguments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
