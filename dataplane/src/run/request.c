/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/request.h"

#include <stdio.h>
#include <string.h>

#include "src/base/error.h"
#include "src/base/json.h"

/* _(NAME, "member") */
#define FOREACH_MEMBER(_) \
    _(ID, "id") \
    _(OP, "op") \
    _(PROGRAM, "program") \
    _(KEYS, "keys") \
    _(INTERFACE, "interface") \
    _(VNI, "vni") \
    _(MODE, "mode") \
    _(PROTECT, "protect") \
    _(UP, "up") \
    _(TABLE, "table") \
    _(NS, "ns") \
    _(FILE, "file") \
    _(CHANGES, "changes") \
    _(SINCE, "since") \
    _(WAIT, "wait")

enum member {
#define MEMBER_ENUM(name, text) MEMBER_##name,
    FOREACH_MEMBER(MEMBER_ENUM)
#undef MEMBER_ENUM
        MEMBERS,
};

static const char *const member_names[] = {
#define MEMBER_NAME(name, text) text,
    FOREACH_MEMBER(MEMBER_NAME)
#undef MEMBER_NAME
};

static const char *const op_names[] = {
#define OP_NAME(name, text) text,
    ZT_FOREACH_ENGINE_OP(OP_NAME)
#undef OP_NAME
};
#define OPS (sizeof(op_names) / sizeof(op_names[0]))

/* Largest integer of the contract (Number.MAX_SAFE_INTEGER). */
#define SAFE INT64_C(9007199254740991)
/* Longest wait of `learned`, ms. */
#define WAIT_MAX 60000

#define BIT(name) (1u << MEMBER_##name)

/* Members beside `id` and `op`. */
static const struct {
    unsigned int needed, allowed;
} shapes[OPS] = {
    [ZT_OP_LOAD] = { .needed = BIT(PROGRAM), .allowed = BIT(KEYS) },
    [ZT_OP_SET_VNI] = { .needed = BIT(INTERFACE) | BIT(VNI) },
    [ZT_OP_SET_MACSEC_MODE] = { .needed = BIT(INTERFACE) | BIT(MODE), .allowed = BIT(PROTECT) },
    [ZT_OP_CARRIER] = { .needed = BIT(INTERFACE) | BIT(UP) },
    [ZT_OP_FLUSH] = { .needed = BIT(TABLE), .allowed = BIT(INTERFACE) },
    [ZT_OP_ADVANCE_TIME] = { .needed = BIT(NS) },
    [ZT_OP_APPLY] = { .needed = BIT(CHANGES), .allowed = BIT(KEYS) },
    [ZT_OP_LEARNED] = { .allowed = BIT(SINCE) | BIT(WAIT) },
    [ZT_OP_CAPTURE] = { .needed = BIT(INTERFACE) | BIT(FILE) },
};

struct reading {
    struct zt_json json;
    /* Nodes of the members, 0 (which is the object itself) for those that are not there. */
    uint32_t values[MEMBERS];
    unsigned int present;
};

static bool invalid(struct zt_error *error, enum member member, const char *what)
{
    char where[32];

    snprintf(where, sizeof(where), "/%s", member_names[member]);
    return zt_error_set(error, "request-invalid", where, "%s", what);
}

/* Goes through all members even when one is wrong, so that the answer can carry the request's id. */
static bool find_members(struct reading *reading, struct zt_error *error)
{
    const struct zt_json *json = &reading->json;
    uint32_t node = zt_json_first(0);
    bool good = true;

    if (json->nodes[0].type != ZT_JSON_OBJECT)
        return zt_error_set(error, "request-invalid", "/", "a request is an object");
    for (uint32_t i = 0; i < json->nodes[0].count; i++) {
        uint32_t value = json->nodes[node].next;
        unsigned int member = 0;

        while (member < MEMBERS && !zt_json_string_is(json, node, member_names[member]))
            member++;
        if (member == MEMBERS && good)
            good = zt_error_set(error, "request-invalid", "/",
                                "member %u has a name that no request knows", i + 1);
        else if (member < MEMBERS && reading->present & 1u << member && good)
            good = invalid(error, member, "the member comes twice");
        if (member < MEMBERS) {
            reading->present |= 1u << member;
            reading->values[member] = value;
        }
        node = json->nodes[value].next;
    }
    return good;
}

static bool read_integer(const struct reading *reading, enum member member, int64_t least,
                         int64_t most, int64_t *value, struct zt_error *error)
{
    char what[80];

    if (zt_json_integer(&reading->json, reading->values[member], value) && *value >= least &&
        *value <= most)
        return true;
    snprintf(what, sizeof(what), "an integer from %lld to %lld is wanted", (long long)least,
             (long long)most);
    return invalid(error, member, what);
}

static bool read_path(const struct reading *reading, enum member member, char *path,
                      struct zt_error *error)
{
    uint32_t node = reading->values[member];

    if (reading->json.nodes[node].type != ZT_JSON_STRING ||
        !zt_json_string(&reading->json, node, path, ZT_REQUEST_PATH_MAX, NULL) || path[0] == '\0')
        return invalid(error, member, "the name of a file is wanted, up to 4095 octets");
    return true;
}

static bool read_op(struct zt_request *request, const struct reading *reading,
                    struct zt_error *error)
{
    uint32_t node = reading->values[MEMBER_OP];
    unsigned int op = 0;

    if (!(reading->present & BIT(OP)) || reading->json.nodes[node].type != ZT_JSON_STRING)
        return invalid(error, MEMBER_OP, "the name of an operation is wanted");
    while (op < OPS && !zt_json_string_is(&reading->json, node, op_names[op]))
        op++;
    if (op == OPS)
        return invalid(error, MEMBER_OP, "there is no such operation");
    request->op = op;
    return true;
}

static bool check_shape(const struct zt_request *request, const struct reading *reading,
                        struct zt_error *error)
{
    unsigned int needed = shapes[request->op].needed;
    unsigned int allowed = needed | shapes[request->op].allowed | BIT(ID) | BIT(OP);

    for (unsigned int member = 0; member < MEMBERS; member++) {
        if ((needed & ~reading->present) >> member & 1)
            return invalid(error, member, "the operation needs this member");
        if ((reading->present & ~allowed) >> member & 1)
            return invalid(error, member, "the operation has no such member");
    }
    return true;
}

static bool read_learned(struct zt_request *request, const struct reading *reading,
                         struct zt_error *error)
{
    int64_t since = 0, wait = 0;

    request->has_since = (reading->present & BIT(SINCE)) != 0;
    if (request->has_since && !read_integer(reading, MEMBER_SINCE, 0, SAFE, &since, error))
        return false;
    if (reading->present & BIT(WAIT) &&
        !read_integer(reading, MEMBER_WAIT, 0, WAIT_MAX, &wait, error))
        return false;
    request->since = (uint64_t)since;
    request->wait = (uint32_t)wait;
    return true;
}

static bool read_keys(struct zt_request *request, const struct reading *reading,
                      struct zt_error *error)
{
    request->has_keys = (reading->present & BIT(KEYS)) != 0;
    return !request->has_keys || read_path(reading, MEMBER_KEYS, request->keys, error);
}

/* Whether a value is the name of a table whose entries have keys. */
static bool is_keyed_table(const struct zt_json *json, uint32_t value)
{
    static const char *const tables[] = { "peer", "receive-association", "transmit-association" };

    if (json->nodes[value].type != ZT_JSON_STRING)
        return false;
    for (uint32_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        if (zt_json_string_is(json, value, tables[i]))
            return true;
    return false;
}

/* Whether a change may name keys; all else about it is the machine's to judge. */
static bool names_keys(const struct zt_json *json, uint32_t change)
{
    uint32_t key = zt_json_first(change);

    for (uint32_t i = 0;
         json->nodes[change].type == ZT_JSON_OBJECT && i < json->nodes[change].count; i++) {
        uint32_t value = json->nodes[key].next;

        if (zt_json_string_is(json, key, "table"))
            return is_keyed_table(json, value);
        key = json->nodes[value].next;
    }
    return false;
}

static bool read_changes(struct zt_request *request, const struct reading *reading,
                         struct zt_error *error)
{
    const struct zt_json *json = &reading->json;
    const struct zt_json_node *list = &json->nodes[reading->values[MEMBER_CHANGES]];
    uint32_t node = zt_json_first(reading->values[MEMBER_CHANGES]);

    if (list->type != ZT_JSON_ARRAY)
        return invalid(error, MEMBER_CHANGES, "an array is wanted");
    request->changes = json->text + list->start;
    request->changes_length = list->end - list->start;
    for (uint32_t i = 0; i < list->count && !request->names_keys; i++) {
        request->names_keys = names_keys(json, node);
        node = json->nodes[node].next;
    }
    return true;
}

static bool read_values(struct zt_request *request, const struct reading *reading,
                        struct zt_error *error)
{
    const struct zt_json_node *program = &reading->json.nodes[reading->values[MEMBER_PROGRAM]];
    int64_t value;

    switch (request->op) {
    case ZT_OP_LOAD:
        if (program->type != ZT_JSON_OBJECT)
            return invalid(error, MEMBER_PROGRAM, "an object is wanted");
        request->program = reading->json.text + program->start;
        request->program_length = program->end - program->start;
        return read_keys(request, reading, error);
    case ZT_OP_APPLY:
        return read_changes(request, reading, error) && read_keys(request, reading, error);
    case ZT_OP_ADVANCE_TIME:
        if (!read_integer(reading, MEMBER_NS, 0, SAFE, &value, error))
            return false;
        request->ns = (uint64_t)value;
        return true;
    case ZT_OP_LEARNED:
        return read_learned(request, reading, error);
    case ZT_OP_CAPTURE:
        if (!read_integer(reading, MEMBER_INTERFACE, 1, UINT16_MAX, &value, error))
            return false;
        request->interface = (uint16_t)value;
        return reading->json.nodes[reading->values[MEMBER_FILE]].type == ZT_JSON_NULL ||
               read_path(reading, MEMBER_FILE, request->file, error);
    default:
        return true;
    }
}

bool zt_request_parse(struct zt_request *request, const char *message, size_t length,
                      struct zt_error *error)
{
    struct reading reading = { 0 };
    int64_t id;
    bool good;

    memset(request, 0, sizeof(*request));
    good = zt_json_parse(&reading.json, message, length, error);
    if (good) {
        good = find_members(&reading, error);
        if (!(reading.present & BIT(ID)))
            good = good && invalid(error, MEMBER_ID, "every request has an id");
        else if (read_integer(&reading, MEMBER_ID, 0, UINT32_MAX, &id, good ? error : NULL))
            request->id = (uint32_t)id;
        else
            good = false;
    }
    good = good && read_op(request, &reading, error) && check_shape(request, &reading, error) &&
           read_values(request, &reading, error);
    zt_json_free(&reading.json);
    return good;
}

void zt_answer_begin(struct zt_text *answer, uint32_t id)
{
    zt_text_format(answer, "{\"id\":%u,\"ok\":true", id);
}

void zt_answer_error(struct zt_text *answer, uint32_t id, const struct zt_error *error)
{
    char message[sizeof(error->where) + sizeof(error->message) + 2];

    snprintf(message, sizeof(message), "%s%s%s", error->where, error->where[0] ? ": " : "",
             error->message);
    zt_text_format(answer, "{\"id\":%u,\"ok\":false,\"code\":", id);
    zt_text_json_string(answer, error->code);
    zt_text_append(answer, ",\"message\":", 11);
    zt_text_json_string(answer, message);
    zt_text_append(answer, "}", 1);
}
