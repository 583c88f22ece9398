/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/failure.h"

#include <stdarg.h>
#include <stdio.h>

static const char *log_name = "ztos";

int zt_fail(struct zt_failure *failure, enum zt_exit exit, const char *code, const char *format,
            ...)
{
    va_list arguments;

    failure->code = code;
    failure->exit = exit;
    va_start(arguments, format);
    vsnprintf(failure->message, sizeof(failure->message), format, arguments);
    va_end(arguments);
    return -1;
}

void zt_log_name(const char *name)
{
    log_name = name;
}

void zt_log(const char *format, ...)
{
    char line[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s: %s\n", log_name, line);
}
