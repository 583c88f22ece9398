/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/macsec.h"

static int compare(const void *a, const void *b)
{
    const struct zt_sa *left = *(const struct zt_sa *const *)a,
                       *right = *(const struct zt_sa *const *)b;
    int order = strcmp(left->reference, right->reference);
    return order != 0 ? order : (left->cipher > right->cipher) - (left->cipher < right->cipher);
}

static void list_interface(struct zt_macsec_ring *ring, const struct zt_macsec *macsec)
{
    size_t most = (size_t)ring->count + macsec->tx_count + macsec->rx_count;
    ring->known = zt_realloc(ring->known, most, sizeof *ring->known);
    for (uint32_t i = 0; i < macsec->tx_count; i++)
        ring->known[ring->count++] = macsec->tx[i];
    for (uint32_t i = 0; i < macsec->rx_count; i++)
        ring->known[ring->count++] = macsec->rx[i];
}

static void list(struct zt_macsec_ring *ring)
{
    const struct zt_program *program = ring->machine->program;
    ring->listed = true;
    for (uint32_t i = 0; program != NULL && i < program->interface_count; i++)
        if (program->interfaces[i].kind == ZT_KIND_MACSEC)
            list_interface(ring, &program->interfaces[i].macsec);
    if (ring->count > 0)
        qsort(ring->known, ring->count, sizeof *ring->known, compare);
}

bool zt_macsec_ring_set(struct zt_macsec_ring *ring, struct zt_sa *sa)
{
    const uint8_t *octets =
        zt_keys_find(ring->keys, sa->reference, zt_cipher_key_octets(sa->cipher));
    if (octets != NULL) {
        zt_sa_set_key(ring->machine->crypto, sa, octets);
        return true;
    }
    if (!ring->listed)
        list(ring);
    const struct zt_sa **found =
        ring->count == 0 ? NULL
                         : bsearch(&sa, ring->known, ring->count, sizeof *ring->known, compare);
    if (found != NULL)
        zt_sa_copy_key(ring->machine->crypto, sa, *found);
    return found != NULL;
}

void zt_macsec_ring_free(struct zt_macsec_ring *ring)
{
    free(ring->known);
    ring->known = NULL;
}

static bool set_key(struct zt_macsec_ring *ring, struct zt_sa *sa, uint16_t interface,
                    struct zt_error *error)
{
    char where[48];
    if (zt_macsec_ring_set(ring, sa))
        return true;
    snprintf(where, sizeof where, "interface %u", interface);
    return zt_error_set(error, "keys-missing", where,
                        "there is no key of %u octets for `%s`; name a key file that has it",
                        zt_cipher_key_octets(sa->cipher), sa->reference);
}

static bool set_keys(struct zt_macsec_ring *ring, const struct zt_interface *interface,
                     struct zt_error *error)
{
    const struct zt_macsec *macsec = &interface->macsec;
    for (uint32_t i = 0; i < macsec->tx_count; i++)
        if (!set_key(ring, macsec->tx[i], interface->id, error))
            return false;
    for (uint32_t i = 0; i < macsec->rx_count; i++)
        if (!set_key(ring, macsec->rx[i], interface->id, error))
            return false;
    return true;
}

bool zt_macsec_prepare(struct zt_machine *machine, struct zt_program *program,
                       const struct zt_keys *keys, struct zt_error *error)
{
    struct zt_macsec_ring ring = { .machine = machine, .keys = keys };
    bool good = true;
    for (uint32_t i = 0; good && i < program->interface_count; i++)
        if (program->interfaces[i].kind == ZT_KIND_MACSEC)
            good = set_keys(&ring, &program->interfaces[i], error);
    zt_macsec_ring_free(&ring);
    return good;
}
