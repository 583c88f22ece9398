/* SPDX-License-Identifier: Apache-2.0 */
/* `ztos-fpe replay`: a journal's inputs, or captures, through the machine in virtual time. */
#ifndef ZTOS_REPLAY_REPLAY_H
#define ZTOS_REPLAY_REPLAY_H

#include "src/base/journal.h"
#include "ztos/machine.h"

/*
 * argv[0] is `replay`. Exit status: 0 the outputs equal those recorded, or none were; 1 they differ; 2 bad input, bad flags
 * or missing keys; 4 the result could not be written.
 */
int zt_replay_command(int argc, char **argv);

enum zt_replay_exit {
    ZT_REPLAY_EQUAL = 0,
    ZT_REPLAY_DIFFERENT = 1,
    ZT_REPLAY_BAD_INPUT = 2,
    ZT_REPLAY_FAILED = 4
};

#define ZT_REPLAY_VECTOR_MAX 1024u

struct zt_replay {
    struct zt_machine *machine;
    /* May be NULL: nothing is written. */
    struct zt_journal_writer *out;
    const struct zt_keys *keys;
    /* Largest vector of frames, 1 to ZT_REPLAY_VECTOR_MAX. */
    uint32_t vector;
    /* Of captures: a seed's payload (WG-4) for behind the program, ZT_SEED_OCTETS; may be NULL. */
    const uint8_t *seed;

    /* What happened. */
    uint64_t inputs, refused, recorded;
    /* Of the last input, ns. */
    uint64_t now;
    bool cut_off, complete, different;
    /* The first difference, in words. */
    char difference[400];
};

/*
 * Replays the inputs of a journal in memory and compares the outputs with those that it records, if it records any. Only
 * inputs reach the machine. BAD_INPUT: `error` says where.
 */
enum zt_replay_exit zt_replay_journal(struct zt_replay *replay, const uint8_t *data, size_t length,
                                      struct zt_error *error);

/* Frames of one port from a capture file in memory, in its order. */
struct zt_replay_capture {
    uint16_t port;
    const uint8_t *data;
    size_t length;
};

/*
 * Runs a program over captures, merged by time (of equal times the first capture's frame comes first).
 */
enum zt_replay_exit zt_replay_captures(struct zt_replay *replay, const char *program, size_t length,
                                       const struct zt_replay_capture *captures, uint32_t count,
                                       struct zt_error *error);

#endif
