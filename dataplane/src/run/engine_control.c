/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "src/base/error.h"
#include "src/run/engine.h"

/* Longest time that can be advanced to: what is left of 64 bits lasts for another century. */
#define ADVANCE_MAX (UINT64_C(1) << 62)
/* Vectors that `sync` processes first, so that it is a barrier behind what has arrived. */
#define SYNC_VECTORS 1024
/* Longest wait of a request, ms. */
#define WAIT_MAX_MS 60000

static const char *const fate_names[ZT_FATE_MAX + 1] = {
#define FATE_NAME(name, code, text, kind, clause, meaning) [code] = text,
    ZT_FOREACH_FATE(FATE_NAME)
#undef FATE_NAME
};

static bool from_failure(struct zt_error *error, const struct zt_failure *failure)
{
    return zt_error_set(error, failure->code, "", "%.300s", failure->message);
}

/* The members of an object that the machine wrote, behind those that are there already. */
static void splice(struct zt_text *answer, char *object, size_t length)
{
    if (length > 2) {
        zt_text_append(answer, ",", 1);
        zt_text_append(answer, object + 1, length - 2);
    }
    free(object);
}

static void answer_hello(struct zt_engine *engine, struct zt_text *answer)
{
    char digest[65];

    zt_machine_program_digest(engine->machine, digest);
    zt_text_format(answer, ",\"version\":%d,\"node\":", ZT_CONTROL_VERSION);
    zt_text_json_string(answer, zt_machine_node(engine->machine));
    zt_text_format(answer, ",\"program\":\"%s\",\"pid\":%d,\"cpu\":\"%s\"", digest, getpid(),
                   zt_machine_cpu(engine->machine));
}

static void answer_program(struct zt_engine *engine, struct zt_text *answer)
{
    size_t length;
    char *program = zt_machine_program_json(engine->machine, &length);

    zt_text_append(answer, ",\"program\":", 11);
    zt_text_append(answer, program, length);
    free(program);
}

static void answer_tables(struct zt_engine *engine, struct zt_text *answer)
{
    size_t length;
    char *tables = zt_machine_tables_json(engine->machine, zt_engine_now(engine), &length);

    splice(answer, tables, length);
}

static uint64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* Whether a `learned` has nothing new to tell yet. */
static bool waits(struct zt_engine *engine, const struct zt_request *request,
                  const struct zt_control_peer *peer)
{
    uint64_t version = zt_machine_learned_version(engine->machine, zt_engine_now(engine));
    uint64_t until = now_ms() + request->wait - peer->waited;

    if (!request->has_since || request->since != engine->learned_base + version ||
        peer->waited >= request->wait)
        return false;
    engine->learned_seen = version;
    if (until < engine->wait_until)
        engine->wait_until = until;
    return true;
}

void zt_engine_resume(struct zt_engine *engine)
{
    if (engine->control.waiting == 0 ||
        (zt_machine_learned_version(engine->machine, zt_engine_now(engine)) ==
             engine->learned_seen &&
         now_ms() < engine->wait_until))
        return;
    engine->wait_until = UINT64_MAX;
    zt_control_resume(&engine->control);
}

int zt_engine_patience(struct zt_engine *engine)
{
    uint64_t expiry, now, ms, rest;

    if (engine->control.waiting == 0)
        return -1;
    expiry = zt_machine_learned_expiry(engine->machine);
    now = zt_engine_now(engine);
    ms = now_ms();
    rest = engine->wait_until > ms ? engine->wait_until - ms : 0;
    /* Rounded up: a moment early there is nothing to tell. */
    if (expiry != UINT64_MAX && expiry <= now)
        rest = 0;
    else if (expiry != UINT64_MAX && (expiry - now) / 1000000 + 1 < rest)
        rest = (expiry - now) / 1000000 + 1;
    return rest < WAIT_MAX_MS ? (int)rest : WAIT_MAX_MS;
}

static void answer_learned(struct zt_engine *engine, struct zt_text *answer)
{
    uint64_t now = zt_engine_now(engine);
    uint64_t version = engine->learned_base + zt_machine_learned_version(engine->machine, now);
    size_t length;
    char *learned = zt_machine_learned_json(engine->machine, now, &length);

    zt_text_format(answer, ",\"version\":%llu", (unsigned long long)version);
    splice(answer, learned, length);
}

static void answer_stats(struct zt_engine *engine, struct zt_text *answer)
{
    const struct zt_counters *counters = zt_machine_counters(engine->machine);
    const char *comma = "";

    zt_engine_read_kernel(engine);
    zt_engine_publish(engine);
    zt_text_append(answer, ",\"ports\":[", 10);
    for (uint32_t i = 0; i < engine->port_count; i++) {
        const struct zt_port *port = &engine->ports[i];

        if (port->vacant)
            continue;
        zt_text_format(
            answer,
            "%s{\"interface\":%u,\"rx\":%llu,\"tx\":%llu,\"rxDropped\":%llu,\"txDropped\":%llu,"
            "\"puntIn\":%llu,\"puntOut\":%llu,\"xdpPassed\":%llu}",
            comma, port->id, (unsigned long long)zt_port_rx(port),
            (unsigned long long)zt_port_tx(port), (unsigned long long)zt_port_rx_dropped(port),
            (unsigned long long)zt_port_tx_dropped(port), (unsigned long long)port->punt_in,
            (unsigned long long)port->punt_out, (unsigned long long)port->xdp_passed);
        comma = ",";
    }
    comma = "";
    zt_text_append(answer, "],\"fates\":{", 11);
    for (unsigned int fate = 0; fate <= ZT_FATE_MAX; fate++) {
        if (!fate_names[fate] || counters->fates[fate] == 0)
            continue;
        zt_text_format(answer, "%s\"%s\":%llu", comma, fate_names[fate],
                       (unsigned long long)counters->fates[fate]);
        comma = ",";
    }
    zt_text_format(answer, "},\"inputs\":%llu,\"outputs\":%llu",
                   (unsigned long long)counters->inputs, (unsigned long long)counters->outputs);
}

static bool do_sync(struct zt_engine *engine, struct zt_text *answer, struct zt_error *error)
{
    struct zt_failure failure;

    for (int vectors = 0; vectors < SYNC_VECTORS && zt_engine_step(engine); vectors++)
        continue;
    zt_engine_handshakes(engine, ZT_HANDSHAKES_MAX);
    zt_captures_drain(&engine->captures);
    for (uint32_t i = 0; i < engine->port_count; i++) {
        struct zt_pcapng *file = engine->ports[i].capture.file;

        if (file && !zt_pcapng_flush(file, &failure))
            return from_failure(error, &failure);
    }
    if (engine->journal && !zt_journal_sync(engine->journal, &engine->journal_octets, error)) {
        engine->journal_lost = true;
        return false;
    }
    zt_engine_publish(engine);
    zt_text_format(answer, ",\"journalBytes\":%llu", (unsigned long long)engine->journal_octets);
    return true;
}

static bool do_capture(struct zt_engine *engine, const struct zt_control_peer *peer,
                       const struct zt_request *request, struct zt_text *answer,
                       struct zt_error *error)
{
    struct zt_port *port = zt_engine_port(engine, request->interface);
    struct zt_capture_result result;
    struct zt_failure failure;

    if (!port || port->gone)
        return zt_error_set(error, "unknown-interface", "/interface",
                            "interface %u is no port of this node", request->interface);
    if (request->file[0] == '\0') {
        if (zt_capture_stop(&engine->captures, &port->capture, port->phy_index, &result, &failure))
            return from_failure(error, &failure);
        zt_text_format(answer, ",\"frames\":%llu,\"lost\":%llu", (unsigned long long)result.written,
                       (unsigned long long)result.lost);
        return true;
    }
    /* The file is made with the engine's rights, so only who has them may name it. */
    if (peer->uid != geteuid())
        return zt_error_set(error, "not-permitted", "/file", "captures are started by uid %u alone",
                            geteuid());
    if (zt_capture_start(&engine->captures, &port->capture, port->phy_index, port->name,
                         request->file, &failure))
        return from_failure(error, &failure);
    zt_engine_watch_captures(engine);
    return true;
}

static bool do_advance(struct zt_engine *engine, uint64_t ns, struct zt_error *error)
{
    if (ns > ADVANCE_MAX - engine->advance)
        return zt_error_set(error, "request-invalid", "/ns",
                            "the clock cannot be advanced any further");
    engine->advance += ns;
    zt_engine_clock(engine);
    return true;
}

static bool answer_request(struct zt_engine *engine, const struct zt_control_peer *peer,
                           const struct zt_request *request, const char *message, size_t length,
                           struct zt_text *answer, struct zt_error *error)
{
    switch (request->op) {
    case ZT_OP_HELLO:
        answer_hello(engine, answer);
        return true;
    case ZT_OP_LOAD:
        return zt_engine_load(engine, request->program, request->program_length,
                              request->has_keys ? request->keys : NULL, error);
    case ZT_OP_SET_VNI:
    case ZT_OP_SET_MACSEC_MODE:
    case ZT_OP_CARRIER:
    case ZT_OP_FLUSH:
        return zt_engine_control(engine, message, length, error);
    case ZT_OP_APPLY:
        return zt_engine_apply(engine, request, message, length, error);
    case ZT_OP_ADVANCE_TIME:
        return do_advance(engine, request->ns, error);
    case ZT_OP_PROGRAM:
        answer_program(engine, answer);
        return true;
    case ZT_OP_TABLES:
        answer_tables(engine, answer);
        return true;
    case ZT_OP_LEARNED:
        answer_learned(engine, answer);
        return true;
    case ZT_OP_STATS:
        answer_stats(engine, answer);
        return true;
    case ZT_OP_SYNC:
        return do_sync(engine, answer, error);
    case ZT_OP_CAPTURE:
        return do_capture(engine, peer, request, answer, error);
    case ZT_OP_SHUTDOWN:
        engine->stopping = true;
        return true;
    }
    return zt_error_set(error, "request-invalid", "/op", "there is no such operation");
}

enum zt_control_next zt_engine_answer(void *context, const struct zt_control_peer *peer,
                                      const char *message, size_t length, struct zt_text *answer)
{
    /* Paths make it too large for the stack of a function that handles hostile input. */
    static struct zt_request request;
    struct zt_engine *engine = context;
    struct zt_error error = { .code = "request-invalid" };
    size_t start = answer->length;

    if (zt_request_parse(&request, message, length, &error)) {
        if (request.op == ZT_OP_LEARNED && waits(engine, &request, peer))
            return ZT_CONTROL_WAIT;
        zt_answer_begin(answer, request.id);
        if (answer_request(engine, peer, &request, message, length, answer, &error)) {
            zt_text_append(answer, "}", 1);
            if (answer->length - start <= ZT_CONTROL_MAX_MESSAGE)
                return ZT_CONTROL_KEEP;
            zt_error_set(&error, "answer-too-long", "", "the answer has %zu octets, more than %u",
                         answer->length - start, ZT_CONTROL_MAX_MESSAGE);
        }
        answer->length = start;
    }
    zt_answer_error(answer, request.id, &error);
    return strcmp(error.code, "json-invalid") == 0 ? ZT_CONTROL_CLOSE : ZT_CONTROL_KEEP;
}
