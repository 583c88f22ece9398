/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data messages of several inputs sealed, and opened, at once. That a frame is sealed late changes nothing else: its length and
 * where it goes are known before, and nobody looks into it until effects are handed out. Opening early says nothing yet: whether
 * the session is still there, and the counter acceptable, is found in the message's turn. So all is as if one by one (MODEL-1).
 */
#include "src/machine/wireguard_batch.h"

#include <stdlib.h>

#include "src/base/error.h"
#include "src/chachapoly/chachapoly.h"

#define MOST 64u

/* Where a message's checksum is to be, when it is sealed. */
struct checksum {
    uint8_t *ip, *udp;
    uint32_t udp_length;
    uint8_t family;
};

/* Keys stay where they are: what ends a session settles this first. */
struct queue {
    struct zt_aead_job jobs[MOST];
    uint32_t count;
};

struct zt_wg_batch {
    struct zt_aead *aead;
    struct queue sealing, opening;
    struct checksum checksums[MOST];
    /* Of each message that is opened. */
    struct zt_frame texts[MOST];
    struct zt_wg_session *sessions[MOST];
};

struct zt_wg_batch *zt_wg_batch_new(struct IMB_MGR *manager, enum zt_aead_way way)
{
    struct zt_wg_batch *batch = zt_calloc(1, sizeof *batch);
    batch->aead = zt_aead_new(manager, way);
    return batch;
}

void zt_wg_batch_free(struct zt_wg_batch *batch)
{
    if (batch == NULL)
        return;
    zt_aead_free(batch->aead);
    zt_wg_wipe(batch, sizeof *batch);
    free(batch);
}

enum zt_aead_way zt_wg_batch_way(const struct zt_wg_batch *batch)
{
    return zt_aead_way_of(batch->aead);
}

static struct zt_aead_job *add(struct queue *queue, const uint8_t key[ZT_WG_KEY], uint64_t counter)
{
    struct zt_aead_job *job = &queue->jobs[queue->count++];

    *job = (struct zt_aead_job){ .key = key };
    zt_wg_store64(job->nonce + 4, counter);
    return job;
}

/* A sealed message as words of 16 bits: header, text, tag. Behind a text of odd length octets are the other halves of words. */
static zt_sum sum_of(const struct zt_aead_job *job, const uint8_t *sealed)
{
    zt_sum sum = { job->sum }, tag = zt_sum_add((zt_sum){ 0 }, job->tag, ZT_AEAD_TAG);

    sum = zt_sum_add(sum, sealed - ZT_WG_DATA_HEADER, ZT_WG_DATA_HEADER);
    if (job->length % 2 == 1 && !ZT_MUTANT(wireguard_odd_text_summed_even))
        tag.raw = __builtin_bswap16(zt_sum_fold(tag));
    return (zt_sum){ sum.raw + tag.raw };
}

/* ---- sealing */

void zt_wg_batch_seal(struct zt_wg_batch *batch, const uint8_t key[ZT_WG_KEY], uint64_t counter,
                      uint8_t *text, uint32_t length)
{
    if (batch->sealing.count == MOST)
        zt_wg_batch_flush(batch);
    batch->checksums[batch->sealing.count] = (struct checksum){ 0 };
    struct zt_aead_job *job = add(&batch->sealing, key, counter);
    job->in = job->out = text;
    job->length = length;
}

bool zt_wg_batch_checksum(struct zt_wg_batch *batch, const uint8_t *message, uint8_t *ip,
                          uint8_t family, uint8_t *udp, uint32_t udp_length)
{
    uint32_t last = batch->sealing.count - 1;

    if (batch->sealing.count == 0 || batch->sealing.jobs[last].in != message + ZT_WG_DATA_HEADER)
        return false;
    batch->checksums[last] = (struct checksum){ ip, udp, udp_length, family };
    return true;
}

void zt_wg_batch_flush(struct zt_wg_batch *batch)
{
    struct queue *queue = &batch->sealing;

    if (queue->count == 0)
        return;
    zt_aead_seal(batch->aead, queue->jobs, queue->count);
    for (uint32_t i = 0; i < queue->count; i++) {
        const struct zt_aead_job *job = &queue->jobs[i];
        const struct checksum *at = &batch->checksums[i];
        memcpy(job->out + job->length, job->tag, ZT_AEAD_TAG);
        if (at->udp == NULL)
            continue;
        zt_sum header = zt_udp_header_sum(at->ip, at->family, at->udp, at->udp_length);
        zt_udp_finish_checksum(at->udp, (zt_sum){ header.raw + sum_of(job, job->out).raw });
    }
    queue->count = 0;
}

/* ---- opening */

void zt_wg_batch_begin_opening(struct zt_wg_batch *batch)
{
    batch->opening.count = 0;
}

uint32_t zt_wg_batch_add_opening(struct zt_wg_batch *batch, struct zt_arena *arena,
                                 struct zt_wg_session *session, const uint8_t *message,
                                 uint32_t length)
{
    uint32_t text = length - ZT_WG_DATA_MIN, number = batch->opening.count;

    if (number == MOST)
        return ZT_NONE;
    struct zt_frame *frame = &batch->texts[number];
    struct zt_aead_job *job = add(&batch->opening, session->receive_key, zt_wg_load64(message + 8));
    batch->sessions[number] = session;
    *frame = zt_frame_new(arena, ZT_ETH_HEADER + text);
    job->in = message + ZT_WG_DATA_HEADER;
    job->out = frame->data + ZT_ETH_HEADER;
    job->length = text;
    memcpy(job->tag, job->in + text, ZT_AEAD_TAG);
    return number;
}

void zt_wg_batch_open(struct zt_wg_batch *batch)
{
    zt_aead_open(batch->aead, batch->opening.jobs, batch->opening.count);
}

struct zt_wg_session *zt_wg_batch_session(const struct zt_wg_batch *batch, uint32_t opened)
{
    return opened < batch->opening.count ? batch->sessions[opened] : NULL;
}

bool zt_wg_batch_take(const struct zt_wg_batch *batch, uint32_t opened, struct zt_frame *text)
{
    *text = batch->texts[opened];
    return batch->opening.jobs[opened].good;
}

bool zt_wg_batch_sum(const struct zt_wg_batch *batch, uint32_t opened, zt_sum *sum)
{
    if (opened >= batch->opening.count)
        return false;
    const struct zt_aead_job *job = &batch->opening.jobs[opened];
    sum->raw += sum_of(job, job->in).raw;
    return true;
}

void zt_wg_batch_settle(struct zt_wg_batch *batch)
{
    if (ZT_MUTANT(wireguard_batch_outlives_keys))
        return;
    zt_wg_batch_flush(batch);
    batch->opening.count = 0;
}
