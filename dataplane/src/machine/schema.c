/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/schema.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "src/base/error.h"

static void render(const struct zt_path *path, char *out, size_t size)
{
    if (path == NULL) {
        snprintf(out, size, "$");
        return;
    }
    render(path->up, out, size);
    size_t used = strlen(out);
    if (path->key != NULL)
        snprintf(out + used, size - used, ".%s", path->key);
    else
        snprintf(out + used, size - used, "[%u]", path->index);
}

bool zt_schema_fail(const struct zt_schema *schema, const struct zt_path *path, const char *format,
                    ...)
{
    char where[sizeof schema->error->where], message[sizeof schema->error->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    render(path, where, sizeof where);
    return zt_error_set(schema->error, schema->code, where, "%s", message);
}

static bool wrong_type(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                       const char *wanted)
{
    return zt_schema_fail(schema, path, "%s is wanted, not %s", wanted,
                          zt_json_type_name(schema->json->nodes[node].type));
}

bool zt_schema_object(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                      const char *const *names, uint32_t count, uint32_t *values)
{
    const struct zt_json *json = schema->json;
    if (json->nodes[node].type != ZT_JSON_OBJECT)
        return wrong_type(schema, node, path, "an object");
    memset(values, 0, count * sizeof *values);
    uint32_t key = zt_json_first(node);
    for (uint32_t i = 0; i < json->nodes[node].count; i++) {
        uint32_t value = zt_json_next(json, key), member = 0;
        while (member < count &&
               !zt_json_string_is(json, key, names[member] + (names[member][0] == '?')))
            member++;
        if (member == count) {
            char name[40];
            if (!zt_json_string(json, key, name, sizeof name, NULL))
                snprintf(name, sizeof name, "(a long name)");
            return zt_schema_fail(schema, path, "unknown member `%s`", name);
        }
        if (values[member] != 0)
            return zt_schema_fail(schema, path, "member `%s` is there twice",
                                  names[member] + (names[member][0] == '?'));
        values[member] = value;
        key = zt_json_next(json, value);
    }
    for (uint32_t member = 0; member < count; member++)
        if (values[member] == 0 && names[member][0] != '?')
            return zt_schema_fail(schema, path, "member `%s` is missing", names[member]);
    return true;
}

uint32_t zt_schema_find(const struct zt_schema *schema, uint32_t node, const char *name)
{
    const struct zt_json *json = schema->json;
    if (json->nodes[node].type != ZT_JSON_OBJECT)
        return 0;
    uint32_t key = zt_json_first(node);
    for (uint32_t i = 0; i < json->nodes[node].count; i++) {
        uint32_t value = zt_json_next(json, key);
        if (zt_json_string_is(json, key, name))
            return value;
        key = zt_json_next(json, value);
    }
    return 0;
}

bool zt_schema_array(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                     uint32_t min, uint32_t max)
{
    const struct zt_json_node *array = &schema->json->nodes[node];
    if (array->type != ZT_JSON_ARRAY)
        return wrong_type(schema, node, path, "an array");
    if (array->count < min)
        return zt_schema_fail(schema, path, "at least %u elements are wanted", min);
    if (array->count > max)
        return zt_schema_fail(schema, path, "%u elements are more than %u", array->count, max);
    return true;
}

bool zt_schema_integer(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                       int64_t min, int64_t max, int64_t *value)
{
    if (schema->json->nodes[node].type != ZT_JSON_NUMBER)
        return wrong_type(schema, node, path, "an integer");
    if (!zt_json_integer(schema->json, node, value))
        return zt_schema_fail(schema, path, "an integer is wanted");
    if (*value < min || *value > max)
        return zt_schema_fail(schema, path, "%" PRId64 " is not in %" PRId64 "..%" PRId64, *value,
                              min, max);
    return true;
}

bool zt_schema_bool(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                    bool *value)
{
    uint8_t type = schema->json->nodes[node].type;
    if (type != ZT_JSON_TRUE && type != ZT_JSON_FALSE)
        return wrong_type(schema, node, path, "true or false");
    *value = type == ZT_JSON_TRUE;
    return true;
}

bool zt_schema_string(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                      uint32_t min, uint32_t max, char *out)
{
    uint32_t units;
    if (schema->json->nodes[node].type != ZT_JSON_STRING)
        return wrong_type(schema, node, path, "a string");
    if (!zt_json_string(schema->json, node, out, 3 * max + 1, &units) || units > max)
        return zt_schema_fail(schema, path,
                              "a string of at most %u characters without U+0000 is wanted", max);
    if (units < min)
        return zt_schema_fail(schema, path, "a string of at least %u characters is wanted", min);
    return true;
}

bool zt_schema_enum(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                    const char *const *names, uint32_t count, uint32_t *index)
{
    char list[200] = "";
    for (uint32_t i = 0; i < count; i++) {
        if (zt_json_string_is(schema->json, node, names[i])) {
            *index = i;
            return true;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s\"%s\"", i == 0 ? "" : ", ", names[i]);
    }
    return zt_schema_fail(schema, path, count == 1 ? "%s is wanted" : "one of %s is wanted", list);
}

/* Text of an address-like string; false when it is none or does not fit. */
static bool address_text(const struct zt_schema *schema, uint32_t node, char text[ZT_ADDRESS_TEXT])
{
    return schema->json->nodes[node].type == ZT_JSON_STRING &&
           zt_json_string(schema->json, node, text, ZT_ADDRESS_TEXT, NULL);
}

bool zt_schema_mac(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                   zt_mac *mac)
{
    char text[ZT_ADDRESS_TEXT];
    if (address_text(schema, node, text) && zt_mac_parse(text, mac))
        return true;
    return zt_schema_fail(schema, path, "a MAC address is wanted, lower case with colons");
}

bool zt_schema_sci(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                   zt_sci *sci)
{
    char text[ZT_ADDRESS_TEXT];
    if (address_text(schema, node, text) && zt_sci_parse(text, sci))
        return true;
    return zt_schema_fail(schema, path, "an SCI is wanted: 16 lower-case hex digits");
}

bool zt_schema_ip(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                  zt_ip *ip)
{
    char text[ZT_ADDRESS_TEXT];
    if (address_text(schema, node, text) && zt_ip_parse(text, ip))
        return true;
    return zt_schema_fail(schema, path,
                          "an IPv4 or IPv6 address in canonical text (RFC 5952) is wanted");
}

bool zt_schema_cidr(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                    zt_ip *ip, uint8_t *length)
{
    char text[ZT_ADDRESS_TEXT];
    if (address_text(schema, node, text) && zt_cidr_parse(text, ip, length))
        return true;
    return zt_schema_fail(schema, path,
                          "an address with prefix length is wanted, in canonical text (RFC 5952)");
}

bool zt_schema_key(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                   char *out)
{
    static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
    static const char scheme[] = "abcdefghijklmnopqrstuvwxyz0123456789+.-";
    static const char rest[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/#-";
    if (schema->json->nodes[node].type == ZT_JSON_STRING &&
        zt_json_string(schema->json, node, out, 201, NULL)) {
        size_t colon = strspn(out, scheme), length = strlen(out);
        if (length > 0 && strchr(lower, out[0]) != NULL && out[colon] == ':' &&
            colon + 1 < length && colon + 1 + strspn(out + colon + 1, rest) == length)
            return true;
    }
    return zt_schema_fail(schema, path,
                          "a key reference is wanted: scheme:name, at most 200 characters");
}
