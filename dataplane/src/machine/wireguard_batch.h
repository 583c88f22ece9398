/* SPDX-License-Identifier: Apache-2.0 */
/* Data messages of several inputs sealed, and opened, at once (WG-16, WG-26). */
#ifndef ZTOS_MACHINE_WIREGUARD_BATCH_H
#define ZTOS_MACHINE_WIREGUARD_BATCH_H

#include "src/chachapoly/chachapoly.h"
#include "src/machine/wireguard.h"

struct zt_wg_batch;

struct zt_wg_batch *zt_wg_batch_new(struct IMB_MGR *manager, enum zt_aead_way way);
void zt_wg_batch_free(struct zt_wg_batch *batch);
enum zt_aead_way zt_wg_batch_way(const struct zt_wg_batch *batch);

/* A text is to be sealed where it stands, its tag behind it, before zt_wg_batch_flush returns. The key is copied. */
void zt_wg_batch_seal(struct zt_wg_batch *batch, const uint8_t key[ZT_WG_KEY], uint64_t counter,
                      uint8_t *text, uint32_t length);
/* The UDP checksum over a message is to be computed when it is sealed; false when it is not the last that was to be sealed. */
bool zt_wg_batch_checksum(struct zt_wg_batch *batch, const uint8_t *message, uint8_t *ip,
                          uint8_t family, uint8_t *udp, uint32_t udp_length);
void zt_wg_batch_flush(struct zt_wg_batch *batch);

/* Messages that may have to be opened soon: opened together, and asked for one by one. All are forgotten by the next beginning. */
void zt_wg_batch_begin_opening(struct zt_wg_batch *batch);
void zt_wg_batch_add_opening(struct zt_wg_batch *batch, struct zt_arena *arena,
                             const uint8_t key[ZT_WG_KEY], const uint8_t *message, uint32_t length);
void zt_wg_batch_open(struct zt_wg_batch *batch);
/* Whether a message was opened with this key; if so, whether it is good, and its text, behind room for an Ethernet header. */
bool zt_wg_batch_take(struct zt_wg_batch *batch, const uint8_t key[ZT_WG_KEY],
                      const uint8_t *message, bool *good, struct zt_frame *text);

#endif
