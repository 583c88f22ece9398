/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* SecTAG of IEEE 802.1AE-2018 clause 9, with and without SCI, as MACSEC-2 and MACSEC-7 have it. */
#ifndef ZTOS_SECTAG_H
#define ZTOS_SECTAG_H

#include "ztos/ethernet.h"

/* Both addresses: the octets in front of the SecTAG. */
#define ZT_MACSEC_ADDRESSES 12u
/* Octets of the SecTAG without SCI and with it, of the ICV, and of the most that a seal adds to a frame. */
#define ZT_SECTAG_SHORT 8u
#define ZT_SECTAG 16u
#define ZT_MACSEC_ICV 16u
#define ZT_MACSEC_OVERHEAD (ZT_SECTAG + ZT_MACSEC_ICV)
#define ZT_MACSEC_IV 12u
/* Secure Data of this many octets and more has SL 0. */
#define ZT_MACSEC_SHORT 48u
/* The least Secure Data: an EtherType. */
#define ZT_MACSEC_LEAST 2u

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

static inline bool zt_sci_equal(zt_sci a, zt_sci b)
{
    return memcmp(a.octets, b.octets, sizeof a.octets) == 0;
}

/* The SCI of an end station: its address and port identifier 1. */
static inline zt_sci zt_sci_of_station(const uint8_t mac[6])
{
    zt_sci sci = { { [7] = 1 } };
    memcpy(sci.octets, mac, 6);
    return sci;
}

struct zt_sectag {
    /* The bits of TCI alone. */
    uint8_t tci, an;
    uint32_t pn;
    /* Octets in front of Secure Data, and of Secure Data. */
    uint32_t header, secure;
};

static inline uint32_t zt_sectag_length(uint8_t tci)
{
    return (tci & ZT_TCI_SC) != 0 ? ZT_SECTAG : ZT_SECTAG_SHORT;
}

/* MACSEC-2: whether SL says the length of Secure Data. */
static inline bool zt_sectag_sl_is_right(uint8_t sl, uint32_t secure)
{
    return sl == 0 ? secure >= ZT_MACSEC_SHORT : sl == secure && sl < ZT_MACSEC_SHORT;
}

/* MACSEC-2 for a frame whose EtherType is 0x88e5: false when the tag is invalid; `xpn` when the suite is an XPN one. */
static inline bool zt_sectag_read(const uint8_t *frame, uint32_t length, bool xpn,
                                  struct zt_sectag *tag)
{
    if (length < ZT_MACSEC_ADDRESSES + ZT_SECTAG_SHORT + ZT_MACSEC_LEAST + ZT_MACSEC_ICV)
        return false;
    tag->tci = frame[14] & (uint8_t)~ZT_TCI_AN;
    tag->an = frame[14] & ZT_TCI_AN;
    tag->header = ZT_MACSEC_ADDRESSES + zt_sectag_length(tag->tci);
    if (length < tag->header + ZT_MACSEC_LEAST + ZT_MACSEC_ICV)
        return false;
    tag->secure = length - tag->header - ZT_MACSEC_ICV;
    tag->pn = zt_load_u32(frame + 16);
    bool both = (tag->tci & (ZT_TCI_ES | ZT_TCI_SC)) == (ZT_TCI_ES | ZT_TCI_SC);
    bool unchanged = (tag->tci & (ZT_TCI_E | ZT_TCI_C)) == ZT_TCI_E;
    if ((tag->tci & (ZT_TCI_VERSION | ZT_TCI_SCB)) != 0 || both || unchanged ||
        (tag->pn == 0 && !xpn))
        return false;
    return zt_sectag_sl_is_right(frame[15], tag->secure);
}

/* The SCI of a SecTAG that has one. */
static inline zt_sci zt_sectag_sci(const uint8_t *frame)
{
    zt_sci sci;
    memcpy(sci.octets, frame + 20, sizeof sci.octets);
    return sci;
}

/*
 * Whether two tags are equal, in time that does not depend on where they differ: a compiler that sees through the words cannot
 * see through the barrier.
 */
static inline bool zt_icv_equal(const uint8_t a[ZT_MACSEC_ICV], const uint8_t b[ZT_MACSEC_ICV])
{
    uint64_t left[2], right[2];
    memcpy(left, a, sizeof left);
    memcpy(right, b, sizeof right);
    uint64_t difference = (left[0] ^ right[0]) | (left[1] ^ right[1]);
    __asm__("" : "+r"(difference));
    return difference == 0;
}

#endif
