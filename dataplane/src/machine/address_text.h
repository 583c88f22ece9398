/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as the contract writes them: canonical text and nothing else. */
#ifndef ZTOS_MACHINE_ADDRESS_TEXT_H
#define ZTOS_MACHINE_ADDRESS_TEXT_H

#include "ztos/ethernet.h"
#include "ztos/ip.h"
#include "ztos/sectag.h"

/* Room for any of them with NUL. */
#define ZT_ADDRESS_TEXT 64

/* `02:00:5e:00:00:01` */
bool zt_mac_parse(const char *text, zt_mac *mac);
void zt_mac_format(zt_mac mac, char text[ZT_ADDRESS_TEXT]);
/* 16 lower-case hex digits. */
bool zt_sci_parse(const char *text, zt_sci *sci);
void zt_sci_format(zt_sci sci, char text[ZT_ADDRESS_TEXT]);
/* Dotted quad, or IPv6 as RFC 5952 has it. An IPv4-mapped address may be written either way. */
bool zt_ip_parse(const char *text, zt_ip *ip);
void zt_ip_format(zt_ip ip, char text[ZT_ADDRESS_TEXT]);
/* `10.1.0.1/24`, host bits kept. */
bool zt_cidr_parse(const char *text, zt_ip *ip, uint8_t *length);

#endif
