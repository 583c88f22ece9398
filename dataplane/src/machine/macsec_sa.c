/* SPDX-License-Identifier: Apache-2.0 */
/* A secure association and its cipher: MACSEC-5, MACSEC-12. */
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/macsec.h"

struct zt_sa *zt_sa_new(void)
{
    struct zt_sa *sa = aligned_alloc(alignof(struct zt_sa), sizeof *sa);
    if (sa == NULL)
        sa = zt_calloc(SIZE_MAX, 1);
    memset(sa, 0, sizeof *sa);
    return sa;
}

void zt_sa_free(struct zt_sa *sa)
{
    if (sa == NULL)
        return;
    free(sa->reference);
    explicit_bzero(sa, sizeof *sa);
    free(sa);
}

/* SCI, or SSCI and 8 zeros XORed with the salt. */
static void set_iv(struct zt_sa *sa)
{
    memset(sa->iv, 0, sizeof sa->iv);
    if (!zt_cipher_is_xpn(sa->cipher)) {
        memcpy(sa->iv, sa->sci.octets, sizeof sa->sci.octets);
        return;
    }
    if (!ZT_MUTANT(macsec_ssci_ignored))
        zt_store_u32(sa->iv, sa->ssci);
    for (uint32_t i = 0; i < ZT_SALT && !ZT_MUTANT(macsec_salt_ignored); i++)
        sa->iv[i] ^= sa->salt[i];
}

void zt_sa_set_key(IMB_MGR *crypto, struct zt_sa *sa, const uint8_t *octets)
{
    uint32_t length = zt_cipher_key_octets(sa->cipher);
    if (zt_cipher_is_xpn(sa->cipher)) {
        length -= ZT_SALT;
        memcpy(sa->salt, octets + length, ZT_SALT);
    }
    if (length == 16) {
        IMB_AES128_GCM_PRE(crypto, octets, &sa->key);
        sa->encrypt = crypto->gcm128_enc;
        sa->decrypt = crypto->gcm128_dec;
    } else {
        IMB_AES256_GCM_PRE(crypto, octets, &sa->key);
        sa->encrypt = crypto->gcm256_enc;
        sa->decrypt = crypto->gcm256_dec;
    }
    set_iv(sa);
}

void zt_sa_copy_key(struct zt_sa *sa, const struct zt_sa *from)
{
    sa->key = from->key;
    sa->encrypt = from->encrypt;
    sa->decrypt = from->decrypt;
    memcpy(sa->salt, from->salt, sizeof sa->salt);
    set_iv(sa);
}

static void make_iv(const struct zt_sa *sa, zt_pn pn, uint8_t iv[ZT_MACSEC_IV])
{
    uint64_t low;
    memcpy(iv, sa->iv, ZT_MACSEC_IV);
    memcpy(&low, iv + 4, sizeof low);
    low ^= __builtin_bswap64((uint64_t)pn);
    memcpy(iv + 4, &low, sizeof low);
}

/* Octets of Secure Data that are authenticated alone. */
static uint32_t clear_octets(const struct zt_sectag *tag, uint32_t offset)
{
    return (tag->tci & ZT_TCI_E) == 0 || tag->secure < offset ? tag->secure : offset;
}

/* Octets of additional data, `clear` of them of Secure Data. */
static uint32_t aad_octets(const struct zt_sectag *tag, uint32_t clear)
{
    if (ZT_MUTANT(aad_without_sectag))
        return ZT_MACSEC_ADDRESSES;
    if (ZT_MUTANT(macsec_offset_unauthenticated) && (tag->tci & ZT_TCI_E) != 0)
        return tag->header;
    return tag->header + clear;
}

void zt_sa_seal(const struct zt_sa *sa, const struct zt_sectag *tag, zt_pn pn, uint32_t offset,
                uint8_t *frame)
{
    struct gcm_context_data context;
    uint8_t iv[ZT_MACSEC_IV];
    uint32_t clear = clear_octets(tag, offset);
    uint8_t *text = frame + tag->header + clear;

    make_iv(sa, pn, iv);
    sa->encrypt(&sa->key, &context, text, text, tag->secure - clear, iv, frame,
                aad_octets(tag, clear), frame + tag->header + tag->secure, ZT_MACSEC_ICV);
}

bool zt_sa_open(const struct zt_sa *sa, const struct zt_sectag *tag, zt_pn pn, uint32_t offset,
                const uint8_t *frame, uint8_t *out)
{
    struct gcm_context_data context;
    uint8_t iv[ZT_MACSEC_IV], icv[ZT_MACSEC_ICV];
    uint32_t clear = clear_octets(tag, offset);
    const uint8_t *secure = frame + tag->header;

    make_iv(sa, pn, iv);
    memcpy(out, secure, clear);
    sa->decrypt(&sa->key, &context, out + clear, secure + clear, tag->secure - clear, iv, frame,
                aad_octets(tag, clear), icv, sizeof icv);
    return zt_icv_equal(icv, secure + tag->secure) || ZT_MUTANT(icv_unchecked);
}
