/* SPDX-License-Identifier: Apache-2.0 */
#include "src/probe/host.h"

#include "ztos/arp.h"
#include "ztos/nd.h"

bool zt_host_add(struct zt_host *host, zt_ip address)
{
    if (host->address_count == ZT_HOST_ADDRESSES_MAX)
        return false;
    host->addresses[host->address_count++] = address;
    return true;
}

static bool is_own(const struct zt_host *host, zt_ip address)
{
    for (uint32_t i = 0; i < host->address_count; i++)
        if (zt_ip_equal(host->addresses[i], address))
            return true;
    return false;
}

/* HOST-1, with the target as in ARP-3. */
static bool answer_arp(const struct zt_host *host, const uint8_t *frame, uint32_t length,
                       uint8_t *reply, uint32_t *reply_length)
{
    zt_mac destination = zt_eth_destination(frame);
    struct zt_arp request, answer;

    if (!zt_arp_read(frame, length, &request) || request.operation != ZT_ARP_REQUEST ||
        !is_own(host, request.target))
        return false;
    if (!zt_mac_equal(destination, host->mac) && !zt_mac_equal(destination, ZT_MAC_BROADCAST))
        return false;
    answer = (struct zt_arp){
        .operation = ZT_ARP_REPLY,
        .sender_mac = host->mac,
        .sender = request.target,
        .target_mac = request.sender_mac,
        .target = request.sender,
    };
    zt_arp_write(reply, zt_eth_source(frame), host->mac, &answer);
    *reply_length = ZT_ARP_FRAME;
    return true;
}

/* HOST-2: solicited and unicast, or to all nodes when it asks from the unspecified address. */
static bool answer_nd(const struct zt_host *host, const uint8_t *frame, uint32_t length,
                      uint8_t *reply, uint32_t *reply_length)
{
    static const zt_ip all_nodes = { ZT_IPV6,
                                     { 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } };
    const uint8_t *ip = frame + ZT_ETH_HEADER;
    struct zt_ip_packet packet;
    struct zt_nd request, answer;
    bool unspecified;

    if (!zt_ipv6_read(ip, length - ZT_ETH_HEADER, &packet) || !zt_nd_read(ip, &packet, &request) ||
        request.type != ZT_ND_SOLICITATION || !is_own(host, request.target))
        return false;
    unspecified = zt_ip_is_zero(request.source);
    answer = (struct zt_nd){
        .type = ZT_ND_ADVERTISEMENT,
        .flags = unspecified ? ZT_ND_OVERRIDE : ZT_ND_OVERRIDE | ZT_ND_SOLICITED,
        .source = request.target,
        .destination = unspecified ? all_nodes : request.source,
        .target = request.target,
    };
    zt_nd_write(reply, unspecified ? zt_ip_multicast_mac(all_nodes) : zt_eth_source(frame),
                host->mac, &answer, host->mac);
    *reply_length = ZT_ND_FRAME;
    return true;
}

enum zt_reception zt_host_receive(const struct zt_host *host, const uint8_t *frame, uint32_t length,
                                  uint8_t *reply, uint32_t *reply_length)
{
    zt_mac destination;

    if (length < ZT_ETH_HEADER)
        return ZT_HOST_RECORDED;
    destination = zt_eth_destination(frame);
    if (!zt_mac_is_group(destination) && !zt_mac_equal(destination, host->mac))
        return ZT_HOST_FOREIGN;
    if (zt_eth_type(frame).value == ZT_ETHERTYPE_ARP &&
        answer_arp(host, frame, length, reply, reply_length))
        return ZT_HOST_ANSWERED_ARP;
    if (zt_eth_type(frame).value == ZT_ETHERTYPE_IPV6 &&
        answer_nd(host, frame, length, reply, reply_length))
        return ZT_HOST_ANSWERED_ND;
    return ZT_HOST_RECORDED;
}
