/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/base/error.h"
#include "src/base/journal.h"

static uint16_t get16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, 2);
    return value;
}
static uint32_t get32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, 4);
    return value;
}
static uint64_t get64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, 8);
    return value;
}

static bool malformed(struct zt_error *error, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool malformed(struct zt_error *error, size_t offset, const char *format, ...)
{
    char where[40], message[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    snprintf(where, sizeof where, "offset %zu", offset);
    return zt_error_set(error, "journal-malformed", where, "%s", message);
}

bool zt_journal_open(struct zt_journal_reader *reader, const uint8_t *data, size_t length,
                     struct zt_error *error)
{
    *reader = (struct zt_journal_reader){ .data = data,
                                          .length = length,
                                          .offset = ZT_JOURNAL_HEADER_LENGTH };
    if (length < ZT_JOURNAL_HEADER_LENGTH || memcmp(data, ZT_JOURNAL_MAGIC, 8) != 0)
        return malformed(error, 0, "no journal: it does not start with " ZT_JOURNAL_MAGIC);
    if (get32(data + 8) != ZT_JOURNAL_VERSION)
        return malformed(error, 8, "journal version %" PRIu32 "; this reader knows %d",
                         get32(data + 8), ZT_JOURNAL_VERSION);
    if (get32(data + 12) != 0)
        return malformed(error, 12, "the reserved word of the header is not zero");
    return true;
}

/* Whether a NEIGHBOUR_IN payload is one: family, present, MAC, address of the family. */
static bool is_neighbour(const uint8_t *payload, uint32_t length)
{
    if (length < 8 || payload[1] > 1)
        return false;
    return (payload[0] == 4 && length == 12) || (payload[0] == 6 && length == 24);
}

static bool check_record(const struct zt_journal_entry *entry, bool first, struct zt_error *error)
{
    bool has_interface = entry->type == ZT_JOURNAL_FRAME_IN || entry->type == ZT_JOURNAL_PUNT_IN ||
                         entry->type == ZT_JOURNAL_NEIGHBOUR_IN ||
                         entry->type == ZT_JOURNAL_FRAME_OUT || entry->type == ZT_JOURNAL_PUNT_OUT;
    size_t at = entry->offset;

    switch (entry->type) {
#define ZT_KNOWN(name, type) case type:
        ZT_FOREACH_JOURNAL_RECORD(ZT_KNOWN)
#undef ZT_KNOWN
        break;
    default:
        return malformed(error, at + 4, "record of unknown type %u", entry->type);
    }
    if (first && entry->type != ZT_JOURNAL_PROGRAM)
        return malformed(error, at + 4, "the first record is of type %u and not PROGRAM",
                         entry->type);
    if (has_interface != (entry->interface != 0))
        return malformed(error, at + 6, "a record of type %u %s an interface", entry->type,
                         has_interface ? "needs" : "has no");
    if (entry->type == ZT_JOURNAL_CLOCK && entry->length != 0)
        return malformed(error, at, "CLOCK has a payload");
    if (entry->type == ZT_JOURNAL_SEED && entry->length != 40)
        return malformed(error, at, "SEED is not wall time and 32 octets of entropy");
    if (entry->type == ZT_JOURNAL_FATE &&
        (entry->length != 2 || zt_fate_name(get16(entry->payload)) == NULL))
        return malformed(error, at, "FATE holds no known code");
    if (entry->type == ZT_JOURNAL_NEIGHBOUR_IN && !is_neighbour(entry->payload, entry->length))
        return malformed(error, at, "NEIGHBOUR_IN is not family, present, MAC and address");
    return true;
}

static enum zt_journal_next read_end(struct zt_journal_reader *reader,
                                     const struct zt_journal_entry *entry, struct zt_error *error)
{
    if (entry->length != 16)
        malformed(error, entry->offset, "END has %" PRIu32 " octets instead of 16", entry->length);
    else if (get64(entry->payload) != reader->inputs ||
             get64(entry->payload + 8) != reader->outputs)
        malformed(error, entry->offset,
                  "END counts %" PRIu64 " inputs and %" PRIu64 " outputs; %" PRIu64 " and %" PRIu64
                  " were read",
                  get64(entry->payload), get64(entry->payload + 8), reader->inputs,
                  reader->outputs);
    else if (reader->offset != reader->length)
        malformed(error, reader->offset, "%zu octets follow END", reader->length - reader->offset);
    else {
        reader->complete = true;
        return ZT_JOURNAL_AT_END;
    }
    return ZT_JOURNAL_MALFORMED;
}

enum zt_journal_next zt_journal_next(struct zt_journal_reader *reader,
                                     struct zt_journal_entry *entry, struct zt_error *error)
{
    size_t left = reader->length - reader->offset;
    const uint8_t *at = reader->data + reader->offset;

    if (left == 0 || reader->complete)
        return ZT_JOURNAL_AT_END;
    uint32_t length = left >= 4 ? get32(at) : 0;
    if (length > ZT_JOURNAL_MAX_PAYLOAD) {
        malformed(error, reader->offset, "a payload of %" PRIu32 " octets is longer than %u",
                  length, ZT_JOURNAL_MAX_PAYLOAD);
        return ZT_JOURNAL_MALFORMED;
    }
    if (left < ZT_JOURNAL_RECORD_HEADER_LENGTH || left - ZT_JOURNAL_RECORD_HEADER_LENGTH < length) {
        reader->cut_off = true;
        return ZT_JOURNAL_AT_END;
    }
    *entry = (struct zt_journal_entry){
        .type = get16(at + 4),
        .interface = get16(at + 6),
        .now = get64(at + 8),
        .length = length,
        .payload = at + ZT_JOURNAL_RECORD_HEADER_LENGTH,
        .offset = reader->offset,
    };
    if (!check_record(entry, reader->offset == ZT_JOURNAL_HEADER_LENGTH, error))
        return ZT_JOURNAL_MALFORMED;
    reader->offset += ZT_JOURNAL_RECORD_HEADER_LENGTH + length;
    if (entry->type == ZT_JOURNAL_END)
        return read_end(reader, entry, error);
    if (entry->now < reader->now) {
        malformed(error, entry->offset + 8, "now %" PRIu64 " is before %" PRIu64, entry->now,
                  reader->now);
        return ZT_JOURNAL_MALFORMED;
    }
    reader->now = entry->now;
    if (entry->type < 16)
        reader->inputs++;
    else
        reader->outputs++;
    return ZT_JOURNAL_RECORD_READ;
}
