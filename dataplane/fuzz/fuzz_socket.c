/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket from the octets of a stream on: framing, requests, and what they do to a machine. The first octet
 * says in what pieces the stream arrives. Answers must be JSON, and what is refused must change nothing (CTRL-5).
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/json.h"
#include "src/run/message.h"
#include "src/run/request.h"
#include "ztos/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char program[] =
    "{\"format\":\"ztos-program\",\"version\":1,\"node\":\"patch\",\"seeds\":{\"ecmp\":1,"
    "\"sourcePort\":2},"
    "\"vrfs\":[{\"id\":0,\"name\":\"underlay\"}],\"interfaces\":["
    "{\"id\":1,\"name\":\"eth1\",\"kind\":\"port\",\"mac\":\"02:00:00:00:01:01\",\"mtu\":1600,"
    "\"addresses\":[],"
    "\"tap\":true},"
    "{\"id\":2,\"name\":\"eth2\",\"kind\":\"port\",\"mac\":\"02:00:00:00:01:02\",\"mtu\":1500,"
    "\"addresses\":[],"
    "\"tap\":false,\"bridge\":10},"
    "{\"id\":3,\"name\":\"sec1\",\"kind\":\"macsec\",\"lower\":1,\"mac\":\"02:00:00:00:01:01\","
    "\"mtu\":1568,"
    "\"vrf\":0,\"addresses\":[\"10.254.0.0/31\"],\"cipher\":\"gcm-aes-128\",\"mode\":\"strict\","
    "\"replayWindow\":0,\"tx\":{\"sci\":\"0200000001010001\",\"an\":0,\"key\":\"lab:a\"},"
    "\"rx\":[{\"sci\":\"0200000002010001\",\"an\":0,\"key\":\"lab:b\"}]},"
    "{\"id\":10,\"name\":\"a\",\"kind\":\"bridge\",\"ageing\":300000000000,\"fdbLimit\":16},"
    "{\"id\":11,\"name\":\"vx\",\"kind\":\"vxlan\",\"bridge\":10,\"vni\":5,\"underlayVrf\":0,"
    "\"local\":\"10.255.0.1\","
    "\"port\":4789,\"mtu\":1500,\"learning\":true,\"ttl\":64,\"dscp\":0,\"df\":true,"
    "\"udpChecksum\":\"zero\","
    "\"remotes\":[]},"
    "{\"id\":20,\"name\":\"lo\",\"kind\":\"loopback\",\"vrf\":0,\"addresses\":[\"10.255.0.1/"
    "32\"]}],"
    "\"tables\":{\"routes\":[],\"groups\":[],\"neighbours\":[],\"fdb\":[],"
    "\"flood\":[{\"interface\":11,\"remotes\":[]}]}}";
static const char keys_json[] = "{\"lab:a\":\"00000000000000000000000000000001\","
                                "\"lab:b\":\"00000000000000000000000000000002\"}";

static struct zt_machine *machine;
static struct zt_keys *keys;

static void make_machine(void)
{
    struct zt_machine_options options = { .cache = true };
    struct zt_effects effects;
    struct zt_error error;

    keys = zt_keys_parse(keys_json, sizeof(keys_json) - 1, &error);
    assert(keys);
    machine = zt_machine_create(&options);
    if (!zt_machine_load(machine, 1, program, sizeof(program) - 1, keys, &effects, &error)) {
        fprintf(stderr, "%s: %s: %s\n", error.code, error.where, error.message);
        abort();
    }
}

static char *state(size_t *length)
{
    return zt_machine_program_json(machine, length);
}

static bool carry_out(const struct zt_request *request, const char *message, size_t length,
                      struct zt_error *error)
{
    struct zt_effects effects;

    switch (request->op) {
    case ZT_OP_LOAD:
        return zt_machine_load(machine, 2, request->program, request->program_length, keys,
                               &effects, error);
    case ZT_OP_SET_VNI:
    case ZT_OP_SET_MACSEC_MODE:
    case ZT_OP_FLUSH:
    case ZT_OP_APPLY:
        return zt_machine_control(machine, 2, message, length, &effects, error);
    default:
        return true;
    }
}

static void answer(const char *message, size_t length)
{
    static struct zt_request request;
    struct zt_error error = { .code = "request-invalid" };
    struct zt_text text = { 0 };
    size_t before_length, after_length;
    char *before = state(&before_length);
    char *after;
    struct zt_json json;

    if (zt_request_parse(&request, message, length, &error) &&
        carry_out(&request, message, length, &error)) {
        zt_answer_begin(&text, request.id);
        zt_text_append(&text, "}", 1);
    } else {
        zt_answer_error(&text, request.id, &error);
        after = state(&after_length);
        assert(before_length == after_length && memcmp(before, after, after_length) == 0);
        free(after);
    }
    assert(zt_json_parse(&json, text.data, text.length, &error));
    zt_json_free(&json);
    free(text.data);
    free(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zt_message_reader reader = { 0 };
    size_t piece = size > 0 && data[0] > 0 ? data[0] : 4096;
    enum zt_message_state state = ZT_MESSAGE_INCOMPLETE;
    const char *message;
    size_t length;

    if (!machine)
        make_machine();
    for (size_t at = 1; at < size && state != ZT_MESSAGE_TOO_LONG;) {
        size_t room;
        uint8_t *into = zt_message_room(&reader, &room);
        size_t count = size - at < piece ? size - at : piece;

        count = count < room ? count : room;
        memcpy(into, data + at, count);
        zt_message_received(&reader, count);
        at += count;
        while ((state = zt_message_next(&reader, &message, &length)) == ZT_MESSAGE_READY)
            answer(message, length);
    }
    zt_message_free(&reader);
    return 0;
}
