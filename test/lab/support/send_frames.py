"""Frames from standard input, a line of hexadecimal each, sent on a device: send_frames.py DEVICE."""
import socket
import sys


def main():
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((sys.argv[1], 0))
    for line in sys.stdin:
        sock.send(bytes.fromhex(line))


main()
