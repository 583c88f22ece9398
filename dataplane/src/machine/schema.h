/* SPDX-License-Identifier: Apache-2.0 */
/* Reading checked values out of JSON; an error names the JSON path. */
#ifndef ZTOS_MACHINE_SCHEMA_H
#define ZTOS_MACHINE_SCHEMA_H

#include "src/base/json.h"
#include "src/machine/address_text.h"
#include "src/machine/program.h"

/* Where a value stands: a list up to the root, `$`. */
struct zt_path {
    const struct zt_path *up;
    /* Member name, or NULL for an element. */
    const char *key;
    uint32_t index;
};
#define ZT_PATH_KEY(up, key) (&(struct zt_path){ (up), (key), 0 })
#define ZT_PATH_INDEX(up, index) (&(struct zt_path){ (up), NULL, (index) })

struct zt_schema {
    const struct zt_json *json;
    struct zt_error *error;
    /* Code of the errors. */
    const char *code;
};

/* Fills the error with the path and returns false. */
bool zt_schema_fail(const struct zt_schema *schema, const struct zt_path *path, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));

/*
 * A strict object: `names[i]` is the name of member i, `?` in front when it is optional. `values[i]` becomes its node, 0 when
 * it is absent. Unknown and duplicate members are refused.
 */
bool zt_schema_object(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                      const char *const *names, uint32_t count, uint32_t *values);
/* The value of a member of an object, 0 when it is no object or has no such member. */
uint32_t zt_schema_find(const struct zt_schema *schema, uint32_t node, const char *name);
bool zt_schema_array(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                     uint32_t min, uint32_t max);
bool zt_schema_integer(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                       int64_t min, int64_t max, int64_t *value);
bool zt_schema_bool(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                    bool *value);
/* Length in UTF-16 code units, as the contract counts; `out` takes 3 octets a unit and NUL. */
bool zt_schema_string(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                      uint32_t min, uint32_t max, char *out);
/* Index of the string among `names`. */
bool zt_schema_enum(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                    const char *const *names, uint32_t count, uint32_t *index);
bool zt_schema_mac(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                   zt_mac *mac);
bool zt_schema_sci(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                   zt_sci *sci);
bool zt_schema_ip(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                  zt_ip *ip);
bool zt_schema_cidr(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                    zt_ip *ip, uint8_t *length);
/* A key reference: `out` takes 201 octets. */
bool zt_schema_key(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                   char *out);

/* The value node behind a key node; elements follow each other by `next`. */
static inline uint32_t zt_json_next(const struct zt_json *json, uint32_t node)
{
    return json->nodes[node].next;
}

#endif
