/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files. */
#ifndef ZTOS_BASE_FILE_H
#define ZTOS_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "ztos/machine.h"

/*
 * Reads a regular file into memory that the caller frees; a NUL stands behind it. NULL with `error` (code `file-unreadable`,
 * where the path) when it cannot be read or is longer than `most`.
 */
uint8_t *zt_file_read(const char *path, size_t most, size_t *length, struct zt_error *error);

#endif
