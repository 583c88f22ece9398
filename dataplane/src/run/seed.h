/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine is told of chance and of the time of day (WG-4): the only place of the engine that asks for either. */
#ifndef ZTOS_RUN_SEED_H
#define ZTOS_RUN_SEED_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/journal.h"

/* ns of CLOCK_REALTIME at 0 of CLOCK_MONOTONIC: moved by whoever sets the clock, and by nothing else. */
int64_t zt_wall_offset(void);
/* Whether the clock was set between two looks at the offset: they differ by more than two readings may lie apart. */
bool zt_wall_is_set(int64_t before, int64_t now);

/*
 * A seed's payload: wall time plus `advance` (the machine's clock is ahead by it, CTRL-4), and entropy of the kernel. False when there
 * is none: `payload` is then not to be used.
 */
bool zt_seed_draw(uint8_t payload[ZT_SEED_OCTETS], uint64_t advance);

#endif
