/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of associations: MACSEC-11. */
#ifndef ZTOS_MACHINE_MACSEC_APPLY_H
#define ZTOS_MACHINE_MACSEC_APPLY_H

#include "src/machine/macsec.h"

/* Receive: one association, none of one that is removed, and which it is. Transmit: `tx` and `standby`. */
struct zt_macsec_change {
    struct zt_sa *sas[ZT_TRANSMIT_MAX];
    uint32_t count;
    zt_sci sci;
    uint8_t an;
};

/* What reading changes of associations needs, for a whole list. */
struct zt_macsec_change_reader {
    struct zt_macsec_ring ring;
    /* Receive channels of interfaces with an implicit SCI as they are at a change: by interface index, NULL until one is asked for. */
    struct zt_implicit_channel *implicit;
};

void zt_macsec_change_start(struct zt_macsec_change_reader *reader,
                            const struct zt_machine *machine);
void zt_macsec_change_end(struct zt_macsec_change_reader *reader);
/*
 * Reads a change of a macsec interface: false with the error of `schema` or `refusal` filled. Of receive associations `values` are
 * `sci`, `an`, `to`, of transmit ones `to` and `standby`. The change is to be freed in both cases.
 */
bool zt_macsec_read_receive_change(struct zt_macsec_change_reader *reader,
                                   const struct zt_schema *schema, const struct zt_schema *refusal,
                                   uint32_t interface, const uint32_t values[3],
                                   const struct zt_path *path, struct zt_macsec_change *change);
bool zt_macsec_read_transmit_change(struct zt_macsec_change_reader *reader,
                                    const struct zt_schema *schema, const struct zt_schema *refusal,
                                    uint32_t interface, const uint32_t values[2],
                                    const struct zt_path *path, struct zt_macsec_change *change);
void zt_macsec_change_free(struct zt_macsec_change *change);
/* Carries it out, and takes its associations over. */
void zt_macsec_change_receive(struct zt_machine *machine, uint32_t interface,
                              struct zt_macsec_change *change);
void zt_macsec_change_transmit(struct zt_machine *machine, uint32_t interface,
                               struct zt_macsec_change *change);

#endif
