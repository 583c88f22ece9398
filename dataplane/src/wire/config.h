/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration of a wire node (src/wire/README.md). */
#ifndef ZTOS_WIRE_CONFIG_H
#define ZTOS_WIRE_CONFIG_H

#include <net/if.h>

#include "src/run/members.h"
#include "src/wire/impairment.h"

#define ZT_WIRE_LINKS_MAX 512u
#define ZT_WIRE_ID_MAX 200u
/* An hour. */
#define ZT_WIRE_DELAY_MAX INT64_C(3600000000000)

struct zt_wire_link_config {
    char id[ZT_WIRE_ID_MAX + 1];
    char ifname[2][IFNAMSIZ];
    struct zt_impairment impairment;
};

struct zt_wire_config {
    struct zt_wire_link_config *links;
    uint32_t count;
};

/* False with `error` filled; `config` is to be freed in both cases. */
bool zt_wire_config_parse(struct zt_wire_config *config, const char *text, size_t length,
                          struct zt_error *error);
void zt_wire_config_free(struct zt_wire_config *config);

/* `delay`, `loss`, `reorder`, `corrupt`, `seed` of an object, those that are there. */
bool zt_wire_read_impairment(const struct zt_members *object, struct zt_impairment *impairment,
                             struct zt_error *error);

#endif
