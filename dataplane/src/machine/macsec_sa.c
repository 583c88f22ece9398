/* SPDX-License-Identifier: Apache-2.0 */
/* A secure association and its cipher: MACSEC-5, MACSEC-12. */
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/macsec_cipher.h"

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

void zt_sa_set_form(struct zt_sa *sa, const struct zt_macsec *macsec)
{
    sa->cipher = macsec->cipher;
    sa->tci = macsec->tci;
    sa->offset = macsec->offset;
}

/* What a SecTAG is made of for a frame: addresses and the first four octets, then PN and SCI. */
struct header {
    __m128i first, second;
};

static inline struct header make_header(const struct zt_sa *sa, uint64_t pn, const uint8_t *frame,
                                        uint32_t secure)
{
    uint32_t start = sa->tag_start | (secure < ZT_MACSEC_SHORT ? secure << 24 : 0), rest;
    memcpy(&rest, frame + 8, sizeof rest);
    __m128i addresses = _mm_insert_epi32(_mm_loadl_epi64((const __m128i *)frame), (int)rest, 2);
    __m128i number = _mm_cvtsi32_si128((int)__builtin_bswap32((uint32_t)pn));
    return (struct header){
        _mm_insert_epi32(addresses, (int)start, 3),
        _mm_or_si128(_mm_load_si128((const __m128i *)sa->tag_end), number),
    };
}

static inline void write_header(struct header header, uint32_t added, uint8_t *frame)
{
    _mm_storeu_si128((__m128i *)frame, header.first);
    if (added == ZT_SECTAG) {
        _mm_storel_epi64((__m128i *)(frame + 16), header.second);
        zt_store_be32(frame + 24, (zt_be32){ (uint32_t)_mm_extract_epi32(header.second, 2) });
    } else {
        zt_store_be32(frame + 16, (zt_be32){ (uint32_t)_mm_cvtsi128_si32(header.second) });
    }
}

/* Any form of the SecTAG, anything encrypted or not. */
static struct zt_macsec_verdict seal(const struct zt_sa *sa, uint64_t pn, uint8_t *frame,
                                     uint32_t secure)
{
    struct gcm_context_data context;
    alignas(16) uint8_t iv[16];
    uint32_t added = zt_sectag_length(sa->tci), header = ZT_MACSEC_ADDRESSES + added;
    uint32_t clear = zt_clear_octets(sa->tci, secure, sa->offset);
    uint8_t *sealed = frame - added, *text = sealed + header + clear;

    write_header(make_header(sa, pn, frame, secure), added, sealed);
    _mm_store_si128((__m128i *)iv, zt_macsec_iv(sa, pn));
    sa->encrypt(&sa->key, &context, text, text, secure - clear, iv, sealed,
                zt_aad_octets(sa->tci, header, clear), sealed + header + secure, ZT_MACSEC_ICV);
    return (struct zt_macsec_verdict){ .length = header + secure + ZT_MACSEC_ICV };
}

/*
 * The same where all of Secure Data is encrypted, with AVX2. What the cipher loads must have been stored at once: a processor
 * forwards a store to a load that lies within it, and lets one that does not wait for the cache, a quarter of what the cipher of a
 * short frame takes. So additional data is one vector of 32 octets beside the frame, as the IV is one of 16.
 */
#define AVX2 __attribute__((target("avx2")))

/* In words of the processor: of a vector of 32 octets in C the compiler aligns the stack anew, which takes longer. */
AVX2 static inline void store_at_once(struct header header, uint8_t *out)
{
    __asm__("vinserti128 $1, %2, %t1, %t1\n\tvmovdqa %t1, %0"
            : "=m"(*(uint8_t(*)[32])out), "+x"(header.first)
            : "x"(header.second));
}

AVX2 static inline __attribute__((always_inline)) struct zt_macsec_verdict
seal_all(const struct zt_sa *sa, uint64_t pn, uint8_t *frame, uint32_t secure, uint32_t added)
{
    struct gcm_context_data context;
    alignas(16) uint8_t iv[16];
    uint8_t room[32 + 31], *aad = (uint8_t *)(((uintptr_t)room + 31) & ~(uintptr_t)31);
    uint32_t octets = ZT_MACSEC_ADDRESSES + added;
    struct header header = make_header(sa, pn, frame, secure);
    uint8_t *sealed = frame - added, *text = sealed + octets;

    store_at_once(header, aad);
    write_header(header, added, sealed);
    _mm_store_si128((__m128i *)iv, zt_macsec_iv(sa, pn));
    sa->encrypt(&sa->key, &context, text, text, secure, iv, aad, zt_aad_octets(ZT_TCI_E, octets, 0),
                text + secure, ZT_MACSEC_ICV);
    return (struct zt_macsec_verdict){ .length = octets + secure + ZT_MACSEC_ICV };
}

AVX2 static struct zt_macsec_verdict seal_explicit(const struct zt_sa *sa, uint64_t pn,
                                                   uint8_t *frame, uint32_t secure)
{
    return seal_all(sa, pn, frame, secure, ZT_SECTAG);
}

AVX2 static struct zt_macsec_verdict seal_short(const struct zt_sa *sa, uint64_t pn, uint8_t *frame,
                                                uint32_t secure)
{
    return seal_all(sa, pn, frame, secure, ZT_SECTAG_SHORT);
}

static zt_seal_function choose_seal(const struct zt_sa *sa, IMB_MGR *crypto)
{
    if ((crypto->features & IMB_FEATURE_AVX2) == 0 || (sa->tci & ZT_TCI_E) == 0 || sa->offset != 0)
        return seal;
    return (sa->tci & ZT_TCI_SC) != 0 ? seal_explicit : seal_short;
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

static void set_tag(struct zt_sa *sa)
{
    uint8_t start[4] = { ZT_ETHERTYPE_MACSEC >> 8, ZT_ETHERTYPE_MACSEC & 0xff, sa->tci | sa->an };
    memcpy(&sa->tag_start, start, sizeof start);
    bool encrypted = (sa->tci & (ZT_TCI_E | ZT_TCI_C)) == (ZT_TCI_E | ZT_TCI_C);
    sa->expected = encrypted && sa->offset == 0 && (sa->tci & ZT_TCI_ES) == 0 ? sa->tag_start : 0;
    memset(sa->tag_end, 0, sizeof sa->tag_end);
    if ((sa->tci & ZT_TCI_SC) != 0)
        memcpy(sa->tag_end + 4, sa->sci.octets, sizeof sa->sci.octets);
}

static void prepare(struct zt_sa *sa, IMB_MGR *crypto)
{
    set_iv(sa);
    set_tag(sa);
    sa->seal = choose_seal(sa, crypto);
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
    prepare(sa, crypto);
}

void zt_sa_copy_key(IMB_MGR *crypto, struct zt_sa *sa, const struct zt_sa *from)
{
    sa->key = from->key;
    sa->encrypt = from->encrypt;
    sa->decrypt = from->decrypt;
    memcpy(sa->salt, from->salt, sizeof sa->salt);
    prepare(sa, crypto);
}
