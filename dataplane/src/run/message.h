/* SPDX-License-Identifier: Apache-2.0 */
/* Putting a stream of octets together into messages of the control protocol. No I/O. */
#ifndef ZTOS_RUN_MESSAGE_H
#define ZTOS_RUN_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#define ZT_MESSAGE_HEADER 4

struct zt_message_reader {
    uint8_t *data;
    size_t start, end, capacity;
};

/* Room for at least one octet more; write up to `*room` octets there and say how many by zt_message_received(). */
uint8_t *zt_message_room(struct zt_message_reader *reader, size_t *room);
void zt_message_received(struct zt_message_reader *reader, size_t count);

enum zt_message_state {
    ZT_MESSAGE_READY,
    ZT_MESSAGE_INCOMPLETE,
    /* The length is above ZT_CONTROL_MAX_MESSAGE: the stream has no meaning any more. */
    ZT_MESSAGE_TOO_LONG,
};

/* The next message, valid until zt_message_room(). */
enum zt_message_state zt_message_next(struct zt_message_reader *reader, const char **message,
                                      size_t *length);

void zt_message_free(struct zt_message_reader *reader);

#endif
