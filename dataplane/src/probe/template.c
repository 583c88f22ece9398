/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <zlib.h>

#include "src/base/error.h"
#include "src/probe/template.h"
#include "ztos/ip.h"
#include "ztos/udp.h"

/* `ZTTR`, run, trace, CRC-32 of the twelve octets before; big-endian. */
#define TRACE_MAGIC 0x5a545452u
#define TRACE_LENGTH 16u

static bool refuse(struct zt_error *error, const char *what)
{
    return zt_error_set(error, "request-invalid", "/data", "%s", what);
}

bool zt_template_open(struct zt_template *frame, const uint8_t *data, uint32_t length,
                      struct zt_error *error)
{
    struct zt_ip_packet packet;
    const uint8_t *ip = frame->data + ZT_ETH_HEADER;
    uint32_t udp_length, trace_at;
    uint8_t *udp;

    if (length < ZT_ETH_HEADER || length > sizeof(frame->data))
        return refuse(error, "the frame is too short or too long");
    memcpy(frame->data, data, length);
    frame->length = length;
    if (!zt_ip_read_best_effort(frame->data, length, &packet) ||
        zt_ip_protocol(ip, packet.family).value != ZT_PROTOCOL_UDP)
        return refuse(error, "a frame with UDP over IP, without extension headers, is wanted");
    udp = frame->data + ZT_ETH_HEADER + packet.header;
    udp_length = packet.length - packet.header;
    if (ZT_ETH_HEADER + packet.length != length || udp_length < ZT_UDP_HEADER + TRACE_LENGTH ||
        zt_load_u16(udp + 4) != udp_length)
        return refuse(error,
                      "the frame must end with the datagram, and the datagram with a trace id");
    trace_at = udp_length - TRACE_LENGTH;
    if (zt_load_u16(udp + 6) == 0 && packet.family == ZT_IPV4) {
        frame->checksum_at = 0;
        return true;
    }
    frame->checksum_at = (uint32_t)(udp + 6 - frame->data);
    frame->odd = trace_at % 2 != 0;
    zt_store_u16(udp + 6, 0);
    frame->base = zt_sum_add(zt_ip_pseudo_header(ip, packet.family,
                                                 (zt_protocol){ ZT_PROTOCOL_UDP }, udp_length),
                             udp, trace_at)
                      .raw;
    return true;
}

void zt_template_mark(struct zt_template *frame, uint32_t run, uint32_t trace)
{
    uint8_t *mark = frame->data + frame->length - TRACE_LENGTH;
    uint16_t sum;
    zt_be16 checksum;

    zt_store_u32(mark, TRACE_MAGIC);
    zt_store_u32(mark + 4, run);
    zt_store_u32(mark + 8, trace);
    zt_store_u32(mark + 12, (uint32_t)crc32(0, mark, 12));
    if (frame->checksum_at == 0)
        return;
    sum = zt_sum_fold(zt_sum_add((zt_sum){ 0 }, mark, TRACE_LENGTH));
    /* RFC 1071 section 2: a sum over octets moved by one is the sum with its octets swapped. */
    if (frame->odd)
        sum = (uint16_t)(sum << 8 | sum >> 8);
    checksum = zt_sum_checksum((zt_sum){ frame->base + sum });
    if (checksum.raw == 0)
        checksum.raw = 0xffff;
    zt_store_be16(frame->data + frame->checksum_at, checksum);
}

bool zt_trace_read_id(const uint8_t *frame, uint32_t length, uint32_t *run, uint32_t *trace)
{
    const uint8_t *mark;

    if (length < TRACE_LENGTH)
        return false;
    mark = frame + length - TRACE_LENGTH;
    if (zt_load_u32(mark) != TRACE_MAGIC || zt_load_u32(mark + 12) != (uint32_t)crc32(0, mark, 12))
        return false;
    *run = zt_load_u32(mark + 4);
    *trace = zt_load_u32(mark + 8);
    return true;
}
