/* SPDX-License-Identifier: Apache-2.0 */
/* MACsec, GCM-AES-128 (IEEE 802.1AE-2018): MACSEC-1 to MACSEC-8. */
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/internal.h"

#define PN_END (UINT64_C(1) << 32)

static struct zt_ingress fate(enum zt_fate code)
{
    return (struct zt_ingress){ .fate = code };
}

/* MACSEC-3. */
static enum zt_fate find_sa(struct zt_macsec *macsec, const struct zt_sectag *tag,
                            struct zt_sa **found)
{
    bool known_channel = false;
    for (uint32_t i = 0; i < macsec->rx_count; i++) {
        struct zt_sa *sa = &macsec->rx[i];
        if (memcmp(&sa->sci, &tag->sci, sizeof tag->sci) != 0)
            continue;
        known_channel = true;
        if (sa->an == tag->an) {
            *found = sa;
            return ZT_FATE_NONE;
        }
    }
    if (ZT_MUTANT(sci_unchecked)) {
        *found = &macsec->rx[0];
        return ZT_FATE_NONE;
    }
    return known_channel ? ZT_FATE_MACSEC_AN_UNKNOWN : ZT_FATE_MACSEC_SCI_UNKNOWN;
}

/* Octets of additional authenticated data: octets 0..27. */
static uint32_t aad_octets(void)
{
    return ZT_MUTANT(aad_without_sectag) ? ZT_MACSEC_ADDRESSES : ZT_MACSEC_AAD;
}

/* MACSEC-5: decrypts the Secure Data of a frame to `out`; whether it is authentic. */
static bool decrypt(struct zt_machine *machine, const struct zt_sa *sa, const struct zt_sectag *tag,
                    const uint8_t *data, uint8_t *out)
{
    struct gcm_context_data context;
    uint8_t iv[ZT_MACSEC_IV], icv[ZT_MACSEC_ICV];

    zt_sectag_iv(tag, iv);
    IMB_AES128_GCM_DEC(machine->crypto, sa->expanded, &context, out, data + ZT_MACSEC_AAD,
                       tag->secure, iv, data, aad_octets(), icv, sizeof icv);
    return zt_icv_equal(icv, data + ZT_MACSEC_AAD + tag->secure) || ZT_MUTANT(icv_unchecked);
}

struct zt_ingress zt_macsec_open(struct zt_machine *machine, uint32_t index, const uint8_t *data,
                                 uint32_t length)
{
    struct zt_interface *interface = zt_interface_at(machine, index);
    struct zt_macsec *macsec = &interface->macsec;
    bool sealed = zt_eth_type(data).value == ZT_ETHERTYPE_MACSEC;
    struct zt_sectag tag;
    struct zt_sa *sa;

    if (!sealed && (!macsec->strict || ZT_MUTANT(clear_accepted)))
        return (struct zt_ingress){ .interface = index,
                                    .frame = zt_frame_copy(&machine->arena, data, length) };
    if (sealed != macsec->strict) /* MACSEC-1 */
        return fate(sealed ? ZT_FATE_MACSEC_UNEXPECTED : ZT_FATE_MACSEC_CLEAR);
    if (!zt_sectag_read(data, length, &tag)) /* MACSEC-2 */
        return fate(ZT_FATE_MACSEC_TAG_INVALID);
    enum zt_fate unknown = find_sa(macsec, &tag, &sa);
    if (unknown != ZT_FATE_NONE)
        return fate(unknown);
    if (tag.pn < sa->pn && !ZT_MUTANT(replay_ignored)) /* MACSEC-4 */
        return fate(ZT_FATE_MACSEC_REPLAY);

    struct zt_frame opened = zt_frame_new(&machine->arena, ZT_MACSEC_ADDRESSES + tag.secure);
    if (!decrypt(machine, sa, &tag, data, opened.data + ZT_MACSEC_ADDRESSES))
        return fate(ZT_FATE_MACSEC_ICV);
    memcpy(opened.data, data, ZT_MACSEC_ADDRESSES);
    if ((uint64_t)tag.pn + 1 > sa->pn) /* MACSEC-6, replayWindow 0 */
        sa->pn = (uint64_t)tag.pn + 1;
    if (opened.length - ZT_ETH_HEADER > interface->mtu)
        return fate(ZT_FATE_FRAME_OVERSIZE);
    return (struct zt_ingress){ .interface = index, .frame = opened };
}

void zt_macsec_send(struct zt_machine *machine, uint32_t index, struct zt_frame frame)
{
    struct zt_macsec *macsec = &zt_interface_at(machine, index)->macsec;
    struct zt_sa *sa = &macsec->tx;
    struct gcm_context_data context;
    uint8_t iv[ZT_MACSEC_IV];

    if (!macsec->strict || ZT_MUTANT(sent_clear)) {
        zt_emit_tx(machine, macsec->lower, frame);
        return;
    }
    if (sa->pn >= PN_END) {
        zt_emit_fate(machine, ZT_FATE_MACSEC_PN_EXHAUSTED);
        return;
    }
    struct zt_sectag tag = { .an = sa->an,
                             .pn = (uint32_t)sa->pn,
                             .sci = sa->sci,
                             .secure = frame.length - ZT_MACSEC_ADDRESSES };
    if (!ZT_MUTANT(pn_not_incremented))
        sa->pn++;
    /* The addresses move forward, the Secure Data stays where it is; the ICV goes to the tailroom. */
    struct zt_frame sealed = zt_frame_push(&machine->arena, frame, ZT_SECTAG);
    memmove(sealed.data, sealed.data + ZT_SECTAG, ZT_MACSEC_ADDRESSES);
    zt_sectag_write(sealed.data, &tag);
    zt_sectag_iv(&tag, iv);
    uint8_t *secure = sealed.data + ZT_MACSEC_AAD;
    IMB_AES128_GCM_ENC(machine->crypto, sa->expanded, &context, secure, secure, tag.secure, iv,
                       sealed.data, aad_octets(), secure + tag.secure, ZT_MACSEC_ICV);
    sealed.length += ZT_MACSEC_ICV;
    zt_emit_tx(machine, macsec->lower, sealed);
}

/* Room for an expanded key, aligned as the library wants it. */
static struct gcm_key_data *new_expanded(void)
{
    size_t size = (sizeof(struct gcm_key_data) + 63) & ~(size_t)63;
    struct gcm_key_data *expanded = aligned_alloc(64, size);
    if (expanded == NULL)
        expanded = zt_calloc(SIZE_MAX, 1);
    memset(expanded, 0, size);
    return expanded;
}

void zt_macsec_set_key(struct zt_machine *machine, struct zt_sa *sa, const uint8_t key[16])
{
    sa->expanded = new_expanded();
    IMB_AES128_GCM_PRE(machine->crypto, key, sa->expanded);
}

void zt_macsec_copy_key(struct zt_sa *sa, const struct zt_sa *from)
{
    sa->expanded = new_expanded();
    memcpy(sa->expanded, from->expanded, sizeof *sa->expanded);
}

static bool is_kept(const struct zt_sa *now, const struct zt_sa *before)
{
    return now->an == before->an && memcmp(&now->sci, &before->sci, sizeof now->sci) == 0 &&
           strcmp(now->key, before->key) == 0;
}

void zt_macsec_keep_numbers(struct zt_program *program, const struct zt_program *before)
{
    for (uint32_t i = 0; i < program->interface_count; i++) {
        struct zt_interface *interface = &program->interfaces[i];
        uint32_t index = zt_program_find(before, interface->id);
        if (interface->kind != ZT_KIND_MACSEC || index == ZT_NONE ||
            before->interfaces[index].kind != ZT_KIND_MACSEC || ZT_MUTANT(pn_starts_afresh))
            continue;
        const struct zt_macsec *old = &before->interfaces[index].macsec;
        if (is_kept(&interface->macsec.tx, &old->tx))
            interface->macsec.tx.pn = old->tx.pn;
        for (uint32_t rx = 0; rx < interface->macsec.rx_count; rx++)
            for (uint32_t other = 0; other < old->rx_count; other++)
                if (is_kept(&interface->macsec.rx[rx], &old->rx[other]))
                    interface->macsec.rx[rx].pn = old->rx[other].pn;
    }
}
