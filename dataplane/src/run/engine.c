/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/engine.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct zt_capture *find_capture(void *context, uint32_t ifindex)
{
    struct zt_engine *engine = context;

    for (uint32_t i = 0; i < engine->port_count; i++)
        if (engine->ports[i].phy_index == ifindex)
            return &engine->ports[i].capture;
    return NULL;
}

/* Generic mode is slower by a copy and a wait; who reads figures must know. */
static void say_mode(const struct zt_engine *engine)
{
    uint32_t native = 0;

    for (uint32_t i = 0; i < engine->port_count; i++)
        native += engine->ports[i].mode == ZT_XDP_NATIVE;
    zt_log("%s: %u ports, XDP native on %u, generic on %u", zt_machine_node(engine->machine),
           engine->port_count, native, engine->port_count - native);
}

int zt_engine_open(struct zt_engine *engine, const struct zt_engine_options *options,
                   struct zt_failure *failure)
{
    struct zt_machine_options machine = { .cache = options->cache };
    struct timespec wall;

    memset(engine, 0, sizeof(*engine));
    engine->options = *options;
    engine->epoll = engine->timer = engine->carrier_timer = engine->signals = -1;
    engine->netlink.fd = engine->control.fd = engine->control.epoll = -1;
    clock_gettime(CLOCK_REALTIME, &wall);
    /* Who asks with a version of the engine before this one is not to meet it again. */
    engine->learned_base = (uint64_t)wall.tv_sec * 1000;
    engine->wait_until = UINT64_MAX;
    zt_captures_init(&engine->captures, &engine->xdp, find_capture, engine);
    engine->machine = zt_machine_create(&machine);
    if (zt_engine_load_first(engine, failure) ||
        zt_stats_create(&engine->stats, options->stats, ZT_STATS_ENGINE,
                        zt_machine_ports(engine->machine), failure) ||
        zt_engine_open_ports(engine, failure))
        return -1;
    /* Before anything else is an input. */
    zt_engine_seed(engine);
    if (zt_engine_watch(engine, failure))
        return -1;
    say_mode(engine);
    zt_engine_read_kernel(engine);
    zt_engine_publish(engine);
    /* Last: who finds the socket finds an engine that forwards. */
    return zt_control_open(&engine->control, options->control, options->owner, zt_engine_answer,
                           engine, failure);
}

static void close_descriptor(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int close_journal(struct zt_engine *engine, struct zt_failure *failure)
{
    struct zt_error error;
    struct zt_journal_writer *journal = engine->journal;

    engine->journal = NULL;
    if (!journal || zt_journal_close(journal, &error))
        return 0;
    return zt_fail(failure, ZT_EXIT_FAILED, error.code, "%s: %s%s%s", engine->options.journal,
                   error.where, error.where[0] ? ": " : "", error.message);
}

int zt_engine_close(struct zt_engine *engine, struct zt_failure *failure)
{
    int result = close_journal(engine, failure);

    for (uint32_t i = 0; i < engine->port_count; i++) {
        struct zt_port *port = &engine->ports[i];

        if (port->capture.file &&
            zt_capture_stop(&engine->captures, &port->capture, port->phy_index, NULL, failure))
            result = -1;
    }
    zt_captures_close(&engine->captures);
    for (uint32_t i = 0; i < engine->port_count; i++)
        zt_port_close(&engine->ports[i], engine->options.detach);
    if (engine->xdp_loaded)
        zt_xdp_close(&engine->xdp);
    zt_netlink_close(&engine->netlink);
    zt_neighbours_clear(&engine->neighbours);
    zt_routes_clear(&engine->routes);
    zt_handshakes_free(&engine->handshakes);
    zt_control_close(&engine->control, 500);
    zt_stats_close(&engine->stats);
    close_descriptor(&engine->epoll);
    close_descriptor(&engine->timer);
    close_descriptor(&engine->carrier_timer);
    close_descriptor(&engine->signals);
    free(engine->ports);
    zt_machine_destroy(engine->machine);
    engine->machine = NULL;
    engine->ports = NULL;
    engine->port_count = 0;
    return result;
}

uint64_t zt_engine_now(struct zt_engine *engine)
{
    struct timespec time;
    uint64_t now;

    clock_gettime(CLOCK_MONOTONIC, &time);
    now = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec + engine->advance;
    if (now > engine->last_now)
        engine->last_now = now;
    return engine->last_now;
}

struct zt_port *zt_engine_port(struct zt_engine *engine, uint16_t id)
{
    uint8_t index = engine->port_by_id[id];

    return index ? &engine->ports[index - 1] : NULL;
}

void zt_engine_read_kernel(struct zt_engine *engine)
{
    for (uint32_t i = 0; i < engine->port_count; i++)
        zt_port_read_kernel(&engine->ports[i], &engine->xdp);
}

static uint64_t capture_losses(const struct zt_engine *engine)
{
    uint64_t lost = 0;

    for (uint32_t i = 0; engine->captures.ring && i < engine->port_count; i++)
        lost += __atomic_load_n(&engine->xdp.states[engine->ports[i].phy_index].capture_lost,
                                __ATOMIC_RELAXED);
    return lost;
}

void zt_engine_publish(struct zt_engine *engine)
{
    const struct zt_counters *counters = zt_machine_counters(engine->machine);
    struct zt_stats_header *header = engine->stats.header;
    uint64_t fates = 0;

    for (unsigned int fate = 0; fate <= ZT_FATE_MAX; fate++)
        fates += counters->fates[fate];
    zt_stats_begin(&engine->stats);
    header->inputs = counters->inputs;
    header->outputs = counters->outputs;
    header->fates = fates;
    header->journal_octets = engine->journal_octets;
    header->captured = engine->captures.written;
    header->capture_lost = capture_losses(engine);
    for (uint32_t i = 0; i < engine->port_count; i++)
        zt_port_read_passed(&engine->ports[i], &engine->xdp);
    for (uint32_t i = 0, entry = 0;
         i < engine->port_count && entry < engine->stats.header->entry_count; i++)
        if (!engine->ports[i].vacant)
            zt_port_publish(&engine->ports[i], &engine->stats.entries[entry++]);
    zt_stats_end(&engine->stats, engine->last_now);
}
