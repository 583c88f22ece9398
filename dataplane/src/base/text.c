/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/base/error.h"

static void reserve(struct zt_text *text, size_t more)
{
    size_t wanted = text->length + more + 1;
    if (wanted <= text->capacity)
        return;
    size_t capacity = text->capacity < 128 ? 256 : text->capacity * 2;
    text->capacity = capacity < wanted ? wanted : capacity;
    text->data = zt_realloc(text->data, text->capacity, 1);
}

void zt_text_append(struct zt_text *text, const char *data, size_t length)
{
    reserve(text, length);
    memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void zt_text_format(struct zt_text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length > 0) {
        reserve(text, (size_t)length);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void zt_text_json_string(struct zt_text *text, const char *value)
{
    zt_text_append(text, "\"", 1);
    for (const char *at = value; *at != '\0'; at++) {
        unsigned char octet = (unsigned char)*at;
        if (octet == '"' || octet == '\\')
            zt_text_format(text, "\\%c", octet);
        else if (octet < 0x20)
            zt_text_format(text, "\\u%04x", octet);
        else
            zt_text_append(text, at, 1);
    }
    zt_text_append(text, "\"", 1);
}

char *zt_text_take(struct zt_text *text, size_t *length)
{
    reserve(text, 0);
    char *data = text->data;
    data[text->length] = '\0';
    if (length != NULL)
        *length = text->length;
    *text = (struct zt_text){ 0 };
    return data;
}
