/* SPDX-License-Identifier: Apache-2.0 */
#include "src/probe/index.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/error.h"

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct zt_index_entry *)a)->name,
                  ((const struct zt_index_entry *)b)->name);
}

void zt_index_add(struct zt_index *index, const char *name)
{
    if (index->count == index->capacity) {
        index->capacity = index->capacity ? index->capacity * 2 : 64;
        index->entries = zt_realloc(index->entries, index->capacity, sizeof(*index->entries));
    }
    index->entries[index->count] = (struct zt_index_entry){ .name = name, .number = index->count };
    index->count++;
}

bool zt_index_sort(struct zt_index *index)
{
    if (index->count > 0)
        qsort(index->entries, index->count, sizeof(*index->entries), compare);
    for (uint32_t i = 1; i < index->count; i++)
        if (compare(&index->entries[i - 1], &index->entries[i]) == 0)
            return false;
    return true;
}

int64_t zt_index_find(const struct zt_index *index, const char *name)
{
    const struct zt_index_entry wanted = { .name = name };
    const struct zt_index_entry *found = NULL;

    if (index->count > 0)
        found = bsearch(&wanted, index->entries, index->count, sizeof(*index->entries), compare);
    return found ? (int64_t)found->number : -1;
}

void zt_index_free(struct zt_index *index)
{
    free(index->entries);
    *index = (struct zt_index){ 0 };
}
