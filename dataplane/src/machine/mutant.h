/* SPDX-License-Identifier: Apache-2.0 */
/* ZT_MUTANT(name): whether the mutant of this name is selected; constant false but in a build of mutants. */
#ifndef ZTOS_MACHINE_MUTANT_H
#define ZTOS_MACHINE_MUTANT_H

#include <stdbool.h>

#include "src/machine/mutants.h"

enum zt_mutant {
    ZT_MUTANT_none,
#define ZT_MUTANT_ENUM_(name, clause, meaning) ZT_MUTANT_##name,
    ZT_FOREACH_MUTANT(ZT_MUTANT_ENUM_) ZT_FOREACH_RUN_MUTANT(ZT_MUTANT_ENUM_)
#undef ZT_MUTANT_ENUM_
};

#ifdef ZT_MUTANTS
extern enum zt_mutant zt_mutant_selected;
#define ZT_MUTANT(name) (zt_mutant_selected == ZT_MUTANT_##name)
#else
#define ZT_MUTANT(name) ((void)ZT_MUTANT_##name, false)
#endif

/* Selects a mutant by name; false when there is none of this name, or none in this build. */
bool zt_mutant_select(const char *name);
/* `[{"name":..,"clause":..,"meaning":..},...]` on standard output. */
void zt_mutant_list(void);
/* The same of those that only a run shows, `clause` being a row of docs/features.tsv. */
void zt_mutant_list_run(void);

#endif
