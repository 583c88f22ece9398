/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Internet checksum (RFC 1071) and its incremental update (RFC 1624, equation 3). */
#ifndef ZTOS_CHECKSUM_H
#define ZTOS_CHECKSUM_H

#ifdef __SSE2__
#include <immintrin.h>
#endif

#include "ztos/bytes.h"

/*
 * A sum in progress: 16-bit words added up in memory order, not folded. Reads of a sum are not traced: whatever is summed
 * is summed again for each packet.
 */
typedef struct {
    uint64_t raw;
} zt_sum;

#ifdef __SSE2__
/* Of whole 32 octets, at least 32, for processors with AVX2: words of 32 bits in lanes of 64. */
__attribute__((target("avx2"), noinline, unused)) static uint64_t zt_sum_wide(const uint8_t *at,
                                                                              uint32_t length)
{
    const __m256i low = _mm256_set1_epi64x(0xffffffff);
    __m256i even = _mm256_setzero_si256(), odd = even;
    for (const uint8_t *end = at + length; at != end; at += 32) {
        __m256i words = _mm256_loadu_si256((const __m256i *)(const void *)at);
        even = _mm256_add_epi64(even, _mm256_and_si256(words, low));
        odd = _mm256_add_epi64(odd, _mm256_srli_epi64(words, 32));
    }
    even = _mm256_add_epi64(even, odd);
    __m128i sum = _mm_add_epi64(_mm256_castsi256_si128(even), _mm256_extracti128_si256(even, 1));
    return (uint64_t)_mm_cvtsi128_si64(sum) + (uint64_t)_mm_extract_epi64(sum, 1);
}
#endif

static inline zt_sum zt_sum_add(zt_sum sum, const uint8_t *at, uint32_t length)
{
    uint64_t total = sum.raw;
#ifdef __SSE2__
    /* Words of 32 bits in lanes of 64: payloads are summed up as fast as they are loaded. */
    if (length >= 128 && __builtin_cpu_supports("avx2")) {
        uint32_t whole = length & ~UINT32_C(31);
        total += zt_sum_wide(at, whole);
        at += whole;
        length -= whole;
    } else if (length >= 64) {
        const __m128i low = _mm_set1_epi64x(0xffffffff);
        __m128i even = _mm_setzero_si128(), odd = even;
        uint64_t lanes[2];
        for (; length >= 32; at += 32, length -= 32) {
            __m128i first = _mm_loadu_si128((const __m128i *)(const void *)at);
            __m128i second = _mm_loadu_si128((const __m128i *)(const void *)(at + 16));
            even = _mm_add_epi64(
                even, _mm_add_epi64(_mm_and_si128(first, low), _mm_and_si128(second, low)));
            odd = _mm_add_epi64(
                odd, _mm_add_epi64(_mm_srli_epi64(first, 32), _mm_srli_epi64(second, 32)));
        }
        _mm_storeu_si128((__m128i *)(void *)lanes, _mm_add_epi64(even, odd));
        total += lanes[0] + lanes[1];
    }
#endif
    while (length >= 8) {
        uint64_t chunk;
        memcpy(&chunk, at, 8);
        total += (chunk & 0xffffffffu) + (chunk >> 32);
        at += 8;
        length -= 8;
    }
    while (length >= 2) {
        uint16_t word;
        memcpy(&word, at, 2);
        total += word;
        at += 2;
        length -= 2;
    }
    /* RFC 1071: an odd octet is padded with a zero behind it. */
    if (length != 0)
        total += *at;
    return (zt_sum){ total };
}

/* Adds a number as a 16-bit word in network order. */
static inline zt_sum zt_sum_add_u16(zt_sum sum, uint16_t host)
{
    return (zt_sum){ sum.raw + zt_net16(host).raw };
}

/* One's complement sum in 16 bits, network order; not complemented. */
static inline uint16_t zt_sum_fold(zt_sum sum)
{
    uint64_t total = sum.raw;
    total = (total & 0xffffffffu) + (total >> 32);
    total = (total & 0xffffffffu) + (total >> 32);
    total = (total & 0xffffu) + (total >> 16);
    total = (total & 0xffffu) + (total >> 16);
    total = (total & 0xffffu) + (total >> 16);
    return (uint16_t)total;
}

/* The checksum to write for a sum over everything else. */
static inline zt_be16 zt_sum_checksum(zt_sum sum)
{
    return (zt_be16){ (uint16_t)~zt_sum_fold(sum) };
}

/* Whether a sum over everything, the checksum included, says that it is right. */
static inline bool zt_sum_is_right(zt_sum sum)
{
    return zt_sum_fold(sum) == 0xffffu;
}

/* RFC 1624 equation 3: HC' = ~(~HC + ~m + m'), for a word that changed from `before` to `after`. */
static inline zt_be16 zt_checksum_update(zt_be16 checksum, zt_be16 before, zt_be16 after)
{
    uint32_t total = (uint16_t)~checksum.raw;
    total += (uint16_t)~before.raw;
    total += after.raw;
    total = (total & 0xffffu) + (total >> 16);
    total = (total & 0xffffu) + (total >> 16);
    return (zt_be16){ (uint16_t)~total };
}

#endif
