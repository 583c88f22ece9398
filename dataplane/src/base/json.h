/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON (RFC 8259): valid UTF-8, no lone surrogates, no leading zeros, nothing behind the value. The result is a
 * flat array of nodes in document order over the text, which must outlive it.
 *
 * (A library would do but for three things: Debian's cJSON has no archive to link statically, takes texts that are no
 * JSON, and forgets where a value stood, which an error must name.)
 */
#ifndef ZTOS_BASE_JSON_H
#define ZTOS_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ztos/machine.h"

enum zt_json_type {
    ZT_JSON_NULL,
    ZT_JSON_FALSE,
    ZT_JSON_TRUE,
    ZT_JSON_NUMBER,
    ZT_JSON_STRING,
    ZT_JSON_ARRAY,
    ZT_JSON_OBJECT,
};

struct zt_json_node {
    uint8_t type;
    /* A string with an escape in it. */
    bool escaped;
    /* Octets of the text that hold the value; a string's are between its quotes. */
    uint32_t start, end;
    /* Elements of an array, members of an object (each a key node and a value). */
    uint32_t count;
    /* Index of the node behind the value and all that is in it. */
    uint32_t next;
};

struct zt_json {
    const char *text;
    struct zt_json_node *nodes;
    uint32_t count, capacity;
};

/* Largest text; the contract's limit on messages and payloads. */
#define ZT_JSON_MAX (16u * 1024 * 1024)
#define ZT_JSON_DEPTH_MAX 32u

/* Node 0 is the value. False with `error` (code `json-invalid`, where `offset N`). Free in both cases. */
bool zt_json_parse(struct zt_json *json, const char *text, size_t length, struct zt_error *error);
void zt_json_free(struct zt_json *json);

/* First child of an array or object, that is the node behind it. */
static inline uint32_t zt_json_first(uint32_t node)
{
    return node + 1;
}

/*
 * Decodes a string node to UTF-8 with NUL behind it. False when it needs more than `size` octets or holds U+0000. `*units`
 * (may be NULL) is its length in UTF-16 code units, as the contract's schemas count.
 */
bool zt_json_string(const struct zt_json *json, uint32_t node, char *out, size_t size,
                    uint32_t *units);
/* Whether a string node is `value`, escapes decoded; `value` is at most 63 octets. */
bool zt_json_string_is(const struct zt_json *json, uint32_t node, const char *value);
/* A number node that is an integer within +-(2^53 - 1), `1.0` and `1e3` included. */
bool zt_json_integer(const struct zt_json *json, uint32_t node, int64_t *value);

/* "an object", "a string", ... */
const char *zt_json_type_name(uint8_t type);

#endif
