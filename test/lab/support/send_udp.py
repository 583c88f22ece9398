"""Datagrams from a file, a line of hexadecimal each: send_udp.py FILE SOURCE ADDRESS PORT BURST INTERVAL_MS.

All of them again and again, BURST at once and then a pause, until killed. Says `answered` once something came back.
"""
import itertools
import socket
import sys
import time


def is_answered(sock):
    try:
        sock.recv(2048, socket.MSG_DONTWAIT)
        return True
    except BlockingIOError:
        return False


def main():
    file, source, address = sys.argv[1:4]
    port, burst, interval = (int(text) for text in sys.argv[4:])
    with open(file) as lines:
        datagrams = [bytes.fromhex(line) for line in lines]
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((source, 0))
    said = False
    for sent, datagram in enumerate(itertools.cycle(datagrams), 1):
        sock.sendto(datagram, (address, port))
        if sent % burst == 0:
            time.sleep(interval / 1000)
            if not said and is_answered(sock):
                print("answered", flush=True)
                said = True


main()
