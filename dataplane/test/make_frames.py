#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes frames.h: frames of the unit tests, built by scapy and by the hashes of docs/fabric-machine.md §3 written down here
a second time, so that what is expected does not come from the code under test. Names: what it is, from whom, to whom."""
import ipaddress
import os
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from scapy.all import ARP, ICMP, IP, UDP, TCP, Ether, IPv6, Raw, raw
from scapy.layers.inet import IPOption_Router_Alert
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6MLDMultAddrRec, ICMPv6MLDone,
                                ICMPv6MLQuery, ICMPv6MLReport, ICMPv6MLReport2, ICMPv6ND_NA, ICMPv6ND_NS,
                                ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig, ICMPv6TimeExceeded,
                                IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, RouterAlert)
from scapy.layers.vxlan import VXLAN

GATEWAY, SYSTEM, PEER_SYSTEM = "02:00:5e:00:00:01", "02:aa:00:00:00:01", "02:aa:00:00:00:02"
WEB1, WEB2, WEB3, DB1 = "02:bb:00:00:00:11", "02:bb:00:00:00:12", "02:bb:00:00:00:13", "02:bb:00:00:00:21"
REMOTE = "02:bb:00:00:00:77"
IP1, IP2, IP3, IPDB, IPFAR = "10.1.0.11", "10.1.0.12", "10.1.0.13", "10.1.1.21", "10.1.2.31"
SIX1, SIX2, SIXGW = "2001:db8:1::11", "2001:db8:1::12", "2001:db8:1::1"
LLGW, LLSYS = "fe80::5eff:fe00:1", "fe80::aa:ff:fe00:1"
ETH1, PEER1 = "02:00:00:00:01:01", "02:00:00:00:02:01"
ETH2, PEER2 = "02:00:00:00:01:02", "02:00:00:00:02:02"
ETH3, PEER3 = "02:00:00:00:01:03", "02:00:00:00:02:03"
BROADCAST = "ff:ff:ff:ff:ff:ff"
VTEP, VTEP2, VTEP3 = "10.255.0.1", "10.255.0.2", "10.255.0.3"
VTEP6, VTEP62 = "2001:db8:ff::1", "2001:db8:ff::2"
KEYS = {"0200000001030001/0": bytes(range(16)), "0200000002030001/0": bytes(range(16, 32)), "0200000002030001/1": bytes(range(32, 48))}

# ---- HASH-1 to HASH-5
MASK = 0xffffffff


def mix(h):
    h ^= h >> 16
    h = h * 0x85ebca6b & MASK
    h ^= h >> 13
    h = h * 0xc2b2ae35 & MASK
    return h ^ h >> 16


def hashed(seed, words):
    h = seed
    for word in words:
        h = mix(h ^ word)
    return h


def ip_words(packet):
    if IP in packet:
        data = raw(packet[IP])
        first = [struct.unpack(">I", data[12:16])[0], struct.unpack(">I", data[16:20])[0], data[9]]
        l4 = data[(data[0] & 15) * 4:]
        fragment = struct.unpack(">H", data[6:8])[0] & 0x3fff
        known = data[9] in (6, 17, 132) and not fragment
    else:
        data = raw(packet[IPv6])
        first = [struct.unpack(">I", data[8 + 4 * i:12 + 4 * i])[0] for i in range(8)] + [data[6]]
        l4, known = data[40:], data[6] in (6, 17, 132)
    return first + [struct.unpack(">I", l4[:4])[0] if known else 0]


def ethernet_words(frame):
    data = raw(frame)
    return list(struct.unpack(">III", data[:12])) + [struct.unpack(">H", data[12:14])[0]]


def source_port(inner, seed=0x22222222):
    words = ip_words(inner) if IP in inner or IPv6 in inner else ethernet_words(inner)
    return 49152 + (hashed(seed, words) >> 18)


def member(packet, n, seed=0x11111111):
    return hashed(seed, ip_words(packet)) * n >> 32


# ---- building blocks
def sealed(frame, sci, an, pn, key=None):
    frame = raw(frame)
    secure = frame[12:]
    length = len(secure) if len(secure) < 48 else 0
    tag = b"\x88\xe5" + bytes([0x2c + an, length]) + struct.pack(">I", pn) + bytes.fromhex(sci)
    aad = frame[:12] + tag
    return aad + AESGCM(key or KEYS[f"{sci}/{an}"]).encrypt(bytes.fromhex(sci) + struct.pack(">I", pn), secure, aad)


def encapsulated(inner, vni, source=VTEP, destination=VTEP2, mac=PEER1, own=ETH1, ttl=64, tos=0x28, sport=None, checksum=0):
    layer = IP(src=source, dst=destination, ttl=ttl, tos=tos, id=0, flags="DF") if "." in source else \
        IPv6(src=source, dst=destination, hlim=ttl, tc=tos)
    udp = UDP(sport=source_port(inner) if sport is None else sport, dport=4789)
    if checksum == 0:
        udp.chksum = 0
    return Ether(dst=mac, src=own) / layer / udp / VXLAN(vni=vni, flags="Instance") / Raw(raw(inner))


def received(inner, vni, source=VTEP2, tos=0, sport=50000, **more):
    """What arrives from another leaf by the first port."""
    return encapsulated(inner, vni, source=source, destination=VTEP, mac=ETH1, own=PEER1, ttl=63, tos=tos, sport=sport, **more)


def arp(op, sha, spa, tha, tpa, dst, src):
    return Ether(dst=dst, src=src) / ARP(op=op, hwsrc=sha, psrc=spa, hwdst=tha, pdst=tpa)


def udp4(dst, src, sip, dip, size=18, ttl=64, sport=1000, dport=2000, flags="DF", tos=0):
    return Ether(dst=dst, src=src) / IP(src=sip, dst=dip, ttl=ttl, id=7, flags=flags, tos=tos) / UDP(sport=sport, dport=dport) / \
        Raw(bytes(range(size)) if size < 256 else bytes(size))


def udp6(dst, src, sip, dip, size=18, hlim=64):
    return Ether(dst=dst, src=src) / IPv6(src=sip, dst=dip, hlim=hlim) / UDP(sport=1000, dport=2000) / \
        Raw(bytes(range(size)) if size < 256 else bytes(size))


def quote(frame, most):
    return raw(frame)[14:14 + most]


def error4(dst, mac, source, to, type, code, about, rest=0, ttl=64):
    return Ether(dst=dst, src=mac) / IP(src=source, dst=to, tos=0xc0, id=0, flags="DF", ttl=ttl, proto=1) / \
        Raw(icmp4(type, code, rest, quote(about, 548)))


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def icmp4(type, code, rest, quoted):
    message = struct.pack(">BBHI", type, code, 0, rest) + quoted
    return message[:2] + struct.pack(">H", checksum(message)) + message[4:]


def ns(src, dst, sip, dip, target, option=None, hlim=255):
    packet = Ether(src=src, dst=dst) / IPv6(src=sip, dst=dip, hlim=hlim) / ICMPv6ND_NS(tgt=target)
    return packet / ICMPv6NDOptSrcLLAddr(lladdr=option) if option else packet


def na(src, dst, sip, dip, target, option, R=0, S=0, O=1, hlim=255):
    packet = Ether(src=src, dst=dst) / IPv6(src=sip, dst=dip, hlim=hlim) / ICMPv6ND_NA(tgt=target, R=R, S=S, O=O)
    return packet / ICMPv6NDOptDstLLAddr(lladdr=option) if option else packet


def ttl_down(frame):
    packet = Ether(raw(frame))
    if IP in packet:
        packet[IP].ttl -= 1
        packet[IP].chksum = None
    else:
        packet[IPv6].hlim -= 1
    return packet


def routed(frame, dst, src):
    packet = ttl_down(frame)
    packet.dst, packet.src = dst, src
    return packet


F = {}
# ---- bridging
F["UDP_WEB1_WEB2"] = udp4(WEB2, WEB1, IP1, IP2)
F["UDP_WEB2_WEB1"] = udp4(WEB1, WEB2, IP2, IP1)
F["UDP6_WEB1_WEB2"] = udp6(WEB2, WEB1, SIX1, SIX2)
F["UDP_WEB1_WEB2_1401"] = udp4(WEB2, WEB1, IP1, IP2, size=1401 - 28)
F["UDP_WEB1_WEB2_1400"] = udp4(WEB2, WEB1, IP1, IP2, size=1400 - 28)
F["UDP_WEB1_WEB2_1500"] = udp4(WEB2, WEB1, IP1, IP2, size=1500 - 28)
F["UDP_WEB1_WEB2_1501"] = udp4(WEB2, WEB1, IP1, IP2, size=1501 - 28)
F["TEXT_WEB1_WEB2"] = Ether(dst=WEB2, src=WEB1, type=0x9999) / Raw(b"no protocol that is routed")
F["LENGTH_WEB1_WEB2"] = Ether(dst=WEB2, src=WEB1, type=0x0010) / Raw(b"IEEE 802.3 frame")
F["GROUP_SOURCE"] = Ether(dst=WEB2, src="03:bb:00:00:00:11", type=0x9999) / Raw(b"x")
F["ZERO_SOURCE"] = Ether(dst=WEB2, src="00:00:00:00:00:00", type=0x9999) / Raw(b"x")
F["GATEWAY_SOURCE"] = Ether(dst=WEB2, src=GATEWAY, type=0x9999) / Raw(b"x")
F["SYSTEM_SOURCE"] = Ether(dst=WEB2, src=SYSTEM, type=0x9999) / Raw(b"x")
for tag in (0x8100, 0x88a8, 0x9100):
    F[f"VLAN_{tag:04X}"] = Ether(dst=WEB2, src=WEB1, type=tag) / Raw(b"\0\x0a\x08\0x")
F["STP"] = Ether(dst="01:80:c2:00:00:00", src=WEB1, type=0x0026) / Raw(b"x")
F["RESERVED_0F"] = Ether(dst="01:80:c2:00:00:0f", src=WEB1, type=0x9999) / Raw(b"x")
F["GROUP_10"] = Ether(dst="01:80:c2:00:00:10", src=WEB1, type=0x9999) / Raw(b"x")
F["BROADCAST_WEB1"] = Ether(dst=BROADCAST, src=WEB1, type=0x9999) / Raw(b"to all")
F["STATIC_SOURCE"] = Ether(dst=WEB2, src="02:bb:00:00:00:99", type=0x9999) / Raw(b"x")
F["TO_STATIC"] = Ether(dst="02:bb:00:00:00:99", src=WEB1, type=0x9999) / Raw(b"x")
for i in range(1, 7):
    F[f"HELLO_{i}"] = Ether(dst=WEB2, src=f"02:cc:00:00:00:0{i}", type=0x9999) / Raw(b"hello")
    F[f"TO_{i}"] = Ether(dst=f"02:cc:00:00:00:0{i}", src=WEB2, type=0x9999) / Raw(b"back")
F["FAR_WEB1"] = udp4(WEB1, REMOTE, IP3, IP1)
F["WEB1_FAR"] = udp4(REMOTE, WEB1, IP1, IP3)

# ---- ARP
F["ARP_WEB1_GATEWAY"] = arp(1, WEB1, IP1, "00:00:00:00:00:00", "10.1.0.1", BROADCAST, WEB1)
F["ARP_GATEWAY_WEB1"] = arp(2, GATEWAY, "10.1.0.1", WEB1, IP1, WEB1, GATEWAY)
F["ARP_WEB1_GATEWAY_UNICAST"] = arp(1, WEB1, IP1, "00:00:00:00:00:00", "10.1.0.1", SYSTEM, WEB1)
F["ARP_WEB1_WEB2"] = arp(1, WEB1, IP1, "00:00:00:00:00:00", IP2, BROADCAST, WEB1)
F["ARP_WEB1_WEB2_SUPPRESSED"] = arp(2, WEB2, IP2, WEB1, IP1, WEB1, WEB2)
F["ARP_WEB2_ANNOUNCE"] = arp(1, WEB2, IP2, "00:00:00:00:00:00", IP2, BROADCAST, WEB2)
F["ARP_WEB2_PROBE"] = arp(1, WEB2, "0.0.0.0", "00:00:00:00:00:00", IP1, BROADCAST, WEB2)
F["ARP_WEB1_ANNOUNCE"] = arp(1, WEB1, IP1, "00:00:00:00:00:00", IP1, BROADCAST, WEB1)
F["ARP_FOREIGN_ANNOUNCE"] = arp(1, WEB2, "10.9.0.12", "00:00:00:00:00:00", "10.9.0.12", BROADCAST, WEB2)
F["ARP_LYING_ANNOUNCE"] = arp(1, WEB3, IP2, "00:00:00:00:00:00", IP2, BROADCAST, WEB2)
F["ARP_EDGE_ANNOUNCE"] = arp(1, WEB2, "10.1.0.255", "00:00:00:00:00:00", "10.1.0.255", BROADCAST, WEB2)
F["ARP_WEB1_FOREIGN"] = arp(1, WEB1, IP1, "00:00:00:00:00:00", "10.9.0.12", BROADCAST, WEB1)
F["ARP_WEB1_EDGE"] = arp(1, WEB1, IP1, "00:00:00:00:00:00", "10.1.0.255", BROADCAST, WEB1)
F["ARP_WEB2_REPLY_SYSTEM"] = arp(2, WEB2, IP2, SYSTEM, "0.0.0.0", SYSTEM, WEB2)
F["ARP_WEB2_REPLY_GATEWAY"] = arp(2, WEB2, IP2, GATEWAY, "10.1.0.1", GATEWAY, WEB2)
F["ARP_SHORT"] = raw(arp(1, WEB1, IP1, "00:00:00:00:00:00", "10.1.0.1", BROADCAST, WEB1))[:41]
F["ARP_REQUEST_FOR_WEB2"] = arp(1, SYSTEM, "0.0.0.0", "00:00:00:00:00:00", IP2, BROADCAST, SYSTEM)
F["ARP_REQUEST_FOR_WEB3"] = arp(1, SYSTEM, "0.0.0.0", "00:00:00:00:00:00", IP3, BROADCAST, SYSTEM)
F["ARP_FAR_GATEWAY"] = arp(1, REMOTE, IP3, "00:00:00:00:00:00", "10.1.0.1", BROADCAST, REMOTE)
F["ARP_GATEWAY_FAR"] = arp(2, GATEWAY, "10.1.0.1", REMOTE, IP3, REMOTE, GATEWAY)
F["ARP_DB1_REPLY_SYSTEM"] = arp(2, DB1, IPDB, SYSTEM, "0.0.0.0", SYSTEM, DB1)

# ---- ND
SOLICITED_GW, SOLICITED_GW_MAC = "ff02::1:ff00:1", "33:33:ff:00:00:01"
SOLICITED_2, SOLICITED_2_MAC = "ff02::1:ff00:12", "33:33:ff:00:00:12"
F["NS_WEB1_GATEWAY"] = ns(WEB1, SOLICITED_GW_MAC, SIX1, SOLICITED_GW, SIXGW, WEB1)
F["NA_GATEWAY_WEB1"] = na(GATEWAY, WEB1, SIXGW, SIX1, SIXGW, GATEWAY, R=1, S=1)
F["NS_DAD_GATEWAY"] = ns(WEB1, SOLICITED_GW_MAC, "::", SOLICITED_GW, SIXGW)
F["NA_DAD_GATEWAY"] = na(GATEWAY, "33:33:00:00:00:01", SIXGW, "ff02::1", SIXGW, GATEWAY, R=1, S=0)
F["NS_WEB1_LLSYS"] = ns(WEB1, SOLICITED_GW_MAC, SIX1, SOLICITED_GW, LLSYS, WEB1)
F["NA_LLSYS_WEB1"] = na(GATEWAY, WEB1, LLSYS, SIX1, LLSYS, SYSTEM, R=1, S=1)
F["NS_WEB1_GATEWAY_HOP64"] = ns(WEB1, SOLICITED_GW_MAC, SIX1, SOLICITED_GW, SIXGW, WEB1, hlim=64)
F["NS_WEB1_WEB2"] = ns(WEB1, SOLICITED_2_MAC, SIX1, SOLICITED_2, SIX2, WEB1)
F["NA_WEB2_WEB1_SUPPRESSED"] = na(WEB2, WEB1, SIX2, SIX1, SIX2, WEB2, R=0, S=1)
F["NA_WEB2_ALL"] = na(WEB2, "33:33:00:00:00:01", SIX2, "ff02::1", SIX2, WEB2, S=0)
F["NA_WEB2_ALL_SOLICITED"] = na(WEB2, "33:33:00:00:00:01", SIX2, "ff02::1", SIX2, WEB2, S=1)
F["NA_WEB2_SYSTEM"] = na(WEB2, SYSTEM, SIX2, LLSYS, SIX2, WEB2, S=1)
F["NS_REQUEST_FOR_WEB2"] = ns(SYSTEM, SOLICITED_2_MAC, LLSYS, SOLICITED_2, SIX2, SYSTEM)
bad = raw(ns(WEB1, SOLICITED_GW_MAC, SIX1, SOLICITED_GW, SIXGW, WEB1))
F["NS_BAD_CHECKSUM"] = bad[:56] + bytes([bad[56] ^ 1]) + bad[57:]

# ---- routing between networks of a tenant
F["UDP_WEB1_DB1"] = udp4(GATEWAY, WEB1, IP1, IPDB)
F["UDP_WEB1_DB1_ROUTED"] = routed(udp4(GATEWAY, WEB1, IP1, IPDB), DB1, GATEWAY)
F["UDP_WEB1_DB1_PADDED"] = raw(udp4(GATEWAY, WEB1, IP1, IPDB)) + b"\xaa" * 6
F["UDP_WEB1_DB1_TTL1"] = udp4(GATEWAY, WEB1, IP1, IPDB, ttl=1)
F["TTL_EXCEEDED_WEB1"] = error4(WEB1, GATEWAY, "10.1.0.1", IP1, 11, 0, udp4(GATEWAY, WEB1, IP1, IPDB, ttl=1))
F["UDP_WEB1_NOWHERE"] = udp4(GATEWAY, WEB1, IP1, "192.0.2.1")
F["NET_UNREACHABLE_WEB1"] = error4(WEB1, GATEWAY, "10.1.0.1", IP1, 3, 0, udp4(GATEWAY, WEB1, IP1, "192.0.2.1"))
F["UDP_WEB1_UNDERLAY"] = udp4(GATEWAY, WEB1, IP1, "10.200.0.1")
F["NET_UNREACHABLE_UNDERLAY"] = error4(WEB1, GATEWAY, "10.1.0.1", IP1, 3, 0, udp4(GATEWAY, WEB1, IP1, "10.200.0.1"))
F["UDP_WEB1_BLACKHOLE"] = udp4(GATEWAY, WEB1, IP1, "10.66.1.1")
F["UDP_WEB1_DIRECTED"] = udp4(GATEWAY, WEB1, IP1, "10.1.1.255")
F["UDP_WEB1_WEB3"] = udp4(GATEWAY, WEB1, IP1, IP3)
F["UDP_MARTIAN"] = udp4(GATEWAY, WEB1, "127.0.0.1", IPDB)
F["UDP_OWN_SOURCE"] = udp4(GATEWAY, WEB1, "10.1.1.1", IPDB)
F["UDP_MARTIAN_DESTINATION"] = udp4(GATEWAY, WEB1, IP1, "240.0.0.1")
F["UDP6_LINK_LOCAL"] = udp6(GATEWAY, WEB1, "fe80::1", SIX2)
F["UDP6_WEB1_WEB2_ROUTED_IN"] = udp6(GATEWAY, WEB1, SIX1, SIX2)
F["UDP6_WEB1_WEB2_ROUTED_OUT"] = routed(udp6(GATEWAY, WEB1, SIX1, SIX2), WEB2, GATEWAY)
F["UDP6_WEB1_NOWHERE"] = udp6(GATEWAY, WEB1, SIX1, "2001:db8:77::1")
no6 = udp6(GATEWAY, WEB1, SIX1, "2001:db8:77::1")
F["NO_ROUTE6_WEB1"] = Ether(dst=WEB1, src=GATEWAY) / IPv6(src=SIXGW, dst=SIX1, tc=0xc0, hlim=64) / ICMPv6DestUnreach(code=0) / \
    Raw(quote(no6, 1232))
F["UDP6_WEB1_WEB2_HOP1"] = udp6(GATEWAY, WEB1, SIX1, SIX2, hlim=1)
F["HOP_EXCEEDED6_WEB1"] = Ether(dst=WEB1, src=GATEWAY) / IPv6(src=SIXGW, dst=SIX1, tc=0xc0, hlim=64) / ICMPv6TimeExceeded(code=0) / \
    Raw(quote(udp6(GATEWAY, WEB1, SIX1, SIX2, hlim=1), 1232))
big = udp4(GATEWAY, WEB1, IP1, IPFAR, size=1401 - 28)
F["UDP_WEB1_FAR_1401"] = big
F["TOO_BIG_WEB1"] = error4(WEB1, GATEWAY, "10.1.0.1", IP1, 3, 4, big, rest=1400)
F["UDP_WEB1_FAR_1401_NODF"] = udp4(GATEWAY, WEB1, IP1, IPFAR, size=1401 - 28, flags=0)
F["UDP_WEB1_FAR"] = udp4(GATEWAY, WEB1, IP1, IPFAR)
far = routed(udp4(GATEWAY, WEB1, IP1, IPFAR), PEER_SYSTEM, SYSTEM)
F["UDP_WEB1_FAR_OUT"] = encapsulated(far, 50001)
F["UDP_WEB1_FAR_CE"] = udp4(GATEWAY, WEB1, IP1, IPFAR, tos=3)
F["UDP_WEB1_FAR_CE_OUT"] = encapsulated(routed(udp4(GATEWAY, WEB1, IP1, IPFAR, tos=3), PEER_SYSTEM, SYSTEM), 50001, tos=0x2b)
F["UDP_FAR_WEB1_L3"] = received(udp4(SYSTEM, PEER_SYSTEM, IPFAR, IP1), 50001)
F["UDP_FAR_WEB1_L3_OUT"] = routed(udp4(SYSTEM, PEER_SYSTEM, IPFAR, IP1), WEB1, GATEWAY)
F["ICMP_UNREACHABLE_TTL1"] = Ether(dst=GATEWAY, src=WEB1) / IP(src=IP1, dst=IPDB, ttl=1, proto=1) / Raw(icmp4(3, 1, 0, b"q" * 28))
F["HOST_UNREACHABLE_WEB1"] = error4(WEB1, GATEWAY, "10.1.0.1", IP1, 3, 1, ttl_down(udp4(GATEWAY, WEB1, IP1, IP3)))

# ---- local delivery
def echo(dst, src, sip, dip, tos=0, id=9, seq=1, data=b"ping data", **more):
    return Ether(dst=dst, src=src) / IP(src=sip, dst=dip, tos=tos, id=3, **more) / ICMP(type=8, id=id, seq=seq) / Raw(data)


F["ECHO_WEB1_GATEWAY"] = echo(GATEWAY, WEB1, IP1, "10.1.0.1", tos=0xbb)
F["ECHO_REPLY_WEB1"] = Ether(dst=WEB1, src=GATEWAY) / IP(src="10.1.0.1", dst=IP1, tos=0xb8, id=0, flags="DF", ttl=64) / \
    ICMP(type=0, id=9, seq=1) / Raw(b"ping data")
wrong = raw(echo(GATEWAY, WEB1, IP1, "10.1.0.1"))
F["ECHO_WRONG"] = wrong[:36] + b"\xde\xad" + wrong[38:]
F["ECHO_FRAGMENT"] = echo(GATEWAY, WEB1, IP1, "10.1.0.1", flags="MF")
F["ECHO6_WEB1_GATEWAY"] = Ether(dst=GATEWAY, src=WEB1) / IPv6(src=SIX1, dst=SIXGW, tc=0x2a) / ICMPv6EchoRequest(id=5, seq=6, data=b"six")
F["ECHO6_REPLY_WEB1"] = Ether(dst=WEB1, src=GATEWAY) / IPv6(src=SIXGW, dst=SIX1, tc=0x28, hlim=64) / ICMPv6EchoReply(id=5, seq=6, data=b"six")
F["ECHO6_LL"] = Ether(dst=GATEWAY, src=WEB1) / IPv6(src="fe80::99", dst=LLGW) / ICMPv6EchoRequest(id=5, seq=6, data=b"six")
F["ECHO6_LL_REPLY"] = Ether(dst=WEB1, src=GATEWAY) / IPv6(src=LLGW, dst="fe80::99", hlim=64) / ICMPv6EchoReply(id=5, seq=6, data=b"six")
F["UDP_WEB1_GATEWAY"] = udp4(GATEWAY, WEB1, IP1, "10.1.0.1")
F["PORT_UNREACHABLE_WEB1"] = error4(WEB1, GATEWAY, "10.1.0.1", IP1, 3, 3, udp4(GATEWAY, WEB1, IP1, "10.1.0.1"))
F["TCP_WEB1_GATEWAY"] = Ether(dst=GATEWAY, src=WEB1) / IP(src=IP1, dst="10.1.0.1") / TCP(sport=1, dport=2)

# ---- VXLAN
F["WEB1_FAR_ENCAPSULATED"] = encapsulated(F["WEB1_FAR"], 10010)
F["FAR_WEB1_RECEIVED"] = received(F["FAR_WEB1"], 10010)
F["FAR_WEB1_FROM_3"] = received(F["FAR_WEB1"], 10010, source=VTEP3)
F["FAR_WEB1_FOREIGN"] = received(F["FAR_WEB1"], 10010, source="10.255.0.9")
F["FAR_WEB1_UNKNOWN_VNI"] = received(F["FAR_WEB1"], 11111)
F["FAR_WEB1_CHECKSUM"] = received(F["FAR_WEB1"], 10010, checksum=1)
good = raw(F["FAR_WEB1_CHECKSUM"])
F["FAR_WEB1_WRONG_CHECKSUM"] = good[:40] + bytes([good[40] ^ 1]) + good[41:]
plain = raw(F["FAR_WEB1_RECEIVED"])
F["FAR_WEB1_NO_FLAG"] = plain[:42] + b"\0" + plain[43:]
F["FAR_WEB1_UDP_LENGTH"] = plain[:38] + b"\xff\xff" + plain[40:]
F["FAR_SHORT_INNER"] = received(Raw(b"thirteen octe"), 10010, sport=50000)
F["FAR_WEB1_OVERSIZE"] = received(udp4(WEB1, REMOTE, IP3, IP1, size=1501 - 28), 10010)
F["FAR_WEB1_CE"] = received(udp4(WEB1, REMOTE, IP3, IP1, tos=0), 10010, tos=3)
F["FAR_WEB1_ECT0_CE"] = received(udp4(WEB1, REMOTE, IP3, IP1, tos=2), 10010, tos=3)
F["FAR_WEB1_ECT0_BECAME_CE"] = udp4(WEB1, REMOTE, IP3, IP1, tos=3)
F["FAR_WEB1_ECT0_ECT1"] = received(udp4(WEB1, REMOTE, IP3, IP1, tos=2), 10010, tos=1)
F["FAR_WEB1_ECT0_BECAME_ECT1"] = udp4(WEB1, REMOTE, IP3, IP1, tos=1)
F["FAR_BROADCAST"] = Ether(dst=BROADCAST, src=REMOTE, type=0x9999) / Raw(b"far to all")
F["FAR_BROADCAST_RECEIVED"] = received(F["FAR_BROADCAST"], 10010)
F["FAR_FAR_RECEIVED"] = received(udp4("02:bb:00:00:00:78", REMOTE, IP3, IP1), 10010)
F["FAR_78_RECEIVED"] = received(udp4(BROADCAST, "02:bb:00:00:00:78", IP3, "255.255.255.255"), 10010)
F["FAR_78"] = udp4(BROADCAST, "02:bb:00:00:00:78", IP3, "255.255.255.255")
F["FAR_ARP_GATEWAY_RECEIVED"] = received(F["ARP_FAR_GATEWAY"], 10010)
F["FAR_ARP_GATEWAY_ANSWER"] = encapsulated(F["ARP_GATEWAY_FAR"], 10010)
F["FAR_ANYCAST_SOURCE"] = received(Ether(dst=WEB1, src=GATEWAY, type=0x9999) / Raw(b"x"), 10010)
F["FAR_ANYCAST_SOURCE_INNER"] = Ether(dst=WEB1, src=GATEWAY, type=0x9999) / Raw(b"x")
F["BROADCAST_WEB1_TO_2"] = encapsulated(F["BROADCAST_WEB1"], 10010)
F["BROADCAST_WEB1_TO_3"] = sealed(encapsulated(F["BROADCAST_WEB1"], 10010, destination=VTEP3, mac=PEER3, own=ETH3), "0200000001030001", 0, 1)
db = Ether(dst=BROADCAST, src=DB1, type=0x9999) / Raw(b"to all")
F["BROADCAST_DB1"] = db
F["BROADCAST_DB1_TO_2"] = encapsulated(db, 10020, checksum=1)
n40 = udp4(WEB2, WEB1, IP1, IP2)
F["NET40_TO_62"] = encapsulated(n40, 10040, source=VTEP6, destination=VTEP62, mac=PEER2, own=ETH2)

# ---- ports, MACsec
F["TRANSIT"] = udp4(ETH1, PEER1, "10.99.0.1", "10.255.0.2")
F["TRANSIT_OUT"] = routed(udp4(ETH1, PEER1, "10.99.0.1", "10.255.0.2"), PEER1, ETH1)
F["TRANSIT_SEALED_IN"] = sealed(udp4(ETH3, PEER3, "10.99.0.1", "10.255.0.2"), "0200000002030001", 0, 1)
F["TRANSIT_SEALED_IN_2"] = sealed(udp4(ETH3, PEER3, "10.99.0.1", "10.255.0.2"), "0200000002030001", 0, 2)
F["TRANSIT_SEALED_IN_AN1"] = sealed(udp4(ETH3, PEER3, "10.99.0.1", "10.255.0.2"), "0200000002030001", 1, 1)
F["TRANSIT_SEALED_OTHER_SCI"] = sealed(udp4(ETH3, PEER3, "10.99.0.1", "10.255.0.2"), "0200000002030002", 0, 5, KEYS["0200000002030001/0"])
F["TRANSIT_SEALED_OTHER_AN"] = sealed(udp4(ETH3, PEER3, "10.99.0.1", "10.255.0.2"), "0200000002030001", 3, 5, KEYS["0200000002030001/0"])
F["TRANSIT_SEALED_LAST"] = sealed(udp4(ETH3, PEER3, "10.99.0.1", "10.255.0.2"), "0200000002030001", 0, 0xffffffff)
F["BIG_SEALED_IN"] = sealed(udp4(ETH3, PEER3, "10.99.0.1", "10.255.0.2", size=41), "0200000002030001", 0, 2)
F["TRANSIT_CLEAR_3"] = udp4(ETH3, PEER3, "10.99.0.1", "10.255.0.2")
F["TRANSIT_TO_3"] = udp4(ETH1, PEER1, "10.99.0.1", "10.255.0.3")
out3 = routed(udp4(ETH1, PEER1, "10.99.0.1", "10.255.0.3"), PEER3, ETH3)
F["TRANSIT_TO_3_CLEAR"] = out3
for pn in (1, 2, 3):
    F[f"TRANSIT_TO_3_PN{pn}"] = sealed(out3, "0200000001030001", 0, pn)
short = arp(1, ETH3, "10.254.0.5", "00:00:00:00:00:00", "10.254.0.4", BROADCAST, ETH3)
F["ARP_TAP_3"] = short
F["ARP_TAP_3_PN1"] = sealed(short, "0200000001030001", 0, 1)
F["ARP_PEER_3_SEALED"] = sealed(arp(1, PEER3, "10.254.0.4", "00:00:00:00:00:00", "10.254.0.5", BROADCAST, PEER3), "0200000002030001", 0, 1)
F["ARP_PEER_3"] = arp(1, PEER3, "10.254.0.4", "00:00:00:00:00:00", "10.254.0.5", BROADCAST, PEER3)
F["PING_PORT_1"] = Ether(dst=ETH1, src=PEER1) / IP(src="10.254.0.0", dst="10.254.0.1") / ICMP(type=8, id=1, seq=1) / Raw(b"padded")
F["OSPF_1"] = Ether(dst="01:00:5e:00:00:05", src=PEER1) / IP(src="10.254.0.0", dst="224.0.0.5", proto=89, ttl=1) / Raw(b"hello")
F["GROUP_UNICAST_1"] = Ether(dst="01:00:5e:00:00:05", src=PEER1) / IP(src="10.254.0.0", dst="10.255.0.2") / UDP()
F["LLDP_1"] = Ether(dst="01:80:c2:00:00:0e", src=PEER1, type=0x88cc) / Raw(b"lldp")
F["FOREIGN_MAC_1"] = udp4("02:00:00:00:01:77", PEER1, "10.99.0.1", "10.255.0.2")
F["TEXT_1"] = Ether(dst=ETH1, src=PEER1, type=0x9999) / Raw(b"x")
F["SEALED_ON_CLEAR_1"] = sealed(udp4(ETH1, PEER1, "10.99.0.1", "10.255.0.2"), "0200000002030001", 0, 1)
# ECMP: flows by source port, and the member that HASH-4 chooses among three.
flows = {}
for sport in range(2000, 2200):
    packet = udp4(ETH1, PEER1, "10.99.0.1", "10.200.0.1", sport=sport)
    flows.setdefault(member(packet, 3), packet)
macs = [(PEER1, ETH1), (PEER2, ETH2), (PEER3, ETH3)]
for i in range(3):
    F[f"ECMP_{i}"] = flows[i]
    F[f"ECMP_{i}_OUT"] = routed(flows[i], *macs[i])
F["ECMP_2_OUT"] = sealed(F["ECMP_2_OUT"], "0200000001030001", 0, 1)

# ---- changes of tables: what a host here sends to where a control entry leads, and the same host heard far away
F["UDP_WEB1_WEB2_TO_2"] = encapsulated(F["UDP_WEB1_WEB2"], 10010)
F["FAR_WEB2_RECEIVED"] = received(F["UDP_WEB2_WEB1"], 10010)
F["FAR_WEB2_FROM_3"] = received(F["UDP_WEB2_WEB1"], 10010, source=VTEP3)
F["FAR_ARP_WEB2_ANNOUNCE"] = received(F["ARP_WEB2_ANNOUNCE"], 10010)
F["FAR_NA_WEB2_ALL"] = received(F["NA_WEB2_ALL"], 10010)
F["UDP_WEB1_WEB3_ROUTED"] = routed(udp4(GATEWAY, WEB1, IP1, IP3), WEB3, GATEWAY)
F["ARP_WEB1_WEB2_ANSWERED_BY_3"] = arp(2, WEB3, IP2, WEB1, IP1, WEB1, WEB3)
F["NA_WEB2_ANSWERED_BY_3"] = na(WEB3, WEB1, SIX2, SIX1, SIX2, WEB3, R=0, S=1)
F["UDP_WEB1_NOWHERE_OUT"] = encapsulated(routed(udp4(GATEWAY, WEB1, IP1, "192.0.2.1"), PEER_SYSTEM, SYSTEM), 50001)
F["TRANSIT_OUT_2"] = routed(udp4(ETH1, PEER1, "10.99.0.1", "10.255.0.2"), PEER2, ETH2)
F["TRANSIT_TO_3_BY_1"] = routed(udp4(ETH1, PEER1, "10.99.0.1", "10.255.0.3"), PEER1, ETH1)
F["UDP_FAR_WEB1_L3_FROM_3"] = received(udp4(SYSTEM, PEER_SYSTEM, IPFAR, IP1), 50001, source=VTEP3)

# ---- snooping
def igmp(src, sip, dip, body, mac=None, options=True, ttl=1, flags=0):
    """A message whose checksum is 0 in `body`, with the Router Alert option of RFC 3376 section 4."""
    body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    return Ether(dst=mac or group_mac(dip), src=src) / IP(src=sip, dst=dip, ttl=ttl, proto=2, id=0, flags=flags,
                                                           options=[IPOption_Router_Alert()] if options else []) / Raw(body)


def group_mac(group):
    if ":" in group:
        return "33:33:" + ":".join(f"{octet:02x}" for octet in inet_pton(group)[12:])
    octets = [int(part) for part in group.split(".")]
    return f"01:00:5e:{octets[1] & 127:02x}:{octets[2]:02x}:{octets[3]:02x}"


def inet_pton(text):
    return ipaddress.ip_address(text).packed


def igmp2(type, group):
    return struct.pack("!BBH", type, 0 if type != 0x11 else 100, 0) + inet_pton(group)


def igmp3(*records, says=None):
    """Records: (type, group, sources, octets of auxiliary data)."""
    body = struct.pack("!BBHHH", 0x22, 0, 0, 0, len(records) if says is None else says)
    for type, group, sources, more in records:
        body += struct.pack("!BBH", type, more // 4, len(sources)) + inet_pton(group)
        body += b"".join(inet_pton(source) for source in sources) + bytes(more)
    return body


def mld(src, sip, dip, message, mac=None, hlim=1, header=True):
    """As scapy makes it: hop-by-hop header with Router Alert (RFC 2710 section 3)."""
    ip = IPv6(src=sip, dst=dip, hlim=hlim)
    return Ether(dst=mac or group_mac(dip), src=src) / (ip / IPv6ExtHdrHopByHop(options=[RouterAlert()]) if header else ip) / message


def mld2(*records):
    return ICMPv6MLReport2(records=[ICMPv6MLDMultAddrRec(rtype=type, dst=group, sources=sources) for type, group, sources in records])


G, G2, LINK = "239.1.2.3", "239.1.2.4", "224.0.0.251"
G6, LINK6 = "ff05::1234", "ff02::fb"
LL1, LL2 = "fe80::11", "fe80::12"
for host, src, sip in (("WEB1", WEB1, IP1), ("WEB2", WEB2, IP2)):
    F[f"IGMP_JOIN_{host}"] = igmp(src, sip, G, igmp2(0x16, G))
    F[f"IGMP_LEAVE_{host}"] = igmp(src, sip, "224.0.0.2", igmp2(0x17, G))
    F[f"IGMP3_JOIN_{host}"] = igmp(src, sip, "224.0.0.22", igmp3((4, G, [], 0)))
    F[f"IGMP3_LEAVE_{host}"] = igmp(src, sip, "224.0.0.22", igmp3((3, G, [], 0)))
    F[f"GROUP_{host}"] = udp4(group_mac(G), src, sip, G)
F["IGMP1_JOIN_WEB1"] = igmp(WEB1, IP1, G, igmp2(0x12, G), options=False)
F["IGMP_JOIN_LINK_WEB1"] = igmp(WEB1, IP1, LINK, igmp2(0x16, LINK))
F["IGMP_JOIN_UNICAST_WEB1"] = igmp(WEB1, IP1, G, igmp2(0x16, "10.1.2.3"))
F["IGMP_JOIN_FRAGMENT_WEB1"] = igmp(WEB1, IP1, G, igmp2(0x16, G), flags="MF")
F["IGMP_JOIN_TO_WEB2"] = igmp(WEB1, IP1, G, igmp2(0x16, G), mac=WEB2)
F["IGMP_QUERY_WEB1"] = igmp(WEB1, IP1, "224.0.0.1", igmp2(0x11, "0.0.0.0"))
F["IGMP_UNKNOWN_WEB1"] = igmp(WEB1, IP1, "224.0.0.4", igmp2(0x13, "0.0.0.0"))
F["IGMP3_MANY_WEB1"] = igmp(WEB1, IP1, "224.0.0.22", igmp3(
    (1, "239.9.0.1", ["10.0.0.1"], 0), (2, "239.9.0.2", [], 8), (3, "239.9.0.3", ["10.0.0.1", "10.0.0.2"], 0),
    (5, "239.9.0.4", ["10.0.0.1"], 4), (5, "239.9.0.5", [], 0), (6, "239.9.0.6", ["10.0.0.1"], 0), (9, "239.9.0.7", [], 0)))
F["IGMP3_SAYS_MORE_WEB1"] = igmp(WEB1, IP1, "224.0.0.22", igmp3((4, G, [], 0), says=1000))
F["IGMP3_SAYS_LESS_WEB1"] = igmp(WEB1, IP1, "224.0.0.22", igmp3((4, G, [], 0), (4, G2, [], 0), says=1))
F["IGMP3_CUT_WEB1"] = igmp(WEB1, IP1, "224.0.0.22", igmp3((4, G, [], 0), (4, G2, ["10.0.0.1"], 0))[:-2])
F["IGMP3_LIES_WEB1"] = igmp(WEB1, IP1, "224.0.0.22", igmp3((4, G, [], 0), (4, G2, [], 0))[:19] + b"\xff" + igmp3((4, G2, [], 0))[12:])
F["FAR_IGMP_JOIN_RECEIVED"] = received(igmp(REMOTE, IP3, G, igmp2(0x16, G)), 10010)
F["FAR_IGMP_LEAVE_RECEIVED"] = received(igmp(REMOTE, IP3, "224.0.0.2", igmp2(0x17, G)), 10010)
F["FAR_IGMP_JOIN_FROM_3"] = received(igmp(REMOTE, IP3, G, igmp2(0x16, G)), 10010, source=VTEP3)
F["FAR_GROUP_RECEIVED"] = received(udp4(group_mac(G), REMOTE, IP3, G), 10010)
F["GROUP_LINK_WEB1"] = udp4(group_mac(LINK), WEB1, IP1, LINK)
F["GROUP_2_WEB1"] = udp4(group_mac(G2), WEB1, IP1, G2)
F["GROUP_TO_WEB2"] = udp4(WEB2, WEB1, IP1, G)
F["MLD_JOIN_WEB1"] = mld(WEB1, LL1, G6, ICMPv6MLReport(mladdr=G6))
F["MLD_JOIN_LINK_WEB1"] = mld(WEB1, LL1, LINK6, ICMPv6MLReport(mladdr=LINK6))
F["MLD_LEAVE_WEB1"] = mld(WEB1, LL1, "ff02::2", ICMPv6MLDone(mladdr=G6))
F["MLD_QUERY_WEB1"] = mld(WEB1, LL1, "ff02::1", ICMPv6MLQuery())
F["MLD2_JOIN_WEB1"] = mld(WEB1, LL1, "ff02::16", mld2((4, G6, []), (1, "ff05::1", ["2001:db8::1"]), (6, "ff05::2", ["2001:db8::1"])))
F["MLD2_LEAVE_WEB1"] = mld(WEB1, LL1, "ff02::16", mld2((3, G6, [])))
F["MLD_JOIN_FAR_HOPS_WEB1"] = mld(WEB1, LL1, G6, ICMPv6MLReport(mladdr=G6), hlim=2)
F["MLD_JOIN_BARE_WEB1"] = mld(WEB1, LL1, G6, ICMPv6MLReport(mladdr=G6), header=False)
F["HOP_BY_HOP_ECHO_WEB1"] = mld(WEB1, LL1, G6, ICMPv6EchoRequest(id=1, seq=2))
F["GROUP6_WEB2"] = udp6(group_mac(G6), WEB2, SIX2, G6)
F["GROUP6_LINK_WEB2"] = udp6(group_mac(LINK6), WEB2, SIX2, LINK6)

lines = ["/* SPDX-License-Identifier: Apache-2.0 */", "/* Made by make_frames.py with scapy; do not edit. */",
         "#ifndef ZTOS_TEST_FRAMES_H", "#define ZTOS_TEST_FRAMES_H", ""]
for name, frame in F.items():
    text = (frame if isinstance(frame, bytes) else raw(frame)).hex()
    lines.append(f"#define {name} \\")
    parts = [text[i:i + 100] for i in range(0, len(text), 100)]
    lines += [f'    "{part}"' + (" \\" if i < len(parts) - 1 else "") for i, part in enumerate(parts)]
lines += ["", "#define FOREACH_FRAME(_) \\"] + [f"    _({name}) \\" for name in F]
lines[-1] = lines[-1][:-2]
lines += ["", "#endif", ""]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "frames.h"), "w") as file:
    file.write("\n".join(lines))
