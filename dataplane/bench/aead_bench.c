/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ChaCha20-Poly1305 across packets beside libipsec-mb's job API, by turns in one run: 64 texts in a batch, each with a key of its own.
 * One JSON object a line: ns a text of both, and their ratio, median of the rounds.
 */
#include "bench/aead_bench.h"

#include <intel-ipsec-mb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/timing.h"
#include "src/chachapoly/chachapoly.h"

#define BATCH 64u
#define LONGEST 1500u
#define ROUNDS 31u
/* Of mixed lengths, from the shortest on. */
#define SHORTEST 64u
#define LONG 1420u

static uint8_t keys[BATCH][ZT_AEAD_KEY], texts[BATCH][LONGEST];
static struct zt_aead_job jobs[BATCH];

static void submit(IMB_MGR *manager, struct zt_aead_job *text, IMB_CIPHER_DIRECTION direction)
{
    static uint8_t tags[BATCH][ZT_AEAD_TAG];
    IMB_JOB *job = IMB_GET_NEXT_JOB(manager);

    job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
    job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
    job->cipher_direction = direction;
    job->chain_order = direction == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
    job->enc_keys = job->dec_keys = text->key;
    job->key_len_in_bytes = ZT_AEAD_KEY;
    job->u.CHACHA20_POLY1305.aad = text->nonce;
    job->u.CHACHA20_POLY1305.aad_len_in_bytes = 0;
    job->src = text->in;
    job->dst = text->out;
    job->iv = text->nonce;
    job->iv_len_in_bytes = ZT_AEAD_NONCE;
    job->cipher_start_src_offset_in_bytes = job->hash_start_src_offset_in_bytes = 0;
    job->msg_len_to_cipher_in_bytes = job->msg_len_to_hash_in_bytes = text->length;
    job->auth_tag_output = tags[text - jobs];
    job->auth_tag_output_len_in_bytes = ZT_AEAD_TAG;
    IMB_SUBMIT_JOB(manager);
}

static double by_jobs(IMB_MGR *manager, bool seals, uint32_t vectors)
{
    double begin = zt_bench_ns();
    for (uint32_t v = 0; v < vectors; v++) {
        for (uint32_t i = 0; i < BATCH; i++)
            submit(manager, &jobs[i], seals ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT);
        while (IMB_FLUSH_JOB(manager) != NULL)
            ;
    }
    return (zt_bench_ns() - begin) / vectors / BATCH;
}

static double by_lanes(struct zt_aead *aead, bool seals, uint32_t vectors)
{
    double total = 0;
    for (uint32_t v = 0; v < vectors; v++) {
        /* What is opened has to be sealed first, in its place. */
        if (!seals)
            zt_aead_seal(aead, jobs, BATCH);
        double begin = zt_bench_ns();
        if (seals)
            zt_aead_seal(aead, jobs, BATCH);
        else
            zt_aead_open(aead, jobs, BATCH);
        total += zt_bench_ns() - begin;
    }
    for (uint32_t i = 0; !seals && i < BATCH; i++) {
        if (jobs[i].good)
            continue;
        fprintf(stderr, "what was sealed does not open\n");
        exit(1);
    }
    return total / vectors / BATCH;
}

static void set_lengths(uint32_t length)
{
    for (uint32_t i = 0; i < BATCH; i++)
        jobs[i] = (struct zt_aead_job){
            .key = keys[i],
            .in = texts[i],
            .out = texts[i],
            .length = length > 0 ? length : SHORTEST + i * 997 % (LONG - SHORTEST + 1),
        };
}

/* Length 0 is mixed lengths. */
static void run(IMB_MGR *manager, enum zt_aead_way way, bool seals, uint32_t length,
                uint32_t vectors)
{
    struct zt_aead *aead = zt_aead_new(manager, way);
    double own[ROUNDS], peer[ROUNDS], ratio[ROUNDS];
    uint32_t octets = 0;

    set_lengths(length);
    for (uint32_t i = 0; i < BATCH; i++)
        octets += jobs[i].length;
    by_lanes(aead, seals, vectors);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        own[round] = by_lanes(aead, seals, vectors);
        peer[round] = by_jobs(manager, seals, vectors);
        ratio[round] = own[round] / peer[round];
    }
    printf("{\"bench\":\"aead\",\"way\":\"%s\",\"what\":\"%s\",\"mixed\":%s,\"octets\":%.1f,"
           "\"ns\":%.1f,\"peer\":%.1f,\"ratio\":%.3f}\n",
           zt_aead_way_name(way), seals ? "seal" : "open", length == 0 ? "true" : "false",
           (double)octets / BATCH, zt_bench_median(own, ROUNDS), zt_bench_median(peer, ROUNDS),
           zt_bench_median(ratio, ROUNDS));
    zt_aead_free(aead);
}

void zt_aead_bench(uint32_t vectors)
{
    static const uint32_t lengths[] = { 64, 256, 512, 736, 1024, 1420, 0 };
    IMB_MGR *manager = alloc_mb_mgr(0);
    IMB_ARCH architecture;

    init_mb_mgr_auto(manager, &architecture);
    for (uint32_t i = 0; i < BATCH; i++)
        for (uint32_t k = 0; k < ZT_AEAD_KEY; k++)
            keys[i][k] = (uint8_t)(i * 31 + k * 7);
    for (enum zt_aead_way way = ZT_AEAD_AVX2; way < ZT_AEAD_WAYS; way++)
        for (uint32_t i = 0; zt_aead_supported(way) && i < 2 * sizeof lengths / sizeof *lengths;
             i++)
            run(manager, way, i % 2 == 0, lengths[i / 2], vectors);
    free_mb_mgr(manager);
}
