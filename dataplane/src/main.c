/* SPDX-License-Identifier: Apache-2.0 */
/* `ztos-fpe`: the engine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "src/machine/mutant.h"
#include "src/replay/replay.h"
#include "ztos/gen/program.h"
#ifdef ZT_HAVE_RUN
#include "src/run/command.h"
#endif

static const char usage[] =
    "usage: ztos-fpe run|replay [flags]   (run --help, replay --help)\n"
    "       ztos-fpe --version | --list-mutants | --list-run-mutants | --help\n";

/* ZT_MUTANT selects a mutant for either command. A build without mutants must not take the name for granted. */
static int select_from_environment(void)
{
    const char *name = getenv("ZT_MUTANT");
    if (name == NULL || *name == '\0' || zt_mutant_select(name))
        return 0;
    fprintf(stderr, "ztos-fpe: ZT_MUTANT: there is no mutant '%.60s' in this build\n", name);
    return 2;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";

    /* A core would hold keys. RLIMIT_CORE holds for files alone, not for a program that the kernel gives cores to. */
    if (prctl(PR_SET_DUMPABLE, 0) != 0) {
        perror("ztos-fpe: prctl(PR_SET_DUMPABLE)");
        return 4;
    }
    if (strcmp(command, "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (strcmp(command, "--version") == 0) {
        printf("ztos-fpe " ZT_VERSION " (program %d, journal %d)\n", ZT_PROGRAM_VERSION,
               ZT_JOURNAL_VERSION);
        return 0;
    }
    if (strcmp(command, "--list-mutants") == 0) {
        zt_mutant_list();
        return 0;
    }
    if (strcmp(command, "--list-run-mutants") == 0) {
        zt_mutant_list_run();
        return 0;
    }
    if (select_from_environment() != 0)
        return 2;
    if (strcmp(command, "replay") == 0)
        return zt_replay_command(argc - 1, argv + 1);
#ifdef ZT_HAVE_RUN
    if (strcmp(command, "run") == 0)
        return zt_run_command(argc - 1, argv + 1);
#endif
    fputs(usage, stderr);
    return 2;
}
