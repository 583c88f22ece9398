/* SPDX-License-Identifier: Apache-2.0 */
/* Time, and what many rounds come to. */
#ifndef ZTOS_BENCH_TIMING_H
#define ZTOS_BENCH_TIMING_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline double zt_bench_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static inline int zt_bench_compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Sorts them. */
static inline double zt_bench_median(double *samples, uint32_t count)
{
    qsort(samples, count, sizeof *samples, zt_bench_compare);
    return samples[count / 2];
}

#endif
