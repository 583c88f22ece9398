/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "src/run/engine.h"

/* Vectors processed before control, clock and TAPs are looked at again. */
#define VECTORS_AT_ONCE 16
/* Vectors processed after the order to stop: more than the rings hold. */
#define VECTORS_AT_END 1024
/* ms to the next try when a device took no more. */
#define RETRY_MS 1
/* Handshake messages given to the machine between two looks at everything else. */
#define HANDSHAKES_AT_ONCE 8

enum source {
    SOURCE_PORT,
    SOURCE_TAP,
    SOURCE_CONTROL,
    SOURCE_NETLINK,
    SOURCE_TIMER,
    SOURCE_CARRIER_TIMER,
    SOURCE_SIGNALS,
    SOURCE_CAPTURES,
};

static bool watch(struct zt_engine *engine, int fd, enum source source, uint32_t index)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)source << 32 | index };

    return fd >= 0 && epoll_ctl(engine->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/*
 * The kernel forgets a TAP's neighbours with its carrier. They are where they were: what comes back with the wire is used at
 * once, and if it is another's by then the kernel will say so.
 */
static bool is_forgotten_with_carrier(const struct zt_port *port,
                                      const struct zt_neighbour_event *event)
{
    return !event->present && !port->carrier;
}

static void on_neighbour(void *context, const struct zt_neighbour_event *event)
{
    struct zt_engine *engine = context;
    uint8_t payload[24] = { event->family, event->present };

    for (uint32_t i = 0; i < engine->port_count; i++) {
        const struct zt_port *port = &engine->ports[i];

        if (port->tap < 0 || port->tap_index != event->ifindex)
            continue;
        /* Packets need no neighbour, and the ports' own are the program's. */
        if (port->wireguard)
            return;
        if (is_forgotten_with_carrier(port, event) ||
            !zt_neighbours_update(&engine->neighbours, event))
            return;
        memcpy(payload + 2, event->mac, sizeof(event->mac));
        memcpy(payload + 8, event->address, event->family == 4 ? 4 : 16);
        zt_engine_input(engine, ZT_INPUT_NEIGHBOUR, port->upper, payload,
                        event->family == 4 ? 12 : 24);
        return;
    }
}

static void on_neighbours_begin(void *context)
{
    struct zt_engine *engine = context;

    zt_neighbours_begin(&engine->neighbours);
}

static void on_neighbours_complete(void *context)
{
    struct zt_engine *engine = context;
    struct zt_neighbour_event gone;

    while (zt_neighbours_take_missing(&engine->neighbours, &gone)) {
        uint8_t payload[24] = { gone.family, 0 };

        memcpy(payload + 8, gone.address, gone.family == 4 ? 4 : 16);
        for (uint32_t i = 0; i < engine->port_count; i++)
            if (engine->ports[i].tap >= 0 && engine->ports[i].tap_index == gone.ifindex &&
                !is_forgotten_with_carrier(&engine->ports[i], &gone))
                zt_engine_input(engine, ZT_INPUT_NEIGHBOUR, engine->ports[i].upper, payload,
                                gone.family == 4 ? 12 : 24);
    }
}

static void lose_port(struct zt_engine *engine, struct zt_port *port)
{
    if (port->gone)
        return;
    zt_log("%s: the device is gone", port->phy);
    zt_engine_carrier(engine, port, false);
    zt_port_lose(port);
}

/*
 * Somebody took the XDP program off: until it is back the node's kernel sees the frames. The socket is still bound in the
 * program's map, so attaching is all there is to do.
 */
static void close_again(struct zt_engine *engine, struct zt_port *port)
{
    struct zt_failure failure;

    if (zt_xdp_attach(&engine->xdp, port->phy, port->phy_index, &port->mode, &failure))
        zt_log("%s: the XDP program was taken off and cannot be attached again, the port is open "
               "to the node's kernel: %s: %s",
               port->phy, failure.code, failure.message);
    else
        zt_log("%s: the XDP program was taken off and is attached again", port->phy);
}

static void on_link(void *context, const struct zt_link_event *event)
{
    struct zt_engine *engine = context;

    for (uint32_t i = 0; i < engine->port_count; i++) {
        struct zt_port *port = &engine->ports[i];

        if (port->tap >= 0 && port->tap_index == event->ifindex)
            zt_engine_routes_shaken(engine);
        if (port->phy_index != event->ifindex || port->gone)
            continue;
        if (event->gone)
            lose_port(engine, port);
        else
            zt_engine_carrier(engine, port, event->carrier);
        zt_engine_watch_carrier(engine, port, event->late && !event->gone);
        if (event->open)
            close_again(engine, port);
        zt_engine_publish(engine);
    }
}

bool zt_engine_watch_port(struct zt_engine *engine, uint32_t index)
{
    const struct zt_port *port = &engine->ports[index];

    return watch(engine, port->xsk.fd, SOURCE_PORT, index) &&
           (port->tap < 0 || watch(engine, port->tap, SOURCE_TAP, index));
}

/* Closing alone does not do for a TAP that another descriptor keeps open. */
void zt_engine_unwatch_port(struct zt_engine *engine, const struct zt_port *port)
{
    if (port->xsk.fd >= 0)
        epoll_ctl(engine->epoll, EPOLL_CTL_DEL, port->xsk.fd, NULL);
    if (port->tap >= 0)
        epoll_ctl(engine->epoll, EPOLL_CTL_DEL, port->tap, NULL);
}

static int watch_ports(struct zt_engine *engine, struct zt_failure *failure)
{
    for (uint32_t i = 0; i < engine->port_count; i++)
        if (!zt_engine_watch_port(engine, i))
            return zt_fail(failure, ZT_EXIT_FAILED, "poll", "%s cannot be waited for: %s",
                           engine->ports[i].name, strerror(errno));
    return 0;
}

int zt_engine_watch(struct zt_engine *engine, struct zt_failure *failure)
{
    struct zt_netlink_handler handler = {
        .context = engine,
        .neighbour = on_neighbour,
        .neighbours_begin = on_neighbours_begin,
        .neighbours_complete = on_neighbours_complete,
        .link = on_link,
    };
    struct itimerspec second = { .it_interval.tv_sec = 1, .it_value.tv_sec = 1 };
    sigset_t signals;

    zt_engine_handle_routes(&handler);
    engine->epoll = epoll_create1(EPOLL_CLOEXEC);
    engine->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    engine->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (engine->epoll < 0 || engine->timer < 0 ||
        timerfd_settime(engine->timer, 0, &second, NULL) ||
        !watch(engine, engine->timer, SOURCE_TIMER, 0) ||
        !watch(engine, engine->signals, SOURCE_SIGNALS, 0))
        return zt_fail(failure, ZT_EXIT_FAILED, "poll", "no event descriptors: %s",
                       strerror(errno));
    if (zt_engine_open_carrier(engine, failure) ||
        zt_netlink_open(&engine->netlink, handler, failure))
        return -1;
    watch(engine, engine->carrier_timer, SOURCE_CARRIER_TIMER, 0);
    zt_engine_restart_routes(engine);
    if (!watch(engine, engine->netlink.fd, SOURCE_NETLINK, 0))
        return zt_fail(failure, ZT_EXIT_FAILED, "poll", "netlink cannot be waited for: %s",
                       strerror(errno));
    return watch_ports(engine, failure);
}

void zt_engine_watch_captures(struct zt_engine *engine)
{
    if (!engine->captures_watched &&
        watch(engine, zt_captures_fd(&engine->captures), SOURCE_CAPTURES, 0))
        engine->captures_watched = true;
}

static void sync_journal(struct zt_engine *engine)
{
    struct zt_error error;

    if (!engine->journal || zt_journal_sync(engine->journal, &engine->journal_octets, &error))
        return;
    if (!engine->journal_lost)
        zt_log("journal: %s: %s; it is not continued", error.where, error.message);
    engine->journal_lost = true;
}

/* Each second: NEIGH-7, routes that may have gone in silence, what the kernel counted, and a journal that a kill leaves no more than a second behind. */
static void on_tick(struct zt_engine *engine)
{
    uint64_t expirations;

    if (read(engine->timer, &expirations, sizeof(expirations)) != sizeof(expirations))
        return;
    zt_engine_read_kernel(engine);
    zt_engine_follow_wall(engine);
    zt_engine_clock(engine);
    if (engine->routes_shaken)
        zt_netlink_refresh(&engine->netlink, ZT_NETLINK_ROUTES);
    engine->routes_shaken = false;
    zt_netlink_retry(&engine->netlink);
    sync_journal(engine);
}

static void on_tap(struct zt_engine *engine, uint32_t index, uint32_t events)
{
    struct zt_port *port = &engine->ports[index];

    /* Gone since these events were asked for. */
    if (port->tap < 0)
        return;
    if (events & EPOLLIN) {
        port->tap_readable = true;
    } else {
        zt_log("%s: the TAP is gone", port->name);
        close(port->tap);
        port->tap = -1;
    }
}

static void on_event(struct zt_engine *engine, const struct epoll_event *event)
{
    uint32_t index = (uint32_t)event->data.u64;
    struct signalfd_siginfo info;

    switch ((enum source)(event->data.u64 >> 32)) {
    case SOURCE_PORT:
        /* A socket reports an error when its device is unregistered, and only then. */
        if (event->events & (EPOLLERR | EPOLLHUP))
            lose_port(engine, &engine->ports[index]);
        break;
    case SOURCE_TAP:
        on_tap(engine, index, event->events);
        break;
    case SOURCE_CONTROL:
        zt_control_serve(&engine->control);
        break;
    case SOURCE_NETLINK:
        zt_engine_hear_kernel(engine);
        break;
    case SOURCE_TIMER:
        on_tick(engine);
        break;
    case SOURCE_CARRIER_TIMER:
        zt_engine_ask_carrier(engine);
        break;
    case SOURCE_SIGNALS:
        if (read(engine->signals, &info, sizeof(info)) == sizeof(info))
            engine->stopping = true;
        break;
    case SOURCE_CAPTURES:
        zt_captures_drain(&engine->captures);
        break;
    }
}

void zt_engine_hear_kernel(struct zt_engine *engine)
{
    zt_netlink_serve(&engine->netlink);
    zt_engine_follow_routes(engine);
}

static bool has_unsent(const struct zt_engine *engine)
{
    for (uint32_t i = 0; i < engine->port_count; i++)
        if (engine->ports[i].unsent)
            return true;
    return false;
}

/* The sooner of two waits; negative is for ever. */
static int sooner(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int patience(struct zt_engine *engine)
{
    int wait = sooner(zt_engine_patience(engine), zt_engine_clock_wait(engine));

    return has_unsent(engine) ? sooner(wait, RETRY_MS) : wait;
}

static void serve_events(struct zt_engine *engine, bool busy)
{
    struct epoll_event events[ZT_ENGINE_PORTS_MAX];
    int timeout = busy ? 0 : patience(engine);
    int count;

    if (!busy)
        zt_stats_state(&engine->stats, ZT_STATS_IDLE);
    count = epoll_wait(engine->epoll, events, ZT_ENGINE_PORTS_MAX, timeout);
    if (!busy)
        zt_stats_state(&engine->stats, ZT_STATS_BUSY);
    for (int i = 0; i < count; i++)
        on_event(engine, &events[i]);
    for (uint32_t i = 0; i < engine->port_count; i++)
        zt_port_flush(&engine->ports[i]);
}

void zt_engine_run(struct zt_engine *engine)
{
    watch(engine, zt_control_fd(&engine->control), SOURCE_CONTROL, 0);
    while (!engine->stopping) {
        int vectors = 0;

        while (vectors < VECTORS_AT_ONCE && zt_engine_step(engine))
            vectors++;
        zt_engine_handshakes(engine, HANDSHAKES_AT_ONCE);
        zt_engine_clock_due(engine);
        zt_engine_seed(engine);
        zt_engine_resume(engine);
        serve_events(engine, vectors == VECTORS_AT_ONCE || engine->handshakes.count > 0);
    }
    /* What has arrived is still answered for in the journal. */
    for (int vectors = 0; vectors < VECTORS_AT_END && zt_engine_step(engine); vectors++)
        continue;
    zt_engine_handshakes(engine, ZT_HANDSHAKES_MAX);
}
