/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/error.h"

enum block_type {
    BLOCK_SECTION_HEADER = 0x0a0d0d0a,
    BLOCK_INTERFACE_DESCRIPTION = 1,
    BLOCK_INTERFACE_STATISTICS = 5,
    BLOCK_ENHANCED_PACKET = 6,
};

enum option_code {
    OPTION_END = 0,
    OPTION_IF_NAME = 2,
    OPTION_IF_TSRESOL = 9,
    OPTION_EPB_FLAGS = 2,
    OPTION_ISB_IFRECV = 4,
    OPTION_ISB_IFDROP = 5,
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINKTYPE_ETHERNET 1u
/* Negative power of ten: nanoseconds. */
#define TSRESOL_NANOSECONDS 9u

struct zt_pcapng {
    FILE *stream;
    char *path;
};

/* A block as it is put together; all but a packet's data is small. */
struct block {
    uint8_t data[256];
    size_t length;
};

static void put(struct block *block, const void *data, size_t length)
{
    memcpy(block->data + block->length, data, length);
    block->length += length;
}

static void put16(struct block *block, uint16_t value)
{
    put(block, &value, sizeof(value));
}

static void put32(struct block *block, uint32_t value)
{
    put(block, &value, sizeof(value));
}

static void pad(struct block *block)
{
    while (block->length % 4 != 0)
        block->data[block->length++] = 0;
}

static void put_option(struct block *block, uint16_t code, const void *value, uint16_t length)
{
    put16(block, code);
    put16(block, length);
    put(block, value, length);
    pad(block);
}

/* pcapng's timestamp: high word, low word. */
static void put_time(struct block *block, uint64_t at)
{
    put32(block, (uint32_t)(at >> 32));
    put32(block, (uint32_t)at);
}

static void write_block(struct zt_pcapng *file, uint32_t type, const struct block *body)
{
    uint32_t total = (uint32_t)body->length + 12;

    fwrite(&type, sizeof(type), 1, file->stream);
    fwrite(&total, sizeof(total), 1, file->stream);
    fwrite(body->data, body->length, 1, file->stream);
    fwrite(&total, sizeof(total), 1, file->stream);
}

static void write_head(struct zt_pcapng *file, const char *interface)
{
    struct block section = { .length = 0 };
    struct block description = { .length = 0 };
    const uint64_t unknown_length = UINT64_MAX;
    const uint8_t resolution = TSRESOL_NANOSECONDS;

    put32(&section, BYTE_ORDER_MAGIC);
    put16(&section, 1);
    put16(&section, 0);
    put(&section, &unknown_length, sizeof(unknown_length));
    write_block(file, BLOCK_SECTION_HEADER, &section);

    put16(&description, LINKTYPE_ETHERNET);
    put16(&description, 0);
    put32(&description, 0);
    put_option(&description, OPTION_IF_NAME, interface, (uint16_t)strnlen(interface, 64));
    put_option(&description, OPTION_IF_TSRESOL, &resolution, sizeof(resolution));
    put32(&description, OPTION_END);
    write_block(file, BLOCK_INTERFACE_DESCRIPTION, &description);
}

struct zt_pcapng *zt_pcapng_create(const char *path, const char *interface,
                                   struct zt_failure *failure)
{
    struct zt_pcapng *file;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "w");

    if (!stream) {
        zt_fail(failure, ZT_EXIT_FAILED, "capture-file", "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    file = zt_calloc(1, sizeof(*file));
    file->stream = stream;
    file->path = strdup(path);
    write_head(file, interface);
    return file;
}

void zt_pcapng_frame(struct zt_pcapng *file, uint64_t at, enum zt_pcapng_direction direction,
                     const uint8_t *data, uint32_t kept, uint32_t length)
{
    static const uint8_t zeros[4];
    struct block head = { .length = 0 };
    struct block tail = { .length = 0 };
    uint32_t flags = direction;
    uint32_t type = BLOCK_ENHANCED_PACKET;
    uint32_t padding = (4 - kept % 4) % 4;
    uint32_t total;

    put32(&head, 0);
    put_time(&head, at);
    put32(&head, kept);
    put32(&head, length);
    put_option(&tail, OPTION_EPB_FLAGS, &flags, sizeof(flags));
    put32(&tail, OPTION_END);
    total = 12 + (uint32_t)head.length + kept + padding + (uint32_t)tail.length;
    fwrite(&type, sizeof(type), 1, file->stream);
    fwrite(&total, sizeof(total), 1, file->stream);
    fwrite(head.data, head.length, 1, file->stream);
    fwrite(data, kept, 1, file->stream);
    fwrite(zeros, padding, 1, file->stream);
    fwrite(tail.data, tail.length, 1, file->stream);
    fwrite(&total, sizeof(total), 1, file->stream);
}

bool zt_pcapng_flush(struct zt_pcapng *file, struct zt_failure *failure)
{
    if (fflush(file->stream) == 0 && !ferror(file->stream))
        return true;
    zt_fail(failure, ZT_EXIT_FAILED, "capture-file", "%s: the capture could not be written",
            file->path);
    return false;
}

bool zt_pcapng_close(struct zt_pcapng *file, uint64_t at, uint64_t received, uint64_t lost,
                     struct zt_failure *failure)
{
    struct block statistics = { .length = 0 };
    bool good;

    put32(&statistics, 0);
    put_time(&statistics, at);
    put_option(&statistics, OPTION_ISB_IFRECV, &received, sizeof(received));
    put_option(&statistics, OPTION_ISB_IFDROP, &lost, sizeof(lost));
    put32(&statistics, OPTION_END);
    write_block(file, BLOCK_INTERFACE_STATISTICS, &statistics);
    good = zt_pcapng_flush(file, failure);
    fclose(file->stream);
    free(file->path);
    free(file);
    return good;
}
