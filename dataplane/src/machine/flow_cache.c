/* SPDX-License-Identifier: Apache-2.0 */
/* Flow cache: keys, look-up, insertion. What an entry does is in flow_execute.c. */
#include "src/machine/flow_cache.h"

#include <immintrin.h>
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/internal.h"
#include "src/machine/trace_reads.h"
#include "ztos/group_report.h"

#define ENTRIES_DEFAULT 16384u
#define ENTRIES_MAX (1u << 24)

void zt_flow_cache_init(struct zt_flow_cache *cache, bool enabled, uint32_t entries,
                        uint32_t secret)
{
    *cache = (struct zt_flow_cache){ .enabled = enabled, .secret = secret };
    if (!enabled)
        return;
    uint32_t wanted = entries == 0            ? ENTRIES_DEFAULT
                      : entries > ENTRIES_MAX ? ENTRIES_MAX
                                              : entries,
             sets = 1;
    while (sets * ZT_FLOW_WAYS < wanted)
        sets *= 2;
    cache->mask = sets - 1;
    cache->entries = zt_calloc((size_t)sets * ZT_FLOW_WAYS, sizeof *cache->entries);
}

void zt_flow_cache_free(struct zt_flow_cache *cache)
{
    free(cache->entries);
    *cache = (struct zt_flow_cache){ 0 };
}

/*
 * Two words as one: each is loaded as it was written a moment ago, which a longer load would have to wait for. The compiler makes one
 * load of two where it may.
 */
static inline uint64_t both(uint32_t low, uint32_t high)
{
    __asm__("" : "+r"(low), "+r"(high));
    return (uint64_t)high << 32 | low;
}

static inline uint64_t product(uint64_t left, uint64_t right)
{
    unsigned __int128 whole = (unsigned __int128)left * right;
    return (uint64_t)whole ^ (uint64_t)(whole >> 64);
}

/*
 * Sum of products of the key's words, each with a constant and the secret: the products do not wait for each other. Who does
 * not know the secret cannot aim at one set. Left out is what follows from the rest, or differs little.
 */
static uint32_t hash_key(const struct zt_flow_key *key, uint32_t secret)
{
    const uint64_t salt = both(secret, secret);
    const uint32_t *word = key->words;
    uint64_t sum = product(both(key->interface, key->vni) ^ UINT64_C(0x9e3779b97f4a7c15) ^ salt,
                           both(key->peer, key->vxlan) ^ UINT64_C(0xbf58476d1ce4e5b9) ^ salt);

    sum += product(both(word[0], word[1]) ^ UINT64_C(0x94d049bb133111eb) ^ salt,
                   both(word[2], word[3]) ^ UINT64_C(0xd6e8feb86659fd93) ^ salt);
    if (key->word_count > 4) {
        sum += product(both(word[4], word[5]) ^ UINT64_C(0xa0761d6478bd642f) ^ salt,
                       both(word[6], word[7]) ^ UINT64_C(0xe7037ed1a0b428db) ^ salt);
        sum += product(both(word[8], word[9]) ^ UINT64_C(0x8ebc6af09c88c6e3) ^ salt,
                       UINT64_C(0x589965cc75374cc3) ^ salt);
    }
    if (key->shape != ZT_FLOW_ROUTED) {
        uint64_t first;
        uint32_t second;
        uint16_t type;
        memcpy(&first, key->ethernet, sizeof first);
        memcpy(&second, key->ethernet + 8, sizeof second);
        memcpy(&type, key->ethernet + 12, sizeof type);
        sum += product(first ^ UINT64_C(0x1d8e4e27c47d124f) ^ salt,
                       both(second, type) ^ UINT64_C(0xeb44accab455d165) ^ salt);
    }
    if (key->shape == ZT_FLOW_DECAPSULATED) {
        uint64_t high, low;
        memcpy(&high, key->outer_source.octets, sizeof high);
        memcpy(&low, key->outer_source.octets + 8, sizeof low);
        sum += product(high ^ UINT64_C(0x9c6e6877736c46e3) ^ salt,
                       low ^ UINT64_C(0xc2b2ae3d27d4eb4f) ^ salt);
    }
    return (uint32_t)(sum ^ sum >> 32);
}

/* Key fields of a frame that enters a bridge. False for what the slow path always does. */
static bool look_at_bridged(struct zt_frame frame, struct zt_flow_key *key)
{
    struct zt_ip_packet packet;

    ZT_TRACE_LOAD(frame.data, ZT_ETH_HEADER);
    memcpy(key->ethernet, frame.data, ZT_ETH_HEADER);
    if (zt_mac_is_group(zt_eth_destination(frame.data)) ||
        zt_eth_type(frame.data).value == ZT_ETHERTYPE_ARP)
        return false;
    if (!zt_ip_read_best_effort(frame.data, frame.length, &packet))
        return true;
    key->word_count = zt_flow_words_write(frame.data + ZT_ETH_HEADER, &packet, key->words);
    /* Neighbour discovery and MLD; that a header before it says ICMPv6 implies that the walk ends there. IGMP. */
    return packet.family == ZT_IPV6 ? key->words[8] != ZT_PROTOCOL_ICMPV6
                                    : key->words[2] != ZT_PROTOCOL_IGMP;
}

/* Key fields of a frame on a routed interface. */
static bool look_at_routed(const struct zt_machine *machine, const struct zt_interface *interface,
                           struct zt_frame frame, struct zt_flow_lookup *lookup)
{
    struct zt_flow_key *key = &lookup->key;
    struct zt_ip_packet packet;
    uint16_t type = zt_eth_type(frame.data).value;

    if ((type != ZT_ETHERTYPE_IPV4 && type != ZT_ETHERTYPE_IPV6) ||
        !zt_mac_equal(zt_eth_destination(frame.data), interface->mac) ||
        zt_mac_is_group(interface->mac) ||
        zt_ip_read(frame.data, frame.length, &packet) != ZT_FATE_NONE)
        return false;
    const uint8_t *at = frame.data + ZT_ETH_HEADER;
    if (zt_wireguard_find(machine, interface->vrf, at, &packet) != ZT_NONE && /* WG-5 */
        zt_vrf_owns(&machine->program->vrfs[interface->vrf], zt_ip_destination(at, packet.family)))
        return false;
    struct zt_vxlan_view view;
    if (!zt_vxlan_read(machine->program, frame, &packet, &view)) {
        key->shape = ZT_FLOW_ROUTED;
        key->word_count = zt_flow_words_write(at, &packet, key->words);
        return true;
    }
    if (view.fate != ZT_FATE_NONE || view.length < ZT_ETH_HEADER)
        return false;
    key->shape = ZT_FLOW_DECAPSULATED;
    key->vxlan = view.vxlan;
    key->vni = view.vni;
    key->outer_source = view.source;
    key->outer_destination = view.destination;
    lookup->offset = view.offset;
    lookup->length = view.length;
    lookup->outer_ecn = view.ecn;
    struct zt_frame inner = zt_frame_pull(frame, view.offset);
    inner.length = view.length;
    return look_at_bridged(inner, key);
}

/*
 * Zeros, which are hidden from the compiler: where it sees them it takes an instruction that takes longer to begin than all of the
 * look-up.
 */
static inline void clear(struct zt_flow_key *key)
{
    uint8_t *at = (uint8_t *)key, *end = at + 96;
    __m128i none = _mm_setzero_si128();
    __asm__("" : "+x"(none));
    _Static_assert(sizeof *key == 6 * 16 + 8, "what is left behind the last 16 is a word");
    for (; at != end; at += 16)
        _mm_storeu_si128((__m128i *)(void *)at, none);
    _mm_storel_epi64((__m128i *)(void *)end, none);
}

static void look(const struct zt_machine *machine, uint32_t index, uint32_t peer,
                 struct zt_frame frame, struct zt_flow_lookup *lookup)
{
    const struct zt_interface *interface = zt_interface_at(machine, index);

    clear(&lookup->key);
    lookup->key.interface = index;
    lookup->key.peer = (uint16_t)peer;
    if (interface->bridge != ZT_NONE) {
        lookup->key.shape = ZT_FLOW_BRIDGED;
        lookup->possible = look_at_bridged(frame, &lookup->key);
    } else {
        lookup->possible = look_at_routed(machine, interface, frame, lookup);
    }
    if (lookup->possible)
        lookup->hash = hash_key(&lookup->key, machine->cache.secret);
}

void zt_flow_look(const struct zt_machine *machine, uint32_t interface, struct zt_frame frame,
                  struct zt_flow_lookup *lookup)
{
    if (zt_interface_at(machine, interface)->kind == ZT_KIND_WIREGUARD)
        lookup->possible = false;
    else
        look(machine, interface, 0, frame, lookup);
}

void zt_flow_look_opened(const struct zt_machine *machine, uint32_t interface, uint32_t slot,
                         struct zt_frame frame, struct zt_flow_lookup *lookup)
{
    look(machine, interface, ZT_MUTANT(cached_peer_unseen) ? 1 : slot + 1, frame, lookup);
}

struct zt_flow_entry *zt_flow_find(const struct zt_machine *machine,
                                   const struct zt_flow_lookup *lookup)
{
    const struct zt_flow_cache *cache = &machine->cache;
    struct zt_flow_entry *set =
        &cache->entries[(size_t)(lookup->hash & cache->mask) * ZT_FLOW_WAYS];
    for (uint32_t way = 0; way < ZT_FLOW_WAYS; way++)
        if (set[way].hash == lookup->hash && set[way].epoch == machine->epoch &&
            memcmp(&set[way].key, &lookup->key, sizeof lookup->key) == 0)
            return &set[way];
    return NULL;
}

/* The entry of the same flow, a free or outdated one, or the next victim. */
static struct zt_flow_entry *choose_slot(struct zt_machine *machine,
                                         const struct zt_flow_lookup *lookup)
{
    struct zt_flow_cache *cache = &machine->cache;
    struct zt_flow_entry *set =
        &cache->entries[(size_t)(lookup->hash & cache->mask) * ZT_FLOW_WAYS];
    struct zt_flow_entry *same = zt_flow_find(machine, lookup);
    if (same != NULL)
        return same;
    for (uint32_t way = 0; way < ZT_FLOW_WAYS; way++)
        if (set[way].epoch != machine->epoch)
            return &set[way];
    return &set[cache->victim++ % ZT_FLOW_WAYS];
}

#ifdef ZT_TRACE_READS
/* Loads that the fast path makes for each packet beyond those of the key: TTL, ECN, the IPv4 checksum. */
static void mark_per_packet(struct zt_frame frame)
{
    struct zt_ip_packet packet;
    const uint8_t *at = frame.data + ZT_ETH_HEADER;
    if (!zt_ip_read_best_effort(frame.data, frame.length, &packet))
        return;
    (void)zt_ip_ttl(at, packet.family);
    (void)zt_ip_tos(at, packet.family);
    if (packet.family == ZT_IPV4) {
        ZT_TRACE_LOAD(at + 9, 1); /* the word of TTL is updated in the checksum with protocol */
        ZT_TRACE_LOAD(at + 10, 2);
    }
}

static void trace_looked_at(const struct zt_machine *machine, const struct zt_flow_key *key,
                            struct zt_frame frame)
{
    struct zt_flow_lookup lookup;
    zt_trace_begin(ZT_TRACE_LOOKED_AT, frame.data, frame.length);
    look(machine, key->interface, key->peer, frame, &lookup);
    struct zt_frame inner = frame;
    if (lookup.key.shape == ZT_FLOW_DECAPSULATED) {
        inner = zt_frame_pull(frame, lookup.offset);
        inner.length = lookup.length;
    }
    mark_per_packet(inner);
    zt_trace_begin(ZT_TRACE_DECIDED_BY, frame.data, frame.length);
}
#endif

static void begin(struct zt_machine *machine)
{
    machine->record.active = true;
    machine->record.effects = machine->effect_count;
    machine->record.action =
        (struct zt_flow_action){ .egress = ZT_NONE, .leaving_limit = UINT32_MAX };
}

/* What was noted ended in one effect, by one way. */
static bool is_whole(const struct zt_machine *machine)
{
    const struct zt_record *record = &machine->record;
    return record->active && record->action.egress != ZT_NONE &&
           machine->effect_count == record->effects + 1;
}

void zt_record_begin(struct zt_machine *machine, const struct zt_flow_lookup *lookup,
                     struct zt_frame frame)
{
    begin(machine);
#ifdef ZT_TRACE_READS
    trace_looked_at(machine, &lookup->key, frame);
#else
    (void)lookup;
    (void)frame;
#endif
}

void zt_record_end(struct zt_machine *machine, const struct zt_flow_lookup *lookup)
{
    const struct zt_flow_action *action = &machine->record.action;
    bool decapsulated = lookup->key.shape == ZT_FLOW_DECAPSULATED;
    bool whole = is_whole(machine) && decapsulated == (action->arriving_limit != 0);

    machine->record.active = false;
#ifdef ZT_TRACE_READS
    zt_trace_end();
    if (whole)
        zt_trace_check();
#endif
    if (!whole)
        return;
    struct zt_flow_entry *entry = choose_slot(machine, lookup);
    entry->key = lookup->key;
    entry->hash = lookup->hash;
    entry->epoch = machine->epoch;
    entry->action = *action;
    if (action->encapsulated)
        zt_flow_make_template(&entry->action);
}

struct zt_record zt_record_begin_originated(struct zt_machine *machine)
{
    struct zt_record outer = machine->record;
    begin(machine);
    return outer;
}

bool zt_record_end_originated(struct zt_machine *machine, const struct zt_record *outer,
                              struct zt_flow_action *action)
{
    bool whole = is_whole(machine) && machine->record.action.peer == NULL;

    if (whole)
        *action = machine->record.action;
    if (whole && action->encapsulated)
        zt_flow_make_template(action);
    machine->record = *outer;
    return whole;
}
