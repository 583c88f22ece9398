/* SPDX-License-Identifier: Apache-2.0 */
/* Associations, channels and packet numbers over loads and changes: MACSEC-8, MACSEC-9, MACSEC-11. */
#include <search.h>
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/macsec.h"
#include "src/machine/program_parts.h"

/* The number before the first one of an association that is new. */
static uint64_t given_before(const struct zt_sa *sa)
{
    return sa->given == 0 ? 0 : (uint64_t)(sa->given - 1);
}

/* ---- what was sent ---- */

static int compare_sent(const void *a, const void *b)
{
    const struct zt_sent *left = a, *right = b;
    int order = memcmp(&left->sci, &right->sci, sizeof left->sci);
    return order != 0 ? order : strcmp(left->reference, right->reference);
}

static void free_sent(void *node)
{
    struct zt_sent *sent = node;
    free(sent->reference);
    free(sent);
}

void zt_macsec_stop(struct zt_machine *machine)
{
    tdestroy(machine->sent, free_sent);
    machine->sent = NULL;
}

/* Whether the running program has a transmit association with this SCI and key. */
static bool is_sending(const struct zt_program *program, const struct zt_sent *wanted)
{
    for (uint32_t i = 0; program != NULL && i < program->interface_count; i++) {
        const struct zt_macsec *macsec = &program->interfaces[i].macsec;
        if (program->interfaces[i].kind != ZT_KIND_MACSEC)
            continue;
        for (uint32_t tx = 0; tx < macsec->tx_count; tx++)
            if (macsec->tx[tx]->sent == wanted)
                return true;
    }
    return false;
}

static bool is_forgotten(const struct zt_machine *machine, const struct zt_sent *sent)
{
    return ZT_MUTANT(pn_starts_afresh) ||
           (ZT_MUTANT(macsec_pn_memory_lost) && !is_sending(machine->program, sent));
}

/* MACSEC-9: gives a transmit association its number: that of its SCI and key, or the given one if it is greater. */
static void give_number(struct zt_machine *machine, struct zt_sa *sa)
{
    struct zt_sent wanted = { .sci = sa->sci, .reference = sa->reference };
    struct zt_sent **found = tfind(&wanted, &machine->sent, compare_sent);

    if (found == NULL) {
        sa->sent = zt_calloc(1, sizeof *sa->sent);
        sa->sent->sci = sa->sci;
        sa->sent->reference = strdup(sa->reference);
        if (sa->sent->reference == NULL || tsearch(sa->sent, &machine->sent, compare_sent) == NULL)
            zt_calloc(SIZE_MAX, 1);
    } else {
        sa->sent = *found;
    }
    uint64_t before = given_before(sa);
    if (sa->sent->last < before || is_forgotten(machine, sa->sent))
        sa->sent->last = before;
}

/* ---- channels ---- */

static struct zt_channel *add_channel(struct zt_macsec *macsec, zt_sci sci)
{
    if (macsec->channel_count == macsec->channel_capacity) {
        macsec->channel_capacity = macsec->channel_capacity == 0 ? 1 : 2 * macsec->channel_capacity;
        macsec->channels =
            zt_realloc(macsec->channels, macsec->channel_capacity, sizeof *macsec->channels);
    }
    struct zt_channel *channel = &macsec->channels[macsec->channel_count++];
    *channel = (struct zt_channel){ .sci = sci };
    return channel;
}

/* A channel is there while it has an association. */
static void remove_if_empty(struct zt_macsec *macsec, struct zt_channel *channel)
{
    for (uint32_t an = 0; an < 4; an++)
        if (channel->sas[an] != NULL)
            return;
    struct zt_channel *end = macsec->channels + --macsec->channel_count;
    memmove(channel, channel + 1, (size_t)(end - channel) * sizeof *channel);
}

/* ---- receive associations ---- */

/* MACSEC-9: the same interface, SCI and AN are understood. */
static bool is_kept(const struct zt_sa *now, const struct zt_sa *before)
{
    return now->cipher == before->cipher && strcmp(now->reference, before->reference) == 0 &&
           !ZT_MUTANT(pn_starts_afresh);
}

static uint32_t place_of(const struct zt_macsec *macsec, const struct zt_sa *sa)
{
    uint32_t at = 0;
    while (macsec->rx[at] != sa)
        at++;
    return at;
}

static void append(struct zt_macsec *macsec, struct zt_sa *sa)
{
    if (macsec->rx_count == macsec->rx_capacity) {
        macsec->rx_capacity = macsec->rx_capacity == 0 ? 2 : 2 * macsec->rx_capacity;
        macsec->rx = zt_realloc(macsec->rx, macsec->rx_capacity, sizeof *macsec->rx);
    }
    macsec->rx[macsec->rx_count++] = sa;
}

void zt_macsec_put_receive(struct zt_macsec *macsec, struct zt_sa *sa)
{
    struct zt_channel *channel = zt_macsec_channel(macsec, sa->sci);
    if (channel == NULL)
        channel = add_channel(macsec, sa->sci);
    struct zt_sa *before = channel->sas[sa->an];

    channel->sas[sa->an] = sa;
    sa->late = given_before(sa);
    if (before == NULL) {
        append(macsec, sa);
        return;
    }
    if (is_kept(sa, before) && !ZT_MUTANT(macsec_change_forgets_pn))
        sa->late = before->late;
    macsec->rx[place_of(macsec, before)] = sa;
    zt_sa_free(before);
}

void zt_macsec_remove_receive(struct zt_macsec *macsec, zt_sci sci, uint8_t an)
{
    struct zt_channel *channel = zt_macsec_channel(macsec, sci);
    struct zt_sa *sa = channel == NULL ? NULL : channel->sas[an];
    if (sa == NULL)
        return;
    uint32_t at = place_of(macsec, sa);
    memmove(&macsec->rx[at], &macsec->rx[at + 1], (--macsec->rx_count - at) * sizeof *macsec->rx);
    channel->sas[an] = NULL;
    remove_if_empty(macsec, channel);
    zt_sa_free(sa);
}

/* ---- transmit associations ---- */

void zt_macsec_put_transmit(struct zt_machine *machine, struct zt_macsec *macsec,
                            struct zt_sa *const *sas, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        give_number(machine, sas[i]);
    for (uint32_t i = 0; i < macsec->tx_count; i++)
        zt_sa_free(macsec->tx[i]);
    memcpy(macsec->tx, sas, count * sizeof *sas);
    macsec->tx_count = count;
}

/* ---- loads ---- */

/* MACSEC-8, MACSEC-9: what an interface takes over from the one with its id. */
static void keep_received(struct zt_macsec *macsec, const struct zt_macsec *before)
{
    memcpy(macsec->counters, before->counters, sizeof macsec->counters);
    for (uint32_t i = 0; i < macsec->channel_count; i++) {
        struct zt_channel *channel = &macsec->channels[i];
        const struct zt_channel *old = zt_macsec_channel(before, channel->sci);
        if (old == NULL)
            continue;
        memcpy(channel->counters, old->counters, sizeof channel->counters);
        for (uint32_t an = 0; an < 4; an++)
            if (channel->sas[an] != NULL && old->sas[an] != NULL &&
                is_kept(channel->sas[an], old->sas[an]))
                channel->sas[an]->late = old->sas[an]->late;
    }
}

void zt_macsec_keep(struct zt_machine *machine, struct zt_program *program)
{
    const struct zt_program *before = machine->program;
    for (uint32_t i = 0; i < program->interface_count; i++) {
        struct zt_interface *interface = &program->interfaces[i];
        if (interface->kind != ZT_KIND_MACSEC)
            continue;
        for (uint32_t tx = 0; tx < interface->macsec.tx_count; tx++)
            give_number(machine, interface->macsec.tx[tx]);
        uint32_t index = before == NULL ? ZT_NONE : zt_program_find(before, interface->id);
        if (index != ZT_NONE && before->interfaces[index].kind == ZT_KIND_MACSEC)
            keep_received(&interface->macsec, &before->interfaces[index].macsec);
    }
}

void zt_macsec_free(struct zt_macsec *macsec)
{
    for (uint32_t i = 0; i < macsec->tx_count; i++)
        zt_sa_free(macsec->tx[i]);
    for (uint32_t i = 0; i < macsec->rx_count; i++)
        zt_sa_free(macsec->rx[i]);
    free(macsec->rx);
    free(macsec->channels);
}
