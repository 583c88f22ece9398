/* SPDX-License-Identifier: Apache-2.0 */
/* Writer of a statistics page (ztos/stats_page.h). */
#ifndef ZTOS_RUN_STATS_FILE_H
#define ZTOS_RUN_STATS_FILE_H

#include "src/run/failure.h"
#include "ztos/stats_page.h"

struct zt_stats_file {
    /* Never NULL after zt_stats_create(): without a path the page is in memory only. */
    struct zt_stats_header *header;
    struct zt_stats_entry *entries;
};

/*
 * Makes the page with room for `count` entries, mode 0600. An old file is replaced under the reader's hands (rename), so
 * that a page of a process that is gone is never mistaken for this one. `path` may be NULL.
 */
int zt_stats_create(struct zt_stats_file *file, const char *path, enum zt_stats_kind kind,
                    uint32_t count, struct zt_failure *failure);

/* Between begin and end the page may be changed. */
void zt_stats_begin(struct zt_stats_file *file);
void zt_stats_end(struct zt_stats_file *file, uint64_t now);

/* A single word outside the cut: what the process does. */
void zt_stats_state(struct zt_stats_file *file, enum zt_stats_state state);

/* Says that the process has ended in order. */
void zt_stats_close(struct zt_stats_file *file);

#endif
