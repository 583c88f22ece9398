/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Made from contract/fates.json by 'make generate'; do not edit. */
#ifndef ZTOS_GEN_FATES_H
#define ZTOS_GEN_FATES_H

#define ZT_FATES_VERSION 1

enum zt_fate_kind { ZT_FATE_DROP, ZT_FATE_CONSUME };

/* Codes run from 1 to ZT_FATE_MAX without gap; 0 is no fate. */
#define ZT_FATE_MAX 77

/* _(NAME, code, "name", DROP or CONSUME, "CLAUSE", "meaning") */
#define ZT_FOREACH_FATE(_) \
    _(FRAME_TRUNCATED, 1, "frame-truncated", DROP, "PARSE-1", "shorter than an Ethernet header") \
    _(FRAME_OVERSIZE, 2, "frame-oversize", DROP, "PARSE-2", "longer than the receiving interface's MTU") \
    _(ETHERTYPE_UNKNOWN, 3, "ethertype-unknown", DROP, "PORT-3", "no protocol that is routed") \
    _(IPV4_HEADER_INVALID, 4, "ipv4-header-invalid", DROP, "PARSE-4", "IPv4 version, header length or total length is wrong") \
    _(IPV4_CHECKSUM, 5, "ipv4-checksum", DROP, "PARSE-4", "IPv4 header checksum is wrong") \
    _(IPV6_HEADER_INVALID, 6, "ipv6-header-invalid", DROP, "PARSE-5", "IPv6 version or payload length is wrong") \
    _(MAC_NOT_FOR_US, 7, "mac-not-for-us", DROP, "PORT-2", "destination MAC is another's") \
    _(L2_GROUP_IP_UNICAST, 8, "l2-group-ip-unicast", DROP, "PORT-4", "unicast packet in a group-addressed frame") \
    _(PUNT_UNAVAILABLE, 9, "punt-unavailable", DROP, "PUNT-1", "for the node's kernel, but the port has no TAP") \
    _(MTU_EXCEEDED, 10, "mtu-exceeded", DROP, "ROUTE-9", "does not fit the egress interface") \
    _(FRAGMENTATION_UNSUPPORTED, 11, "fragmentation-unsupported", DROP, "ROUTE-9", "does not fit, DF clear; nodes do not fragment") \
    _(MACSEC_CLEAR, 12, "macsec-clear", DROP, "MACSEC-1", "clear frame on a sealed port") \
    _(MACSEC_UNEXPECTED, 13, "macsec-unexpected", DROP, "PORT-3", "sealed frame where no seal is configured") \
    _(MACSEC_TAG_INVALID, 14, "macsec-tag-invalid", DROP, "MACSEC-2", "SecTAG malformed") \
    _(MACSEC_SCI_UNKNOWN, 15, "macsec-sci-unknown", DROP, "MACSEC-3", "no receive channel with this SCI") \
    _(MACSEC_AN_UNKNOWN, 16, "macsec-an-unknown", DROP, "MACSEC-3", "no receive SA with this AN") \
    _(MACSEC_REPLAY, 17, "macsec-replay", DROP, "MACSEC-4", "packet number below the lowest acceptable") \
    _(MACSEC_ICV, 18, "macsec-icv", DROP, "MACSEC-5", "integrity check failed") \
    _(MACSEC_PN_EXHAUSTED, 19, "macsec-pn-exhausted", DROP, "MACSEC-7", "no packet number left for this SA") \
    _(SOURCE_MAC_INVALID, 20, "source-mac-invalid", DROP, "BRIDGE-1", "source MAC is a group address or zero") \
    _(SOURCE_MAC_LOCAL, 21, "source-mac-local", DROP, "BRIDGE-1", "source MAC is the gateway's own") \
    _(VLAN_TAGGED, 22, "vlan-tagged", DROP, "BRIDGE-1", "802.1Q tag on an untagged member") \
    _(RESERVED_MULTICAST, 23, "reserved-multicast", DROP, "BRIDGE-1", "IEEE 802.1D reserved group address") \
    _(SAME_PORT, 24, "same-port", DROP, "BRIDGE-4", "destination lies where the frame came from") \
    _(SPLIT_HORIZON, 25, "split-horizon", DROP, "BRIDGE-4", "from the overlay back to the overlay") \
    _(STATIC_MAC_MOVE, 26, "static-mac-move", DROP, "LEARN-2", "a static MAC seen elsewhere") \
    _(FLOOD_EMPTY, 27, "flood-empty", DROP, "FLOOD-4", "nobody to flood to") \
    _(IRB_IGNORED, 28, "irb-ignored", CONSUME, "IRB-2", "group-addressed copy of no interest to the gateway") \
    _(ARP_IGNORED, 29, "arp-ignored", CONSUME, "IRB-3", "ARP to the gateway that needs no answer") \
    _(ARP_ANSWERED, 30, "arp-answered", CONSUME, "ARP-3", "ARP request for the gateway, answered") \
    _(ARP_SUPPRESSED, 31, "arp-suppressed", CONSUME, "ARP-4", "ARP request for a known host, answered by the leaf") \
    _(ND_ANSWERED, 32, "nd-answered", CONSUME, "ND-3", "neighbour solicitation for the gateway, answered") \
    _(ND_SUPPRESSED, 33, "nd-suppressed", CONSUME, "ND-4", "neighbour solicitation for a known host, answered by the leaf") \
    _(NEIGHBOUR_MISSING, 34, "neighbour-missing", DROP, "NEIGH-4", "next hop has no MAC and cannot be asked") \
    _(NEIGHBOUR_QUEUE, 35, "neighbour-queue", DROP, "NEIGH-4", "a newer packet took its place while the next hop is being resolved") \
    _(NEIGHBOUR_FULL, 36, "neighbour-full", DROP, "NEIGH-5", "neighbour table is full") \
    _(NEIGHBOUR_UNRESOLVED, 37, "neighbour-unresolved", DROP, "NEIGH-7", "next hop did not answer within 3 s") \
    _(MARTIAN_SOURCE, 38, "martian-source", DROP, "ROUTE-2", "source address cannot be a sender here") \
    _(MARTIAN_DESTINATION, 39, "martian-destination", DROP, "ROUTE-3", "destination address cannot be routed") \
    _(LINK_LOCAL_NOT_ROUTED, 40, "link-local-not-routed", DROP, "ROUTE-5", "link-local addresses stay on their link") \
    _(NO_ROUTE, 41, "no-route", DROP, "ROUTE-6", "no route in this VRF") \
    _(BLACKHOLE, 42, "blackhole", DROP, "ROUTE-6", "blackhole route") \
    _(DIRECTED_BROADCAST, 43, "directed-broadcast", DROP, "ROUTE-7", "subnet broadcast is not forwarded") \
    _(TTL_EXCEEDED, 44, "ttl-exceeded", DROP, "ROUTE-8", "TTL or hop limit ran out") \
    _(LOCAL_FRAGMENT, 45, "local-fragment", DROP, "LOCAL-2", "fragment for a tenant gateway") \
    _(ECHO_ANSWERED, 46, "echo-answered", CONSUME, "LOCAL-3", "ICMP echo request to the gateway, answered") \
    _(ICMP_INVALID, 47, "icmp-invalid", DROP, "LOCAL-3", "ICMP checksum or length is wrong") \
    _(NO_LISTENER, 48, "no-listener", DROP, "LOCAL-4", "nothing listens at the gateway") \
    _(UDP_LENGTH, 49, "udp-length", DROP, "VXLAN-5", "UDP length is wrong") \
    _(UDP_CHECKSUM, 50, "udp-checksum", DROP, "VXLAN-5", "UDP checksum is wrong") \
    _(VXLAN_FLAGS, 51, "vxlan-flags", DROP, "VXLAN-5", "VXLAN I flag is clear") \
    _(VXLAN_VNI_UNKNOWN, 52, "vxlan-vni-unknown", DROP, "VXLAN-5", "VNI is not configured here") \
    _(VXLAN_SOURCE_UNKNOWN, 53, "vxlan-source-unknown", DROP, "VXLAN-5", "outer source is no VTEP of this VNI") \
    _(ECN_INVALID, 54, "ecn-invalid", DROP, "VXLAN-6", "outer CE over inner Not-ECT") \
    _(PROGRAM_CHANGED, 55, "program-changed", DROP, "CTRL-1", "held while the program or the table changed") \
    _(WIREGUARD_CLEAR, 56, "wireguard-clear", DROP, "WG-2", "clear frame on a link sealed by WireGuard") \
    _(WIREGUARD_MALFORMED, 57, "wireguard-malformed", DROP, "WG-6", "no WireGuard message") \
    _(WIREGUARD_MAC1, 58, "wireguard-mac1", DROP, "WG-7", "mac1 of a handshake message is wrong") \
    _(WIREGUARD_UNDER_LOAD, 59, "wireguard-under-load", DROP, "WG-10", "under load and without a cookie; one was sent") \
    _(WIREGUARD_RATE_LIMITED, 60, "wireguard-rate-limited", DROP, "WG-11", "too many handshake messages from one source") \
    _(WIREGUARD_HANDSHAKE_INVALID, 61, "wireguard-handshake-invalid", DROP, "WG-12", "handshake message that does not authenticate") \
    _(WIREGUARD_HANDSHAKE_REPLAY, 62, "wireguard-handshake-replay", DROP, "WG-12", "initiation that is not newer than the last") \
    _(WIREGUARD_INDEX_UNKNOWN, 63, "wireguard-index-unknown", DROP, "WG-16", "no handshake or session with this index") \
    _(WIREGUARD_COOKIE_INVALID, 64, "wireguard-cookie-invalid", DROP, "WG-15", "cookie reply that does not open") \
    _(WIREGUARD_KEY_EXPIRED, 65, "wireguard-key-expired", DROP, "WG-16", "the session is too old") \
    _(WIREGUARD_AUTH, 66, "wireguard-auth", DROP, "WG-16", "data that does not authenticate") \
    _(WIREGUARD_REPLAY, 67, "wireguard-replay", DROP, "WG-16", "counter received before, or behind the window") \
    _(WIREGUARD_INNER_INVALID, 68, "wireguard-inner-invalid", DROP, "WG-17", "the text is no IP packet") \
    _(WIREGUARD_SOURCE_NOT_ALLOWED, 69, "wireguard-source-not-allowed", DROP, "WG-17", "inner source is not the peer's") \
    _(WIREGUARD_NO_PEER, 70, "wireguard-no-peer", DROP, "WG-24", "no peer for this destination") \
    _(WIREGUARD_NO_ENDPOINT, 71, "wireguard-no-endpoint", DROP, "WG-23", "nobody knows where the peer is") \
    _(WIREGUARD_QUEUE, 72, "wireguard-queue", DROP, "WG-25", "newer packets took its place while a session is being made") \
    _(WIREGUARD_UNANSWERED, 73, "wireguard-unanswered", DROP, "WG-30", "the peer did not answer") \
    _(WIREGUARD_UNREADY, 74, "wireguard-unready", DROP, "WG-4", "no seed yet") \
    _(WIREGUARD_HANDSHAKE, 75, "wireguard-handshake", CONSUME, "WG-12", "handshake message accepted") \
    _(WIREGUARD_COOKIE, 76, "wireguard-cookie", CONSUME, "WG-15", "cookie reply accepted") \
    _(WIREGUARD_KEEPALIVE, 77, "wireguard-keepalive", CONSUME, "WG-17", "keepalive")

enum zt_fate {
    ZT_FATE_NONE = 0,
#define ZT_FATE_ENUM_(name, code, ...) ZT_FATE_##name = code,
    ZT_FOREACH_FATE(ZT_FATE_ENUM_)
#undef ZT_FATE_ENUM_
};

/* The name as the contract writes it, or NULL for a code that is none. */
static inline const char *zt_fate_name(unsigned int code)
{
    switch (code) {
#define ZT_FATE_NAME_(name, code, text, ...)                                                       \
    case code:                                                                                     \
        return text;
        ZT_FOREACH_FATE(ZT_FATE_NAME_)
#undef ZT_FATE_NAME_
    default:
        return (const char *)0;
    }
}

#endif
