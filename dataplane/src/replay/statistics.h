/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ZTOS_REPLAY_STATISTICS_H
#define ZTOS_REPLAY_STATISTICS_H

#include "src/replay/replay.h"

/*
 * One JSON object on standard output: `inputs`, `outputs`, `refused`, `recorded` (outputs compared), `complete`, `fates` by
 * name, `ports`, `cache`, `cpu`, `node`.
 */
void zt_replay_print_statistics(const struct zt_replay *replay);

#endif
