/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: which way, which lanes, in which order. */
#include "src/chachapoly/chachapoly.h"

#include <immintrin.h>
#include <intel-ipsec-mb.h>
#include <stdlib.h>

#include "src/base/error.h"
#include "src/chachapoly/lanes.h"
#include "ztos/checksum.h"

/* Fewer texts than this leave so many lanes of Poly1305 empty that the library is faster. */
#define FEWEST 3

struct zt_aead {
    struct zt_aead_scratch scratch;
    IMB_MGR *library;
    const struct zt_aead_lanes *lanes; /* none: the library's way */
    enum zt_aead_way way;
};

static const struct {
    const char *name;
    const struct zt_aead_lanes *lanes;
} ways[ZT_AEAD_WAYS] = {
    [ZT_AEAD_LIBRARY] = { "libipsec-mb", NULL },
    [ZT_AEAD_AVX2] = { "avx2", &zt_aead_avx2 },
    [ZT_AEAD_AVX512] = { "avx512-ifma", &zt_aead_avx512 },
};

bool zt_aead_supported(enum zt_aead_way way)
{
    __builtin_cpu_init();
    switch (way) {
    case ZT_AEAD_LIBRARY:
        return true;
    case ZT_AEAD_AVX2:
        return __builtin_cpu_supports("avx2") != 0;
    case ZT_AEAD_AVX512:
        return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
               __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512ifma") != 0;
    default:
        return false;
    }
}

const char *zt_aead_way_name(enum zt_aead_way way)
{
    return ways[way].name;
}

enum zt_aead_way zt_aead_way_named(const char *name)
{
    enum zt_aead_way way = ZT_AEAD_WAYS - 1;

    for (enum zt_aead_way one = 0; name != NULL && one < ZT_AEAD_WAYS; one++)
        if (strcmp(ways[one].name, name) == 0 && zt_aead_supported(one))
            return one;
    while (!zt_aead_supported(way))
        way--;
    return way;
}

enum zt_aead_way zt_aead_way_of(const struct zt_aead *aead)
{
    return aead->way;
}

struct zt_aead *zt_aead_new(IMB_MGR *library, enum zt_aead_way way)
{
    size_t size = (sizeof(struct zt_aead) + 63) & ~(size_t)63;
    struct zt_aead *aead = aligned_alloc(64, size);
    if (aead == NULL)
        return zt_calloc(SIZE_MAX, 1);
    memset(aead, 0, size);
    aead->library = library;
    aead->way = way;
    aead->lanes = ways[way].lanes;
    return aead;
}

void zt_aead_free(struct zt_aead *aead)
{
    if (aead == NULL)
        return;
    explicit_bzero(aead, sizeof *aead);
    free(aead);
}

/* ---- the library's way */

static void by_library(struct zt_aead *aead, struct zt_aead_job *job, bool seals, uint8_t *tag)
{
    static const uint8_t none[1];
    IMB_MGR *manager = aead->library;
    struct chacha20_poly1305_context_data context;
    const uint8_t *aad = job->aad == NULL ? none : job->aad;

    IMB_CHACHA20_POLY1305_INIT(manager, job->key, &context, job->nonce, aad, job->aad_length);
    if (seals) {
        IMB_CHACHA20_POLY1305_ENC_UPDATE(manager, job->key, &context, job->out, job->in,
                                         job->length);
        IMB_CHACHA20_POLY1305_ENC_FINALIZE(manager, &context, tag, ZT_AEAD_TAG);
    } else {
        IMB_CHACHA20_POLY1305_DEC_UPDATE(manager, job->key, &context, job->out, job->in,
                                         job->length);
        IMB_CHACHA20_POLY1305_DEC_FINALIZE(manager, &context, tag, ZT_AEAD_TAG);
    }
    explicit_bzero(&context, sizeof context);
}

static void sum_text(struct zt_aead_job *job, const uint8_t *sealed)
{
    job->sum = zt_sum_add((zt_sum){ 0 }, sealed, job->length).raw;
}

/* ---- lanes of ChaCha20 */

/*
 * How many lanes are filled goes from function to function, in a register: counted in memory, each lane would wait for the one before.
 */

/* No lane is filled afterwards. */
static uint32_t run_chacha(struct zt_aead *aead, uint32_t lane)
{
    struct zt_chacha_lanes *lanes = &aead->scratch.chacha;

    if (lane > 0) {
        for (uint32_t i = lane; i < aead->lanes->chacha; i++)
            lanes->key[i] = lanes->key[0];
        lanes->count = lane;
        aead->lanes->run_chacha(lanes);
    }
    return 0;
}

/* What the lanes of a text start with, but for the number of the block. */
static inline __m128i row_of(const struct zt_aead_job *job)
{
    int nonce[3];
    memcpy(nonce, job->nonce, sizeof nonce);
    return _mm_setr_epi32(0, nonce[0], nonce[1], nonce[2]);
}

/* A row is stored at once, as it will be loaded: a load of what was stored in parts waits until all of it has left the core. */
static inline uint32_t add_block(struct zt_aead *aead, uint32_t lane, __m128i row,
                                 const uint8_t *key, uint32_t block, const uint8_t *in,
                                 uint8_t *out, uint32_t left)
{
    struct zt_chacha_lanes *lanes = &aead->scratch.chacha;

    _mm_store_si128((__m128i *)(void *)lanes->row[lane], _mm_insert_epi32(row, (int)block, 0));
    lanes->key[lane] = key;
    lanes->in[lane] = in;
    lanes->out[lane] = out;
    lanes->left[lane] = left;
    return lane + 1 == aead->lanes->chacha ? run_chacha(aead, lane + 1) : lane + 1;
}

/* Block 0 is the key of Poly1305 (section 2.6). */
static uint32_t add_one_time(struct zt_aead *aead, uint32_t lane, const struct zt_aead_job *job,
                             uint8_t *one_time)
{
    static const uint8_t zeros[ZT_CHACHA_BLOCK];
    return add_block(aead, lane, row_of(job), job->key, 0, zeros, one_time, ZT_AEAD_KEY);
}

static uint32_t add_text(struct zt_aead *aead, uint32_t lane, const struct zt_aead_job *job)
{
    const struct zt_aead_lanes *way = aead->lanes;
    const uint8_t *in = job->in;
    uint8_t *out = job->out;
    uint32_t block = 1, left = job->length, stretch = way->chacha * ZT_CHACHA_BLOCK;
    const __m128i row = row_of(job);

    while (left > 0) {
        uint32_t done = left < ZT_CHACHA_BLOCK ? left : ZT_CHACHA_BLOCK;
        if (lane == 0 && left >= stretch) {
            way->run_text(job, block);
            done = stretch;
        } else {
            lane = add_block(aead, lane, row, job->key, block, in, out, left);
        }
        block += done / ZT_CHACHA_BLOCK;
        in += done;
        out += done;
        left -= done;
    }
    return lane;
}

/* Whether texts have several keys. */
static bool has_keys(const struct zt_aead_job *jobs, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        if (jobs[i].key != jobs[0].key)
            return true;
    return false;
}

/* ---- lanes of Poly1305 */

static void write_lengths(uint8_t out[ZT_POLY_BLOCK], const struct zt_aead_job *job)
{
    uint64_t lengths[2] = { job->aad_length, job->length };
    memcpy(out, lengths, sizeof lengths); /* little-endian, as this machine is */
}

static void add_part(struct zt_poly_lane *lane, const uint8_t *at, uint32_t blocks)
{
    if (blocks == 0)
        return;
    lane->parts[lane->parts_count++] = (struct zt_poly_part){ at, blocks };
    lane->blocks += blocks;
}

/* The last octets of what is no multiple of a block, with zeros behind. */
static void pad(uint8_t out[ZT_POLY_BLOCK], const uint8_t *end, uint32_t octets)
{
    memset(out, 0, ZT_POLY_BLOCK);
    memcpy(out, end - octets, octets);
}

/* What RFC 8439 section 2.8 authenticates; the text is what is sealed. */
static void set_poly(struct zt_poly_lane *lane, const struct zt_aead_job *job,
                     const uint8_t *sealed, const uint8_t *one_time, uint8_t *tag)
{
    uint32_t aad_rest = job->aad_length % ZT_POLY_BLOCK, rest = job->length % ZT_POLY_BLOCK;

    lane->part = lane->parts_count = lane->blocks = 0;
    lane->one_time = one_time;
    lane->tag = tag;
    if (job->aad_length > 0) {
        add_part(lane, job->aad, job->aad_length / ZT_POLY_BLOCK);
        if (aad_rest != 0)
            pad(lane->rest[0], job->aad + job->aad_length, aad_rest);
        add_part(lane, lane->rest[0], aad_rest != 0);
    }
    add_part(lane, sealed, job->length / ZT_POLY_BLOCK);
    if (rest != 0)
        pad(lane->rest[1], sealed + job->length, rest);
    add_part(lane, lane->rest[1], rest != 0);
    write_lengths(lane->lengths, job);
}

/* What is neither additional data nor lengths. Modulo 0xffff 2^32 is 1, so that to subtract is to add the complement of 32 bits. */
static void take_sum(struct zt_aead_job *job, const struct zt_poly_lane *lane)
{
    job->sum = lane->sum + (uint32_t)~job->length;
    if (job->aad_length > 0) {
        zt_sum aad = zt_sum_add((zt_sum){ 0 }, job->aad, job->aad_length);
        job->sum += (uint64_t)(uint32_t)~job->aad_length + (uint32_t)~zt_sum_fold(aad);
    }
}

/* Tags of all texts; lanes of like length run together. */
static void run_poly(struct zt_aead *aead, struct zt_aead_job *jobs, uint32_t count, bool seals)
{
    struct zt_aead_scratch *scratch = &aead->scratch;
    struct zt_poly_lane *sorted[ZT_AEAD_BATCH];

    for (uint32_t i = 0; i < count; i++) {
        struct zt_poly_lane *lane = &scratch->poly[i];
        set_poly(lane, &jobs[i], seals ? jobs[i].out : jobs[i].in, scratch->one_time[i],
                 seals ? jobs[i].tag : scratch->tags[i]);
        uint32_t at = i;
        for (; at > 0 && sorted[at - 1]->blocks < lane->blocks; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = lane;
    }
    for (uint32_t i = 0; i < count; i += aead->lanes->poly) {
        uint32_t left = count - i;
        aead->lanes->run_poly(sorted + i, left < aead->lanes->poly ? left : aead->lanes->poly);
    }
    for (uint32_t i = 0; i < count; i++)
        take_sum(&jobs[i], &scratch->poly[i]);
}

/* ---- batches */

static bool same_tag(const uint8_t *a, const uint8_t *b)
{
    uint8_t difference = 0;
    for (uint32_t i = 0; i < ZT_AEAD_TAG; i++)
        difference |= a[i] ^ b[i];
    return difference == 0;
}

static void forget(struct zt_aead *aead, uint32_t count)
{
    explicit_bzero(aead->scratch.one_time, count * sizeof aead->scratch.one_time[0]);
}

static void seal_batch(struct zt_aead *aead, struct zt_aead_job *jobs, uint32_t count)
{
    uint32_t lane = 0;

    aead->scratch.chacha.mixed = has_keys(jobs, count);
    for (uint32_t i = 0; i < count; i++) {
        lane = add_one_time(aead, lane, &jobs[i], aead->scratch.one_time[i]);
        lane = add_text(aead, lane, &jobs[i]);
    }
    run_chacha(aead, lane);
    run_poly(aead, jobs, count, true);
    forget(aead, count);
}

/* Nothing is decrypted before its tag is known to be right. */
static void open_batch(struct zt_aead *aead, struct zt_aead_job *jobs, uint32_t count)
{
    uint32_t lane = 0;

    aead->scratch.chacha.mixed = has_keys(jobs, count);
    for (uint32_t i = 0; i < count; i++)
        lane = add_one_time(aead, lane, &jobs[i], aead->scratch.one_time[i]);
    lane = run_chacha(aead, lane);
    run_poly(aead, jobs, count, false);
    for (uint32_t i = 0; i < count; i++) {
        jobs[i].good = same_tag(jobs[i].tag, aead->scratch.tags[i]);
        if (jobs[i].good)
            lane = add_text(aead, lane, &jobs[i]);
        else if (jobs[i].length > 0)
            memset(jobs[i].out, 0, jobs[i].length);
    }
    run_chacha(aead, lane);
    forget(aead, count);
}

static bool is_alone(const struct zt_aead *aead, size_t count)
{
    return aead->lanes == NULL || count < FEWEST;
}

void zt_aead_seal(struct zt_aead *aead, struct zt_aead_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i += ZT_AEAD_BATCH) {
        size_t left = count - i < ZT_AEAD_BATCH ? count - i : ZT_AEAD_BATCH;
        if (!is_alone(aead, left)) {
            seal_batch(aead, jobs + i, (uint32_t)left);
            continue;
        }
        for (size_t j = i; j < i + left; j++) {
            by_library(aead, &jobs[j], true, jobs[j].tag);
            sum_text(&jobs[j], jobs[j].out);
        }
    }
}

static void open_alone(struct zt_aead *aead, struct zt_aead_job *job)
{
    uint8_t tag[ZT_AEAD_TAG];

    sum_text(job, job->in);
    by_library(aead, job, false, tag);
    job->good = same_tag(job->tag, tag);
    if (!job->good && job->length > 0)
        memset(job->out, 0, job->length);
}

void zt_aead_open(struct zt_aead *aead, struct zt_aead_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i += ZT_AEAD_BATCH) {
        size_t left = count - i < ZT_AEAD_BATCH ? count - i : ZT_AEAD_BATCH;
        if (!is_alone(aead, left)) {
            open_batch(aead, jobs + i, (uint32_t)left);
            continue;
        }
        for (size_t j = i; j < i + left; j++)
            open_alone(aead, &jobs[j]);
    }
}
