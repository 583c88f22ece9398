/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/error.h"

static uint8_t *read_all(int fd, const char *path, size_t length, struct zt_error *error)
{
    uint8_t *data = zt_calloc(length + 1, 1);
    for (size_t used = 0; used < length;) {
        ssize_t got = read(fd, data + used, length - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            zt_error_set(error, "file-unreadable", path,
                         "reading stopped after %zu of %zu octets: %s", used, length,
                         got < 0 ? strerror(errno) : "the file became shorter");
            free(data);
            return NULL;
        }
        used += (size_t)got;
    }
    return data;
}

uint8_t *zt_file_read(const char *path, size_t most, size_t *length, struct zt_error *error)
{
    struct stat status;
    uint8_t *data = NULL;
    /* Without O_NONBLOCK a FIFO would be waited for until somebody writes to it. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &status) != 0)
        zt_error_set(error, "file-unreadable", path, "%s", strerror(errno));
    else if (!S_ISREG(status.st_mode))
        zt_error_set(error, "file-unreadable", path, "it is no regular file");
    else if ((uint64_t)status.st_size > most)
        zt_error_set(error, "file-unreadable", path, "%lld octets are more than %zu",
                     (long long)status.st_size, most);
    else {
        *length = (size_t)status.st_size;
        data = read_all(fd, path, *length, error);
    }
    if (fd >= 0)
        close(fd);
    return data;
}
