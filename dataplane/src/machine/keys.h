/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up a key; reading and wiping are in ztos/machine.h. */
#ifndef ZTOS_MACHINE_KEYS_H
#define ZTOS_MACHINE_KEYS_H

#include "ztos/machine.h"

/* The longest key: AES-256 and salt. */
#define ZT_KEY_OCTETS_MAX 44

/* The octets of a reference, NULL when the table (which may be NULL) has none of this length. */
const uint8_t *zt_keys_find(const struct zt_keys *keys, const char *reference, uint32_t length);

#endif
