/* SPDX-License-Identifier: Apache-2.0 */
/* WireGuard as JSON. No private or pre-shared key is ever in it. */
#ifndef ZTOS_MACHINE_WIREGUARD_DUMP_H
#define ZTOS_MACHINE_WIREGUARD_DUMP_H

#include "src/machine/internal.h"

/* Elements of `wireguard` of `tables` (contract/control.ts). */
void zt_wg_dump_state(const struct zt_machine *machine, uint64_t now, struct zt_text *text);
/* `peers` of a wireguard interface as the program would have them now (WG-33), an array. */
void zt_wg_dump_peers(const struct zt_wireguard *wireguard, struct zt_text *text);

#endif
