"""ICMP echo between the kernels of two nodes: ping.py SOURCE DESTINATION COUNT TTL; a line for each answer.

Written with the standard library, so that lab tests need no package of their own for it.
"""
import socket
import struct
import sys
import time


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def request(identifier, sequence):
    body = b"ztos lab test"[:12]
    head = struct.pack("!BBHHH", 8, 0, 0, identifier, sequence)
    return struct.pack("!BBHHH", 8, 0, checksum(head + body), identifier, sequence) + body


def main():
    source, destination, count, ttl = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sock.bind((source, 0))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
    identifier = 0x5A54
    for sequence in range(count):
        sock.sendto(request(identifier, sequence), (destination, 0))
        deadline = time.monotonic() + 3
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                print("no answer", flush=True)
                break
            sock.settimeout(left)
            try:
                packet, (sender, _) = sock.recvfrom(2048)
            except socket.timeout:
                continue
            header = (packet[0] & 15) * 4
            kind = packet[header]
            if kind == 0 and struct.unpack("!HH", packet[header + 4 : header + 8]) == (identifier, sequence):
                print(f"reply from {sender}", flush=True)
                break
            if kind == 11:
                print(f"time exceeded from {sender}", flush=True)
                break


main()
