/* SPDX-License-Identifier: Apache-2.0 */
/* Filling struct zt_error, and memory that is there or ends the process. */
#ifndef ZTOS_BASE_ERROR_H
#define ZTOS_BASE_ERROR_H

#include <stddef.h>

#include "ztos/machine.h"

/* Fills `error` (NULL is allowed) and returns false, so that a caller can write `return zt_error_set(...)`. */
bool zt_error_set(struct zt_error *error, const char *code, const char *where, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

/*
 * Allocation that ends the process with a message when memory is out: a node that cannot keep its state must not go on,
 * and an engine that dies leaves its ports closed. Sizes come from limits of the contract.
 */
void *zt_calloc(size_t count, size_t size);
void *zt_realloc(void *memory, size_t count, size_t size);

#endif
