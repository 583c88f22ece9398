/* SPDX-License-Identifier: Apache-2.0 */
/* A wire carries the loss of carrier from one far end to the other, by setting the device there down. */
#include <string.h>
#include <sys/timerfd.h>

#include "src/run/link_set.h"
#include "src/wire/wire.h"

/* ms between looks at devices of which the kernel is late to tell. */
#define LOOK_MS 50

/* Sets the device at `other` down or up again. */
static void hold(struct zt_wire_link *link, int other, bool held)
{
    struct zt_wire_end *end = &link->ends[other];
    int error;

    if (end->held == held || end->gone)
        return;
    end->held = held;
    /* Until the kernel says otherwise. */
    end->carrier = true;
    error = zt_link_set_up(end->ifindex, !held);
    zt_log("%s: %s %s%s%s", link->config->id, link->config->ifname[other],
           held ? "loses its carrier" : "has carrier again", error ? ": " : "",
           error ? strerror(error) : "");
    if (held) {
        zt_flight_cut(&link->ways[0]);
        zt_flight_cut(&link->ways[1]);
    }
}

static void watch_late(struct zt_wire *wire)
{
    struct itimerspec time = { 0 };

    for (uint32_t i = 0; i < wire->count * 2; i++)
        if (wire->links[i / 2].ends[i % 2].late && !wire->links[i / 2].ends[i % 2].gone)
            time.it_interval.tv_nsec = time.it_value.tv_nsec = LOOK_MS * 1000000;
    timerfd_settime(wire->look_timer, 0, &time, NULL);
}

static void on_end(struct zt_wire *wire, struct zt_wire_link *link, int side,
                   const struct zt_link_event *event)
{
    struct zt_wire_end *end = &link->ends[side];

    if (event->gone) {
        zt_log("%s: the device %s is gone", link->config->id, link->config->ifname[side]);
        end->gone = true;
        end->carrier = end->late = end->unsent = false;
        zt_xsk_close(&end->xsk);
        hold(link, 1 - side, true);
        watch_late(wire);
        return;
    }
    if (end->late != event->late) {
        end->late = event->late;
        watch_late(wire);
    }
    /* What is said of a device that this process has set down, or before it was set up again, says nothing of its far end. */
    if (end->held || !event->up)
        return;
    end->carrier = event->carrier;
    hold(link, 1 - side, !event->carrier);
}

static void on_link(void *context, const struct zt_link_event *event)
{
    struct zt_wire *wire = context;

    for (uint32_t i = 0; i < wire->count * 2; i++) {
        struct zt_wire_link *link = &wire->links[i / 2];

        if (link->ends[i % 2].ifindex == event->ifindex && !link->ends[i % 2].gone)
            on_end(wire, link, (int)(i % 2), event);
    }
}

void zt_wire_ask_carrier(struct zt_wire *wire)
{
    for (uint32_t i = 0; i < wire->count * 2; i++) {
        const struct zt_wire_end *end = &wire->links[i / 2].ends[i % 2];

        if (end->late && !end->gone)
            zt_netlink_ask_link(&wire->netlink, end->ifindex);
    }
    zt_netlink_serve(&wire->netlink);
}

/* Neighbours and routes are nobody's business here. */
struct zt_netlink_handler zt_wire_handler(struct zt_wire *wire)
{
    return (struct zt_netlink_handler){ .context = wire, .link = on_link };
}
