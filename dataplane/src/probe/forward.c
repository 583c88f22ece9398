/* SPDX-License-Identifier: Apache-2.0 */
#include "src/probe/forward.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "src/probe/netns.h"
#include "src/run/arguments.h"
#include "src/run/xdp.h"
#include "src/run/xsk.h"

#define BURST 64u
/* Bursts before signals are looked at. */
#define BURSTS_AT_ONCE 64

struct side {
    uint32_t ifindex;
    enum zt_xdp_mode mode;
    struct zt_xdp xdp;
    struct zt_xsk xsk;
};

static int open_side(struct side *side, const char *ifname, uint32_t ring,
                     struct zt_failure *failure)
{
    if (zt_xdp_check(ifname, &side->ifindex, failure) ||
        zt_xdp_load(&side->xdp, side->ifindex, 0, false, 0, failure) ||
        zt_xdp_attach(&side->xdp, ifname, side->ifindex, &side->mode, failure))
        return -1;
    if (zt_xsk_open(&side->xsk, ifname, ring, failure))
        return -1;
    return zt_xdp_bind(&side->xdp, side->ifindex, side->xsk.fd, failure);
}

static int open_sides(struct side sides[2], const struct zt_forward_options *options,
                      const struct zt_netns_home *home, struct zt_failure *failure)
{
    for (int i = 0; i < 2; i++) {
        int result;

        if (options->netns[i] && zt_netns_enter(options->netns[i], failure))
            return -1;
        result = open_side(&sides[i], options->ifname[i], options->ring, failure);
        zt_netns_return(home);
        if (result)
            return -1;
    }
    return 0;
}

static void close_sides(struct side sides[2], const struct zt_forward_options *options,
                        const struct zt_netns_home *home)
{
    struct zt_failure failure;

    for (int i = 0; i < 2; i++) {
        if (sides[i].xsk.fd >= 0)
            zt_xsk_close(&sides[i].xsk);
        if (sides[i].xdp.skeleton &&
            (!options->netns[i] || zt_netns_enter(options->netns[i], &failure) == 0))
            zt_xdp_detach(sides[i].ifindex, sides[i].mode);
        zt_netns_return(home);
        zt_xdp_close(&sides[i].xdp);
    }
}

/* One burst from one side to the other; true if there was one. */
static bool forward(struct side *from, struct side *to)
{
    struct zt_xsk_frame frames[BURST];
    uint32_t count = zt_xsk_receive(&from->xsk, frames, BURST);

    if (count == 0)
        return false;
    for (uint32_t i = 0; i < count; i++)
        zt_xsk_send(&to->xsk, frames[i].data, frames[i].length);
    zt_xsk_receive_done(&from->xsk, count);
    zt_xsk_flush(&to->xsk);
    return true;
}

static void loop(struct side sides[2], int signals)
{
    struct pollfd waits[3] = {
        { .fd = sides[0].xsk.fd, .events = POLLIN },
        { .fd = sides[1].xsk.fd, .events = POLLIN },
        { .fd = signals, .events = POLLIN },
    };

    while (!(waits[2].revents & POLLIN) &&
           !((waits[0].revents | waits[1].revents) & (POLLERR | POLLHUP))) {
        int bursts = 0;

        while (bursts < BURSTS_AT_ONCE) {
            bool moved = forward(&sides[0], &sides[1]);

            moved |= forward(&sides[1], &sides[0]);
            if (!moved)
                break;
            bursts++;
        }
        poll(waits, 3, bursts == BURSTS_AT_ONCE ? 0 : -1);
    }
}

static void print_counters(const struct side sides[2])
{
    for (int i = 0; i < 2; i++) {
        const struct zt_xsk_counters *counters = &sides[i].xsk.counters;

        printf("%s{\"rx\":%llu,\"tx\":%llu,\"rxDropped\":%llu,\"txDropped\":%llu}%s", i ? "," : "[",
               (unsigned long long)counters->rx_frames,
               (unsigned long long)(counters->tx_frames - counters->tx_refused),
               (unsigned long long)(counters->rx_ring_full + counters->rx_other),
               (unsigned long long)(counters->tx_full + counters->tx_refused), i ? "]\n" : "");
    }
}

int zt_forward_run(const struct zt_forward_options *options, struct zt_failure *failure)
{
    struct side sides[2] = { { .xsk.fd = -1 }, { .xsk.fd = -1 } };
    struct zt_netns_home home;
    sigset_t set;
    int signals, result;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (signals < 0)
        return zt_fail(failure, ZT_EXIT_FAILED, "poll", "no signal descriptor: %s",
                       strerror(errno));
    if (zt_netns_open(&home, failure)) {
        close(signals);
        return -1;
    }
    result = open_sides(sides, options, &home, failure);
    if (result == 0) {
        zt_tell_ready(options->ready);
        loop(sides, signals);
        zt_xsk_read_statistics(&sides[0].xsk);
        zt_xsk_read_statistics(&sides[1].xsk);
        print_counters(sides);
    }
    close_sides(sides, options, &home);
    zt_netns_close(&home);
    close(signals);
    return result;
}
