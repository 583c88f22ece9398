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

struct queue {
    struct zt_aead_job jobs[MOST];
    uint8_t keys[MOST][ZT_AEAD_KEY];
    uint32_t count;
};

struct zt_wg_batch {
    struct zt_aead *aead;
    struct queue sealing, opening;
    struct checksum checksums[MOST];
    /* The text of each message that was opened, and the first that was not asked for yet. */
    struct zt_frame texts[MOST];
    uint32_t cursor;
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
    struct zt_aead_job *job = &queue->jobs[queue->count];

    memcpy(queue->keys[queue->count], key, ZT_AEAD_KEY);
    *job = (struct zt_aead_job){ .key = queue->keys[queue->count++] };
    zt_wg_store64(job->nonce + 4, counter);
    return job;
}

static void forget(struct queue *queue)
{
    zt_wg_wipe(queue->keys, queue->count * sizeof queue->keys[0]);
    queue->count = 0;
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
        const struct checksum *sum = &batch->checksums[i];
        memcpy(job->out + job->length, job->tag, ZT_AEAD_TAG);
        if (sum->udp != NULL)
            zt_udp_write_checksum(sum->ip, sum->family, sum->udp, sum->udp_length);
    }
    forget(queue);
}

/* ---- opening */

void zt_wg_batch_begin_opening(struct zt_wg_batch *batch)
{
    forget(&batch->opening);
    batch->cursor = 0;
}

void zt_wg_batch_add_opening(struct zt_wg_batch *batch, struct zt_arena *arena,
                             const uint8_t key[ZT_WG_KEY], const uint8_t *message, uint32_t length)
{
    uint32_t text = length - ZT_WG_DATA_MIN;

    if (batch->opening.count == MOST)
        return;
    struct zt_frame *frame = &batch->texts[batch->opening.count];
    struct zt_aead_job *job = add(&batch->opening, key, zt_wg_load64(message + 8));
    *frame = zt_frame_new(arena, ZT_ETH_HEADER + text);
    job->in = message + ZT_WG_DATA_HEADER;
    job->out = frame->data + ZT_ETH_HEADER;
    job->length = text;
    memcpy(job->tag, job->in + text, ZT_AEAD_TAG);
}

void zt_wg_batch_open(struct zt_wg_batch *batch)
{
    zt_aead_open(batch->aead, batch->opening.jobs, batch->opening.count);
}

bool zt_wg_batch_take(struct zt_wg_batch *batch, const uint8_t key[ZT_WG_KEY],
                      const uint8_t *message, bool *good, struct zt_frame *text)
{
    const uint8_t *sealed = message + ZT_WG_DATA_HEADER;
    const struct queue *queue = &batch->opening;
    uint32_t at = batch->cursor;

    while (at < queue->count && queue->jobs[at].in != sealed)
        at++;
    if (at == queue->count || memcmp(queue->keys[at], key, ZT_WG_KEY) != 0)
        return false;
    batch->cursor = at + 1;
    *good = queue->jobs[at].good;
    *text = batch->texts[at];
    return true;
}
