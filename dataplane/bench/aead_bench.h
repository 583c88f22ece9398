/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ZTOS_AEAD_BENCH_H
#define ZTOS_AEAD_BENCH_H

#include <stdint.h>

/* Prints a line for each way, direction and length; a round is so many batches. */
void zt_aead_bench(uint32_t vectors);

#endif
