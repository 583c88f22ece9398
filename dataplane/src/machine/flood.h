/* SPDX-License-Identifier: Apache-2.0 */
/* To whom a frame is flooded. */
#ifndef ZTOS_MACHINE_FLOOD_H
#define ZTOS_MACHINE_FLOOD_H

#include "ztos/ip.h"

enum zt_flood_scope {
    ZT_FLOOD_ALL,
    /* SNOOP-4. */
    ZT_FLOOD_TUNNELS,
    /* SNOOP-5: who has a valid membership of `group`. */
    ZT_FLOOD_MEMBERSHIPS,
};

struct zt_flood_to {
    enum zt_flood_scope scope;
    zt_ip group;
};

#endif
