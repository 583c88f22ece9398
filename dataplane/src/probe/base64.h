/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648 section 4), with padding. */
#ifndef ZTOS_PROBE_BASE64_H
#define ZTOS_PROBE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/text.h"

/* Appends the encoding of `length` octets. */
void zt_base64_append(struct zt_text *text, const uint8_t *data, size_t length);

/*
 * Decodes into `out` of `capacity` octets. Returns the number of octets, -1 if the text is malformed (unused bits of the
 * last character must be zero) and -2 if it does not fit.
 */
long zt_base64_decode(const char *text, size_t length, uint8_t *out, size_t capacity);

#endif
