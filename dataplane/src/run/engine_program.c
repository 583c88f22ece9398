/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/error.h"
#include "src/base/json.h"
#include "src/run/engine.h"
#include "src/run/pass.h"

static int from_error(struct zt_failure *failure, const char *file, const struct zt_error *error)
{
    return zt_fail(failure, ZT_EXIT_USAGE, error->code, "%s: %s%s%s", file, error->where,
                   error->where[0] ? ": " : "", error->message);
}

/* The whole of a file, of at most the contract's length, in memory that the caller frees. */
static char *read_file(const char *path, size_t *length, struct zt_failure *failure)
{
    struct stat status;
    char *data = NULL;
    size_t done = 0;
    /* Without O_NONBLOCK a FIFO would be waited for until somebody writes to it. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &status)) {
        zt_fail(failure, ZT_EXIT_USAGE, "program-file", "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(status.st_mode) || status.st_size > (off_t)ZT_JSON_MAX) {
        zt_fail(failure, ZT_EXIT_USAGE, "program-file",
                "%s: a regular file of at most %u octets is wanted", path, ZT_JSON_MAX);
    } else {
        data = zt_calloc((size_t)status.st_size + 1, 1);
        while (done < (size_t)status.st_size) {
            ssize_t count = read(fd, data + done, (size_t)status.st_size - done);

            if (count <= 0)
                break;
            done += (size_t)count;
        }
        *length = done;
    }
    if (fd >= 0)
        close(fd);
    return data;
}

/* Ports that punt by XDP (PUNT-3) need the own addresses in a map of limited size. */
static bool is_passing(const struct zt_machine *machine)
{
    for (uint32_t i = 0; i < zt_machine_ports(machine); i++)
        if (zt_machine_port(machine, i).pass)
            return true;
    return false;
}

/* What the lab needs of a program beside that it is valid. */
static int check_ports(const struct zt_machine *machine, struct zt_failure *failure)
{
    uint32_t count = zt_machine_ports(machine);

    if (is_passing(machine) && zt_machine_own_addresses(machine) > ZT_PASS_ADDRESSES_MAX)
        return zt_fail(failure, ZT_EXIT_LIMIT, "pass-addresses",
                       "%s has %u addresses in VRF 0; with ports that punt by XDP this engine "
                       "takes up to %u",
                       zt_machine_node(machine), zt_machine_own_addresses(machine),
                       ZT_PASS_ADDRESSES_MAX);

    if (count == 0 || count > ZT_ENGINE_PORTS_MAX)
        return zt_fail(failure, ZT_EXIT_LIMIT, "port-count",
                       "%s has %u ports; this engine takes 1 to %u", zt_machine_node(machine),
                       count, ZT_ENGINE_PORTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct zt_port_info info = zt_machine_port(machine, i);

        if (zt_port_check(&info, failure))
            return -1;
    }
    return 0;
}

/* PUNT-3, by the program that is loaded. Until it is done, and for good if it fails, nothing passes. */
static int pass_again(struct zt_engine *engine, struct zt_failure *failure)
{
    if (!is_passing(engine->machine))
        return 0;
    for (uint32_t i = 0; i < engine->port_count; i++)
        zt_pass_stop(&engine->xdp, engine->ports[i].phy_index);
    if (zt_pass_addresses(&engine->xdp, engine->machine, failure))
        return -1;
    for (uint32_t i = 0; i < zt_machine_ports(engine->machine); i++) {
        struct zt_port_info info = zt_machine_port(engine->machine, i);

        zt_port_pass(zt_engine_port(engine, info.id), &engine->xdp, &info);
    }
    return 0;
}

int zt_engine_open_ports(struct zt_engine *engine, struct zt_failure *failure)
{
    uint32_t index_max = 0;

    engine->port_count = zt_machine_ports(engine->machine);
    engine->ports = zt_calloc(ZT_ENGINE_PLACES, sizeof(*engine->ports));
    for (uint32_t i = 0; i < engine->port_count; i++) {
        struct zt_port_info info = zt_machine_port(engine->machine, i);

        zt_port_init(&engine->ports[i], &info);
        engine->port_by_id[info.id] = (uint8_t)(i + 1);
    }
    for (uint32_t i = 0; i < engine->port_count; i++) {
        struct zt_port_info info = zt_machine_port(engine->machine, i);

        if (zt_port_find(&engine->ports[i], info.tap, failure))
            return -1;
        if (engine->ports[i].phy_index > index_max)
            index_max = engine->ports[i].phy_index;
    }
    if (zt_xdp_load(&engine->xdp, index_max, ZT_ENGINE_INDEX_ROOM, false,
                    is_passing(engine->machine) ? ZT_PASS_ADDRESSES_MAX : 0, failure))
        return -1;
    engine->xdp_loaded = true;
    engine->xdp_addresses = is_passing(engine->machine);
    for (uint32_t i = 0; i < engine->port_count; i++)
        if (zt_port_open(&engine->ports[i], &engine->xdp, engine->options.ring, failure))
            return -1;
    return pass_again(engine, failure);
}

static int start_journal(struct zt_engine *engine, const char *program, size_t length,
                         struct zt_failure *failure)
{
    struct zt_error error;

    if (!engine->options.journal)
        return 0;
    engine->journal = zt_journal_create(engine->options.journal, &error);
    if (!engine->journal) {
        from_error(failure, engine->options.journal, &error);
        failure->exit = ZT_EXIT_FAILED;
        return -1;
    }
    zt_journal_record(engine->journal, ZT_JOURNAL_PROGRAM, 0, engine->last_now, program,
                      (uint32_t)length);
    return 0;
}

int zt_engine_load_first(struct zt_engine *engine, struct zt_failure *failure)
{
    const struct zt_engine_options *options = &engine->options;
    struct zt_effects effects;
    struct zt_error error;
    struct zt_keys *keys = NULL;
    size_t length = 0;
    char *program;
    bool loaded;

    if (options->keys) {
        keys = zt_keys_read(options->keys, &error);
        if (!keys)
            return from_error(failure, options->keys, &error);
    }
    program = read_file(options->program, &length, failure);
    if (!program) {
        zt_keys_free(keys);
        return -1;
    }
    loaded = zt_machine_load(engine->machine, zt_engine_now(engine), program, length, keys,
                             &effects, &error);
    zt_keys_free(keys);
    if (!loaded)
        from_error(failure, options->program, &error);
    else
        loaded = check_ports(engine->machine, failure) == 0 &&
                 start_journal(engine, program, length, failure) == 0;
    if (loaded)
        zt_handshakes_learn(&engine->handshakes, program, length);
    free(program);
    return loaded ? 0 : -1;
}

/* What passes by XDP needs a map of the node's own addresses, which is as large as it was made. */
static int check_passing(const struct zt_engine *engine, const struct zt_machine *machine,
                         struct zt_failure *failure)
{
    if (!is_passing(machine) || engine->xdp_addresses)
        return 0;
    return zt_fail(failure, ZT_EXIT_LIMIT, "ports-changed",
                   "no port punts by XDP so far; start the engine anew for that");
}

/* Tries the program on a machine of its own, so that one that does not fit leaves no trace, and opens the ports that it needs. */
static bool rehearse(struct zt_engine *engine, const char *program, size_t length,
                     const struct zt_keys *keys, struct zt_error *error)
{
    struct zt_machine_options options = { .cache = false };
    struct zt_machine *machine = zt_machine_create(&options);
    struct zt_failure failure;
    struct zt_effects effects;
    bool good = zt_machine_load(machine, engine->last_now, program, length, keys, &effects, error);

    if (good && (check_ports(machine, &failure) || check_passing(engine, machine, &failure)))
        good = zt_error_set(error, failure.code, "/program/interfaces", "%.300s", failure.message);
    /* What waits was heard on ports that are about to go. */
    if (good && zt_engine_changes_ports(engine, machine))
        zt_engine_handshakes(engine, ZT_HANDSHAKES_MAX);
    if (good && zt_engine_prepare_ports(engine, machine, &failure))
        good = zt_error_set(error, failure.code, "/program/interfaces", "%.300s", failure.message);
    zt_machine_destroy(machine);
    return good;
}

static void read_upper(struct zt_engine *engine, uint32_t index)
{
    struct zt_port_info info = zt_machine_port(engine->machine, index);
    struct zt_port *port = zt_engine_port(engine, info.id);

    port->upper = info.upper;
    port->underlay = info.underlay;
    port->wireguard = info.has_wireguard;
}

bool zt_engine_load(struct zt_engine *engine, const char *program, size_t length,
                    const char *keys_path, struct zt_error *error)
{
    const char *path = keys_path ? keys_path : engine->options.keys;
    struct zt_failure failure;
    struct zt_keys *keys = path ? zt_keys_read(path, error) : NULL;
    struct zt_effects effects;
    uint64_t now;
    bool good;

    if (path && !keys)
        return false;
    good = rehearse(engine, program, length, keys, error);
    now = zt_engine_now(engine);
    good = good && zt_machine_load(engine->machine, now, program, length, keys, &effects, error);
    zt_keys_free(keys);
    if (!good) {
        zt_engine_forget_ports(engine);
        return false;
    }
    if (engine->journal)
        zt_journal_record(engine->journal, ZT_JOURNAL_PROGRAM, 0, now, program, (uint32_t)length);
    zt_engine_effects(engine, effects, now);
    zt_engine_settle_ports(engine);
    zt_handshakes_learn(&engine->handshakes, program, length);
    zt_engine_seed(engine);
    for (uint32_t i = 0; i < zt_machine_ports(engine->machine); i++)
        read_upper(engine, i);
    if (pass_again(engine, &failure))
        zt_log("what was passed by XDP comes by the engine from now on: %s: %s", failure.code,
               failure.message);
    /* CTRL-1 forgets neighbour updates and routes; what the kernel has is told anew. */
    zt_neighbours_clear(&engine->neighbours);
    zt_netlink_refresh(&engine->netlink, ZT_NETLINK_NEIGHBOURS);
    zt_engine_restart_routes(engine);
    return true;
}

/* Those of the request's file; without one, for a change that may name keys, those that `load` would take. */
static bool read_apply_keys(const struct zt_engine *engine, const struct zt_request *request,
                            struct zt_keys **keys, struct zt_error *error)
{
    const char *path = request->has_keys ? request->keys : engine->options.keys;

    *keys = path && (request->has_keys || request->names_keys) ? zt_keys_read(path, error) : NULL;
    /* A change may well need none: if the engine's own file is gone, the machine says what is missing. */
    return *keys || !request->has_keys;
}

bool zt_engine_apply(struct zt_engine *engine, const struct zt_request *request,
                     const char *message, size_t length, struct zt_error *error)
{
    struct zt_text text = { 0 };
    struct zt_keys *keys;
    bool good;

    if (!read_apply_keys(engine, request, &keys, error))
        return false;
    /* The name of the file is no part of what is done: neither machine nor journal have it. */
    if (request->has_keys) {
        zt_text_format(&text, "{\"id\":%u,\"op\":\"apply\",\"changes\":", request->id);
        zt_text_append(&text, request->changes, request->changes_length);
        zt_text_append(&text, "}", 1);
        message = text.data;
        length = text.length;
    }
    zt_machine_lend_keys(engine->machine, keys);
    good = zt_engine_control(engine, message, length, error);
    zt_machine_lend_keys(engine->machine, NULL);
    zt_keys_free(keys);
    free(text.data);
    return good;
}
