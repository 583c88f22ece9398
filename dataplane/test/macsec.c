/* SPDX-License-Identifier: Apache-2.0 */
#include "test/macsec.h"

#include <openssl/evp.h>
#include <stdio.h>

static const char *const suites[] = { "128", "256", "xpn-128", "xpn-256" };

const char *association_with(uint8_t cipher, const char *sci, uint8_t an, uint32_t key,
                             const char *pn)
{
    static char texts[64][200];
    static uint32_t next;
    char *text = texts[next++ % 64];
    int used = snprintf(text, sizeof texts[0], "{");
    if (sci != NULL)
        used += sprintf(text + used, "\"sci\":\"%s\",", sci);
    if (an <= 3)
        used += sprintf(text + used, "\"an\":%u,", an);
    used += sprintf(text + used, "\"key\":\"lab:test/%s/%u\"", suites[cipher], key);
    if (zt_cipher_is_xpn(cipher))
        used += sprintf(text + used, ",\"ssci\":%u", key + 0x71000001);
    if (pn != NULL)
        used += sprintf(text + used, ",\"pn\":\"%s\"", pn);
    sprintf(text + used, "}");
    return text;
}

const char *association(uint8_t cipher, const char *sci, uint8_t an, uint32_t key)
{
    return association_with(cipher, sci, an, key, NULL);
}

static const char *text_or(const char *given, const char *otherwise)
{
    return given == NULL ? otherwise : given;
}

#define PORT(id, attach) \
    "{\"id\":" #id ",\"name\":\"eth" #id "\",\"kind\":\"port\",\"mac\":\"02:00:00:00:05:0" #id \
    "\",\"mtu\":1700,\"addresses\":[" attach ",\"tap\":true},"
#define VXLAN_TEXT(id, attach, vni, remote) \
    "{\"id\":" #id ",\"name\":\"vx" #id "\",\"kind\":\"vxlan\"," attach "\"vni\":" #vni \
    ",\"underlayVrf\":0,\"local\":\"192.0.2.1\",\"port\":4789,\"learning\":%s,\"ttl\":64," \
    "\"dscp\":0," \
    "\"df\":false,\"udpChecksum\":\"zero\",\"remotes\":[\"" remote "\"],\"mtu\":%u}"

static void write_macsec(const struct sec *sec, FILE *out)
{
    char rx[500];
    snprintf(rx, sizeof rx, "%s,%s", association(sec->cipher, PEER, 0, 1),
             association(sec->cipher, PEER, 1, 2));
    fprintf(out,
            "{\"id\":11,\"name\":\"sec11\",\"kind\":\"macsec\",\"lower\":1,\"mac\":"
            "\"02:00:00:00:05:01\",\"mtu\":%u,\"addresses\":[%s],%s,\"cipher\":\"gcm-aes-%s\","
            "\"mode\":\"%s\",%s\"replayWindow\":%s,\"tx\":%s,%s%s%s\"rx\":[%s]},",
            sec->mtu == 0 ? 1500 : sec->mtu, sec->routed ? "\"10.6.0.1/24\"" : "",
            sec->routed ? "\"vrf\":0" : "\"bridge\":20", suites[sec->cipher],
            text_or(sec->mode, "strict"), text_or(sec->more, ""), text_or(sec->window, "0"),
            text_or(sec->tx, association(sec->cipher, OWN, 0, 0)),
            sec->standby == NULL ? "" : "\"standby\":[", text_or(sec->standby, ""),
            sec->standby == NULL ? "" : "],", text_or(sec->rx, rx));
}

/* Interface 12 is of GCM-AES-128, whatever the others are. */
static void write_underlay(FILE *out)
{
    fprintf(
        out,
        "{\"id\":12,\"name\":\"sec12\",\"kind\":\"macsec\",\"lower\":4,\"mac\":"
        "\"02:00:00:00:05:04\",\"mtu\":1650,\"addresses\":[\"192.0.2.1/24\"],\"vrf\":0,"
        "\"cipher\":\"gcm-aes-128\",\"mode\":\"strict\",\"replayWindow\":0,\"tx\":%s,\"rx\":[%s]},",
        association(ZT_CIPHER_128, OTHER, 0, 3), association(ZT_CIPHER_128, TUNNEL_PEER, 0, 2));
}

static void write_tables(const struct sec *sec, FILE *out)
{
    uint32_t uplink = sec->sealed_underlay ? 12 : 4;
    fprintf(out,
            "],\"tables\":{\"routes\":[{\"vrf\":0,\"prefix\":\"192.0.2.0/24\",\"connected\":%u}%s],"
            "\"groups\":[],\"neighbours\":[{\"interface\":%u,\"address\":\"192.0.2.2\",\"mac\":"
            "\"02:00:00:00:06:04\"},{\"interface\":%u,\"address\":\"192.0.2.3\",\"mac\":"
            "\"02:00:00:00:07:04\"}],\"fdb\":[],\"flood\":[%s]}}",
            uplink, text_or(sec->routes, ""), uplink, uplink,
            sec->alone ? "" : "{\"interface\":33,\"remotes\":[\"192.0.2.3\"]}");
}

char *sec_program(const struct sec *sec)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    fprintf(out, "{\"format\":\"ztos-program\",\"version\":1,\"node\":\"sec\",\"seeds\":{\"ecmp\":"
                 "1,\"sourcePort\":2},\"vrfs\":[{\"id\":0,\"name\":\"u\"},{\"id\":1,\"name\":\"t\"}"
                 "],\"interfaces\":[" PORT(1, "]") PORT(2, "],\"bridge\":20")
                     PORT(3, "],\"bridge\":20"));
    fprintf(out, "%s",
            sec->sealed_underlay ? PORT(4, "]") : PORT(4, "\"192.0.2.1/24\"],\"vrf\":0"));
    write_macsec(sec, out);
    if (sec->sealed_underlay)
        write_underlay(out);
    fprintf(out,
            "{\"id\":20,\"name\":\"br\",\"kind\":\"bridge\",\"ageing\":300000000000,"
            "\"fdbLimit\":100,\"snooping\":100000000000},{\"id\":22,\"name\":\"irb\",\"kind\":"
            "\"irb\",\"bridge\":20,\"vrf\":%u,\"mac\":\"02:00:5e:00:00:01\",\"systemMac\":"
            "\"02:aa:00:00:00:05\",\"addresses\":[\"10.5.0.1/24\"],\"mtu\":1500,\"suppress\":"
            "true,\"neighbourLifetime\":60000000000,\"neighbourLimit\":9},",
            sec->irb_below ? 0u : 1u);
    fprintf(out, VXLAN_TEXT(31, "", 77, "192.0.2.2"), "false",
            sec->vxlan_mtu == 0 ? 1550 : sec->vxlan_mtu);
    fprintf(out,
            ",{\"id\":32,\"name\":\"sec32\",\"kind\":\"macsec\",\"lower\":31,\"mac\":"
            "\"02:00:00:00:05:20\",\"mtu\":1500,\"addresses\":[],\"bridge\":20,\"cipher\":"
            "\"gcm-aes-%s\",\"mode\":\"%s\",%s\"replayWindow\":0,\"tx\":%s,\"rx\":[%s]}%s",
            suites[sec->cipher], text_or(sec->tunnel_mode, "strict"), text_or(sec->tunnel_more, ""),
            association(sec->cipher, TUNNEL_OWN, 0, 0), association(sec->cipher, TUNNEL_PEER, 0, 3),
            sec->alone ? "" : ",");
    if (!sec->alone)
        fprintf(out, VXLAN_TEXT(33, "\"bridge\":20,", 78, "192.0.2.3"), "true", 1550u);
    write_tables(sec, out);
    fclose(out);
    return text;
}

struct bench *sec_start(const struct sec *sec)
{
    return bench_start_text(sec_program(sec));
}

void sec_load(struct bench *bench, const struct sec *sec)
{
    expect_end(bench);
    char *text = sec_program(sec);
    load_text(bench, text);
    free(text);
}

const struct zt_interface *sec_interface(const struct bench *bench, uint32_t machine, uint16_t id)
{
    const struct zt_program *program = bench->machines[machine]->program;
    return &program->interfaces[zt_program_find(program, id)];
}

/* ---- the peer ---- */

struct sealing from_peer(uint8_t cipher, uint64_t pn)
{
    return (struct sealing){ cipher, PEER, 0, 1, pn, TCI_SC_EC, 0 };
}

struct sealing from_node(uint8_t cipher, uint64_t pn)
{
    return (struct sealing){ cipher, OWN, 0, 0, pn, TCI_SC_EC, 0 };
}

/* IV of MACSEC-5, as it is written there. */
static void write_iv(const struct sealing *how, const uint8_t *sci, const uint8_t *salt,
                     uint8_t iv[12])
{
    if (!zt_cipher_is_xpn(how->cipher)) {
        memcpy(iv, sci, 8);
        zt_store_u32(iv + 8, (uint32_t)how->pn);
        return;
    }
    zt_store_u32(iv, how->key + 0x71000001);
    zt_store_u32(iv + 4, (uint32_t)(how->pn >> 32));
    zt_store_u32(iv + 8, (uint32_t)how->pn);
    for (uint32_t i = 0; i < 12; i++)
        iv[i] ^= salt[i];
}

/* Additional data in front of `clear` of Secure Data, the rest encrypted in place; the ICV behind it. */
static void encrypt(bool is_256, const uint8_t *key, const uint8_t iv[12], uint8_t *frame,
                    uint32_t aad, uint32_t text)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length;
    assert_true(EVP_EncryptInit_ex(context, is_256 ? EVP_aes_256_gcm() : EVP_aes_128_gcm(), NULL,
                                   key, iv) == 1);
    assert_true(EVP_EncryptUpdate(context, NULL, &length, frame, (int)aad) == 1);
    if (text > 0)
        assert_true(EVP_EncryptUpdate(context, frame + aad, &length, frame + aad, (int)text) == 1);
    assert_true(EVP_EncryptFinal_ex(context, frame + aad + text, &length) == 1);
    assert_true(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, frame + aad + text) == 1);
    EVP_CIPHER_CTX_free(context);
}

void seal_by(const struct sealing *how, const struct parcel *clear, struct parcel *sealed)
{
    bool is_256 = how->cipher == ZT_CIPHER_256 || how->cipher == ZT_CIPHER_XPN_256;
    uint32_t secure = clear->length - 12, header = (how->tci & ZT_TCI_SC) != 0 ? 28 : 20, ignored;
    char reference[40];
    struct zt_keys *keys = test_keys();
    snprintf(reference, sizeof reference, "lab:test/%s/%u", suites[how->cipher], how->key);
    const uint8_t *key = zt_keys_find(keys, reference, zt_cipher_key_octets(how->cipher));
    uint8_t *sci = octets(how->sci, &ignored), iv[12];

    memcpy(sealed->data, clear->data, 12);
    zt_store_u16(sealed->data + 12, 0x88e5);
    sealed->data[14] = how->tci | how->an;
    sealed->data[15] = secure < 48 ? (uint8_t)secure : 0;
    zt_store_u32(sealed->data + 16, (uint32_t)how->pn);
    if (header == 28)
        memcpy(sealed->data + 20, sci, 8);
    memcpy(sealed->data + header, clear->data + 12, secure);
    sealed->length = header + secure + 16;
    uint32_t open = (how->tci & ZT_TCI_E) == 0 || secure < how->offset ? secure : how->offset;
    write_iv(how, sci, key + (is_256 ? 32 : 16), iv);
    encrypt(is_256, key, iv, sealed->data, header + open, secure - open);
    free(sci);
    zt_keys_free(keys);
}

/* ---- frames ---- */

struct parcel frame_between(uint8_t destination, uint8_t source, uint32_t length)
{
    struct parcel parcel = { .data = { 0x02, 0xbb, 0, 0, 0, destination, 0x02, 0xbb, 0, 0, 0,
                                       source, 0x99, 0x99 },
                             .length = 12 + length };
    for (uint32_t i = 14; i < parcel.length; i++)
        parcel.data[i] = (uint8_t)(i * 3);
    return parcel;
}

void give_sealed(struct bench *bench, uint16_t port, const struct sealing *how,
                 const struct parcel *clear)
{
    struct parcel sealed;
    seal_by(how, clear, &sealed);
    deliver(bench, port, &sealed);
}

void expect_parcel(struct bench *bench, uint16_t port, const struct parcel *parcel)
{
    struct parcel found;
    take_tx(bench, port, &found);
    assert_int_equal(found.length, parcel->length);
    assert_memory_equal(found.data, parcel->data, parcel->length);
}

void expect_sealed(struct bench *bench, uint16_t port, const struct sealing *how,
                   const struct parcel *clear)
{
    struct parcel sealed;
    seal_by(how, clear, &sealed);
    expect_parcel(bench, port, &sealed);
}

#define OUTER (ZT_ETH_HEADER + ZT_IPV4_HEADER + ZT_UDP_HEADER + ZT_VXLAN_HEADER)

struct parcel from_tunnel(uint32_t vni, const struct parcel *inner)
{
    struct parcel outer = { .length = OUTER + inner->length };
    uint8_t *ip = outer.data + ZT_ETH_HEADER, *udp = ip + ZT_IPV4_HEADER;
    zt_ip source = { ZT_IPV4, { 192, 0, 2, vni == 77 ? 2 : 3 } };
    zt_eth_write(outer.data, (zt_mac){ { 2, 0, 0, 0, 5, 4 } }, (zt_mac){ { 2, 0, 0, 0, 6, 4 } },
                 (zt_ethertype){ ZT_ETHERTYPE_IPV4 });
    zt_ipv4_write(ip, outer.length - ZT_ETH_HEADER, 0, false, 64, (zt_protocol){ ZT_PROTOCOL_UDP },
                  source, (zt_ip){ ZT_IPV4, { 192, 0, 2, 1 } });
    zt_store_u16(udp, 50000);
    zt_store_u16(udp + 2, 4789);
    zt_store_u16(udp + 4, (uint16_t)(outer.length - ZT_ETH_HEADER - ZT_IPV4_HEADER));
    zt_store_u16(udp + 6, 0);
    zt_vxlan_write(udp + ZT_UDP_HEADER, vni);
    memcpy(outer.data + OUTER, inner->data, inner->length);
    return outer;
}

uint32_t to_tunnel(struct bench *bench, struct parcel *inner)
{
    struct parcel outer;
    take_tx(bench, 4, &outer);
    assert_true(outer.length > OUTER);
    inner->length = outer.length - OUTER;
    memcpy(inner->data, outer.data + OUTER, inner->length);
    return zt_vxlan_vni(outer.data + OUTER - ZT_VXLAN_HEADER);
}

void teach(struct bench *bench, uint16_t port, uint8_t host)
{
    struct parcel frame = frame_between(0xfe, host, 60);
    deliver(bench, port, &frame);
    pass_over(bench);
}

/* ---- state ---- */

static uint64_t same(uint64_t left, uint64_t right)
{
    assert_int_equal(left, right);
    return left;
}

uint64_t counter(struct bench *bench, enum zt_macsec_counter which)
{
    return same(sec_interface(bench, 0, 11)->macsec.counters[which],
                sec_interface(bench, 1, 11)->macsec.counters[which]);
}

uint64_t channel_counter(struct bench *bench, enum zt_channel_counter which)
{
    return same(sec_interface(bench, 0, 11)->macsec.channels[0].counters[which],
                sec_interface(bench, 1, 11)->macsec.channels[0].counters[which]);
}

uint64_t transmit_counter(struct bench *bench, uint32_t index, enum zt_transmit_counter which)
{
    return same(sec_interface(bench, 0, 11)->macsec.tx[index]->sent->counters[which],
                sec_interface(bench, 1, 11)->macsec.tx[index]->sent->counters[which]);
}

void set_next_pn(struct bench *bench, uint32_t index, zt_pn pn)
{
    for (uint32_t i = 0; i < 2; i++)
        sec_interface(bench, i, 11)->macsec.tx[index]->sent->last = (uint64_t)(pn - 1);
}

void set_lowest_pn(struct bench *bench, uint32_t index, zt_pn pn)
{
    for (uint32_t i = 0; i < 2; i++)
        sec_interface(bench, i, 11)->macsec.rx[index]->late = (uint64_t)(pn - 1);
}
