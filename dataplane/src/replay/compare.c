/* SPDX-License-Identifier: Apache-2.0 */
#include "src/replay/compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/error.h"

void zt_compare_add(struct zt_compare *compare, uint64_t input,
                    const struct zt_journal_entry *entry)
{
    if (compare->count == compare->capacity) {
        compare->capacity = compare->capacity == 0 ? 64 : compare->capacity * 2;
        compare->recorded =
            zt_realloc(compare->recorded, compare->capacity, sizeof *compare->recorded);
        compare->input = zt_realloc(compare->input, compare->capacity, sizeof *compare->input);
    }
    compare->recorded[compare->count] = *entry;
    compare->input[compare->count++] = input;
}

void zt_compare_reset(struct zt_compare *compare)
{
    compare->count = 0;
}

void zt_compare_free(struct zt_compare *compare)
{
    free(compare->recorded);
    free(compare->input);
    *compare = (struct zt_compare){ 0 };
}

static uint16_t fate_of(const struct zt_journal_entry *entry)
{
    uint16_t code;
    memcpy(&code, entry->payload, sizeof code);
    return code;
}

static void describe_record(const struct zt_journal_entry *entry, char *text, size_t size)
{
    if (entry->type == ZT_JOURNAL_FATE)
        snprintf(text, size, "fate %s", zt_fate_name(fate_of(entry)));
    else
        snprintf(text, size, "%s of %" PRIu32 " octets on interface %u",
                 entry->type == ZT_JOURNAL_FRAME_OUT ? "tx" : "punt", entry->length,
                 entry->interface);
}

static void describe_effect(const struct zt_effect *effect, char *text, size_t size)
{
    if (effect->kind == ZT_EFFECT_FATE)
        snprintf(text, size, "fate %s", zt_fate_name(effect->fate));
    else
        snprintf(text, size, "%s of %" PRIu32 " octets on interface %u",
                 effect->kind == ZT_EFFECT_TX ? "tx" : "punt", effect->length, effect->interface);
}

/* First octet in which two frames differ; the shorter length when one is the other's beginning. */
static uint32_t first_difference(const struct zt_journal_entry *entry,
                                 const struct zt_effect *effect)
{
    uint32_t shorter = entry->length < effect->length ? entry->length : effect->length, at = 0;
    while (at < shorter && entry->payload[at] == effect->data[at])
        at++;
    return at;
}

static bool is_equal(const struct zt_journal_entry *entry, const struct zt_effect *effect,
                     uint64_t now)
{
    if (entry->type != (uint16_t)effect->kind || entry->interface != effect->interface ||
        entry->now != now)
        return false;
    if (effect->kind == ZT_EFFECT_FATE)
        return fate_of(entry) == effect->fate;
    return entry->length == effect->length &&
           memcmp(entry->payload, effect->data, effect->length) == 0;
}

static void report(const struct zt_journal_entry *entry, const struct zt_effect *effect,
                   uint64_t input, char *text, size_t size)
{
    char recorded[80] = "nothing", actual[80] = "nothing", place[40] = "", octet[60] = "";
    if (entry != NULL) {
        describe_record(entry, recorded, sizeof recorded);
        snprintf(place, sizeof place, ", record at offset %zu", entry->offset);
    }
    if (effect != NULL)
        describe_effect(effect, actual, sizeof actual);
    if (entry != NULL && effect != NULL && entry->type == (uint16_t)effect->kind &&
        effect->kind != ZT_EFFECT_FATE && entry->interface == effect->interface)
        snprintf(octet, sizeof octet, " (first difference at octet %" PRIu32 ")",
                 first_difference(entry, effect));
    snprintf(text, size, "input %" PRIu64 "%s: recorded %s, actual %s%s", input, place, recorded,
             actual, octet);
}

bool zt_compare_effects(const struct zt_compare *compare, struct zt_effects effects, uint64_t first,
                        const uint64_t *now, bool may_end, char *text, size_t size)
{
    uint32_t most = compare->count > effects.count ? compare->count : effects.count;
    for (uint32_t i = 0; i < most; i++) {
        const struct zt_journal_entry *entry = i < compare->count ? &compare->recorded[i] : NULL;
        const struct zt_effect *effect = i < effects.count ? &effects.list[i] : NULL;
        uint64_t actual = effect == NULL ? UINT64_MAX : first + effect->input;
        uint64_t recorded = entry == NULL ? UINT64_MAX : compare->input[i];
        if (entry == NULL && may_end)
            return true;
        if (actual == recorded && is_equal(entry, effect, now[effect->input]))
            continue;
        /* Whichever comes first in the file is what is missing on the other side. */
        if (actual < recorded)
            entry = NULL;
        else if (recorded < actual)
            effect = NULL;
        report(entry, effect, actual < recorded ? actual : recorded, text, size);
        return false;
    }
    return true;
}
