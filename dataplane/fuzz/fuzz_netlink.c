/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A datagram of rtnetlink messages, and what becomes of the routes in it (CTRL-7): what is told is what a machine takes, and
 * after a dump without them nothing of them is left.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/support.h"
#include "src/run/netlink.h"
#include "src/run/routes.h"

static struct zt_routes routes;

static void on_neighbour(void *context, const struct zt_neighbour_event *event)
{
    (void)context;
    if (event->family != 4 && event->family != 6)
        abort();
}

static void on_link(void *context, const struct zt_link_event *event)
{
    (void)context;
    (void)event;
}

static void on_route(void *context, const struct zt_route_event *event)
{
    struct zt_route_news news = {
        .prefix = event->prefix,
        .length = event->length,
        .metric = event->metric % 4,
        .present = event->present,
        .dumped = event->dumped,
        .replaces = event->replaces,
        .whole = event->whole,
        .followed = event->unicast && event->count <= ZT_ROUTE_MEMBERS_MAX,
    };

    (void)context;
    if (!zt_ip_equal(event->prefix, zt_ip_prefix(event->prefix, event->length)) ||
        event->count > ZT_NEXT_HOPS_MAX)
        abort();
    for (uint32_t i = 0; news.followed && i < event->count; i++) {
        news.followed = event->hops[i].gateway.family != 0;
        news.members[news.count++] =
            (struct zt_route_member){ .interface = (uint16_t)(event->hops[i].ifindex % 4 + 1),
                                      .weight = event->hops[i].weight,
                                      .gateway = event->hops[i].gateway };
        if (event->hops[i].weight < 1 || event->hops[i].weight > 256)
            abort();
    }
    zt_routes_update(&routes, &news);
}

static void on_round(void *context)
{
    (void)context;
}

static const struct zt_netlink_handler handler = {
    .neighbour = on_neighbour,
    .neighbours_begin = on_round,
    .neighbours_complete = on_round,
    .link = on_link,
    .route = on_route,
    .routes_begin = on_round,
    .routes_complete = on_round,
    .routes_shaken = on_round,
};

static void take_changes(void)
{
    struct zt_route_told told;

    while (zt_routes_take_change(&routes, &told)) {
        if (told.count > ZT_ROUTE_MEMBERS_MAX)
            abort();
        for (uint32_t i = 0; i < told.count; i++)
            if (told.members[i].gateway.family == 0 ||
                (i > 0 && told.members[i].interface < told.members[i - 1].interface))
                abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Of its exact size, and aligned as malloc() does. */
    uint8_t *datagram = malloc(size == 0 ? 1 : size);

    if (datagram == NULL)
        abort();
    memcpy(datagram, data, size);
    zt_routes_begin(&routes);
    zt_netlink_parse(datagram, (uint32_t)size, &handler);
    take_changes();
    zt_netlink_parse(datagram, (uint32_t)size, &handler);
    zt_routes_complete(&routes);
    take_changes();
    zt_routes_begin(&routes);
    zt_routes_complete(&routes);
    take_changes();
    if (routes.count != 0)
        abort();
    zt_routes_clear(&routes);
    free(datagram);
    return 0;
}
