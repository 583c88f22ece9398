# SPDX-License-Identifier: Apache-2.0
"""Frames, built and read by hand: independent of the codecs of twin and engine."""
import ipaddress
import struct
import zlib

BROADCAST = "ff:ff:ff:ff:ff:ff"


def mac_bytes(text):
    return bytes(int(octet, 16) for octet in text.split(":"))


def ethernet(dst, src, ethertype, payload):
    return mac_bytes(dst) + mac_bytes(src) + struct.pack("!H", ethertype) + payload


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def ipv4(src, dst, protocol, payload, ttl=64, tos=0):
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, tos, 20 + len(payload), 0, 0x4000, ttl, protocol, 0,
        ipaddress.IPv4Address(src).packed, ipaddress.IPv4Address(dst).packed,
    )
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def udp(src, dst, sport, dport, payload):
    length = 8 + len(payload)
    head = struct.pack("!HHHH", sport, dport, length, 0)
    pseudo = ipaddress.ip_address(src).packed + ipaddress.ip_address(dst).packed
    pseudo += struct.pack("!BBH", 0, 17, length) if ":" not in src else struct.pack("!II", length, 17)
    total = checksum(pseudo + head + payload) or 0xFFFF
    return head[:6] + struct.pack("!H", total) + payload


def trace_id(run, trace):
    mark = b"ZTTR" + struct.pack("!II", run, trace)
    return mark + struct.pack("!I", zlib.crc32(mark))


def udp_frame(dst, src, src_ip, dst_ip, payload=b"", size=0, sport=1000, dport=2000, trace=None):
    """A frame of UDP over IPv4; `size` pads the payload so that the frame has that length, the trace id at its end."""
    mark = trace_id(7, trace) if trace is not None else b""
    payload += bytes(max(0, size - 42 - len(payload) - len(mark))) + mark
    return ethernet(dst, src, 0x0800, ipv4(src_ip, dst_ip, 17, udp(src_ip, dst_ip, sport, dport, payload)))


def arp(operation, src_mac, src_ip, dst_mac, dst_ip, eth_dst=BROADCAST):
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
    body += mac_bytes(src_mac) + ipaddress.IPv4Address(src_ip).packed
    body += mac_bytes(dst_mac) + ipaddress.IPv4Address(dst_ip).packed
    return ethernet(eth_dst, src_mac, 0x0806, body)


def icmpv6(src, dst, body):
    pseudo = ipaddress.IPv6Address(src).packed + ipaddress.IPv6Address(dst).packed + struct.pack("!II", len(body), 58)
    return body[:2] + struct.pack("!H", checksum(pseudo + body)) + body[4:]


def ipv6(src, dst, next_header, payload, hops=255):
    return (
        struct.pack("!IHBB", 6 << 28, len(payload), next_header, hops)
        + ipaddress.IPv6Address(src).packed + ipaddress.IPv6Address(dst).packed + payload
    )


def solicitation(src_mac, src_ip, target):
    """A neighbour solicitation to the solicited-node group; without source option from the unspecified address."""
    packed = ipaddress.IPv6Address(target).packed
    group = ipaddress.IPv6Address(ipaddress.IPv6Address("ff02::1:ff00:0").packed[:13] + packed[13:])
    body = struct.pack("!BBHI", 135, 0, 0, 0) + packed
    if src_ip != "::":
        body += b"\x01\x01" + mac_bytes(src_mac)
    dst_mac = "33:33:ff:" + ":".join(f"{octet:02x}" for octet in packed[13:])
    return ethernet(dst_mac, src_mac, 0x86DD, ipv6(src_ip, str(group), 58, icmpv6(src_ip, str(group), body)))
