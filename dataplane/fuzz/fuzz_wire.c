/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire node: a configuration; and the same octets as frames that come, and time that passes, on one direction of a wire. What
 * comes out comes in order of time and never early, and no frame is unaccounted for.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/support.h"
#include "src/wire/config.h"
#include "src/wire/flight.h"

#define FRAME 16u

static uint64_t let_out(struct zt_flight *flight, uint64_t now, uint64_t delay, uint64_t *last)
{
    const struct zt_flying *flying;
    uint64_t count = 0, came;

    for (; (flying = zt_flight_due(flight, now)) != NULL; count++) {
        if (flying->due < *last || flying->length != FRAME)
            abort();
        /* Which octet is turned over is not said: the time is there twice. */
        memcpy(&came, flying->data, sizeof(came));
        if (memcmp(flying->data, flying->data + 8, 8) == 0 && now < came + delay)
            abort();
        *last = flying->due;
        zt_flight_done(flight);
    }
    return count;
}

static void run_flight(const uint8_t *data, size_t size)
{
    struct zt_impairment impairment = { .delay = data[0] * UINT64_C(1000000),
                                        .loss = data[1] * 4000u,
                                        .reorder = data[2] * 4000u,
                                        .corrupt = data[3] * 4000u,
                                        .seed = data[4] };
    uint64_t now = 1, last = 0, sent = 0;
    struct zt_flight flight;

    zt_flight_init(&flight, data[0] & 1, 1 + data[5] % 16);
    for (size_t i = 6; i < size; i++) {
        uint8_t frame[FRAME];

        now += data[i] / 4 * UINT64_C(100000);
        memcpy(frame, &now, 8);
        memcpy(frame + 8, &now, 8);
        if ((data[i] & 3) != 0)
            zt_flight_take(&flight, &impairment, now, frame, FRAME);
        if ((data[i] & 2) == 0)
            sent += let_out(&flight, now, impairment.delay, &last);
        if (data[i] == 255)
            zt_flight_cut(&flight);
    }
    sent += let_out(&flight, UINT64_MAX - 1, 0, &last);
    if (flight.count != 0 || flight.counters.received != sent + flight.counters.lost +
                                                             flight.counters.overrun +
                                                             flight.counters.cut)
        abort();
    zt_flight_free(&flight);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zt_wire_config config;
    struct zt_error error;

    if (zt_wire_config_parse(&config, (const char *)data, size, &error))
        for (uint32_t i = 0; i < config.count; i++)
            if (config.links[i].impairment.loss > ZT_WIRE_MILLION ||
                config.links[i].impairment.delay > ZT_WIRE_DELAY_MAX)
                abort();
    zt_wire_config_free(&config);
    if (size >= 6)
        run_flight(data, size);
    return 0;
}
