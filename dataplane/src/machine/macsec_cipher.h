/* SPDX-License-Identifier: Apache-2.0 */
/* What sealing and opening give to the cipher: MACSEC-5. */
#ifndef ZTOS_MACHINE_MACSEC_CIPHER_H
#define ZTOS_MACHINE_MACSEC_CIPHER_H

#include <immintrin.h>

#include "src/machine/macsec.h"

/* The IV of a packet number, in the first 12 octets. */
static inline __m128i zt_macsec_iv(const struct zt_sa *sa, uint64_t pn)
{
    __m128i number = _mm_cvtsi64_si128((long long)__builtin_bswap64(pn));
    return _mm_xor_si128(_mm_load_si128((const __m128i *)sa->iv), _mm_slli_si128(number, 4));
}

/* Octets of Secure Data that are authenticated alone. */
static inline uint32_t zt_clear_octets(uint8_t tci, uint32_t secure, uint32_t offset)
{
    return (tci & ZT_TCI_E) == 0 || secure < offset ? secure : offset;
}

/* Octets of additional data, `clear` of them of Secure Data. */
static inline uint32_t zt_aad_octets(uint8_t tci, uint32_t header, uint32_t clear)
{
    if (ZT_MUTANT(aad_without_sectag))
        return ZT_MACSEC_ADDRESSES;
    if (ZT_MUTANT(macsec_offset_unauthenticated) && (tci & ZT_TCI_E) != 0)
        return header;
    return header + clear;
}

#endif
