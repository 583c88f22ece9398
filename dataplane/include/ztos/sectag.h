/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* SecTAG of IEEE 802.1AE-2018 clause 9 with explicit SCI, as MACSEC-2 and MACSEC-7 have it. */
#ifndef ZTOS_SECTAG_H
#define ZTOS_SECTAG_H

#include "ztos/ethernet.h"

/* Octets of the SecTAG with SCI, of the ICV, and of what a seal adds to a frame. */
#define ZT_SECTAG 16u
#define ZT_MACSEC_ICV 16u
#define ZT_MACSEC_OVERHEAD (ZT_SECTAG + ZT_MACSEC_ICV)
/* Both addresses: the octets in front of the SecTAG. */
#define ZT_MACSEC_ADDRESSES 12u
/* Additional authenticated data: octets 0..27. */
#define ZT_MACSEC_AAD (ZT_MACSEC_ADDRESSES + ZT_SECTAG)
#define ZT_MACSEC_IV 12u
/* Secure Data of this many octets and more has SL 0. */
#define ZT_MACSEC_SHORT 48u

#define ZT_TCI_VERSION 0x80u
#define ZT_TCI_ES 0x40u
#define ZT_TCI_SC 0x20u
#define ZT_TCI_SCB 0x10u
#define ZT_TCI_E 0x08u
#define ZT_TCI_C 0x04u
#define ZT_TCI_AN 0x03u

typedef struct {
    uint8_t octets[8];
} zt_sci;

struct zt_sectag {
    uint8_t an;
    uint32_t pn;
    zt_sci sci;
    /* Octets of Secure Data, between SecTAG and ICV. */
    uint32_t secure;
};

/* MACSEC-2 for a frame whose EtherType is 0x88e5: false when the tag is invalid. */
static inline bool zt_sectag_read(const uint8_t *frame, uint32_t length, struct zt_sectag *tag)
{
    if (length < ZT_MACSEC_ADDRESSES + ZT_SECTAG + 2 + ZT_MACSEC_ICV)
        return false;
    uint8_t tci = frame[14], sl = frame[15];
    if ((tci & (ZT_TCI_VERSION | ZT_TCI_ES | ZT_TCI_SCB)) != 0)
        return false;
    if ((tci & (ZT_TCI_SC | ZT_TCI_E | ZT_TCI_C)) != (ZT_TCI_SC | ZT_TCI_E | ZT_TCI_C))
        return false;
    tag->an = tci & ZT_TCI_AN;
    tag->pn = zt_load_u32(frame + 16);
    memcpy(tag->sci.octets, frame + 20, 8);
    tag->secure = length - ZT_MACSEC_AAD - ZT_MACSEC_ICV;
    if ((sl & 0xc0u) != 0 || tag->pn == 0)
        return false;
    return sl == 0 ? tag->secure >= ZT_MACSEC_SHORT : sl == tag->secure && sl < ZT_MACSEC_SHORT;
}

/* Writes the SecTAG to octets 12..27 of a frame (MACSEC-7). */
static inline void zt_sectag_write(uint8_t *frame, const struct zt_sectag *tag)
{
    zt_store_u16(frame + 12, ZT_ETHERTYPE_MACSEC);
    frame[14] = (uint8_t)(ZT_TCI_SC | ZT_TCI_E | ZT_TCI_C | tag->an);
    frame[15] = tag->secure < ZT_MACSEC_SHORT ? (uint8_t)tag->secure : 0;
    zt_store_u32(frame + 16, tag->pn);
    memcpy(frame + 20, tag->sci.octets, 8);
}

/* MACSEC-5: IV = SCI || PN. */
static inline void zt_sectag_iv(const struct zt_sectag *tag, uint8_t iv[ZT_MACSEC_IV])
{
    memcpy(iv, tag->sci.octets, 8);
    zt_store_u32(iv + 8, tag->pn);
}

/* Whether two tags are equal, in time that does not depend on where they differ. */
static inline bool zt_icv_equal(const uint8_t a[ZT_MACSEC_ICV], const uint8_t b[ZT_MACSEC_ICV])
{
    volatile uint8_t difference = 0;
    for (uint32_t i = 0; i < ZT_MACSEC_ICV; i++)
        difference |= a[i] ^ b[i];
    return difference == 0;
}

#endif
