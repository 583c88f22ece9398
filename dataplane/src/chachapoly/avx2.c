/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight lanes: a word of the state of ChaCha20 (RFC 8439 section 2.3) of eight blocks in a register; Poly1305 (section 2.5) of four
 * texts in five limbs of 26 bits, four in a register.
 */
#include <immintrin.h>

#include "src/chachapoly/lanes.h"

#define WIDE __attribute__((target("avx2")))
#define INLINE WIDE static inline __attribute__((always_inline))

#define UNROLL _Pragma("GCC unroll 16")

#define LANES 8
#define WORDS 16

/* ---- ChaCha20 */

INLINE __m256i rotate16(__m256i x)
{
    return _mm256_shuffle_epi8(x, _mm256_set_epi64x(0x0d0c0f0e09080b0a, 0x0504070601000302,
                                                    0x0d0c0f0e09080b0a, 0x0504070601000302));
}

INLINE __m256i rotate8(__m256i x)
{
    return _mm256_shuffle_epi8(x, _mm256_set_epi64x(0x0e0d0c0f0a09080b, 0x0605040702010003,
                                                    0x0e0d0c0f0a09080b, 0x0605040702010003));
}

INLINE __m256i rotate(__m256i x, int bits)
{
    return _mm256_or_si256(_mm256_slli_epi32(x, bits), _mm256_srli_epi32(x, 32 - bits));
}

INLINE void quarter(__m256i *a, __m256i *b, __m256i *c, __m256i *d)
{
    *a = _mm256_add_epi32(*a, *b);
    *d = rotate16(_mm256_xor_si256(*d, *a));
    *c = _mm256_add_epi32(*c, *d);
    *b = rotate(_mm256_xor_si256(*b, *c), 12);
    *a = _mm256_add_epi32(*a, *b);
    *d = rotate8(_mm256_xor_si256(*d, *a));
    *c = _mm256_add_epi32(*c, *d);
    *b = rotate(_mm256_xor_si256(*b, *c), 7);
}

INLINE void twenty_rounds(__m256i x[WORDS])
{
    for (int i = 0; i < 10; i++) {
        quarter(&x[0], &x[4], &x[8], &x[12]);
        quarter(&x[1], &x[5], &x[9], &x[13]);
        quarter(&x[2], &x[6], &x[10], &x[14]);
        quarter(&x[3], &x[7], &x[11], &x[15]);
        quarter(&x[0], &x[5], &x[10], &x[15]);
        quarter(&x[1], &x[6], &x[11], &x[12]);
        quarter(&x[2], &x[7], &x[8], &x[13]);
        quarter(&x[3], &x[4], &x[9], &x[14]);
    }
}

/* Eight rows of eight words become eight columns. */
INLINE void turn(__m256i x[8])
{
    __m256i pair[8], four[8];

    UNROLL
    for (int i = 0; i < 8; i += 2) {
        pair[i] = _mm256_unpacklo_epi32(x[i], x[i + 1]);
        pair[i + 1] = _mm256_unpackhi_epi32(x[i], x[i + 1]);
    }
    UNROLL
    for (int i = 0; i < 8; i += 4) {
        four[i] = _mm256_unpacklo_epi64(pair[i], pair[i + 2]);
        four[i + 1] = _mm256_unpackhi_epi64(pair[i], pair[i + 2]);
        four[i + 2] = _mm256_unpacklo_epi64(pair[i + 1], pair[i + 3]);
        four[i + 3] = _mm256_unpackhi_epi64(pair[i + 1], pair[i + 3]);
    }
    UNROLL
    for (int i = 0; i < 4; i++) {
        x[i] = _mm256_permute2x128_si256(four[i], four[4 + i], 0x20);
        x[4 + i] = _mm256_permute2x128_si256(four[i], four[4 + i], 0x31);
    }
}

INLINE void cover(__m256i first, __m256i second, const uint8_t *in, uint8_t *out, uint32_t left)
{
    if (left >= ZT_CHACHA_BLOCK) {
        __m256i a = _mm256_loadu_si256((const __m256i *)in);
        __m256i b = _mm256_loadu_si256((const __m256i *)(in + 32));
        _mm256_storeu_si256((__m256i *)out, _mm256_xor_si256(first, a));
        _mm256_storeu_si256((__m256i *)(out + 32), _mm256_xor_si256(second, b));
        return;
    }
    _Alignas(32) uint8_t stream[ZT_CHACHA_BLOCK];
    _mm256_store_si256((__m256i *)stream, first);
    _mm256_store_si256((__m256i *)(stream + 32), second);
    for (uint32_t i = 0; i < left; i++)
        out[i] = in[i] ^ stream[i];
    explicit_bzero(stream, sizeof stream);
}

/* The last four words of each of eight lanes, a lane in each 32 bits. */
INLINE void load_rows(__m256i words[4], const uint32_t row[LANES][4])
{
    __m256i both[4];

    UNROLL
    for (int i = 0; i < 4; i++) {
        both[i] = _mm256_castsi128_si256(_mm_load_si128((const __m128i *)row[i]));
        both[i] = _mm256_inserti128_si256(both[i], _mm_load_si128((const __m128i *)row[4 + i]), 1);
    }
    __m256i a = _mm256_unpacklo_epi32(both[0], both[1]),
            b = _mm256_unpackhi_epi32(both[0], both[1]);
    __m256i c = _mm256_unpacklo_epi32(both[2], both[3]),
            d = _mm256_unpackhi_epi32(both[2], both[3]);
    words[0] = _mm256_unpacklo_epi64(a, c);
    words[1] = _mm256_unpackhi_epi64(a, c);
    words[2] = _mm256_unpacklo_epi64(b, d);
    words[3] = _mm256_unpackhi_epi64(b, d);
}

/* Eight blocks of key stream, each in two halves, of words as each lane starts with. */
INLINE void key_streams(const __m256i start[WORDS], __m256i x[WORDS])
{
    UNROLL
    for (int i = 0; i < WORDS; i++)
        x[i] = start[i];
    twenty_rounds(x);
    UNROLL
    for (int i = 0; i < WORDS; i++)
        x[i] = _mm256_add_epi32(x[i], start[i]);
    turn(x);
    turn(x + 8);
}

INLINE void set_constants(__m256i start[WORDS])
{
    start[0] = _mm256_set1_epi32(0x61707865);
    start[1] = _mm256_set1_epi32(0x3320646e);
    start[2] = _mm256_set1_epi32(0x79622d32);
    start[3] = _mm256_set1_epi32(0x6b206574);
}

WIDE static void run_chacha(const struct zt_chacha_lanes *lanes)
{
    __m256i start[WORDS], x[WORDS];

    set_constants(start);
    UNROLL
    for (int i = 0; i < LANES; i++)
        start[4 + i] = _mm256_loadu_si256((const __m256i *)lanes->key[i]);
    turn(start + 4);
    load_rows(start + 12, lanes->row);
    key_streams(start, x);
    UNROLL
    for (uint32_t i = 0; i < LANES; i++)
        if (i < lanes->count)
            cover(x[i], x[8 + i], lanes->in[i], lanes->out[i], lanes->left[i]);
}

INLINE __m256i everywhere(const uint8_t *word)
{
    int value;
    memcpy(&value, word, sizeof value);
    return _mm256_set1_epi32(value);
}

WIDE static void run_text(const struct zt_aead_job *job, uint32_t block)
{
    __m256i start[WORDS], x[WORDS];
    size_t at = (size_t)(block - 1) * ZT_CHACHA_BLOCK;

    set_constants(start);
    UNROLL
    for (int i = 0; i < 8; i++)
        start[4 + i] = everywhere(job->key + 4 * i);
    start[12] =
        _mm256_add_epi32(_mm256_set1_epi32((int)block), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    UNROLL
    for (int i = 0; i < 3; i++)
        start[13 + i] = everywhere(job->nonce + 4 * i);
    key_streams(start, x);
    UNROLL
    for (int i = 0; i < LANES; i++) {
        size_t here = at + (size_t)i * ZT_CHACHA_BLOCK;
        cover(x[i], x[8 + i], job->in + here, job->out + here, ZT_CHACHA_BLOCK);
    }
}

/* ---- Poly1305 */

#define POLY_LANES 4
#define LIMBS 5
#define LOW26 ((INT64_C(1) << 26) - 1)
/* 2^128, the bit above each block, in the fifth limb. */
#define TOP_BIT (INT64_C(1) << 24)

struct poly {
    __m256i h[LIMBS], r[LIMBS], rx5[LIMBS];
    /* Limbs of all blocks, added up. */
    __m256i sum[LIMBS];
};

INLINE __m256i low26(__m256i x)
{
    return _mm256_and_si256(x, _mm256_set1_epi64x(LOW26));
}

/* Two little-endian 64-bit halves to limbs. */
INLINE void split(__m256i low, __m256i high, __m256i limbs[LIMBS])
{
    limbs[0] = low26(low);
    limbs[1] = low26(_mm256_srli_epi64(low, 26));
    limbs[2] = low26(_mm256_or_si256(_mm256_srli_epi64(low, 52), _mm256_slli_epi64(high, 12)));
    limbs[3] = low26(_mm256_srli_epi64(high, 14));
    limbs[4] = _mm256_srli_epi64(high, 40);
}

/* Sixteen octets of each of four lanes, as two halves. */
INLINE void load_octets(const uint8_t *const at[POLY_LANES], size_t offset, __m256i *low,
                        __m256i *high)
{
    __m128i lane[POLY_LANES];

    UNROLL
    for (int i = 0; i < POLY_LANES; i++)
        lane[i] = _mm_loadu_si128((const __m128i *)(at[i] + offset));
    __m256i even = _mm256_inserti128_si256(_mm256_castsi128_si256(lane[0]), lane[2], 1);
    __m256i odd = _mm256_inserti128_si256(_mm256_castsi128_si256(lane[1]), lane[3], 1);
    *low = _mm256_unpacklo_epi64(even, odd);
    *high = _mm256_unpackhi_epi64(even, odd);
}

/* h = (h + block) r, carried so that it may be multiplied again. Limbs i and j count 2^(26 (i + j)); 2^130 is 5. */
INLINE void absorb(struct poly *p, __m256i low, __m256i high)
{
    __m256i m[LIMBS], h[LIMBS], d[LIMBS];

    split(low, high, m);
    UNROLL
    for (int i = 0; i < LIMBS; i++)
        p->sum[i] = _mm256_add_epi64(p->sum[i], m[i]);
    m[4] = _mm256_or_si256(m[4], _mm256_set1_epi64x(TOP_BIT));
    UNROLL
    for (int i = 0; i < LIMBS; i++)
        h[i] = _mm256_add_epi64(p->h[i], m[i]);
    UNROLL
    for (int k = 0; k < LIMBS; k++) {
        d[k] = _mm256_mul_epu32(h[0], p->r[k]);
        UNROLL
        for (int i = 1; i < LIMBS; i++)
            d[k] = _mm256_add_epi64(
                d[k], _mm256_mul_epu32(h[i], i <= k ? p->r[k - i] : p->rx5[LIMBS + k - i]));
    }
    UNROLL
    for (int k = 0; k < LIMBS - 1; k++) {
        d[k + 1] = _mm256_add_epi64(d[k + 1], _mm256_srli_epi64(d[k], 26));
        p->h[k] = low26(d[k]);
    }
    __m256i above = _mm256_srli_epi64(d[4], 26);
    p->h[4] = low26(d[4]);
    __m256i first = _mm256_add_epi64(p->h[0], _mm256_add_epi64(above, _mm256_slli_epi64(above, 2)));
    p->h[1] = _mm256_add_epi64(p->h[1], _mm256_srli_epi64(first, 26));
    p->h[0] = low26(first);
}

/* r is clamped (section 2.5). */
INLINE void begin(struct poly *p, const uint8_t *const one_time[POLY_LANES])
{
    __m256i low, high;

    load_octets(one_time, 0, &low, &high);
    low = _mm256_and_si256(low, _mm256_set1_epi64x(INT64_C(0x0ffffffc0fffffff)));
    high = _mm256_and_si256(high, _mm256_set1_epi64x(INT64_C(0x0ffffffc0ffffffc)));
    split(low, high, p->r);
    for (int i = 0; i < LIMBS; i++) {
        p->rx5[i] = _mm256_add_epi64(p->r[i], _mm256_slli_epi64(p->r[i], 2));
        p->h[i] = p->sum[i] = _mm256_setzero_si256();
    }
}

/* One lane's h modulo 2^130 - 5, plus the second half of the one-time key, modulo 2^128: once a text, so not worth lanes. */
static void finish(const uint64_t limbs[LIMBS], const uint8_t *one_time, uint8_t *tag)
{
    uint64_t h[LIMBS], g[LIMBS], key[2], over = 0;
    memcpy(h, limbs, sizeof h);
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < LIMBS; i++) {
            h[i] += over;
            over = h[i] >> 26;
            h[i] &= LOW26;
        }
        over *= 5;
    }
    h[0] += over;
    over = 5;
    for (int i = 0; i < LIMBS; i++) {
        g[i] = h[i] + over;
        over = g[i] >> 26;
        g[i] &= LOW26;
    }
    uint64_t take = 0 - over; /* h + 5 reaches 2^130: h is 2^130 - 5 or more */
    for (int i = 0; i < LIMBS; i++)
        h[i] = (h[i] & ~take) | (g[i] & take);
    memcpy(key, one_time + 16, sizeof key);
    uint64_t low = h[0] | h[1] << 26 | h[2] << 52;
    uint64_t high = h[2] >> 12 | h[3] << 14 | h[4] << 40;
    low += key[0];
    high += key[1] + (low < key[0]);
    memcpy(tag, &low, sizeof low);
    memcpy(tag + 8, &high, sizeof high);
}

/* Modulo 0xffff, where 2^32 is 1: limbs count 1, 2^10, 2^4, 2^14 and 2^8. */
INLINE __m256i sum_of(const struct poly *p)
{
    static const int shifts[LIMBS] = { 0, 10, 4, 14, 8 };
    __m256i sum = _mm256_setzero_si256();

    for (int i = 0; i < LIMBS; i++) {
        __m256i low = _mm256_and_si256(p->sum[i], _mm256_set1_epi64x(0xffffffff));
        __m256i folded = _mm256_add_epi64(low, _mm256_srli_epi64(p->sum[i], 32));
        sum = _mm256_add_epi64(sum, _mm256_slli_epi64(folded, shifts[i]));
    }
    return sum;
}

WIDE static void run_poly(struct zt_poly_lane **lanes, uint32_t count)
{
    struct poly p;
    const uint8_t *one_time[POLY_LANES], *at[POLY_LANES], *lengths[POLY_LANES];
    __m256i low, high;
    uint32_t active, run;

    for (uint32_t i = 0; i < POLY_LANES; i++) {
        one_time[i] = lanes[i < count ? i : 0]->one_time;
        lengths[i] = lanes[i < count ? i : 0]->lengths;
    }
    begin(&p, one_time);
    while (zt_poly_has_more(lanes)) {
        run = zt_poly_next_run(lanes, count, at, &active);
        __m256i before[LIMBS], sum_before[LIMBS];
        for (uint32_t i = count; i < POLY_LANES; i++)
            at[i] = at[0];
        for (int i = 0; i < LIMBS; i++) {
            before[i] = p.h[i];
            sum_before[i] = p.sum[i];
        }
        for (uint32_t i = 0; i < run; i++) {
            load_octets(at, (size_t)i * ZT_POLY_BLOCK, &low, &high);
            absorb(&p, low, high);
        }
        const __m256i bits = _mm256_set_epi64x(8, 4, 2, 1);
        __m256i ended = _mm256_cmpeq_epi64(
            _mm256_and_si256(_mm256_set1_epi64x((int64_t)active), bits), _mm256_setzero_si256());
        for (int i = 0; i < LIMBS; i++) {
            p.h[i] = _mm256_blendv_epi8(p.h[i], before[i], ended);
            p.sum[i] = _mm256_blendv_epi8(p.sum[i], sum_before[i], ended);
        }
    }
    load_octets(lengths, 0, &low, &high);
    absorb(&p, low, high);
    _Alignas(32) uint64_t h[LIMBS][POLY_LANES], sums[POLY_LANES];
    for (int i = 0; i < LIMBS; i++)
        _mm256_store_si256((__m256i *)h[i], p.h[i]);
    _mm256_store_si256((__m256i *)sums, sum_of(&p));
    for (uint32_t i = 0; i < count; i++) {
        uint64_t limbs[LIMBS];
        for (int k = 0; k < LIMBS; k++)
            limbs[k] = h[k][i];
        finish(limbs, one_time[i], lanes[i]->tag);
        lanes[i]->sum = sums[i];
    }
}

const struct zt_aead_lanes zt_aead_avx2 = {
    .chacha = LANES,
    .poly = POLY_LANES,
    .run_chacha = run_chacha,
    .run_text = run_text,
    .run_poly = run_poly,
};
