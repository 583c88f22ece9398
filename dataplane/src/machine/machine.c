/* SPDX-License-Identifier: Apache-2.0 */
/* The machine from outside: life, inputs, what can be seen of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "src/base/error.h"
#include "src/machine/macsec.h"

/* Frames that are opened and looked up together, before the first of them is settled. */
#define STAGE 64u

static uint64_t draw_secret(void)
{
    uint64_t secret;
    while (getrandom(&secret, sizeof secret, 0) != (ssize_t)sizeof secret) {
        if (errno != EINTR) {
            perror("getrandom");
            abort();
        }
    }
    /* Odd: it is a multiplier. */
    return secret | 1;
}

struct zt_machine *zt_machine_create(const struct zt_machine_options *options)
{
    struct zt_machine *machine = zt_calloc(1, sizeof *machine);
    IMB_ARCH architecture;

    machine->secret = draw_secret();
    machine->epoch = 1;
    machine->crypto = alloc_mb_mgr(0);
    if (machine->crypto == NULL) {
        fprintf(stderr, "libipsec-mb gives no manager\n");
        abort();
    }
    init_mb_mgr_auto(machine->crypto, &architecture);
    zt_wireguard_start(machine, options->aead);
    zt_flow_cache_init(&machine->cache, options->cache, options->cache_entries,
                       (uint32_t)(machine->secret >> 32));
    return machine;
}

static void drop_program(struct zt_machine *machine)
{
    zt_neighbour_table_clear(&machine->neighbours);
    zt_load_free_tables(machine->program);
    zt_program_free(machine->program);
    machine->program = NULL;
}

void zt_machine_destroy(struct zt_machine *machine)
{
    if (machine == NULL)
        return;
    drop_program(machine);
    zt_wireguard_stop(machine);
    zt_macsec_stop(machine);
    zt_flow_cache_free(&machine->cache);
    zt_arena_free(&machine->arena);
    free_mb_mgr(machine->crypto);
    free(machine->effects);
    free(machine->ports);
    free(machine->down);
    free(machine);
}

static void begin(struct zt_machine *machine)
{
    machine->effect_count = 0;
    machine->input = 0;
    zt_arena_reset(&machine->arena);
}

static struct zt_effects end(struct zt_machine *machine)
{
    zt_wireguard_flush(machine);
    zt_wireguard_end_input(machine);
    return (struct zt_effects){ machine->effects, machine->effect_count };
}

static void count_ports(struct zt_machine *machine)
{
    uint32_t wanted = machine->program->highest_id + 1;
    if (wanted <= machine->port_count)
        return;
    machine->ports = zt_realloc(machine->ports, wanted, sizeof *machine->ports);
    memset(machine->ports + machine->port_count, 0,
           (wanted - machine->port_count) * sizeof *machine->ports);
    machine->down = zt_realloc(machine->down, wanted, sizeof *machine->down);
    memset(machine->down + machine->port_count, 0,
           (wanted - machine->port_count) * sizeof *machine->down);
    machine->port_count = wanted;
}

/* CTRL-8: a new program finds carrier as it is. */
static void keep_carrier(const struct zt_machine *machine)
{
    const struct zt_program *program = machine->program;
    for (uint32_t i = 0; i < program->port_count; i++) {
        struct zt_interface *port = zt_interface_at(machine, program->ports[i]);
        port->port.down = machine->down[port->id];
    }
}

static void digest(struct zt_machine *machine)
{
    uint8_t octets[32];
    IMB_SHA256(machine->crypto, machine->program->text, machine->program->length, octets);
    for (uint32_t i = 0; i < sizeof octets; i++)
        snprintf(machine->digest + 2 * i, 3, "%02x", octets[i]);
}

bool zt_machine_load(struct zt_machine *machine, uint64_t now, const char *json, size_t length,
                     const struct zt_keys *keys, struct zt_effects *effects, struct zt_error *error)
{
    struct zt_neighbour_table neighbours;
    struct zt_program *program = zt_program_parse(json, length, error);

    begin(machine);
    *effects = end(machine);
    if (program == NULL)
        return false;
    if (!zt_load_prepare(machine, program, keys, &neighbours, error)) {
        zt_program_free(program);
        return false;
    }
    machine->now = now;
    machine->counters.inputs++;
    if (machine->program != NULL) {
        /* What was heard is forgotten, and that is a change. */
        machine->learned_before = zt_machine_learned_version(machine, now) + 1;
        zt_neighbour_drop_held(machine, ZT_NONE); /* CTRL-1 */
        zt_wireguard_end_held(machine);
    }
    zt_macsec_keep(machine, program);
    zt_wireguard_keep(machine, program);
    drop_program(machine);
    zt_wireguard_forget(machine);
    machine->program = program;
    machine->neighbours = neighbours;
    machine->epoch++;
    count_ports(machine);
    keep_carrier(machine);
    digest(machine);
    *effects = end(machine);
    return true;
}

void zt_machine_lend_keys(struct zt_machine *machine, const struct zt_keys *keys)
{
    machine->lent = keys;
}

bool zt_machine_control(struct zt_machine *machine, uint64_t now, const char *text, size_t length,
                        struct zt_effects *effects, struct zt_error *error)
{
    struct zt_json json;

    begin(machine);
    bool good = zt_json_parse(&json, text, length, error);
    if (!good && error != NULL)
        error->code = "request-invalid";
    machine->now = now;
    good = good && zt_control_request(machine, &json, error);
    zt_json_free(&json);
    if (good) {
        machine->counters.inputs++;
        machine->epoch++;
    }
    *effects = end(machine);
    return good;
}

/* A frame that has come through its port and waits for its turn. */
struct staged {
    bool known;
    /* It is a wireguard interface's, as `view` has it. */
    bool sealed;
    struct zt_ingress ingress;
    struct zt_wg_view view;
    struct zt_flow_lookup lookup;
};

static void stage(struct zt_machine *machine, const struct zt_input *input, struct staged *staged)
{
    uint32_t port = zt_program_find(machine->program, input->interface);
    staged->known = port != ZT_NONE && zt_interface_at(machine, port)->kind == ZT_KIND_PORT &&
                    !zt_interface_at(machine, port)->port.down; /* PORT-6 */
    staged->lookup.possible = staged->sealed = false;
    if (!staged->known)
        return;
    zt_port_ingress(machine, port, input->data, input->length, &staged->ingress);
    if (staged->ingress.fate != ZT_FATE_NONE)
        return;
    staged->sealed = zt_interface_at(machine, staged->ingress.interface)->kind == ZT_KIND_WIREGUARD;
    if (staged->sealed)
        zt_wireguard_look(machine, staged->ingress.interface, input->data, input->length,
                          &staged->view);
    if (staged->sealed || !machine->cache.enabled)
        return;
    zt_flow_look(machine, staged->ingress.interface, staged->ingress.frame, &staged->lookup);
    if (staged->lookup.possible)
        zt_flow_prefetch(&machine->cache, staged->lookup.hash);
}

static void settle(struct zt_machine *machine, const struct staged *staged)
{
    const struct zt_ingress *ingress = &staged->ingress;
    if (!staged->known)
        return;
    if (ingress->fate != ZT_FATE_NONE) {
        zt_emit_fate(machine, ingress->fate);
        return;
    }
    if (!staged->lookup.possible) {
        machine->counters.cache_bypasses += machine->cache.enabled;
        if (staged->sealed)
            zt_wireguard_ingress(machine, ingress->interface, &staged->view);
        else
            zt_interface_receive(machine, ingress->interface, ingress->frame);
        return;
    }
    if (zt_flow_settle(machine, &staged->lookup, ingress->frame))
        return;
    zt_interface_receive(machine, ingress->interface, ingress->frame);
    zt_record_end(machine, &staged->lookup);
}

static void look_ahead(struct zt_machine *machine, struct staged *group, uint32_t count)
{
    if (machine->program->wireguard_count == 0)
        return;
    zt_wireguard_begin_looking(machine);
    for (uint32_t i = 0; i < count; i++)
        if (group[i].sealed)
            zt_wireguard_look_ahead(machine, group[i].ingress.interface, &group[i].view);
    zt_wireguard_end_looking(machine);
}

/*
 * MODEL-1: opening a seal touches nothing but its association's packet numbers, which nothing later in the input's way reads;
 * so a group of frames may be opened first and settled then.
 */
static void run_frames(struct zt_machine *machine, const struct zt_input *inputs, uint32_t first,
                       uint32_t count)
{
    struct staged group[STAGE];
    for (uint32_t i = 0; i < count; i++)
        stage(machine, &inputs[first + i], &group[i]);
    look_ahead(machine, group, count);
    for (uint32_t i = 0; i < count; i++) {
        machine->input = first + i;
        machine->now = inputs[first + i].now;
        settle(machine, &group[i]);
    }
}

/* NEIGH-1: family, present, MAC, address (contract/journal.ts). */
static void run_neighbour(struct zt_machine *machine, const struct zt_input *input)
{
    uint32_t index = zt_program_find(machine->program, input->interface);
    const uint8_t *data = input->data;
    zt_mac mac;

    if (index == ZT_NONE || input->length < 8 || data[1] > 1 ||
        (data[0] != ZT_IPV4 && data[0] != ZT_IPV6) || input->length != 8 + zt_ip_octets(data[0]))
        return;
    uint8_t kind = zt_interface_at(machine, index)->kind;
    if (kind != ZT_KIND_PORT && kind != ZT_KIND_MACSEC)
        return;
    mac = zt_load_mac(data + 2);
    zt_neighbour_update(machine, index, zt_load_ip(data[0], data + 8), data[1] == 1 ? &mac : NULL);
}

static void run_punt(struct zt_machine *machine, const struct zt_input *input)
{
    uint32_t port = zt_program_find(machine->program, input->interface);
    if (port != ZT_NONE && zt_interface_at(machine, port)->kind == ZT_KIND_PORT)
        zt_punt_in(machine, port, input->data, input->length);
}

/* CLOCK-1. */
static void run_clock(struct zt_machine *machine)
{
    zt_neighbour_clock(machine);
    zt_wireguard_clock(machine);
}

struct zt_effects zt_machine_run(struct zt_machine *machine, const struct zt_input *inputs,
                                 uint32_t count)
{
    begin(machine);
    for (uint32_t i = 0; machine->program != NULL && i < count;) {
        uint32_t frames = 0;
        while (frames < STAGE && i + frames < count && inputs[i + frames].kind == ZT_INPUT_FRAME)
            frames++;
        if (frames > 0) {
            run_frames(machine, inputs, i, frames);
            machine->counters.inputs += frames;
            i += frames;
            continue;
        }
        machine->counters.inputs++;
        machine->input = i;
        machine->now = inputs[i].now;
        if (inputs[i].kind == ZT_INPUT_PUNT)
            run_punt(machine, &inputs[i]);
        else if (inputs[i].kind == ZT_INPUT_NEIGHBOUR)
            run_neighbour(machine, &inputs[i]);
        else if (inputs[i].kind == ZT_INPUT_SEED)
            zt_wireguard_seed(machine, inputs[i].data, inputs[i].length);
        else
            run_clock(machine);
        i++;
    }
    return end(machine);
}

uint32_t zt_machine_ports(const struct zt_machine *machine)
{
    return machine->program == NULL ? 0 : machine->program->port_count;
}

struct zt_port_info zt_machine_port(const struct zt_machine *machine, uint32_t index)
{
    const struct zt_interface *port = zt_interface_at(machine, machine->program->ports[index]);
    bool has_macsec = port->port.macsec != ZT_NONE;
    bool has_wireguard = port->port.wireguard != ZT_NONE;
    const struct zt_interface *upper =
        zt_interface_at(machine, zt_port_upper(port, machine->program->ports[index]));
    struct zt_port_info info = {
        .id = port->id,
        .upper = upper->id,
        .mtu = port->mtu,
        .upper_mtu = upper->mtu,
        .has_macsec = has_macsec,
        .has_wireguard = has_wireguard,
        .sealed = has_wireguard || (has_macsec && upper->macsec.mode == ZT_MACSEC_STRICT),
        .tap = port->port.tap,
        .pass = port->port.pass,
        .underlay = upper->vrf != ZT_NONE && machine->program->vrfs[upper->vrf].id == 0,
        .down = port->port.down,
        .name = port->name,
    };
    memcpy(info.mac, port->mac.octets, sizeof info.mac);
    return info;
}

static const struct zt_vrf *underlay_of(const struct zt_machine *machine)
{
    for (uint32_t i = 0; machine->program != NULL && i < machine->program->vrf_count; i++)
        if (machine->program->vrfs[i].id == 0)
            return &machine->program->vrfs[i];
    return NULL;
}

uint32_t zt_machine_own_addresses(const struct zt_machine *machine)
{
    const struct zt_vrf *vrf = underlay_of(machine);

    return vrf == NULL ? 0 : vrf->own_count;
}

struct zt_own_address zt_machine_own_address(const struct zt_machine *machine, uint32_t index)
{
    const struct zt_vrf *vrf = underlay_of(machine);
    zt_ip ip = vrf->own[index];
    struct zt_own_address own = {
        .family = ip.family,
        .kernel = !zt_is_martian(ip) &&
                  !zt_is_of_gateway(machine, (uint32_t)(vrf - machine->program->vrfs), ip),
    };

    memcpy(own.octets, ip.octets, sizeof own.octets);
    return own;
}

bool zt_machine_follows_kernel_routes(const struct zt_machine *machine)
{
    return machine->program != NULL && machine->program->kernel_routes;
}

const char *zt_machine_node(const struct zt_machine *machine)
{
    return machine->program == NULL ? NULL : machine->program->node;
}

void zt_machine_program_digest(const struct zt_machine *machine, char hex[65])
{
    memcpy(hex, machine->digest, sizeof machine->digest);
}

const char *zt_machine_cpu(const struct zt_machine *machine)
{
    uint64_t features = machine->crypto->features;
    if ((features & IMB_FEATURE_AVX512_SKX) == IMB_FEATURE_AVX512_SKX)
        return "avx512";
    if ((features & IMB_FEATURE_AVX2) != 0)
        return "avx2";
    return (features & IMB_FEATURE_AVX) != 0 ? "avx" : "sse";
}

const struct zt_counters *zt_machine_counters(const struct zt_machine *machine)
{
    return &machine->counters;
}

struct zt_port_counters zt_machine_port_counters(const struct zt_machine *machine,
                                                 uint16_t interface)
{
    return interface < machine->port_count ? machine->ports[interface] : (struct zt_port_counters) {
        0
    };
}
