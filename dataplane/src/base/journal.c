/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/error.h"

#define BUFFER (256u * 1024)

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "journals are written in host order, little-endian");

struct zt_journal_writer {
    int fd;
    /* errno of the first failed write, 0 when there was none. */
    int failed;
    uint64_t octets, inputs, outputs;
    /* Of the last record. */
    uint64_t now;
    uint32_t used;
    uint8_t buffer[BUFFER];
};

static void put16(uint8_t *at, uint16_t value)
{
    memcpy(at, &value, 2);
}
static void put32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, 4);
}
static void put64(uint8_t *at, uint64_t value)
{
    memcpy(at, &value, 8);
}

static void write_out(struct zt_journal_writer *writer, const uint8_t *data, size_t length)
{
    while (length > 0 && writer->failed == 0) {
        ssize_t written = write(writer->fd, data, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            writer->failed = written < 0 ? errno : EIO;
            return;
        }
        data += written;
        length -= (size_t)written;
        writer->octets += (uint64_t)written;
    }
}

static void flush(struct zt_journal_writer *writer)
{
    write_out(writer, writer->buffer, writer->used);
    writer->used = 0;
}

static void put(struct zt_journal_writer *writer, const void *data, uint32_t length)
{
    if (length == 0)
        return;
    if (length > BUFFER - writer->used)
        flush(writer);
    if (length > BUFFER) {
        write_out(writer, data, length);
        return;
    }
    memcpy(writer->buffer + writer->used, data, length);
    writer->used += length;
}

struct zt_journal_writer *zt_journal_create(const char *path, struct zt_error *error)
{
    /* With O_NONBLOCK a FIFO that nobody reads is an error (ENXIO) and not waited for. */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0 || fcntl(fd, F_SETFL, 0) != 0 || fchmod(fd, 0600) != 0) {
        zt_error_set(error, "journal-unwritable", path, "cannot write the journal: %s",
                     strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct zt_journal_writer *writer = zt_calloc(1, sizeof *writer);
    writer->fd = fd;
    uint8_t header[ZT_JOURNAL_HEADER_LENGTH] = ZT_JOURNAL_MAGIC;
    put32(header + 8, ZT_JOURNAL_VERSION);
    put32(header + 12, 0);
    put(writer, header, sizeof header);
    return writer;
}

void zt_journal_record(struct zt_journal_writer *writer, uint16_t type, uint16_t interface,
                       uint64_t now, const void *payload, uint32_t length)
{
    uint8_t header[ZT_JOURNAL_RECORD_HEADER_LENGTH];
    put32(header, length);
    put16(header + 4, type);
    put16(header + 6, interface);
    put64(header + 8, now);
    put(writer, header, sizeof header);
    put(writer, payload, length);
    writer->now = now;
    if (type < 16)
        writer->inputs++;
    else if (type != ZT_JOURNAL_END)
        writer->outputs++;
}

void zt_journal_input(struct zt_journal_writer *writer, const struct zt_input *input)
{
    zt_journal_record(writer, (uint16_t)input->kind, input->interface, input->now, input->data,
                      input->length);
}

void zt_journal_effect(struct zt_journal_writer *writer, uint64_t now,
                       const struct zt_effect *effect)
{
    if (effect->kind == ZT_EFFECT_FATE) {
        uint8_t code[2];
        put16(code, effect->fate);
        zt_journal_record(writer, ZT_JOURNAL_FATE, 0, now, code, sizeof code);
        return;
    }
    zt_journal_record(writer, (uint16_t)effect->kind, effect->interface, now, effect->data,
                      effect->length);
}

void zt_journal_vector(struct zt_journal_writer *writer, const struct zt_input *inputs,
                       uint32_t count, struct zt_effects effects)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < count; i++) {
        zt_journal_input(writer, &inputs[i]);
        for (; next < effects.count && effects.list[next].input == i; next++)
            zt_journal_effect(writer, inputs[i].now, &effects.list[next]);
    }
}

static bool lost(const struct zt_journal_writer *writer, struct zt_error *error)
{
    return zt_error_set(error, "journal-unwritable", "journal",
                        "%" PRIu64 " octets written, then: %s", writer->octets,
                        strerror(writer->failed));
}

bool zt_journal_sync(struct zt_journal_writer *writer, uint64_t *octets, struct zt_error *error)
{
    flush(writer);
    if (writer->failed != 0)
        return lost(writer, error);
    if (octets != NULL)
        *octets = writer->octets;
    return true;
}

bool zt_journal_close(struct zt_journal_writer *writer, struct zt_error *error)
{
    uint8_t counts[16];
    put64(counts, writer->inputs);
    put64(counts + 8, writer->outputs);
    zt_journal_record(writer, ZT_JOURNAL_END, 0, writer->now, counts, sizeof counts);
    bool written = zt_journal_sync(writer, NULL, error);
    if (close(writer->fd) != 0 && written)
        written = zt_error_set(error, "journal-unwritable", "journal", "closing failed: %s",
                               strerror(errno));
    free(writer);
    return written;
}

void zt_journal_abandon(struct zt_journal_writer *writer)
{
    flush(writer);
    close(writer->fd);
    free(writer);
}
