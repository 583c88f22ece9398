/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers by name: a sorted list, made once and searched often. */
#ifndef ZTOS_PROBE_INDEX_H
#define ZTOS_PROBE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

struct zt_index_entry {
    const char *name;
    uint32_t number;
};

struct zt_index {
    struct zt_index_entry *entries;
    uint32_t count, capacity;
};

/* Gives `name`, which must outlive the index, the next number. */
void zt_index_add(struct zt_index *index, const char *name);
/* Makes it searchable; false when two names are equal. */
bool zt_index_sort(struct zt_index *index);
/* The number of a name, -1 if it has none. */
int64_t zt_index_find(const struct zt_index *index, const char *name);
void zt_index_free(struct zt_index *index);

#endif
