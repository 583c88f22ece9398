/* SPDX-License-Identifier: Apache-2.0 */
/* Values on a command line. */
#ifndef ZTOS_RUN_ARGUMENTS_H
#define ZTOS_RUN_ARGUMENTS_H

#include <stdint.h>

#include "src/run/failure.h"

/* A decimal number of a flag, from `least` to `most`. */
int zt_argument_number(const char *flag, const char *text, uint64_t least, uint64_t most,
                       uint64_t *value, struct zt_failure *failure);

/* Writes a line to a descriptor that waits for it, and closes it. Negative: nobody waits. */
void zt_tell_ready(int fd);

/* Prints `failure` and returns its exit status. */
int zt_report(const struct zt_failure *failure);

#endif
