/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/error.h"
#include "src/run/request.h"
#include "src/wire/wire.h"

static const char *const no_members[] = { "id", "op", NULL };
static const char *const set_members[] = { "id",   "op",      "link",    "delay",
                                           "loss", "reorder", "corrupt", NULL };

typedef bool operation(struct zt_wire *wire, const struct zt_members *request,
                       struct zt_text *answer, struct zt_error *error);

static bool do_hello(struct zt_wire *wire, const struct zt_members *request, struct zt_text *answer,
                     struct zt_error *error)
{
    (void)request;
    (void)error;
    zt_text_format(answer, ",\"version\":%d,\"pid\":%d,\"links\":[", ZT_CONTROL_VERSION, getpid());
    for (uint32_t i = 0; i < wire->count; i++) {
        zt_text_append(answer, ",", i ? 1 : 0);
        zt_text_json_string(answer, wire->links[i].config->id);
    }
    zt_text_append(answer, "]", 1);
    return true;
}

/* One direction: what came in at `side`, and what came out at the other. */
static void append_way(struct zt_wire_link *link, uint32_t side, struct zt_text *answer)
{
    const struct zt_flight_counters *counters = &link->ways[side].counters;
    struct zt_wire_end *in = &link->ends[side], *out = &link->ends[1 - side];

    for (uint32_t i = 0; i < 2; i++)
        if (!link->ends[i].gone)
            zt_xsk_read_statistics(&link->ends[i].xsk);
    zt_text_format(
        answer,
        "{\"received\":%llu,\"sent\":%llu,\"waiting\":%u,\"lost\":%llu,\"corrupted\":%llu,"
        "\"reordered\":%llu,\"overrun\":%llu,\"cut\":%llu,\"rxDropped\":%llu,\"txDropped\":%llu}",
        (unsigned long long)counters->received,
        (unsigned long long)(out->sent - out->xsk.counters.tx_refused), link->ways[side].count,
        (unsigned long long)counters->lost, (unsigned long long)counters->corrupted,
        (unsigned long long)counters->reordered, (unsigned long long)counters->overrun,
        (unsigned long long)counters->cut,
        (unsigned long long)(in->xsk.counters.rx_ring_full + in->xsk.counters.rx_other),
        (unsigned long long)(out->xsk.counters.tx_full + out->xsk.counters.tx_refused));
}

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

static bool do_stats(struct zt_wire *wire, const struct zt_members *request, struct zt_text *answer,
                     struct zt_error *error)
{
    (void)request;
    (void)error;
    zt_text_append(answer, ",\"links\":[", 10);
    for (uint32_t i = 0; i < wire->count; i++) {
        struct zt_wire_link *link = &wire->links[i];
        const struct zt_impairment *impairment = &link->config->impairment;

        zt_text_format(answer, "%s{\"id\":", i ? "," : "");
        zt_text_json_string(answer, link->config->id);
        zt_text_format(answer,
                       ",\"delay\":%llu,\"loss\":%u,\"reorder\":%u,\"corrupt\":%u,\"carrier\":{"
                       "\"a\":%s,\"b\":%s},\"ab\":",
                       (unsigned long long)impairment->delay, impairment->loss, impairment->reorder,
                       impairment->corrupt, truth(link->ends[0].carrier && !link->ends[0].held),
                       truth(link->ends[1].carrier && !link->ends[1].held));
        append_way(link, 0, answer);
        zt_text_append(answer, ",\"ba\":", 6);
        append_way(link, 1, answer);
        zt_text_append(answer, "}", 1);
    }
    zt_text_append(answer, "]", 1);
    return true;
}

static bool do_set(struct zt_wire *wire, const struct zt_members *request, struct zt_text *answer,
                   struct zt_error *error)
{
    uint32_t node = zt_members_find(request, "link");
    char id[ZT_WIRE_ID_MAX + 1];

    (void)answer;
    if (node && request->json->nodes[node].type == ZT_JSON_STRING &&
        zt_json_string(request->json, node, id, sizeof(id), NULL)) {
        for (uint32_t i = 0; i < wire->count; i++) {
            struct zt_wire_link_config *config = wire->links[i].config;
            struct zt_impairment changed = config->impairment;

            if (strcmp(config->id, id) != 0)
                continue;
            if (!zt_wire_read_impairment(request, &changed, error))
                return false;
            config->impairment = changed;
            return true;
        }
    }
    return zt_members_wrong(request, "link", error, "the id of a link is wanted");
}

static bool do_shutdown(struct zt_wire *wire, const struct zt_members *request,
                        struct zt_text *answer, struct zt_error *error)
{
    (void)request;
    (void)answer;
    (void)error;
    wire->stopping = true;
    return true;
}

static const struct {
    const char *name;
    const char *const *members;
    operation *run;
} operations[] = {
    { "hello", no_members, do_hello },
    { "stats", no_members, do_stats },
    { "set", set_members, do_set },
    { "shutdown", no_members, do_shutdown },
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/* A member's value of an object whose members are not checked yet, 0 if it has none. */
static uint32_t first_member(const struct zt_json *json, const char *name)
{
    uint32_t key = zt_json_first(0);

    if (json->nodes[0].type != ZT_JSON_OBJECT)
        return 0;
    for (uint32_t i = 0; i < json->nodes[0].count; i++) {
        uint32_t value = json->nodes[key].next;

        if (zt_json_string_is(json, key, name))
            return value;
        key = json->nodes[value].next;
    }
    return 0;
}

static bool answer_request(struct zt_wire *wire, const struct zt_json *json, uint32_t *id,
                           struct zt_text *answer, struct zt_error *error)
{
    struct zt_members request;
    uint32_t op = first_member(json, "op"), number_node = first_member(json, "id");
    unsigned int i = 0;
    int64_t number;

    if (number_node && zt_json_integer(json, number_node, &number) && number >= 0 &&
        number <= UINT32_MAX)
        *id = (uint32_t)number;
    while (i < OPERATIONS && !(op && zt_json_string_is(json, op, operations[i].name)))
        i++;
    if (i == OPERATIONS)
        return zt_error_set(error, "request-invalid", "/op", "the name of an operation is wanted");
    if (!zt_members_read(&request, json, 0, "", -1, operations[i].members, error) ||
        !zt_members_integer(&request, "id", 0, UINT32_MAX, &number, error))
        return false;
    zt_answer_begin(answer, *id);
    return operations[i].run(wire, &request, answer, error);
}

enum zt_control_next zt_wire_answer(void *context, const struct zt_control_peer *peer,
                                    const char *message, size_t length, struct zt_text *answer)
{
    struct zt_wire *wire = context;
    struct zt_json json;
    struct zt_error error = { .code = "request-invalid" };
    size_t start = answer->length;
    uint32_t id = 0;
    bool parsed = zt_json_parse(&json, message, length, &error);

    (void)peer;
    if (parsed && answer_request(wire, &json, &id, answer, &error)) {
        zt_text_append(answer, "}", 1);
    } else {
        answer->length = start;
        zt_answer_error(answer, id, &error);
    }
    zt_json_free(&json);
    return parsed ? ZT_CONTROL_KEEP : ZT_CONTROL_CLOSE;
}
