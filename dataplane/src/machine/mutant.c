/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/mutant.h"

#include <stdio.h>
#include <string.h>

#ifdef ZT_MUTANTS

enum zt_mutant zt_mutant_selected = ZT_MUTANT_none;

struct description {
    const char *name, *clause, *meaning;
};

#define MUTANT(name, clause, meaning) { #name, clause, meaning },
/* In the order of enum zt_mutant. */
static const struct description mutants[] = { ZT_FOREACH_MUTANT(MUTANT)
                                                  ZT_FOREACH_RUN_MUTANT(MUTANT) };
#undef MUTANT

#define ONE(name, clause, meaning) +1
#define RUN_COUNT (0 ZT_FOREACH_RUN_MUTANT(ONE))
#define COUNT (sizeof mutants / sizeof *mutants)

bool zt_mutant_select(const char *name)
{
    for (unsigned int i = 0; i < COUNT; i++) {
        if (strcmp(mutants[i].name, name) == 0) {
            zt_mutant_selected = (enum zt_mutant)(i + 1);
            return true;
        }
    }
    return false;
}

static void list(const struct description *first, size_t count)
{
    printf("[");
    for (size_t i = 0; i < count; i++)
        printf("%s\n  {\"name\":\"%s\",\"clause\":\"%s\",\"meaning\":\"%s\"}", i == 0 ? "" : ",",
               first[i].name, first[i].clause, first[i].meaning);
    printf("\n]\n");
}

void zt_mutant_list(void)
{
    list(mutants, COUNT - RUN_COUNT);
}

void zt_mutant_list_run(void)
{
    list(mutants + COUNT - RUN_COUNT, RUN_COUNT);
}

#else

bool zt_mutant_select(const char *name)
{
    (void)name;
    return false;
}

void zt_mutant_list(void)
{
    printf("[]\n");
}

void zt_mutant_list_run(void)
{
    printf("[]\n");
}

#endif
