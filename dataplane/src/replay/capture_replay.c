/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "src/base/error.h"
#include "src/replay/capture_file.h"
#include "src/replay/replay.h"

/* A capture and its next frame. */
struct source {
    struct zt_capture_reader reader;
    struct zt_captured next;
    uint16_t port;
    bool ended;
};

static bool advance(struct source *source, struct zt_error *error)
{
    uint64_t before = source->next.time;
    enum zt_capture_next next = zt_capture_file_next(&source->reader, &source->next, error);
    if (next == ZT_CAPTURE_MALFORMED) {
        char message[sizeof error->message];
        snprintf(message, sizeof message, "%.300s", error->message);
        return zt_error_set(error, error->code, error->where, "capture of port %u: %.280s",
                            source->port, message);
    }
    source->ended = next == ZT_CAPTURE_AT_END;
    /* Captures of several queues can step back a little; virtual time does not. */
    if (!source->ended && source->next.time < before)
        source->next.time = before;
    return true;
}

/* The source with the earliest frame, the first of equal ones; NULL at the end. */
static struct source *earliest(struct source *sources, uint32_t count)
{
    struct source *found = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (!sources[i].ended && (found == NULL || sources[i].next.time < found->next.time))
            found = &sources[i];
    return found;
}

static void run(struct zt_replay *replay, struct zt_input *inputs, uint32_t *count)
{
    if (*count == 0)
        return;
    struct zt_effects effects = zt_machine_run(replay->machine, inputs, *count);
    if (replay->out != NULL)
        zt_journal_vector(replay->out, inputs, *count, effects);
    replay->inputs += *count;
    replay->now = inputs[*count - 1].now;
    *count = 0;
}

/* Without one nothing is drawn, and no handshake is made. */
static void run_seed(struct zt_replay *replay)
{
    struct zt_input input = { .kind = ZT_INPUT_SEED,
                              .length = ZT_SEED_OCTETS,
                              .data = replay->seed };
    uint32_t count = 1;
    run(replay, &input, &count);
}

static bool merge(struct zt_replay *replay, struct source *sources, uint32_t count,
                  struct zt_input *inputs, struct zt_error *error)
{
    uint32_t gathered = 0;
    for (struct source *source; (source = earliest(sources, count)) != NULL;) {
        inputs[gathered++] = (struct zt_input){
            .kind = ZT_INPUT_FRAME,
            .interface = source->port,
            .length = source->next.length,
            .now = source->next.time,
            .data = source->next.frame,
        };
        if (!advance(source, error))
            return false;
        if (gathered == replay->vector)
            run(replay, inputs, &gathered);
    }
    run(replay, inputs, &gathered);
    return true;
}

static bool is_port(const struct zt_machine *machine, uint16_t id)
{
    for (uint32_t i = 0; i < zt_machine_ports(machine); i++)
        if (zt_machine_port(machine, i).id == id)
            return true;
    return false;
}

static bool open_sources(const struct zt_replay *replay, struct source *sources,
                         const struct zt_replay_capture *captures, uint32_t count,
                         struct zt_error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        char where[24];
        snprintf(where, sizeof where, "port %u", captures[i].port);
        if (!is_port(replay->machine, captures[i].port))
            return zt_error_set(error, "unknown-interface", where, "the program has no such port");
        sources[i].port = captures[i].port;
        if (!zt_capture_file_open(&sources[i].reader, captures[i].data, captures[i].length,
                                  error) ||
            !advance(&sources[i], error))
            return false;
    }
    return true;
}

enum zt_replay_exit zt_replay_captures(struct zt_replay *replay, const char *program, size_t length,
                                       const struct zt_replay_capture *captures, uint32_t count,
                                       struct zt_error *error)
{
    struct zt_effects effects;
    if (!zt_machine_load(replay->machine, 0, program, length, replay->keys, &effects, error))
        return ZT_REPLAY_BAD_INPUT;
    if (replay->out != NULL)
        zt_journal_record(replay->out, ZT_JOURNAL_PROGRAM, 0, 0, program, (uint32_t)length);
    replay->inputs++;
    if (replay->seed != NULL)
        run_seed(replay);
    struct source *sources = zt_calloc(count, sizeof *sources);
    struct zt_input *inputs = zt_calloc(ZT_REPLAY_VECTOR_MAX, sizeof *inputs);
    bool good = open_sources(replay, sources, captures, count, error) &&
                merge(replay, sources, count, inputs, error);
    free(sources);
    free(inputs);
    return good ? ZT_REPLAY_EQUAL : ZT_REPLAY_BAD_INPUT;
}
