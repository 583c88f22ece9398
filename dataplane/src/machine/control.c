/* SPDX-License-Identifier: Apache-2.0 */
/* The journalled control operations: CTRL-2, CTRL-3, CTRL-5, CTRL-6, CTRL-8. */
#include "src/machine/macsec.h"
#include "src/machine/schema.h"

/* Changes of one `apply` (contract/control.ts). */
#define CHANGES_MAX 65536u

/* An interface by id; `kinds` has a bit for each that is wanted, 0 for any. */
static bool read_interface(const struct zt_machine *machine, const struct zt_schema *schema,
                           uint32_t node, uint32_t kinds, uint32_t *index)
{
    const struct zt_path *path = ZT_PATH_KEY(NULL, "interface");
    struct zt_schema unknown = *schema;
    int64_t id;

    if (!zt_schema_integer(schema, node, path, 1, UINT16_MAX, &id))
        return false;
    unknown.code = "unknown-interface";
    *index = zt_program_find(machine->program, (uint32_t)id);
    if (*index == ZT_NONE)
        return zt_schema_fail(&unknown, path, "there is no interface %d", (int)id);
    uint8_t kind = zt_interface_at(machine, *index)->kind;
    if (kinds != 0 && (kinds >> kind & 1) == 0)
        return zt_schema_fail(&unknown, path, "interface %d is a %s", (int)id, zt_kind_name(kind));
    return true;
}

static bool read_id(const struct zt_schema *schema, uint32_t node)
{
    int64_t id;
    return zt_schema_integer(schema, node, ZT_PATH_KEY(NULL, "id"), 0, UINT32_MAX, &id);
}

static bool set_vni(struct zt_machine *machine, const struct zt_schema *schema)
{
    static const char *const names[] = { "id", "op", "interface", "vni" };
    uint32_t values[4], index;
    int64_t vni;

    if (!zt_schema_object(schema, 0, NULL, names, 4, values) || !read_id(schema, values[0]) ||
        !zt_schema_integer(schema, values[3], ZT_PATH_KEY(NULL, "vni"), 1, 0xffffff, &vni) ||
        !read_interface(machine, schema, values[2], 1u << ZT_KIND_VXLAN, &index))
        return false;
    zt_interface_at(machine, index)->vxlan.vni = (uint32_t)vni;
    zt_interface_at(machine, index)->vxlan.vni_set = true;
    return true;
}

static bool set_macsec_mode(struct zt_machine *machine, const struct zt_schema *schema)
{
    static const char *const names[] = { "id", "op", "interface", "mode", "?protect" };
    uint32_t values[5], index, mode;
    bool protect;

    if (!zt_schema_object(schema, 0, NULL, names, 5, values) || !read_id(schema, values[0]) ||
        !zt_schema_enum(schema, values[3], ZT_PATH_KEY(NULL, "mode"), zt_macsec_mode_names,
                        ZT_MACSEC_MODES, &mode) ||
        (values[4] != 0 &&
         !zt_schema_bool(schema, values[4], ZT_PATH_KEY(NULL, "protect"), &protect)) ||
        !read_interface(machine, schema, values[2], 1u << ZT_KIND_MACSEC, &index))
        return false;
    struct zt_macsec *macsec = &zt_interface_at(machine, index)->macsec;
    macsec->mode = (uint8_t)mode;
    macsec->has_protect = values[4] != 0;
    if (!ZT_MUTANT(macsec_mode_keeps_protect))
        macsec->protect = values[4] != 0 ? protect : mode != ZT_MACSEC_DISABLED;
    macsec->changed = true;
    return true;
}

/* CTRL-8. */
static bool carrier(struct zt_machine *machine, const struct zt_schema *schema)
{
    static const char *const names[] = { "id", "op", "interface", "up" };
    uint32_t values[4], index;
    bool up;

    if (!zt_schema_object(schema, 0, NULL, names, 4, values) || !read_id(schema, values[0]) ||
        !zt_schema_bool(schema, values[3], ZT_PATH_KEY(NULL, "up"), &up) ||
        !read_interface(machine, schema, values[2], 1u << ZT_KIND_PORT, &index))
        return false;
    struct zt_interface *port = zt_interface_at(machine, index);
    port->port.down = machine->down[port->id] = !up;
    return true;
}

/* Of one bridge, of one member, or (`index` ZT_NONE) of all. */
static void flush_fdb(struct zt_machine *machine, uint32_t index)
{
    for (uint32_t i = 0; i < machine->program->interface_count; i++) {
        const struct zt_interface *bridge = zt_interface_at(machine, i);
        if (bridge->kind != ZT_KIND_BRIDGE)
            continue;
        uint32_t member = index == i ? ZT_NONE : index;
        zt_fdb_flush(bridge->br.fdb, member);
        if (bridge->br.memberships != NULL && !ZT_MUTANT(flush_keeps_memberships)) /* SNOOP-6 */
            zt_memberships_flush(bridge->br.memberships, member);
    }
}

/* CTRL-3: for the FDB a bridge or a member of one, for neighbours an IRB. */
static bool can_be_flushed(const struct zt_machine *machine, const struct zt_schema *schema,
                           uint32_t table, uint32_t index)
{
    const struct zt_interface *interface = zt_interface_at(machine, index);
    struct zt_schema unknown = *schema;
    bool irb = interface->kind == ZT_KIND_IRB;
    bool bridged = interface->kind == ZT_KIND_BRIDGE || (interface->bridge != ZT_NONE && !irb);

    unknown.code = "unknown-interface";
    if (table == 0 ? bridged : irb)
        return true;
    return zt_schema_fail(&unknown, ZT_PATH_KEY(NULL, "interface"), "interface %u is no %s",
                          interface->id, table == 0 ? "bridge and no member of one" : "irb");
}

static bool flush(struct zt_machine *machine, const struct zt_schema *schema)
{
    static const char *const names[] = { "id", "op", "table", "?interface" };
    static const char *const tables[] = { "fdb", "neighbours" };
    uint32_t values[4], table, index = ZT_NONE;

    if (!zt_schema_object(schema, 0, NULL, names, 4, values) || !read_id(schema, values[0]) ||
        !zt_schema_enum(schema, values[2], ZT_PATH_KEY(NULL, "table"), tables, 2, &table))
        return false;
    if (values[3] != 0 && (!read_interface(machine, schema, values[3], 0, &index) ||
                           !can_be_flushed(machine, schema, table, index)))
        return false;
    if (ZT_MUTANT(flush_forgets_nothing))
        return true;
    if (table == 0)
        flush_fdb(machine, index);
    else
        zt_neighbour_flush(machine, index);
    return true;
}

static bool apply(struct zt_machine *machine, const struct zt_schema *schema)
{
    /* `keys` is the caller's: it lends them (WG-33). */
    static const char *const names[] = { "id", "op", "changes", "?keys" };
    uint32_t values[4];

    return zt_schema_object(schema, 0, NULL, names, 4, values) && read_id(schema, values[0]) &&
           zt_schema_array(schema, values[2], ZT_PATH_KEY(NULL, "changes"), 0, CHANGES_MAX) &&
           zt_apply(machine, schema, values[2]);
}

bool zt_control_request(struct zt_machine *machine, const struct zt_json *json,
                        struct zt_error *error)
{
    static const char *const ops[] = {
#define OP(name, text) text,
        ZT_FOREACH_JOURNALLED_OP(OP)
#undef OP
    };
    enum {
#define OP(name, text) OP_##name,
        ZT_FOREACH_JOURNALLED_OP(OP)
#undef OP
    };
    const struct zt_schema schema = { .json = json, .error = error, .code = "request-invalid" };
    uint32_t node = zt_schema_find(&schema, 0, "op"), op;

    if (node == 0)
        return zt_schema_fail(&schema, NULL, "an object with `op` is wanted");
    if (!zt_schema_enum(&schema, node, ZT_PATH_KEY(NULL, "op"), ops, sizeof ops / sizeof *ops, &op))
        return false;
    if (machine->program == NULL)
        return zt_schema_fail(&schema, NULL, "no program is loaded");
    switch (op) {
    case OP_SET_VNI:
        return set_vni(machine, &schema);
    case OP_SET_MACSEC_MODE:
        return set_macsec_mode(machine, &schema);
    case OP_APPLY:
        return apply(machine, &schema);
    case OP_CARRIER:
        return carrier(machine, &schema);
    default:
        return flush(machine, &schema);
    }
}
