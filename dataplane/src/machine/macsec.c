/* SPDX-License-Identifier: Apache-2.0 */
/* MACsec (IEEE 802.1AE-2018): MACSEC-1 to MACSEC-7, and where a macsec interface lies (MACSEC-10). */
#include "src/machine/macsec.h"

/* Where IEEE 802.1X has a new key wanted: the next association takes over. */
#define ENCODING_END(cipher) (zt_pn_end(cipher) / 4 * 3)

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
static zt_pn recover_pn(const struct zt_sa *sa, uint32_t pn)
{
    if (!zt_cipher_is_xpn(sa->cipher))
        return pn;
    uint32_t low = (uint32_t)sa->lowest, high = (uint32_t)(sa->lowest >> 32);
    if (low >> 31 == 1 && pn >> 31 == 0 && !ZT_MUTANT(macsec_upper_half_kept))
        high++;
    return (zt_pn)high << 32 | pn;
}

/* MACSEC-6 of a frame with a right ICV. */
static void accept(const struct zt_macsec *macsec, struct zt_sa *sa, zt_pn pn,
                   const struct zt_sectag *tag, uint64_t *counters)
{
    bool encrypted = (tag->tci & ZT_TCI_E) != 0;
    bool delayed = pn < sa->lowest && !ZT_MUTANT(macsec_delayed_uncounted);

    counters[delayed ? ZT_CHANNEL_DELAYED : ZT_CHANNEL_OK]++;
    counters[encrypted ? ZT_CHANNEL_OCTETS_DECRYPTED : ZT_CHANNEL_OCTETS_VALIDATED] += tag->secure;
    zt_pn window = (zt_pn)macsec->window + ZT_MUTANT(macsec_window_off_by_one), next = pn + 1;
    if (next > window && (next - window > sa->lowest || ZT_MUTANT(macsec_lowest_pn_lowered)))
        sa->lowest = next - window;
}

/* MACSEC-4 to MACSEC-6. */
static struct zt_macsec_verdict receive_sealed(struct zt_macsec *macsec, struct zt_sa *sa,
                                               uint64_t *counters, const uint8_t *frame,
                                               const struct zt_sectag *tag, uint8_t *out)
{
    zt_pn pn = recover_pn(sa, tag->pn);
    bool replay_protect = macsec->replay_protect || ZT_MUTANT(macsec_replay_always_dropped);

    if (pn < sa->lowest && replay_protect && !ZT_MUTANT(replay_ignored)) {
        counters[ZT_CHANNEL_LATE]++;
        return fate(ZT_FATE_MACSEC_REPLAY);
    }
    if (macsec->mode == ZT_MACSEC_DISABLED && (tag->tci & ZT_TCI_C) == 0) {
        counters[ZT_CHANNEL_UNCHECKED]++;
        return let_up_unprotected(frame, tag, out);
    }
    if (zt_sa_open(sa, tag, pn, macsec->offset, frame, out + ZT_MACSEC_ADDRESSES)) {
        memcpy(out, frame, ZT_MACSEC_ADDRESSES);
        accept(macsec, sa, pn, tag, counters);
        return (struct zt_macsec_verdict){ .length = ZT_MACSEC_ADDRESSES + tag->secure };
    }
    if (!is_refused(macsec, tag)) {
        counters[ZT_CHANNEL_INVALID]++;
        return let_up_unprotected(frame, tag, out);
    }
    counters[ZT_CHANNEL_NOT_VALID]++;
    return fate(ZT_FATE_MACSEC_ICV);
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

struct zt_macsec_verdict zt_macsec_validate(struct zt_macsec *macsec, const uint8_t *frame,
                                            uint32_t length, uint8_t *out)
{
    bool tagged = zt_eth_type(frame).value == ZT_ETHERTYPE_MACSEC;
    struct zt_macsec_verdict verdict = tagged ? receive_tagged(macsec, frame, length, out)
                                              : receive_clear(macsec, frame, length, out);
    if (verdict.fate == ZT_FATE_NONE && verdict.length > macsec->upper_limit)
        return fate(ZT_FATE_FRAME_OVERSIZE); /* MACSEC-6 */
    return verdict;
}

struct zt_ingress zt_macsec_open(struct zt_machine *machine, uint32_t index, const uint8_t *data,
                                 uint32_t length)
{
    struct zt_frame frame = zt_frame_new(&machine->arena, length);
    struct zt_macsec_verdict verdict =
        zt_macsec_validate(&zt_interface_at(machine, index)->macsec, data, length, frame.data);
    frame.length = verdict.length;
    return (struct zt_ingress){ .fate = verdict.fate, .interface = index, .frame = frame };
}

struct zt_sa *zt_macsec_encoding(const struct zt_macsec *macsec)
{
    zt_pn wanted = ENCODING_END(macsec->cipher), end = zt_pn_end(macsec->cipher);
    uint32_t count = ZT_MUTANT(macsec_standby_unused) ? 1 : macsec->tx_count;

    for (uint32_t i = 0; i < count; i++)
        if (macsec->tx[i]->sent->next < wanted)
            return macsec->tx[i];
    for (uint32_t i = count; i-- > 0;)
        if (macsec->tx[i]->sent->next < end)
            return macsec->tx[i];
    return NULL;
}

static void count_sent(struct zt_macsec *macsec, struct zt_sa *sa, uint32_t secure)
{
    bool encrypted = (macsec->tci & ZT_TCI_E) != 0;
    sa->sent->counters[encrypted ? ZT_TRANSMIT_ENCRYPTED : ZT_TRANSMIT_PROTECTED]++;
    macsec->counters[encrypted ? ZT_MACSEC_OUT_OCTETS_ENCRYPTED : ZT_MACSEC_OUT_OCTETS_PROTECTED] +=
        secure;
}

struct zt_macsec_verdict zt_macsec_protect(struct zt_macsec *macsec, uint8_t *frame,
                                           uint32_t length)
{
    struct zt_sa *sa = zt_macsec_encoding(macsec);
    uint32_t added = zt_sectag_length(macsec->tci), sealed = length + added + ZT_MACSEC_ICV;

    if (sa == NULL)
        return fate(ZT_FATE_MACSEC_PN_EXHAUSTED);
    zt_pn pn = sa->sent->next;
    bool too_long = sealed > macsec->lower_limit;
    if (!ZT_MUTANT(pn_not_incremented) && (!too_long || ZT_MUTANT(macsec_too_long_takes_pn)))
        sa->sent->next++;
    if (too_long) {
        macsec->counters[ZT_MACSEC_OUT_TOO_LONG]++;
        return fate(ZT_FATE_MTU_EXCEEDED);
    }
    /* The addresses move forward, Secure Data stays where it is. */
    struct zt_sectag tag = { .tci = macsec->tci,
                             .header = ZT_MACSEC_ADDRESSES + added,
                             .secure = length - ZT_MACSEC_ADDRESSES };
    memmove(frame - added, frame, ZT_MACSEC_ADDRESSES);
    frame -= added;
    zt_sectag_write(frame, macsec->tci | sa->an, tag.secure, (uint32_t)pn, macsec->sci);
    zt_sa_seal(sa, &tag, pn, macsec->offset, frame);
    count_sent(macsec, sa, tag.secure);
    return (struct zt_macsec_verdict){ .length = sealed };
}

/*
 * To go down. By a vxlan interface the slow path goes anew with each frame: what the flow cache may note of its way ended with the
 * macsec interface.
 */
static void go_down(struct zt_machine *machine, const struct zt_macsec *macsec,
                    struct zt_frame frame)
{
    if (!macsec->tunnel) {
        zt_emit_tx(machine, macsec->lower, frame);
        return;
    }
    bool noted = zt_record_suspend(machine);
    zt_vxlan_send(machine, macsec->lower, zt_interface_at(machine, macsec->lower)->vxlan.remotes[0],
                  frame);
    zt_record_resume(machine, noted);
}

void zt_macsec_send(struct zt_machine *machine, uint32_t index, struct zt_frame frame)
{
    struct zt_macsec *macsec = &zt_interface_at(machine, index)->macsec;
    uint32_t added = zt_sectag_length(macsec->tci);

    if (!macsec->protect || ZT_MUTANT(sent_clear)) {
        macsec->counters[ZT_MACSEC_OUT_UNTAGGED]++;
        go_down(machine, macsec, frame);
        return;
    }
    frame = zt_frame_push(&machine->arena, frame, added);
    frame = zt_frame_make_room(&machine->arena, frame, ZT_MACSEC_ICV);
    struct zt_macsec_verdict verdict =
        zt_macsec_protect(macsec, frame.data + added, frame.length - added);
    if (verdict.fate != ZT_FATE_NONE) {
        zt_emit_fate(machine, verdict.fate);
        return;
    }
    frame.length = verdict.length;
    frame.tailroom -= ZT_MACSEC_ICV;
    go_down(machine, macsec, frame);
}
