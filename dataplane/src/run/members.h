/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a JSON object by name, each known and there once; errors that say where. */
#ifndef ZTOS_RUN_MEMBERS_H
#define ZTOS_RUN_MEMBERS_H

#include "src/base/json.h"

#define ZT_MEMBERS_MAX 12

struct zt_members {
    const struct zt_json *json;
    /* The object's place: `/hosts/3`. */
    char where[48];
    const char *const *names;
    uint32_t values[ZT_MEMBERS_MAX];
};

/*
 * Reads the object at `node`, which has members of these names only (NULL-terminated, at most ZT_MEMBERS_MAX). Its place
 * is `where`, and in a list `where`/`index`.
 */
bool zt_members_read(struct zt_members *members, const struct zt_json *json, uint32_t node,
                     const char *where, int64_t index, const char *const *names,
                     struct zt_error *error);

/* The value's node, 0 if it is not there. */
uint32_t zt_members_find(const struct zt_members *members, const char *name);

/* An integer that must be there. */
bool zt_members_integer(const struct zt_members *members, const char *name, int64_t least,
                        int64_t most, int64_t *value, struct zt_error *error);

/* Fills `error` with the member's place and returns false. */
bool zt_members_wrong(const struct zt_members *members, const char *name, struct zt_error *error,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
