/* SPDX-License-Identifier: Apache-2.0 */
/* CTRL-8: the machine and the TAPs follow the carrier of the ports' wires. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "src/run/engine.h"
#include "src/run/link_set.h"
#include "src/run/tap.h"

/* ms between looks at ports of which the kernel is late to tell. */
#define LOOK_MS 50

/* The node's kernel is to see on the TAP what happens to the wire. */
static void show_on_tap(const struct zt_port *port)
{
    int error;

    if (port->tap < 0)
        return;
    error = zt_tap_set_carrier(port->tap, port->carrier);
    if (error == 0)
        error = zt_link_set_operstate(port->tap_index, port->carrier);
    if (error != 0)
        zt_log("%s: the TAP does not follow the carrier of %s: %s", port->name, port->phy,
               strerror(error));
}

void zt_engine_carrier(struct zt_engine *engine, struct zt_port *port, bool up)
{
    char request[80];
    struct zt_error error;

    if (port->carrier == up)
        return;
    zt_log("%s: carrier %s", port->phy, up ? "up" : "down");
    port->carrier = up;
    engine->ports_down += up ? -1 : 1;
    /* First the machine: from here on it chooses others. */
    snprintf(request, sizeof(request), "{\"id\":0,\"op\":\"carrier\",\"interface\":%u,\"up\":%s}",
             port->id, up ? "true" : "false");
    if (!zt_engine_control(engine, request, strlen(request), &error))
        zt_log("%s: %s: %s", port->phy, error.where, error.message);
    show_on_tap(port);
}

void zt_engine_hear_carrier(struct zt_engine *engine)
{
    for (uint32_t i = 0; i < engine->port_count; i++) {
        struct zt_port *port = &engine->ports[i];

        if (!port->carrier && !port->gone && zt_xsk_has_received(&port->xsk))
            zt_netlink_ask_link(&engine->netlink, port->phy_index);
    }
    zt_engine_hear_kernel(engine);
}

int zt_engine_open_carrier(struct zt_engine *engine, struct zt_failure *failure)
{
    engine->carrier_timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (engine->carrier_timer < 0)
        return zt_fail(failure, ZT_EXIT_FAILED, "poll", "no timer: %s", strerror(errno));
    return 0;
}

void zt_engine_watch_carrier(struct zt_engine *engine, struct zt_port *port, bool late)
{
    struct itimerspec time = { 0 };
    bool any = false;

    if (port->late == late)
        return;
    port->late = late;
    if (late)
        zt_log("%s: the kernel may tell of lost carrier up to a second late, it is asked every %d "
               "ms; give "
               "the two ends of a veth different interface indexes",
               port->phy, LOOK_MS);
    for (uint32_t i = 0; i < engine->port_count; i++)
        any = any || engine->ports[i].late;
    if (any)
        time.it_interval.tv_nsec = time.it_value.tv_nsec = LOOK_MS * 1000000;
    timerfd_settime(engine->carrier_timer, 0, &time, NULL);
}

void zt_engine_ask_carrier(struct zt_engine *engine)
{
    uint64_t expirations;

    if (read(engine->carrier_timer, &expirations, sizeof(expirations)) != sizeof(expirations))
        return;
    for (uint32_t i = 0; i < engine->port_count; i++)
        if (engine->ports[i].late && !engine->ports[i].gone)
            zt_netlink_ask_link(&engine->netlink, engine->ports[i].phy_index);
    zt_engine_hear_kernel(engine);
}
