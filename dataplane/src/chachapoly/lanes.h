/* SPDX-License-Identifier: Apache-2.0 */
/* What the ways with lanes have in common: which block of which text a lane has, and what Poly1305 reads. */
#ifndef ZTOS_CHACHAPOLY_LANES_H
#define ZTOS_CHACHAPOLY_LANES_H

#include <string.h>

#include "src/chachapoly/chachapoly.h"

/* Texts that are done together; more come in turns. */
#define ZT_AEAD_BATCH 64
#define ZT_CHACHA_BLOCK 64
#define ZT_POLY_BLOCK 16
/* Of widest kind. */
#define ZT_MOST_LANES 16

/*
 * What each lane of ChaCha20 makes: a block of key stream, of which the first `left` octets (all, if there are more) go over `in` to
 * `out`. A lane that makes the key of Poly1305 has zeros for `in`.
 */
struct zt_chacha_lanes {
    /* Number of the block and nonce: the last four words that each lane starts with. Stored and loaded as rows. */
    _Alignas(16) uint32_t row[ZT_MOST_LANES][4];
    const uint8_t *key[ZT_MOST_LANES], *in[ZT_MOST_LANES];
    uint8_t *out[ZT_MOST_LANES];
    uint32_t left[ZT_MOST_LANES], count;
    /* Lanes may have several keys; otherwise all have the first one's. */
    bool mixed;
};

/* What a lane of Poly1305 reads, in order: whole blocks of additional data, the rest of it, whole blocks of ciphertext, the rest of
 * it; of these the parts that there are. Then the block of lengths. */
struct zt_poly_part {
    const uint8_t *at;
    uint32_t blocks;
};
struct zt_poly_lane {
    struct zt_poly_part parts[4];
    /* The part that comes next, how many there are, and blocks of all but the lengths. */
    uint32_t part, parts_count, blocks;
    const uint8_t *one_time;
    uint8_t *tag;
    /* Is made: the sum of 16-bit words of all blocks, modulo 0xffff. */
    uint64_t sum;
    uint8_t rest[2][ZT_POLY_BLOCK], lengths[ZT_POLY_BLOCK];
};

/* Scratch of a batch. Holds secrets. */
struct zt_aead_scratch {
    _Alignas(64) uint8_t one_time[ZT_AEAD_BATCH][ZT_AEAD_KEY];
    _Alignas(64) uint8_t tags[ZT_AEAD_BATCH][ZT_AEAD_TAG];
    struct zt_poly_lane poly[ZT_AEAD_BATCH];
    struct zt_chacha_lanes chacha;
};

/* A way's parts. */
struct zt_aead_lanes {
    uint32_t chacha, poly;
    /* As many lanes as there are; those behind `count` are as the first. */
    void (*run_chacha)(const struct zt_chacha_lanes *lanes);
    /* All lanes are whole blocks of one text that follow each other, from `block` on. */
    void (*run_text)(const struct zt_aead_job *job, uint32_t block);
    /* At most `poly` of them, longest first. */
    void (*run_poly)(struct zt_poly_lane **lanes, uint32_t count);
};

extern const struct zt_aead_lanes zt_aead_avx2, zt_aead_avx512;

/* Whether any lane has something left. They are sorted: the first has as long as any has. */
static inline bool zt_poly_has_more(struct zt_poly_lane *const *lanes)
{
    return lanes[0]->part < lanes[0]->parts_count;
}

/*
 * The next run of blocks that every lane with something left has without a change of part: how many, and where each lane reads. A
 * lane that has nothing left reads what the first one does. Some lane has to have more. `active` has a bit for each lane.
 */
uint32_t zt_poly_next_run(struct zt_poly_lane **lanes, uint32_t count, const uint8_t **at,
                          uint32_t *active);

#endif
