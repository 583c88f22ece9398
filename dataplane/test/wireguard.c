/* SPDX-License-Identifier: Apache-2.0 */
#include "test/wireguard.h"

#include <stdio.h>

const struct flow a_to_b = { "020000000102", "10.1.0.9", "10.2.0.9", 0, 100 };
const struct flow b_to_a = { "020000000202", "10.2.0.9", "10.1.0.9", 0, 60 };
const struct flow a_to_b_6 = { "020000000102", "fd00:1::9", "fd00:2::9", 0, 33 };

struct pair pair_start(const char *from, const char *to)
{
    struct pair pair = { bench_start("wga", from, to, NULL), bench_start("wgb", from, to, NULL) };
    seed(pair.a, WALL, 0xa5);
    seed(pair.b, WALL, 0x5a);
    return pair;
}

void pair_stop(struct pair *pair)
{
    bench_stop(pair->a);
    bench_stop(pair->b);
}

void pass(struct pair *pair, uint64_t ns)
{
    pair->a->now += ns;
    pair->b->now += ns;
}

void clock_of(struct bench *bench)
{
    tick(bench);
}

static void take(struct bench *bench, enum zt_effect_kind kind, uint16_t port,
                 struct parcel *parcel)
{
    if (bench->next >= bench->effects.count)
        fail_msg("a frame on port %u is wanted, there is no more effect", port);
    const struct zt_effect *effect = &bench->effects.list[bench->next++];
    if (effect->kind == ZT_EFFECT_FATE)
        fail_msg("a frame is wanted, not fate %s", zt_fate_name(effect->fate));
    assert_int_equal(effect->kind, kind);
    assert_int_equal(effect->interface, port);
    assert_true(effect->length <= sizeof parcel->data);
    memcpy(parcel->data, effect->data, effect->length);
    parcel->length = effect->length;
}

void take_tx(struct bench *bench, uint16_t port, struct parcel *parcel)
{
    take(bench, ZT_EFFECT_TX, port, parcel);
}

void take_punt(struct bench *bench, uint16_t port, struct parcel *parcel)
{
    take(bench, ZT_EFFECT_PUNT, port, parcel);
}

void deliver(struct bench *bench, uint16_t port, const struct parcel *parcel)
{
    give_octets(bench, port, parcel->data, parcel->length);
}

void make_frame(const struct flow *flow, struct parcel *parcel)
{
    zt_ip source, destination;
    uint32_t mac_length;
    assert_true(zt_ip_parse(flow->source, &source) && zt_ip_parse(flow->destination, &destination));
    uint32_t header = source.family == ZT_IPV4 ? ZT_IPV4_HEADER : ZT_IPV6_HEADER;
    uint32_t length = header + ZT_UDP_HEADER + flow->octets;
    uint8_t *mac = octets(flow->mac, &mac_length), *ip = parcel->data + ZT_ETH_HEADER;
    uint16_t type = source.family == ZT_IPV4 ? ZT_ETHERTYPE_IPV4 : ZT_ETHERTYPE_IPV6;

    parcel->length = ZT_ETH_HEADER + length;
    memset(parcel->data, 0, parcel->length);
    zt_eth_write(parcel->data, zt_load_mac(mac), (zt_mac){ { 2, 0, 0, 0, 0x99, 0x99 } },
                 (zt_ethertype){ type });
    free(mac);
    if (source.family == ZT_IPV4)
        zt_ipv4_write(ip, length, flow->tos, false, 64, (zt_protocol){ ZT_PROTOCOL_UDP }, source,
                      destination);
    else
        zt_ipv6_write(ip, length, flow->tos, 64, (zt_protocol){ ZT_PROTOCOL_UDP }, source,
                      destination);
    zt_store_u16(ip + header, 1000);
    zt_store_u16(ip + header + 2, 2000);
    zt_store_u16(ip + header + 4, (uint16_t)(ZT_UDP_HEADER + flow->octets));
    for (uint32_t i = 0; i < flow->octets; i++)
        ip[header + ZT_UDP_HEADER + i] = (uint8_t)(i + 1);
    zt_udp_write_checksum(ip, source.family, ip + header, ZT_UDP_HEADER + flow->octets);
}

void give_flow(struct bench *bench, const struct flow *flow)
{
    struct parcel parcel;
    make_frame(flow, &parcel);
    deliver(bench, 2, &parcel);
}

void shake_hands(struct pair *pair)
{
    struct parcel parcel;
    give_flow(pair->a, &a_to_b);
    take_tx(pair->a, 1, &parcel);
    deliver(pair->b, 1, &parcel);
    expect_fate(pair->b, WIREGUARD_HANDSHAKE);
    take_tx(pair->b, 1, &parcel);
    deliver(pair->a, 1, &parcel);
    expect_fate(pair->a, WIREGUARD_HANDSHAKE);
    take_tx(pair->a, 1, &parcel); /* what was held */
    deliver(pair->b, 1, &parcel);
    take_tx(pair->b, 2, &parcel);
    expect_end(pair->a);
    expect_end(pair->b);
}

void pass_through(struct bench *from, struct bench *to, const struct flow *flow)
{
    struct parcel sent, sealed, received;
    make_frame(flow, &sent);
    deliver(from, 2, &sent);
    take_tx(from, 1, &sealed);
    deliver(to, 1, &sealed);
    take_tx(to, 2, &received);
    expect_end(from);
    expect_end(to);
    assert_int_equal(received.length, sent.length);
    /* Two hops: TTL and checksum differ, what the packet carries does not. */
    assert_memory_equal(received.data + received.length - flow->octets,
                        sent.data + sent.length - flow->octets, flow->octets);
}

uint8_t *message_of(struct parcel *parcel)
{
    bool six = zt_eth_type(parcel->data).value == ZT_ETHERTYPE_IPV6;
    return parcel->data + ZT_ETH_HEADER + (six ? ZT_IPV6_HEADER : ZT_IPV4_HEADER) + ZT_UDP_HEADER;
}

void sum_again(struct parcel *parcel)
{
    uint8_t family = zt_eth_type(parcel->data).value == ZT_ETHERTYPE_IPV6 ? ZT_IPV6 : ZT_IPV4;
    uint8_t *udp = message_of(parcel) - ZT_UDP_HEADER, *ip = parcel->data + ZT_ETH_HEADER;
    zt_udp_write_checksum(ip, family, udp, (uint32_t)(parcel->data + parcel->length - udp));
}

struct zt_wg_peer *peer_of(struct bench *bench, uint32_t machine, uint16_t interface)
{
    const struct zt_machine *one = bench->machines[machine];
    uint32_t index = zt_program_find(one->program, interface);
    return zt_interface_at(one, index)->wireguard.device->peers[0];
}

void forge(struct pair *pair, const struct forgery *forgery, struct parcel *parcel)
{
    const struct zt_wg_session *session = peer_of(pair->a, 0, 3)->current;
    uint32_t length = ZT_WG_DATA_MIN + forgery->length;
    struct flow flow = { "020000000201", "192.0.2.1", "192.0.2.2", forgery->ecn, length };

    make_frame(&flow, parcel);
    uint8_t *message = message_of(parcel);
    zt_store_u16(message - 8, 51823);
    zt_store_u16(message - 6, 51823);
    zt_wg_store32(message, ZT_WG_DATA);
    zt_wg_store32(message + 4, session->peer_index);
    zt_wg_store64(message + 8, forgery->counter);
    zt_wg_seal(pair->a->machines[0]->wireguard->crypto, session->send_key, forgery->counter, NULL,
               0, forgery->text, forgery->length, message + ZT_WG_DATA_HEADER);
    sum_again(parcel);
}

void mac_again(struct bench *sender, struct parcel *parcel)
{
    uint8_t *message = message_of(parcel);
    uint32_t length = (uint32_t)(parcel->data + parcel->length - message) - ZT_WG_MACS;
    zt_wg_mac(sender->machines[0]->wireguard->crypto, peer_of(sender, 0, 3)->remote.mac1_key,
              ZT_WG_KEY, message, length, message + length);
    sum_again(parcel);
}
