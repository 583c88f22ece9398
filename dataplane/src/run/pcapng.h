/* SPDX-License-Identifier: Apache-2.0 */
/* Writer of pcapng files (draft-ietf-opsawg-pcapng) with one Ethernet interface and nanoseconds. */
#ifndef ZTOS_RUN_PCAPNG_H
#define ZTOS_RUN_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/run/failure.h"

enum zt_pcapng_direction { ZT_PCAPNG_INBOUND = 1, ZT_PCAPNG_OUTBOUND = 2 };

struct zt_pcapng;

/* Creates a file, 0600, that must not be there yet. NULL with `failure` filled. */
struct zt_pcapng *zt_pcapng_create(const char *path, const char *interface,
                                   struct zt_failure *failure);

/* `at` is ns since 1970. `kept` of the frame's `length` octets are given. */
void zt_pcapng_frame(struct zt_pcapng *file, uint64_t at, enum zt_pcapng_direction direction,
                     const uint8_t *data, uint32_t kept, uint32_t length);

/* Hands everything to the kernel. False with `failure` filled if something of the file was lost. */
bool zt_pcapng_flush(struct zt_pcapng *file, struct zt_failure *failure);

/* Writes how many copies were lost (Interface Statistics Block), closes and frees. */
bool zt_pcapng_close(struct zt_pcapng *file, uint64_t at, uint64_t received, uint64_t lost,
                     struct zt_failure *failure);

#endif
