/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows, for JSON answers. */
#ifndef ZTOS_BASE_TEXT_H
#define ZTOS_BASE_TEXT_H

#include <stddef.h>

struct zt_text {
    char *data;
    size_t length, capacity;
};

void zt_text_append(struct zt_text *text, const char *data, size_t length);
void zt_text_format(struct zt_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A JSON string of a UTF-8 text that ends with NUL, quotes included. */
void zt_text_json_string(struct zt_text *text, const char *value);
/* NUL-terminated memory for the caller to free; the text is empty afterwards. */
char *zt_text_take(struct zt_text *text, size_t *length);

#endif
