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

static void request_dump(struct zt_netlink *netlink, uint16_t type)
{
    struct {
        struct nlmsghdr header;
        union {
            struct ifinfomsg link;
            struct ndmsg neighbour;
        } body;
    } request = { 0 };

    request.header.nlmsg_type = type;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.header.nlmsg_len = NLMSG_LENGTH(type == RTM_GETLINK ? sizeof(request.body.link)
                                                                : sizeof(request.body.neighbour));
    netlink->dumping = send(netlink->fd, &request, request.header.nlmsg_len, 0) >= 0;
}

static void next_dump(struct zt_netlink *netlink)
{
    if (netlink->dumping)
        return;
    if (netlink->want_links) {
        netlink->want_links = false;
        request_dump(netlink, RTM_GETLINK);
    } else if (netlink->want_neighbours) {
        netlink->want_neighbours = false;
        netlink->handler.neighbours_begin(netlink->handler.context);
        request_dump(netlink, RTM_GETNEIGH);
        netlink->dumping_neighbours = netlink->dumping;
    }
}

int zt_netlink_open(struct zt_netlink *netlink, struct zt_netlink_handler handler,
                    struct zt_failure *failure)
{
    struct sockaddr_nl address = { .nl_family = AF_NETLINK,
                                   .nl_groups = RTMGRP_LINK | RTMGRP_NEIGH };

    *netlink =
        (struct zt_netlink){ .want_links = true, .want_neighbours = true, .handler = handler };
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

void zt_netlink_refresh(struct zt_netlink *netlink)
{
    netlink->want_neighbours = true;
    next_dump(netlink);
}

/* Whether IFLA_XDP of a link message is there and says that nothing is attached. */
static bool says_no_xdp(const struct nlmsghdr *message)
{
    const struct ifinfomsg *info = NLMSG_DATA(message);
    const struct rtattr *attribute =
        (const struct rtattr *)((const uint8_t *)info + NLMSG_ALIGN(sizeof(*info)));
    int left = (int)message->nlmsg_len - (int)NLMSG_SPACE(sizeof(*info));

    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        const struct rtattr *inner = RTA_DATA(attribute);
        int inside = (int)RTA_PAYLOAD(attribute);

        if ((attribute->rta_type & NLA_TYPE_MASK) != IFLA_XDP)
            continue;
        for (; RTA_OK(inner, inside); inner = RTA_NEXT(inner, inside))
            if (inner->rta_type == IFLA_XDP_ATTACHED && RTA_PAYLOAD(inner) == 1)
                return *(const uint8_t *)RTA_DATA(inner) == XDP_ATTACHED_NONE;
    }
    return false;
}

static void parse_link(const struct nlmsghdr *message, const struct zt_netlink_handler *handler)
{
    const struct ifinfomsg *info = NLMSG_DATA(message);
    struct zt_link_event event = { 0 };

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
        return;
    event.ifindex = (uint32_t)info->ifi_index;
    event.gone = message->nlmsg_type == RTM_DELLINK;
    event.carrier =
        !event.gone && (info->ifi_flags & IFF_LOWER_UP) != 0 && (info->ifi_flags & IFF_UP) != 0;
    event.open = !event.gone && says_no_xdp(message);
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
    handler->neighbour(handler->context, &event);
}

bool zt_netlink_parse(const uint8_t *data, uint32_t length,
                      const struct zt_netlink_handler *handler)
{
    const struct nlmsghdr *message = (const struct nlmsghdr *)data;
    bool done = false;

    for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
        switch (message->nlmsg_type) {
        case NLMSG_DONE:
        case NLMSG_ERROR:
            done = true;
            break;
        case RTM_NEWLINK:
        case RTM_DELLINK:
            parse_link(message, handler);
            break;
        case RTM_NEWNEIGH:
        case RTM_DELNEIGH:
            parse_neighbour(message, handler);
            break;
        }
    }
    return done;
}

static void end_dump(struct zt_netlink *netlink)
{
    bool neighbours = netlink->dumping_neighbours;

    netlink->dumping = netlink->dumping_neighbours = false;
    if (neighbours)
        netlink->handler.neighbours_complete(netlink->handler.context);
}

void zt_netlink_serve(struct zt_netlink *netlink)
{
    static _Alignas(struct nlmsghdr) uint8_t datagram[DATAGRAM_MAX];

    for (int i = 0; i < DATAGRAMS_AT_ONCE; i++) {
        struct sockaddr_nl sender = { 0 };
        socklen_t size = sizeof(sender);
        ssize_t length =
            recvfrom(netlink->fd, datagram, sizeof(datagram), 0, (struct sockaddr *)&sender, &size);

        if (length < 0 && errno == ENOBUFS) {
            netlink->want_links = netlink->want_neighbours = true;
            netlink->dumping = netlink->dumping_neighbours = false;
            continue;
        }
        if (length < 0)
            break;
        /* Any process may send to a netlink socket; only the kernel has port 0. */
        if (sender.nl_pid != 0)
            continue;
        if (zt_netlink_parse(datagram, (uint32_t)length, &netlink->handler))
            end_dump(netlink);
    }
    next_dump(netlink);
}
