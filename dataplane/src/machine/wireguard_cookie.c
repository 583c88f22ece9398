/* SPDX-License-Identifier: Apache-2.0 */
/* Load, cookies and credit of sources: WG-8, WG-9, WG-11. */
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/wireguard.h"

#define MILLISECOND UINT64_C(1000000)
#define SECRET_LIFE (120 * ZT_WG_SECOND)
#define CREDIT_MAX (250 * MILLISECOND)
#define COST (50 * MILLISECOND)
#define SOURCES_MAX 8192u
#define NO_SOURCE UINT32_MAX

bool zt_wg_count(struct zt_machine *machine, struct zt_wg_device *device)
{
    struct zt_wg_defence *defence = &device->defence;
    uint64_t second = machine->now / ZT_WG_SECOND;
    uint32_t limit = zt_wg_of(machine, device)->load_limit;

    if (second != defence->second) {
        defence->counted_before = second == defence->second + 1 ? defence->counted : 0;
        defence->counted = 0;
        defence->second = second;
    }
    defence->counted++;
    return defence->counted > limit || defence->counted_before > limit;
}

void zt_wg_make_cookie(struct zt_machine *machine, struct zt_wg_device *device, zt_ip source,
                       uint16_t port, uint8_t cookie[ZT_WG_MAC])
{
    struct zt_wg_defence *defence = &device->defence;
    uint32_t octets = zt_ip_octets(source.family);
    uint8_t text[18];

    if (!defence->has_secret || machine->now - defence->secret_at >= SECRET_LIFE) {
        zt_wg_draw(machine, device, defence->secret);
        defence->has_secret = true;
        defence->secret_at = machine->now;
    }
    memcpy(text, source.octets, octets);
    zt_store_u16(text + octets, port);
    zt_wg_mac(zt_wg_crypto_of(machine), defence->secret, ZT_WG_KEY, text,
              ZT_MUTANT(wireguard_cookie_not_bound) ? 0 : octets + 2, cookie);
}

/* ---- WG-11 ---- */

static bool is_of(const struct zt_wg_credit *credit, const uint8_t source[8], uint8_t family)
{
    return credit->family == family && memcmp(credit->source, source, 8) == 0;
}

static uint32_t *bucket_of(const struct zt_machine *machine, const struct zt_wg_defence *defence,
                           const uint8_t source[8])
{
    uint64_t hash = (zt_wg_load64(source) ^ machine->secret) * machine->secret;
    return &defence->buckets[(hash >> 40) % SOURCES_MAX];
}

static uint64_t credit_at(const struct zt_wg_credit *credit, uint64_t now)
{
    uint64_t gained = now - credit->at;
    return gained >= CREDIT_MAX - credit->credit ? CREDIT_MAX : credit->credit + gained;
}

static void link_source(const struct zt_machine *machine, struct zt_wg_defence *defence,
                        uint32_t index)
{
    uint32_t *bucket = bucket_of(machine, defence, defence->credits[index].source);
    defence->credits[index].next = *bucket;
    *bucket = index;
}

/* Those with full credit are as if they had never come. */
static void forget_full(const struct zt_machine *machine, struct zt_wg_defence *defence)
{
    uint32_t kept = 0;
    if (machine->now < defence->credits_full_at)
        return;
    memset(defence->buckets, 0xff, SOURCES_MAX * sizeof *defence->buckets);
    defence->credits_full_at = UINT64_MAX;
    for (uint32_t i = 0; i < defence->credit_count; i++) {
        struct zt_wg_credit *credit = &defence->credits[i];
        uint64_t full_at = credit->at + CREDIT_MAX - credit->credit;
        if (full_at <= machine->now)
            continue;
        if (full_at < defence->credits_full_at)
            defence->credits_full_at = full_at;
        defence->credits[kept] = *credit;
        link_source(machine, defence, kept++);
    }
    defence->credit_count = kept;
}

static struct zt_wg_credit *find_or_add(const struct zt_machine *machine,
                                        struct zt_wg_defence *defence, const uint8_t source[8],
                                        uint8_t family)
{
    if (defence->credits == NULL) {
        defence->credits = zt_calloc(SOURCES_MAX, sizeof *defence->credits);
        defence->buckets = zt_calloc(SOURCES_MAX, sizeof *defence->buckets);
        memset(defence->buckets, 0xff, SOURCES_MAX * sizeof *defence->buckets);
        defence->credits_full_at = 0;
    }
    for (uint32_t i = *bucket_of(machine, defence, source); i != NO_SOURCE;
         i = defence->credits[i].next)
        if (is_of(&defence->credits[i], source, family))
            return &defence->credits[i];
    if (defence->credit_count == SOURCES_MAX)
        forget_full(machine, defence);
    if (defence->credit_count == SOURCES_MAX)
        return NULL;
    struct zt_wg_credit *credit = &defence->credits[defence->credit_count];
    *credit = (struct zt_wg_credit){ .family = family, .credit = CREDIT_MAX, .at = machine->now };
    memcpy(credit->source, source, 8);
    link_source(machine, defence, defence->credit_count++);
    return credit;
}

bool zt_wg_has_credit(struct zt_machine *machine, struct zt_wg_device *device, zt_ip source)
{
    struct zt_wg_credit *credit =
        find_or_add(machine, &device->defence, source.octets, source.family);
    if (credit == NULL)
        return false;
    credit->credit = credit_at(credit, machine->now);
    credit->at = machine->now;
    bool enough = credit->credit >= COST;
    if (enough)
        credit->credit -= COST;
    uint64_t full_at = machine->now + CREDIT_MAX - credit->credit;
    if (full_at < device->defence.credits_full_at)
        device->defence.credits_full_at = full_at;
    return enough;
}

void zt_wg_defence_free(struct zt_wg_defence *defence)
{
    free(defence->credits);
    free(defence->buckets);
    zt_wg_wipe(defence, sizeof *defence);
}
