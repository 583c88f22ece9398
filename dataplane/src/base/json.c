/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/error.h"

struct reader {
    struct zt_json *json;
    struct zt_error *error;
    const uint8_t *text;
    uint32_t at, length;
};

static bool fail(struct reader *reader, const char *message)
{
    char where[32];
    snprintf(where, sizeof where, "offset %u", reader->at);
    return zt_error_set(reader->error, "json-invalid", where, "%s", message);
}

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->length) {
        uint8_t octet = reader->text[reader->at];
        if (octet != ' ' && octet != '\t' && octet != '\n' && octet != '\r')
            return;
        reader->at++;
    }
}

static uint32_t add_node(struct reader *reader, enum zt_json_type type, uint32_t start)
{
    struct zt_json *json = reader->json;
    if (json->count == json->capacity) {
        json->capacity = json->capacity == 0 ? 256 : json->capacity * 2;
        json->nodes = zt_realloc(json->nodes, json->capacity, sizeof *json->nodes);
    }
    json->nodes[json->count] = (struct zt_json_node){ .type = (uint8_t)type, .start = start };
    return json->count++;
}

static void end_node(struct reader *reader, uint32_t node, uint32_t end)
{
    reader->json->nodes[node].end = end;
    reader->json->nodes[node].next = reader->json->count;
}

static int hex_digit(uint8_t octet)
{
    if (octet >= '0' && octet <= '9')
        return octet - '0';
    octet |= 0x20;
    return octet >= 'a' && octet <= 'f' ? octet - 'a' + 10 : -1;
}

/* Four hex digits at `at`, -1 when they are none. */
static int32_t hex4(const uint8_t *text, uint32_t length, uint32_t at)
{
    int32_t value = 0;
    if (at + 4 > length)
        return -1;
    for (uint32_t i = 0; i < 4; i++) {
        int digit = hex_digit(text[at + i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Octets of the UTF-8 sequence at `at`, 0 when it is invalid (RFC 3629: shortest form, no surrogates, up to U+10FFFF). */
static uint32_t utf8_length(const uint8_t *text, uint32_t length, uint32_t at)
{
    uint8_t first = text[at];
    uint32_t octets = first < 0x80   ? 1
                      : first < 0xc2 ? 0
                      : first < 0xe0 ? 2
                      : first < 0xf0 ? 3
                      : first < 0xf5 ? 4
                                     : 0;
    if (octets == 0 || at + octets > length)
        return 0;
    for (uint32_t i = 1; i < octets; i++)
        if ((text[at + i] & 0xc0) != 0x80)
            return 0;
    if ((first == 0xe0 && text[at + 1] < 0xa0) || (first == 0xed && text[at + 1] > 0x9f) ||
        (first == 0xf0 && text[at + 1] < 0x90) || (first == 0xf4 && text[at + 1] > 0x8f))
        return 0;
    return octets;
}

static bool read_escape(struct reader *reader)
{
    uint8_t kind = reader->at + 1 < reader->length ? reader->text[reader->at + 1] : 0;
    if (kind != 'u') {
        if (kind == 0 || strchr("\"\\/bfnrt", kind) == NULL)
            return fail(reader, "unknown escape");
        reader->at += 2;
        return true;
    }
    int32_t unit = hex4(reader->text, reader->length, reader->at + 2);
    if (unit < 0)
        return fail(reader, "an escape needs four hex digits");
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return fail(reader, "lone surrogate");
    if (unit >= 0xd800 && unit <= 0xdbff) {
        bool escaped = reader->at + 8 <= reader->length && reader->text[reader->at + 6] == '\\' &&
                       reader->text[reader->at + 7] == 'u';
        int32_t low = escaped ? hex4(reader->text, reader->length, reader->at + 8) : -1;
        if (low < 0xdc00 || low > 0xdfff)
            return fail(reader, "lone surrogate");
        reader->at += 6;
    }
    reader->at += 6;
    return true;
}

/* From the opening quote to behind the closing one. */
static bool read_string(struct reader *reader)
{
    uint32_t node = add_node(reader, ZT_JSON_STRING, reader->at + 1);
    reader->at++;
    while (reader->at < reader->length) {
        uint8_t octet = reader->text[reader->at];
        if (octet == '"') {
            end_node(reader, node, reader->at++);
            return true;
        }
        if (octet < 0x20)
            return fail(reader, "control character in a string");
        if (octet == '\\') {
            reader->json->nodes[node].escaped = true;
            if (!read_escape(reader))
                return false;
            continue;
        }
        uint32_t octets = utf8_length(reader->text, reader->length, reader->at);
        if (octets == 0)
            return fail(reader, "invalid UTF-8");
        reader->at += octets;
    }
    return fail(reader, "the string does not end");
}

static uint32_t skip_digits(struct reader *reader)
{
    uint32_t start = reader->at;
    while (reader->at < reader->length && reader->text[reader->at] >= '0' &&
           reader->text[reader->at] <= '9')
        reader->at++;
    return reader->at - start;
}

static bool read_number(struct reader *reader)
{
    uint32_t node = add_node(reader, ZT_JSON_NUMBER, reader->at);
    if (reader->text[reader->at] == '-')
        reader->at++;
    uint32_t first = reader->at, digits = skip_digits(reader);
    if (digits == 0)
        return fail(reader, "a digit is missing");
    if (digits > 1 && reader->text[first] == '0')
        return fail(reader, "a number starts with 0");
    if (reader->at < reader->length && reader->text[reader->at] == '.') {
        reader->at++;
        if (skip_digits(reader) == 0)
            return fail(reader, "a digit is missing behind the point");
    }
    if (reader->at < reader->length && (reader->text[reader->at] | 0x20) == 'e') {
        reader->at++;
        if (reader->at < reader->length &&
            (reader->text[reader->at] == '+' || reader->text[reader->at] == '-'))
            reader->at++;
        if (skip_digits(reader) == 0)
            return fail(reader, "a digit is missing in the exponent");
    }
    end_node(reader, node, reader->at);
    return true;
}

static bool read_word(struct reader *reader, const char *word, enum zt_json_type type)
{
    uint32_t length = (uint32_t)strlen(word);
    if (reader->length - reader->at < length ||
        memcmp(reader->text + reader->at, word, length) != 0)
        return fail(reader, "unexpected character");
    uint32_t node = add_node(reader, type, reader->at);
    reader->at += length;
    end_node(reader, node, reader->at);
    return true;
}

static bool read_value(struct reader *reader, uint32_t depth);

static bool read_member_key(struct reader *reader)
{
    if (reader->at >= reader->length || reader->text[reader->at] != '"')
        return fail(reader, "a key in quotes is missing");
    if (!read_string(reader))
        return false;
    skip_space(reader);
    if (reader->at >= reader->length || reader->text[reader->at] != ':')
        return fail(reader, "a colon is missing");
    reader->at++;
    skip_space(reader);
    return true;
}

static bool read_container(struct reader *reader, enum zt_json_type type, uint8_t close,
                           uint32_t depth)
{
    if (depth == ZT_JSON_DEPTH_MAX)
        return fail(reader, "nested too deep");
    uint32_t node = add_node(reader, type, reader->at);
    reader->at++;
    skip_space(reader);
    if (reader->at < reader->length && reader->text[reader->at] == close) {
        end_node(reader, node, ++reader->at);
        return true;
    }
    for (;;) {
        if (type == ZT_JSON_OBJECT && !read_member_key(reader))
            return false;
        if (!read_value(reader, depth + 1))
            return false;
        reader->json->nodes[node].count++;
        skip_space(reader);
        if (reader->at < reader->length && reader->text[reader->at] == close) {
            end_node(reader, node, ++reader->at);
            return true;
        }
        if (reader->at >= reader->length || reader->text[reader->at] != ',')
            return fail(reader, type == ZT_JSON_OBJECT ? "a comma or } is missing"
                                                       : "a comma or ] is missing");
        reader->at++;
        skip_space(reader);
    }
}

static bool read_value(struct reader *reader, uint32_t depth)
{
    if (reader->at >= reader->length)
        return fail(reader, "a value is missing");
    uint8_t octet = reader->text[reader->at];
    switch (octet) {
    case '{':
        return read_container(reader, ZT_JSON_OBJECT, '}', depth);
    case '[':
        return read_container(reader, ZT_JSON_ARRAY, ']', depth);
    case '"':
        return read_string(reader);
    case 't':
        return read_word(reader, "true", ZT_JSON_TRUE);
    case 'f':
        return read_word(reader, "false", ZT_JSON_FALSE);
    case 'n':
        return read_word(reader, "null", ZT_JSON_NULL);
    default:
        if (octet == '-' || (octet >= '0' && octet <= '9'))
            return read_number(reader);
        return fail(reader, "unexpected character");
    }
}

bool zt_json_parse(struct zt_json *json, const char *text, size_t length, struct zt_error *error)
{
    *json = (struct zt_json){ .text = text };
    if (length > ZT_JSON_MAX)
        return zt_error_set(error, "json-invalid", "offset 0", "%zu octets are more than %u",
                            length, ZT_JSON_MAX);
    struct reader reader = {
        .json = json, .error = error, .text = (const uint8_t *)text, .length = (uint32_t)length
    };
    skip_space(&reader);
    if (!read_value(&reader, 0))
        return false;
    skip_space(&reader);
    if (reader.at != reader.length)
        return fail(&reader, "something stands behind the value");
    return true;
}

void zt_json_free(struct zt_json *json)
{
    free(json->nodes);
    *json = (struct zt_json){ 0 };
}

static uint32_t put_utf8(uint32_t point, uint8_t out[4])
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    uint32_t octets = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (uint32_t i = octets - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (uint8_t)((0xf00 >> octets & 0xff) | point);
    return octets;
}

/* The code point of the escape at `at`; `*used` is its octets. */
static uint32_t decode_escape(const uint8_t *at, uint32_t *used)
{
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    *used = 2;
    if (at[1] != 'u') {
        const char *name = strchr(names, at[1]);
        return name == NULL ? at[1] : (uint32_t)(uint8_t)values[name - names];
    }
    *used = 6;
    uint32_t unit = (uint32_t)hex4(at, 6, 2);
    if (unit < 0xd800 || unit > 0xdbff)
        return unit;
    *used = 12;
    return 0x10000 + ((unit - 0xd800) << 10) + ((uint32_t)hex4(at + 6, 6, 2) - 0xdc00);
}

bool zt_json_string(const struct zt_json *json, uint32_t node, char *out, size_t size,
                    uint32_t *units)
{
    const struct zt_json_node *string = &json->nodes[node];
    const uint8_t *text = (const uint8_t *)json->text;
    size_t length = 0;
    uint32_t count = 0;

    for (uint32_t at = string->start; at < string->end;) {
        uint8_t sequence[4];
        uint32_t octets, used;
        if (text[at] == '\\') {
            octets = put_utf8(decode_escape(text + at, &used), sequence);
        } else {
            octets = used = utf8_length(text, string->end, at);
            memcpy(sequence, text + at, octets);
        }
        if (sequence[0] == 0 || length + octets >= size)
            return false;
        memcpy(out + length, sequence, octets);
        length += octets;
        count += octets == 4 ? 2 : 1;
        at += used;
    }
    if (size == 0)
        return false;
    out[length] = '\0';
    if (units != NULL)
        *units = count;
    return true;
}

bool zt_json_string_is(const struct zt_json *json, uint32_t node, const char *value)
{
    const struct zt_json_node *string = &json->nodes[node];
    char text[64];
    if (string->type != ZT_JSON_STRING)
        return false;
    if (!string->escaped)
        return strlen(value) == string->end - string->start &&
               memcmp(json->text + string->start, value, string->end - string->start) == 0;
    return zt_json_string(json, node, text, sizeof text, NULL) && strcmp(text, value) == 0;
}

bool zt_json_integer(const struct zt_json *json, uint32_t node, int64_t *value)
{
    const struct zt_json_node *number = &json->nodes[node];
    if (number->type != ZT_JSON_NUMBER)
        return false;
    /* strtod needs an end: numbers of more than 63 characters are no integers anybody wrote. */
    char text[64];
    uint32_t length = number->end - number->start;
    if (length >= sizeof text)
        return false;
    memcpy(text, json->text + number->start, length);
    text[length] = '\0';
    double parsed = strtod(text, NULL);
    if (!(parsed >= -9007199254740991.0 && parsed <= 9007199254740991.0))
        return false;
    *value = (int64_t)parsed;
    return (double)*value == parsed;
}

const char *zt_json_type_name(uint8_t type)
{
    static const char *const names[] = { "null",     "false",    "true",     "a number",
                                         "a string", "an array", "an object" };
    return names[type];
}
