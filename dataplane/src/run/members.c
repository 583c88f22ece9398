/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/members.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/base/error.h"

bool zt_members_read(struct zt_members *members, const struct zt_json *json, uint32_t node,
                     const char *where, int64_t index, const char *const *names,
                     struct zt_error *error)
{
    uint32_t key = zt_json_first(node);

    memset(members, 0, sizeof(*members));
    members->json = json;
    members->names = names;
    if (index >= 0)
        snprintf(members->where, sizeof(members->where), "%s/%" PRId64, where, index);
    else
        snprintf(members->where, sizeof(members->where), "%s", where);
    if (json->nodes[node].type != ZT_JSON_OBJECT)
        return zt_error_set(error, "request-invalid", members->where, "an object is wanted");
    for (uint32_t i = 0; i < json->nodes[node].count; i++) {
        uint32_t value = json->nodes[key].next;
        unsigned int name = 0;

        while (names[name] && !zt_json_string_is(json, key, names[name]))
            name++;
        if (!names[name])
            return zt_error_set(error, "request-invalid", members->where,
                                "member %u has a name that is not known", i + 1);
        if (members->values[name] != 0)
            return zt_members_wrong(members, names[name], error, "the member comes twice");
        members->values[name] = value;
        key = json->nodes[value].next;
    }
    return true;
}

uint32_t zt_members_find(const struct zt_members *members, const char *name)
{
    for (unsigned int i = 0; members->names[i]; i++)
        if (strcmp(members->names[i], name) == 0)
            return members->values[i];
    return 0;
}

bool zt_members_integer(const struct zt_members *members, const char *name, int64_t least,
                        int64_t most, int64_t *value, struct zt_error *error)
{
    uint32_t node = zt_members_find(members, name);

    if (node != 0 && zt_json_integer(members->json, node, value) && *value >= least &&
        *value <= most)
        return true;
    return zt_members_wrong(members, name, error,
                            "an integer from %" PRId64 " to %" PRId64 " is wanted", least, most);
}

bool zt_members_wrong(const struct zt_members *members, const char *name, struct zt_error *error,
                      const char *format, ...)
{
    char where[sizeof(members->where) + 32];
    char message[256];
    va_list arguments;

    snprintf(where, sizeof(where), "%s/%s", members->where, name);
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    return zt_error_set(error, "request-invalid", where, "%s", message);
}
