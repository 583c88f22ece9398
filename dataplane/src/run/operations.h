/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the control protocol whose operations stand in a table, as those of probe and wire node: an object with `id`, `op` and the
 * operation's own members.
 */
#ifndef ZTOS_RUN_OPERATIONS_H
#define ZTOS_RUN_OPERATIONS_H

#include "src/base/text.h"
#include "src/run/control_server.h"
#include "src/run/members.h"

/* Appends the members of the answer behind `{"id":N,"ok":true`. False with `error` filled: what it has appended is taken back. */
typedef bool zt_operation_run(void *context, const struct zt_members *request,
                              struct zt_text *answer, struct zt_error *error);

struct zt_operation {
    const char *name;
    /* All that the request may have, `id` and `op` among them; NULL-terminated, at most ZT_MEMBERS_MAX. */
    const char *const *members;
    zt_operation_run *run;
};

/* Members of an operation that has none of its own. */
extern const char *const zt_operation_no_members[];

/*
 * Answers a message, well-formed or not. A connection whose message is no JSON is to be closed: nothing else on it can be trusted.
 */
enum zt_control_next zt_operations_answer(const struct zt_operation *operations, uint32_t count,
                                          void *context, const char *message, size_t length,
                                          struct zt_text *answer);

#endif
