/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/mutant.h"

#include <stdio.h>
#include <string.h>

#ifdef ZT_MUTANTS

enum zt_mutant zt_mutant_selected = ZT_MUTANT_none;

static const struct {
    const char *name, *clause, *meaning;
} mutants[] = {
#define MUTANT(name, clause, meaning) { #name, clause, meaning },
    ZT_FOREACH_MUTANT(MUTANT)
#undef MUTANT
};

bool zt_mutant_select(const char *name)
{
    for (unsigned int i = 0; i < sizeof mutants / sizeof *mutants; i++) {
        if (strcmp(mutants[i].name, name) == 0) {
            zt_mutant_selected = (enum zt_mutant)(i + 1);
            return true;
        }
    }
    return false;
}

void zt_mutant_list(void)
{
    printf("[");
    for (unsigned int i = 0; i < sizeof mutants / sizeof *mutants; i++)
        printf("%s\n  {\"name\":\"%s\",\"clause\":\"%s\",\"meaning\":\"%s\"}", i == 0 ? "" : ",",
               mutants[i].name, mutants[i].clause, mutants[i].meaning);
    printf("\n]\n");
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

#endif
