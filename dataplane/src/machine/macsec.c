/* SPDX-License-Identifier: Apache-2.0 */
/* MACsec (IEEE 802.1AE-2018): what is sent (MACSEC-7), and where a macsec interface lies (MACSEC-10). */
#include "src/machine/macsec.h"

static struct zt_macsec_verdict fate(enum zt_fate code)
{
    return (struct zt_macsec_verdict){ .fate = code };
}

void zt_macsec_open(struct zt_machine *machine, uint32_t index, const uint8_t *data,
                    uint32_t length, struct zt_ingress *ingress)
{
    struct zt_frame frame = zt_frame_new(&machine->arena, length);
    struct zt_macsec_verdict verdict =
        zt_macsec_validate(&zt_interface_at(machine, index)->macsec, data, length, frame.data);
    ingress->fate = verdict.fate;
    ingress->interface = index;
    frame.length = verdict.length;
    zt_frame_store(&ingress->frame, frame);
}

struct zt_sa *zt_macsec_encoding(const struct zt_macsec *macsec)
{
    uint64_t end = (uint64_t)(zt_pn_end(macsec->cipher) - 1);
    uint32_t count = ZT_MUTANT(macsec_standby_unused) ? 1 : macsec->tx_count;

    for (uint32_t i = 0; i < count; i++)
        if (macsec->tx[i]->sent->last < macsec->fresh_end)
            return macsec->tx[i];
    for (uint32_t i = count; i-- > 0;)
        if (macsec->tx[i]->sent->last < end)
            return macsec->tx[i];
    return NULL;
}

static struct zt_macsec_verdict refuse_long(struct zt_macsec *macsec, struct zt_sent *sent)
{
    sent->last += ZT_MUTANT(macsec_too_long_takes_pn);
    macsec->counters[ZT_MACSEC_OUT_TOO_LONG]++;
    return fate(ZT_FATE_MTU_EXCEEDED);
}

/* The packet number of a frame that is sealed now, and its counters. */
static inline uint64_t next_pn(struct zt_macsec *macsec, struct zt_sent *sent, uint32_t secure)
{
    uint64_t pn = sent->last + 1;

    if (!ZT_MUTANT(pn_not_incremented))
        sent->last = pn;
    sent->counters[macsec->packets_counter]++;
    macsec->counters[macsec->octets_counter] += secure;
    return pn;
}

/* Where another association may have to take over, or the frame is too long. */
static __attribute__((noinline)) struct zt_macsec_verdict
protect_otherwise(struct zt_macsec *macsec, uint8_t *frame, uint32_t length)
{
    const struct zt_sa *sa = zt_macsec_encoding(macsec);
    uint32_t secure = length - ZT_MACSEC_ADDRESSES;

    if (sa == NULL)
        return fate(ZT_FATE_MACSEC_PN_EXHAUSTED);
    if (length > macsec->lower_limit)
        return refuse_long(macsec, sa->sent);
    return zt_sa_seal(sa, next_pn(macsec, sa->sent, secure), frame, secure);
}

struct zt_macsec_verdict zt_macsec_protect(struct zt_macsec *macsec, uint8_t *frame,
                                           uint32_t length)
{
    const struct zt_sa *sa = macsec->tx[0];
    uint32_t secure = length - ZT_MACSEC_ADDRESSES;

    if (sa->sent->last >= macsec->fresh_end || length > macsec->lower_limit)
        return protect_otherwise(macsec, frame, length);
    return zt_sa_seal(sa, next_pn(macsec, sa->sent, secure), frame, secure);
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
    frame = zt_frame_append(frame, verdict.length - frame.length);
    go_down(machine, macsec, frame);
}
