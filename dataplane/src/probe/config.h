/* SPDX-License-Identifier: Apache-2.0 */
/* The probe's configuration (README.md), checked. */
#ifndef ZTOS_PROBE_CONFIG_H
#define ZTOS_PROBE_CONFIG_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/probe/host.h"
#include "src/probe/index.h"
#include "ztos/machine.h"

#define ZT_PROBE_ID_MAX 200
#define ZT_PROBE_HOSTS_MAX 4096
#define ZT_PROBE_LINKS_MAX 16384

enum zt_probe_io { ZT_PROBE_AF_XDP, ZT_PROBE_AF_PACKET };

struct zt_probe_place {
    char id[ZT_PROBE_ID_MAX + 1];
    char netns[256];
    char ifname[IFNAMSIZ];
};

struct zt_probe_host_config {
    struct zt_probe_place place;
    struct zt_host host;
    enum zt_probe_io io;
    uint32_t mtu;
};

struct zt_probe_config {
    struct zt_probe_host_config *hosts;
    uint32_t host_count;
    struct zt_probe_place *links;
    uint32_t link_count;
    /* By id. */
    struct zt_index host_index, link_index;
};

/* Reads JSON. False with `error` filled (code, JSON path, reason); free in both cases. */
bool zt_probe_config_parse(struct zt_probe_config *config, const char *text, size_t length,
                           struct zt_error *error);
void zt_probe_config_free(struct zt_probe_config *config);

#endif
