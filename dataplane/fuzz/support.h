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
/*
 * One of two nodes that seal for each other, 1 or 2: their ports 1 are a link under wireguard interface 3, over their ports 2 goes what
 * interface 5 seals. Both are in VRF 1, so that what comes by one can leave by the other.
 */
const char *fuzz_wireguard(uint32_t node, size_t *length);
/* The keys of the test programs and of these nodes. */
const struct zt_keys *fuzz_keys(void);

#endif
