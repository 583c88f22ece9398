/* SPDX-License-Identifier: Apache-2.0 */
/* A macsec interface of a program, and what MACSEC-9 refuses. */
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/macsec.h"
#include "src/machine/program_parts.h"

/* Of an XPN suite (IEEE 802.1AE-2018 clause 10.7.8). */
#define XPN_WINDOW_END (1u << 30)
#define PN_DIGITS 20u

const char *const zt_cipher_names[] = { "gcm-aes-128", "gcm-aes-256", "gcm-aes-xpn-128",
                                        "gcm-aes-xpn-256" };
const char *const zt_macsec_mode_names[] = { "strict", "check", "disabled" };
const char *const zt_confidentiality_names[] = { "none", "offset-30", "offset-50" };
const char *const zt_sectag_kind_names[] = { "implicit", "end-station" };

/* ---- associations ---- */

/* A packet number in decimal digits; `node` 0 is none, 0. Whether the suite has it is asked by zt_association_check(). */
static bool read_pn(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                    zt_pn *pn)
{
    const struct zt_json_node *text = &schema->json->nodes[node];
    char digits[PN_DIGITS + 1];
    *pn = 0;
    if (node == 0)
        return true;
    if (text->type == ZT_JSON_STRING &&
        zt_json_string(schema->json, node, digits, sizeof digits, NULL) && digits[0] != '0' &&
        digits[0] != '\0' && strspn(digits, "0123456789") == strlen(digits)) {
        for (const char *at = digits; *at != '\0'; at++)
            *pn = *pn * 10 + (zt_pn)(*at - '0');
        return true;
    }
    return zt_schema_fail(schema, path, "a packet number is wanted: decimal digits, from \"1\" on");
}

static bool read_ssci(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                      struct zt_sa *sa)
{
    int64_t ssci = 0;
    sa->has_ssci = node != 0;
    if (node != 0 && !zt_schema_integer(schema, node, path, 0, UINT32_MAX, &ssci))
        return false;
    sa->ssci = (uint32_t)ssci;
    return true;
}

bool zt_program_read_association(const struct zt_schema *schema, uint32_t node,
                                 const struct zt_path *path, uint32_t first, struct zt_sa *sa)
{
    enum { SCI, AN, KEY, SSCI, PN, COUNT };
    static const char *const names[COUNT] = { "sci", "an", "key", "?ssci", "?pn" };
    uint32_t values[COUNT];
    int64_t an = sa->an;
    char key[201];

    if (!zt_schema_object(schema, node, path, names + first, COUNT - first, values + first) ||
        (first <= SCI && !zt_schema_sci(schema, values[SCI], ZT_PATH_KEY(path, "sci"), &sa->sci)) ||
        (first <= AN &&
         !zt_schema_integer(schema, values[AN], ZT_PATH_KEY(path, "an"), 0, 3, &an)) ||
        !zt_schema_key(schema, values[KEY], ZT_PATH_KEY(path, "key"), key) ||
        !read_ssci(schema, values[SSCI], ZT_PATH_KEY(path, "ssci"), sa) ||
        !read_pn(schema, values[PN], ZT_PATH_KEY(path, "pn"), &sa->given))
        return false;
    sa->an = (uint8_t)an;
    sa->reference = zt_calloc(strlen(key) + 1, 1);
    strcpy(sa->reference, key);
    return true;
}

bool zt_association_check(const struct zt_schema *schema, const struct zt_path *path,
                          const struct zt_sa *sa)
{
    const char *suite = zt_cipher_names[sa->cipher];
    if (sa->has_ssci != zt_cipher_is_xpn(sa->cipher))
        return zt_schema_fail(schema, ZT_PATH_KEY(path, "ssci"),
                              sa->has_ssci ? "an association of %s has no SSCI"
                                           : "an association of %s has an SSCI",
                              suite);
    return sa->given < zt_pn_end(sa->cipher) ||
           zt_schema_fail(schema, ZT_PATH_KEY(path, "pn"), "%s has no such packet number", suite);
}

bool zt_transmit_check(const struct zt_schema *schema, const struct zt_path *path,
                       struct zt_sa *const *sas, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t other = 0; other < i; other++) {
            if (sas[i]->an == sas[other]->an)
                return zt_schema_fail(schema, ZT_PATH_KEY(path, "standby"),
                                      "two transmit associations have AN %u", sas[i]->an);
            if (strcmp(sas[i]->reference, sas[other]->reference) == 0)
                return zt_schema_fail(schema, ZT_PATH_KEY(path, "standby"),
                                      "two transmit associations have the key `%s`",
                                      sas[i]->reference);
        }
    }
    return true;
}

/* ---- interfaces ---- */

static bool read_transmit(const struct zt_schema *schema, uint32_t tx, uint32_t standby,
                          const struct zt_path *path, struct zt_macsec *macsec)
{
    const struct zt_path *list = ZT_PATH_KEY(path, "standby");
    uint32_t at = zt_json_first(standby), more = 0;

    if (standby != 0) {
        if (!zt_schema_array(schema, standby, list, 0, ZT_TRANSMIT_MAX - 1))
            return false;
        more = schema->json->nodes[standby].count;
    }
    for (uint32_t i = 0; i <= more; i++) {
        const struct zt_path *here = i == 0 ? ZT_PATH_KEY(path, "tx") : ZT_PATH_INDEX(list, i - 1);
        struct zt_sa *sa = macsec->tx[macsec->tx_count++] = zt_sa_new();
        zt_sa_set_form(sa, macsec);
        sa->sci = macsec->sci;
        if (!zt_program_read_association(schema, i == 0 ? tx : at, here, i == 0 ? 0 : 1, sa) ||
            !zt_association_check(schema, here, sa))
            return false;
        if (i == 0)
            macsec->sci = sa->sci;
        else
            at = zt_json_next(schema->json, at);
    }
    return zt_transmit_check(schema, path, macsec->tx, macsec->tx_count);
}

static bool read_receive(const struct zt_schema *schema, uint32_t node, const struct zt_path *up,
                         struct zt_macsec *macsec)
{
    const struct zt_path *path = ZT_PATH_KEY(up, "rx");
    if (!zt_schema_array(schema, node, path, 0, UINT32_MAX))
        return false;
    uint32_t count = schema->json->nodes[node].count, at = zt_json_first(node);
    for (uint32_t i = 0; i < count; i++, at = zt_json_next(schema->json, at)) {
        const struct zt_path *here = ZT_PATH_INDEX(path, i);
        struct zt_sa *sa = zt_sa_new();
        zt_sa_set_form(sa, macsec);
        bool good = zt_program_read_association(schema, at, here, 0, sa) &&
                    zt_association_check(schema, here, sa);
        const struct zt_channel *channel = good ? zt_macsec_channel(macsec, sa->sci) : NULL;
        if (channel != NULL && channel->sas[sa->an] != NULL)
            good = zt_schema_fail(schema, here, "SCI and AN are those of another element");
        if (!good) {
            zt_sa_free(sa);
            return false;
        }
        zt_macsec_put_receive(macsec, sa);
    }
    return true;
}

/* MACSEC-9: what does not fit together. */
static bool check(const struct zt_schema *schema, const struct zt_path *path,
                  const struct zt_interface *interface)
{
    const struct zt_macsec *macsec = &interface->macsec;
    if (zt_cipher_is_xpn(macsec->cipher) && macsec->window >= XPN_WINDOW_END)
        return zt_schema_fail(schema, ZT_PATH_KEY(path, "replayWindow"),
                              "a window of %s is below 2^30", zt_cipher_names[macsec->cipher]);
    if (macsec->kind == ZT_SECTAG_IMPLICIT && macsec->channel_count > 1)
        return zt_schema_fail(schema, ZT_PATH_KEY(path, "tag"),
                              "with an implicit SCI there is one receive channel");
    if (macsec->kind != ZT_SECTAG_END_STATION)
        return true;
    if (interface->bridge != ZT_NONE)
        return zt_schema_fail(schema, ZT_PATH_KEY(path, "tag"),
                              "an interface with a bridge is no end station");
    return zt_sci_equal(macsec->sci, zt_sci_of_station(interface->mac.octets)) ||
           zt_schema_fail(schema, ZT_PATH_KEY(path, "tag"),
                          "the SCI of an end station is its `mac` and 0001");
}

/* Index of an optional name, behind 0 for none. */
static bool read_choice(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                        const char *const *names, uint32_t count, uint8_t *choice)
{
    uint32_t index;
    *choice = 0;
    if (node == 0)
        return true;
    if (!zt_schema_enum(schema, node, path, names, count, &index))
        return false;
    *choice = (uint8_t)(index + 1);
    return true;
}

static bool read_flag(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                      bool otherwise, bool *given, bool *flag)
{
    *given = node != 0;
    *flag = otherwise;
    return node == 0 || zt_schema_bool(schema, node, path, flag);
}

/* What MACSEC-5 and MACSEC-7 need for each frame. */
static void derive(struct zt_macsec *macsec)
{
    static const uint8_t tags[] = { [ZT_SECTAG_EXPLICIT] = ZT_TCI_SC,
                                    [ZT_SECTAG_IMPLICIT] = 0,
                                    [ZT_SECTAG_END_STATION] = ZT_TCI_ES };
    static const uint8_t offsets[] = { [ZT_CONFIDENTIAL_ALL] = 0,
                                       [ZT_CONFIDENTIAL_NONE] = 0,
                                       [ZT_CONFIDENTIAL_30] = 30,
                                       [ZT_CONFIDENTIAL_50] = 50 };
    bool clear = macsec->confidentiality == ZT_CONFIDENTIAL_NONE;
    macsec->tci = tags[macsec->kind] | (clear ? 0 : ZT_TCI_E | ZT_TCI_C);
    macsec->offset = offsets[macsec->confidentiality];
    macsec->overhead = (uint8_t)(zt_sectag_length(macsec->tci) + ZT_MACSEC_ICV);
    macsec->octets_counter =
        clear ? ZT_MACSEC_OUT_OCTETS_PROTECTED : ZT_MACSEC_OUT_OCTETS_ENCRYPTED;
    macsec->packets_counter = clear ? ZT_TRANSMIT_PROTECTED : ZT_TRANSMIT_ENCRYPTED;
    /* Where IEEE 802.1X has a new key wanted. */
    macsec->fresh_end = (uint64_t)(zt_pn_end(macsec->cipher) / 4 * 3 - 1);
}

bool zt_program_read_macsec(struct zt_program_reader *reader, uint32_t node,
                            const struct zt_path *path, struct zt_interface *interface)
{
    enum {
        ID,
        NAME,
        KIND,
        VRF,
        BRIDGE,
        LOWER,
        MAC,
        MTU,
        ADDRESSES,
        CIPHER,
        MODE,
        PROTECT,
        CONFIDENTIALITY,
        TAG,
        REPLAY_PROTECT,
        WINDOW,
        TX,
        STANDBY,
        RX,
        COUNT
    };
    static const char *const names[COUNT] = { "id",
                                              "name",
                                              "kind",
                                              "?vrf",
                                              "?bridge",
                                              "lower",
                                              "mac",
                                              "mtu",
                                              "addresses",
                                              "cipher",
                                              "mode",
                                              "?protect",
                                              "?confidentiality",
                                              "?tag",
                                              "?replayProtect",
                                              "replayWindow",
                                              "tx",
                                              "?standby",
                                              "rx" };
    const struct zt_schema *schema = &reader->schema;
    struct zt_macsec *macsec = &interface->macsec;
    uint32_t values[COUNT], cipher, mode;
    int64_t window;

    if (!zt_schema_object(schema, node, path, names, COUNT, values) ||
        !zt_program_read_attach(reader, values[VRF], values[BRIDGE], path, interface) ||
        !zt_program_read_id(schema, values[LOWER], ZT_PATH_KEY(path, "lower"), &macsec->lower) ||
        !zt_schema_mac(schema, values[MAC], ZT_PATH_KEY(path, "mac"), &interface->mac) ||
        !zt_program_read_mtu(schema, values[MTU], ZT_PATH_KEY(path, "mtu"), &interface->mtu) ||
        !zt_program_read_addresses(reader, values[ADDRESSES], path, interface) ||
        !zt_schema_enum(schema, values[CIPHER], ZT_PATH_KEY(path, "cipher"), zt_cipher_names,
                        ZT_CIPHERS, &cipher) ||
        !zt_schema_enum(schema, values[MODE], ZT_PATH_KEY(path, "mode"), zt_macsec_mode_names,
                        ZT_MACSEC_MODES, &mode) ||
        !read_flag(schema, values[PROTECT], ZT_PATH_KEY(path, "protect"),
                   mode != ZT_MACSEC_DISABLED, &macsec->has_protect, &macsec->protect) ||
        !read_choice(schema, values[CONFIDENTIALITY], ZT_PATH_KEY(path, "confidentiality"),
                     zt_confidentiality_names, 3, &macsec->confidentiality) ||
        !read_choice(schema, values[TAG], ZT_PATH_KEY(path, "tag"), zt_sectag_kind_names, 2,
                     &macsec->kind) ||
        !read_flag(schema, values[REPLAY_PROTECT], ZT_PATH_KEY(path, "replayProtect"), true,
                   &macsec->has_replay_protect, &macsec->replay_protect) ||
        !zt_schema_integer(schema, values[WINDOW], ZT_PATH_KEY(path, "replayWindow"), 0, UINT32_MAX,
                           &window))
        return false;
    macsec->cipher = (uint8_t)cipher;
    macsec->mode = (uint8_t)mode;
    macsec->window = (uint32_t)window;
    macsec->text =
        (struct zt_span){ schema->json->nodes[node].start, schema->json->nodes[node].end };
    derive(macsec);
    return read_transmit(schema, values[TX], values[STANDBY], path, macsec) &&
           read_receive(schema, values[RX], path, macsec) && check(schema, path, interface);
}
