/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/program.h"

#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/program_parts.h"

struct zt_block {
    struct zt_block *next;
    max_align_t memory[];
};

void *zt_program_alloc(struct zt_program *program, size_t count, size_t size)
{
    size_t octets;
    if (__builtin_mul_overflow(count, size, &octets))
        octets = SIZE_MAX / 2;
    struct zt_block *block = zt_calloc(1, sizeof *block + octets);
    block->next = program->blocks;
    program->blocks = block;
    return block->memory;
}

const char *zt_kind_name(uint8_t kind)
{
    static const char *const names[] = {
#define ZT_KIND_NAME_(name, text) text,
        ZT_FOREACH_INTERFACE_KIND(ZT_KIND_NAME_)
#undef ZT_KIND_NAME_
    };
    return names[kind];
}

void zt_program_free(struct zt_program *program)
{
    if (program == NULL)
        return;
    for (uint32_t i = 0; i < program->interface_count; i++) {
        struct zt_interface *interface = &program->interfaces[i];
        if (interface->kind == ZT_KIND_VXLAN && interface->vxlan.flood_set)
            free(interface->vxlan.flood);
        if (interface->kind == ZT_KIND_WIREGUARD)
            zt_wireguard_free(&interface->wireguard);
        if (interface->kind == ZT_KIND_MACSEC)
            zt_macsec_free(&interface->macsec);
    }
    for (uint32_t i = 0; i < program->vrf_count; i++)
        zt_lpm_free(&program->vrfs[i].lpm);
    for (uint32_t i = 0; i < program->route_count; i++)
        free(program->routes[i].own.members);
    free(program->routes);
    for (struct zt_block *block = program->blocks, *next; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    free(program->text);
    free(program);
}

static int compare_vrfs(const void *a, const void *b)
{
    const struct zt_vrf *left = a, *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

uint32_t zt_program_find_vrf(const struct zt_program *program, uint64_t id)
{
    const struct zt_vrf *found = NULL;
    if (program->vrf_count > 0)
        found = bsearch(&(struct zt_vrf){ .id = id }, program->vrfs, program->vrf_count,
                        sizeof *program->vrfs, compare_vrfs);
    return found == NULL ? ZT_NONE : (uint32_t)(found - program->vrfs);
}

static bool read_vrfs(struct zt_program_reader *reader, uint32_t node)
{
    static const char *const names[] = { "id", "name" };
    const struct zt_schema *schema = &reader->schema;
    struct zt_program *program = reader->program;
    const struct zt_path *path = ZT_PATH_KEY(NULL, "vrfs");

    if (!zt_schema_array(schema, node, path, 0, UINT32_MAX))
        return false;
    uint32_t count = schema->json->nodes[node].count, at = zt_json_first(node);
    program->vrfs = zt_program_alloc(program, count, sizeof *program->vrfs);
    for (uint32_t i = 0; i < count; i++, at = zt_json_next(schema->json, at)) {
        const struct zt_path *here = ZT_PATH_INDEX(path, i);
        uint32_t values[2];
        int64_t id;
        char name[3 * 63 + 1];
        if (!zt_schema_object(schema, at, here, names, 2, values) ||
            !zt_schema_integer(schema, values[0], ZT_PATH_KEY(here, "id"), 0, INT64_MAX, &id) ||
            !zt_schema_string(schema, values[1], ZT_PATH_KEY(here, "name"), 1, 63, name))
            return false;
        program->vrfs[i].id = (uint64_t)id;
    }
    program->vrf_count = count;
    if (count > 0)
        qsort(program->vrfs, count, sizeof *program->vrfs, compare_vrfs);
    for (uint32_t i = 1; i < count; i++)
        if (program->vrfs[i].id == program->vrfs[i - 1].id)
            return zt_schema_fail(schema, path, "VRF %llu is there twice",
                                  (unsigned long long)program->vrfs[i].id);
    return true;
}

static bool read_seeds(struct zt_program_reader *reader, uint32_t node)
{
    static const char *const names[] = { "ecmp", "sourcePort" };
    const struct zt_path *path = ZT_PATH_KEY(NULL, "seeds");
    uint32_t values[2];
    int64_t ecmp, source_port;
    if (!zt_schema_object(&reader->schema, node, path, names, 2, values) ||
        !zt_schema_integer(&reader->schema, values[0], ZT_PATH_KEY(path, "ecmp"), 0, UINT32_MAX,
                           &ecmp) ||
        !zt_schema_integer(&reader->schema, values[1], ZT_PATH_KEY(path, "sourcePort"), 0,
                           UINT32_MAX, &source_port))
        return false;
    reader->program->ecmp_seed = (uint32_t)ecmp;
    reader->program->source_port_seed = (uint32_t)source_port;
    return true;
}

/* A member that is true or absent, `node` 0 then. */
static bool read_true(struct zt_program_reader *reader, uint32_t node, const char *name,
                      bool *value)
{
    const struct zt_path *path = ZT_PATH_KEY(NULL, name);
    if (node == 0)
        return true;
    return zt_schema_bool(&reader->schema, node, path, value) &&
           (*value || zt_schema_fail(&reader->schema, path, "true is wanted"));
}

static bool read_program(struct zt_program_reader *reader)
{
    enum {
        FORMAT,
        VERSION,
        NODE,
        SEEDS,
        VRFS,
        INTERFACES,
        KERNEL_ROUTES,
        RESILIENT,
        TABLES,
        COUNT
    };
    static const char *const names[COUNT] = { "format",        "version",    "node",
                                              "seeds",         "vrfs",       "interfaces",
                                              "?kernelRoutes", "?resilient", "tables" };
    static const char *const formats[] = { "ztos-program" };
    const struct zt_schema *schema = &reader->schema;
    uint32_t values[COUNT], format;
    int64_t version;

    return zt_schema_object(schema, 0, NULL, names, COUNT, values) &&
           zt_schema_enum(schema, values[FORMAT], ZT_PATH_KEY(NULL, "format"), formats, 1,
                          &format) &&
           zt_schema_integer(schema, values[VERSION], ZT_PATH_KEY(NULL, "version"),
                             ZT_PROGRAM_VERSION, ZT_PROGRAM_VERSION, &version) &&
           zt_schema_string(schema, values[NODE], ZT_PATH_KEY(NULL, "node"), 1, 63,
                            reader->program->node) &&
           read_seeds(reader, values[SEEDS]) && read_vrfs(reader, values[VRFS]) &&
           zt_program_read_interfaces(reader, values[INTERFACES]) && zt_program_link(reader) &&
           read_true(reader, values[KERNEL_ROUTES], "kernelRoutes",
                     &reader->program->kernel_routes) &&
           read_true(reader, values[RESILIENT], "resilient", &reader->program->resilient) &&
           zt_program_read_tables(reader, values[TABLES]) && zt_program_check_overlays(reader);
}

struct zt_program *zt_program_parse(const char *text, size_t length, struct zt_error *error)
{
    struct zt_json json;
    struct zt_program *program = NULL;

    if (zt_json_parse(&json, text, length, error)) {
        program = zt_calloc(1, sizeof *program);
        program->text = zt_calloc(length + 1, 1);
        memcpy(program->text, text, length);
        program->length = length;
        struct zt_program_reader reader = {
            .schema = { .json = &json, .error = error, .code = "program-invalid" },
            .program = program
        };
        if (!read_program(&reader)) {
            zt_program_free(program);
            program = NULL;
        }
    }
    zt_json_free(&json);
    return program;
}
