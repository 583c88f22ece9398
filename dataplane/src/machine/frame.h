/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames under way: memory of an arena that lives until the next call into the machine, with room in front for an overlay's
 * headers and a SecTAG, and behind for ICVs.
 */
#ifndef ZTOS_MACHINE_FRAME_H
#define ZTOS_MACHINE_FRAME_H

#include <stddef.h>
#include <stdint.h>

/* IPv6, UDP, VXLAN, Ethernet and a SecTAG are 86. */
#define ZT_HEADROOM 128u
/* Two ICVs: of a tunnel and of the link below. */
#define ZT_TAILROOM 32u

struct zt_frame {
    uint8_t *data;
    uint32_t length;
    /* Octets that may be written in front of data, and behind the frame at the least. */
    uint32_t headroom, tailroom;
};

struct zt_chunk;
struct zt_arena {
    struct zt_chunk *first, *current;
    size_t used;
};

/* Memory for `length` octets with head- and tailroom, not initialised. */
struct zt_frame zt_frame_new(struct zt_arena *arena, uint32_t length);
struct zt_frame zt_frame_copy(struct zt_arena *arena, const uint8_t *data, uint32_t length);
/* The frame with `octets` more in front, moved if there is no room. */
struct zt_frame zt_frame_push(struct zt_arena *arena, struct zt_frame frame, uint32_t octets);
/* The frame with at least `octets` of tailroom, moved if there is not as much. */
struct zt_frame zt_frame_make_room(struct zt_arena *arena, struct zt_frame frame, uint32_t octets);

/* The frame without its first `octets`. */
static inline struct zt_frame zt_frame_pull(struct zt_frame frame, uint32_t octets)
{
    return (struct zt_frame){ frame.data + octets, frame.length - octets, frame.headroom + octets,
                              frame.tailroom };
}

void zt_arena_reset(struct zt_arena *arena);
void zt_arena_free(struct zt_arena *arena);

#endif
