/* SPDX-License-Identifier: Apache-2.0 */
/* Route messages of rtnetlink(7). */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "src/run/netlink.h"

/* An address attribute of a family, which must have its length. */
static bool read_address(const struct rtattr *attribute, uint8_t family, zt_ip *ip)
{
    uint32_t octets = zt_ip_octets(family);

    if (RTA_PAYLOAD(attribute) != octets)
        return false;
    *ip = zt_load_ip(family, RTA_DATA(attribute));
    return true;
}

/* RTA_VIA: a gateway of either family (RFC 8950). */
static bool read_via(const struct rtattr *attribute, zt_ip *ip)
{
    const uint8_t *data = RTA_DATA(attribute);
    uint16_t family;

    if (RTA_PAYLOAD(attribute) < sizeof(family))
        return false;
    memcpy(&family, data, sizeof(family));
    if (family != AF_INET && family != AF_INET6)
        return false;
    *ip = (zt_ip){ .family = family == AF_INET ? ZT_IPV4 : ZT_IPV6 };
    if (RTA_PAYLOAD(attribute) != sizeof(family) + zt_ip_octets(ip->family))
        return false;
    *ip = zt_load_ip(ip->family, data + sizeof(family));
    return true;
}

static uint32_t read_u32(const struct rtattr *attribute)
{
    uint32_t value = 0;

    if (RTA_PAYLOAD(attribute) == sizeof(value))
        memcpy(&value, RTA_DATA(attribute), sizeof(value));
    return value;
}

static void add_hop(struct zt_route_event *event, const struct zt_route_hop *hop,
                    unsigned int flags)
{
    if (!(flags & RTNH_F_DEAD) && event->count < ZT_NEXT_HOPS_MAX)
        event->hops[event->count++] = *hop;
}

/* Gateway or tunnel of a next hop. False when it is none that could be followed. */
static bool read_hop_attribute(const struct rtattr *attribute, uint8_t family,
                               struct zt_route_hop *hop)
{
    switch (attribute->rta_type & NLA_TYPE_MASK) {
    case RTA_GATEWAY:
        return read_address(attribute, family, &hop->gateway);
    case RTA_VIA:
        return read_via(attribute, &hop->gateway);
    case RTA_ENCAP_TYPE:
        return false;
    default:
        return true;
    }
}

static void read_multipath(const struct rtattr *attribute, struct zt_route_event *event)
{
    const struct rtnexthop *next = RTA_DATA(attribute);
    int left = (int)RTA_PAYLOAD(attribute);

    event->whole = true;
    while (left >= (int)sizeof(*next) && next->rtnh_len >= sizeof(*next) &&
           next->rtnh_len <= left) {
        struct zt_route_hop hop = { .ifindex = (uint32_t)next->rtnh_ifindex,
                                    .weight = (uint16_t)(next->rtnh_hops + 1) };
        const struct rtattr *inner = (const struct rtattr *)RTNH_DATA(next);
        int inside = (int)(next->rtnh_len - sizeof(*next));

        for (; RTA_OK(inner, inside); inner = RTA_NEXT(inner, inside))
            event->unicast =
                read_hop_attribute(inner, event->prefix.family, &hop) && event->unicast;
        add_hop(event, &hop, next->rtnh_flags);
        left -= (int)RTNH_ALIGN(next->rtnh_len);
        next = (const struct rtnexthop *)((const uint8_t *)next + RTNH_ALIGN(next->rtnh_len));
    }
}

/* Routes that no packet from elsewhere takes: of a source or a type of service alone, copies, link-local and group ones. */
static bool is_of_interest(const struct rtmsg *info, uint32_t table, const zt_ip *prefix)
{
    return table == RT_TABLE_MAIN && info->rtm_src_len == 0 && info->rtm_tos == 0 &&
           !(info->rtm_flags & RTM_F_CLONED) && !zt_ip_is_link_local(*prefix) &&
           !zt_ip_is_multicast(*prefix);
}

void zt_netlink_parse_route(const struct nlmsghdr *message,
                            const struct zt_netlink_handler *handler)
{
    const struct rtmsg *info = NLMSG_DATA(message);
    struct zt_route_event event = { 0 };
    struct zt_route_hop hop = { .weight = 1 };
    const struct rtattr *attribute;
    uint32_t table;
    int left;

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
        (info->rtm_family != AF_INET && info->rtm_family != AF_INET6))
        return;
    event.prefix.family = info->rtm_family == AF_INET ? ZT_IPV4 : ZT_IPV6;
    event.length = info->rtm_dst_len;
    if (event.length > zt_ip_octets(event.prefix.family) * 8)
        return;
    event.present = message->nlmsg_type == RTM_NEWROUTE;
    event.dumped = (message->nlmsg_flags & NLM_F_MULTI) != 0;
    event.replaces = (message->nlmsg_flags & NLM_F_REPLACE) != 0;
    event.unicast = info->rtm_type == RTN_UNICAST;
    table = info->rtm_table;
    attribute = (const struct rtattr *)((const uint8_t *)info + NLMSG_ALIGN(sizeof(*info)));
    left = (int)(message->nlmsg_len - NLMSG_SPACE(sizeof(*info)));
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        switch (attribute->rta_type & NLA_TYPE_MASK) {
        case RTA_DST:
            if (!read_address(attribute, event.prefix.family, &event.prefix))
                return;
            break;
        case RTA_TABLE:
            table = read_u32(attribute);
            break;
        case RTA_PRIORITY:
            event.metric = read_u32(attribute);
            break;
        case RTA_OIF:
            hop.ifindex = read_u32(attribute);
            break;
        case RTA_MULTIPATH:
            read_multipath(attribute, &event);
            break;
        default:
            event.unicast =
                read_hop_attribute(attribute, event.prefix.family, &hop) && event.unicast;
        }
    }
    if (!is_of_interest(info, table, &event.prefix))
        return;
    event.prefix = zt_ip_prefix(event.prefix, event.length);
    if (!event.whole && hop.ifindex != 0)
        add_hop(&event, &hop, info->rtm_flags);
    if (handler->route)
        handler->route(handler->context, &event);
}
