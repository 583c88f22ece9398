/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/message.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/error.h"
#include "ztos/gen/control.h"

/* What a client without a large message holds. */
#define SMALL 4096u

static uint32_t announced(const struct zt_message_reader *reader)
{
    const uint8_t *at = reader->data + reader->start;

    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint8_t *zt_message_room(struct zt_message_reader *reader, size_t *room)
{
    size_t held = reader->end - reader->start;

    if (reader->start > 0) {
        memmove(reader->data, reader->data + reader->start, held);
        reader->start = 0;
        reader->end = held;
    }
    /* A large message leaves no large buffer behind. */
    if (reader->capacity > SMALL && held < ZT_MESSAGE_HEADER) {
        reader->data = zt_realloc(reader->data, SMALL, 1);
        reader->capacity = SMALL;
    }
    /* Twice what has arrived, whatever the length prefix says: a client pays for memory with octets. */
    if (reader->end == reader->capacity) {
        reader->capacity = reader->capacity ? reader->capacity * 2 : SMALL;
        reader->data = zt_realloc(reader->data, reader->capacity, 1);
    }
    *room = reader->capacity - reader->end;
    return reader->data + reader->end;
}

void zt_message_received(struct zt_message_reader *reader, size_t count)
{
    reader->end += count;
}

enum zt_message_state zt_message_next(struct zt_message_reader *reader, const char **message,
                                      size_t *length)
{
    size_t held = reader->end - reader->start;
    uint32_t wanted;

    if (held < ZT_MESSAGE_HEADER)
        return ZT_MESSAGE_INCOMPLETE;
    wanted = announced(reader);
    if (wanted > ZT_CONTROL_MAX_MESSAGE)
        return ZT_MESSAGE_TOO_LONG;
    if (held - ZT_MESSAGE_HEADER < wanted)
        return ZT_MESSAGE_INCOMPLETE;
    *message = (const char *)reader->data + reader->start + ZT_MESSAGE_HEADER;
    *length = wanted;
    reader->start += ZT_MESSAGE_HEADER + wanted;
    return ZT_MESSAGE_READY;
}

void zt_message_free(struct zt_message_reader *reader)
{
    free(reader->data);
    memset(reader, 0, sizeof(*reader));
}
