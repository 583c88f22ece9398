/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CTRL-1: ports come and go with programs. Each has a place of its own in the engine for as long as it is there, since rings point into it;
 * what it opens is open before anything of the program that was there is given up.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "src/run/engine.h"
#include "src/run/pass.h"

/* A port that stays: everything that its sockets depend on is as it was. */
static bool is_kept(const struct zt_port *port, const struct zt_port_info *info)
{
    return !port->vacant && !port->gone && port->id == info->id && port->pass == info->pass &&
           (port->tap >= 0) == info->tap && strcmp(port->name, info->name) == 0 &&
           if_nametoindex(port->phy) == port->phy_index &&
           (!info->tap || if_nametoindex(port->name) == port->tap_index);
}

static struct zt_port *find_kept(struct zt_engine *engine, const struct zt_port_info *info)
{
    for (uint32_t i = 0; i < engine->port_count; i++)
        if (is_kept(&engine->ports[i], info))
            return &engine->ports[i];
    return NULL;
}

/* A place without a port; there are twice as many as ports. */
static struct zt_port *find_place(struct zt_engine *engine)
{
    uint32_t i = 0;

    while (i < engine->port_count && !engine->ports[i].vacant)
        i++;
    if (i == engine->port_count)
        engine->port_count++;
    return &engine->ports[i];
}

/* The TAP of a port whose device below is another by now: the kernel lets go of it only with its last descriptor. */
static int take_over_tap(const struct zt_engine *engine, const struct zt_port *port)
{
    for (uint32_t i = 0; i < engine->port_count; i++) {
        const struct zt_port *old = &engine->ports[i];

        if (old != port && old->tap >= 0 && strcmp(old->name, port->name) == 0 &&
            if_nametoindex(old->name) == old->tap_index)
            return fcntl(old->tap, F_DUPFD_CLOEXEC, 0);
    }
    return -1;
}

/* A socket of this engine's is bound to the device: there is no second one. */
static bool is_in_use(const struct zt_engine *engine, const struct zt_port *port)
{
    for (uint32_t i = 0; i < engine->port_count; i++) {
        const struct zt_port *old = &engine->ports[i];

        if (old != port && !old->vacant && !old->gone && old->phy_index == port->phy_index)
            return true;
    }
    return false;
}

static int open_fresh(struct zt_engine *engine, const struct zt_port_info *info,
                      struct zt_failure *failure)
{
    struct zt_port *port = find_place(engine);

    zt_port_init(port, info);
    port->fresh = true;
    if (info->tap)
        port->tap = take_over_tap(engine, port);
    if (zt_port_find(port, info->tap, failure))
        return -1;
    if (is_in_use(engine, port))
        return zt_fail(failure, ZT_EXIT_LIMIT, "ports-changed",
                       "%s: id, TAP and `punt` of a port stay as they are while its device does; "
                       "start the engine anew for others",
                       info->name);
    if (port->phy_index >= engine->xdp.room)
        return zt_fail(
            failure, ZT_EXIT_LIMIT, "ports-changed",
            "%s has interface index %u, and this engine has room up to %u; start it anew",
            port->phy, port->phy_index, engine->xdp.room - 1);
    return zt_port_open(port, &engine->xdp, engine->options.ring, failure);
}

static void vacate(struct zt_engine *engine, struct zt_port *port)
{
    struct zt_failure failure;

    if (port->capture.file &&
        zt_capture_stop(&engine->captures, &port->capture, port->phy_index, NULL, &failure))
        zt_log("capture of %s: %s", port->name, failure.message);
    zt_engine_unwatch_port(engine, port);
    zt_engine_watch_carrier(engine, port, false);
    if (port->pass)
        zt_pass_stop(&engine->xdp, port->phy_index);
    zt_port_close(port, false);
    *port =
        (struct zt_port){ .vacant = true, .gone = true, .carrier = true, .tap = -1, .xsk.fd = -1 };
}

void zt_engine_forget_ports(struct zt_engine *engine)
{
    for (uint32_t i = 0; i < engine->port_count; i++)
        if (engine->ports[i].fresh)
            vacate(engine, &engine->ports[i]);
}

int zt_engine_prepare_ports(struct zt_engine *engine, const struct zt_machine *machine,
                            struct zt_failure *failure)
{
    for (uint32_t i = 0; i < engine->port_count; i++)
        engine->ports[i].kept = false;
    for (uint32_t i = 0; i < zt_machine_ports(machine); i++) {
        struct zt_port_info info = zt_machine_port(machine, i);
        struct zt_port *port = find_kept(engine, &info);

        if (port) {
            port->kept = true;
        } else if (open_fresh(engine, &info, failure)) {
            return -1;
        }
    }
    return 0;
}

static void number(struct zt_engine *engine)
{
    memset(engine->port_by_id, 0, sizeof(engine->port_by_id));
    engine->ports_down = 0;
    for (uint32_t i = 0; i < engine->port_count; i++) {
        const struct zt_port *port = &engine->ports[i];

        if (port->vacant)
            continue;
        engine->port_by_id[port->id] = (uint8_t)(i + 1);
        engine->ports_down += !port->carrier;
    }
}

/* A page has an entry for each port that is there. */
static void renew_statistics(struct zt_engine *engine)
{
    struct zt_stats_file fresh = { 0 };
    struct zt_failure failure;

    if (zt_stats_create(&fresh, engine->options.stats, ZT_STATS_ENGINE,
                        zt_machine_ports(engine->machine), &failure)) {
        zt_log("the statistics page stays as it is: %s: %s", failure.code, failure.message);
        return;
    }
    zt_stats_close(&engine->stats);
    engine->stats = fresh;
    zt_stats_state(&engine->stats, ZT_STATS_BUSY);
    /* What ports that stay have counted is there from the start. */
    zt_engine_publish(engine);
}

void zt_engine_settle_ports(struct zt_engine *engine)
{
    bool changed = false;

    for (uint32_t i = 0; i < engine->port_count; i++) {
        struct zt_port *port = &engine->ports[i];

        if (!port->vacant && !port->kept && !port->fresh) {
            vacate(engine, port);
            changed = true;
        }
    }
    for (uint32_t i = 0; i < zt_machine_ports(engine->machine); i++) {
        struct zt_port_info info = zt_machine_port(engine->machine, i);

        for (uint32_t j = 0; j < engine->port_count; j++)
            if (engine->ports[j].fresh && engine->ports[j].id == info.id)
                engine->ports[j].carrier = !info.down;
    }
    number(engine);
    for (uint32_t i = 0; i < engine->port_count; i++) {
        struct zt_port *port = &engine->ports[i];

        if (!port->fresh)
            continue;
        port->fresh = false;
        changed = true;
        zt_log("%s: opened", port->phy);
        zt_engine_watch_port(engine, i);
        /* Whatever carrier a port of this id had. */
        zt_netlink_ask_link(&engine->netlink, port->phy_index);
    }
    if (changed)
        renew_statistics(engine);
}

bool zt_engine_changes_ports(const struct zt_engine *engine, const struct zt_machine *machine)
{
    uint32_t kept = 0, there = 0;

    for (uint32_t i = 0; i < engine->port_count; i++)
        there += !engine->ports[i].vacant;
    for (uint32_t i = 0; i < zt_machine_ports(machine); i++) {
        struct zt_port_info info = zt_machine_port(machine, i);

        for (uint32_t j = 0; j < engine->port_count; j++)
            kept += is_kept(&engine->ports[j], &info);
    }
    return kept != there || kept != zt_machine_ports(machine);
}
