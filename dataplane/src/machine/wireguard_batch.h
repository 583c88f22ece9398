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

/* A text is to be sealed where it stands, its tag behind it, before zt_wg_batch_flush returns; the key has to stay until then. */
void zt_wg_batch_seal(struct zt_wg_batch *batch, const uint8_t key[ZT_WG_KEY], uint64_t counter,
                      uint8_t *text, uint32_t length);
/* The UDP checksum over a message is to be computed when it is sealed; false when it is not the last that was to be sealed. */
bool zt_wg_batch_checksum(struct zt_wg_batch *batch, const uint8_t *message, uint8_t *ip,
                          uint8_t family, uint8_t *udp, uint32_t udp_length);
void zt_wg_batch_flush(struct zt_wg_batch *batch);

/* Messages that may have to be opened soon: opened together, and asked for by their number. All are forgotten by the next beginning. */
void zt_wg_batch_begin_opening(struct zt_wg_batch *batch);
/* A message of a session; its number, ZT_NONE when there is no more room. */
uint32_t zt_wg_batch_add_opening(struct zt_wg_batch *batch, struct zt_arena *arena,
                                 struct zt_wg_session *session, const uint8_t *message,
                                 uint32_t length);
void zt_wg_batch_open(struct zt_wg_batch *batch);
/* The session with whose key a message was opened, which is there still; NULL when it was not. `opened`: its number, ZT_NONE. */
struct zt_wg_session *zt_wg_batch_session(const struct zt_wg_batch *batch, uint32_t opened);
/* Whether a message that was opened is good, and its text, behind room for an Ethernet header. */
bool zt_wg_batch_take(const struct zt_wg_batch *batch, uint32_t opened, struct zt_frame *text);
/* Whether it was opened; if so, adds what it has as words of 16 bits, good or not. */
bool zt_wg_batch_sum(const struct zt_wg_batch *batch, uint32_t opened, zt_sum *sum);

/* Before keys go: what waits for them is sealed, and what was opened is forgotten. */
void zt_wg_batch_settle(struct zt_wg_batch *batch);

#endif
