/* SPDX-License-Identifier: Apache-2.0 */
/* What a macsec interface shows of itself: its state (MACSEC-8, MACSEC-9), and the program's text after changes (MACSEC-11). */
#include <inttypes.h>

#include "src/machine/macsec.h"

static void write_pn(zt_pn pn, struct zt_text *text)
{
    char digits[40], *at = digits + sizeof digits;
    do {
        *--at = (char)('0' + (int)(pn % 10));
        pn /= 10;
    } while (pn > 0);
    zt_text_format(text, "\"pn\":\"%.*s\"", (int)(digits + sizeof digits - at), at);
}

static void write_sci(zt_sci sci, struct zt_text *text)
{
    char digits[ZT_ADDRESS_TEXT];
    zt_sci_format(sci, digits);
    zt_text_format(text, "\"sci\":\"%s\"", digits);
}

static const char *const names[] = {
#define NAME(name, text) text,
    ZT_FOREACH_MACSEC_COUNTER(NAME)
};
static const char *const channel_names[] = { ZT_FOREACH_CHANNEL_COUNTER(NAME) };
static const char *const transmit_names[] = { ZT_FOREACH_TRANSMIT_COUNTER(NAME) };
#undef NAME

static void write_counters(const uint64_t *counters, const char *const *list, uint32_t count,
                           struct zt_text *text)
{
    zt_text_format(text, "\"counters\":{");
    for (uint32_t i = 0; i < count; i++)
        zt_text_format(text, "%s\"%s\":%" PRIu64, i == 0 ? "" : ",", list[i], counters[i]);
    zt_text_format(text, "}");
}

static void write_an_and_key(const struct zt_sa *sa, struct zt_text *text)
{
    zt_text_format(text, "\"an\":%u,\"key\":", sa->an);
    zt_text_json_string(text, sa->reference);
}

/* ---- state ---- */

static void dump_transmit(const struct zt_macsec *macsec, struct zt_text *text)
{
    const struct zt_sa *encoding = zt_macsec_encoding(macsec);
    zt_text_format(text, "\"tx\":{");
    write_sci(macsec->sci, text);
    zt_text_format(text, ",\"associations\":[");
    for (uint32_t i = 0; i < macsec->tx_count; i++) {
        const struct zt_sa *sa = macsec->tx[i];
        zt_text_format(text, "%s{", i == 0 ? "" : ",");
        write_an_and_key(sa, text);
        zt_text_format(text, ",");
        write_pn((zt_pn)sa->sent->last + 1, text);
        zt_text_format(text, ",\"encoding\":%s,", sa == encoding ? "true" : "false");
        write_counters(sa->sent->counters, transmit_names, ZT_TRANSMIT_COUNTERS, text);
        zt_text_format(text, "}");
    }
    zt_text_format(text, "]}");
}

/* The associations of the channel of rx[first], from there on. */
static void dump_channel(const struct zt_macsec *macsec, uint32_t first, struct zt_text *text)
{
    const struct zt_channel *channel = zt_macsec_channel(macsec, macsec->rx[first]->sci);
    const char *separator = "";
    zt_text_format(text, "{");
    write_sci(channel->sci, text);
    zt_text_format(text, ",");
    write_counters(channel->counters, channel_names, ZT_CHANNEL_COUNTERS, text);
    zt_text_format(text, ",\"associations\":[");
    for (uint32_t i = first; i < macsec->rx_count; i++) {
        const struct zt_sa *sa = macsec->rx[i];
        if (!zt_sci_equal(sa->sci, channel->sci))
            continue;
        zt_text_format(text, "%s{", separator);
        write_an_and_key(sa, text);
        zt_text_format(text, ",");
        write_pn((zt_pn)sa->late + 1, text);
        zt_text_format(text, "}");
        separator = ",";
    }
    zt_text_format(text, "]}");
}

static bool is_first_of_channel(const struct zt_macsec *macsec, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++)
        if (zt_sci_equal(macsec->rx[i]->sci, macsec->rx[at]->sci))
            return false;
    return true;
}

static void dump_state(const struct zt_interface *interface, struct zt_text *text)
{
    const struct zt_macsec *macsec = &interface->macsec;
    const char *separator = "";
    zt_text_format(text, "{\"interface\":%u,\"mode\":\"%s\",\"protect\":%s,", interface->id,
                   zt_macsec_mode_names[macsec->mode], macsec->protect ? "true" : "false");
    write_counters(macsec->counters, names, ZT_MACSEC_COUNTERS, text);
    zt_text_format(text, ",");
    dump_transmit(macsec, text);
    zt_text_format(text, ",\"rx\":[");
    for (uint32_t i = 0; i < macsec->rx_count; i++) {
        if (!is_first_of_channel(macsec, i))
            continue;
        zt_text_format(text, "%s", separator);
        dump_channel(macsec, i, text);
        separator = ",";
    }
    zt_text_format(text, "]}");
}

void zt_macsec_dump(const struct zt_machine *machine, struct zt_text *text)
{
    const char *separator = "";
    for (uint32_t i = 0; i < machine->program->interface_count; i++) {
        const struct zt_interface *interface = zt_interface_at(machine, i);
        if (interface->kind != ZT_KIND_MACSEC)
            continue;
        zt_text_format(text, "%s", separator);
        dump_state(interface, text);
        separator = ",";
    }
}

/* ---- program ---- */

static void write_association(const struct zt_sa *sa, bool with_sci, struct zt_text *text)
{
    zt_text_format(text, "{");
    if (with_sci) {
        write_sci(sa->sci, text);
        zt_text_format(text, ",");
    }
    write_an_and_key(sa, text);
    if (sa->has_ssci)
        zt_text_format(text, ",\"ssci\":%" PRIu32, sa->ssci);
    if (sa->given != 0) {
        zt_text_format(text, ",");
        write_pn(sa->given, text);
    }
    zt_text_format(text, "}");
}

static void write_associations(struct zt_sa *const *sas, uint32_t count, bool with_sci,
                               struct zt_text *text)
{
    zt_text_format(text, "[");
    for (uint32_t i = 0; i < count; i++) {
        zt_text_format(text, "%s", i == 0 ? "" : ",");
        write_association(sas[i], with_sci, text);
    }
    zt_text_format(text, "]");
}

static void write_addresses(const struct zt_interface *interface, struct zt_text *text)
{
    char mac[ZT_ADDRESS_TEXT], address[ZT_ADDRESS_TEXT];
    zt_mac_format(interface->mac, mac);
    zt_text_format(text, ",\"mac\":\"%s\",\"mtu\":%u,\"addresses\":[", mac, interface->mtu);
    for (uint32_t i = 0; i < interface->address_count; i++) {
        zt_ip_format(interface->addresses[i].ip, address);
        zt_text_format(text, "%s\"%s/%u\"", i == 0 ? "" : ",", address,
                       interface->addresses[i].length);
    }
    zt_text_format(text, "]");
}

static void write_attachment(const struct zt_machine *machine, const struct zt_interface *interface,
                             struct zt_text *text)
{
    if (interface->vrf != ZT_NONE)
        zt_text_format(text, ",\"vrf\":%" PRIu64, machine->program->vrfs[interface->vrf].id);
    if (interface->bridge != ZT_NONE)
        zt_text_format(text, ",\"bridge\":%u", zt_interface_at(machine, interface->bridge)->id);
    zt_text_format(text, ",\"lower\":%u", zt_interface_at(machine, interface->macsec.lower)->id);
}

static void write_flag(const char *name, bool given, bool flag, struct zt_text *text)
{
    if (given)
        zt_text_format(text, ",\"%s\":%s", name, flag ? "true" : "false");
}

static void write_policy(const struct zt_macsec *macsec, struct zt_text *text)
{
    zt_text_format(text, ",\"cipher\":\"%s\",\"mode\":\"%s\"", zt_cipher_names[macsec->cipher],
                   zt_macsec_mode_names[macsec->mode]);
    write_flag("protect", macsec->has_protect, macsec->protect, text);
    if (macsec->confidentiality != ZT_CONFIDENTIAL_ALL)
        zt_text_format(text, ",\"confidentiality\":\"%s\"",
                       zt_confidentiality_names[macsec->confidentiality - 1]);
    if (macsec->kind != ZT_SECTAG_EXPLICIT)
        zt_text_format(text, ",\"tag\":\"%s\"", zt_sectag_kind_names[macsec->kind - 1]);
    write_flag("replayProtect", macsec->has_replay_protect, macsec->replay_protect, text);
    zt_text_format(text, ",\"replayWindow\":%" PRIu32, macsec->window);
}

void zt_macsec_dump_interface(const struct zt_machine *machine,
                              const struct zt_interface *interface, struct zt_text *text)
{
    const struct zt_macsec *macsec = &interface->macsec;
    zt_text_format(text, "{\"id\":%u,\"name\":", interface->id);
    zt_text_json_string(text, interface->name);
    zt_text_format(text, ",\"kind\":\"macsec\"");
    write_attachment(machine, interface, text);
    write_addresses(interface, text);
    write_policy(macsec, text);
    zt_text_format(text, ",\"tx\":");
    write_association(macsec->tx[0], true, text);
    if (macsec->tx_count > 1) {
        zt_text_format(text, ",\"standby\":");
        write_associations(macsec->tx + 1, macsec->tx_count - 1, false, text);
    }
    zt_text_format(text, ",\"rx\":");
    write_associations(macsec->rx, macsec->rx_count, true, text);
    zt_text_format(text, "}");
}
