/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/netlink.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel's own limit for a datagram of a dump. */
#define DATAGRAM_MAX 32768
/* Datagrams handled in one go, so that frames get their turn. */
#define DATAGRAMS_AT_ONCE 16

/* States in which the kernel sends to the neighbour without asking first; 0 has no address yet or gave up. */
#define NUD_USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)

static const uint16_t dump_types[ZT_NETLINK_DUMPS] = {
    [ZT_NETLINK_LINKS] = RTM_GETLINK,
    [ZT_NETLINK_NEIGHBOURS] = RTM_GETNEIGH,
    [ZT_NETLINK_ROUTES] = RTM_GETROUTE,
};

static void tell(const struct zt_netlink *netlink, void (*what)(void *context))
{
    if (what)
        what(netlink->handler.context);
}

static void begin_dump(struct zt_netlink *netlink, enum zt_netlink_dump what)
{
    static const uint32_t sizes[ZT_NETLINK_DUMPS] = {
        [ZT_NETLINK_LINKS] = sizeof(struct ifinfomsg),
        [ZT_NETLINK_NEIGHBOURS] = sizeof(struct ndmsg),
        [ZT_NETLINK_ROUTES] = sizeof(struct rtmsg),
    };
    struct {
        struct nlmsghdr header;
        union {
            struct ifinfomsg link;
            struct ndmsg neighbour;
            struct rtmsg route;
        } body;
    } request = { 0 };

    request.header.nlmsg_type = dump_types[what];
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.header.nlmsg_len = NLMSG_LENGTH(sizes[what]);
    netlink->want[what] = false;
    netlink->interrupted = false;
    if (send(netlink->fd, &request, request.header.nlmsg_len, 0) < 0) {
        netlink->want[what] = netlink->paused = true;
        return;
    }
    netlink->dumping = what;
    if (what == ZT_NETLINK_NEIGHBOURS)
        tell(netlink, netlink->handler.neighbours_begin);
    else if (what == ZT_NETLINK_ROUTES)
        tell(netlink, netlink->handler.routes_begin);
}

static void next_dump(struct zt_netlink *netlink)
{
    for (unsigned int what = 0; what < ZT_NETLINK_DUMPS; what++) {
        if (netlink->dumping != ZT_NETLINK_DUMPS || netlink->paused)
            return;
        if (netlink->want[what])
            begin_dump(netlink, what);
    }
}

int zt_netlink_open(struct zt_netlink *netlink, struct zt_netlink_handler handler,
                    struct zt_failure *failure)
{
    struct sockaddr_nl address = { .nl_family = AF_NETLINK,
                                   .nl_groups = RTMGRP_LINK | RTMGRP_NEIGH };

    *netlink = (struct zt_netlink){ .want[ZT_NETLINK_LINKS] = true,
                                    .want[ZT_NETLINK_NEIGHBOURS] = true,
                                    .dumping = ZT_NETLINK_DUMPS,
                                    .handler = handler };
    netlink->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (netlink->fd < 0 || bind(netlink->fd, (struct sockaddr *)&address, sizeof(address))) {
        int error = errno;

        zt_netlink_close(netlink);
        return zt_fail(failure, ZT_EXIT_FAILED, "netlink", "no netlink socket: %s",
                       strerror(error));
    }
    next_dump(netlink);
    return 0;
}

void zt_netlink_close(struct zt_netlink *netlink)
{
    if (netlink->fd >= 0)
        close(netlink->fd);
    netlink->fd = -1;
}

void zt_netlink_refresh(struct zt_netlink *netlink, enum zt_netlink_dump what)
{
    netlink->want[what] = what != ZT_NETLINK_ROUTES || netlink->routes;
    next_dump(netlink);
}

void zt_netlink_retry(struct zt_netlink *netlink)
{
    netlink->paused = false;
    next_dump(netlink);
}

void zt_netlink_follow_routes(struct zt_netlink *netlink, bool follow)
{
    /* Addresses and next-hop objects that go take routes along of which the kernel says nothing. */
    static const int groups[] = { RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_IFADDR,
                                  RTNLGRP_IPV6_IFADDR, RTNLGRP_NEXTHOP };

    for (unsigned int i = 0; follow != netlink->routes && i < sizeof(groups) / sizeof(groups[0]);
         i++)
        if (setsockopt(netlink->fd, SOL_NETLINK,
                       follow ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, &groups[i],
                       sizeof(groups[i])))
            zt_log("netlink: group %d: %s", groups[i], strerror(errno));
    netlink->routes = follow;
    zt_netlink_refresh(netlink, ZT_NETLINK_ROUTES);
}

void zt_netlink_ask_link(struct zt_netlink *netlink, uint32_t ifindex)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg info;
        struct rtattr attribute;
        uint32_t filter;
    } request = {
        .header = { .nlmsg_len = sizeof(request),
                    .nlmsg_type = RTM_GETLINK,
                    .nlmsg_flags = NLM_F_REQUEST },
        .info = { .ifi_index = (int)ifindex },
        .attribute = { .rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = IFLA_EXT_MASK },
        .filter = RTEXT_FILTER_SKIP_STATS,
    };

    /* If it cannot be asked now, it will be asked again. */
    send(netlink->fd, &request, sizeof(request), 0);
}

/* Whether IFLA_XDP says that nothing is attached. */
static bool says_no_xdp(const struct rtattr *attribute)
{
    const struct rtattr *inner = RTA_DATA(attribute);
    int inside = (int)RTA_PAYLOAD(attribute);

    for (; RTA_OK(inner, inside); inner = RTA_NEXT(inner, inside))
        if (inner->rta_type == IFLA_XDP_ATTACHED && RTA_PAYLOAD(inner) == 1)
            return *(const uint8_t *)RTA_DATA(inner) == XDP_ATTACHED_NONE;
    return false;
}

/* The index of the other end of a veth, 0 of other devices. */
static uint32_t read_other_end(const struct rtattr *attribute)
{
    uint32_t index = 0;

    if (RTA_PAYLOAD(attribute) == sizeof(index))
        memcpy(&index, RTA_DATA(attribute), sizeof(index));
    return index;
}

static void parse_link(const struct nlmsghdr *message, const struct zt_netlink_handler *handler)
{
    const struct ifinfomsg *info = NLMSG_DATA(message);
    const struct rtattr *attribute;
    struct zt_link_event event = { .late = true };
    int left;

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
        return;
    event.ifindex = (uint32_t)info->ifi_index;
    event.gone = message->nlmsg_type == RTM_DELLINK;
    event.up = !event.gone && (info->ifi_flags & IFF_UP) != 0;
    event.carrier = event.up && (info->ifi_flags & IFF_LOWER_UP) != 0;
    attribute = (const struct rtattr *)((const uint8_t *)info + NLMSG_ALIGN(sizeof(*info)));
    left = (int)message->nlmsg_len - (int)NLMSG_SPACE(sizeof(*info));
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        uint32_t other = 0;

        switch (attribute->rta_type & NLA_TYPE_MASK) {
        case IFLA_XDP:
            event.open = !event.gone && says_no_xdp(attribute);
            break;
        case IFLA_LINK:
            other = read_other_end(attribute);
            event.late = other == 0 || other == event.ifindex;
            break;
        }
    }
    handler->link(handler->context, &event);
}

/* Group addresses follow from the protocol (RFC 1112, RFC 2464) and are never neighbours of a route. */
static bool is_multicast(const struct zt_neighbour_event *event)
{
    return event->family == 4 ? (event->address[0] & 0xf0) == 0xe0 : event->address[0] == 0xff;
}

static void parse_neighbour(const struct nlmsghdr *message,
                            const struct zt_netlink_handler *handler)
{
    const struct ndmsg *info = NLMSG_DATA(message);
    struct zt_neighbour_event event = { 0 };
    bool has_address = false, has_mac = false;
    const struct rtattr *attribute;
    int left;
    size_t address_length;

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
        return;
    if ((info->ndm_family != AF_INET && info->ndm_family != AF_INET6) ||
        (info->ndm_flags & NTF_PROXY))
        return;
    event.ifindex = (uint32_t)info->ndm_ifindex;
    event.family = info->ndm_family == AF_INET ? 4 : 6;
    address_length = event.family == 4 ? 4 : 16;
    attribute = (const struct rtattr *)((const uint8_t *)info + NLMSG_ALIGN(sizeof(*info)));
    left = (int)(message->nlmsg_len - NLMSG_SPACE(sizeof(*info)));
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        if (attribute->rta_type == NDA_DST && RTA_PAYLOAD(attribute) == address_length) {
            memcpy(event.address, RTA_DATA(attribute), address_length);
            has_address = true;
        } else if (attribute->rta_type == NDA_LLADDR &&
                   RTA_PAYLOAD(attribute) == sizeof(event.mac)) {
            memcpy(event.mac, RTA_DATA(attribute), sizeof(event.mac));
            has_mac = true;
        }
    }
    if (!has_address || is_multicast(&event))
        return;
    event.present =
        message->nlmsg_type == RTM_NEWNEIGH && (info->ndm_state & NUD_USABLE) != 0 && has_mac;
    if (!event.present)
        memset(event.mac, 0, sizeof(event.mac));
    if (handler->neighbour)
        handler->neighbour(handler->context, &event);
}

unsigned int zt_netlink_parse(const uint8_t *data, uint32_t length,
                              const struct zt_netlink_handler *handler)
{
    const struct nlmsghdr *message = (const struct nlmsghdr *)data;
    unsigned int dump = 0;
    /* Signed: it falls below zero behind a message whose length is not a multiple of four. */
    int left = (int)length;

    for (; left >= (int)sizeof(*message) && NLMSG_OK(message, (uint32_t)left);
         message = NLMSG_NEXT(message, left)) {
        if (message->nlmsg_flags & NLM_F_DUMP_INTR)
            dump |= ZT_NETLINK_INTERRUPTED;
        switch (message->nlmsg_type) {
        case NLMSG_DONE:
            dump |= ZT_NETLINK_DONE;
            break;
        case NLMSG_ERROR:
            dump |= ZT_NETLINK_FAILED;
            break;
        case RTM_NEWLINK:
        case RTM_DELLINK:
            parse_link(message, handler);
            break;
        case RTM_NEWNEIGH:
        case RTM_DELNEIGH:
            parse_neighbour(message, handler);
            break;
        case RTM_NEWROUTE:
        case RTM_DELROUTE:
            zt_netlink_parse_route(message, handler);
            break;
        case RTM_DELADDR:
        case RTM_NEWNEXTHOP:
        case RTM_DELNEXTHOP:
            if (handler->routes_shaken)
                handler->routes_shaken(handler->context);
            break;
        }
    }
    return dump;
}

static void end_dump(struct zt_netlink *netlink, bool failed)
{
    enum zt_netlink_dump what = netlink->dumping;

    netlink->dumping = ZT_NETLINK_DUMPS;
    if (what == ZT_NETLINK_DUMPS)
        return;
    if (failed || netlink->interrupted) {
        netlink->want[what] = true;
        netlink->paused = netlink->paused || failed;
    } else if (what == ZT_NETLINK_NEIGHBOURS) {
        tell(netlink, netlink->handler.neighbours_complete);
    } else if (what == ZT_NETLINK_ROUTES) {
        tell(netlink, netlink->handler.routes_complete);
    }
}

void zt_netlink_serve(struct zt_netlink *netlink)
{
    static _Alignas(struct nlmsghdr) uint8_t datagram[DATAGRAM_MAX];

    for (int i = 0; i < DATAGRAMS_AT_ONCE; i++) {
        struct sockaddr_nl sender = { 0 };
        socklen_t size = sizeof(sender);
        ssize_t length =
            recvfrom(netlink->fd, datagram, sizeof(datagram), 0, (struct sockaddr *)&sender, &size);
        unsigned int dump;

        if (length < 0 && errno == ENOBUFS) {
            /* News were lost, of a dump nothing is: it ends, and another follows. */
            netlink->want[ZT_NETLINK_LINKS] = netlink->want[ZT_NETLINK_NEIGHBOURS] = true;
            netlink->want[ZT_NETLINK_ROUTES] = netlink->routes;
            continue;
        }
        if (length < 0)
            break;
        /* Any process may send to a netlink socket; only the kernel has port 0. */
        if (sender.nl_pid != 0)
            continue;
        dump = zt_netlink_parse(datagram, (uint32_t)length, &netlink->handler);
        netlink->interrupted = netlink->interrupted || dump & ZT_NETLINK_INTERRUPTED;
        if (dump & (ZT_NETLINK_DONE | ZT_NETLINK_FAILED))
            end_dump(netlink, dump & ZT_NETLINK_FAILED);
    }
    next_dump(netlink);
}
