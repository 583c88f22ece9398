/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/error.h"
#include "src/run/operations.h"
#include "src/wire/wire.h"
#include "ztos/gen/control.h"

static const char *const set_members[] = { "id",   "op",      "link",    "delay",
                                           "loss", "reorder", "corrupt", NULL };

static bool do_hello(void *context, const struct zt_members *request, struct zt_text *answer,
                     struct zt_error *error)
{
    struct zt_wire *wire = context;

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

static bool do_stats(void *context, const struct zt_members *request, struct zt_text *answer,
                     struct zt_error *error)
{
    struct zt_wire *wire = context;

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

static bool do_set(void *context, const struct zt_members *request, struct zt_text *answer,
                   struct zt_error *error)
{
    struct zt_wire *wire = context;
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

static bool do_shutdown(void *context, const struct zt_members *request, struct zt_text *answer,
                        struct zt_error *error)
{
    struct zt_wire *wire = context;

    (void)request;
    (void)answer;
    (void)error;
    wire->stopping = true;
    return true;
}

static const struct zt_operation operations[] = {
    { "hello", zt_operation_no_members, do_hello },
    { "stats", zt_operation_no_members, do_stats },
    { "set", set_members, do_set },
    { "shutdown", zt_operation_no_members, do_shutdown },
};

enum zt_control_next zt_wire_answer(void *context, const struct zt_control_peer *peer,
                                    const char *message, size_t length, struct zt_text *answer)
{
    (void)peer;
    return zt_operations_answer(operations, sizeof(operations) / sizeof(operations[0]), context,
                                message, length, answer);
}
