/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/error.h"
#include "src/replay/compare.h"
#include "src/replay/replay.h"

/* Inputs that are to run together, and what is recorded behind them. */
struct batch {
    struct zt_input inputs[ZT_REPLAY_VECTOR_MAX];
    uint64_t now[ZT_REPLAY_VECTOR_MAX];
    uint32_t count;
    /* Number in the file of the first. */
    uint64_t first;
    struct zt_compare compare;
};

/* A PROGRAM or CONTROL_IN: what was refused has no effect (CTRL-5), but the first program must be good. */
static bool run_single(struct zt_replay *replay, const struct zt_journal_entry *entry,
                       struct zt_effects *effects, struct zt_error *error)
{
    struct zt_error refused = { 0 };
    const char *text = (const char *)entry->payload;
    bool program = entry->type == ZT_JOURNAL_PROGRAM, good;

    if (program)
        good = zt_machine_load(replay->machine, entry->now, text, entry->length, replay->keys,
                               effects, &refused);
    else
        good =
            zt_machine_control(replay->machine, entry->now, text, entry->length, effects, &refused);
    if (good)
        return true;
    if (program &&
        (zt_machine_node(replay->machine) == NULL || strcmp(refused.code, "keys-missing") == 0)) {
        *error = refused;
        return false;
    }
    replay->refused++;
    fprintf(stderr, "input at offset %zu changes nothing: %s: %s\n", entry->offset, refused.where,
            refused.message);
    return true;
}

/* Writes and compares what the batch's inputs did. */
static void settle(struct zt_replay *replay, struct batch *batch, struct zt_effects effects,
                   bool last)
{
    bool may_end = last && !replay->complete;
    replay->recorded += batch->compare.count;
    if (!replay->different)
        replay->different =
            !zt_compare_effects(&batch->compare, effects, batch->first, batch->now, may_end,
                                replay->difference, sizeof replay->difference);
    batch->first += batch->count;
    batch->count = 0;
    zt_compare_reset(&batch->compare);
}

/* Runs what was gathered. */
static void run_batch(struct zt_replay *replay, struct batch *batch, bool last)
{
    if (batch->count == 0)
        return;
    struct zt_effects effects = zt_machine_run(replay->machine, batch->inputs, batch->count);
    if (replay->out != NULL)
        zt_journal_vector(replay->out, batch->inputs, batch->count, effects);
    settle(replay, batch, effects, last);
}

static bool is_port(const struct zt_machine *machine, uint16_t interface)
{
    for (uint32_t i = 0; i < zt_machine_ports(machine); i++)
        if (zt_machine_port(machine, i).id == interface)
            return true;
    return false;
}

static bool check_port(const struct zt_replay *replay, const struct zt_journal_entry *entry,
                       struct zt_error *error)
{
    char where[40];
    if ((entry->type != ZT_JOURNAL_FRAME_IN && entry->type != ZT_JOURNAL_PUNT_IN) ||
        is_port(replay->machine, entry->interface))
        return true;
    snprintf(where, sizeof where, "offset %zu", entry->offset + 6);
    return zt_error_set(error, "journal-malformed", where, "interface %u is no port of the program",
                        entry->interface);
}

/* A PROGRAM or CONTROL_IN with the outputs behind it. */
static enum zt_journal_next run_alone(struct zt_replay *replay, struct zt_journal_reader *reader,
                                      struct batch *batch, struct zt_journal_entry *entry,
                                      struct zt_error *error)
{
    struct zt_journal_entry input = *entry;
    enum zt_journal_next next;
    struct zt_effects effects;

    if (!run_single(replay, &input, &effects, error))
        return ZT_JOURNAL_MALFORMED;
    if (replay->out != NULL) {
        zt_journal_record(replay->out, input.type, 0, input.now, input.payload, input.length);
        for (uint32_t i = 0; i < effects.count; i++)
            zt_journal_effect(replay->out, input.now, &effects.list[i]);
    }
    batch->now[0] = replay->now = input.now;
    batch->count = 1;
    while ((next = zt_journal_next(reader, entry, error)) == ZT_JOURNAL_RECORD_READ &&
           entry->type >= 16)
        zt_compare_add(&batch->compare, batch->first, entry);
    replay->complete = reader->complete;
    if (next != ZT_JOURNAL_MALFORMED)
        settle(replay, batch, effects, next == ZT_JOURNAL_AT_END);
    return next;
}

/* A vector: frames up to the limit, any other input alone; with the outputs behind each. */
static enum zt_journal_next run_vector(struct zt_replay *replay, struct zt_journal_reader *reader,
                                       struct batch *batch, struct zt_journal_entry *entry,
                                       struct zt_error *error)
{
    enum zt_journal_next next = ZT_JOURNAL_RECORD_READ;
    bool frames = entry->type == ZT_JOURNAL_FRAME_IN;

    while (next == ZT_JOURNAL_RECORD_READ) {
        if (entry->type >= 16) {
            zt_compare_add(&batch->compare, batch->first + batch->count - 1, entry);
        } else {
            bool joins = batch->count == 0 || (frames && entry->type == ZT_JOURNAL_FRAME_IN &&
                                               batch->count < replay->vector);
            if (!joins)
                break;
            if (!check_port(replay, entry, error))
                return ZT_JOURNAL_MALFORMED;
            replay->inputs += batch->count > 0;
            batch->now[batch->count] = replay->now = entry->now;
            batch->inputs[batch->count++] = (struct zt_input){
                .kind = (enum zt_input_kind)entry->type,
                .interface = entry->interface,
                .length = entry->length,
                .now = entry->now,
                .data = entry->payload,
            };
        }
        next = zt_journal_next(reader, entry, error);
    }
    replay->complete = reader->complete;
    if (next != ZT_JOURNAL_MALFORMED)
        run_batch(replay, batch, next == ZT_JOURNAL_AT_END);
    return next;
}

static enum zt_replay_exit replay_records(struct zt_replay *replay,
                                          struct zt_journal_reader *reader, struct batch *batch,
                                          struct zt_error *error)
{
    struct zt_journal_entry entry;
    enum zt_journal_next next = zt_journal_next(reader, &entry, error);

    while (next == ZT_JOURNAL_RECORD_READ) {
        replay->inputs++;
        if (entry.type == ZT_JOURNAL_PROGRAM || entry.type == ZT_JOURNAL_CONTROL_IN)
            next = run_alone(replay, reader, batch, &entry, error);
        else
            next = run_vector(replay, reader, batch, &entry, error);
    }
    replay->cut_off = reader->cut_off;
    replay->complete = reader->complete;
    if (next == ZT_JOURNAL_MALFORMED)
        return ZT_REPLAY_BAD_INPUT;
    /* A journal of inputs alone asks for no comparison. */
    if (replay->recorded == 0)
        replay->different = false;
    return replay->different ? ZT_REPLAY_DIFFERENT : ZT_REPLAY_EQUAL;
}

enum zt_replay_exit zt_replay_journal(struct zt_replay *replay, const uint8_t *data, size_t length,
                                      struct zt_error *error)
{
    struct zt_journal_reader reader;
    if (!zt_journal_open(&reader, data, length, error))
        return ZT_REPLAY_BAD_INPUT;
    if (length == ZT_JOURNAL_HEADER_LENGTH) {
        zt_error_set(error, "journal-malformed", "offset 16",
                     "there is no record; the first must be PROGRAM");
        return ZT_REPLAY_BAD_INPUT;
    }
    struct batch *batch = zt_calloc(1, sizeof *batch);
    zt_machine_lend_keys(replay->machine, replay->keys); /* WG-33 */
    enum zt_replay_exit result = replay_records(replay, &reader, batch, error);
    zt_machine_lend_keys(replay->machine, NULL);
    zt_compare_free(&batch->compare);
    free(batch);
    if (result != ZT_REPLAY_BAD_INPUT && replay->inputs == 0) {
        zt_error_set(error, "journal-malformed", "offset 16",
                     "the journal is cut off within its first record");
        return ZT_REPLAY_BAD_INPUT;
    }
    return result;
}
