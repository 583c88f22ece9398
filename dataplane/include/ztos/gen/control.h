/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Made from contract/control.ts by 'make generate'; do not edit. */
#ifndef ZTOS_GEN_CONTROL_H
#define ZTOS_GEN_CONTROL_H

#define ZT_CONTROL_VERSION 1
/* Longest message in octets, its length prefix not counted. */
#define ZT_CONTROL_MAX_MESSAGE 16777216u

/* _(NAME, "op") */
#define ZT_FOREACH_ENGINE_OP(_) \
    _(HELLO, "hello") \
    _(LOAD, "load") \
    _(SET_VNI, "set-vni") \
    _(SET_MACSEC_MODE, "set-macsec-mode") \
    _(CARRIER, "carrier") \
    _(FLUSH, "flush") \
    _(ADVANCE_TIME, "advance-time") \
    _(APPLY, "apply") \
    _(LEARNED, "learned") \
    _(PROGRAM, "program") \
    _(TABLES, "tables") \
    _(STATS, "stats") \
    _(SYNC, "sync") \
    _(CAPTURE, "capture") \
    _(SHUTDOWN, "shutdown")

#endif
