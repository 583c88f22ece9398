/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

enum flag {
    FLAG_CONFIG = 256,
    FLAG_CONTROL,
    FLAG_OWNER_UID,
    FLAG_RING,
    FLAG_QUEUE,
    FLAG_READY_FD,
    FLAG_HELP,
    FLAG_VERSION,
};

static const struct option flags[] = {
    { "config", required_argument, NULL, FLAG_CONFIG },
    { "control", required_argument, NULL, FLAG_CONTROL },
    { "owner-uid", required_argument, NULL, FLAG_OWNER_UID },
    { "ring", required_argument, NULL, FLAG_RING },
    { "queue", required_argument, NULL, FLAG_QUEUE },
    { "ready-fd", required_argument, NULL, FLAG_READY_FD },
    { "help", no_argument, NULL, FLAG_HELP },
    { "version", no_argument, NULL, FLAG_VERSION },
    { NULL, 0, NULL, 0 },
};

struct arguments {
    struct zt_wire_options options;
    int ready;
    bool help, version;
};

static int read_flag(struct arguments *arguments, int flag, struct zt_failure *failure)
{
    struct zt_wire_options *options = &arguments->options;
    uint64_t number = 0;

    switch (flag) {
    case FLAG_CONFIG:
        options->config = optarg;
        return 0;
    case FLAG_CONTROL:
        options->control = optarg;
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
        options->owner = (uid_t)number;
        return 0;
    case FLAG_RING:
        if (zt_argument_number("ring", optarg, ZT_XSK_RING_MIN, ZT_XSK_RING_MAX, &number, failure))
            return -1;
        options->ring = (uint32_t)number;
        return 0;
    case FLAG_QUEUE:
        if (zt_argument_number("queue", optarg, 1, QUEUE_MAX, &number, failure))
            return -1;
        options->queue = (uint32_t)number;
        return 0;
    case FLAG_READY_FD:
        if (zt_argument_number("ready-fd", optarg, 0, 1 << 20, &number, failure))
            return -1;
        arguments->ready = (int)number;
        return 0;
    default:
        return zt_fail(failure, ZT_EXIT_USAGE, "usage",
                       "wrong flags; ztos-wire --help tells the right ones");
    }
}

static int read_flags(struct arguments *arguments, int argc, char **argv,
                      struct zt_failure *failure)
{
    int flag;

    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1)
        if (read_flag(arguments, flag, failure))
            return -1;
    if (!arguments->help && !arguments->version && (optind < argc || !arguments->options.config))
        return zt_fail(failure, ZT_EXIT_USAGE, "usage",
                       "--config is needed, and nothing but flags");
    return 0;
}

int main(int argc, char **argv)
{
    static struct zt_wire wire;
    struct arguments arguments = {
        .options = { .owner = geteuid(), .ring = RING_DEFAULT, .queue = QUEUE_DEFAULT },
        .ready = -1,
    };
    struct zt_failure failure;
    int result;

    zt_log_name("ztos-wire");
    if (read_flags(&arguments, argc, argv, &failure))
        return zt_report(&failure);
    if (arguments.help || arguments.version) {
        fputs(arguments.help ? usage : "ztos-wire " ZT_VERSION "\n", stdout);
        return ZT_EXIT_OK;
    }
    result = zt_wire_open(&wire, &arguments.options, &failure);
    if (result == 0) {
        zt_tell_ready(arguments.ready);
        zt_wire_run(&wire);
    }
    zt_wire_close(&wire);
    return result ? zt_report(&failure) : ZT_EXIT_OK;
}
