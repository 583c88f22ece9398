"""Datagrams from standard input, a line of hexadecimal each: send_udp.py SOURCE ADDRESS PORT BURST INTERVAL_MS ROUNDS.

All of them ROUNDS times, BURST at once and then a pause.
"""
import socket
import sys
import time


def main():
    source, address = sys.argv[1:3]
    port, burst, interval, rounds = (int(text) for text in sys.argv[3:])
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((source, 0))
    datagrams = [bytes.fromhex(line) for line in sys.stdin] * rounds
    for sent, datagram in enumerate(datagrams, 1):
        sock.sendto(datagram, (address, port))
        if sent % burst == 0:
            time.sleep(interval / 1000)


main()
