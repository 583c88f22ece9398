/* SPDX-License-Identifier: Apache-2.0 */
#include "src/probe/arrivals.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/error.h"

/* Records are aligned to 8 octets. One with length SKIP fills the end of the memory. */
#define SKIP UINT32_MAX

struct record {
    uint64_t seq;
    uint64_t at;
    uint32_t host;
    uint32_t length;
    uint32_t foreign;
    uint32_t reserved;
};

void zt_arrivals_open(struct zt_arrivals *arrivals, size_t size)
{
    *arrivals = (struct zt_arrivals){ .memory = zt_calloc(size, 1), .size = size };
}

void zt_arrivals_close(struct zt_arrivals *arrivals)
{
    free(arrivals->memory);
    *arrivals = (struct zt_arrivals){ 0 };
}

static size_t record_size(uint32_t length)
{
    return sizeof(struct record) + ((size_t)length + 7) / 8 * 8;
}

static struct record *record_at(const struct zt_arrivals *arrivals, uint64_t place)
{
    return (struct record *)(arrivals->memory + place % arrivals->size);
}

/* Octets from `place` to the end of the memory, if a record that begins there is only filling. */
static size_t filling(const struct zt_arrivals *arrivals, uint64_t place)
{
    size_t left = arrivals->size - place % arrivals->size;

    if (left < sizeof(struct record) || record_at(arrivals, place)->length == SKIP)
        return left;
    return 0;
}

void zt_arrivals_add(struct zt_arrivals *arrivals, uint32_t host, uint64_t at, bool foreign,
                     const uint8_t *data, uint32_t length)
{
    size_t size = record_size(length);
    size_t left = arrivals->size - arrivals->tail % arrivals->size;
    size_t skipped = left < size ? left : 0;
    struct record *record;

    if (arrivals->tail + skipped + size - arrivals->head > arrivals->size) {
        arrivals->lost++;
        return;
    }
    if (skipped >= sizeof(*record))
        record_at(arrivals, arrivals->tail)->length = SKIP;
    arrivals->tail += skipped;
    record = record_at(arrivals, arrivals->tail);
    *record = (struct record){
        .seq = arrivals->next_seq++,
        .at = at,
        .host = host,
        .length = length,
        .foreign = foreign,
    };
    memcpy(record + 1, data, length);
    arrivals->tail += size;
}

bool zt_arrivals_next(const struct zt_arrivals *arrivals, uint64_t *place,
                      struct zt_arrival *arrival)
{
    const struct record *record;

    if (*place < arrivals->head)
        *place = arrivals->head;
    if (*place < arrivals->tail)
        *place += filling(arrivals, *place);
    if (*place >= arrivals->tail)
        return false;
    record = record_at(arrivals, *place);
    *arrival = (struct zt_arrival){
        .seq = record->seq,
        .at = record->at,
        .host = record->host,
        .length = record->length,
        .foreign = record->foreign != 0,
        .data = (const uint8_t *)(record + 1),
    };
    *place += record_size(record->length);
    return true;
}

void zt_arrivals_forget(struct zt_arrivals *arrivals, uint64_t seq)
{
    uint64_t place = 0;
    struct zt_arrival arrival;

    while (zt_arrivals_next(arrivals, &place, &arrival) && arrival.seq < seq)
        arrivals->head = place;
}
