/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node with MACsec on a port and over VXLAN, and a peer that seals for it: every suite, mode and form of the tag, frames as they are
 * or bent, changes. No crash; with flow cache the same effects as without (MODEL-1), and the same tables at the end; what the peer
 * sealed is never refused for its ICV while nothing was bent or changed. The input is two octets that say how both are configured, then
 * steps: an octet that says what, one that says how, an octet of length (times 8 when its high bit is set), octets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/support.h"
#include "src/machine/macsec.h"

#define STEPS 96u
#define FRAME_MAX 4096u

enum step { RAW, SEALED, HOST, TUNNEL_RAW, TUNNEL_SEALED, PUNT, CHANGE, STEP_KINDS };

static struct zt_machine *machines[2], *peer;
/* Both ends are as they were loaded, and what the peer seals is to be opened. */
static bool agreed;

/* ---- programs */

#define PROGRAM_MAX 4096

/* Node 1 and its peer 2: the peer is strict, and protects. */
static size_t write_program(char *text, uint32_t node, uint8_t first, uint8_t second)
{
    static const char *const windows[] = { "0", "1", "64", "1073741823" };
    static const char *const protects[] = { "", "\"protect\":true,", "\"protect\":false,", "" };
    bool xpn = (first & 2) != 0;
    uint8_t confidentiality = first >> 4 & 3, mode = node == 1 ? (first >> 2 & 3) % 3 : 0;
    char policy[300], sas[2][2][160];

    for (uint32_t of = 1; of <= 2; of++)
        for (uint32_t i = 0; i < 2; i++)
            snprintf(sas[of - 1][i], sizeof sas[0][0],
                     "{\"sci\":\"02000000f%u0%u0001\",\"an\":%u,\"key\":\"lab:fuzz/%s/%u\"%s}", of,
                     i + 1, of, zt_cipher_names[first & 3], of, xpn ? ",\"ssci\":7" : "");
    snprintf(policy, sizeof policy,
             "\"cipher\":\"%s\",\"mode\":\"%s\",%s%s%s%s%s%s\"replayWindow\":%s",
             zt_cipher_names[first & 3], zt_macsec_mode_names[mode],
             node == 1 ? protects[second >> 4 & 3] : "",
             confidentiality == 0 ? "" : "\"confidentiality\":\"",
             confidentiality == 0 ? "" : zt_confidentiality_names[confidentiality - 1],
             confidentiality == 0 ? "" : "\",", (second & 1) != 0 ? "\"tag\":\"implicit\"," : "",
             (second & 8) != 0 ? "\"replayProtect\":false," : "", windows[second >> 1 & 3]);
    return (size_t)snprintf(
        text, PROGRAM_MAX,
        "{\"format\":\"ztos-program\",\"version\":1,\"node\":\"sec\",\"seeds\":{\"ecmp\":0,"
        "\"sourcePort\":0},\"vrfs\":[{\"id\":0,\"name\":\"u\"}],\"interfaces\":["
        "{\"id\":1,\"name\":\"a\",\"kind\":\"port\",\"mac\":\"02:00:00:00:f%1$u:01\",\"mtu\":1600,"
        "\"addresses\":[],\"tap\":true},"
        "{\"id\":2,\"name\":\"b\",\"kind\":\"port\",\"mac\":\"02:00:00:00:f%1$u:02\",\"mtu\":1700,"
        "\"addresses\":[],\"tap\":true,\"bridge\":20},"
        "{\"id\":4,\"name\":\"d\",\"kind\":\"port\",\"mac\":\"02:00:00:00:f%1$u:04\",\"mtu\":1700,"
        "\"addresses\":[\"192.0.2.%1$u/24\"],\"tap\":true,\"vrf\":0},"
        "{\"id\":11,\"name\":\"m\",\"kind\":\"macsec\",\"lower\":1,\"mac\":\"02:00:00:00:f%1$u:"
        "01\","
        "\"mtu\":1550,\"addresses\":[],\"bridge\":20,%3$s,\"tx\":%4$s,\"rx\":[%5$s]},"
        "{\"id\":20,\"name\":\"br\",\"kind\":\"bridge\",\"ageing\":300000000000,\"fdbLimit\":8,"
        "\"snooping\":10000000000},"
        "{\"id\":31,\"name\":\"x\",\"kind\":\"vxlan\",\"vni\":77,\"underlayVrf\":0,\"local\":"
        "\"192.0.2.%1$u\",\"port\":4789,\"mtu\":1560,\"learning\":false,\"ttl\":9,\"dscp\":0,"
        "\"df\":true,\"udpChecksum\":\"zero\",\"remotes\":[\"192.0.2.%2$u\"]},"
        "{\"id\":32,\"name\":\"n\",\"kind\":\"macsec\",\"lower\":31,\"mac\":\"02:00:00:00:f%1$u:"
        "20\","
        "\"mtu\":1550,\"addresses\":[],\"bridge\":20,%3$s,\"tx\":%6$s,\"rx\":[%7$s]}],"
        "\"tables\":{\"routes\":[{\"vrf\":0,\"prefix\":\"192.0.2.0/24\",\"connected\":4}],"
        "\"groups\":[],\"neighbours\":[{\"interface\":4,\"address\":\"192.0.2.%2$u\",\"mac\":"
        "\"02:00:00:00:f%2$u:04\"}],\"fdb\":[],\"flood\":[]}}",
        node, 3 - node, policy, sas[node - 1][0], sas[2 - node][0], sas[node - 1][1],
        sas[2 - node][1]);
}

static void load(struct zt_machine *machine, uint32_t node, const uint8_t config[2])
{
    char text[PROGRAM_MAX];
    size_t length = write_program(text, node, config[0], config[1]);
    struct zt_effects effects;
    struct zt_error error;
    if (!zt_machine_load(machine, 0, text, length, fuzz_keys(), &effects, &error)) {
        fprintf(stderr, "%s: %s: %s\n", error.code, error.where, error.message);
        abort();
    }
}

static void forget_numbers(struct zt_machine *machine)
{
    for (uint32_t i = 0; i < machine->program->interface_count; i++) {
        struct zt_macsec *macsec = &machine->program->interfaces[i].macsec;
        if (machine->program->interfaces[i].kind != ZT_KIND_MACSEC)
            continue;
        for (uint32_t tx = 0; tx < macsec->tx_count; tx++)
            macsec->tx[tx]->sent->last = 0;
    }
}

static void start(const uint8_t config[2])
{
    struct zt_machine **all[] = { &machines[0], &machines[1], &peer };
    for (uint32_t i = 0; i < 3; i++) {
        if (*all[i] == NULL)
            *all[i] = zt_machine_create(
                &(struct zt_machine_options){ .cache = i == 1, .cache_entries = 16 });
        zt_machine_lend_keys(*all[i], fuzz_keys());
        /* What was received, learned and counted is forgotten with the interfaces. */
        static const char nothing[] =
            "{\"format\":\"ztos-program\",\"version\":1,\"node\":\"n\",\"seeds\":{\"ecmp\":0,"
            "\"sourcePort\":0},\"vrfs\":[],\"interfaces\":[],\"tables\":{\"routes\":[],\"groups\":["
            "],"
            "\"neighbours\":[],\"fdb\":[],\"flood\":[]}}";
        struct zt_effects effects;
        struct zt_error error;
        if (!zt_machine_load(*all[i], 0, nothing, sizeof nothing - 1, NULL, &effects, &error))
            abort();
        load(*all[i], i == 2 ? 2 : 1, config);
        forget_numbers(*all[i]);
    }
    agreed = true;
}

/* ---- inputs */

static bool differ(const struct zt_effect *a, const struct zt_effect *b)
{
    return a->kind != b->kind || a->interface != b->interface || a->fate != b->fate ||
           a->length != b->length || (a->length > 0 && memcmp(a->data, b->data, a->length) != 0);
}

static void same(const struct zt_effects effects[2])
{
    if (effects[0].count != effects[1].count)
        abort();
    for (uint32_t i = 0; i < effects[0].count; i++)
        if (differ(&effects[0].list[i], &effects[1].list[i]))
            abort();
}

/* To both, in memory of its exact size; `whole` when the peer sealed it and nobody bent it. */
static void give(enum zt_input_kind kind, uint16_t port, const uint8_t *data, uint32_t length,
                 bool whole)
{
    uint8_t *exact = malloc(length == 0 ? 1 : length);
    struct zt_effects effects[2];
    if (exact == NULL)
        abort();
    memcpy(exact, data, length);
    struct zt_input input = { .kind = kind, .interface = port, .data = exact, .length = length };
    for (uint32_t i = 0; i < 2; i++)
        effects[i] = zt_machine_run(machines[i], &input, 1);
    free(exact);
    same(effects);
    for (uint32_t i = 0; whole && agreed && i < effects[0].count; i++)
        if (effects[0].list[i].fate == ZT_FATE_MACSEC_ICV ||
            effects[0].list[i].fate == ZT_FATE_MACSEC_TAG_INVALID)
            abort();
}

/* What the peer does with a frame, given to the node by the same port; one octet of it changed unless `how` is 0. */
static void by_peer(enum zt_input_kind kind, uint16_t in, uint16_t out, uint8_t how,
                    const uint8_t *data, uint32_t length)
{
    struct zt_input input = { .kind = kind, .interface = in, .data = data, .length = length };
    struct zt_effects effects = zt_machine_run(peer, &input, 1);
    for (uint32_t i = 0; i < effects.count; i++) {
        const struct zt_effect *effect = &effects.list[i];
        uint8_t copy[FRAME_MAX];
        if (effect->kind != ZT_EFFECT_TX || effect->interface != out || effect->length > FRAME_MAX)
            continue;
        memcpy(copy, effect->data, effect->length);
        if (how != 0)
            copy[how % effect->length] ^= (uint8_t)(1u << (how & 7));
        give(ZT_INPUT_FRAME, out, copy, effect->length, how == 0);
        return;
    }
}

#define OUTER (ZT_ETH_HEADER + ZT_IPV4_HEADER + ZT_UDP_HEADER + ZT_VXLAN_HEADER)

/* Inner octets as they are, from the tunnel's other end. */
static void by_vxlan(const uint8_t *data, uint32_t length)
{
    uint8_t frame[OUTER + 1024] = { 0 }, *ip = frame + ZT_ETH_HEADER, *udp = ip + ZT_IPV4_HEADER;
    uint32_t whole = ZT_IPV4_HEADER + ZT_UDP_HEADER + ZT_VXLAN_HEADER + length;
    zt_eth_write(frame, (zt_mac){ { 2, 0, 0, 0, 0xf1, 4 } }, (zt_mac){ { 2, 0, 0, 0, 0xf2, 4 } },
                 (zt_ethertype){ ZT_ETHERTYPE_IPV4 });
    zt_ipv4_write(ip, whole, 0, true, 9, (zt_protocol){ ZT_PROTOCOL_UDP },
                  (zt_ip){ ZT_IPV4, { 192, 0, 2, 2 } }, (zt_ip){ ZT_IPV4, { 192, 0, 2, 1 } });
    zt_store_u16(udp, 50000);
    zt_store_u16(udp + 2, 4789);
    zt_store_u16(udp + 4, (uint16_t)(whole - ZT_IPV4_HEADER));
    zt_vxlan_write(udp + ZT_UDP_HEADER, 77);
    memcpy(frame + OUTER, data, length);
    give(ZT_INPUT_FRAME, 4, frame, OUTER + length, false);
}

/* Octets as a frame of MACsec, if `how` is odd. */
static const uint8_t *as_sealed(const uint8_t *data, uint32_t length, uint8_t how)
{
    static uint8_t copy[1024];
    memcpy(copy, data, length);
    if ((how & 1) != 0 && length >= ZT_ETH_HEADER)
        zt_store_u16(copy + 12, ZT_ETHERTYPE_MACSEC);
    return copy;
}

/* ---- changes */

#define SUITE_KEY "lab:fuzz/%1$s/%2$u"
static const char *const changes[] = {
    "{\"id\":1,\"op\":\"set-macsec-mode\",\"interface\":11,\"mode\":\"check\"}",
    "{\"id\":1,\"op\":\"set-macsec-mode\",\"interface\":11,\"mode\":\"disabled\"}",
    "{\"id\":1,\"op\":\"set-macsec-mode\",\"interface\":32,\"mode\":\"disabled\",\"protect\":true}",
    "{\"id\":1,\"op\":\"set-macsec-mode\",\"interface\":32,\"mode\":\"strict\",\"protect\":false}",
    "{\"id\":1,\"op\":\"apply\",\"changes\":[{\"table\":\"receive-association\",\"interface\":11,"
    "\"sci\":\"02000000f2010001\",\"an\":3,\"to\":{\"key\":\"" SUITE_KEY "\"%3$s}}]}",
    "{\"id\":1,\"op\":\"apply\",\"changes\":[{\"table\":\"receive-association\",\"interface\":11,"
    "\"sci\":\"02000000f2010001\",\"an\":2,\"to\":null}]}",
    "{\"id\":1,\"op\":\"apply\",\"changes\":[{\"table\":\"transmit-association\",\"interface\":32,"
    "\"to\":{\"an\":1,\"key\":\"lab:fuzz/%1$s/1\"%3$s},\"standby\":[{\"an\":0,\"key\":\"lab:fuzz/"
    "%1$s/2\"%3$s,\"pn\":\"4294967295\"}]}]}",
    "{\"id\":1,\"op\":\"apply\",\"changes\":[{\"table\":\"transmit-association\",\"interface\":11,"
    "\"to\":{\"an\":1,\"key\":\"lab:fuzz/%1$s/1\"%3$s,\"pn\":\"3221225471\"},\"standby\":[{\"an\":"
    "0,\"key\":\"lab:fuzz/%1$s/2\"%3$s}]}]}",
    "{\"id\":1,\"op\":\"set-vni\",\"interface\":31,\"vni\":78}",
    "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\",\"interface\":32}",
};
#define CHANGES (sizeof changes / sizeof *changes)

static void change(uint8_t how, const uint8_t config[2])
{
    struct zt_effects effects[2];
    struct zt_error error;
    char text[800];
    if (how % (CHANGES + 1) == CHANGES) {
        for (uint32_t i = 0; i < 2; i++)
            load(machines[i], 1, (const uint8_t[2]){ config[0], config[1] ^ how });
    } else {
        int length = snprintf(text, sizeof text, changes[how % (CHANGES + 1)],
                              zt_cipher_names[config[0] & 3], 1 + (how >> 7),
                              (config[0] & 2) != 0 ? ",\"ssci\":9" : "");
        for (uint32_t i = 0; i < 2; i++)
            if (!zt_machine_control(machines[i], 0, text, (size_t)length, &effects[i], &error)) {
                fprintf(stderr, "%s: %s: %s\n", error.code, error.where, error.message);
                abort();
            }
        same(effects);
    }
    agreed = false;
}

static void same_state(void)
{
    size_t lengths[2];
    for (uint32_t what = 0; what < 2; what++) {
        char *texts[2];
        for (uint32_t i = 0; i < 2; i++)
            texts[i] = what == 0 ? zt_machine_tables_json(machines[i], 0, &lengths[i])
                                 : zt_machine_program_json(machines[i], &lengths[i]);
        if (lengths[0] != lengths[1] || memcmp(texts[0], texts[1], lengths[0]) != 0)
            abort();
        free(texts[0]);
        free(texts[1]);
    }
}

static void take_step(enum step step, uint8_t how, const uint8_t *data, uint32_t length,
                      const uint8_t config[2])
{
    switch (step) {
    case RAW:
        give(ZT_INPUT_FRAME, 1, as_sealed(data, length, how), length, false);
        return;
    case SEALED:
        by_peer(ZT_INPUT_PUNT, 1, 1, how, data, length);
        return;
    case HOST:
        give(ZT_INPUT_FRAME, 2, as_sealed(data, length, how), length, false);
        return;
    case TUNNEL_RAW:
        by_vxlan(as_sealed(data, length, how), length);
        return;
    case TUNNEL_SEALED:
        by_peer(ZT_INPUT_FRAME, 2, 4, how, data, length);
        return;
    case PUNT:
        give(ZT_INPUT_PUNT, 1, data, length, false);
        return;
    default:
        change(how, config);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const uint8_t *config = data;
    start(config);
    data += 2;
    size -= 2;
    for (uint32_t steps = 0; size >= 3 && steps < STEPS; steps++) {
        uint8_t what = data[0], how = data[1];
        uint32_t length = (data[2] & 0x80) != 0 ? (data[2] & 0x7fu) * 8 : data[2];
        data += 3;
        size -= 3;
        length = length > size ? (uint32_t)size : length;
        take_step(what % STEP_KINDS, how, data, length, config);
        data += length;
        size -= length;
    }
    same_state();
    return 0;
}
