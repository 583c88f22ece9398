/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/file.h"

static const char key_file[] =
    "{\"lab:test/0200000001030001/0\":\"000102030405060708090a0b0c0d0e0f\","
    "\"lab:test/0200000002030001/0\":\"101112131415161718191a1b1c1d1e1f\","
    "\"lab:test/0200000002030001/1\":\"202122232425262728292a2b2c2d2e2f\"}";

const char *fuzz_program(const char *name, size_t *length)
{
    static char *texts[4];
    static char names[4][32];
    static size_t lengths[4];
    for (uint32_t i = 0; i < 4; i++) {
        struct zt_error error;
        char path[80];
        if (texts[i] != NULL && strcmp(names[i], name) != 0)
            continue;
        if (texts[i] == NULL) {
            snprintf(path, sizeof path, "test/programs/%s.json", name);
            snprintf(names[i], sizeof names[i], "%s", name);
            texts[i] = (char *)zt_file_read(path, 1 << 20, &lengths[i], &error);
        }
        if (texts[i] == NULL) {
            fprintf(stderr, "%s: %s\n", path, error.message);
            abort();
        }
        *length = lengths[i];
        return texts[i];
    }
    abort();
}

const struct zt_keys *fuzz_keys(void)
{
    static struct zt_keys *keys;
    if (keys == NULL)
        keys = zt_keys_parse(key_file, sizeof key_file - 1, NULL);
    return keys;
}
