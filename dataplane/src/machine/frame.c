/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/frame.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/error.h"

#define CHUNK (256u * 1024)
/* Chunks kept over a reset; what a burst of floods needed more goes back. */
#define CHUNKS_KEPT 8u

struct zt_chunk {
    struct zt_chunk *next;
    size_t size;
    /* Frames start at multiples of 64 behind this. */
    uint8_t memory[] __attribute__((aligned(64)));
};

static struct zt_chunk *new_chunk(size_t size)
{
    struct zt_chunk *chunk = aligned_alloc(64, sizeof *chunk + ((size + 63) & ~(size_t)63));
    if (chunk == NULL)
        chunk = zt_calloc(SIZE_MAX, 1);
    chunk->next = NULL;
    chunk->size = size;
    return chunk;
}

static uint8_t *allocate(struct zt_arena *arena, size_t octets)
{
    octets = (octets + 63) & ~(size_t)63;
    if (arena->current != NULL && arena->current->size - arena->used >= octets) {
        uint8_t *memory = arena->current->memory + arena->used;
        arena->used += octets;
        return memory;
    }
    struct zt_chunk *next = arena->current == NULL ? arena->first : arena->current->next;
    if (next == NULL || next->size < octets) {
        struct zt_chunk *chunk = new_chunk(octets > CHUNK ? octets : CHUNK);
        chunk->next = next;
        if (arena->current == NULL)
            arena->first = chunk;
        else
            arena->current->next = chunk;
        next = chunk;
    }
    arena->current = next;
    arena->used = octets;
    return next->memory;
}

struct zt_frame zt_frame_new(struct zt_arena *arena, uint32_t length)
{
    uint8_t *memory = allocate(arena, (size_t)ZT_HEADROOM + length + ZT_TAILROOM);
    return (struct zt_frame){ memory + ZT_HEADROOM, length, ZT_HEADROOM, ZT_TAILROOM };
}

struct zt_frame zt_frame_copy(struct zt_arena *arena, const uint8_t *data, uint32_t length)
{
    struct zt_frame frame = zt_frame_new(arena, length);
    memcpy(frame.data, data, length);
    return frame;
}

struct zt_frame zt_frame_push(struct zt_arena *arena, struct zt_frame frame, uint32_t octets)
{
    if (frame.headroom < octets) {
        struct zt_frame moved = zt_frame_new(arena, frame.length + octets);
        memcpy(moved.data + octets, frame.data, frame.length);
        return moved;
    }
    return (struct zt_frame){ frame.data - octets, frame.length + octets, frame.headroom - octets,
                              frame.tailroom };
}

struct zt_frame zt_frame_make_room(struct zt_arena *arena, struct zt_frame frame, uint32_t octets)
{
    return frame.tailroom >= octets ? frame : zt_frame_copy(arena, frame.data, frame.length);
}

void zt_arena_reset(struct zt_arena *arena)
{
    struct zt_chunk *last = arena->first;
    for (uint32_t kept = 1; last != NULL && kept < CHUNKS_KEPT; kept++)
        last = last->next;
    if (last != NULL) {
        for (struct zt_chunk *chunk = last->next, *next; chunk != NULL; chunk = next) {
            next = chunk->next;
            free(chunk);
        }
        last->next = NULL;
    }
    arena->current = arena->first;
    arena->used = 0;
}

void zt_arena_free(struct zt_arena *arena)
{
    for (struct zt_chunk *chunk = arena->first, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *arena = (struct zt_arena){ 0 };
}
