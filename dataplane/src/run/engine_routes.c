/* SPDX-License-Identifier: Apache-2.0 */
/* CTRL-7: routes of VRF 0 from the kernel's main table, as changes of the machine's tables. */
#include <stdlib.h>

#include "src/machine/address_text.h"
#include "src/run/engine.h"

/* Octets of one list of changes: far below what a journal's record and a parser take, and no long pause. */
#define CHANGES_OCTETS (256u << 10)

/* The machine's interface behind a TAP that is routed in VRF 0, 0 for any other device. */
static uint16_t interface_behind(const struct zt_engine *engine, uint32_t ifindex)
{
    for (uint32_t i = 0; i < engine->port_count; i++) {
        const struct zt_port *port = &engine->ports[i];

        if (port->tap >= 0 && port->tap_index == ifindex)
            return port->underlay ? port->upper : 0;
    }
    return 0;
}

/* Unicast, and each next hop by gateway and by a TAP. */
static void read_members(const struct zt_engine *engine, const struct zt_route_event *event,
                         struct zt_route_news *news)
{
    news->followed = event->unicast && event->count <= ZT_ROUTE_MEMBERS_MAX;
    for (uint32_t i = 0; news->followed && i < event->count; i++) {
        uint16_t interface = interface_behind(engine, event->hops[i].ifindex);

        news->followed = interface != 0 && event->hops[i].gateway.family != 0;
        news->members[i] = (struct zt_route_member){ .interface = interface,
                                                     .weight = event->hops[i].weight,
                                                     .gateway = event->hops[i].gateway };
    }
    news->count = news->followed ? event->count : 0;
}

static void on_route(void *context, const struct zt_route_event *event)
{
    struct zt_engine *engine = context;
    struct zt_route_news news = {
        .prefix = event->prefix,
        .length = event->length,
        .metric = event->metric,
        .present = event->present,
        .dumped = event->dumped,
        .replaces = event->replaces,
        .whole = event->whole,
    };

    if (!engine->netlink.routes)
        return;
    read_members(engine, event, &news);
    if (!zt_routes_update(&engine->routes, &news))
        zt_netlink_refresh(&engine->netlink, ZT_NETLINK_ROUTES);
}

static void on_routes_begin(void *context)
{
    struct zt_engine *engine = context;

    zt_routes_begin(&engine->routes);
}

static void on_routes_complete(void *context)
{
    struct zt_engine *engine = context;

    zt_routes_complete(&engine->routes);
}

void zt_engine_routes_shaken(void *context)
{
    struct zt_engine *engine = context;

    if (!engine->netlink.routes)
        return;
    zt_netlink_refresh(&engine->netlink, ZT_NETLINK_ROUTES);
    /* A dump does not wait for what the kernel is about to do with them. */
    engine->routes_shaken = true;
}

void zt_engine_handle_routes(struct zt_netlink_handler *handler)
{
    handler->route = on_route;
    handler->routes_begin = on_routes_begin;
    handler->routes_complete = on_routes_complete;
    handler->routes_shaken = zt_engine_routes_shaken;
}

void zt_engine_restart_routes(struct zt_engine *engine)
{
    zt_routes_clear(&engine->routes);
    zt_netlink_follow_routes(&engine->netlink, zt_machine_follows_kernel_routes(engine->machine));
}

static void write_change(struct zt_text *text, const struct zt_route_told *told)
{
    char address[ZT_ADDRESS_TEXT];

    zt_ip_format(told->prefix, address);
    zt_text_format(text, "%s{\"table\":\"route\",\"vrf\":0,\"prefix\":\"%s/%u\",\"members\":",
                   text->length == 0 ? "{\"id\":0,\"op\":\"apply\",\"changes\":[" : ",", address,
                   told->length);
    if (told->count == 0) {
        zt_text_format(text, "null}");
        return;
    }
    for (uint32_t i = 0; i < told->count; i++) {
        zt_ip_format(told->members[i].gateway, address);
        zt_text_format(text, "%c{\"interface\":%u,\"gateway\":\"%s\"", i == 0 ? '[' : ',',
                       told->members[i].interface, address);
        if (told->members[i].weight != 1)
            zt_text_format(text, ",\"weight\":%u", told->members[i].weight);
        zt_text_append(text, "}", 1);
    }
    zt_text_format(text, "]}");
}

static void submit(struct zt_engine *engine, struct zt_text *text)
{
    struct zt_error error;

    zt_text_format(text, "]}");
    if (!zt_engine_control(engine, text->data, text->length, &error))
        zt_log("routes of the kernel: %s: %s", error.where, error.message);
    text->length = 0;
}

void zt_engine_follow_routes(struct zt_engine *engine)
{
    struct zt_route_told told;
    struct zt_text text = { 0 };

    while (zt_routes_take_change(&engine->routes, &told)) {
        write_change(&text, &told);
        if (text.length > CHANGES_OCTETS)
            submit(engine, &text);
    }
    if (text.length > 0)
        submit(engine, &text);
    free(text.data);
}
