/* SPDX-License-Identifier: Apache-2.0 */
#include "src/replay/tables_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/error.h"

static bool write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        data += written;
        length -= (size_t)written;
    }
    return true;
}

bool zt_replay_write_tables(const struct zt_replay *replay, const char *path,
                            struct zt_error *error)
{
    size_t length;
    /* With O_NONBLOCK a FIFO that nobody reads is an error (ENXIO) and not waited for. */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    bool good = fd >= 0 && fcntl(fd, F_SETFL, 0) == 0 && fchmod(fd, 0600) == 0;
    int cause = errno;

    if (good) {
        char *json = zt_machine_tables_json(replay->machine, replay->now, &length);
        good = write_all(fd, json, length);
        cause = errno;
        free(json);
    }
    if (fd >= 0 && close(fd) != 0 && good) {
        good = false;
        cause = errno;
    }
    return good || zt_error_set(error, "tables-unwritable", path, "cannot write the tables: %s",
                                strerror(cause));
}
