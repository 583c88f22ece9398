/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside MACsec: secure associations and what belongs to them. A frame looks nothing up by name: keys are expanded and functions
 * chosen when an association is made.
 */
#ifndef ZTOS_MACHINE_MACSEC_H
#define ZTOS_MACHINE_MACSEC_H

#include <intel-ipsec-mb.h>
#include <stdalign.h>

#include "src/machine/internal.h"
#include "src/machine/keys.h"

/* In the order of the contract. */
enum zt_cipher {
    ZT_CIPHER_128,
    ZT_CIPHER_256,
    ZT_CIPHER_XPN_128,
    ZT_CIPHER_XPN_256,
    ZT_CIPHERS,
};
enum zt_macsec_mode { ZT_MACSEC_STRICT, ZT_MACSEC_CHECK, ZT_MACSEC_DISABLED, ZT_MACSEC_MODES };
enum zt_confidentiality {
    ZT_CONFIDENTIAL_ALL,
    ZT_CONFIDENTIAL_NONE,
    ZT_CONFIDENTIAL_30,
    ZT_CONFIDENTIAL_50,
};
enum zt_sectag_kind { ZT_SECTAG_EXPLICIT, ZT_SECTAG_IMPLICIT, ZT_SECTAG_END_STATION };
/* Their names in the contract; of the last two without the first, which is said by saying nothing. */
extern const char *const zt_cipher_names[ZT_CIPHERS], *const zt_macsec_mode_names[ZT_MACSEC_MODES],
                                                          *const zt_confidentiality_names[3],
                                                              *const zt_sectag_kind_names[2];

#define ZT_SALT 12u

static inline bool zt_cipher_is_xpn(uint8_t cipher)
{
    return cipher >= ZT_CIPHER_XPN_128;
}
/* Octets of a key in the key file, salt included. */
static inline uint32_t zt_cipher_key_octets(uint8_t cipher)
{
    bool long_key = cipher == ZT_CIPHER_256 || cipher == ZT_CIPHER_XPN_256;
    return (long_key ? 32 : 16) + (zt_cipher_is_xpn(cipher) ? ZT_SALT : 0);
}
/* The number behind the last one that a suite has. */
static inline zt_pn zt_pn_end(uint8_t cipher)
{
    return (zt_pn)1 << (zt_cipher_is_xpn(cipher) ? 64 : 32);
}

/* MACSEC-8. _(NAME, "name") */
#define ZT_FOREACH_CHANNEL_COUNTER(_) \
    _(UNCHECKED, "InPktsUnchecked") \
    _(DELAYED, "InPktsDelayed") \
    _(LATE, "InPktsLate") \
    _(OK, "InPktsOK") \
    _(INVALID, "InPktsInvalid") \
    _(NOT_VALID, "InPktsNotValid") \
    _(OCTETS_VALIDATED, "InOctetsValidated") \
    _(OCTETS_DECRYPTED, "InOctetsDecrypted")
#define ZT_FOREACH_TRANSMIT_COUNTER(_) \
    _(PROTECTED, "OutPktsProtected") \
    _(ENCRYPTED, "OutPktsEncrypted")

enum zt_channel_counter {
#define ZT_COUNTER_(name, text) ZT_CHANNEL_##name,
    ZT_FOREACH_CHANNEL_COUNTER(ZT_COUNTER_) ZT_CHANNEL_COUNTERS,
#undef ZT_COUNTER_
};
enum zt_transmit_counter {
#define ZT_COUNTER_(name, text) ZT_TRANSMIT_##name,
    ZT_FOREACH_TRANSMIT_COUNTER(ZT_COUNTER_) ZT_TRANSMIT_COUNTERS,
#undef ZT_COUNTER_
};

/* MACSEC-9: what the node remembers of a transmit association as long as it runs. */
struct zt_sent {
    zt_sci sci;
    char *reference;
    /* The last PN that was used, 0 for none. */
    uint64_t last;
    uint64_t counters[ZT_TRANSMIT_COUNTERS];
};

/* What comes of a frame: a fate, or its new length. */
struct zt_macsec_verdict {
    enum zt_fate fate;
    uint32_t length;
};

struct zt_sa;
typedef struct zt_macsec_verdict (*zt_seal_function)(const struct zt_sa *sa, uint64_t pn,
                                                     uint8_t *frame, uint32_t secure);

/* A secure association, in memory of its own. */
struct zt_sa {
    zt_sci sci;
    uint8_t an, cipher;
    /* Of what it seals: TCI without AN, and octets of Secure Data in front of what is encrypted. */
    uint8_t tci, offset;
    bool has_ssci;
    uint32_t ssci;
    /* Key reference. */
    char *reference;
    /* As the program or a change has it, 0 for none. */
    zt_pn given;
    /* Receive: the greatest PN that is too late, one below the lowest acceptable one. */
    uint64_t late;
    /* Transmit: packet numbers and counters, the machine's; NULL until the program runs. */
    struct zt_sent *sent;
    aes_gcm_enc_dec_t encrypt, decrypt;
    zt_seal_function seal;
    uint8_t salt[ZT_SALT];
    /* Octets 12 to 15 of a sealed frame as they are loaded, without SL, and octets 16 to 27 without PN, 4 zeros behind. */
    uint32_t tag_start;
    /* Receive: the same of most frames that it will open: sealed as macsec seals, all of Secure Data encrypted, SL 0. 0: of none. */
    uint32_t expected;
    alignas(16) uint8_t tag_end[16];
    /* The IV of PN 0: octets 4 to 11 of the IV are these with the PN (64 bits) XORed to them. */
    alignas(16) uint8_t iv[16];
    alignas(64) struct gcm_key_data key;
};

/* The receive associations of an SCI; there is at least one. */
struct zt_channel {
    zt_sci sci;
    /* By AN, NULL. */
    struct zt_sa *sas[4];
    uint64_t counters[ZT_CHANNEL_COUNTERS];
};

/* ---- associations (macsec_sa.c; opening in macsec_receive.c) ---- */
struct zt_sa *zt_sa_new(void);
/* Wipes it (MACSEC-12). NULL is allowed. */
void zt_sa_free(struct zt_sa *sa);
/* TCI and offset; before its key. */
void zt_sa_set_form(struct zt_sa *sa, const struct zt_macsec *macsec);
/* The key in the form of the key file, or that of another association with the same suite. */
void zt_sa_set_key(IMB_MGR *crypto, struct zt_sa *sa, const uint8_t *octets);
void zt_sa_copy_key(IMB_MGR *crypto, struct zt_sa *sa, const struct zt_sa *from);
/*
 * MACSEC-5, MACSEC-7: seals a frame with `secure` octets behind its addresses in place: the sealed one begins as many octets in front
 * of it as the SecTAG has, and ends ZT_MACSEC_ICV behind it.
 */
static inline struct zt_macsec_verdict zt_sa_seal(const struct zt_sa *sa, uint64_t pn,
                                                  uint8_t *frame, uint32_t secure)
{
    return sa->seal(sa, pn, frame, secure);
}
/* Opens one with `offset` octets of Secure Data that are not encrypted if E is set: Secure Data goes to `out`. Whether the ICV is right. */
bool zt_sa_open(const struct zt_sa *sa, const struct zt_sectag *tag, uint64_t pn, uint32_t offset,
                const uint8_t *frame, uint8_t *out);

/* ---- frames (macsec_receive.c, macsec.c) ---- */
/* MACSEC-1 to MACSEC-6: what goes up is in `out`, which has room for `length` octets. */
struct zt_macsec_verdict zt_macsec_validate(struct zt_macsec *macsec, const uint8_t *frame,
                                            uint32_t length, uint8_t *out);
/*
 * MACSEC-7: seals a frame in place. The sealed one begins as many octets in front of it as the SecTAG has (zt_sectag_length of
 * macsec->tci), and ends ZT_MACSEC_ICV behind it; the caller sees to the room.
 */
struct zt_macsec_verdict zt_macsec_protect(struct zt_macsec *macsec, uint8_t *frame,
                                           uint32_t length);
/* MACSEC-7: the encoding association, NULL. */
struct zt_sa *zt_macsec_encoding(const struct zt_macsec *macsec);

/* ---- state (macsec_state.c) ---- */
/* The channel with an SCI, NULL. */
static inline struct zt_channel *zt_macsec_channel(const struct zt_macsec *macsec, zt_sci sci)
{
    for (uint32_t i = 0; i < macsec->channel_count; i++)
        if (zt_sci_equal(macsec->channels[i].sci, sci))
            return &macsec->channels[i];
    return NULL;
}
/* Puts a receive association in the place of the one with its SCI and AN, whose PN it takes if MACSEC-9 says so, or behind all. */
void zt_macsec_put_receive(struct zt_macsec *macsec, struct zt_sa *sa);
void zt_macsec_remove_receive(struct zt_macsec *macsec, zt_sci sci, uint8_t an);
/* Puts the transmit associations in place of those that are there; the pointers are taken over. */
void zt_macsec_put_transmit(struct zt_machine *machine, struct zt_macsec *macsec,
                            struct zt_sa *const *sas, uint32_t count);

/* ---- reading (program_macsec.c) ---- */
/*
 * The fields of an association behind its SCI and AN, which `sa` has; `first` is the first field that the object has: 0 for `sci`, 1
 * for `an`, 2 for `key`.
 */
bool zt_program_read_association(const struct zt_schema *schema, uint32_t node,
                                 const struct zt_path *path, uint32_t first, struct zt_sa *sa);
/* MACSEC-9: what an association is refused for by its suite. */
bool zt_association_check(const struct zt_schema *schema, const struct zt_path *path,
                          const struct zt_sa *sa);
/* MACSEC-9: that `sas` differ in AN and key reference. */
bool zt_transmit_check(const struct zt_schema *schema, const struct zt_path *path,
                       struct zt_sa *const *sas, uint32_t count);

/* ---- keys (macsec_keys.c) ---- */
/* Keys of a program or change: of a key file, or those that the running program has under the same reference. */
struct zt_macsec_ring {
    const struct zt_machine *machine;
    const struct zt_keys *keys;
    /* Of the running program, sorted; listed when it is first asked for. */
    bool listed;
    const struct zt_sa **known;
    uint32_t count;
};
/* Sets the key of an association; false when there is none of its length under its reference. */
bool zt_macsec_ring_set(struct zt_macsec_ring *ring, struct zt_sa *sa);
void zt_macsec_ring_free(struct zt_macsec_ring *ring);

/* ---- looking in (macsec_dump.c) ---- */
/* `macsec` of the tables, elements alone. */
void zt_macsec_dump(const struct zt_machine *machine, struct zt_text *text);
/* The interface of the program as it is now. */
void zt_macsec_dump_interface(const struct zt_machine *machine,
                              const struct zt_interface *interface, struct zt_text *text);

#endif
