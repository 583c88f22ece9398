/* SPDX-License-Identifier: Apache-2.0 */
#include "src/probe/latency.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "src/base/error.h"
#include "src/probe/probe.h"
#include "src/probe/template.h"

#define SECOND UINT64_C(1000000000)
/* Frames later than this behind all others are lost. */
#define LINGER (SECOND / 2)
/* ns by which a sleep may end late, and the shortest gap for which another process is let in. */
#define TIMER_LATE 100000u
#define YIELD_MIN 5000u

struct zt_latency {
    const struct zt_latency_request *request;
    uint64_t start;
    /* Of each frame: when it left and when it arrived, 0 while it has not. */
    uint64_t *sent, *arrived;
    uint32_t received, duplicates;
    uint64_t last_arrival;
};

static uint64_t due(const struct zt_latency *latency, uint32_t i)
{
    return latency->start + (uint64_t)i * SECOND / latency->request->rate;
}

bool zt_latency_take(struct zt_latency *latency, uint32_t host, uint64_t at, const uint8_t *frame,
                     uint32_t length)
{
    uint32_t run, trace;

    if (host != latency->request->to || !zt_trace_read_id(frame, length, &run, &trace) ||
        run != latency->request->run || trace >= latency->request->count)
        return false;
    if (latency->arrived[trace] != 0) {
        latency->duplicates++;
        return true;
    }
    latency->arrived[trace] = at;
    latency->last_arrival = at;
    latency->received++;
    return true;
}

/* Sends what is due by now, up to a burst; the number of frames that were handed over or lost. */
static uint32_t send_due(struct zt_probe *probe, struct zt_latency *latency,
                         struct zt_template *frame, uint32_t next)
{
    const struct zt_latency_request *request = latency->request;
    uint64_t now = zt_probe_now();
    uint32_t count = 0;

    while (next + count < request->count && count < ZT_PROBE_BURST &&
           due(latency, next + count) <= now) {
        zt_template_mark(frame, request->run, next + count);
        if (zt_probe_send(probe, request->from, frame->data, frame->length))
            latency->sent[next + count] = now;
        count++;
    }
    zt_probe_flush(probe, request->from);
    return count;
}

/*
 * Leaves the core to those who forward: arrivals are stamped in the kernel and can wait. What a timer may be late is spent
 * in the loop.
 */
static void pause_until(uint64_t time)
{
    uint64_t now = zt_probe_now();
    uint64_t gap = time > now ? time - now : 0;
    struct timespec rest = { .tv_nsec =
                                 (long)((gap < SECOND / 100 ? gap : SECOND / 100) - TIMER_LATE) };

    if (gap > 2 * TIMER_LATE)
        nanosleep(&rest, NULL);
    else if (gap > YIELD_MIN)
        sched_yield();
}

static void measure(struct zt_probe *probe, struct zt_latency *latency, struct zt_template *frame)
{
    const struct zt_latency_request *request = latency->request;
    uint32_t next = 0;
    uint64_t end;

    /* A moment ahead, so that the first frame is not late already. */
    latency->start = zt_probe_now() + SECOND / 1000;
    while (next < request->count) {
        pause_until(due(latency, next));
        next += send_due(probe, latency, frame, next);
        zt_probe_receive(probe);
    }
    end = zt_probe_now() + LINGER;
    while (latency->received < request->count && zt_probe_now() < end)
        if (zt_probe_receive(probe) > 0 && latency->last_arrival + LINGER > end)
            end = latency->last_arrival + LINGER;
}

/* From the first frame due to the last arrival. */
static uint64_t elapsed(const struct zt_latency *latency)
{
    uint64_t last = latency->start;

    for (uint32_t i = 0; i < latency->request->count; i++)
        if (latency->arrived[i] > last)
            last = latency->arrived[i];
    return last - latency->start;
}

static void append_result(const struct zt_latency *latency, struct zt_text *answer)
{
    const struct zt_latency_request *request = latency->request;
    uint32_t sent = 0;
    const char *comma = "";

    zt_text_append(answer, ",\"samples\":[", 12);
    for (uint32_t i = 0; i < request->count; i++) {
        if (latency->arrived[i] == 0)
            continue;
        zt_text_format(answer, "%s%lld", comma, (long long)(latency->arrived[i] - due(latency, i)));
        comma = ",";
    }
    comma = "";
    zt_text_append(answer, "],\"lateness\":[", 14);
    for (uint32_t i = 0; i < request->count; i++) {
        if (latency->sent[i] == 0)
            continue;
        sent++;
        zt_text_format(answer, "%s%lld", comma, (long long)(latency->sent[i] - due(latency, i)));
        comma = ",";
    }
    zt_text_format(answer,
                   "],\"sent\":%u,\"received\":%u,\"lost\":%u,\"duplicates\":%u,\"elapsed\":%llu",
                   sent, latency->received, sent - latency->received, latency->duplicates,
                   (unsigned long long)elapsed(latency));
}

bool zt_latency_run(struct zt_probe *probe, const struct zt_latency_request *request,
                    struct zt_text *answer, struct zt_error *error)
{
    static struct zt_template frame;
    struct zt_latency latency = { .request = request };

    if ((uint64_t)request->count > (uint64_t)request->rate * ZT_LATENCY_SECONDS_MAX)
        return zt_error_set(error, "request-invalid", "/count",
                            "the measurement would last longer than %d s", ZT_LATENCY_SECONDS_MAX);
    if (!zt_template_open(&frame, request->data, request->length, error))
        return false;
    latency.sent = zt_calloc(request->count, sizeof(*latency.sent));
    latency.arrived = zt_calloc(request->count, sizeof(*latency.arrived));
    probe->latency = &latency;
    measure(probe, &latency, &frame);
    probe->latency = NULL;
    append_result(&latency, answer);
    free(latency.sent);
    free(latency.arrived);
    return true;
}
