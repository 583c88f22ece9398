/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AEAD_CHACHA20_POLY1305 (RFC 8439 section 2.8) of many texts at once. A text alone leaves vector registers mostly empty when it is
 * short; here blocks of whatever texts there are fill the lanes of ChaCha20, and each lane of Poly1305 has a text of its own.
 */
#ifndef ZTOS_CHACHAPOLY_H
#define ZTOS_CHACHAPOLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZT_AEAD_KEY 32
#define ZT_AEAD_NONCE 12
#define ZT_AEAD_TAG 16

/* One text. `in` and `out` are the same place, or do not overlap. */
struct zt_aead_job {
    const uint8_t *key; /* 32 octets */
    const uint8_t *aad; /* may be NULL when there is none */
    const uint8_t *in;
    uint8_t *out;
    uint32_t aad_length, length; /* octets, without tag */
    uint8_t nonce[ZT_AEAD_NONCE];
    uint8_t tag[ZT_AEAD_TAG]; /* seal: is made; open: what it has to be */
    bool good;                /* open: whether it is; if not, `out` is zeros */
    /* Is made by both: the sealed text's 16-bit words in memory order, added up (RFC 1071 section 1), modulo 0xffff. Poly1305 reads it
     * anyway, so that a checksum over it needs no pass of its own. */
    uint64_t sum;
};

/* How it is done. A machine has those that `zt_aead_supported` says; all of them make the same. */
enum zt_aead_way {
    ZT_AEAD_LIBRARY, /* libipsec-mb, a text at a time */
    ZT_AEAD_AVX2,    /* 8 lanes of ChaCha20, 4 of Poly1305 */
    ZT_AEAD_AVX512,  /* 16 lanes, 16 with AVX-512 IFMA */
    ZT_AEAD_WAYS
};

struct IMB_MGR;
struct zt_aead;

/* Not for several threads at once. The library is lent. */
struct zt_aead *zt_aead_new(struct IMB_MGR *library, enum zt_aead_way way);
void zt_aead_free(struct zt_aead *aead);
bool zt_aead_supported(enum zt_aead_way way);
const char *zt_aead_way_name(enum zt_aead_way way);
/* The best that is supported if there is none of that name, or it is NULL. */
enum zt_aead_way zt_aead_way_named(const char *name);
enum zt_aead_way zt_aead_way_of(const struct zt_aead *aead);

void zt_aead_seal(struct zt_aead *aead, struct zt_aead_job *jobs, size_t count);
/* A text whose tag is wrong harms no other. */
void zt_aead_open(struct zt_aead *aead, struct zt_aead_job *jobs, size_t count);

#endif
