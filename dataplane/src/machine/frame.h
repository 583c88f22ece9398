/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames under way: memory of an arena that lives until the next call into the machine, with room in front for an overlay's
 * headers and a SecTAG, and behind for ICVs.
 */
#ifndef ZTOS_MACHINE_FRAME_H
#define ZTOS_MACHINE_FRAME_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* IPv6, UDP, VXLAN, Ethernet and a SecTAG are 86. Memory begins a cache line, and so does what is behind the Ethernet header: a cipher
 * reads and writes lines, not halves of two. */
#define ZT_HEADROOM 114u
/* Two ICVs: of a tunnel and of the link below. */
#define ZT_TAILROOM 32u

/* 16 octets: it is handed on in registers. */
struct zt_frame {
    uint8_t *data;
    uint32_t length;
    /* Octets that may be written in front of data, and behind the frame at the least. */
    uint16_t headroom, tailroom;
};
_Static_assert(sizeof(struct zt_frame) == 16, "a frame fits in two registers");

struct zt_chunk {
    struct zt_chunk *next;
    size_t size;
    /* Frames start at multiples of 64 behind this. */
    uint8_t memory[] __attribute__((aligned(64)));
};
struct zt_arena {
    struct zt_chunk *first, *current;
    size_t used;
};

/* `octets`, a multiple of 64, of another chunk. */
uint8_t *zt_arena_more(struct zt_arena *arena, size_t octets);

/* Memory for `length` octets with head- and tailroom, not initialised. */
static inline struct zt_frame zt_frame_new(struct zt_arena *arena, uint32_t length)
{
    size_t octets = ((size_t)ZT_HEADROOM + length + ZT_TAILROOM + 63) & ~(size_t)63;
    uint8_t *memory;
    if (arena->current != NULL && arena->current->size - arena->used >= octets) {
        memory = arena->current->memory + arena->used;
        arena->used += octets;
    } else {
        memory = zt_arena_more(arena, octets);
    }
    return (struct zt_frame){ memory + ZT_HEADROOM, length, ZT_HEADROOM, ZT_TAILROOM };
}

static inline void zt_copy_16(uint8_t *to, const uint8_t *from)
{
    _mm_storeu_si128((__m128i *)(void *)to, _mm_loadu_si128((const __m128i *)(const void *)from));
}

/*
 * Copies a frame whose headers are read at once: the first octets in words of 16 that begin where an IPv4 header does, so that each
 * address and the ports lie in one. (memcpy takes longer ones, which a processor stores in halves.)
 */
static inline void zt_frame_write(uint8_t *to, const uint8_t *data, uint32_t length)
{
    const uint32_t head = 62;

    if (length < head) {
        memcpy(to, data, length);
        return;
    }
    zt_copy_16(to, data);
    zt_copy_16(to + 14, data + 14);
    zt_copy_16(to + 30, data + 30);
    zt_copy_16(to + 46, data + 46);
    memcpy(to + head, data + head, length - head);
}

static inline struct zt_frame zt_frame_copy(struct zt_arena *arena, const uint8_t *data,
                                            uint32_t length)
{
    struct zt_frame frame = zt_frame_new(arena, length);
    zt_frame_write(frame.data, data, length);
    return frame;
}

/*
 * Writes a frame to memory in two words, as it is read again when it is handed on. (Compilers write the parts one by one, and reading
 * what was written in parts has to wait for them.)
 */
static inline void zt_frame_store(struct zt_frame *at, struct zt_frame frame)
{
    uint64_t rest = frame.length | (uint64_t)frame.headroom << 32 | (uint64_t)frame.tailroom << 48;
    at->data = frame.data;
    memcpy((uint8_t *)at + offsetof(struct zt_frame, length), &rest, sizeof rest);
}

/* The frame with `octets` more in front, moved if there is no room. */
static inline struct zt_frame zt_frame_push(struct zt_arena *arena, struct zt_frame frame,
                                            uint32_t octets)
{
    if (frame.headroom < octets) {
        struct zt_frame moved = zt_frame_new(arena, frame.length + octets);
        memcpy(moved.data + octets, frame.data, frame.length);
        return moved;
    }
    return (struct zt_frame){ frame.data - octets, frame.length + octets,
                              (uint16_t)(frame.headroom - octets), frame.tailroom };
}

/* The frame with at least `octets` of tailroom, moved if there is not as much. */
static inline struct zt_frame zt_frame_make_room(struct zt_arena *arena, struct zt_frame frame,
                                                 uint32_t octets)
{
    return frame.tailroom >= octets ? frame : zt_frame_copy(arena, frame.data, frame.length);
}

/* `octets` that were written behind the frame, in its tailroom, are part of it. */
static inline struct zt_frame zt_frame_append(struct zt_frame frame, uint32_t octets)
{
    return (struct zt_frame){ frame.data, frame.length + octets, frame.headroom,
                              (uint16_t)(frame.tailroom - octets) };
}

/* The frame without its first `octets`. */
static inline struct zt_frame zt_frame_pull(struct zt_frame frame, uint32_t octets)
{
    return (struct zt_frame){ frame.data + octets, frame.length - octets,
                              (uint16_t)(frame.headroom + octets), frame.tailroom };
}

void zt_arena_reset(struct zt_arena *arena);
void zt_arena_free(struct zt_arena *arena);

#endif
