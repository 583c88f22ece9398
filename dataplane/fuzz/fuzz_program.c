/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of programs: never crashes; what it takes can be written out and is taken again. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zt_machine *machine;
    struct zt_effects effects;
    struct zt_error error = { 0 };
    size_t length;

    if (machine == NULL)
        machine =
            zt_machine_create(&(struct zt_machine_options){ .cache = true, .cache_entries = 64 });
    if (!zt_machine_load(machine, 0, (const char *)data, size, fuzz_keys(), &effects, &error)) {
        if (error.code == NULL || error.where[0] == '\0' || error.message[0] == '\0')
            abort();
        return 0;
    }
    char *again = zt_machine_program_json(machine, &length);
    char *tables = zt_machine_tables_json(machine, 0, NULL);
    if (length != size || memcmp(again, data, size) != 0)
        abort();
    if (!zt_machine_load(machine, 0, again, length, NULL, &effects, &error))
        abort();
    free(tables);
    free(again);
    return 0;
}
