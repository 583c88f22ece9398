/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

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

enum flag { FLAG_CONFIG = ZT_FLAG_OWN, FLAG_NETNS_A, FLAG_NETNS_B };

static const struct option probe_flags[] = {
    { "config", required_argument, NULL, FLAG_CONFIG },
    ZT_OPTION_CONTROL,
    ZT_OPTION_STATS,
    ZT_OPTION_OWNER_UID,
    ZT_OPTION_RING,
    ZT_OPTION_READY_FD,
    ZT_OPTION_HELP,
    ZT_OPTION_VERSION,
    ZT_OPTION_END,
};

static const struct option forward_flags[] = {
    { "netns-a", required_argument, NULL, FLAG_NETNS_A },
    { "netns-b", required_argument, NULL, FLAG_NETNS_B },
    ZT_OPTION_RING,
    ZT_OPTION_READY_FD,
    ZT_OPTION_HELP,
    ZT_OPTION_END,
};

static const struct option silence_flags[] = {
    { "netns-a", required_argument, NULL, FLAG_NETNS_A },
    { "netns-b", required_argument, NULL, FLAG_NETNS_B },
    ZT_OPTION_READY_FD,
    ZT_OPTION_HELP,
    ZT_OPTION_END,
};

struct own_arguments {
    const char *config;
    const char *netns[2];
};

static int read_flag(void *context, int flag, struct zt_failure *failure)
{
    struct own_arguments *own = context;

    (void)failure;
    if (flag == FLAG_CONFIG)
        own->config = optarg;
    else
        own->netns[flag == FLAG_NETNS_B] = optarg;
    return 0;
}

static int help(void)
{
    fputs(usage, stdout);
    return ZT_EXIT_OK;
}

/* The two devices of `forward` and `silence`, which stand behind the flags. */
static int read_devices(const char *verb, int argc, char **argv, const char *ifname[2],
                        struct zt_failure *failure)
{
    if (argc - optind != 2)
        return zt_fail(failure, ZT_EXIT_USAGE, "usage", "%s wants the names of two devices", verb);
    ifname[0] = argv[optind];
    ifname[1] = argv[optind + 1];
    return 0;
}

static int forward(int argc, char **argv)
{
    struct zt_arguments arguments = zt_arguments_default(RING_DEFAULT);
    struct zt_forward_options options = { 0 };
    struct own_arguments own = { 0 };
    struct zt_failure failure;

    if (zt_arguments_read(&arguments, "ztos-probe", argc, argv, forward_flags, read_flag, &own,
                          &failure))
        return zt_report(&failure);
    if (arguments.help)
        return help();
    if (read_devices("forward", argc, argv, options.ifname, &failure))
        return zt_report(&failure);
    options.netns[0] = own.netns[0];
    options.netns[1] = own.netns[1];
    options.ring = arguments.ring;
    options.ready = arguments.ready;
    return zt_forward_run(&options, &failure) ? zt_report(&failure) : ZT_EXIT_OK;
}

static int silence(int argc, char **argv)
{
    struct zt_arguments arguments = zt_arguments_default(RING_DEFAULT);
    struct zt_silence_options options = { 0 };
    struct own_arguments own = { 0 };
    struct zt_failure failure;

    if (zt_arguments_read(&arguments, "ztos-probe", argc, argv, silence_flags, read_flag, &own,
                          &failure))
        return zt_report(&failure);
    if (arguments.help)
        return help();
    if (read_devices("silence", argc, argv, options.ifname, &failure))
        return zt_report(&failure);
    options.netns[0] = own.netns[0];
    options.netns[1] = own.netns[1];
    options.ready = arguments.ready;
    return zt_silence_run(&options, &failure) ? zt_report(&failure) : ZT_EXIT_OK;
}

static int probe(int argc, char **argv)
{
    static struct zt_probe state;
    struct zt_arguments arguments = zt_arguments_default(RING_DEFAULT);
    struct own_arguments own = { 0 };
    struct zt_probe_options options;
    struct zt_failure failure;
    int result;

    if (zt_arguments_read(&arguments, "ztos-probe", argc, argv, probe_flags, read_flag, &own,
                          &failure))
        return zt_report(&failure);
    if (arguments.help)
        return help();
    if (arguments.version) {
        fputs(ZT_VERSION "\n", stdout);
        return ZT_EXIT_OK;
    }
    if (optind < argc || !arguments.control || !own.config) {
        zt_fail(&failure, ZT_EXIT_USAGE, "usage",
                "--control and --config are needed, and nothing but flags");
        return zt_report(&failure);
    }
    options = (struct zt_probe_options){ .control = arguments.control,
                                         .config = own.config,
                                         .stats = arguments.stats,
                                         .owner = arguments.owner,
                                         .ring = arguments.ring };
    result = zt_probe_open(&state, &options, &failure);
    if (result == 0) {
        zt_tell_ready(arguments.ready);
        zt_probe_run(&state);
    }
    zt_probe_close(&state);
    return result ? zt_report(&failure) : ZT_EXIT_OK;
}

int main(int argc, char **argv)
{
    zt_log_name("ztos-probe");
    if (argc > 1 && strcmp(argv[1], "forward") == 0)
        return forward(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "silence") == 0)
        return silence(argc - 1, argv + 1);
    return probe(argc, argv);
}
