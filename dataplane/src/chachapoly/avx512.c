/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sixteen lanes: a word of the state of ChaCha20 (RFC 8439 section 2.3) of sixteen blocks in a register; Poly1305 (section 2.5) of
 * sixteen texts in limbs of 44, 44 and 42 bits, eight in a register, multiplied by AVX-512 IFMA.
 */
#include <immintrin.h>

#include "src/chachapoly/lanes.h"

#define WIDE __attribute__((target("avx512f,avx512bw,avx512vl,avx512ifma")))
#define INLINE WIDE static inline __attribute__((always_inline))

#define UNROLL _Pragma("GCC unroll 16")

#define LANES 16
#define WORDS 16

/* ---- ChaCha20 */

INLINE void quarter(__m512i *a, __m512i *b, __m512i *c, __m512i *d)
{
    *a = _mm512_add_epi32(*a, *b);
    *d = _mm512_rol_epi32(_mm512_xor_si512(*d, *a), 16);
    *c = _mm512_add_epi32(*c, *d);
    *b = _mm512_rol_epi32(_mm512_xor_si512(*b, *c), 12);
    *a = _mm512_add_epi32(*a, *b);
    *d = _mm512_rol_epi32(_mm512_xor_si512(*d, *a), 8);
    *c = _mm512_add_epi32(*c, *d);
    *b = _mm512_rol_epi32(_mm512_xor_si512(*b, *c), 7);
}

INLINE void twenty_rounds(__m512i x[WORDS])
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

/* Rows of four words each become columns, within each 128 bits. */
INLINE void turn_quarters(__m512i *a, __m512i *b, __m512i *c, __m512i *d)
{
    __m512i ab = _mm512_unpacklo_epi32(*a, *b), AB = _mm512_unpackhi_epi32(*a, *b);
    __m512i cd = _mm512_unpacklo_epi32(*c, *d), CD = _mm512_unpackhi_epi32(*c, *d);
    *a = _mm512_unpacklo_epi64(ab, cd);
    *b = _mm512_unpackhi_epi64(ab, cd);
    *c = _mm512_unpacklo_epi64(AB, CD);
    *d = _mm512_unpackhi_epi64(AB, CD);
}

/* The same of four rows of four times 128 bits. */
INLINE void turn_blocks(__m512i *a, __m512i *b, __m512i *c, __m512i *d)
{
    __m512i ab = _mm512_shuffle_i32x4(*a, *b, 0x44), AB = _mm512_shuffle_i32x4(*a, *b, 0xee);
    __m512i cd = _mm512_shuffle_i32x4(*c, *d, 0x44), CD = _mm512_shuffle_i32x4(*c, *d, 0xee);
    *a = _mm512_shuffle_i32x4(ab, cd, 0x88);
    *b = _mm512_shuffle_i32x4(ab, cd, 0xdd);
    *c = _mm512_shuffle_i32x4(AB, CD, 0x88);
    *d = _mm512_shuffle_i32x4(AB, CD, 0xdd);
}

/* Words of sixteen blocks to sixteen blocks: x[word] with a lane in each 32 bits becomes out[lane] with a word in each. */
INLINE void turn(__m512i x[WORDS], __m512i out[LANES])
{
    UNROLL
    for (int i = 0; i < WORDS; i += 4)
        turn_quarters(&x[i], &x[i + 1], &x[i + 2], &x[i + 3]);
    /* x[4g + k]: words 4g to 4g + 3 of lanes k, 4 + k, 8 + k, 12 + k. */
    UNROLL
    for (int k = 0; k < 4; k++) {
        turn_blocks(&x[k], &x[4 + k], &x[8 + k], &x[12 + k]);
        out[k] = x[k];
        out[4 + k] = x[4 + k];
        out[8 + k] = x[8 + k];
        out[12 + k] = x[12 + k];
    }
}

INLINE __m512i everywhere(const uint8_t *word)
{
    int value;
    memcpy(&value, word, sizeof value);
    return _mm512_set1_epi32(value);
}

/* Eight words of key of each of sixteen lanes, a lane in each 32 bits. */
INLINE void turn_keys(__m512i words[8], const uint8_t *const key[LANES])
{
    __m512i row[8];

    UNROLL
    for (int i = 0; i < 8; i++) {
        __m512i low = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)key[i]));
        row[i] = _mm512_inserti64x4(low, _mm256_loadu_si256((const __m256i *)key[8 + i]), 1);
    }
    turn_quarters(&row[0], &row[1], &row[2], &row[3]);
    turn_quarters(&row[4], &row[5], &row[6], &row[7]);
    /* row[k]: words k and 4 + k of lanes 0 to 3, then of 8 to 11; row[4 + k]: of 4 to 7, then of 12 to 15. */
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
    const __m512i second = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    UNROLL
    for (int k = 0; k < 4; k++) {
        words[k] = _mm512_permutex2var_epi64(row[k], first, row[4 + k]);
        words[4 + k] = _mm512_permutex2var_epi64(row[k], second, row[4 + k]);
    }
}

/* Texts of one sender have one key: then there is nothing to turn. */
INLINE void load_keys(__m512i words[8], const struct zt_chacha_lanes *lanes)
{
    if (lanes->mixed) {
        turn_keys(words, lanes->key);
        return;
    }
    UNROLL
    for (int i = 0; i < 8; i++)
        words[i] = everywhere(lanes->key[0] + 4 * i);
}

/* The last four words of each of sixteen lanes, a lane in each 32 bits. */
INLINE void load_rows(__m512i words[4], const uint32_t row[LANES][4])
{
    UNROLL
    for (int i = 0; i < 4; i++) {
        words[i] = _mm512_castsi128_si512(_mm_load_si128((const __m128i *)row[i]));
        words[i] = _mm512_inserti32x4(words[i], _mm_load_si128((const __m128i *)row[4 + i]), 1);
        words[i] = _mm512_inserti32x4(words[i], _mm_load_si128((const __m128i *)row[8 + i]), 2);
        words[i] = _mm512_inserti32x4(words[i], _mm_load_si128((const __m128i *)row[12 + i]), 3);
    }
    turn_quarters(&words[0], &words[1], &words[2], &words[3]);
}

/* Sixteen blocks of key stream, of words as each lane starts with. */
INLINE void key_streams(const __m512i start[WORDS], __m512i blocks[LANES])
{
    __m512i x[WORDS];

    UNROLL
    for (int i = 0; i < WORDS; i++)
        x[i] = start[i];
    twenty_rounds(x);
    UNROLL
    for (int i = 0; i < WORDS; i++)
        x[i] = _mm512_add_epi32(x[i], start[i]);
    turn(x, blocks);
}

INLINE void set_constants(__m512i start[WORDS])
{
    start[0] = _mm512_set1_epi32(0x61707865);
    start[1] = _mm512_set1_epi32(0x3320646e);
    start[2] = _mm512_set1_epi32(0x79622d32);
    start[3] = _mm512_set1_epi32(0x6b206574);
}

INLINE void cover(__m512i stream, const uint8_t *in, uint8_t *out, uint32_t left)
{
    if (left >= ZT_CHACHA_BLOCK) {
        _mm512_storeu_si512(out, _mm512_xor_si512(stream, _mm512_loadu_si512(in)));
        return;
    }
    __mmask64 some = (__mmask64)((UINT64_C(1) << left) - 1);
    _mm512_mask_storeu_epi8(out, some, _mm512_xor_si512(stream, _mm512_maskz_loadu_epi8(some, in)));
}

WIDE static void run_chacha(const struct zt_chacha_lanes *lanes)
{
    __m512i start[WORDS], blocks[LANES];

    set_constants(start);
    load_keys(start + 4, lanes);
    load_rows(start + 12, lanes->row);
    key_streams(start, blocks);
    UNROLL
    for (uint32_t i = 0; i < LANES; i++)
        if (i < lanes->count)
            cover(blocks[i], lanes->in[i], lanes->out[i], lanes->left[i]);
}

WIDE static void run_text(const struct zt_aead_job *job, uint32_t block)
{
    __m512i start[WORDS], blocks[LANES];
    size_t at = (size_t)(block - 1) * ZT_CHACHA_BLOCK;

    set_constants(start);
    UNROLL
    for (int i = 0; i < 8; i++)
        start[4 + i] = everywhere(job->key + 4 * i);
    start[12] =
        _mm512_add_epi32(_mm512_set1_epi32((int)block),
                         _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    UNROLL
    for (int i = 0; i < 3; i++)
        start[13 + i] = everywhere(job->nonce + 4 * i);
    key_streams(start, blocks);
    UNROLL
    for (int i = 0; i < LANES; i++) {
        size_t here = at + (size_t)i * ZT_CHACHA_BLOCK;
        cover(blocks[i], job->in + here, job->out + here, ZT_CHACHA_BLOCK);
    }
}

/* ---- Poly1305 */

#define POLY_LANES 8
#define LOW44 ((INT64_C(1) << 44) - 1)
#define LOW42 ((INT64_C(1) << 42) - 1)
/* 2^128, the bit above each block, in the third limb. */
#define TOP_BIT (INT64_C(1) << 40)

/* Limbs of a factor, and twenty times the upper two. */
struct factor {
    __m512i limb[3], one_x20, two_x20;
};
struct poly {
    __m512i h[3];
    /* Limbs of all blocks, added up: at most 2^20 blocks. */
    __m512i sum[3];
    struct factor r, rr; /* the key and its square */
};

INLINE __m512i low44(__m512i x)
{
    return _mm512_and_si512(x, _mm512_set1_epi64(LOW44));
}

/* Two little-endian 64-bit halves to limbs. */
INLINE void split(__m512i low, __m512i high, __m512i limbs[3])
{
    limbs[0] = low44(low);
    limbs[1] = low44(_mm512_or_si512(_mm512_srli_epi64(low, 44), _mm512_slli_epi64(high, 20)));
    limbs[2] = _mm512_srli_epi64(high, 24);
}

/* Sixteen octets of each of eight lanes, as two halves. */
INLINE void load_octets(const uint8_t *const at[POLY_LANES], size_t offset, __m512i *low,
                        __m512i *high)
{
#define FOUR(a, b, c, d) \
    _mm512_inserti32x4( \
        _mm512_inserti32x4( \
            _mm512_inserti32x4( \
                _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(at[a] + offset))), \
                _mm_loadu_si128((const __m128i *)(at[b] + offset)), 1), \
            _mm_loadu_si128((const __m128i *)(at[c] + offset)), 2), \
        _mm_loadu_si128((const __m128i *)(at[d] + offset)), 3)
    __m512i even = FOUR(0, 2, 4, 6), odd = FOUR(1, 3, 5, 7);
#undef FOUR
    *low = _mm512_unpacklo_epi64(even, odd);
    *high = _mm512_unpackhi_epi64(even, odd);
}

/* A pair of blocks of each of eight lanes. */
INLINE void load_pairs(const uint8_t *const at[POLY_LANES], size_t offset, __m512i low[2],
                       __m512i high[2])
{
#define TWO(a, b) \
    _mm512_inserti64x4( \
        _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(at[a] + offset))), \
        _mm256_loadu_si256((const __m256i *)(at[b] + offset)), 1)
    __m512i a = TWO(0, 2), b = TWO(1, 3), c = TWO(4, 6), d = TWO(5, 7);
#undef TWO
    __m512i ab = _mm512_unpacklo_epi64(a, b), AB = _mm512_unpackhi_epi64(a, b);
    __m512i cd = _mm512_unpacklo_epi64(c, d), CD = _mm512_unpackhi_epi64(c, d);
    low[0] = _mm512_shuffle_i64x2(ab, cd, 0x88);
    low[1] = _mm512_shuffle_i64x2(ab, cd, 0xdd);
    high[0] = _mm512_shuffle_i64x2(AB, CD, 0x88);
    high[1] = _mm512_shuffle_i64x2(AB, CD, 0xdd);
}

/* Products by limb, not carried: lower 52 bits and what is above. */
struct products {
    __m512i lo[3], hi[3];
};

/* Adds h f. Products of limbs i and j count 2^(44 (i + j)); 2^132 is 20 modulo 2^130 - 5. */
INLINE void multiply(struct products *d, const __m512i h[3], const struct factor *f)
{
#define ADD(k, i, by) \
    d->lo[k] = _mm512_madd52lo_epu64(d->lo[k], h[i], by); \
    d->hi[k] = _mm512_madd52hi_epu64(d->hi[k], h[i], by)
    ADD(0, 0, f->limb[0]);
    ADD(1, 0, f->limb[1]);
    ADD(2, 0, f->limb[2]);
    ADD(0, 1, f->two_x20);
    ADD(1, 1, f->limb[0]);
    ADD(2, 1, f->limb[1]);
    ADD(0, 2, f->one_x20);
    ADD(1, 2, f->two_x20);
    ADD(2, 2, f->limb[0]);
#undef ADD
}

INLINE struct products no_products(void)
{
    const __m512i zero = _mm512_setzero_si512();
    return (struct products){ { zero, zero, zero }, { zero, zero, zero } };
}

/* What lies above a limb, 52 bits up with the upper halves, goes to the next one; afterwards h may be multiplied again. */
INLINE void carry_products(const struct products *d, __m512i h[3])
{
    __m512i second = _mm512_add_epi64(d->lo[1], _mm512_add_epi64(_mm512_srli_epi64(d->lo[0], 44),
                                                                 _mm512_slli_epi64(d->hi[0], 8)));
    __m512i third = _mm512_add_epi64(
        d->lo[2], _mm512_add_epi64(_mm512_srli_epi64(second, 44), _mm512_slli_epi64(d->hi[1], 8)));
    __m512i above = _mm512_add_epi64(_mm512_srli_epi64(third, 42), _mm512_slli_epi64(d->hi[2], 10));
    __m512i first =
        _mm512_add_epi64(low44(d->lo[0]), _mm512_add_epi64(above, _mm512_slli_epi64(above, 2)));
    h[2] = _mm512_and_si512(third, _mm512_set1_epi64(LOW42));
    h[1] = _mm512_add_epi64(low44(second), _mm512_srli_epi64(first, 44));
    h[0] = low44(first);
}

INLINE void add(__m512i h[3], const __m512i m[3])
{
    UNROLL
    for (int i = 0; i < 3; i++)
        h[i] = _mm512_add_epi64(h[i], m[i]);
}

/* Limbs of a block of each lane, with the bit above it. */
INLINE void limbs_of(struct poly *p, __m512i low, __m512i high, __m512i m[3])
{
    split(low, high, m);
    add(p->sum, m);
    m[2] = _mm512_or_si512(m[2], _mm512_set1_epi64(TOP_BIT));
}

/* h = (h + block) r */
INLINE void absorb(struct poly *p, const uint8_t *const at[POLY_LANES], size_t offset)
{
    struct products d = no_products();
    __m512i low, high, m[3];

    load_octets(at, offset, &low, &high);
    limbs_of(p, low, high, m);
    add(p->h, m);
    multiply(&d, p->h, &p->r);
    carry_products(&d, p->h);
}

/* h = (h + first block) r r + second block r: one carry for two, and only half of it has to wait for h. */
INLINE void absorb_pair(struct poly *p, const uint8_t *const at[POLY_LANES], size_t offset)
{
    struct products d = no_products();
    __m512i low[2], high[2], m[3];

    load_pairs(at, offset, low, high);
    limbs_of(p, low[1], high[1], m);
    multiply(&d, m, &p->r);
    limbs_of(p, low[0], high[0], m);
    add(p->h, m);
    multiply(&d, p->h, &p->rr);
    carry_products(&d, p->h);
}

INLINE void set_multiples(struct factor *f)
{
    const __m512i zero = _mm512_setzero_si512(), twenty = _mm512_set1_epi64(20);
    f->one_x20 = _mm512_madd52lo_epu64(zero, f->limb[1], twenty);
    f->two_x20 = _mm512_madd52lo_epu64(zero, f->limb[2], twenty);
}

/* r is clamped (section 2.5). */
INLINE void begin(struct poly *p, const uint8_t *const one_time[POLY_LANES])
{
    struct products d = no_products();
    __m512i low, high;

    load_octets(one_time, 0, &low, &high);
    low = _mm512_and_si512(low, _mm512_set1_epi64(INT64_C(0x0ffffffc0fffffff)));
    high = _mm512_and_si512(high, _mm512_set1_epi64(INT64_C(0x0ffffffc0ffffffc)));
    split(low, high, p->r.limb);
    set_multiples(&p->r);
    multiply(&d, p->r.limb, &p->r);
    carry_products(&d, p->rr.limb);
    set_multiples(&p->rr);
    UNROLL
    for (int i = 0; i < 3; i++)
        p->h[i] = p->sum[i] = _mm512_setzero_si512();
}

/* All limbs within their bits; h below 2^130. */
INLINE void carry(__m512i h[3])
{
    for (int turn = 0; turn < 2; turn++) {
        h[1] = _mm512_add_epi64(h[1], _mm512_srli_epi64(h[0], 44));
        h[0] = low44(h[0]);
        h[2] = _mm512_add_epi64(h[2], _mm512_srli_epi64(h[1], 44));
        h[1] = low44(h[1]);
        __m512i above = _mm512_srli_epi64(h[2], 42);
        h[2] = _mm512_and_si512(h[2], _mm512_set1_epi64(LOW42));
        h[0] = _mm512_add_epi64(h[0], _mm512_add_epi64(above, _mm512_slli_epi64(above, 2)));
    }
    h[1] = _mm512_add_epi64(h[1], _mm512_srli_epi64(h[0], 44));
    h[0] = low44(h[0]);
}

/* The same number modulo 0xffff, below 2^33: 2^32 is 1. */
INLINE __m512i fold(__m512i x)
{
    const __m512i low = _mm512_set1_epi64(0xffffffff);
    return _mm512_add_epi64(_mm512_and_si512(x, low), _mm512_srli_epi64(x, 32));
}

/* A limb counts 2^44 modulo 0xffff, 2^12, times the one before; the third 2^8. */
INLINE void finish_sums(const struct poly *p, struct zt_poly_lane *const *lanes, uint32_t count)
{
    _Alignas(64) uint64_t sums[POLY_LANES];
    __m512i sum = _mm512_add_epi64(fold(p->sum[0]), _mm512_slli_epi64(fold(p->sum[1]), 12));

    _mm512_store_si512(sums, _mm512_add_epi64(sum, _mm512_slli_epi64(fold(p->sum[2]), 8)));
    for (uint32_t i = 0; i < count; i++)
        lanes[i]->sum = sums[i];
}

/* h modulo 2^130 - 5, plus the second half of the one-time key, modulo 2^128. */
INLINE void finish(struct poly *p, struct zt_poly_lane *const *lanes, uint32_t count,
                   const uint8_t *const one_time[POLY_LANES])
{
    __m512i g[3], low, high, key_low, key_high;
    _Alignas(64) uint64_t halves[2][POLY_LANES];

    carry(p->h);
    g[0] = _mm512_add_epi64(p->h[0], _mm512_set1_epi64(5));
    g[1] = _mm512_add_epi64(p->h[1], _mm512_srli_epi64(g[0], 44));
    g[0] = low44(g[0]);
    g[2] = _mm512_add_epi64(p->h[2], _mm512_srli_epi64(g[1], 44));
    g[1] = low44(g[1]);
    /* h + 5 reaches 2^130: h is 2^130 - 5 or more. */
    __mmask8 over = _mm512_cmpge_epu64_mask(g[2], _mm512_set1_epi64(LOW42 + 1));
    for (int i = 0; i < 3; i++)
        g[i] = _mm512_mask_mov_epi64(p->h[i], over, g[i]);
    low = _mm512_or_si512(g[0], _mm512_slli_epi64(g[1], 44));
    high = _mm512_or_si512(_mm512_srli_epi64(g[1], 20), _mm512_slli_epi64(g[2], 24));
    load_octets(one_time, 16, &key_low, &key_high);
    low = _mm512_add_epi64(low, key_low);
    high = _mm512_add_epi64(high, key_high);
    __mmask8 carried = _mm512_cmplt_epu64_mask(low, key_low);
    high = _mm512_mask_add_epi64(high, carried, high, _mm512_set1_epi64(1));
    _mm512_store_si512(halves[0], low);
    _mm512_store_si512(halves[1], high);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(lanes[i]->tag, &halves[0][i], 8);
        memcpy(lanes[i]->tag + 8, &halves[1][i], 8);
    }
}

WIDE static void run_poly(struct zt_poly_lane **lanes, uint32_t count)
{
    struct poly p;
    const uint8_t *one_time[POLY_LANES], *at[POLY_LANES], *lengths[POLY_LANES];
    uint32_t active, run;

    for (uint32_t i = 0; i < POLY_LANES; i++) {
        one_time[i] = lanes[i < count ? i : 0]->one_time;
        lengths[i] = lanes[i < count ? i : 0]->lengths;
    }
    /* Asked for before there is anything in vector registers, which a call would have to save. */
    run = zt_poly_has_more(lanes) ? zt_poly_next_run(lanes, count, at, &active) : 0;
    begin(&p, one_time);
    while (run > 0) {
        const __m512i before[3] = { p.h[0], p.h[1], p.h[2] };
        const __m512i sum_before[3] = { p.sum[0], p.sum[1], p.sum[2] };
        for (uint32_t i = count; i < POLY_LANES; i++)
            at[i] = at[0];
        uint32_t done = 0;
        for (; done + 2 <= run; done += 2)
            absorb_pair(&p, at, (size_t)done * ZT_POLY_BLOCK);
        if (done < run)
            absorb(&p, at, (size_t)done * ZT_POLY_BLOCK);
        UNROLL
        for (int i = 0; i < 3; i++) { /* A lane that has nothing left stays as it was. */
            p.h[i] = _mm512_mask_mov_epi64(before[i], (__mmask8)active, p.h[i]);
            p.sum[i] = _mm512_mask_mov_epi64(sum_before[i], (__mmask8)active, p.sum[i]);
        }
        run = zt_poly_has_more(lanes) ? zt_poly_next_run(lanes, count, at, &active) : 0;
    }
    absorb(&p, lengths, 0);
    finish_sums(&p, lanes, count);
    finish(&p, lanes, count, one_time);
}

const struct zt_aead_lanes zt_aead_avx512 = {
    .chacha = LANES,
    .poly = POLY_LANES,
    .run_chacha = run_chacha,
    .run_text = run_text,
    .run_poly = run_poly,
};
