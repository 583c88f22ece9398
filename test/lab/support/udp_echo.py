"""UDP datagrams of every size, there and back: udp_echo.py serve ADDRESS PORT, or ask ADDRESS PORT FIRST LAST TOS SOURCE_PORT.

`serve` says "ready" and sends back what it gets, with the TOS it had. `ask` says which sizes did not come back as they were sent, each on a
line, and then how many did, with the TOS octets of those. Every datagram is filled with the canary. A SOURCE_PORT of 0 is the kernel's choice.
"""
import socket
import sys

CANARY = b"ztos-canary-7d1f"


def opened(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
    return sock


def set_tos(sock, tos):
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, tos)


def received(sock):
    data, controls, _, sender = sock.recvmsg(65536, 64)
    tos = next((int.from_bytes(value[:1], "little") for _, _, value in controls), 0)
    return data, tos, sender


def serve(address, port):
    sock = opened(address)
    sock.bind((address, port))
    print("ready", flush=True)
    while True:
        data, tos, sender = received(sock)
        set_tos(sock, tos)
        sock.sendto(data, sender)


def ask(address, port, first, last, tos, source_port):
    sock = opened(address)
    sock.bind(("", source_port))
    set_tos(sock, tos)
    seen = set()
    good = 0
    for size in range(first, last + 1):
        wanted = (CANARY * (size // len(CANARY) + 1))[:size]
        sock.settimeout(8 if size == first else 2)
        try:
            sock.sendto(wanted, (address, port))
            data, back, _ = received(sock)
        except OSError as error:
            print(f"size {size}: {error}", flush=True)
            continue
        if data != wanted:
            print(f"size {size}: {len(data)} octets came back", flush=True)
            continue
        good += 1
        seen.add(back)
    print(f"{good} came back, TOS {sorted(seen)}", flush=True)


def main():
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        ask(sys.argv[2], *(int(text) for text in sys.argv[3:]))


main()
