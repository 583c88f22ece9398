/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ZTOS_BENCH_MACSEC_H
#define ZTOS_BENCH_MACSEC_H

#include <stdint.h>

/* `vectors` of 64 frames a round. */
void zt_macsec_bench(uint32_t vectors);

#endif
