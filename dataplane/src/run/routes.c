/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/routes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "src/base/error.h"
#include "ztos/hash.h"

/* What the kernel says at one metric. */
struct variant {
    uint32_t metric, round;
    bool followed;
    /* The kernel has others behind it with the same metric. */
    bool shadows;
    uint32_t count;
    struct zt_route_member *members;
};

struct zt_route_prefix {
    struct zt_route_prefix *next, *next_unsettled;
    zt_ip prefix;
    uint8_t length;
    bool unsettled;
    /* By ascending metric. */
    struct variant *variants;
    uint32_t variant_count;
    uint32_t told_count;
    struct zt_route_member *told;
};

static struct zt_route_prefix **bucket_of(const struct zt_routes *routes, zt_ip prefix,
                                          uint8_t length)
{
    uint32_t words[5];

    memcpy(words, prefix.octets, 16);
    words[4] = (uint32_t)prefix.family << 8 | length;
    return &routes->buckets[zt_hash(routes->seed, words, 5) & routes->mask];
}

static void grow(struct zt_routes *routes)
{
    struct zt_routes old = *routes;

    /* Whoever announces prefixes shall not choose their buckets. */
    if (!old.buckets && getrandom(&routes->seed, sizeof(routes->seed), 0) < 0)
        routes->seed = 1;
    routes->mask = old.buckets ? old.mask * 2 + 1 : 63;
    routes->buckets = zt_calloc((size_t)routes->mask + 1, sizeof(*routes->buckets));
    for (uint32_t i = 0; old.buckets && i <= old.mask; i++) {
        for (struct zt_route_prefix *at = old.buckets[i], *next; at; at = next) {
            struct zt_route_prefix **bucket = bucket_of(routes, at->prefix, at->length);

            next = at->next;
            at->next = *bucket;
            *bucket = at;
        }
    }
    free(old.buckets);
}

static struct zt_route_prefix *find(const struct zt_routes *routes, zt_ip prefix, uint8_t length)
{
    struct zt_route_prefix *at = routes->buckets ? *bucket_of(routes, prefix, length) : NULL;

    while (at && (at->length != length || !zt_ip_equal(at->prefix, prefix)))
        at = at->next;
    return at;
}

static struct zt_route_prefix *add(struct zt_routes *routes, zt_ip prefix, uint8_t length)
{
    struct zt_route_prefix *added = zt_calloc(1, sizeof(*added));
    struct zt_route_prefix **bucket;

    if (!routes->buckets || routes->count > routes->mask)
        grow(routes);
    bucket = bucket_of(routes, prefix, length);
    added->prefix = prefix;
    added->length = length;
    added->next = *bucket;
    *bucket = added;
    routes->count++;
    return added;
}

static void free_prefix(struct zt_route_prefix *prefix)
{
    for (uint32_t i = 0; i < prefix->variant_count; i++)
        free(prefix->variants[i].members);
    free(prefix->variants);
    free(prefix->told);
    free(prefix);
}

static void remove_prefix(struct zt_routes *routes, struct zt_route_prefix *prefix)
{
    struct zt_route_prefix **link = bucket_of(routes, prefix->prefix, prefix->length);

    while (*link != prefix)
        link = &(*link)->next;
    *link = prefix->next;
    routes->count--;
    free_prefix(prefix);
}

static void unsettle(struct zt_routes *routes, struct zt_route_prefix *prefix)
{
    if (prefix->unsettled)
        return;
    prefix->unsettled = true;
    prefix->next_unsettled = routes->unsettled;
    routes->unsettled = prefix;
}

/* Where a metric is among the variants, or would be. */
static uint32_t place_of(const struct zt_route_prefix *prefix, uint32_t metric)
{
    uint32_t place = 0;

    while (place < prefix->variant_count && prefix->variants[place].metric < metric)
        place++;
    return place;
}

static struct variant *find_variant(const struct zt_route_prefix *prefix, uint32_t metric)
{
    uint32_t place = place_of(prefix, metric);

    if (place == prefix->variant_count || prefix->variants[place].metric != metric)
        return NULL;
    return &prefix->variants[place];
}

static struct variant *add_variant(struct zt_route_prefix *prefix, uint32_t metric)
{
    uint32_t place = place_of(prefix, metric);

    prefix->variants =
        zt_realloc(prefix->variants, prefix->variant_count + 1, sizeof(*prefix->variants));
    memmove(&prefix->variants[place + 1], &prefix->variants[place],
            (prefix->variant_count - place) * sizeof(*prefix->variants));
    prefix->variants[place] = (struct variant){ .metric = metric };
    prefix->variant_count++;
    return &prefix->variants[place];
}

static void remove_variant(struct zt_route_prefix *prefix, struct variant *variant)
{
    uint32_t place = (uint32_t)(variant - prefix->variants);

    free(variant->members);
    prefix->variant_count--;
    memmove(variant, variant + 1, (prefix->variant_count - place) * sizeof(*variant));
}

/* CTRL-7: interface ids, then gateways; the family is the first octet of an address. */
static int compare_members(const void *a, const void *b)
{
    const struct zt_route_member *left = a;
    const struct zt_route_member *right = b;

    if (left->interface != right->interface)
        return left->interface < right->interface ? -1 : 1;
    return memcmp(&left->gateway, &right->gateway, sizeof(left->gateway));
}

/* The same, and by weight: an order that does not depend on the kernel's. */
static int compare_for_order(const void *a, const void *b)
{
    const struct zt_route_member *left = a;
    const struct zt_route_member *right = b;
    int order = compare_members(a, b);

    return order != 0 ? order : (int)left->weight - (int)right->weight;
}

static bool same_members(const struct zt_route_member *a, uint32_t a_count,
                         const struct zt_route_member *b, uint32_t b_count)
{
    if (a_count != b_count)
        return false;
    for (uint32_t i = 0; i < a_count; i++)
        if (compare_for_order(&a[i], &b[i]) != 0)
            return false;
    return true;
}

static void set_variant(struct variant *variant, const struct zt_route_news *news, uint32_t round)
{
    variant->round = round;
    variant->followed = news->followed;
    variant->count = news->followed ? news->count : 0;
    variant->members = zt_realloc(variant->members, variant->count, sizeof(*variant->members));
    if (variant->count == 0)
        return;
    memcpy(variant->members, news->members, variant->count * sizeof(*variant->members));
    qsort(variant->members, variant->count, sizeof(*variant->members), compare_for_order);
}

static struct zt_route_member *find_member(const struct variant *variant,
                                           const struct zt_route_member *member)
{
    for (uint32_t i = 0; i < variant->count; i++)
        if (compare_members(&variant->members[i], member) == 0)
            return &variant->members[i];
    return NULL;
}

/* The next hops of an IPv6 route may be told one after the other. */
static void join(struct variant *variant, const struct zt_route_news *news)
{
    for (uint32_t i = 0; i < news->count; i++) {
        struct zt_route_member *there = find_member(variant, &news->members[i]);

        if (there) {
            there->weight = news->members[i].weight;
            continue;
        }
        /* More than a group holds: not to be followed. */
        if (variant->count == ZT_ROUTE_MEMBERS_MAX) {
            variant->followed = false;
            variant->count = 0;
            return;
        }
        variant->members =
            zt_realloc(variant->members, variant->count + 1, sizeof(*variant->members));
        variant->members[variant->count++] = news->members[i];
    }
    qsort(variant->members, variant->count, sizeof(*variant->members), compare_for_order);
}

static bool can_join(const struct variant *variant, const struct zt_route_news *news)
{
    return news->prefix.family == ZT_IPV6 && variant->followed && variant->count > 0 &&
           news->followed && news->count > 0;
}

/* A route beside one with the same prefix and metric. */
static bool stand_beside(struct variant *variant, const struct zt_route_news *news)
{
    if (can_join(variant, news)) {
        join(variant, news);
        return true;
    }
    variant->shadows = true;
    /* In a dump the first is the one that the kernel uses. */
    return news->dumped;
}

static bool update_present(struct zt_routes *routes, const struct zt_route_news *news)
{
    struct zt_route_prefix *prefix = find(routes, news->prefix, news->length);
    struct variant *variant;

    if (!prefix)
        prefix = add(routes, news->prefix, news->length);
    unsettle(routes, prefix);
    variant = find_variant(prefix, news->metric);
    if (!variant) {
        set_variant(add_variant(prefix, news->metric), news, routes->round);
        return true;
    }
    if (news->dumped ? variant->round != routes->round
                     : news->replaces || (news->whole && news->prefix.family == ZT_IPV6)) {
        variant->shadows = variant->shadows && !news->dumped;
        set_variant(variant, news, routes->round);
        return true;
    }
    return stand_beside(variant, news);
}

/* Takes next hops off an IPv6 route. False when one of them is not there. */
static bool take_off(struct variant *variant, const struct zt_route_news *news)
{
    bool all = true;

    for (uint32_t i = 0; i < news->count; i++) {
        uint32_t at = 0;

        while (at < variant->count &&
               compare_members(&variant->members[at], &news->members[i]) != 0)
            at++;
        all = all && at < variant->count;
        if (at < variant->count)
            memmove(&variant->members[at], &variant->members[at + 1],
                    (--variant->count - at) * sizeof(*variant->members));
    }
    return all;
}

static bool update_absent(struct zt_routes *routes, const struct zt_route_news *news)
{
    struct zt_route_prefix *prefix = find(routes, news->prefix, news->length);
    struct variant *variant = prefix ? find_variant(prefix, news->metric) : NULL;
    bool certain;

    if (!variant)
        return true;
    unsettle(routes, prefix);
    if (can_join(variant, news)) {
        certain = take_off(variant, news);
        if (variant->count > 0)
            return certain;
    } else {
        /* Which of them is gone is not said. */
        certain = !variant->shadows;
    }
    certain = certain && !variant->shadows;
    remove_variant(prefix, variant);
    return certain;
}

bool zt_routes_update(struct zt_routes *routes, const struct zt_route_news *news)
{
    return news->present ? update_present(routes, news) : update_absent(routes, news);
}

void zt_routes_begin(struct zt_routes *routes)
{
    routes->round++;
}

void zt_routes_complete(struct zt_routes *routes)
{
    for (uint32_t i = 0; routes->buckets && i <= routes->mask; i++) {
        for (struct zt_route_prefix *at = routes->buckets[i]; at; at = at->next) {
            for (uint32_t v = at->variant_count; v-- > 0;) {
                if (at->variants[v].round == routes->round)
                    continue;
                unsettle(routes, at);
                remove_variant(at, &at->variants[v]);
            }
        }
    }
}

/* What a prefix comes to, if that is not what was told. */
static bool settle(struct zt_route_prefix *prefix)
{
    const struct variant *used = prefix->variant_count > 0 ? &prefix->variants[0] : NULL;
    uint32_t count = used ? used->count : 0;

    if (same_members(prefix->told, prefix->told_count, used ? used->members : NULL, count))
        return false;
    prefix->told = zt_realloc(prefix->told, count, sizeof(*prefix->told));
    prefix->told_count = count;
    if (count > 0)
        memcpy(prefix->told, used->members, count * sizeof(*prefix->told));
    return true;
}

bool zt_routes_take_change(struct zt_routes *routes, struct zt_route_told *told)
{
    while (routes->unsettled) {
        struct zt_route_prefix *prefix = routes->unsettled;
        bool changed;

        routes->unsettled = prefix->next_unsettled;
        prefix->unsettled = false;
        changed = settle(prefix);
        *told = (struct zt_route_told){
            .prefix = prefix->prefix,
            .length = prefix->length,
            .count = prefix->told_count,
            .members = prefix->told,
        };
        if (prefix->variant_count == 0) {
            told->members = NULL;
            remove_prefix(routes, prefix);
        }
        if (changed)
            return true;
    }
    return false;
}

void zt_routes_clear(struct zt_routes *routes)
{
    for (uint32_t i = 0; routes->buckets && i <= routes->mask; i++) {
        for (struct zt_route_prefix *at = routes->buckets[i], *next; at; at = next) {
            next = at->next;
            free_prefix(at);
        }
    }
    free(routes->buckets);
    *routes = (struct zt_routes){ .round = routes->round };
}
