/* SPDX-License-Identifier: Apache-2.0 */
#include "src/replay/capture_file.h"

#include <stdio.h>
#include <string.h>

#include "src/base/error.h"

#define LINKTYPE_ETHERNET 1u
/* Longer than any frame with room to spare; a larger length is a wrong one. */
#define FRAME_MAX (256u * 1024)

#define CLASSIC_MICRO 0xa1b2c3d4u
#define CLASSIC_NANO 0xa1b23c4du
#define SECTION 0x0a0d0d0au
#define SECTION_ORDER 0x1a2b3c4du
#define INTERFACE_DESCRIPTION 1u
#define SIMPLE_PACKET 3u
#define ENHANCED_PACKET 6u
#define OPTION_TSRESOL 9u

static bool malformed(struct zt_error *error, size_t offset, const char *message)
{
    char where[40];
    snprintf(where, sizeof where, "offset %zu", offset);
    return zt_error_set(error, "capture-malformed", where, "%s", message);
}

static uint32_t get32(const struct zt_capture_reader *reader, size_t offset)
{
    uint32_t value;
    memcpy(&value, reader->data + offset, 4);
    return reader->swapped ? __builtin_bswap32(value) : value;
}
static uint16_t get16(const struct zt_capture_reader *reader, size_t offset)
{
    uint16_t value;
    memcpy(&value, reader->data + offset, 2);
    return reader->swapped ? __builtin_bswap16(value) : value;
}

static bool open_classic(struct zt_capture_reader *reader, struct zt_error *error)
{
    if (reader->length < 24)
        return malformed(error, 0, "the file header is cut off");
    if ((get32(reader, 20) & 0x0fffffff) != LINKTYPE_ETHERNET)
        return malformed(error, 20, "the link type is not Ethernet");
    reader->offset = 24;
    return true;
}

bool zt_capture_file_open(struct zt_capture_reader *reader, const uint8_t *data, size_t length,
                          struct zt_error *error)
{
    *reader = (struct zt_capture_reader){ .data = data, .length = length };
    if (length < 4)
        return malformed(error, 0, "no capture: neither pcap nor pcapng");
    uint32_t magic = get32(reader, 0);
    if (magic == SECTION) {
        reader->next_generation = true;
        return true;
    }
    reader->swapped =
        magic == __builtin_bswap32(CLASSIC_MICRO) || magic == __builtin_bswap32(CLASSIC_NANO);
    magic = get32(reader, 0);
    if (magic != CLASSIC_MICRO && magic != CLASSIC_NANO)
        return malformed(error, 0, "no capture: neither pcap nor pcapng");
    reader->unit = magic == CLASSIC_NANO ? 1 : 1000;
    return open_classic(reader, error);
}

static bool check_lengths(uint32_t captured, uint32_t original, size_t left, size_t offset,
                          struct zt_error *error)
{
    if (captured > FRAME_MAX)
        return malformed(error, offset, "the frame is longer than any");
    if (captured > left)
        return malformed(error, offset, "the frame is cut off by the end of the file or block");
    return captured == original || malformed(error, offset, "the frame was captured in part");
}

static enum zt_capture_next next_classic(struct zt_capture_reader *reader,
                                         struct zt_captured *captured, struct zt_error *error)
{
    size_t at = reader->offset, left = reader->length - at;
    if (left == 0)
        return ZT_CAPTURE_AT_END;
    if (left < 16) {
        malformed(error, at, "a record header is cut off");
        return ZT_CAPTURE_MALFORMED;
    }
    uint32_t length = get32(reader, at + 8);
    if (!check_lengths(length, get32(reader, at + 12), left - 16, at + 8, error))
        return ZT_CAPTURE_MALFORMED;
    captured->time =
        (uint64_t)get32(reader, at) * 1000000000u + (uint64_t)get32(reader, at + 4) * reader->unit;
    captured->frame = reader->data + at + 16;
    captured->length = length;
    reader->offset += 16 + (size_t)length;
    return ZT_CAPTURE_FRAME;
}

/* if_tsresol: 6 when it is absent, that is microseconds. */
static uint8_t read_resolution(const struct zt_capture_reader *reader, size_t at, size_t end)
{
    while (at + 4 <= end) {
        uint16_t code = get16(reader, at), length = get16(reader, at + 2);
        if (code == 0 || at + 4 + length > end)
            break;
        if (code == OPTION_TSRESOL && length == 1)
            return reader->data[at + 4];
        at += 4 + ((length + 3u) & ~3u);
    }
    return 6;
}

static bool read_interface(struct zt_capture_reader *reader, size_t at, size_t end,
                           struct zt_error *error)
{
    if (end - at < 8)
        return malformed(error, at, "the interface description is too short");
    if (get16(reader, at) != LINKTYPE_ETHERNET)
        return malformed(error, at, "the link type is not Ethernet");
    if (reader->interfaces == ZT_CAPTURE_INTERFACES)
        return malformed(error, at, "more than 64 interfaces in a section");
    uint8_t resolution = read_resolution(reader, at + 8, end);
    if (resolution > 9)
        return malformed(error, at,
                         "a time resolution finer than a nanosecond, or of base 2, is not read");
    reader->resolution[reader->interfaces++] = resolution;
    return true;
}

static bool read_section(struct zt_capture_reader *reader, size_t at, struct zt_error *error)
{
    if (reader->length - at < 12)
        return malformed(error, at, "the section header is cut off");
    reader->swapped = false;
    reader->swapped = get32(reader, at + 8) == __builtin_bswap32(SECTION_ORDER);
    reader->interfaces = 0;
    return get32(reader, at + 8) == SECTION_ORDER ||
           malformed(error, at + 8, "the byte-order magic is wrong");
}

static bool read_packet(const struct zt_capture_reader *reader, size_t at, size_t end,
                        struct zt_captured *captured, struct zt_error *error)
{
    if (end - at < 20)
        return malformed(error, at, "the packet block is too short");
    uint32_t interface = get32(reader, at), length = get32(reader, at + 12);
    if (interface >= reader->interfaces)
        return malformed(error, at, "the packet is of an interface that was not described");
    if (!check_lengths(length, get32(reader, at + 16), end - at - 20, at + 12, error))
        return false;
    uint64_t time = (uint64_t)get32(reader, at + 4) << 32 | get32(reader, at + 8);
    for (uint8_t digits = reader->resolution[interface]; digits < 9; digits++)
        if (__builtin_mul_overflow(time, 10, &time))
            return malformed(error, at + 4, "the time does not fit into 64 bits of nanoseconds");
    *captured = (struct zt_captured){ time, reader->data + at + 20, length };
    return true;
}

static enum zt_capture_next next_block(struct zt_capture_reader *reader,
                                       struct zt_captured *captured, struct zt_error *error)
{
    while (reader->offset < reader->length) {
        size_t at = reader->offset, left = reader->length - at;
        if (left < 12) {
            malformed(error, at, "a block is cut off");
            return ZT_CAPTURE_MALFORMED;
        }
        uint32_t type = get32(reader, at);
        if (type == SECTION && !read_section(reader, at, error))
            return ZT_CAPTURE_MALFORMED;
        uint32_t length = get32(reader, at + 4);
        if (length < 12 || length % 4 != 0 || length > left) {
            malformed(error, at + 4, "the block's length is wrong, or it is cut off");
            return ZT_CAPTURE_MALFORMED;
        }
        reader->offset += length;
        size_t body = at + 8, end = at + length - 4;
        if (type == SIMPLE_PACKET) {
            malformed(error, at, "a simple packet block has no time; enhanced ones are read");
            return ZT_CAPTURE_MALFORMED;
        }
        if (type == INTERFACE_DESCRIPTION && !read_interface(reader, body, end, error))
            return ZT_CAPTURE_MALFORMED;
        if (type == ENHANCED_PACKET)
            return read_packet(reader, body, end, captured, error) ? ZT_CAPTURE_FRAME
                                                                   : ZT_CAPTURE_MALFORMED;
    }
    return ZT_CAPTURE_AT_END;
}

enum zt_capture_next zt_capture_file_next(struct zt_capture_reader *reader,
                                          struct zt_captured *captured, struct zt_error *error)
{
    return reader->next_generation ? next_block(reader, captured, error)
                                   : next_classic(reader, captured, error);
}
