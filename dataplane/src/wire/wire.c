/* SPDX-License-Identifier: Apache-2.0 */
#include "src/wire/wire.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "bpf/zt_port.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/run/link_set.h"

#define EVENTS_MAX 64
/* Frames taken from a receive ring at once. */
#define BURST 64u
/* ms to the next try when a device took no more. */
#define RETRY_MS 1

/* Sources of events that are no end of a link; ends are numbered below. */
enum source {
    SOURCE_CONTROL = UINT32_MAX - 4,
    SOURCE_NETLINK,
    SOURCE_TIMER,
    SOURCE_LOOK_TIMER,
    SOURCE_SIGNALS,
};

uint64_t zt_wire_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int from_error(struct zt_failure *failure, const char *path, const struct zt_error *error)
{
    return zt_fail(failure, ZT_EXIT_USAGE, error->code, "%s: %s%s%s", path, error->where,
                   error->where[0] ? ": " : "", error->message);
}

static int read_config(struct zt_wire *wire, struct zt_failure *failure)
{
    const char *path = wire->options.config;
    struct zt_error error;
    size_t length;
    char *text = (char *)zt_file_read(path, ZT_JSON_MAX, &length, &error);
    bool good;

    if (!text)
        return from_error(failure, path, &error);
    good = zt_wire_config_parse(&wire->config, text, length, &error);
    free(text);
    return good ? 0 : from_error(failure, path, &error);
}

static bool watch(struct zt_wire *wire, int fd, uint32_t source)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = source };

    return fd >= 0 && epoll_ctl(wire->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Finds all devices: the maps of the XDP program have room for the highest interface index. */
static int find_devices(struct zt_wire *wire, struct zt_failure *failure)
{
    uint32_t index_max = 0;

    wire->links = zt_calloc((size_t)wire->config.count + 1, sizeof(*wire->links));
    for (uint32_t i = 0; i < wire->config.count; i++) {
        struct zt_wire_link *link = &wire->links[wire->count++];

        link->config = &wire->config.links[i];
        for (uint32_t side = 0; side < 2; side++) {
            link->ends[side].xsk.fd = -1;
            link->ends[side].carrier = true;
            zt_flight_init(&link->ways[side], side, wire->options.queue);
        }
        for (uint32_t side = 0; side < 2; side++) {
            if (zt_xdp_check(link->config->ifname[side], &link->ends[side].ifindex, failure))
                return -1;
            if (link->ends[side].ifindex > index_max)
                index_max = link->ends[side].ifindex;
        }
    }
    /* Frames are stamped when they come: a late wake-up does not add to their delay. */
    if (zt_xdp_load(&wire->xdp, index_max, 0, true, 0, failure))
        return -1;
    wire->xdp_loaded = true;
    return 0;
}

static int open_end(struct zt_wire *wire, uint32_t number, struct zt_failure *failure)
{
    struct zt_wire_link *link = &wire->links[number / 2];
    struct zt_wire_end *end = &link->ends[number % 2];
    const char *ifname = link->config->ifname[number % 2];
    int error = zt_link_set_up(end->ifindex, true);

    if (error)
        return zt_fail(failure, ZT_EXIT_FAILED, "link-up", "%s cannot be set up: %s", ifname,
                       strerror(error));
    if (zt_xdp_attach(&wire->xdp, ifname, end->ifindex, &end->mode, failure) ||
        zt_xsk_open(&end->xsk, ifname, wire->options.ring, failure) ||
        zt_xdp_bind(&wire->xdp, end->ifindex, end->xsk.fd, failure))
        return -1;
    if (!watch(wire, end->xsk.fd, number))
        return zt_fail(failure, ZT_EXIT_FAILED, "poll", "%s cannot be waited for: %s", ifname,
                       strerror(errno));
    return 0;
}

static int open_events(struct zt_wire *wire, struct zt_failure *failure)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    wire->epoll = epoll_create1(EPOLL_CLOEXEC);
    wire->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    wire->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    wire->look_timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (wire->epoll < 0 || !watch(wire, wire->signals, SOURCE_SIGNALS) ||
        !watch(wire, wire->timer, SOURCE_TIMER) ||
        !watch(wire, wire->look_timer, SOURCE_LOOK_TIMER))
        return zt_fail(failure, ZT_EXIT_FAILED, "poll", "no event descriptors: %s",
                       strerror(errno));
    return 0;
}

/* A wire does not wait for its turn: its little work goes before that of others. */
static void go_first(void)
{
    const struct sched_param least = { .sched_priority = sched_get_priority_min(SCHED_FIFO) };

    if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &least))
        zt_log("no real-time priority: on a busy host frames come late: %s", strerror(errno));
}

static int open_control(struct zt_wire *wire, struct zt_failure *failure)
{
    if (!wire->options.control)
        return 0;
    if (zt_control_open(&wire->control, wire->options.control, wire->options.owner, zt_wire_answer,
                        wire, failure))
        return -1;
    watch(wire, zt_control_fd(&wire->control), SOURCE_CONTROL);
    return 0;
}

int zt_wire_open(struct zt_wire *wire, const struct zt_wire_options *options,
                 struct zt_failure *failure)
{
    memset(wire, 0, sizeof(*wire));
    wire->options = *options;
    wire->alarm = UINT64_MAX;
    wire->epoll = wire->timer = wire->look_timer = wire->signals = -1;
    wire->netlink.fd = wire->control.fd = wire->control.epoll = -1;
    if (read_config(wire, failure) || open_events(wire, failure) || find_devices(wire, failure))
        return -1;
    for (uint32_t i = 0; i < wire->count * 2; i++)
        if (open_end(wire, i, failure))
            return -1;
    if (zt_netlink_open(&wire->netlink, zt_wire_handler(wire), failure))
        return -1;
    if (!watch(wire, wire->netlink.fd, SOURCE_NETLINK))
        return zt_fail(failure, ZT_EXIT_FAILED, "poll", "netlink cannot be waited for: %s",
                       strerror(errno));
    go_first();
    return open_control(wire, failure);
}

/* The XDP program's time of receipt in front of the frame. */
static uint64_t take_stamp(uint8_t *frame)
{
    uint64_t at;

    memcpy(&at, frame - ZT_PORT_STAMP_SIZE, sizeof(at));
    memset(frame - ZT_PORT_STAMP_SIZE, 0, sizeof(at));
    return at ? at : zt_wire_now();
}

static void receive(struct zt_wire *wire, uint32_t number)
{
    struct zt_wire_link *link = &wire->links[number / 2];
    struct zt_wire_end *end = &link->ends[number % 2];
    struct zt_xsk_frame frames[BURST];
    uint32_t count = BURST;

    while (!end->gone && count == BURST) {
        count = zt_xsk_receive(&end->xsk, frames, BURST);
        for (uint32_t i = 0; i < count; i++)
            zt_flight_take(&link->ways[number % 2], &link->config->impairment,
                           take_stamp(frames[i].data), frames[i].data, frames[i].length);
        zt_xsk_receive_done(&end->xsk, count);
    }
}

/* Lets out what is due in one direction. */
static void let_out(struct zt_wire_end *end, struct zt_flight *way, uint64_t now)
{
    const struct zt_flying *flying;

    while ((flying = zt_flight_due(way, now))) {
        if (!end->gone && zt_xsk_send(&end->xsk, flying->data, flying->length)) {
            end->sent++;
            end->unsent = true;
        }
        zt_flight_done(way);
    }
    if (end->unsent)
        end->unsent = !end->gone && zt_xsk_flush(&end->xsk) > 0;
}

/* Lets out what is due everywhere. True if a device took no more; `*next` is when the next frame is due. */
static bool let_all_out(struct zt_wire *wire, uint64_t *next)
{
    uint64_t now = zt_wire_now();
    bool unsent = false;

    *next = UINT64_MAX;
    for (uint32_t i = 0; i < wire->count * 2; i++) {
        struct zt_wire_link *link = &wire->links[i / 2];
        struct zt_wire_end *end = &link->ends[1 - i % 2];
        uint64_t due;

        let_out(end, &link->ways[i % 2], now);
        due = zt_flight_next(&link->ways[i % 2]);
        *next = due < *next ? due : *next;
        unsent |= end->unsent;
    }
    return unsent;
}

static void set_alarm(struct zt_wire *wire, uint64_t next)
{
    struct itimerspec time = { 0 };

    if (next == wire->alarm)
        return;
    wire->alarm = next;
    if (next != UINT64_MAX) {
        time.it_value.tv_sec = (time_t)(next / 1000000000u);
        time.it_value.tv_nsec = (long)(next % 1000000000u);
    }
    timerfd_settime(wire->timer, TFD_TIMER_ABSTIME, &time, NULL);
}

static void on_event(struct zt_wire *wire, const struct epoll_event *event)
{
    uint64_t expirations;
    struct signalfd_siginfo info;

    switch (event->data.u32) {
    case SOURCE_CONTROL:
        zt_control_serve(&wire->control);
        break;
    case SOURCE_NETLINK:
        zt_netlink_serve(&wire->netlink);
        break;
    case SOURCE_TIMER:
        if (read(wire->timer, &expirations, sizeof(expirations)) > 0)
            wire->alarm = UINT64_MAX;
        break;
    case SOURCE_LOOK_TIMER:
        if (read(wire->look_timer, &expirations, sizeof(expirations)) > 0)
            zt_wire_ask_carrier(wire);
        break;
    case SOURCE_SIGNALS:
        wire->stopping = read(wire->signals, &info, sizeof(info)) == sizeof(info);
        break;
    default:
        receive(wire, event->data.u32);
    }
}

void zt_wire_run(struct zt_wire *wire)
{
    struct epoll_event events[EVENTS_MAX];

    while (!wire->stopping) {
        uint64_t next;
        bool unsent = let_all_out(wire, &next);
        int count;

        set_alarm(wire, next);
        count = epoll_wait(wire->epoll, events, EVENTS_MAX, unsent ? RETRY_MS : -1);
        for (int i = 0; i < count; i++)
            on_event(wire, &events[i]);
    }
}

static void close_descriptor(int fd)
{
    if (fd >= 0)
        close(fd);
}

void zt_wire_close(struct zt_wire *wire)
{
    for (uint32_t i = 0; i < wire->count; i++) {
        for (uint32_t side = 0; side < 2; side++) {
            if (wire->links[i].ends[side].xsk.fd >= 0)
                zt_xsk_close(&wire->links[i].ends[side].xsk);
            zt_flight_free(&wire->links[i].ways[side]);
        }
    }
    if (wire->xdp_loaded)
        zt_xdp_close(&wire->xdp);
    zt_netlink_close(&wire->netlink);
    zt_control_close(&wire->control, 500);
    close_descriptor(wire->epoll);
    close_descriptor(wire->timer);
    close_descriptor(wire->look_timer);
    close_descriptor(wire->signals);
    free(wire->links);
    zt_wire_config_free(&wire->config);
}
