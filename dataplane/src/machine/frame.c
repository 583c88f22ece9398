/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/frame.h"

#include <stdlib.h>

#include "src/base/error.h"

#define CHUNK (256u * 1024)
/* Chunks kept over a reset; what a burst of floods needed more goes back. */
#define CHUNKS_KEPT 8u

static struct zt_chunk *new_chunk(size_t size)
{
    struct zt_chunk *chunk = aligned_alloc(64, sizeof *chunk + ((size + 63) & ~(size_t)63));
    if (chunk == NULL)
        chunk = zt_calloc(SIZE_MAX, 1);
    chunk->next = NULL;
    chunk->size = size;
    return chunk;
}

uint8_t *zt_arena_more(struct zt_arena *arena, size_t octets)
{
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
