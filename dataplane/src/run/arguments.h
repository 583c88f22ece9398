/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines: values, and the flags that engine, probe and wire node have in common. */
#ifndef ZTOS_RUN_ARGUMENTS_H
#define ZTOS_RUN_ARGUMENTS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "src/run/failure.h"

/* Values of the common flags in a program's `struct option`; its own begin with ZT_FLAG_OWN. */
enum zt_flag {
    ZT_FLAG_CONTROL = 256,
    ZT_FLAG_STATS,
    ZT_FLAG_OWNER_UID,
    ZT_FLAG_RING,
    ZT_FLAG_READY_FD,
    ZT_FLAG_HELP,
    ZT_FLAG_VERSION,
    ZT_FLAG_OWN,
};

/* Their entries, for those programs that have them. */
#define ZT_OPTION_CONTROL \
    { \
        "control", required_argument, NULL, ZT_FLAG_CONTROL \
    }
#define ZT_OPTION_STATS \
    { \
        "stats", required_argument, NULL, ZT_FLAG_STATS \
    }
#define ZT_OPTION_OWNER_UID \
    { \
        "owner-uid", required_argument, NULL, ZT_FLAG_OWNER_UID \
    }
#define ZT_OPTION_RING \
    { \
        "ring", required_argument, NULL, ZT_FLAG_RING \
    }
#define ZT_OPTION_READY_FD \
    { \
        "ready-fd", required_argument, NULL, ZT_FLAG_READY_FD \
    }
#define ZT_OPTION_HELP \
    { \
        "help", no_argument, NULL, ZT_FLAG_HELP \
    }
#define ZT_OPTION_VERSION \
    { \
        "version", no_argument, NULL, ZT_FLAG_VERSION \
    }
#define ZT_OPTION_END \
    { \
        NULL, 0, NULL, 0 \
    }

/* What they say. Text is the command line's. */
struct zt_arguments {
    /* NULL when not given. */
    const char *control, *stats;
    uid_t owner;
    /* Slots of each AF_XDP ring. */
    uint32_t ring;
    /* Where a line is waited for, negative for nowhere. */
    int ready;
    bool help, version;
};

/* Nothing given: the own uid, a ring of so many slots, nobody waiting. */
struct zt_arguments zt_arguments_default(uint32_t ring);

/* Takes a flag of a program's own, with getopt's `optarg`; -1 with `failure` filled. */
typedef int zt_own_flag(void *context, int flag, struct zt_failure *failure);

/*
 * Reads all flags from `argv[1]` on; what is none is left at getopt's `optind`. `program` is what a wrong flag's message names: its
 * `--help` tells the right ones.
 */
int zt_arguments_read(struct zt_arguments *arguments, const char *program, int argc, char **argv,
                      const struct option *flags, zt_own_flag *own, void *context,
                      struct zt_failure *failure);

/* A decimal number of a flag, from `least` to `most`. */
int zt_argument_number(const char *flag, const char *text, uint64_t least, uint64_t most,
                       uint64_t *value, struct zt_failure *failure);

/* Writes a line to a descriptor that waits for it, and closes it. Negative: nobody waits. */
void zt_tell_ready(int fd);

/* Prints `failure` and returns its exit status. */
int zt_report(const struct zt_failure *failure);

#endif
