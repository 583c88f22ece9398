# SPDX-License-Identifier: Apache-2.0
"""Devices of a namespace looked at and changed from within it, by the clock that journals have (CLOCK_MONOTONIC, ns)."""
import ctypes
import fcntl
import json
import os
import select
import socket
import struct
import time

IFF_UP, IFF_LOWER_UP = 1, 1 << 16
SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
RTMGRP_LINK = 1
RTM_NEWLINK = 16
IFLA_OPERSTATE = 16
OPERSTATES = ("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up")


def enter(lab, namespace):
    with open(f"/run/netns/{lab.name(namespace)}") as file:
        assert ctypes.CDLL(None, use_errno=True).setns(file.fileno(), 0) == 0


def in_namespace(lab, namespace, function):
    """What a function returns, run in a process of the namespace."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            enter(lab, namespace)
            os.write(writer, json.dumps(function()).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    assert os.waitpid(pid, 0)[1] == 0
    return json.loads(data)


def set_up_here(device, up):
    """Sets a device of the own namespace up or down: the time right before."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sH14x", device.encode(), 0)
        flags = struct.unpack_from("H", fcntl.ioctl(sock, SIOCGIFFLAGS, request), 16)[0]
        flags = flags | IFF_UP if up else flags & ~IFF_UP
        begin = time.monotonic_ns()
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14x", device.encode(), flags))
        return begin


def set_up(lab, namespace, device, up):
    return in_namespace(lab, namespace, lambda: set_up_here(device, up))


def send_as_soon_as_up(lab, namespace, device, frame):
    """Sets a device up and sends on it in the same breath."""

    def work():
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            sock.bind((device, 0))
            set_up_here(device, True)
            sock.send(frame)

    in_namespace(lab, namespace, work)


class Watcher:
    """What rtnetlink says of one device of a namespace from now on, as `ip monitor link` shows it."""

    def __init__(self, lab, namespace, device):
        self.reader, writer = os.pipe()
        ready, started = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                enter(lab, namespace)
                self._watch(socket.if_nametoindex(device), writer, started)
            finally:
                os._exit(1)
        os.close(writer)
        os.close(started)
        assert os.read(ready, 1) == b"."
        os.close(ready)
        self.rest = b""

    @staticmethod
    def _watch(index, writer, started):
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
            sock.bind((0, RTMGRP_LINK))
            os.write(started, b".")
            while True:
                data = sock.recv(65536)
                now = time.monotonic_ns()
                at = 0
                while at + 32 <= len(data):
                    length, kind = struct.unpack_from("IH", data, at)
                    _, _, ifindex, flags, _ = struct.unpack_from("BxHiII", data, at + 16)
                    if kind == RTM_NEWLINK and ifindex == index:
                        said = {"now": now, "carrier": bool(flags & IFF_LOWER_UP), "state": operstate(data[at + 32:at + length])}
                        os.write(writer, json.dumps(said).encode() + b"\n")
                    at += (length + 3) & ~3

    def wait(self, seconds=5, **wanted):
        """The first message that says what is wanted."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            *lines, self.rest = self.rest.split(b"\n")
            for n, line in enumerate(lines):
                said = json.loads(line)
                if all(said[key] == value for key, value in wanted.items()):
                    self.rest = b"\n".join([*lines[n + 1:], self.rest])
                    return said
            if select.select([self.reader], [], [], 0.1)[0]:
                self.rest += os.read(self.reader, 65536)
        raise AssertionError(f"nobody said {wanted}")

    def close(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.reader)


def operstate(attributes):
    at = 0
    while at + 4 <= len(attributes):
        length, kind = struct.unpack_from("HH", attributes, at)
        if kind == IFLA_OPERSTATE:
            return OPERSTATES[attributes[at + 4]]
        at += max(4, (length + 3) & ~3)
    return None
