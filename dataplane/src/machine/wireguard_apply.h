/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of peers: WG-33. */
#ifndef ZTOS_MACHINE_WIREGUARD_APPLY_H
#define ZTOS_MACHINE_WIREGUARD_APPLY_H

#include "src/machine/wireguard_keys.h"

/* A peer as it is to be, or (for one that is removed) its public key alone. */
struct zt_wg_change {
    struct zt_wg_given given;
    struct zt_wg_remote remote;
};

/* Peers that a list adds or removes, so that their number is known at each change. */
struct zt_wg_roll {
    struct zt_wg_roll_entry *entries;
    uint32_t count, capacity;
    /* How many there are, by index of the interface. */
    uint32_t *peers;
};

/* What reading changes of peers needs, for a whole list. */
struct zt_wg_change_reader {
    const struct zt_machine *machine;
    struct zt_wg_keyring ring;
    struct zt_wg_roll roll;
};

void zt_wg_change_start(struct zt_wg_change_reader *reader, const struct zt_machine *machine);
void zt_wg_change_end(struct zt_wg_change_reader *reader);
/*
 * Reads `publicKey` and `to` of a change of a wireguard interface. False with the error of `schema` or `refusal` filled. The
 * change is to be freed in both cases.
 */
bool zt_wg_change_read(struct zt_wg_change_reader *reader, const struct zt_schema *schema,
                       const struct zt_schema *refusal, uint32_t interface, uint32_t public_key,
                       uint32_t to, const struct zt_path *path, struct zt_wg_change *change);
void zt_wg_change_free(struct zt_wg_change *change);
/* Carries it out. */
void zt_wg_change_apply(struct zt_machine *machine, uint32_t interface, bool removes,
                        const struct zt_wg_change *change);

#endif
