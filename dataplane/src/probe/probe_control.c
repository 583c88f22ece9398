/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/error.h"
#include "src/probe/base64.h"
#include "src/probe/latency.h"
#include "src/probe/probe.h"
#include "src/probe/sending.h"
#include "src/run/operations.h"
#include "ztos/gen/control.h"

/* Octets of an answer to `collect` at which it is cut off: the rest comes with the next. */
#define COLLECT_MAX (12u << 20)
#define COLLECT_LIMIT_DEFAULT 4096
#define SAFE_INTEGER_MAX INT64_C(9007199254740991)

/* Members of all operations; each checks its own. */
static const char *const send_members[] = { "id", "op", "frames", NULL };
static const char *const collect_members[] = { "id", "op", "from", "limit", NULL };
static const char *const latency_members[] = { "id",   "op",    "from", "to", "data",
                                               "rate", "count", "run",  NULL };

static bool do_hello(void *context, const struct zt_members *request, struct zt_text *answer,
                     struct zt_error *error)
{
    struct zt_probe *probe = context;

    (void)request;
    (void)error;
    zt_text_format(answer, ",\"version\":%d,\"pid\":%d,\"hosts\":[", ZT_CONTROL_VERSION, getpid());
    for (uint32_t i = 0; i < probe->config.host_count; i++) {
        const struct zt_probe_host *host = &probe->hosts[i];

        zt_text_format(answer, "%s{\"id\":", i ? "," : "");
        zt_text_json_string(answer, host->config->place.id);
        if (host->packet >= 0)
            zt_text_format(answer, ",\"io\":\"af_packet\",\"xdp\":\"none\"}");
        else
            zt_text_format(answer, ",\"io\":\"af_xdp\",\"xdp\":\"%s\"}",
                           host->mode == ZT_XDP_NATIVE ? "native" : "generic");
    }
    zt_text_append(answer, "],\"links\":[", 11);
    for (uint32_t i = 0; i < probe->config.link_count; i++) {
        zt_text_append(answer, ",", i ? 1 : 0);
        zt_text_json_string(answer, probe->config.links[i].id);
    }
    zt_text_append(answer, "]", 1);
    return true;
}

static bool do_send(void *context, const struct zt_members *request, struct zt_text *answer,
                    struct zt_error *error)
{
    struct zt_probe *probe = context;

    return zt_send_frames(probe, request, ZT_SEND_TO_HOSTS, answer, error);
}

static bool do_inject(void *context, const struct zt_members *request, struct zt_text *answer,
                      struct zt_error *error)
{
    struct zt_probe *probe = context;

    return zt_send_frames(probe, request, ZT_SEND_TO_LINKS, answer, error);
}

static void append_arrival(const struct zt_probe *probe, const struct zt_arrival *arrival,
                           const char *comma, struct zt_text *answer)
{
    zt_text_format(answer, "%s{\"seq\":%llu,\"host\":", comma, (unsigned long long)arrival->seq);
    zt_text_json_string(answer, probe->config.hosts[arrival->host].place.id);
    zt_text_format(answer, ",\"at\":%llu,\"data\":\"", (unsigned long long)arrival->at);
    zt_base64_append(answer, arrival->data, arrival->length);
    zt_text_format(answer, "\",\"foreign\":%s}", arrival->foreign ? "true" : "false");
}

static bool do_collect(void *context, const struct zt_members *request, struct zt_text *answer,
                       struct zt_error *error)
{
    struct zt_probe *probe = context;
    int64_t from = 0, limit = COLLECT_LIMIT_DEFAULT;
    struct zt_arrival arrival;
    size_t start = answer->length;
    uint64_t next, place = 0;

    if (zt_members_find(request, "from") &&
        !zt_members_integer(request, "from", 0, SAFE_INTEGER_MAX, &from, error))
        return false;
    if (zt_members_find(request, "limit") &&
        !zt_members_integer(request, "limit", 1, 1 << 20, &limit, error))
        return false;
    /* What the sockets hold already has arrived. */
    zt_probe_receive(probe);
    zt_arrivals_forget(&probe->arrivals, (uint64_t)from);
    next = probe->arrivals.next_seq;
    zt_text_append(answer, ",\"arrivals\":[", 13);
    for (int64_t n = 0; zt_arrivals_next(&probe->arrivals, &place, &arrival); n++) {
        if (n == limit || answer->length - start > COLLECT_MAX) {
            next = arrival.seq;
            break;
        }
        append_arrival(probe, &arrival, n ? "," : "", answer);
    }
    zt_text_format(answer, "],\"next\":%llu,\"lost\":%llu", (unsigned long long)next,
                   (unsigned long long)probe->arrivals.lost);
    return true;
}

static bool find_host(struct zt_probe *probe, const struct zt_members *request, const char *name,
                      uint32_t *host, struct zt_error *error)
{
    char id[ZT_PROBE_ID_MAX + 1];
    uint32_t node = zt_members_find(request, name);
    int64_t found = -1;

    if (node && request->json->nodes[node].type == ZT_JSON_STRING &&
        zt_json_string(request->json, node, id, sizeof(id), NULL))
        found = zt_index_find(&probe->config.host_index, id);
    *host = (uint32_t)found;
    return found >= 0 || zt_members_wrong(request, name, error, "the id of a host is wanted");
}

static bool do_latency(void *context, const struct zt_members *request, struct zt_text *answer,
                       struct zt_error *error)
{
    struct zt_probe *probe = context;
    static uint8_t data[ZT_XSK_CHUNK];
    struct zt_latency_request latency = { .data = data };
    int64_t rate, count, run;
    long length;

    if (!find_host(probe, request, "from", &latency.from, error) ||
        !find_host(probe, request, "to", &latency.to, error) ||
        !zt_members_integer(request, "rate", 1, 10000000, &rate, error) ||
        !zt_members_integer(request, "count", 1, ZT_LATENCY_COUNT_MAX, &count, error) ||
        !zt_members_integer(request, "run", 0, UINT32_MAX, &run, error))
        return false;
    length = zt_send_decode(request, "data", data, sizeof(data), error);
    if (length < 0)
        return false;
    latency.length = (uint32_t)length;
    latency.rate = (uint32_t)rate;
    latency.count = (uint32_t)count;
    latency.run = (uint32_t)run;
    return zt_latency_run(probe, &latency, answer, error);
}

static bool do_stats(void *context, const struct zt_members *request, struct zt_text *answer,
                     struct zt_error *error)
{
    struct zt_probe *probe = context;

    (void)request;
    (void)error;
    zt_probe_receive(probe);
    zt_probe_read_kernel(probe);
    zt_text_append(answer, ",\"hosts\":[", 10);
    for (uint32_t i = 0; i < probe->config.host_count; i++) {
        const struct zt_probe_host *host = &probe->hosts[i];

        zt_text_format(answer, "%s{\"id\":", i ? "," : "");
        zt_text_json_string(answer, host->config->place.id);
        zt_text_format(
            answer,
            ",\"rx\":%llu,\"tx\":%llu,\"rxDropped\":%llu,\"txDropped\":%llu,\"arpAnswered\":%llu,"
            "\"ndAnswered\":%llu}",
            (unsigned long long)zt_probe_host_rx(host), (unsigned long long)zt_probe_host_tx(host),
            (unsigned long long)zt_probe_host_rx_dropped(host),
            (unsigned long long)zt_probe_host_tx_dropped(host),
            (unsigned long long)host->arp_answered, (unsigned long long)host->nd_answered);
    }
    zt_text_append(answer, "],\"links\":[", 11);
    for (uint32_t i = 0; i < probe->config.link_count; i++) {
        zt_text_format(answer, "%s{\"id\":", i ? "," : "");
        zt_text_json_string(answer, probe->config.links[i].id);
        zt_text_format(answer, ",\"tx\":%llu,\"txDropped\":%llu}",
                       (unsigned long long)probe->links[i].tx,
                       (unsigned long long)probe->links[i].tx_dropped);
    }
    zt_text_format(answer, "],\"arrivals\":%llu,\"lost\":%llu",
                   (unsigned long long)probe->arrivals.next_seq,
                   (unsigned long long)probe->arrivals.lost);
    return true;
}

static bool do_shutdown(void *context, const struct zt_members *request, struct zt_text *answer,
                        struct zt_error *error)
{
    struct zt_probe *probe = context;

    (void)request;
    (void)answer;
    (void)error;
    probe->stopping = true;
    return true;
}

static const struct zt_operation operations[] = {
    { "hello", zt_operation_no_members, do_hello },
    { "send", send_members, do_send },
    { "inject", send_members, do_inject },
    { "collect", collect_members, do_collect },
    { "latency", latency_members, do_latency },
    { "stats", zt_operation_no_members, do_stats },
    { "shutdown", zt_operation_no_members, do_shutdown },
};

enum zt_control_next zt_probe_answer(void *context, const struct zt_control_peer *peer,
                                     const char *message, size_t length, struct zt_text *answer)
{
    enum zt_control_next next;

    (void)peer;
    next = zt_operations_answer(operations, sizeof(operations) / sizeof(operations[0]), context,
                                message, length, answer);
    zt_probe_publish(context);
    return next;
}
