/* SPDX-License-Identifier: Apache-2.0 */
#include "src/probe/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "src/base/error.h"
#include "src/base/json.h"
#include "src/probe/netns.h"
#include "src/probe/packet_socket.h"

#define ARRIVALS_SIZE (64u << 20)
#define EVENTS_MAX 64
/* Places that are closed side by side. */
#define CLOSERS 64

/* Sources of events that are no host; hosts are numbered below. */
#define SOURCE_CONTROL (UINT32_MAX - 2)
#define SOURCE_TIMER (UINT32_MAX - 1)
#define SOURCE_SIGNALS UINT32_MAX
/* ms to the next try when a device took no more. */
#define RETRY_MS 1

uint64_t zt_probe_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int read_config(struct zt_probe *probe, const char *path, struct zt_failure *failure)
{
    struct zt_error error;
    struct stat status;
    char *text;
    ssize_t length;
    bool good;
    /* Without O_NONBLOCK a FIFO would be waited for until somebody writes to it. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &status)) {
        zt_fail(failure, ZT_EXIT_USAGE, "config-file", "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (!S_ISREG(status.st_mode) || status.st_size > (off_t)ZT_JSON_MAX) {
        close(fd);
        return zt_fail(failure, ZT_EXIT_USAGE, "config-file",
                       "%s: a regular file of at most %u octets is wanted", path, ZT_JSON_MAX);
    }
    text = zt_calloc((size_t)status.st_size + 1, 1);
    length = read(fd, text, (size_t)status.st_size);
    close(fd);
    good = length >= 0 && zt_probe_config_parse(&probe->config, text, (size_t)length, &error);
    free(text);
    if (length < 0)
        return zt_fail(failure, ZT_EXIT_USAGE, "config-file", "%s: it cannot be read", path);
    return good ? 0
                : zt_fail(failure, ZT_EXIT_USAGE, error.code, "%s: %s: %s", path, error.where,
                          error.message);
}

static bool watch(struct zt_probe *probe, int fd, uint32_t source)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = source };

    return epoll_ctl(probe->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* A host gets the first program in which its interface index is free. */
static void choose_programs(struct zt_probe *probe)
{
    uint16_t *used = zt_calloc(ZT_XDP_INDEX_MAX + 1, sizeof(*used));

    for (uint32_t i = 0; i < probe->config.host_count; i++) {
        struct zt_probe_host *host = &probe->hosts[i];

        if (host->config->io != ZT_PROBE_AF_XDP)
            continue;
        host->program = used[host->ifindex]++;
        if (host->program + 1 > probe->program_count)
            probe->program_count = host->program + 1;
    }
    free(used);
}

static int load_programs(struct zt_probe *probe, struct zt_failure *failure)
{
    choose_programs(probe);
    probe->programs = zt_calloc(probe->program_count, sizeof(*probe->programs));
    for (uint32_t program = 0; program < probe->program_count; program++) {
        uint32_t index_max = 0;

        for (uint32_t i = 0; i < probe->config.host_count; i++)
            if (probe->hosts[i].program == program && probe->hosts[i].ifindex > index_max)
                index_max = probe->hosts[i].ifindex;
        if (zt_xdp_load(&probe->programs[program], index_max, 0, true, 0, failure))
            return -1;
    }
    return 0;
}

/* Work in the namespace of a place. */
typedef int visit(struct zt_probe *probe, uint32_t index, struct zt_failure *failure);

static int find_host(struct zt_probe *probe, uint32_t index, struct zt_failure *failure)
{
    struct zt_probe_host *host = &probe->hosts[index];

    return zt_xdp_check(host->config->place.ifname, &host->ifindex, failure);
}

static int open_host(struct zt_probe *probe, uint32_t index, struct zt_failure *failure)
{
    struct zt_probe_host *host = &probe->hosts[index];
    const char *ifname = host->config->place.ifname;
    struct zt_xdp *xdp = &probe->programs[host->program];

    if (host->config->io == ZT_PROBE_AF_PACKET) {
        host->packet = zt_packet_open(ifname, true, failure);
        return host->packet < 0 ? -1 : 0;
    }
    if (zt_xdp_attach(xdp, ifname, host->ifindex, &host->mode, failure))
        return -1;
    host->attached = true;
    if (zt_xsk_open(&host->xsk, ifname, probe->options.ring, failure))
        return -1;
    return zt_xdp_bind(xdp, host->ifindex, host->xsk.fd, failure);
}

static int open_link(struct zt_probe *probe, uint32_t index, struct zt_failure *failure)
{
    probe->links[index].packet = zt_packet_open(probe->config.links[index].ifname, false, failure);
    return probe->links[index].packet < 0 ? -1 : 0;
}

static int visit_place(struct zt_probe *probe, const struct zt_netns_home *home,
                       const struct zt_probe_place *place, visit *work, uint32_t index,
                       struct zt_failure *failure)
{
    char message[sizeof(failure->message)];
    int result;

    if (zt_netns_enter(place->netns, failure))
        return -1;
    result = work(probe, index, failure);
    zt_netns_return(home);
    if (result) {
        memcpy(message, failure->message, sizeof(message));
        zt_fail(failure, failure->exit, failure->code, "%.100s: %.380s", place->id, message);
    }
    return result;
}

static int visit_hosts(struct zt_probe *probe, const struct zt_netns_home *home, visit *work,
                       struct zt_failure *failure)
{
    for (uint32_t i = 0; i < probe->config.host_count; i++)
        if (visit_place(probe, home, &probe->hosts[i].config->place, work, i, failure))
            return -1;
    return 0;
}

static int open_sockets(struct zt_probe *probe, struct zt_failure *failure)
{
    struct zt_netns_home home;
    int result;

    if (zt_netns_open(&home, failure))
        return -1;
    result = visit_hosts(probe, &home, find_host, failure);
    if (result == 0)
        result = load_programs(probe, failure);
    if (result == 0)
        result = visit_hosts(probe, &home, open_host, failure);
    for (uint32_t i = 0; result == 0 && i < probe->config.link_count; i++)
        result = visit_place(probe, &home, &probe->config.links[i], open_link, i, failure);
    zt_netns_close(&home);
    return result;
}

static int open_events(struct zt_probe *probe, struct zt_failure *failure)
{
    struct itimerspec second = { .it_interval.tv_sec = 1, .it_value.tv_sec = 1 };
    sigset_t signals;
    bool good;

    probe->epoll = epoll_create1(EPOLL_CLOEXEC);
    probe->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    probe->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    good = probe->epoll >= 0 && probe->timer >= 0 &&
           timerfd_settime(probe->timer, 0, &second, NULL) == 0 &&
           watch(probe, probe->timer, SOURCE_TIMER) && watch(probe, probe->signals, SOURCE_SIGNALS);
    for (uint32_t i = 0; good && i < probe->config.host_count; i++)
        good =
            watch(probe,
                  probe->hosts[i].packet >= 0 ? probe->hosts[i].packet : probe->hosts[i].xsk.fd, i);
    return good ? 0
                : zt_fail(failure, ZT_EXIT_FAILED, "poll", "no event descriptors: %s",
                          strerror(errno));
}

int zt_probe_open(struct zt_probe *probe, const struct zt_probe_options *options,
                  struct zt_failure *failure)
{
    memset(probe, 0, sizeof(*probe));
    probe->options = *options;
    probe->epoll = probe->timer = probe->signals = -1;
    probe->control.fd = probe->control.epoll = -1;
    if (read_config(probe, options->config, failure))
        return -1;
    probe->hosts = zt_calloc(probe->config.host_count, sizeof(*probe->hosts));
    probe->links = zt_calloc(probe->config.link_count, sizeof(*probe->links));
    for (uint32_t i = 0; i < probe->config.host_count; i++)
        probe->hosts[i] =
            (struct zt_probe_host){ .config = &probe->config.hosts[i], .packet = -1, .xsk.fd = -1 };
    for (uint32_t i = 0; i < probe->config.link_count; i++)
        probe->links[i].packet = -1;
    zt_arrivals_open(&probe->arrivals, ARRIVALS_SIZE);
    if (zt_stats_create(&probe->stats, options->stats, ZT_STATS_PROBE,
                        probe->config.host_count + probe->config.link_count, failure) ||
        open_sockets(probe, failure) || open_events(probe, failure) ||
        zt_control_open(&probe->control, options->control, options->owner, zt_probe_answer, probe,
                        failure))
        return -1;
    if (!watch(probe, zt_control_fd(&probe->control), SOURCE_CONTROL))
        return zt_fail(failure, ZT_EXIT_FAILED, "poll",
                       "the control socket cannot be waited for: %s", strerror(errno));
    zt_probe_publish(probe);
    return 0;
}

struct closing {
    struct zt_probe *probe;
    /* Of a host, or behind all hosts of a link. */
    uint32_t index;
};

static void *close_place(void *job)
{
    const struct closing *closing = job;
    struct zt_probe *probe = closing->probe;
    uint32_t hosts = probe->config.host_count;
    struct zt_probe_host *host;
    struct zt_failure failure;

    if (closing->index >= hosts) {
        int packet = probe->links[closing->index - hosts].packet;

        if (packet >= 0)
            close(packet);
        return NULL;
    }
    host = &probe->hosts[closing->index];
    /* A namespace that is gone has taken its devices along. */
    if (host->attached && !host->gone && zt_netns_enter(host->config->place.netns, &failure) == 0)
        zt_xdp_detach(host->ifindex, host->mode);
    if (host->xsk.fd >= 0)
        zt_xsk_close(&host->xsk);
    if (host->packet >= 0)
        close(host->packet);
    return NULL;
}

/*
 * To detach a program and to close a socket takes as long as the kernel takes to see that nobody is within any more (a grace period of RCU, some
 * 10 ms each): places are closed side by side, and wait for that together. A thread that cannot be had is done without; in whose namespace this
 * one stands then is nobody's business any more.
 */
static void close_places(struct zt_probe *probe)
{
    uint32_t count = probe->hosts ? probe->config.host_count + probe->config.link_count : 0;

    for (uint32_t done = 0; done < count;) {
        struct closing jobs[CLOSERS];
        pthread_t threads[CLOSERS];
        size_t running = 0;

        for (; done < count && running < CLOSERS; done++) {
            jobs[running] = (struct closing){ .probe = probe, .index = done };
            if (pthread_create(&threads[running], NULL, close_place, &jobs[running]) == 0)
                running++;
            else
                close_place(&jobs[running]);
        }
        while (running > 0)
            pthread_join(threads[--running], NULL);
    }
}

void zt_probe_close(struct zt_probe *probe)
{
    close_places(probe);
    for (uint32_t i = 0; probe->programs && i < probe->program_count; i++)
        zt_xdp_close(&probe->programs[i]);
    zt_control_close(&probe->control, 500);
    zt_stats_close(&probe->stats);
    zt_arrivals_close(&probe->arrivals);
    for (int i = 0; i < 3; i++) {
        int fd = i == 0 ? probe->epoll : i == 1 ? probe->timer : probe->signals;

        if (fd >= 0)
            close(fd);
    }
    free(probe->programs);
    free(probe->links);
    free(probe->hosts);
    zt_probe_config_free(&probe->config);
}

void zt_probe_read_kernel(struct zt_probe *probe)
{
    for (uint32_t i = 0; i < probe->config.host_count; i++) {
        if (probe->hosts[i].packet >= 0)
            probe->hosts[i].rx_dropped += zt_packet_dropped(probe->hosts[i].packet);
        else
            zt_xsk_read_statistics(&probe->hosts[i].xsk);
    }
}

static void publish_host(const struct zt_probe_host *host, struct zt_stats_entry *entry,
                         uint32_t index)
{
    entry->id = index;
    entry->flags = (host->gone ? ZT_STATS_GONE : ZT_STATS_CARRIER) |
                   (host->packet < 0 && host->mode == ZT_XDP_NATIVE ? ZT_STATS_NATIVE : 0u);
    entry->rx_frames = zt_probe_host_rx(host);
    entry->rx_octets = host->rx_octets + host->xsk.counters.rx_octets;
    entry->tx_frames = zt_probe_host_tx(host);
    entry->tx_octets = host->tx_octets + host->xsk.counters.tx_octets;
    entry->rx_dropped = zt_probe_host_rx_dropped(host);
    entry->tx_dropped = zt_probe_host_tx_dropped(host);
    entry->arp_answered = host->arp_answered;
    entry->nd_answered = host->nd_answered;
}

void zt_probe_publish(struct zt_probe *probe)
{
    struct zt_stats_entry *entry = probe->stats.entries;

    zt_stats_begin(&probe->stats);
    probe->stats.header->fates = probe->arrivals.next_seq;
    for (uint32_t i = 0; i < probe->config.host_count; i++)
        publish_host(&probe->hosts[i], entry++, i);
    for (uint32_t i = 0; i < probe->config.link_count; i++, entry++) {
        entry->id = i;
        entry->tx_frames = probe->links[i].tx;
        entry->tx_octets = probe->links[i].tx_octets;
        entry->tx_dropped = probe->links[i].tx_dropped;
    }
    zt_stats_end(&probe->stats, zt_probe_now());
}

static void on_host(struct zt_probe *probe, uint32_t index, uint32_t events)
{
    struct zt_probe_host *host = &probe->hosts[index];

    if (events & (EPOLLERR | EPOLLHUP) && host->packet < 0) {
        zt_log("%s: the device is gone", host->config->place.id);
        epoll_ctl(probe->epoll, EPOLL_CTL_DEL, host->xsk.fd, NULL);
        host->gone = true;
        return;
    }
    /* An AF_PACKET socket says by an error that its device is down; receiving takes the error away. */
    zt_probe_receive_host(probe, index);
}

static void on_event(struct zt_probe *probe, const struct epoll_event *event)
{
    struct signalfd_siginfo info;
    uint64_t expirations;

    switch (event->data.u32) {
    case SOURCE_CONTROL:
        zt_control_serve(&probe->control);
        break;
    case SOURCE_TIMER:
        if (read(probe->timer, &expirations, sizeof(expirations)) == sizeof(expirations))
            zt_probe_read_kernel(probe);
        break;
    case SOURCE_SIGNALS:
        if (read(probe->signals, &info, sizeof(info)) == sizeof(info))
            probe->stopping = true;
        break;
    default:
        on_host(probe, event->data.u32, event->events);
    }
}

/* Flushes what a device did not take before; true if some of it is still there. */
static bool flush_all(struct zt_probe *probe)
{
    bool unsent = false;

    for (uint32_t i = 0; i < probe->config.host_count; i++) {
        zt_probe_flush(probe, i);
        unsent |= probe->hosts[i].unsent;
    }
    return unsent;
}

void zt_probe_run(struct zt_probe *probe)
{
    while (!probe->stopping) {
        struct epoll_event events[EVENTS_MAX];
        bool unsent = flush_all(probe);
        int count;

        zt_stats_state(&probe->stats, ZT_STATS_IDLE);
        count = epoll_wait(probe->epoll, events, EVENTS_MAX, unsent ? RETRY_MS : -1);
        zt_stats_state(&probe->stats, ZT_STATS_BUSY);
        for (int i = 0; i < count; i++)
            on_event(probe, &events[i]);
        zt_probe_publish(probe);
    }
}
