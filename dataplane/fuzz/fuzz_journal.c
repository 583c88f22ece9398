/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of journals, and replay. An input that starts like a journal is one; any other is taken for the records behind
 * the PROGRAM record of the test leaf.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/support.h"
#include "src/replay/replay.h"

static uint8_t *with_program(const uint8_t *data, size_t size, size_t *length)
{
    size_t program_length;
    const char *program = fuzz_program("leaf", &program_length);
    uint32_t version = ZT_JOURNAL_VERSION, payload = (uint32_t)program_length;
    uint16_t type = ZT_JOURNAL_PROGRAM;
    *length = 16 + 16 + program_length + size;
    uint8_t *journal = calloc(*length, 1);
    if (journal == NULL)
        abort();
    memcpy(journal, ZT_JOURNAL_MAGIC, 8);
    memcpy(journal + 8, &version, 4);
    memcpy(journal + 16, &payload, 4);
    memcpy(journal + 20, &type, 2);
    memcpy(journal + 32, program, program_length);
    if (size > 0)
        memcpy(journal + 32 + program_length, data, size);
    return journal;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool whole = size >= 8 && memcmp(data, ZT_JOURNAL_MAGIC, 8) == 0;
    size_t length = size;
    uint8_t *made = whole ? NULL : with_program(data, size, &length);
    enum zt_replay_exit results[2];

    for (uint32_t i = 0; i < 2; i++) {
        struct zt_error error = { 0 };
        struct zt_replay replay = { .keys = fuzz_keys(), .vector = i == 0 ? 1 : 7 };
        replay.machine =
            zt_machine_create(&(struct zt_machine_options){ .cache = i == 1, .cache_entries = 64 });
        results[i] = zt_replay_journal(&replay, whole ? data : made, length, &error);
        if (results[i] == ZT_REPLAY_BAD_INPUT && (error.code == NULL || error.message[0] == '\0'))
            abort();
        zt_machine_destroy(replay.machine);
    }
    if (results[0] != results[1])
        abort();
    free(made);
    return 0;
}
