/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/probe/forward.h"
#include "src/probe/probe.h"
#include "src/probe/silence.h"
#include "src/run/arguments.h"

#define RING_DEFAULT 512

static const char usage[] =
    "usage: ztos-probe --control SOCKET --config FILE [options]\n"
    "       ztos-probe forward A B [--netns-a NAME] [--netns-b NAME] [--ring SLOTS] [--ready-fd "
    "FD]\n"
    "       ztos-probe silence A B [--netns-a NAME] [--netns-b NAME] [--ready-fd FD]\n"
    "  --control SOCKET  where to listen for control requests\n"
    "  --config FILE     hosts and link ends (dataplane/src/probe/README.md)\n"
    "  --stats FILE      statistics page (ztos/stats_page.h)\n"
    "  --owner-uid UID   whose requests are answered beside root's, default the own\n"
    "  --ring SLOTS      AF_XDP ring size, a power of two, 4 KB a slot and host; default 512\n"
    "  --ready-fd FD     write a line there when everything is up\n"
    "  --version\n";

enum flag {
    FLAG_CONTROL = 256,
    FLAG_CONFIG,
    FLAG_STATS,
    FLAG_OWNER_UID,
    FLAG_RING,
    FLAG_READY_FD,
    FLAG_NETNS_A,
    FLAG_NETNS_B,
    FLAG_HELP,
    FLAG_VERSION,
};

static const struct option probe_flags[] = {
    { "control", required_argument, NULL, FLAG_CONTROL },
    { "config", required_argument, NULL, FLAG_CONFIG },
    { "stats", required_argument, NULL, FLAG_STATS },
    { "owner-uid", required_argument, NULL, FLAG_OWNER_UID },
    { "ring", required_argument, NULL, FLAG_RING },
    { "ready-fd", required_argument, NULL, FLAG_READY_FD },
    { "help", no_argument, NULL, FLAG_HELP },
    { "version", no_argument, NULL, FLAG_VERSION },
    { NULL, 0, NULL, 0 },
};

static const struct option forward_flags[] = {
    { "netns-a", required_argument, NULL, FLAG_NETNS_A },
    { "netns-b", required_argument, NULL, FLAG_NETNS_B },
    { "ring", required_argument, NULL, FLAG_RING },
    { "ready-fd", required_argument, NULL, FLAG_READY_FD },
    { "help", no_argument, NULL, FLAG_HELP },
    { NULL, 0, NULL, 0 },
};

static const struct option silence_flags[] = {
    { "netns-a", required_argument, NULL, FLAG_NETNS_A },
    { "netns-b", required_argument, NULL, FLAG_NETNS_B },
    { "ready-fd", required_argument, NULL, FLAG_READY_FD },
    { "help", no_argument, NULL, FLAG_HELP },
    { NULL, 0, NULL, 0 },
};

struct arguments {
    struct zt_probe_options probe;
    struct zt_forward_options forward;
    struct zt_silence_options silence;
    int ready;
    bool help, version;
};

static int read_flag(struct arguments *arguments, int flag, struct zt_failure *failure)
{
    uint64_t number = 0;

    switch (flag) {
    case FLAG_CONTROL:
        arguments->probe.control = optarg;
        return 0;
    case FLAG_CONFIG:
        arguments->probe.config = optarg;
        return 0;
    case FLAG_STATS:
        arguments->probe.stats = optarg;
        return 0;
    case FLAG_NETNS_A:
    case FLAG_NETNS_B:
        arguments->forward.netns[flag == FLAG_NETNS_B] = optarg;
        arguments->silence.netns[flag == FLAG_NETNS_B] = optarg;
        return 0;
    case FLAG_HELP:
        arguments->help = true;
        return 0;
    case FLAG_VERSION:
        arguments->version = true;
        return 0;
    case FLAG_OWNER_UID:
        if (zt_argument_number("owner-uid", optarg, 0, UINT32_MAX - 1, &number, failure))
            return -1;
        arguments->probe.owner = (uid_t)number;
        return 0;
    case FLAG_RING:
        if (zt_argument_number("ring", optarg, ZT_XSK_RING_MIN, ZT_XSK_RING_MAX, &number, failure))
            return -1;
        arguments->probe.ring = arguments->forward.ring = (uint32_t)number;
        return 0;
    case FLAG_READY_FD:
        if (zt_argument_number("ready-fd", optarg, 0, 1 << 20, &number, failure))
            return -1;
        arguments->ready = arguments->forward.ready = arguments->silence.ready = (int)number;
        return 0;
    default:
        return zt_fail(failure, ZT_EXIT_USAGE, "usage",
                       "wrong flags; ztos-probe --help tells the right ones");
    }
}

static int read_flags(struct arguments *arguments, int argc, char **argv,
                      const struct option *flags, struct zt_failure *failure)
{
    int flag;

    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1)
        if (read_flag(arguments, flag, failure))
            return -1;
    return 0;
}

static int forward(struct arguments *arguments, int argc, char **argv)
{
    struct zt_failure failure;

    if (read_flags(arguments, argc, argv, forward_flags, &failure))
        return zt_report(&failure);
    if (arguments->help) {
        fputs(usage, stdout);
        return ZT_EXIT_OK;
    }
    if (argc - optind != 2) {
        zt_fail(&failure, ZT_EXIT_USAGE, "usage", "forward wants the names of two devices");
        return zt_report(&failure);
    }
    arguments->forward.ifname[0] = argv[optind];
    arguments->forward.ifname[1] = argv[optind + 1];
    return zt_forward_run(&arguments->forward, &failure) ? zt_report(&failure) : ZT_EXIT_OK;
}

static int silence(struct arguments *arguments, int argc, char **argv)
{
    struct zt_failure failure;

    if (read_flags(arguments, argc, argv, silence_flags, &failure))
        return zt_report(&failure);
    if (arguments->help) {
        fputs(usage, stdout);
        return ZT_EXIT_OK;
    }
    if (argc - optind != 2) {
        zt_fail(&failure, ZT_EXIT_USAGE, "usage", "silence wants the names of two devices");
        return zt_report(&failure);
    }
    arguments->silence.ifname[0] = argv[optind];
    arguments->silence.ifname[1] = argv[optind + 1];
    return zt_silence_run(&arguments->silence, &failure) ? zt_report(&failure) : ZT_EXIT_OK;
}

static int probe(struct arguments *arguments, int argc, char **argv)
{
    static struct zt_probe state;
    struct zt_failure failure;
    int result;

    if (read_flags(arguments, argc, argv, probe_flags, &failure))
        return zt_report(&failure);
    if (arguments->help || arguments->version) {
        fputs(arguments->help ? usage : ZT_VERSION "\n", stdout);
        return ZT_EXIT_OK;
    }
    if (optind < argc || !arguments->probe.control || !arguments->probe.config) {
        zt_fail(&failure, ZT_EXIT_USAGE, "usage",
                "--control and --config are needed, and nothing but flags");
        return zt_report(&failure);
    }
    result = zt_probe_open(&state, &arguments->probe, &failure);
    if (result == 0) {
        zt_tell_ready(arguments->ready);
        zt_probe_run(&state);
    }
    zt_probe_close(&state);
    return result ? zt_report(&failure) : ZT_EXIT_OK;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {
        .probe = { .owner = geteuid(), .ring = RING_DEFAULT },
        .forward = { .ring = RING_DEFAULT, .ready = -1 },
        .silence = { .ready = -1 },
        .ready = -1,
    };

    zt_log_name("ztos-probe");
    if (argc > 1 && strcmp(argv[1], "forward") == 0)
        return forward(&arguments, argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "silence") == 0)
        return silence(&arguments, argc - 1, argv + 1);
    return probe(&arguments, argc, argv);
}
