/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ZTOS_RUN_COMMAND_H
#define ZTOS_RUN_COMMAND_H

/*
 * `ztos-fpe run`: argv[0] is `run`. Works in the current network namespace until it is told to stop. Returns the exit
 * status: 0, 1 failed, 2 wrong flags or files, 3 beyond a limit of this build, which is named.
 */
int zt_run_command(int argc, char **argv);

#endif
