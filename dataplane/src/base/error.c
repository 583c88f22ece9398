/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/error.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

bool zt_error_set(struct zt_error *error, const char *code, const char *where, const char *format,
                  ...)
{
    if (error == NULL)
        return false;
    error->code = code;
    snprintf(error->where, sizeof error->where, "%s", where);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return false;
}

static _Noreturn void out_of_memory(size_t count, size_t size)
{
    fprintf(stderr, "out of memory: %zu times %zu octets\n", count, size);
    abort();
}

void *zt_calloc(size_t count, size_t size)
{
    void *memory = calloc(count == 0 ? 1 : count, size);
    if (memory == NULL)
        out_of_memory(count, size);
    return memory;
}

void *zt_realloc(void *memory, size_t count, size_t size)
{
    size_t octets;
    if (__builtin_mul_overflow(count, size, &octets))
        out_of_memory(count, size);
    void *moved = realloc(memory, octets == 0 ? 1 : octets);
    if (moved == NULL)
        out_of_memory(count, size);
    return moved;
}
