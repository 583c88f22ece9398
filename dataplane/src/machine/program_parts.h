/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of reading a program, in the order in which they run. */
#ifndef ZTOS_MACHINE_PROGRAM_PARTS_H
#define ZTOS_MACHINE_PROGRAM_PARTS_H

#include "src/machine/program.h"
#include "src/machine/schema.h"

struct zt_program_reader {
    struct zt_schema schema;
    struct zt_program *program;
};

/* `$.interfaces`: fields by kind; references to other interfaces stay ids until zt_program_link. */
bool zt_program_read_interfaces(struct zt_program_reader *reader, uint32_t node);
/* References among interfaces; members of bridges; own addresses of VRFs. */
bool zt_program_link(struct zt_program_reader *reader);
/* `$.tables`. */
bool zt_program_read_tables(struct zt_program_reader *reader, uint32_t node);
/* That no overlay carries itself. */
bool zt_program_check_overlays(struct zt_program_reader *reader);

/* A wireguard interface (program_wireguard.c). */
bool zt_program_read_wireguard(struct zt_program_reader *reader, uint32_t node,
                               const struct zt_path *path, struct zt_interface *interface);
/* Of a peer: its public key, and the values of `presharedKey`, `endpoint`, `allowedIps`, `persistentKeepalive`. */
#define ZT_PEER_FIELDS 4u
bool zt_program_read_public_key(const struct zt_schema *schema, uint32_t node,
                                const struct zt_path *path, char **key);
bool zt_program_read_peer(const struct zt_schema *schema, const uint32_t values[ZT_PEER_FIELDS],
                          const struct zt_path *path, struct zt_wg_given *given);
/* Frees what a wireguard interface has, its device included. */
void zt_wireguard_free(struct zt_wireguard *wireguard);

/* A macsec interface (program_macsec.c). */
bool zt_program_read_macsec(struct zt_program_reader *reader, uint32_t node,
                            const struct zt_path *path, struct zt_interface *interface);
/* Frees what a macsec interface has, and wipes its keys. */
void zt_macsec_free(struct zt_macsec *macsec);

/* Index of the VRF with this id, ZT_NONE. */
uint32_t zt_program_find_vrf(const struct zt_program *program, uint64_t id);
/* Fields of interfaces: ids 1..65535, MTU, ns, VRF (its index), `vrf` or `bridge`, addresses. */
bool zt_program_read_id(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                        uint32_t *id);
bool zt_program_read_mtu(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                         uint32_t *mtu);
bool zt_program_read_ns(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                        uint64_t *ns);
/* `weight` of a next hop at `path`, 0 when it is absent. */
bool zt_program_read_weight(const struct zt_schema *schema, uint32_t node,
                            const struct zt_path *path, uint16_t *weight);
bool zt_program_read_vrf(struct zt_program_reader *reader, uint32_t node,
                         const struct zt_path *path, uint32_t *vrf);
bool zt_program_read_attach(struct zt_program_reader *reader, uint32_t vrf, uint32_t bridge,
                            const struct zt_path *path, struct zt_interface *interface);
bool zt_program_read_addresses(struct zt_program_reader *reader, uint32_t node,
                               const struct zt_path *up, struct zt_interface *interface);
/* A list of addresses; `family` 0 for either. */
bool zt_program_read_ips(struct zt_program_reader *reader, uint32_t node,
                         const struct zt_path *path, uint8_t family, zt_ip **list, uint32_t *count);

#endif
