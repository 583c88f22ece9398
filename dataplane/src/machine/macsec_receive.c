/* SPDX-License-Identifier: Apache-2.0 */
/* MACsec (IEEE 802.1AE-2018): what is received, MACSEC-1 to MACSEC-6. */
#include "src/machine/macsec_cipher.h"

static struct zt_macsec_verdict fate(enum zt_fate code)
{
    return (struct zt_macsec_verdict){ .fate = code };
}

/* Addresses, then `length` octets from `data`. */
static struct zt_macsec_verdict let_up(const uint8_t *frame, const uint8_t *data, uint32_t length,
                                       uint8_t *out)
{
    memcpy(out, frame, ZT_MACSEC_ADDRESSES);
    memcpy(out + ZT_MACSEC_ADDRESSES, data, length);
    return (struct zt_macsec_verdict){ .length = ZT_MACSEC_ADDRESSES + length };
}

/* MACSEC-6: to go up unprotected. */
static struct zt_macsec_verdict let_up_unprotected(const uint8_t *frame,
                                                   const struct zt_sectag *tag, uint8_t *out)
{
    return let_up(frame, frame + tag->header, tag->secure, out);
}

/* MACSEC-5: whether the ICV is right. Inline, so that what the tag says stays in registers. */
static inline bool open_frame(const struct zt_sa *sa, const struct zt_sectag *tag, uint64_t pn,
                              uint32_t offset, const uint8_t *frame, uint8_t *out)
{
    struct gcm_context_data context;
    alignas(16) uint8_t iv[16], icv[ZT_MACSEC_ICV];
    uint32_t clear = zt_clear_octets(tag->tci, tag->secure, offset);
    const uint8_t *secure = frame + tag->header;

    _mm_store_si128((__m128i *)iv, zt_macsec_iv(sa, pn));
    if (clear > 0)
        memcpy(out, secure, clear);
    sa->decrypt(&sa->key, &context, out + clear, secure + clear, tag->secure - clear, iv, frame,
                zt_aad_octets(tag->tci, tag->header, clear), icv, sizeof icv);
    return zt_icv_equal(icv, secure + tag->secure) || ZT_MUTANT(icv_unchecked);
}

bool zt_sa_open(const struct zt_sa *sa, const struct zt_sectag *tag, uint64_t pn, uint32_t offset,
                const uint8_t *frame, uint8_t *out)
{
    return open_frame(sa, tag, pn, offset, frame, out);
}

/* MACSEC-3, MACSEC-5: whether a frame that has no association, or does not authenticate, ends here. */
static bool is_refused(const struct zt_macsec *macsec, const struct zt_sectag *tag)
{
    if (ZT_MUTANT(macsec_encrypted_let_up) && macsec->mode != ZT_MACSEC_STRICT)
        return false;
    if (ZT_MUTANT(macsec_invalid_let_up) && (tag->tci & ZT_TCI_C) == 0)
        return false;
    return macsec->mode == ZT_MACSEC_STRICT || (tag->tci & ZT_TCI_C) != 0;
}

/* MACSEC-1. */
static struct zt_macsec_verdict receive_clear(struct zt_macsec *macsec, const uint8_t *frame,
                                              uint32_t length, uint8_t *out)
{
    bool mutant = macsec->tunnel ? ZT_MUTANT(macsec_clear_over_vxlan) : ZT_MUTANT(clear_accepted);
    if (macsec->mode == ZT_MACSEC_STRICT && !mutant) {
        macsec->counters[ZT_MACSEC_IN_NO_TAG]++;
        return fate(ZT_FATE_MACSEC_CLEAR);
    }
    macsec->counters[ZT_MACSEC_IN_UNTAGGED]++;
    return let_up(frame, frame + ZT_MACSEC_ADDRESSES, length - ZT_MACSEC_ADDRESSES, out);
}

/* MACSEC-3: the channel of a frame, NULL. */
static struct zt_channel *find_channel(const struct zt_macsec *macsec, const uint8_t *frame,
                                       const struct zt_sectag *tag)
{
    if ((tag->tci & ZT_TCI_SC) != 0)
        return zt_macsec_channel(macsec, zt_sectag_sci(frame));
    bool station = (tag->tci & ZT_TCI_ES) != 0 && !ZT_MUTANT(macsec_end_station_ignored);
    if (station || ZT_MUTANT(macsec_implicit_sci_of_source))
        return zt_macsec_channel(macsec, zt_sci_of_station(frame + 6));
    return macsec->channel_count == 1 ? macsec->channels : NULL;
}

/* MACSEC-3 of a frame without association. */
static struct zt_macsec_verdict receive_unknown(struct zt_macsec *macsec, bool channel,
                                                const uint8_t *frame, const struct zt_sectag *tag,
                                                uint8_t *out)
{
    if (!is_refused(macsec, tag)) {
        macsec->counters[ZT_MACSEC_IN_NO_SA]++;
        return let_up_unprotected(frame, tag, out);
    }
    macsec->counters[ZT_MACSEC_IN_NO_SA_ERROR]++;
    return fate(channel ? ZT_FATE_MACSEC_AN_UNKNOWN : ZT_FATE_MACSEC_SCI_UNKNOWN);
}

/* MACSEC-4: the PN of a frame, its upper half recovered if the suite is an XPN one. */
static uint64_t recover_pn(const struct zt_sa *sa, uint32_t pn)
{
    if (!zt_cipher_is_xpn(sa->cipher))
        return pn;
    uint64_t lowest = sa->late + 1;
    uint32_t high = (uint32_t)(lowest >> 32);
    if (((uint32_t)lowest & ~pn) >> 31 == 1 && !ZT_MUTANT(macsec_upper_half_kept))
        high++;
    return (uint64_t)high << 32 | pn;
}

/* MACSEC-6 of a frame with a right ICV; `late` as it was before. */
static inline void accept(const struct zt_macsec *macsec, struct zt_sa *sa, uint64_t late,
                          uint64_t pn, const struct zt_sectag *tag, uint64_t *counters)
{
    bool encrypted = (tag->tci & ZT_TCI_E) != 0;
    bool delayed = pn <= late && !ZT_MUTANT(macsec_delayed_uncounted);

    counters[delayed ? ZT_CHANNEL_DELAYED : ZT_CHANNEL_OK]++;
    counters[encrypted ? ZT_CHANNEL_OCTETS_DECRYPTED : ZT_CHANNEL_OCTETS_VALIDATED] += tag->secure;
    uint64_t window = (uint64_t)macsec->window + ZT_MUTANT(macsec_window_off_by_one);
    if (pn > window && (pn - window > late || ZT_MUTANT(macsec_lowest_pn_lowered)))
        sa->late = pn - window;
}

/* MACSEC-5 of a frame whose ICV is wrong. */
static struct zt_macsec_verdict receive_invalid(const struct zt_macsec *macsec, uint64_t *counters,
                                                const uint8_t *frame, const struct zt_sectag *tag,
                                                uint8_t *out)
{
    if (!is_refused(macsec, tag)) {
        counters[ZT_CHANNEL_INVALID]++;
        return let_up_unprotected(frame, tag, out);
    }
    counters[ZT_CHANNEL_NOT_VALID]++;
    return fate(ZT_FATE_MACSEC_ICV);
}

/* MACSEC-4 to MACSEC-6. */
static struct zt_macsec_verdict receive_sealed(struct zt_macsec *macsec, struct zt_sa *sa,
                                               uint64_t *counters, const uint8_t *frame,
                                               const struct zt_sectag *tag, uint8_t *out)
{
    uint64_t pn = recover_pn(sa, tag->pn);
    bool replay_protect = macsec->replay_protect || ZT_MUTANT(macsec_replay_always_dropped);

    if (pn <= sa->late && replay_protect && !ZT_MUTANT(replay_ignored)) {
        counters[ZT_CHANNEL_LATE]++;
        return fate(ZT_FATE_MACSEC_REPLAY);
    }
    if (macsec->mode == ZT_MACSEC_DISABLED && (tag->tci & ZT_TCI_C) == 0) {
        counters[ZT_CHANNEL_UNCHECKED]++;
        return let_up_unprotected(frame, tag, out);
    }
    if (open_frame(sa, tag, pn, macsec->offset, frame, out + ZT_MACSEC_ADDRESSES)) {
        memcpy(out, frame, ZT_MACSEC_ADDRESSES);
        accept(macsec, sa, sa->late, pn, tag, counters);
        return (struct zt_macsec_verdict){ .length = ZT_MACSEC_ADDRESSES + tag->secure };
    }
    return receive_invalid(macsec, counters, frame, tag, out);
}

static struct zt_macsec_verdict receive_tagged(struct zt_macsec *macsec, const uint8_t *frame,
                                               uint32_t length, uint8_t *out)
{
    struct zt_sectag tag;
    if (!zt_sectag_read(frame, length, zt_cipher_is_xpn(macsec->cipher), &tag)) {
        macsec->counters[ZT_MACSEC_IN_BAD_TAG]++;
        return fate(ZT_FATE_MACSEC_TAG_INVALID);
    }
    struct zt_channel *channel = find_channel(macsec, frame, &tag);
    struct zt_sa *sa = channel == NULL ? NULL : channel->sas[tag.an];
    if (sa == NULL && ZT_MUTANT(sci_unchecked) && macsec->rx_count > 0) {
        sa = macsec->rx[0];
        channel = zt_macsec_channel(macsec, sa->sci);
    }
    if (sa == NULL)
        return receive_unknown(macsec, channel != NULL, frame, &tag, out);
    return receive_sealed(macsec, sa, channel->counters, frame, &tag, out);
}

static __attribute__((noinline)) struct zt_macsec_verdict
receive(struct zt_macsec *macsec, const uint8_t *frame, uint32_t length, uint8_t *out)
{
    bool tagged = zt_eth_type(frame).value == ZT_ETHERTYPE_MACSEC;
    struct zt_macsec_verdict verdict = tagged ? receive_tagged(macsec, frame, length, out)
                                              : receive_clear(macsec, frame, length, out);
    if (verdict.fate == ZT_FATE_NONE && verdict.length > macsec->upper_limit)
        return fate(ZT_FATE_FRAME_OVERSIZE); /* MACSEC-6 */
    return verdict;
}

/* ---- what is expected ---- */

/* Of a frame that its first channel may have sealed as this end seals, long enough that SL is 0: its association, NULL. */
static inline struct zt_sa *find_expected(const struct zt_macsec *macsec, const uint8_t *frame,
                                          uint32_t length)
{
    uint32_t start;

    if (macsec->channel_count == 0 ||
        length < ZT_MACSEC_ADDRESSES + ZT_SECTAG + ZT_MACSEC_SHORT + ZT_MACSEC_ICV)
        return NULL;
    struct zt_sa *sa = macsec->channels->sas[frame[14] & ZT_TCI_AN];
    memcpy(&start, frame + ZT_MACSEC_ADDRESSES, sizeof start);
    return sa != NULL && sa->expected == start ? sa : NULL;
}

static inline struct zt_sectag expected_tag(uint32_t length, uint32_t octets)
{
    uint32_t header = ZT_MACSEC_ADDRESSES + octets;
    return (struct zt_sectag){ .tci = ZT_TCI_E | ZT_TCI_C,
                               .header = header,
                               .secure = length - header - ZT_MACSEC_ICV };
}

static __attribute__((noinline)) struct zt_macsec_verdict
refuse_expected(struct zt_macsec *macsec, const uint8_t *frame, uint32_t length, uint8_t *out)
{
    const struct zt_sectag tag = expected_tag(length, zt_sectag_length(frame[14]));
    return receive_invalid(macsec, macsec->channels->counters, frame, &tag, out);
}

/* A frame as expected with `octets` of SecTAG. A number that is late, 0 for one, goes the way of all frames. */
static inline __attribute__((always_inline)) struct zt_macsec_verdict
receive_expected(struct zt_macsec *macsec, struct zt_sa *sa, const uint8_t *frame, uint32_t length,
                 uint8_t *out, uint32_t octets)
{
    const struct zt_sectag tag = expected_tag(length, octets);
    uint64_t pn = recover_pn(sa, zt_load_u32(frame + 16)), late = sa->late;

    if (pn <= late && !ZT_MUTANT(macsec_expected_late_unseen))
        return receive(macsec, frame, length, out);
    if (!open_frame(sa, &tag, pn, 0, frame, out + ZT_MACSEC_ADDRESSES))
        return refuse_expected(macsec, frame, length, out);
    memcpy(out, frame, ZT_MACSEC_ADDRESSES);
    accept(macsec, sa, late, pn, &tag, macsec->channels->counters);
    if (ZT_MACSEC_ADDRESSES + tag.secure > macsec->upper_limit)
        return fate(ZT_FATE_FRAME_OVERSIZE); /* MACSEC-6 */
    return (struct zt_macsec_verdict){ .length = ZT_MACSEC_ADDRESSES + tag.secure };
}

/* One comparison says of most frames all that MACSEC-2 asks, and which association they have. */
struct zt_macsec_verdict zt_macsec_validate(struct zt_macsec *macsec, const uint8_t *frame,
                                            uint32_t length, uint8_t *out)
{
    struct zt_sa *sa = find_expected(macsec, frame, length);

    if (sa == NULL)
        return receive(macsec, frame, length, out);
    if ((sa->tci & ZT_TCI_SC) != 0 &&
        (zt_sci_equal(sa->sci, zt_sectag_sci(frame)) || ZT_MUTANT(macsec_expected_sci_unseen)))
        return receive_expected(macsec, sa, frame, length, out, ZT_SECTAG);
    if ((sa->tci & ZT_TCI_SC) == 0 && macsec->channel_count == 1 &&
        !ZT_MUTANT(macsec_implicit_sci_of_source))
        return receive_expected(macsec, sa, frame, length, out, ZT_SECTAG_SHORT);
    return receive(macsec, frame, length, out);
}
