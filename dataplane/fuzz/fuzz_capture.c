/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of captures. */
#include <stdlib.h>

#include "fuzz/support.h"
#include "src/replay/capture_file.h"

/* What is read is used: a sanitizer sees each load. */
static volatile uint8_t sink;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zt_capture_reader reader;
    struct zt_captured captured;
    struct zt_error error = { 0 };
    uint8_t touched = 0;
    enum zt_capture_next next = ZT_CAPTURE_MALFORMED;

    if (zt_capture_file_open(&reader, data, size, &error)) {
        while ((next = zt_capture_file_next(&reader, &captured, &error)) == ZT_CAPTURE_FRAME)
            for (uint32_t i = 0; i < captured.length; i++)
                touched ^= captured.frame[i];
        sink = touched;
    }
    if (next == ZT_CAPTURE_MALFORMED && error.message[0] == '\0')
        abort();
    return 0;
}
