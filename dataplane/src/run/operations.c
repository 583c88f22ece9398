/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/operations.h"

#include "src/base/error.h"
#include "src/run/request.h"

const char *const zt_operation_no_members[] = { "id", "op", NULL };

/* A member's value of an object whose members are not checked yet, 0 if it has none. */
static uint32_t first_member(const struct zt_json *json, const char *name)
{
    uint32_t key = zt_json_first(0);

    if (json->nodes[0].type != ZT_JSON_OBJECT)
        return 0;
    for (uint32_t i = 0; i < json->nodes[0].count; i++) {
        uint32_t value = json->nodes[key].next;

        if (zt_json_string_is(json, key, name))
            return value;
        key = json->nodes[value].next;
    }
    return 0;
}

/* The number of a request, for its answer whatever else is wrong with it; 0 if there is none. */
static uint32_t read_id(const struct zt_json *json)
{
    uint32_t node = first_member(json, "id");
    int64_t number;

    if (node && zt_json_integer(json, node, &number) && number >= 0 && number <= UINT32_MAX)
        return (uint32_t)number;
    return 0;
}

static const struct zt_operation *find(const struct zt_operation *operations, uint32_t count,
                                       const struct zt_json *json)
{
    uint32_t op = first_member(json, "op");

    for (uint32_t i = 0; op && i < count; i++)
        if (zt_json_string_is(json, op, operations[i].name))
            return &operations[i];
    return NULL;
}

static bool run(const struct zt_operation *operation, void *context, const struct zt_json *json,
                uint32_t id, struct zt_text *answer, struct zt_error *error)
{
    struct zt_members request;
    int64_t number;

    if (!operation)
        return zt_error_set(error, "request-invalid", "/op", "the name of an operation is wanted");
    if (!zt_members_read(&request, json, 0, "", -1, operation->members, error) ||
        !zt_members_integer(&request, "id", 0, UINT32_MAX, &number, error))
        return false;
    zt_answer_begin(answer, id);
    return operation->run(context, &request, answer, error);
}

enum zt_control_next zt_operations_answer(const struct zt_operation *operations, uint32_t count,
                                          void *context, const char *message, size_t length,
                                          struct zt_text *answer)
{
    struct zt_json json;
    struct zt_error error = { .code = "request-invalid" };
    size_t start = answer->length;
    bool parsed = zt_json_parse(&json, message, length, &error);
    uint32_t id = parsed ? read_id(&json) : 0;

    if (parsed && run(find(operations, count, &json), context, &json, id, answer, &error)) {
        zt_text_append(answer, "}", 1);
    } else {
        answer->length = start;
        zt_answer_error(answer, id, &error);
    }
    zt_json_free(&json);
    return parsed ? ZT_CONTROL_KEEP : ZT_CONTROL_CLOSE;
}
