/* SPDX-License-Identifier: Apache-2.0 */
/* Journal files (contract/journal.ts): a buffered writer and a reader over memory. */
#ifndef ZTOS_BASE_JOURNAL_H
#define ZTOS_BASE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ztos/machine.h"

/* Octets of a SEED's payload: wall time and entropy. */
#define ZT_SEED_OCTETS 40u

/* ---- writing ----------------------------------------------------------------------------------------- */

struct zt_journal_writer;

/*
 * Creates (or truncates) a journal, mode 0600 whatever the umask, and writes its header. A path that is a symbolic link
 * is refused. NULL with `error` filled on failure.
 */
struct zt_journal_writer *zt_journal_create(const char *path, struct zt_error *error);

/*
 * Appends a record. Failures of the file are remembered: nothing is written any more, and sync and close say so.
 * Inputs (type below 16) and outputs are counted for END.
 */
void zt_journal_record(struct zt_journal_writer *writer, uint16_t type, uint16_t interface,
                       uint64_t now, const void *payload, uint32_t length);
/* An input of a vector as it was given to the machine. */
void zt_journal_input(struct zt_journal_writer *writer, const struct zt_input *input);
/* An effect of an input at `now`. */
void zt_journal_effect(struct zt_journal_writer *writer, uint64_t now,
                       const struct zt_effect *effect);
/*
 * A vector with its effects, in the journal's order: each input followed by its outputs.
 */
void zt_journal_vector(struct zt_journal_writer *writer, const struct zt_input *inputs,
                       uint32_t count, struct zt_effects effects);

/* Hands what is buffered to the file. `octets` (may be NULL) is the length of the file that is then complete. */
bool zt_journal_sync(struct zt_journal_writer *writer, uint64_t *octets, struct zt_error *error);
/* Writes END, syncs, closes and frees. False with `error` filled if anything was lost. */
bool zt_journal_close(struct zt_journal_writer *writer, struct zt_error *error);
/* Closes without END, as after a failure: the journal says on reading that it was cut off. */
void zt_journal_abandon(struct zt_journal_writer *writer);

/* ---- reading ----------------------------------------------------------------------------------------- */

struct zt_journal_reader {
    const uint8_t *data;
    size_t length;
    /* Where the next record starts. */
    size_t offset;
    uint64_t now;
    uint64_t inputs, outputs;
    bool complete, cut_off;
};

struct zt_journal_entry {
    uint16_t type;
    uint16_t interface;
    uint64_t now;
    uint32_t length;
    const uint8_t *payload;
    /* Of the record's header in the file. */
    size_t offset;
};

enum zt_journal_next { ZT_JOURNAL_RECORD_READ, ZT_JOURNAL_AT_END, ZT_JOURNAL_MALFORMED };

/* Checks magic and version. */
bool zt_journal_open(struct zt_journal_reader *reader, const uint8_t *data, size_t length,
                     struct zt_error *error);
/*
 * The next record. At the end `complete` tells whether END was there (it is checked against what was read and not
 * returned); `cut_off` that the last record was incomplete. Malformed: `error` says offset and reason.
 */
enum zt_journal_next zt_journal_next(struct zt_journal_reader *reader,
                                     struct zt_journal_entry *entry, struct zt_error *error);

#endif
