/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ZTOS_WIREGUARD_BENCH_H
#define ZTOS_WIREGUARD_BENCH_H

#include <stdint.h>

/* Prints a line for each length and kind; a round is so many vectors. */
void zt_wireguard_bench(uint32_t vectors);

#endif
