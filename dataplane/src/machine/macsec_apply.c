/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/macsec_apply.h"

#include <stdlib.h>

#include "src/base/error.h"

/* The one receive channel of an interface with an implicit SCI. */
struct zt_implicit_channel {
    zt_sci sci;
    /* A bit for each AN that has an association. */
    uint8_t ans;
};

void zt_macsec_change_start(struct zt_macsec_change_reader *reader,
                            const struct zt_machine *machine)
{
    *reader =
        (struct zt_macsec_change_reader){ .ring = { .machine = machine, .keys = machine->lent } };
}

void zt_macsec_change_end(struct zt_macsec_change_reader *reader)
{
    zt_macsec_ring_free(&reader->ring);
    free(reader->implicit);
}

/* ---- one channel alone ---- */

static void list_implicit(struct zt_macsec_change_reader *reader)
{
    const struct zt_program *program = reader->ring.machine->program;
    reader->implicit = zt_calloc(program->interface_count, sizeof *reader->implicit);
    for (uint32_t i = 0; i < program->interface_count; i++) {
        const struct zt_macsec *macsec = &program->interfaces[i].macsec;
        if (program->interfaces[i].kind != ZT_KIND_MACSEC || macsec->channel_count != 1)
            continue;
        reader->implicit[i].sci = macsec->channels[0].sci;
        for (uint32_t an = 0; an < 4; an++)
            reader->implicit[i].ans |= (uint8_t)((macsec->channels[0].sas[an] != NULL) << an);
    }
}

/* MACSEC-9: false when a change would give an interface with an implicit SCI a second channel. */
static bool keep_one_channel(struct zt_macsec_change_reader *reader, uint32_t interface,
                             const struct zt_macsec_change *change)
{
    const struct zt_macsec *macsec = &zt_interface_at(reader->ring.machine, interface)->macsec;
    uint8_t bit = (uint8_t)(1u << change->an);

    if (macsec->kind != ZT_SECTAG_IMPLICIT)
        return true;
    if (reader->implicit == NULL)
        list_implicit(reader);
    struct zt_implicit_channel *channel = &reader->implicit[interface];
    bool same = zt_sci_equal(channel->sci, change->sci);
    if (change->count == 0) {
        channel->ans &= same ? (uint8_t)~bit : 0xff;
        return true;
    }
    if (!same && channel->ans != 0)
        return false;
    channel->sci = change->sci;
    channel->ans |= bit;
    return true;
}

/* ---- reading ---- */

/* The next association of a change, of an interface; `first` as in zt_program_read_association(). */
static bool read_association(struct zt_macsec_change_reader *reader, const struct zt_schema *schema,
                             const struct zt_schema *refusal, const struct zt_macsec *macsec,
                             uint32_t node, const struct zt_path *path, uint32_t first,
                             struct zt_macsec_change *change)
{
    struct zt_sa *sa = change->sas[change->count++] = zt_sa_new();
    zt_sa_set_form(sa, macsec);
    sa->sci = change->sci;
    sa->an = change->an;
    if (!zt_program_read_association(schema, node, path, first, sa) ||
        !zt_association_check(refusal, path, sa))
        return false;
    return zt_macsec_ring_set(&reader->ring, sa) ||
           zt_schema_fail(refusal, ZT_PATH_KEY(path, "key"),
                          "there is no key of %u octets for this reference",
                          zt_cipher_key_octets(sa->cipher));
}

bool zt_macsec_read_receive_change(struct zt_macsec_change_reader *reader,
                                   const struct zt_schema *schema, const struct zt_schema *refusal,
                                   uint32_t interface, const uint32_t values[3],
                                   const struct zt_path *path, struct zt_macsec_change *change)
{
    const struct zt_macsec *macsec = &zt_interface_at(reader->ring.machine, interface)->macsec;
    bool removes = schema->json->nodes[values[2]].type == ZT_JSON_NULL;
    int64_t an;

    if (!zt_schema_sci(schema, values[0], ZT_PATH_KEY(path, "sci"), &change->sci) ||
        !zt_schema_integer(schema, values[1], ZT_PATH_KEY(path, "an"), 0, 3, &an))
        return false;
    change->an = (uint8_t)an;
    if (!removes && !read_association(reader, schema, refusal, macsec, values[2],
                                      ZT_PATH_KEY(path, "to"), 2, change))
        return false;
    if (!removes && zt_sci_equal(change->sci, macsec->sci))
        return zt_schema_fail(refusal, ZT_PATH_KEY(path, "sci"),
                              "it is the SCI of the interface's transmit channel");
    return keep_one_channel(reader, interface, change) ||
           zt_schema_fail(refusal, ZT_PATH_KEY(path, "sci"),
                          "with an implicit SCI there is one receive channel");
}

bool zt_macsec_read_transmit_change(struct zt_macsec_change_reader *reader,
                                    const struct zt_schema *schema, const struct zt_schema *refusal,
                                    uint32_t interface, const uint32_t values[2],
                                    const struct zt_path *path, struct zt_macsec_change *change)
{
    const struct zt_macsec *macsec = &zt_interface_at(reader->ring.machine, interface)->macsec;
    const struct zt_path *list = ZT_PATH_KEY(path, "standby");
    uint32_t node = values[1], at = zt_json_first(node);

    change->sci = macsec->sci;
    if (!read_association(reader, schema, refusal, macsec, values[0], ZT_PATH_KEY(path, "to"), 1,
                          change) ||
        (node != 0 && !zt_schema_array(schema, node, list, 0, ZT_TRANSMIT_MAX - 1)))
        return false;
    uint32_t more = node == 0 ? 0 : schema->json->nodes[node].count;
    for (uint32_t i = 0; i < more; i++, at = zt_json_next(schema->json, at))
        if (!read_association(reader, schema, refusal, macsec, at, ZT_PATH_INDEX(list, i), 1,
                              change))
            return false;
    return zt_transmit_check(refusal, path, change->sas, change->count);
}

void zt_macsec_change_free(struct zt_macsec_change *change)
{
    if (change == NULL)
        return;
    for (uint32_t i = 0; i < change->count; i++)
        zt_sa_free(change->sas[i]);
    free(change);
}

/* ---- carrying out ---- */

void zt_macsec_change_receive(struct zt_machine *machine, uint32_t interface,
                              struct zt_macsec_change *change)
{
    struct zt_macsec *macsec = &zt_interface_at(machine, interface)->macsec;
    if (change->count == 0)
        zt_macsec_remove_receive(macsec, change->sci, change->an);
    else
        zt_macsec_put_receive(macsec, change->sas[0]);
    change->count = 0;
    macsec->changed = true;
}

void zt_macsec_change_transmit(struct zt_machine *machine, uint32_t interface,
                               struct zt_macsec_change *change)
{
    struct zt_macsec *macsec = &zt_interface_at(machine, interface)->macsec;
    zt_macsec_put_transmit(machine, macsec, change->sas, change->count);
    change->count = 0;
    macsec->changed = true;
}
