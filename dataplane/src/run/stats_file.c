/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/stats_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t page_size(uint32_t count)
{
    return ZT_STATS_HEADER_SIZE + (size_t)count * ZT_STATS_ENTRY_SIZE;
}

static int create_file(const char *path, char *temporary, size_t size, size_t length,
                       struct zt_failure *failure)
{
    int fd;

    if (snprintf(temporary, size, "%s.new", path) >= (int)size)
        return zt_fail(failure, ZT_EXIT_USAGE, "stats-file",
                       "the statistics file's path is too long");
    unlink(temporary);
    fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return zt_fail(failure, ZT_EXIT_FAILED, "stats-file", "%s: %s", temporary, strerror(errno));
    /* Allocated now: a write to a mapped page that the file system cannot back would be a SIGBUS. */
    if (fchmod(fd, 0600) || posix_fallocate(fd, 0, (off_t)length) != 0) {
        close(fd);
        unlink(temporary);
        return zt_fail(failure, ZT_EXIT_FAILED, "stats-file", "%s: no room", temporary);
    }
    return fd;
}

int zt_stats_create(struct zt_stats_file *file, const char *path, enum zt_stats_kind kind,
                    uint32_t count, struct zt_failure *failure)
{
    size_t length = page_size(count);
    char temporary[4096];
    void *page;
    int fd = -1;

    if (path) {
        fd = create_file(path, temporary, sizeof(temporary), length, failure);
        if (fd < 0)
            return -1;
    }
    page = mmap(NULL, length, PROT_READ | PROT_WRITE,
                path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);
    if (fd >= 0)
        close(fd);
    if (page == MAP_FAILED)
        return zt_fail(failure, ZT_EXIT_FAILED, "stats-file",
                       "the statistics page cannot be mapped: %s", strerror(errno));
    file->header = page;
    file->entries = (struct zt_stats_entry *)((uint8_t *)page + ZT_STATS_HEADER_SIZE);
    *file->header = (struct zt_stats_header){
        .magic = ZT_STATS_MAGIC,
        .version = ZT_STATS_VERSION,
        .kind = kind,
        .entry_count = count,
        .entry_size = ZT_STATS_ENTRY_SIZE,
        .pid = (uint32_t)getpid(),
        .state = ZT_STATS_STARTING,
    };
    if (path && rename(temporary, path)) {
        int error = errno;

        unlink(temporary);
        munmap(page, length);
        file->header = NULL;
        return zt_fail(failure, ZT_EXIT_FAILED, "stats-file", "%s: %s", path, strerror(error));
    }
    return 0;
}

void zt_stats_begin(struct zt_stats_file *file)
{
    __atomic_store_n(&file->header->sequence, file->header->sequence + 1, __ATOMIC_RELAXED);
    /* The odd number is visible before anything that is written under it. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void zt_stats_end(struct zt_stats_file *file, uint64_t now)
{
    file->header->now = now;
    __atomic_store_n(&file->header->sequence, file->header->sequence + 1, __ATOMIC_RELEASE);
}

void zt_stats_state(struct zt_stats_file *file, enum zt_stats_state state)
{
    __atomic_store_n(&file->header->state, (uint32_t)state, __ATOMIC_RELEASE);
}

void zt_stats_close(struct zt_stats_file *file)
{
    if (!file->header)
        return;
    zt_stats_state(file, ZT_STATS_STOPPED);
    munmap(file->header, page_size(file->header->entry_count));
    file->header = NULL;
}
