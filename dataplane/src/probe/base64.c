/* SPDX-License-Identifier: Apache-2.0 */
#include "src/probe/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void append_group(struct zt_text *text, const uint8_t *data, size_t length)
{
    uint32_t bits = (uint32_t)data[0] << 16;
    char group[4];

    if (length > 1)
        bits |= (uint32_t)data[1] << 8;
    if (length > 2)
        bits |= data[2];
    group[0] = alphabet[bits >> 18];
    group[1] = alphabet[bits >> 12 & 63];
    group[2] = length > 1 ? alphabet[bits >> 6 & 63] : '=';
    group[3] = length > 2 ? alphabet[bits & 63] : '=';
    zt_text_append(text, group, sizeof(group));
}

void zt_base64_append(struct zt_text *text, const uint8_t *data, size_t length)
{
    for (size_t at = 0; at < length; at += 3)
        append_group(text, data + at, length - at < 3 ? length - at : 3);
}

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

long zt_base64_decode(const char *text, size_t length, uint8_t *out, size_t capacity)
{
    size_t padding = 0;
    size_t octets;
    uint32_t bits = 0;
    size_t written = 0;

    if (length % 4 != 0)
        return -1;
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    octets = length / 4 * 3 - padding;
    for (size_t i = 0; i < length - padding; i++) {
        int value = digit(text[i]);

        if (value < 0)
            return -1;
        bits = bits << 6 | (uint32_t)value;
        /* Every character but the first of four completes an octet. */
        if (i % 4 == 0)
            continue;
        if (written == capacity)
            return -2;
        out[written++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    if ((padding == 1 && (bits & 3) != 0) || (padding == 2 && (bits & 15) != 0))
        return -1;
    return (long)octets;
}
