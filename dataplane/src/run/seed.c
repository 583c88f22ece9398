/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/seed.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "src/base/journal.h"

#define ENTROPY (ZT_SEED_OCTETS - 8)
/* ns; two readings of clocks lie no further apart, but for a process that was put to sleep between them. */
#define APART 10000000

static int64_t read_clock(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t zt_wall_offset(void)
{
    return read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
}

bool zt_wall_is_set(int64_t before, int64_t now)
{
    return now - before > APART || before - now > APART;
}

bool zt_seed_draw(uint8_t payload[ZT_SEED_OCTETS], uint64_t advance)
{
    uint64_t wall = (uint64_t)read_clock(CLOCK_REALTIME) + advance;
    ssize_t count;

    /* A journal's integers are little-endian, and so is the host (journal.c). */
    memcpy(payload, &wall, 8);
    do
        count = getrandom(payload + 8, ENTROPY, 0);
    while (count < 0 && errno == EINTR);
    return count == ENTROPY;
}
