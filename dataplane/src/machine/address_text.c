/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/address_text.h"

#include <arpa/inet.h>
#include <stdio.h>

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Two lower-case hex digits. */
static bool parse_octet(const char *text, uint8_t *octet)
{
    int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
    if (low < 0)
        return false;
    *octet = (uint8_t)(high << 4 | low);
    return true;
}

bool zt_mac_parse(const char *text, zt_mac *mac)
{
    if (strlen(text) != 17)
        return false;
    for (uint32_t i = 0; i < 6; i++)
        if (!parse_octet(text + 3 * i, &mac->octets[i]) || (i < 5 && text[3 * i + 2] != ':'))
            return false;
    return true;
}

void zt_mac_format(zt_mac mac, char text[ZT_ADDRESS_TEXT])
{
    const uint8_t *o = mac.octets;
    snprintf(text, ZT_ADDRESS_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", o[0], o[1], o[2], o[3], o[4],
             o[5]);
}

bool zt_sci_parse(const char *text, zt_sci *sci)
{
    if (strlen(text) != 16)
        return false;
    for (uint32_t i = 0; i < 8; i++)
        if (!parse_octet(text + 2 * i, &sci->octets[i]))
            return false;
    return true;
}

void zt_sci_format(zt_sci sci, char text[ZT_ADDRESS_TEXT])
{
    for (uint32_t i = 0; i < 8; i++)
        snprintf(text + 2 * i, 3, "%02x", sci.octets[i]);
}

/* RFC 5952: no leading zeros, lower case, the first longest run of two zero groups and more as `::`. */
static void format_ipv6(const uint8_t *octets, char *text)
{
    uint32_t best = 8, best_length = 1;
    for (uint32_t i = 0; i < 8; i++) {
        uint32_t length = 0;
        while (i + length < 8 && octets[2 * (i + length)] == 0 && octets[2 * (i + length) + 1] == 0)
            length++;
        if (length > best_length) {
            best = i;
            best_length = length;
        }
    }
    char *at = text;
    for (uint32_t i = 0; i < 8; i++) {
        if (i == best) {
            at += sprintf(at, i == 0 ? "::" : ":");
            i += best_length - 1;
            continue;
        }
        at += sprintf(at, "%x%s", octets[2 * i] << 8 | octets[2 * i + 1], i < 7 ? ":" : "");
    }
    *at = '\0';
}

void zt_ip_format(zt_ip ip, char text[ZT_ADDRESS_TEXT])
{
    if (ip.family == ZT_IPV4)
        snprintf(text, ZT_ADDRESS_TEXT, "%u.%u.%u.%u", ip.octets[0], ip.octets[1], ip.octets[2],
                 ip.octets[3]);
    else
        format_ipv6(ip.octets, text);
}

bool zt_ip_parse(const char *text, zt_ip *ip)
{
    char canonical[ZT_ADDRESS_TEXT], mapped[INET6_ADDRSTRLEN];
    *ip = (zt_ip){ .family = strchr(text, ':') == NULL ? ZT_IPV4 : ZT_IPV6 };
    int family = ip->family == ZT_IPV4 ? AF_INET : AF_INET6;
    if (inet_pton(family, text, ip->octets) != 1)
        return false;
    zt_ip_format(*ip, canonical);
    if (strcmp(text, canonical) == 0)
        return true;
    /* RFC 5952 section 5: ::ffff:192.0.2.1. */
    return inet_ntop(family, ip->octets, mapped, sizeof mapped) != NULL &&
           strcmp(text, mapped) == 0;
}

bool zt_cidr_parse(const char *text, zt_ip *ip, uint8_t *length)
{
    char address[ZT_ADDRESS_TEXT];
    const char *slash = strchr(text, '/');
    if (slash == NULL || (size_t)(slash - text) >= sizeof address)
        return false;
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    if (!zt_ip_parse(address, ip))
        return false;
    const char *digits = slash + 1;
    size_t count = strlen(digits);
    if (count == 0 || count > 3 || strspn(digits, "0123456789") != count ||
        (count > 1 && digits[0] == '0'))
        return false;
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = value * 10 + (uint32_t)(digits[i] - '0');
    *length = (uint8_t)value;
    return value <= zt_ip_octets(ip->family) * 8;
}
