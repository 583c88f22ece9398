/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * Octets of frames: loads and stores at any alignment. Network order and host order are different types, so that one
 * cannot be passed for the other; so are EtherType, IP protocol and port.
 *
 * With ZT_TRACE_READS every load is reported: the flow cache then checks that a decision read nothing that is neither in
 * an entry's key nor looked at for each packet.
 */
#ifndef ZTOS_BYTES_H
#define ZTOS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef ZT_TRACE_READS
void zt_trace_read(const uint8_t *at, size_t length);
#define ZT_TRACE_LOAD(at, length) zt_trace_read((at), (length))
#else
#define ZT_TRACE_LOAD(at, length) ((void)0)
#endif

/* Network order, as in a frame. */
typedef struct {
    uint16_t raw;
} zt_be16;
typedef struct {
    uint32_t raw;
} zt_be32;

/* Host order. */
typedef struct {
    uint16_t value;
} zt_ethertype;
typedef struct {
    uint8_t value;
} zt_protocol;
typedef struct {
    uint16_t value;
} zt_l4_port;

static inline uint16_t zt_host16(zt_be16 net)
{
    return __builtin_bswap16(net.raw);
}
static inline uint32_t zt_host32(zt_be32 net)
{
    return __builtin_bswap32(net.raw);
}
static inline zt_be16 zt_net16(uint16_t host)
{
    return (zt_be16){ __builtin_bswap16(host) };
}
static inline zt_be32 zt_net32(uint32_t host)
{
    return (zt_be32){ __builtin_bswap32(host) };
}

static inline uint8_t zt_load_u8(const uint8_t *at)
{
    ZT_TRACE_LOAD(at, 1);
    return *at;
}
static inline zt_be16 zt_load_be16(const uint8_t *at)
{
    zt_be16 net;
    ZT_TRACE_LOAD(at, 2);
    memcpy(&net.raw, at, 2);
    return net;
}
static inline zt_be32 zt_load_be32(const uint8_t *at)
{
    zt_be32 net;
    ZT_TRACE_LOAD(at, 4);
    memcpy(&net.raw, at, 4);
    return net;
}
/* The number that stands at `at` in network order. */
static inline uint16_t zt_load_u16(const uint8_t *at)
{
    return zt_host16(zt_load_be16(at));
}
static inline uint32_t zt_load_u32(const uint8_t *at)
{
    return zt_host32(zt_load_be32(at));
}

static inline void zt_store_be16(uint8_t *at, zt_be16 net)
{
    memcpy(at, &net.raw, 2);
}
static inline void zt_store_be32(uint8_t *at, zt_be32 net)
{
    memcpy(at, &net.raw, 4);
}
static inline void zt_store_u16(uint8_t *at, uint16_t host)
{
    zt_store_be16(at, zt_net16(host));
}
static inline void zt_store_u32(uint8_t *at, uint32_t host)
{
    zt_store_be32(at, zt_net32(host));
}

#endif
