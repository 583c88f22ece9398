/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * The fabric machine: a node's NodeProgram and state, inputs in, effects out (docs/fabric-machine.md).
 *
 * Single-threaded and pure: no clock, no randomness that could show, no file is read behind the caller's
 * back. `now` comes with every input, in nanoseconds, and never decreases (MODEL-2). Memory that cannot be
 * had ends the process: an engine that dies leaves its ports closed.
 */
#ifndef ZTOS_MACHINE_H
#define ZTOS_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ztos/gen/fates.h"
#include "ztos/gen/journal.h"

struct zt_machine;
struct zt_keys;

/* What went wrong: a stable code in kebab case, a JSON path or a place, and one sentence with the remedy. */
struct zt_error {
    /* Static storage: `program-invalid`, `keys-missing`, ... */
    const char *code;
    char where[160];
    char message[320];
};

/* ---- keys -------------------------------------------------------------------------------------------- */

/*
 * Reads a key file: JSON, reference -> 32 or 64 hex digits (MACsec; with salt 56 or 88) or 64 (WireGuard), mode 0600 and owned by the caller. NULL with `error`
 * filled when it cannot be read, is readable by others or is malformed. No message holds a value.
 */
struct zt_keys *zt_keys_read(const char *path, struct zt_error *error);
/* The same from memory; the caller wipes `json` himself. */
struct zt_keys *zt_keys_parse(const char *json, size_t length, struct zt_error *error);
/* Wipes and frees; NULL is allowed. It may go after the load, and when it is no longer lent (zt_machine_lend_keys). */
void zt_keys_free(struct zt_keys *keys);

/* ---- life -------------------------------------------------------------------------------------------- */

struct zt_machine_options {
    /* Flow cache: same bytes with and without. */
    bool cache;
    /* Entries of the flow cache, rounded up to a power of two; 0 means 16384. */
    uint32_t cache_entries;
    /* How ChaCha20-Poly1305 is done, one of zt_machine_aead_way; NULL for the best there is. Same bytes in each. */
    const char *aead;
};

/* The index-th way of ChaCha20-Poly1305 that this machine's processor can, the best last; NULL behind it. */
const char *zt_machine_aead_way(uint32_t index);

struct zt_machine *zt_machine_create(const struct zt_machine_options *options);
/* Wipes keys. NULL is allowed. */
void zt_machine_destroy(struct zt_machine *machine);

/* ---- inputs and effects ------------------------------------------------------------------------------ */

/* Kinds of input that come in vectors. The values are the journal's record types. */
enum zt_input_kind {
    ZT_INPUT_FRAME = ZT_JOURNAL_FRAME_IN,
    ZT_INPUT_PUNT = ZT_JOURNAL_PUNT_IN,
    ZT_INPUT_NEIGHBOUR = ZT_JOURNAL_NEIGHBOUR_IN,
    ZT_INPUT_CLOCK = ZT_JOURNAL_CLOCK,
    ZT_INPUT_SEED = ZT_JOURNAL_SEED,
};

/*
 * One input. `data` is what a journal record of this kind holds (contract/journal.ts): the frame without FCS, the
 * neighbour update, nothing for a clock, wall time and entropy of a seed (WG-4). The machine only reads it, and keeps no pointer to it after the call.
 */
struct zt_input {
    enum zt_input_kind kind;
    /* Id of the port (frames), of the port or macsec interface (neighbours); 0 for a clock. */
    uint16_t interface;
    uint32_t length;
    uint64_t now;
    const uint8_t *data;
};

enum zt_effect_kind {
    ZT_EFFECT_TX = ZT_JOURNAL_FRAME_OUT,
    ZT_EFFECT_PUNT = ZT_JOURNAL_PUNT_OUT,
    ZT_EFFECT_FATE = ZT_JOURNAL_FATE,
};

struct zt_effect {
    enum zt_effect_kind kind;
    /* Index of the input in the vector. */
    uint32_t input;
    /* Port of a tx or punt, else 0. */
    uint16_t interface;
    /* enum zt_fate of a fate, else 0. */
    uint16_t fate;
    uint32_t length;
    /* The frame, NULL for a fate. */
    const uint8_t *data;
};

/* Effects in order (MODEL-3), owned by the machine, valid until its next call. */
struct zt_effects {
    const struct zt_effect *list;
    uint32_t count;
};

/*
 * Processes `count` inputs as if one by one in their order (MODEL-1). Frames on an interface that is no port of the
 * program, seeds of another length and neighbour updates for one that is no port or macsec interface, or malformed, have no effect.
 */
struct zt_effects zt_machine_run(struct zt_machine *machine, const struct zt_input *inputs,
                                 uint32_t count);

/*
 * CTRL-1: a new program, whole or not at all. The effects are those of input 0 (held packets that end). `keys` may be
 * NULL when the program names none. On failure nothing changes and `error` says where.
 */
bool zt_machine_load(struct zt_machine *machine, uint64_t now, const char *json, size_t length,
                     const struct zt_keys *keys, struct zt_effects *effects,
                     struct zt_error *error);

/*
 * CTRL-2, CTRL-3, CTRL-6, CTRL-8: one of the journalled operations, `set-vni`, `set-macsec-mode`, `flush`, `apply`, `carrier`,
 * as an EngineRequest (contract/control.ts; `id` is checked and otherwise ignored). On failure nothing changes (CTRL-5); the codes
 * are `request-invalid`, `unknown-interface` and, of a change that CTRL-6 refuses, `change-refused`; `where` has its index.
 */
bool zt_machine_control(struct zt_machine *machine, uint64_t now, const char *json, size_t length,
                        struct zt_effects *effects, struct zt_error *error);

/*
 * Keys that `apply` may name (WG-33, MACSEC-11), lent from here on until others or NULL are. The machine copies what it needs.
 */
void zt_machine_lend_keys(struct zt_machine *machine, const struct zt_keys *keys);
/*
 * When the earliest WireGuard timer is due (WG-30), ns, UINT64_MAX for never: a clock input at or after it acts on it. A timer that
 * was cleared may count until the next clock input that finds nothing due.
 */
uint64_t zt_machine_deadline(const struct zt_machine *machine);
/* Whether a program with a wireguard interface waits for its first seed, or something was drawn since the last (WG-4). */
bool zt_machine_wants_seed(const struct zt_machine *machine);

/* ---- looking in -------------------------------------------------------------------------------------- */

struct zt_port_info {
    uint16_t id;
    /* Interface for neighbour updates seen on this port's TAP: the macsec interface on it, else the port. */
    uint16_t upper;
    /* Octets behind the Ethernet header that the port takes, seal included; what its TAP carries. */
    uint32_t mtu;
    uint32_t upper_mtu;
    /* A macsec interface lies on it: sealed when its mode is strict, so that nothing clear comes in. A wireguard interface lies on it: always sealed. */
    bool has_macsec, has_wireguard, sealed;
    bool tap;
    /* What is for the node itself of ARP and ICMP goes to the kernel by XDP_PASS (PUNT-3). */
    bool pass;
    /* The upper interface is routed in VRF 0. */
    bool underlay;
    /* PORT-6: the machine was told that it has no carrier. */
    bool down;
    uint8_t mac[6];
    const char *name;
};

/* Number of ports of the loaded program, 0 without program. */
uint32_t zt_machine_ports(const struct zt_machine *machine);
/* Port `index` in interface order, valid until the next load. */
struct zt_port_info zt_machine_port(const struct zt_machine *machine, uint32_t index);
/* An own address of VRF 0. */
struct zt_own_address {
    /* 4 or 6; of IPv4 the first four octets count. */
    uint8_t family, octets[16];
    /* What is sent to it is the kernel's (LOCAL-1): it is no IRB's, and reaches local delivery (ROUTE-3). */
    bool kernel;
};
/* Number of own addresses of VRF 0 of the loaded program, and each of them. */
uint32_t zt_machine_own_addresses(const struct zt_machine *machine);
struct zt_own_address zt_machine_own_address(const struct zt_machine *machine, uint32_t index);
/* CTRL-7: whether the loaded program has `kernelRoutes`. */
bool zt_machine_follows_kernel_routes(const struct zt_machine *machine);
/* Name of the node, NULL without program. */
const char *zt_machine_node(const struct zt_machine *machine);
/* SHA-256 of the bytes of the loaded program, lower-case hex. */
void zt_machine_program_digest(const struct zt_machine *machine, char hex[65]);
/* CPU features that the crypto library chose: `avx512`, `avx2`, `avx`, `sse`. */
const char *zt_machine_cpu(const struct zt_machine *machine);

struct zt_counters {
    uint64_t inputs, outputs;
    uint64_t fates[ZT_FATE_MAX + 1];
    /* Frames that the flow cache settled, looked up in vain, and those that it never sees: of a sealed one, and of what it held. */
    uint64_t cache_hits, cache_misses, cache_bypasses;
};
struct zt_port_counters {
    uint64_t rx, tx, punt_in, punt_out;
};

const struct zt_counters *zt_machine_counters(const struct zt_machine *machine);
/* Counters since the port first appeared in a program; zero for unknown ids. */
struct zt_port_counters zt_machine_port_counters(const struct zt_machine *machine,
                                                 uint16_t interface);

/*
 * JSON as the control protocol answers it, in memory that the caller frees with free(). `tables` is
 * `{"fdb":[...],"neighbours":[...],"macsec":[...],"memberships":[...],"carrier":[...],"wireguard":[...]}`, the dynamic state that is valid at
 * `now`; `program` is the
 * loaded program with the changes of set-vni, set-macsec-mode and apply; `learned` is `{"fdb":[...],"neighbours":[...]}`,
 * what was heard on the node's own ports and is valid at `now`.
 */
char *zt_machine_tables_json(const struct zt_machine *machine, uint64_t now, size_t *length);
char *zt_machine_program_json(const struct zt_machine *machine, size_t *length);
char *zt_machine_learned_json(const struct zt_machine *machine, uint64_t now, size_t *length);

/*
 * How often what zt_machine_learned_json() answers has changed up to `now`, which never decreases; from 0. It does not change
 * by time alone before zt_machine_learned_expiry(), ns, UINT64_MAX for never.
 */
uint64_t zt_machine_learned_version(struct zt_machine *machine, uint64_t now);
uint64_t zt_machine_learned_expiry(const struct zt_machine *machine);

#endif
