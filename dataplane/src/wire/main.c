/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "src/run/arguments.h"
#include "src/wire/wire.h"

#define RING_DEFAULT 256
#define QUEUE_DEFAULT 4096
#define QUEUE_MAX (1u << 20)

static const char usage[] =
    "usage: ztos-wire --config FILE [options]\n"
    "  --config FILE     pairs of devices and what lies between them "
    "(dataplane/src/wire/README.md)\n"
    "  --control SOCKET  where to listen for control requests\n"
    "  --owner-uid UID   whose requests are answered beside root's, default the own\n"
    "  --ring SLOTS      AF_XDP ring size, a power of two, 4 KB a slot and device; default 256\n"
    "  --queue FRAMES    frames that each direction of a link holds, more are dropped; default "
    "4096\n"
    "  --ready-fd FD     write a line there when everything is up\n"
    "  --version\n"
    "Runs in the current network namespace, in which the devices must be. They are set up.\n";

enum flag { FLAG_CONFIG = ZT_FLAG_OWN, FLAG_QUEUE };

static const struct option flags[] = {
    { "config", required_argument, NULL, FLAG_CONFIG },
    { "queue", required_argument, NULL, FLAG_QUEUE },
    ZT_OPTION_CONTROL,
    ZT_OPTION_OWNER_UID,
    ZT_OPTION_RING,
    ZT_OPTION_READY_FD,
    ZT_OPTION_HELP,
    ZT_OPTION_VERSION,
    ZT_OPTION_END,
};

static int read_flag(void *context, int flag, struct zt_failure *failure)
{
    struct zt_wire_options *options = context;
    uint64_t number = 0;

    if (flag == FLAG_CONFIG) {
        options->config = optarg;
        return 0;
    }
    if (zt_argument_number("queue", optarg, 1, QUEUE_MAX, &number, failure))
        return -1;
    options->queue = (uint32_t)number;
    return 0;
}

static int read_options(struct zt_wire_options *options, struct zt_arguments *arguments, int argc,
                        char **argv, struct zt_failure *failure)
{
    if (zt_arguments_read(arguments, "ztos-wire", argc, argv, flags, read_flag, options, failure))
        return -1;
    if (!arguments->help && !arguments->version && (optind < argc || !options->config))
        return zt_fail(failure, ZT_EXIT_USAGE, "usage",
                       "--config is needed, and nothing but flags");
    options->control = arguments->control;
    options->owner = arguments->owner;
    options->ring = arguments->ring;
    return 0;
}

int main(int argc, char **argv)
{
    static struct zt_wire wire;
    struct zt_wire_options options = { .queue = QUEUE_DEFAULT };
    struct zt_arguments arguments = zt_arguments_default(RING_DEFAULT);
    struct zt_failure failure;
    int result;

    zt_log_name("ztos-wire");
    if (read_options(&options, &arguments, argc, argv, &failure))
        return zt_report(&failure);
    if (arguments.help || arguments.version) {
        fputs(arguments.help ? usage : "ztos-wire " ZT_VERSION "\n", stdout);
        return ZT_EXIT_OK;
    }
    result = zt_wire_open(&wire, &options, &failure);
    if (result == 0) {
        zt_tell_ready(arguments.ready);
        zt_wire_run(&wire);
    }
    zt_wire_close(&wire);
    return result ? zt_report(&failure) : ZT_EXIT_OK;
}
