/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the engine (contract/control.ts, EngineRequest), checked. No I/O: the entry for a fuzzer. */
#ifndef ZTOS_RUN_REQUEST_H
#define ZTOS_RUN_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/text.h"
#include "ztos/gen/control.h"
#include "ztos/machine.h"

enum zt_engine_op {
#define ZT_OP_ENUM_(name, text) ZT_OP_##name,
    ZT_FOREACH_ENGINE_OP(ZT_OP_ENUM_)
#undef ZT_OP_ENUM_
};

#define ZT_REQUEST_PATH_MAX 4096

struct zt_request {
    /* 0 while it is not known. */
    uint32_t id;
    enum zt_engine_op op;
    /* Of `load`: as it stands in the message. */
    const char *program;
    size_t program_length;
    /* Of `load` and `apply`. */
    bool has_keys;
    char keys[ZT_REQUEST_PATH_MAX];
    /* Of `apply`: its list as it stands in the message, and whether a change of it may name keys. */
    const char *changes;
    size_t changes_length;
    bool names_keys;
    /* Of `capture`; `file` is empty for null. */
    uint16_t interface;
    char file[ZT_REQUEST_PATH_MAX];
    /* Of `advance-time`. */
    uint64_t ns;
    /* Of `learned`; `wait` in ms. */
    bool has_since;
    uint64_t since;
    uint32_t wait;
};

/*
 * Reads a message. The values of `set-vni`, `set-macsec-mode`, `carrier`, `flush` and `apply` are left to zt_machine_control(). False
 * with `error` filled: `json-invalid` (nothing else on this connection can be trusted) or `request-invalid`.
 */
bool zt_request_parse(struct zt_request *request, const char *message, size_t length,
                      struct zt_error *error);

/* `{"id":N,"ok":true` without the end, and the whole of `{"id":N,"ok":false,"code":...,"message":...}`. */
void zt_answer_begin(struct zt_text *answer, uint32_t id);
void zt_answer_error(struct zt_text *answer, uint32_t id, const struct zt_error *error);

#endif
