/* SPDX-License-Identifier: Apache-2.0 */
#include "src/probe/silence.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "src/probe/netns.h"
#include "src/run/arguments.h"

struct end {
    int ifindex;
    /* The device's own program and how it is attached; -1: it has none. */
    int own;
    __u32 mode;
    bool silent;
};

/* `return XDP_DROP` */
static int load_drop(struct zt_failure *failure)
{
    const struct bpf_insn program[] = {
        { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_DROP },
        { .code = BPF_JMP | BPF_EXIT },
    };
    int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "zt_silence", "Dual BSD/GPL", program,
                           sizeof(program) / sizeof(program[0]), NULL);

    if (fd < 0)
        return zt_fail(failure, ZT_EXIT_FAILED, "xdp-load",
                       "the kernel refused the XDP program: %s (CAP_BPF and CAP_NET_ADMIN are "
                       "needed)",
                       strerror(-fd));
    return fd;
}

/* Finds the program that is attached now, and holds it. */
static int find_own(struct end *end, const char *ifname, struct zt_failure *failure)
{
    LIBBPF_OPTS(bpf_xdp_query_opts, query);
    int error;

    end->ifindex = (int)if_nametoindex(ifname);
    if (end->ifindex == 0)
        return zt_fail(failure, ZT_EXIT_FAILED, "port-missing",
                       "there is no device %s in this network namespace", ifname);
    error = bpf_xdp_query(end->ifindex, 0, &query);
    if (error)
        return zt_fail(failure, ZT_EXIT_FAILED, "xdp-query", "%s: %s", ifname, strerror(-error));
    end->mode = query.attach_mode == XDP_ATTACHED_SKB ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
    if (query.prog_id == 0)
        return 0;
    end->own = bpf_prog_get_fd_by_id(query.prog_id);
    if (end->own < 0)
        return zt_fail(failure, ZT_EXIT_FAILED, "xdp-query",
                       "%s: its XDP program cannot be held: %s (CAP_SYS_ADMIN is needed)", ifname,
                       strerror(-end->own));
    return 0;
}

/* In one step, and only if `from` is what is attached: nobody else's program is taken away. */
static int swap(const struct end *end, int from, int to)
{
    LIBBPF_OPTS(bpf_xdp_attach_opts, attach);
    __u32 flags = end->mode;

    if (from >= 0)
        attach.old_prog_fd = from;
    else
        flags |= XDP_FLAGS_UPDATE_IF_NOEXIST;
    return bpf_xdp_attach(end->ifindex, to, flags, from >= 0 ? &attach : NULL);
}

static int silence(struct end *end, const char *ifname, int drop, struct zt_failure *failure)
{
    int error;

    if (find_own(end, ifname, failure))
        return -1;
    error = swap(end, end->own, drop);
    if (error)
        return zt_fail(failure, ZT_EXIT_FAILED, "xdp-attach", "%s takes no XDP program: %s", ifname,
                       strerror(-error));
    end->silent = true;
    return 0;
}

/* What could not be put back stays silent, and is said. */
static int give_back(struct end *end, const char *ifname, int drop, struct zt_failure *failure)
{
    int error = end->silent ? swap(end, drop, end->own) : 0;

    if (end->own >= 0)
        close(end->own);
    /* A device that is gone needs no program. */
    if (error && error != -ENODEV)
        return zt_fail(failure, ZT_EXIT_FAILED, "xdp-attach",
                       "%s does not get its XDP program back: %s", ifname, strerror(-error));
    return 0;
}

static int visit(const struct zt_silence_options *options, int end, struct zt_failure *failure)
{
    return options->netns[end] ? zt_netns_enter(options->netns[end], failure) : 0;
}

static int hold(const struct zt_silence_options *options, const struct zt_netns_home *home,
                const sigset_t *until, struct zt_failure *failure)
{
    struct end ends[2] = { { .own = -1 }, { .own = -1 } };
    struct zt_failure late;
    int drop = load_drop(failure);
    int result = drop < 0 ? -1 : 0, signal;

    for (int i = 0; i < 2 && result == 0; i++) {
        result = visit(options, i, failure);
        if (result == 0)
            result = silence(&ends[i], options->ifname[i], drop, failure);
        zt_netns_return(home);
    }
    if (result == 0) {
        zt_tell_ready(options->ready);
        sigwait(until, &signal);
    }
    for (int i = 0; i < 2; i++) {
        /* The first failure is the one that is told. */
        struct zt_failure *told = result ? &late : failure;

        if (visit(options, i, told) || give_back(&ends[i], options->ifname[i], drop, told))
            result = -1;
        zt_netns_return(home);
    }
    if (drop >= 0)
        close(drop);
    return result;
}

int zt_silence_run(const struct zt_silence_options *options, struct zt_failure *failure)
{
    struct zt_netns_home home;
    sigset_t set;
    int result;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (zt_netns_open(&home, failure))
        return -1;
    result = hold(options, &home, &set, failure);
    zt_netns_close(&home);
    return result;
}
