/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Made from contract/program.ts by 'make generate'; do not edit. */
#ifndef ZTOS_GEN_PROGRAM_H
#define ZTOS_GEN_PROGRAM_H

#define ZT_PROGRAM_VERSION 1

/* _(NAME, "kind") */
#define ZT_FOREACH_INTERFACE_KIND(_) \
    _(PORT, "port") \
    _(MACSEC, "macsec") \
    _(WIREGUARD, "wireguard") \
    _(BRIDGE, "bridge") \
    _(IRB, "irb") \
    _(VXLAN, "vxlan") \
    _(LOOPBACK, "loopback")

#endif
