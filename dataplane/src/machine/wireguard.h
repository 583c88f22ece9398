/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside WireGuard (§19): a device is what runs of a wireguard interface, its peers with their sessions, timers and held
 * packets. What the machine calls is in internal.h; the rest of it is among wireguard_*.c.
 */
#ifndef ZTOS_MACHINE_WIREGUARD_H
#define ZTOS_MACHINE_WIREGUARD_H

#include "src/chachapoly/chachapoly.h"
#include "src/machine/internal.h"
#include "src/machine/wireguard_noise.h"

#define ZT_WG_SECOND UINT64_C(1000000000)
/* WG-16, WG-26; after this many octets or seconds a key is not used. */
#define ZT_WG_REJECT_AFTER (180 * ZT_WG_SECOND)
#define ZT_WG_MESSAGES_END (UINT64_MAX - (UINT64_C(1) << 13))
/* WG-25. */
#define ZT_WG_HELD_MAX 128u
#define ZT_WG_PEERS_MAX 16384u
#define ZT_WG_NEVER UINT64_MAX

/* A number that messages name as receiver index: of a handshake or of a session. */
struct zt_wg_index {
    uint32_t value;
    bool used, of_session;
    struct zt_wg_peer *peer;
    struct zt_wg_index *next;
};

/* Words of the replay window: one is in motion (WG-16). */
#define ZT_WG_WINDOW_WORDS 128u

struct zt_wg_session {
    /* First: an index that is `of_session` is one of these. */
    struct zt_wg_index index;
    uint32_t peer_index;
    bool initiator;
    uint64_t born;
    /* Next counter; greatest counter received plus one. */
    uint64_t sent, received;
    uint64_t window[ZT_WG_WINDOW_WORDS];
    uint8_t send_key[ZT_WG_KEY], receive_key[ZT_WG_KEY];
};

/* In the order of WG-30. */
enum zt_wg_timer {
    ZT_WG_ZEROING,
    ZT_WG_RETRANSMISSION,
    ZT_WG_NEW_HANDSHAKE,
    ZT_WG_KEEPALIVE,
    ZT_WG_PERSISTENT,
    ZT_WG_TIMERS
};

/* A packet that waits for a session; empty for a keepalive. */
struct zt_wg_held {
    uint8_t *data;
    uint32_t length;
};

struct zt_wg_endpoint {
    /* Family 0: none. */
    zt_ip address;
    uint16_t port;
    /* The own address that it uses, family 0: none (WG-22). */
    zt_ip own;
};

/* Octets of IP and UDP headers at the most. */
#define ZT_WG_OUTER_MAX (ZT_IPV6_HEADER + ZT_UDP_HEADER)

/* How the last message to a peer's endpoint went on below: void when that changes, or the machine's epoch. */
struct zt_wg_way {
    /* Of the machine; 0 when nothing was noted. */
    uint32_t epoch;
    /* IP and UDP headers with zeros in place of TOS, lengths and checksums, and the sum over the IP header. */
    uint8_t family, header_length, header[ZT_WG_OUTER_MAX];
    zt_sum sum;
    struct zt_flow_action action;
};

struct zt_wg_peer {
    struct zt_wg_device *device;
    struct zt_wg_peer *next_of_key;
    /* Where it stands among the device's, and its number in the allowed IPs. */
    uint32_t position, slot;
    /* As program and changes have it. */
    struct zt_wg_given given;
    struct zt_wg_remote remote;

    struct zt_wg_endpoint endpoint;
    /* NULL before the first message. */
    struct zt_wg_way *way;
    struct zt_wg_session *previous, *current, *next;
    /* A handshake that was begun here. */
    struct zt_wg_index handshake;
    struct zt_wg_noise noise;
    /* WG-12: of the last accepted initiation. */
    bool initiated;
    uint8_t timestamp[ZT_WG_TIMESTAMP];
    uint64_t initiated_at;
    /* WG-15, WG-21. */
    bool has_mac1, has_cookie;
    uint8_t mac1[ZT_WG_MAC], cookie[ZT_WG_MAC];
    uint64_t cookie_at;
    /* A ring. */
    struct zt_wg_held *held;
    uint32_t held_first, held_count;

    uint64_t timers[ZT_WG_TIMERS];
    bool another_keepalive, renewed;
    uint32_t attempts;
    bool sent_handshake;
    uint64_t sent_handshake_at;
    /* Wall time of the last completed handshake, s; 0 before. */
    uint64_t completed;
    uint64_t rx, tx;
};

struct zt_wg_credit {
    uint8_t source[8];
    uint8_t family;
    /* ns at `at`. */
    uint64_t credit, at;
    uint32_t next;
};

/* WG-8, WG-9, WG-11. */
struct zt_wg_defence {
    uint64_t second;
    uint32_t counted, counted_before;
    bool has_secret;
    uint8_t secret[ZT_WG_KEY];
    uint64_t secret_at;
    struct zt_wg_credit *credits;
    uint32_t *buckets;
    uint32_t credit_count;
    /* Before this no source has full credit. */
    uint64_t credits_full_at;
};

struct zt_wg_device {
    uint32_t interface;
    uint16_t id;
    /* Of the machine: what waits in it for keys of a session. */
    struct zt_wg_batch *batch;
    struct zt_wg_identity identity;
    struct zt_wg_defence defence;
    /* In order; when each has a timer due; and by slot, NULL when it is free. */
    struct zt_wg_peer **peers, **slots;
    uint64_t *due;
    uint32_t peer_count, peer_capacity, slot_count;
    uint32_t *free_slots;
    uint32_t free_count;
    /* By public key, and by index. */
    struct zt_wg_peer **by_key;
    struct zt_wg_index **by_index;
    uint32_t key_mask, index_mask, index_count;
    /* Prefix to slot. */
    struct zt_lpm allowed;
    /* No timer is due before. */
    uint64_t deadline;
};

/* What the machine has beside the program (WG-4). */
struct zt_wg_state {
    struct zt_wg_crypto *crypto;
    struct zt_wg_batch *batch;
    enum zt_aead_way aead;
    bool seeded;
    uint64_t wall, seeded_at;
    uint8_t entropy[32];
    uint64_t drawn;
    /* Keys may have gone by the present input, and what was computed with them still lie in the stack (WG-34). */
    bool keys_gone;
};

static inline const struct zt_wireguard *zt_wg_of(const struct zt_machine *machine,
                                                  const struct zt_wg_device *device)
{
    return &zt_interface_at(machine, device->interface)->wireguard;
}
static inline struct zt_wg_crypto *zt_wg_crypto_of(const struct zt_machine *machine)
{
    return machine->wireguard->crypto;
}

/* ---- devices and peers (wireguard_device.c) ---- */
/* What it computes with is lent. */
struct zt_wg_device *zt_wg_device_new(struct zt_wg_crypto *crypto, struct zt_wg_batch *batch,
                                      uint32_t interface, uint16_t id,
                                      const uint8_t private_key[ZT_WG_KEY]);
void zt_wg_device_free(struct zt_wg_device *device);
struct zt_wg_peer *zt_wg_find_peer(const struct zt_wg_device *device,
                                   const uint8_t public_key[ZT_WG_KEY]);
/* A peer behind the others. Its `given` is to be set by zt_wg_set_given. */
struct zt_wg_peer *zt_wg_add_peer(struct zt_wg_device *device, const struct zt_wg_remote *remote);
/* Without what it holds, which must be gone. */
void zt_wg_remove_peer(struct zt_wg_peer *peer);
/* Takes a copy: prefixes go from other peers to this one (WG-33). */
void zt_wg_set_given(struct zt_wg_peer *peer, const struct zt_wg_given *given);
/* The peer to whom an address belongs, NULL. */
struct zt_wg_peer *zt_wg_allowed(const struct zt_wg_device *device, zt_ip address);
void zt_wg_index_add(struct zt_wg_peer *peer, struct zt_wg_index *index, uint32_t value);
void zt_wg_index_remove(struct zt_wg_device *device, struct zt_wg_index *index);
struct zt_wg_index *zt_wg_index_find(const struct zt_wg_device *device, uint32_t value);
void zt_wg_given_free(struct zt_wg_given *given);
/* What a peer holds, taken out in order. */
bool zt_wg_take_held(struct zt_wg_peer *peer, struct zt_wg_held *held);
void zt_wg_end_held(struct zt_machine *machine, struct zt_wg_peer *peer, enum zt_fate fate);

/* ---- seeds and sessions (wireguard_session.c) ---- */
void zt_wg_draw(struct zt_machine *machine, const struct zt_wg_device *device, uint8_t out[32]);
/* WG-27, WG-29: up to 333 ms, ns. */
uint64_t zt_wg_jitter(uint32_t index);
/* WG-20. */
uint32_t zt_wg_draw_index(struct zt_machine *machine, const struct zt_wg_device *device);
/* ns since the Unix epoch. */
uint64_t zt_wg_wall(const struct zt_machine *machine);
/* WG-18. */
void zt_wg_end_handshake(struct zt_wg_peer *peer);
void zt_wg_end_session(struct zt_wg_peer *peer, struct zt_wg_session **session);
void zt_wg_make_session(struct zt_machine *machine, struct zt_wg_peer *peer,
                        const struct zt_wg_noise *noise, uint32_t index, uint32_t peer_index,
                        bool initiator);
/* WG-17: the next session becomes current. */
void zt_wg_promote(struct zt_machine *machine, struct zt_wg_peer *peer);
/* WG-16: whether a counter is acceptable; then it is noted. */
bool zt_wg_window_accept(struct zt_wg_session *session, uint64_t counter);
/* WG-26: whether a session may send. */
bool zt_wg_may_send(const struct zt_machine *machine, const struct zt_wg_session *session);

/* ---- cookies and load (wireguard_cookie.c) ---- */
/* WG-8 counts a message with a right mac1: whether the interface is under load. */
bool zt_wg_count(struct zt_machine *machine, struct zt_wg_device *device);
void zt_wg_make_cookie(struct zt_machine *machine, struct zt_wg_device *device, zt_ip source,
                       uint16_t port, uint8_t cookie[ZT_WG_MAC]);
/* WG-11. */
bool zt_wg_has_credit(struct zt_machine *machine, struct zt_wg_device *device, zt_ip source);
void zt_wg_defence_free(struct zt_wg_defence *defence);

/* ---- timers (wireguard_timers.c) ---- */
void zt_wg_set_timer(struct zt_wg_peer *peer, enum zt_wg_timer timer, uint64_t due);
void zt_wg_clear_timer(struct zt_wg_peer *peer, enum zt_wg_timer timer);
/* WG-29. */
void zt_wg_on_packet(struct zt_machine *machine, struct zt_wg_peer *peer);
void zt_wg_on_packet_sent(struct zt_wg_peer *peer);
void zt_wg_on_packet_received(struct zt_wg_peer *peer);
void zt_wg_on_data_sent(struct zt_machine *machine, struct zt_wg_peer *peer);
void zt_wg_on_data_received(struct zt_machine *machine, struct zt_wg_peer *peer);
void zt_wg_on_session(struct zt_machine *machine, struct zt_wg_peer *peer);
void zt_wg_on_complete(struct zt_machine *machine, struct zt_wg_peer *peer);
/* WG-28. */
void zt_wg_renew_sending(struct zt_machine *machine, struct zt_wg_peer *peer);
void zt_wg_renew_receiving(struct zt_machine *machine, struct zt_wg_peer *peer);

/* ---- sending (wireguard_send.c) ---- */
/* A message in a frame, behind room for outer headers. */
struct zt_frame zt_wg_new_message(struct zt_machine *machine, uint32_t octets);
/* WG-21. */
void zt_wg_write_macs(struct zt_machine *machine, struct zt_wg_peer *peer, uint8_t *message,
                      uint32_t length);
/* WG-31: an empty text is held if nothing is, and what is held is sent. */
void zt_wg_send_keepalive(struct zt_machine *machine, struct zt_wg_peer *peer);
void zt_wg_send_held(struct zt_machine *machine, struct zt_wg_peer *peer);
void zt_wg_send_initiation(struct zt_machine *machine, struct zt_wg_peer *peer);

/* ---- the way below (wireguard_way.c) ---- */
/* Where a message goes, from an own address of the node. */
struct zt_wg_route {
    zt_ip own, address;
    uint16_t port;
    uint8_t tos;
    /* NULL: its way is not noted. */
    struct zt_wg_peer *peer;
};
/* WG-23; `message` as of zt_wg_new_message. */
void zt_wg_emit(struct zt_machine *machine, const struct zt_wg_device *device,
                const struct zt_wg_route *route, struct zt_frame message);
/* WG-23 to a peer. */
void zt_wg_send_message(struct zt_machine *machine, struct zt_wg_peer *peer, uint8_t tos,
                        struct zt_frame message);
/* The same by what was noted of the last one. False: nothing was, or it holds no more. */
bool zt_wg_send_by_way(struct zt_machine *machine, struct zt_wg_peer *peer, uint8_t tos,
                       struct zt_frame message);
/* The endpoint is another: what was noted of its way is void. */
static inline void zt_wg_forget_way(struct zt_wg_peer *peer)
{
    if (peer->way != NULL && !ZT_MUTANT(cached_endpoint_unseen))
        peer->way->epoch = 0;
}

/* ---- receiving (wireguard_receive.c, wireguard_handshake.c) ---- */
/* A message and where it came from. */
struct zt_wg_arrival {
    struct zt_wg_device *device;
    const uint8_t *message;
    uint32_t length;
    /* The IP header. */
    const uint8_t *at;
    uint8_t family, ecn;
    uint16_t port;
    /* As of zt_wg_view. */
    uint32_t opened;
};
/* WG-7 to WG-15. */
void zt_wg_receive_handshake(struct zt_machine *machine, const struct zt_wg_arrival *arrival);
/* WG-22. */
void zt_wg_set_endpoint(struct zt_wg_peer *peer, const struct zt_wg_arrival *arrival);

/* ---- loading and changing (wireguard_load.c) ---- */
/*
 * What is made of a public key that `remote` has: copied from the same peer when it is known already. False when the key is of
 * low order, its DH zeros.
 */
bool zt_wg_make_remote(struct zt_wg_crypto *crypto, const struct zt_wg_device *device,
                       const struct zt_wg_peer *known, struct zt_wg_remote *remote);
/* WG-22: the endpoint of program or change, if it has one. */
void zt_wg_take_endpoint(struct zt_wg_peer *peer);
/* WG-30: a persistent timer is due at once where there was none; `before` is the interval that was, 0 for none. */
void zt_wg_set_persistent(struct zt_wg_peer *peer, uint16_t before, uint64_t now);

#endif
