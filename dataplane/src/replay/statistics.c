/* SPDX-License-Identifier: Apache-2.0 */
#include "src/replay/statistics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "src/base/text.h"

static void add_fates(const struct zt_counters *counters, struct zt_text *text)
{
    const char *separator = "";
    zt_text_format(text, ",\"fates\":{");
    for (unsigned int code = 1; code <= ZT_FATE_MAX; code++) {
        if (counters->fates[code] == 0)
            continue;
        zt_text_format(text, "%s\"%s\":%" PRIu64, separator, zt_fate_name(code),
                       counters->fates[code]);
        separator = ",";
    }
    zt_text_format(text, "}");
}

static void add_ports(const struct zt_machine *machine, struct zt_text *text)
{
    zt_text_format(text, ",\"ports\":[");
    for (uint32_t i = 0; i < zt_machine_ports(machine); i++) {
        uint16_t id = zt_machine_port(machine, i).id;
        struct zt_port_counters counters = zt_machine_port_counters(machine, id);
        zt_text_format(text,
                       "%s{\"interface\":%u,\"rx\":%" PRIu64 ",\"tx\":%" PRIu64
                       ",\"puntIn\":%" PRIu64 ",\"puntOut\":%" PRIu64 "}",
                       i == 0 ? "" : ",", id, counters.rx, counters.tx, counters.punt_in,
                       counters.punt_out);
    }
    zt_text_format(text, "]");
}

void zt_replay_print_statistics(const struct zt_replay *replay)
{
    const struct zt_counters *counters = zt_machine_counters(replay->machine);
    struct zt_text text = { 0 };

    zt_text_format(&text, "{\"node\":");
    zt_text_json_string(&text, zt_machine_node(replay->machine));
    zt_text_format(&text,
                   ",\"inputs\":%" PRIu64 ",\"outputs\":%" PRIu64 ",\"refused\":%" PRIu64
                   ",\"recorded\":%" PRIu64 ",\"complete\":%s,\"cpu\":\"%s\"",
                   replay->inputs, counters->outputs, replay->refused, replay->recorded,
                   replay->complete ? "true" : "false", zt_machine_cpu(replay->machine));
    zt_text_format(
        &text, ",\"cache\":{\"hits\":%" PRIu64 ",\"misses\":%" PRIu64 ",\"bypasses\":%" PRIu64 "}",
        counters->cache_hits, counters->cache_misses, counters->cache_bypasses);
    add_fates(counters, &text);
    add_ports(replay->machine, &text);
    zt_text_format(&text, "}\n");
    char *json = zt_text_take(&text, NULL);
    fputs(json, stdout);
    free(json);
}
