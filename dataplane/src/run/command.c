/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/command.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "src/machine/mutant.h"
#include "src/run/arguments.h"
#include "src/run/engine.h"

#define RING_DEFAULT 256

static const char usage[] =
    "usage: ztos-fpe run --program FILE --control SOCKET [options]\n"
    "  --program FILE    NodeProgram (contract/program.ts)\n"
    "  --control SOCKET  where to listen for control requests\n"
    "  --keys FILE       key file, 0600, for a program that names keys\n"
    "  --journal FILE    record every input and output\n"
    "  --stats FILE      statistics page (ztos/stats_page.h)\n"
    "  --cache on|off    flow cache, on by default\n"
    "  --owner-uid UID   whose requests are answered beside root's, default the own\n"
    "  --ring SLOTS      AF_XDP ring size, a power of two, 4 KB a slot and port; default 256\n"
    "  --detach          take the XDP programs off at an orderly end; without it ports go on "
    "dropping\n"
    "  --ready-fd FD     write a line there when everything is up\n"
    "  --mutant NAME     in a build of mutants\n"
    "Runs in the current network namespace, where for each port NAME the device NAME.phy must be, "
    "and the TAP NAME.\n";

enum flag {
    FLAG_PROGRAM = 256,
    FLAG_CONTROL,
    FLAG_KEYS,
    FLAG_JOURNAL,
    FLAG_STATS,
    FLAG_CACHE,
    FLAG_OWNER_UID,
    FLAG_RING,
    FLAG_DETACH,
    FLAG_READY_FD,
    FLAG_MUTANT,
    FLAG_HELP,
};

static const struct option flags[] = {
    { "program", required_argument, NULL, FLAG_PROGRAM },
    { "control", required_argument, NULL, FLAG_CONTROL },
    { "keys", required_argument, NULL, FLAG_KEYS },
    { "journal", required_argument, NULL, FLAG_JOURNAL },
    { "stats", required_argument, NULL, FLAG_STATS },
    { "cache", required_argument, NULL, FLAG_CACHE },
    { "owner-uid", required_argument, NULL, FLAG_OWNER_UID },
    { "ring", required_argument, NULL, FLAG_RING },
    { "detach", no_argument, NULL, FLAG_DETACH },
    { "ready-fd", required_argument, NULL, FLAG_READY_FD },
    { "mutant", required_argument, NULL, FLAG_MUTANT },
    { "help", no_argument, NULL, FLAG_HELP },
    { NULL, 0, NULL, 0 },
};

struct arguments {
    struct zt_engine_options options;
    int ready;
    bool help;
};

static int read_flag(struct arguments *arguments, int flag, struct zt_failure *failure)
{
    struct zt_engine_options *options = &arguments->options;
    uint64_t number = 0;

    switch (flag) {
    case FLAG_PROGRAM:
        options->program = optarg;
        return 0;
    case FLAG_CONTROL:
        options->control = optarg;
        return 0;
    case FLAG_KEYS:
        options->keys = optarg;
        return 0;
    case FLAG_JOURNAL:
        options->journal = optarg;
        return 0;
    case FLAG_STATS:
        options->stats = optarg;
        return 0;
    case FLAG_DETACH:
        options->detach = true;
        return 0;
    case FLAG_HELP:
        arguments->help = true;
        return 0;
    case FLAG_CACHE:
        options->cache = strcmp(optarg, "on") == 0;
        if (!options->cache && strcmp(optarg, "off") != 0)
            return zt_fail(failure, ZT_EXIT_USAGE, "usage", "--cache is on or off, not '%.60s'",
                           optarg);
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
    case FLAG_READY_FD:
        if (zt_argument_number("ready-fd", optarg, 0, 1 << 20, &number, failure))
            return -1;
        arguments->ready = (int)number;
        return 0;
    case FLAG_MUTANT:
        if (!zt_mutant_select(optarg))
            return zt_fail(failure, ZT_EXIT_USAGE, "usage",
                           "there is no mutant '%.60s' in this build", optarg);
        return 0;
    default:
        return zt_fail(failure, ZT_EXIT_USAGE, "usage",
                       "wrong flags; ztos-fpe run --help tells the right ones");
    }
}

static int read_arguments(struct arguments *arguments, int argc, char **argv,
                          struct zt_failure *failure)
{
    int flag;

    /* getopt begins anew at what main() has left. */
    optind = 1;
    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1)
        if (read_flag(arguments, flag, failure))
            return -1;
    if (arguments->help)
        return 0;
    if (optind < argc)
        return zt_fail(failure, ZT_EXIT_USAGE, "usage",
                       "nothing may follow the flags, but '%.60s' does", argv[optind]);
    if (!arguments->options.program || !arguments->options.control)
        return zt_fail(failure, ZT_EXIT_USAGE, "usage", "--program and --control are needed");
    return 0;
}

int zt_run_command(int argc, char **argv)
{
    static struct zt_engine engine;
    struct arguments arguments = {
        .options = { .cache = true, .owner = geteuid(), .ring = RING_DEFAULT },
        .ready = -1,
    };
    const struct rlimit no_core = { 0, 0 };
    struct zt_failure failure;
    struct zt_failure ending;
    int result;

    zt_log_name("ztos-fpe");
    if (read_arguments(&arguments, argc, argv, &failure))
        return zt_report(&failure);
    if (arguments.help) {
        fputs(usage, stdout);
        return ZT_EXIT_OK;
    }
    /* A core file would hold keys. */
    setrlimit(RLIMIT_CORE, &no_core);
    if (zt_engine_open(&engine, &arguments.options, &failure)) {
        zt_engine_close(&engine, &ending);
        return zt_report(&failure);
    }
    zt_tell_ready(arguments.ready);
    zt_engine_run(&engine);
    result = zt_engine_close(&engine, &failure);
    return result ? zt_report(&failure) : ZT_EXIT_OK;
}
