/* SPDX-License-Identifier: Apache-2.0 */
/* The machine has no clock and no chance of its own: it is told (CLOCK-1, WG-4). */
#include <string.h>

#include "src/run/engine.h"
#include "src/run/seed.h"

/* ns between clock inputs at least, however soon the machine wants another. */
#define CLOCK_APART 1000000u
/* Longest wait of one epoll_wait, ms. */
#define WAIT_MAX_MS 60000

void zt_engine_clock(struct zt_engine *engine)
{
    zt_engine_input(engine, ZT_INPUT_CLOCK, 0, NULL, 0);
    engine->clocked = engine->last_now;
}

/* When the next clock input is wanted, UINT64_MAX for never. */
static uint64_t next_clock(const struct zt_engine *engine)
{
    uint64_t deadline = zt_machine_deadline(engine->machine);
    uint64_t earliest = engine->clocked + CLOCK_APART;

    return deadline > earliest ? deadline : earliest;
}

void zt_engine_clock_due(struct zt_engine *engine)
{
    if (engine->handshakes.wanted && next_clock(engine) <= zt_engine_now(engine))
        zt_engine_clock(engine);
}

int zt_engine_clock_wait(struct zt_engine *engine)
{
    uint64_t next, now, ms;

    if (!engine->handshakes.wanted)
        return -1;
    next = next_clock(engine);
    if (next == UINT64_MAX)
        return -1;
    now = zt_engine_now(engine);
    /* Rounded up: a moment early nothing is due. */
    ms = next > now ? (next - now) / 1000000 + 1 : 0;
    return ms < WAIT_MAX_MS ? (int)ms : WAIT_MAX_MS;
}

static void seed(struct zt_engine *engine)
{
    uint8_t payload[ZT_SEED_OCTETS];
    bool drawn = zt_seed_draw(payload, engine->advance);

    if (drawn) {
        engine->wall_offset = zt_wall_offset();
        zt_engine_input(engine, ZT_INPUT_SEED, 0, payload, sizeof(payload));
    } else if (!engine->unseeded) {
        zt_log("the kernel gives no entropy: WireGuard does not draw keys");
    }
    engine->unseeded = !drawn;
    explicit_bzero(payload, sizeof(payload));
}

void zt_engine_seed(struct zt_engine *engine)
{
    if (engine->handshakes.wanted && zt_machine_wants_seed(engine->machine))
        seed(engine);
}

void zt_engine_follow_wall(struct zt_engine *engine)
{
    if (engine->handshakes.wanted && zt_wall_is_set(engine->wall_offset, zt_wall_offset()))
        seed(engine);
}
