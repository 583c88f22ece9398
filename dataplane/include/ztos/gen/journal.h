/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Made from contract/journal.ts by 'make generate'; do not edit. */
#ifndef ZTOS_GEN_JOURNAL_H
#define ZTOS_GEN_JOURNAL_H

#define ZT_JOURNAL_MAGIC "ZTJOURNL"
#define ZT_JOURNAL_VERSION 1
#define ZT_JOURNAL_HEADER_LENGTH 16
#define ZT_JOURNAL_RECORD_HEADER_LENGTH 16
#define ZT_JOURNAL_MAX_PAYLOAD 16777216u

/* _(NAME, type); types from 16 on are outputs */
#define ZT_FOREACH_JOURNAL_RECORD(_) \
    _(PROGRAM, 1) \
    _(FRAME_IN, 2) \
    _(PUNT_IN, 3) \
    _(CONTROL_IN, 4) \
    _(NEIGHBOUR_IN, 5) \
    _(CLOCK, 6) \
    _(SEED, 7) \
    _(FRAME_OUT, 16) \
    _(PUNT_OUT, 17) \
    _(FATE, 18) \
    _(END, 255)

enum zt_journal_record_type {
#define ZT_JOURNAL_ENUM_(name, type) ZT_JOURNAL_##name = type,
    ZT_FOREACH_JOURNAL_RECORD(ZT_JOURNAL_ENUM_)
#undef ZT_JOURNAL_ENUM_
};

/* _(NAME, "op"): the control requests that a CONTROL_IN record may hold */
#define ZT_FOREACH_JOURNALLED_OP(_) \
    _(SET_VNI, "set-vni") \
    _(SET_MACSEC_MODE, "set-macsec-mode") \
    _(FLUSH, "flush") \
    _(APPLY, "apply") \
    _(CARRIER, "carrier")

#endif
