/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a function that can fail leaves behind: a stable code, and one line that names what, where and the remedy.
 */
#ifndef ZTOS_RUN_FAILURE_H
#define ZTOS_RUN_FAILURE_H

#include <stdbool.h>

/* Exit statuses of `ztos-fpe run` and `ztos-probe`. */
enum zt_exit {
    ZT_EXIT_OK = 0,
    /* Something failed while running. */
    ZT_EXIT_FAILED = 1,
    /* Wrong flags, files or messages. */
    ZT_EXIT_USAGE = 2,
    /* The host or the program asks for more than this build can do; the limit is named. */
    ZT_EXIT_LIMIT = 3,
};

struct zt_failure {
    /* Stable, kebab case: `port-missing`. Static storage. */
    const char *code;
    enum zt_exit exit;
    char message[512];
};

/* Fills `failure` and returns -1, so that a caller can write `return zt_fail(...)`. */
int zt_fail(struct zt_failure *failure, enum zt_exit exit, const char *code, const char *format,
            ...) __attribute__((format(printf, 4, 5)));

/* One line on standard error: `ztos-fpe: message`. The program's name is set once, at start. */
void zt_log_name(const char *name);
void zt_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
