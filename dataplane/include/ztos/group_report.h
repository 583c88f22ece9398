/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * IGMP (RFC 1112, 2236, 3376) and MLD (RFC 2710, 3810) messages as a snooping bridge reads them: SNOOP-1 to SNOOP-3.
 */
#ifndef ZTOS_GROUP_REPORT_H
#define ZTOS_GROUP_REPORT_H

#include "ztos/icmp.h"

#define ZT_PROTOCOL_IGMP 2u

#define ZT_IGMP_QUERY 0x11u
#define ZT_IGMP_V1_REPORT 0x12u
#define ZT_IGMP_V2_REPORT 0x16u
#define ZT_IGMP_LEAVE 0x17u
#define ZT_IGMP_V3_REPORT 0x22u
#define ZT_MLD_QUERY 130u
#define ZT_MLD_REPORT 131u
#define ZT_MLD_DONE 132u
#define ZT_MLD_V2_REPORT 143u

/* Of an IGMP message; of MLD with one group; of what stands before the records of a version 3 or version 2 report. */
#define ZT_IGMP_LENGTH 8u
#define ZT_MLD_LENGTH 24u
#define ZT_GROUP_RECORDS 8u

/* Types of a group record (RFC 3376 section 4.2.12, RFC 3810 section 5.2.12). */
#define ZT_RECORD_IS_INCLUDE 1u
#define ZT_RECORD_IS_EXCLUDE 2u
#define ZT_RECORD_TO_INCLUDE 3u
#define ZT_RECORD_TO_EXCLUDE 4u
#define ZT_RECORD_ALLOW 5u

enum zt_group_message {
    /* Nothing is looked at. */
    ZT_GROUP_NONE,
    /* Of SNOOP-1 by its form, and no IGMP or MLD type. */
    ZT_GROUP_OTHER,
    ZT_GROUP_QUERY,
    /* All else: reports, leaves, unknown IGMP types. */
    ZT_GROUP_REPORT,
};

/* SNOOP-2: a group whose members a bridge keeps account of. Others are for the link itself. */
static inline bool zt_group_is_snooped(zt_ip group)
{
    const uint8_t *o = group.octets;
    if (!zt_ip_is_multicast(group))
        return false;
    if (group.family == ZT_IPV6)
        return (o[1] & 0x0f) >= 3;
    return o[0] != 224 || o[1] != 0 || o[2] != 0;
}

/* What lies behind the headers of a packet that has the form of SNOOP-1. */
struct zt_group_view {
    enum zt_group_message message;
    uint8_t family;
    const uint8_t *at;
    uint32_t length;
};

static inline enum zt_group_message zt_mld_classify(const uint8_t *at, uint32_t length)
{
    switch (zt_load_u8(at)) {
    case ZT_MLD_QUERY:
        return length >= ZT_MLD_LENGTH ? ZT_GROUP_QUERY : ZT_GROUP_NONE;
    case ZT_MLD_REPORT:
    case ZT_MLD_DONE:
        return length >= ZT_MLD_LENGTH ? ZT_GROUP_REPORT : ZT_GROUP_NONE;
    case ZT_MLD_V2_REPORT:
        return ZT_GROUP_REPORT;
    default:
        return ZT_GROUP_OTHER;
    }
}

/* SNOOP-1 for a well-formed packet. */
static inline struct zt_group_view zt_group_read(const uint8_t *ip,
                                                 const struct zt_ip_packet *packet)
{
    struct zt_group_view view = { .family = packet->family };
    uint32_t skipped = packet->header;

    if (packet->family == ZT_IPV4) {
        if (zt_ip_protocol(ip, ZT_IPV4).value != ZT_PROTOCOL_IGMP || zt_ipv4_is_fragment(ip))
            return view;
    } else {
        /* The hop-by-hop header: next header, and its length in 8 octets behind the first 8. */
        if (zt_ip_protocol(ip, ZT_IPV6).value != ZT_PROTOCOL_HOP_BY_HOP ||
            packet->length < ZT_IPV6_HEADER + 8 ||
            zt_load_u8(ip + ZT_IPV6_HEADER) != ZT_PROTOCOL_ICMPV6 ||
            zt_load_u8(ip + ZT_IPV6_HEADER + 1) != 0 || zt_ip_ttl(ip, ZT_IPV6) != 1)
            return view;
        skipped += 8;
    }
    view.at = ip + skipped;
    view.length = packet->length - skipped;
    if (view.length < ZT_IGMP_LENGTH)
        return view;
    zt_sum sum = packet->family == ZT_IPV4 ? zt_sum_add((zt_sum){ 0 }, view.at, view.length)
                                           : zt_icmp_sum(ip, ZT_IPV6, view.at, view.length);
    if (!zt_sum_is_right(sum))
        return view;
    if (packet->family == ZT_IPV6)
        view.message = zt_mld_classify(view.at, view.length);
    else
        view.message = zt_load_u8(view.at) == ZT_IGMP_QUERY ? ZT_GROUP_QUERY : ZT_GROUP_REPORT;
    return view;
}

/* One group of a message: wanted, no longer wanted, or neither. */
struct zt_group_record {
    zt_ip group;
    bool joins, leaves;
};

/* The records of a message in their order. */
struct zt_group_walk {
    const struct zt_group_view *view;
    uint32_t left, offset;
};

static inline bool zt_group_has_records(const struct zt_group_view *view)
{
    return zt_load_u8(view->at) == (view->family == ZT_IPV4 ? ZT_IGMP_V3_REPORT : ZT_MLD_V2_REPORT);
}

static inline struct zt_group_walk zt_group_walk_begin(const struct zt_group_view *view)
{
    struct zt_group_walk walk = { view, 1, ZT_GROUP_RECORDS };
    if (zt_group_has_records(view))
        walk.left = zt_load_u16(view->at + 6);
    return walk;
}

static inline bool zt_group_read_single(const struct zt_group_view *view,
                                        struct zt_group_record *record)
{
    uint8_t type = zt_load_u8(view->at);
    *record = (struct zt_group_record){
        .group = zt_load_ip(view->family, view->at + (view->family == ZT_IPV4 ? 4 : 8)),
        .joins = view->family == ZT_IPV4 ? type == ZT_IGMP_V1_REPORT || type == ZT_IGMP_V2_REPORT
                                         : type == ZT_MLD_REPORT,
        .leaves = type == (view->family == ZT_IPV4 ? ZT_IGMP_LEAVE : ZT_MLD_DONE),
    };
    return true;
}

/* The next record, of at most as many as the message says and holds. */
static inline bool zt_group_walk_next(struct zt_group_walk *walk, struct zt_group_record *record)
{
    const struct zt_group_view *view = walk->view;
    uint32_t octets = zt_ip_octets(view->family), rest = view->length - walk->offset;

    if (walk->left == 0)
        return false;
    walk->left--;
    if (!zt_group_has_records(view))
        return zt_group_read_single(view, record);
    if (rest < 4 + octets)
        return false;
    const uint8_t *at = view->at + walk->offset;
    uint8_t type = zt_load_u8(at);
    uint32_t sources = zt_load_u16(at + 2);
    uint32_t length = 4 + octets + sources * octets + 4u * zt_load_u8(at + 1);
    if (length > rest)
        return false;
    walk->offset += length;
    *record = (struct zt_group_record){
        .group = zt_load_ip(view->family, at + 4),
        .joins = type == ZT_RECORD_IS_EXCLUDE || type == ZT_RECORD_TO_EXCLUDE ||
                 (sources > 0 && (type == ZT_RECORD_IS_INCLUDE || type == ZT_RECORD_TO_INCLUDE ||
                                  type == ZT_RECORD_ALLOW)),
        .leaves = sources == 0 && (type == ZT_RECORD_IS_INCLUDE || type == ZT_RECORD_TO_INCLUDE),
    };
    return true;
}

#endif
