/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ZTOS_REPLAY_TABLES_FILE_H
#define ZTOS_REPLAY_TABLES_FILE_H

#include "src/replay/replay.h"

/*
 * Writes what `tables` (CTRL-9) tells at the time of the last input to a file (0600), which it makes or empties. False with
 * `error` (code `tables-unwritable`).
 */
bool zt_replay_write_tables(const struct zt_replay *replay, const char *path,
                            struct zt_error *error);

#endif
