/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    FLAG_PROGRAM = ZT_FLAG_OWN,
    FLAG_KEYS,
    FLAG_JOURNAL,
    FLAG_CACHE,
    FLAG_DETACH,
    FLAG_MUTANT,
};

static const struct option flags[] = {
    { "program", required_argument, NULL, FLAG_PROGRAM },
    { "keys", required_argument, NULL, FLAG_KEYS },
    { "journal", required_argument, NULL, FLAG_JOURNAL },
    { "cache", required_argument, NULL, FLAG_CACHE },
    { "detach", no_argument, NULL, FLAG_DETACH },
    { "mutant", required_argument, NULL, FLAG_MUTANT },
    ZT_OPTION_CONTROL,
    ZT_OPTION_STATS,
    ZT_OPTION_OWNER_UID,
    ZT_OPTION_RING,
    ZT_OPTION_READY_FD,
    ZT_OPTION_HELP,
    ZT_OPTION_END,
};

static int read_flag(void *context, int flag, struct zt_failure *failure)
{
    struct zt_engine_options *options = context;

    switch ((enum flag)flag) {
    case FLAG_PROGRAM:
        options->program = optarg;
        return 0;
    case FLAG_KEYS:
        options->keys = optarg;
        return 0;
    case FLAG_JOURNAL:
        options->journal = optarg;
        return 0;
    case FLAG_DETACH:
        options->detach = true;
        return 0;
    case FLAG_CACHE:
        options->cache = strcmp(optarg, "on") == 0;
        if (!options->cache && strcmp(optarg, "off") != 0)
            return zt_fail(failure, ZT_EXIT_USAGE, "usage", "--cache is on or off, not '%.60s'",
                           optarg);
        return 0;
    case FLAG_MUTANT:
        if (!zt_mutant_select(optarg))
            return zt_fail(failure, ZT_EXIT_USAGE, "usage",
                           "there is no mutant '%.60s' in this build", optarg);
        return 0;
    }
    return -1;
}

static int read_options(struct zt_engine_options *options, struct zt_arguments *arguments, int argc,
                        char **argv, struct zt_failure *failure)
{
    if (zt_arguments_read(arguments, "ztos-fpe run", argc, argv, flags, read_flag, options,
                          failure))
        return -1;
    if (arguments->help)
        return 0;
    if (optind < argc)
        return zt_fail(failure, ZT_EXIT_USAGE, "usage",
                       "nothing may follow the flags, but '%.60s' does", argv[optind]);
    if (!options->program || !arguments->control)
        return zt_fail(failure, ZT_EXIT_USAGE, "usage", "--program and --control are needed");
    options->control = arguments->control;
    options->stats = arguments->stats;
    options->owner = arguments->owner;
    options->ring = arguments->ring;
    return 0;
}

int zt_run_command(int argc, char **argv)
{
    static struct zt_engine engine;
    struct zt_arguments arguments = zt_arguments_default(RING_DEFAULT);
    struct zt_engine_options options = { .cache = true };
    struct zt_failure failure;
    struct zt_failure ending;
    int result;

    zt_log_name("ztos-fpe");
    if (read_options(&options, &arguments, argc, argv, &failure))
        return zt_report(&failure);
    if (arguments.help) {
        fputs(usage, stdout);
        return ZT_EXIT_OK;
    }
    if (zt_engine_open(&engine, &options, &failure)) {
        zt_engine_close(&engine, &ending);
        return zt_report(&failure);
    }
    zt_tell_ready(arguments.ready);
    zt_engine_run(&engine);
    result = zt_engine_close(&engine, &failure);
    return result ? zt_report(&failure) : ZT_EXIT_OK;
}
