/* SPDX-License-Identifier: Apache-2.0 */
#include "src/probe/sending.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/error.h"
#include "src/probe/base64.h"

/* Longest time that a request may ask to wait. */
#define AT_MAX INT64_C(60000000000)

struct frame {
    /* Host or link end. */
    uint32_t target;
    uint32_t length;
    /* In the octets of all frames. */
    size_t start;
    uint64_t due;
    int64_t sent_at;
};

struct frames {
    struct zt_probe *probe;
    enum zt_send_to to;
    struct frame *list;
    uint32_t count;
    uint8_t *octets;
    size_t used;
};

long zt_send_decode(const struct zt_members *object, const char *name, uint8_t *out, size_t size,
                    struct zt_error *error)
{
    uint32_t node = zt_members_find(object, name);
    const struct zt_json_node *text = &object->json->nodes[node];
    long length = -1;

    if (node && text->type == ZT_JSON_STRING)
        length =
            zt_base64_decode(object->json->text + text->start, text->end - text->start, out, size);
    if (length == -1)
        zt_members_wrong(object, name, error, "a frame in base64 is wanted");
    if (length == -2 || (length >= 0 && length < (long)ZT_PROBE_FRAME_MIN))
        zt_members_wrong(object, name, error, "a frame has %u to %zu octets here",
                         ZT_PROBE_FRAME_MIN, size);
    return length < (long)ZT_PROBE_FRAME_MIN ? -1 : length;
}

static bool read_target(struct frames *frames, const struct zt_members *object, struct frame *frame,
                        struct zt_error *error)
{
    bool to_host = frames->to == ZT_SEND_TO_HOSTS;
    const char *name = to_host ? "host" : "link";
    uint32_t node = zt_members_find(object, name);
    char id[ZT_PROBE_ID_MAX + 1];
    int64_t found = -1;

    if (node && object->json->nodes[node].type == ZT_JSON_STRING &&
        zt_json_string(object->json, node, id, sizeof(id), NULL))
        found = zt_index_find(
            to_host ? &frames->probe->config.host_index : &frames->probe->config.link_index, id);
    frame->target = (uint32_t)found;
    return found >= 0 || zt_members_wrong(object, name, error, "there is no %s of this id", name);
}

static size_t longest(const struct frames *frames, uint32_t target)
{
    bool chunk = frames->to == ZT_SEND_TO_HOSTS && frames->probe->hosts[target].packet < 0;

    return chunk ? ZT_PORT_FRAME_MAX : ZT_PROBE_FRAME_MAX;
}

static bool read_frame(struct frames *frames, const struct zt_json *json, uint32_t node,
                       struct zt_error *error)
{
    static const char *const host_names[] = { "host", "data", "at", NULL };
    static const char *const link_names[] = { "link", "data", "at", NULL };
    struct frame *frame = &frames->list[frames->count];
    struct zt_members object;
    int64_t due = 0;
    long length;

    if (!zt_members_read(&object, json, node, "/frames", frames->count,
                         frames->to == ZT_SEND_TO_HOSTS ? host_names : link_names, error) ||
        !read_target(frames, &object, frame, error))
        return false;
    if (zt_members_find(&object, "at") &&
        !zt_members_integer(&object, "at", 0, AT_MAX, &due, error))
        return false;
    length = zt_send_decode(&object, "data", frames->octets + frames->used,
                            longest(frames, frame->target), error);
    if (length < 0)
        return false;
    frame->start = frames->used;
    frame->length = (uint32_t)length;
    frame->due = (uint64_t)due;
    frame->sent_at = -1;
    frames->used += frame->length;
    frames->count++;
    return true;
}

static bool read_frames(struct frames *frames, const struct zt_members *request,
                        struct zt_error *error)
{
    const struct zt_json *json = request->json;
    uint32_t list = zt_members_find(request, "frames");
    uint32_t node = zt_json_first(list);
    uint32_t count;

    if (list == 0 || json->nodes[list].type != ZT_JSON_ARRAY)
        return zt_members_wrong(request, "frames", error, "a list of frames is wanted");
    count = json->nodes[list].count;
    frames->list = zt_calloc(count, sizeof(*frames->list));
    /* Base64 is longer than what it stands for, and a frame is decoded where there is room for the longest. */
    frames->octets = zt_calloc(
        (size_t)(json->nodes[list].end - json->nodes[list].start) + ZT_PROBE_FRAME_MAX, 1);
    for (uint32_t i = 0; i < count; i++, node = json->nodes[node].next)
        if (!read_frame(frames, json, node, error))
            return false;
    return true;
}

/* Waits until the frame is due, and takes what arrives meanwhile. */
static void await(struct zt_probe *probe, uint64_t due)
{
    while (zt_probe_now() < due)
        zt_probe_receive(probe);
}

/* Frames of one host that follow each other and are due, up to a burst, are flushed together. */
static uint32_t send_burst(struct frames *frames, uint32_t first, uint64_t started, uint64_t *sent)
{
    struct zt_probe *probe = frames->probe;
    uint32_t target = frames->list[first].target;
    uint64_t now = zt_probe_now();
    uint32_t n = first;
    uint64_t refused;

    while (n < frames->count && n - first < ZT_PROBE_BURST && frames->list[n].target == target &&
           started + frames->list[n].due <= now) {
        struct frame *frame = &frames->list[n++];

        if (!zt_probe_send(probe, target, frames->octets + frame->start, frame->length))
            continue;
        frame->sent_at = (int64_t)now;
        (*sent)++;
    }
    refused = zt_probe_flush(probe, target);
    *sent -= refused < *sent ? refused : *sent;
    return n;
}

static uint64_t send_to_hosts(struct frames *frames, uint64_t started)
{
    uint64_t sent = 0;

    for (uint32_t n = 0; n < frames->count;) {
        await(frames->probe, started + frames->list[n].due);
        n = send_burst(frames, n, started, &sent);
        zt_probe_receive(frames->probe);
    }
    return sent;
}

static uint64_t send_to_links(struct frames *frames, uint64_t started)
{
    uint64_t sent = 0;

    for (uint32_t n = 0; n < frames->count; n++) {
        struct frame *frame = &frames->list[n];
        uint64_t now;

        await(frames->probe, started + frame->due);
        now = zt_probe_now();
        if (zt_probe_inject(frames->probe, frame->target, frames->octets + frame->start,
                            frame->length)) {
            frame->sent_at = (int64_t)now;
            sent++;
        }
        zt_probe_receive(frames->probe);
    }
    return sent;
}

bool zt_send_frames(struct zt_probe *probe, const struct zt_members *request, enum zt_send_to to,
                    struct zt_text *answer, struct zt_error *error)
{
    struct frames frames = { .probe = probe, .to = to };
    bool good = read_frames(&frames, request, error);
    uint64_t started, sent;

    if (good) {
        started = zt_probe_now();
        sent = to == ZT_SEND_TO_HOSTS ? send_to_hosts(&frames, started)
                                      : send_to_links(&frames, started);
        zt_text_format(answer, ",\"started\":%llu,\"sent\":%llu,\"at\":[",
                       (unsigned long long)started, (unsigned long long)sent);
        for (uint32_t i = 0; i < frames.count; i++)
            zt_text_format(answer, "%s%lld", i ? "," : "", (long long)frames.list[i].sent_at);
        zt_text_append(answer, "]", 1);
    }
    free(frames.list);
    free(frames.octets);
    return good;
}
