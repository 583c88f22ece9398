/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded outputs against those of the machine. */
#ifndef ZTOS_REPLAY_COMPARE_H
#define ZTOS_REPLAY_COMPARE_H

#include "src/base/journal.h"

/* Walks the recorded outputs that follow an input and holds them to the effects of that input. */
struct zt_compare {
    /* Journal positions of the outputs of the inputs under way, read with the inputs. */
    struct zt_journal_entry *recorded;
    /* Input of each, counted from 0 in the file. */
    uint64_t *input;
    uint32_t count, capacity;
};

void zt_compare_add(struct zt_compare *compare, uint64_t input,
                    const struct zt_journal_entry *entry);
void zt_compare_reset(struct zt_compare *compare);
void zt_compare_free(struct zt_compare *compare);

/*
 * Holds what was recorded to `effects`, whose inputs are `first` and those behind it in the file at `now[i]`. False when they
 * differ: `text` says how, with the input's number and the record's offset. With `may_end` the record may stop early, as a journal
 * that was cut off does.
 */
bool zt_compare_effects(const struct zt_compare *compare, struct zt_effects effects, uint64_t first,
                        const uint64_t *now, bool may_end, char *text, size_t size);

#endif
