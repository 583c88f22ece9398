/* SPDX-License-Identifier: Apache-2.0 */
/* What fuzz targets share. They run in dataplane/, where test/programs/ is. */
#ifndef ZTOS_FUZZ_SUPPORT_H
#define ZTOS_FUZZ_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#include "ztos/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A program of test/programs/, with its length; kept for the life of the process. */
const char *fuzz_program(const char *name, size_t *length);
/* The keys of the test programs. */
const struct zt_keys *fuzz_keys(void);

#endif
