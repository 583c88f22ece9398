# SPDX-License-Identifier: Apache-2.0
"""The node's kernel talks through its TAPs; the engine hears of its neighbours."""
import ctypes
import os
import signal
import socket
import struct
import time

import frames
import programs
from harness import Lab, read_journal, replays, settled, two_leaves


def ping(lab, namespace, address, count=3):
    """Echo requests by the kernel of a namespace: the number that was answered."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        with open(f"/run/netns/{lab.name(namespace)}") as file:
            assert ctypes.CDLL(None).setns(file.fileno(), 0) == 0
        icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        icmp.settimeout(2)
        answered = 0
        for n in range(count):
            body = struct.pack("!BBHHH", 8, 0, 0, 77, n) + b"ztos" * 8
            icmp.sendto(body[:2] + struct.pack("!H", frames.checksum(body)) + body[4:], (address, 0))
            try:
                while (reply := icmp.recv(2048))[20] != 0 or reply[24:28] != body[4:8]:
                    continue
                answered += 1
            except TimeoutError:
                pass
        os.write(writer, bytes([answered]))
        os._exit(0)
    os.close(writer)
    answered = os.read(reader, 1)[0]
    os.close(reader)
    os.waitpid(pid, 0)
    return answered


def underlay(sealed):
    with Lab() as lab:
        engines, _ = two_leaves(lab, sealed=sealed)
        assert ping(lab, "l1", "10.254.0.1") == 3
        assert ping(lab, "l2", "10.254.0.0") == 3
        pages = settled(*(engine.stats for engine in engines))
        assert all(page["entries"][0]["puntIn"] >= 6 and page["entries"][0]["puntOut"] >= 6 for page in pages)
        for engine in engines:
            assert engine.stop() == 0
            records, _ = read_journal(engine.journal)
            if sealed:
                on_link = [data for kind, interface, _, data in records if interface == 1 and kind in ("frame", "tx")]
                assert on_link and all(data[12:14] == b"\x88\xe5" for data in on_link)
            replays(engine.journal, *(("--keys", str(lab.folder / "keys.json")) if sealed else ()))


def test_kernels_ping_each_other_through_engines():
    underlay(sealed=False)


def test_kernels_ping_each_other_through_a_sealed_link():
    underlay(sealed=True)


def neighbours(engine):
    engine.ask("sync")
    return [
        (interface, data[0], data[1], data[2:8], socket.inet_ntoa(data[8:12]))
        for kind, interface, _, data in read_journal(engine.journal)[0] if kind == "neighbour"
    ]


def wait_for(engine, wanted):
    deadline = time.monotonic() + 5
    while wanted not in (seen := neighbours(engine)):
        assert time.monotonic() < deadline, seen[-20:]
        time.sleep(0.01)


def test_neighbours_of_the_kernel_become_inputs_of_the_upper_interface():
    for sealed, interface in ((False, 1), (True, 3)):
        with Lab() as lab:
            (one, _), _ = two_leaves(lab, sealed=sealed)
            mac = frames.mac_bytes("02:00:00:00:00:77")
            edit = ("ip", "-n", lab.name("l1"), "neigh")
            lab.ip(*edit[1:], "replace", "10.254.0.1", "lladdr", "02:00:00:00:00:77", "dev", "eth1", "nud", "permanent")
            wait_for(one, (interface, 4, 1, mac, "10.254.0.1"))
            lab.ip(*edit[1:], "del", "10.254.0.1", "dev", "eth1")
            wait_for(one, (interface, 4, 0, bytes(6), "10.254.0.1"))
            assert one.stop() == 0


def test_neighbours_are_told_anew_after_a_load():
    with Lab() as lab:
        (one, _), _ = two_leaves(lab)
        lab.ip("-n", lab.name("l1"), "neigh", "replace", "10.254.0.1", "lladdr", "02:00:00:00:00:77", "dev", "eth1",
               "nud", "permanent")
        wanted = (1, 4, 1, frames.mac_bytes("02:00:00:00:00:77"), "10.254.0.1")
        wait_for(one, wanted)
        one.ask("load", program=programs.leaf(1))
        deadline = time.monotonic() + 5
        while neighbours(one).count(wanted) < 2:
            assert time.monotonic() < deadline, neighbours(one)
            time.sleep(0.01)
        one.stop()
        replays(one.journal)


def test_neighbours_are_right_again_after_the_kernel_lost_messages():
    with Lab() as lab:
        (one, _), _ = two_leaves(lab)
        namespace = lab.name("l1")
        there = ("lladdr", "02:00:00:00:00:77", "dev", "eth1", "nud", "permanent")
        lab.ip("-n", namespace, "neigh", "replace", "10.254.0.1", *there)
        wait_for(one, (1, 4, 1, frames.mac_bytes("02:00:00:00:00:77"), "10.254.0.1"))
        # Asleep, it misses the news: more of them than a socket holds.
        one.popen.send_signal(signal.SIGSTOP)
        batch = [f"neigh replace 10.9.{n >> 8}.{n & 255} {' '.join(there)}" for n in range(900)]
        lab.file("batch", "\n".join(batch + ["neigh del 10.254.0.1 dev eth1"]) + "\n")
        lab.ip("-n", namespace, "-batch", str(lab.folder / "batch"))
        one.popen.send_signal(signal.SIGCONT)
        wait_for(one, (1, 4, 0, bytes(6), "10.254.0.1"))
        wait_for(one, (1, 4, 1, frames.mac_bytes("02:00:00:00:00:77"), "10.9.3.131"))
        assert one.stop() == 0
        replays(one.journal)
