/* SPDX-License-Identifier: Apache-2.0 */
/* Control operations on a machine with the test leaf or, where they name a peer, with a node that has some: refused with a reason, or applied so that the program it shows can be loaded. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zt_machine *machine;
    struct zt_effects effects;
    struct zt_error error = { 0 };
    size_t length;
    bool peer = size > 0 && memmem(data, size, "peer", 4) != NULL;
    const char *program = peer ? fuzz_wireguard(1, &length) : fuzz_program("leaf", &length);

    if (machine == NULL)
        machine =
            zt_machine_create(&(struct zt_machine_options){ .cache = true, .cache_entries = 64 });
    zt_machine_lend_keys(machine, fuzz_keys());
    if (!zt_machine_load(machine, 0, program, length, fuzz_keys(), &effects, &error))
        abort();
    if (!zt_machine_control(machine, 1, (const char *)data, size, &effects, &error)) {
        if (error.code == NULL || error.message[0] == '\0')
            abort();
        return 0;
    }
    char *changed = zt_machine_program_json(machine, &length);
    if (!zt_machine_load(machine, 2, changed, length, NULL, &effects, &error))
        abort();
    free(changed);
    return 0;
}
