# SPDX-License-Identifier: Apache-2.0
"""
What sockets of a neighbouring kernel give a port. The kernel puts off checksums, and the cutting of large packets, to a
device that says it does both; a veth says so, and XDP on its peer sees frames as they stand (see src/run/README.md).
"""
import ctypes
import os
import socket

import frames
import programs
from harness import Lab, read_journal, read_stats, replays, settled
from programs import host_address, host_mac

UDP_SEGMENT = 103


def hosts(lab, offload, mtu=1500):
    """An engine that bridges two namespaces, whose kernels are the hosts."""
    lab.add("n", "h1", "h2")
    for n in (1, 2):
        name = lab.name(f"h{n}")
        lab.cable("n", f"eth{n}.phy", f"h{n}", "eth0", mtu=max(mtu, 1778))
        lab.within(f"h{n}", "ethtool", "-K", "eth0", "tx", offload)
        lab.ip("-n", name, "link", "set", "eth0", "address", host_mac(n), "mtu", str(mtu))
        lab.ip("-n", name, "addr", "add", f"{host_address(n)}/24", "dev", "eth0")
        lab.ip("-n", name, "neigh", "add", host_address(3 - n), "lladdr", host_mac(3 - n), "dev", "eth0")
    return lab.engine("n", programs.patch())


def bound(lab, namespace):
    """A UDP socket of a namespace: it stays there after this process has left."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{lab.name(namespace)}", os.O_RDONLY)
    libc = ctypes.CDLL(None)
    try:
        assert libc.setns(there, 0) == 0
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    finally:
        assert libc.setns(here, 0) == 0
        os.close(here)
        os.close(there)
    made.settimeout(0.3)
    made.bind(("0.0.0.0", 2000))
    return made


def received(engine):
    """What the journal has as received from h1 over UDP and as sent to h2."""
    assert engine.stop() == 0
    replays(engine.journal)
    records, complete = read_journal(engine.journal)
    assert complete
    udp = [record for record in records if record[3][12:14] == b"\x08\x00" and record[3][23] == 17]
    return ([data for kind, interface, _, data in udp if (kind, interface) == ("frame", 1)],
            [data for kind, interface, _, data in udp if (kind, interface) == ("tx", 2)])


def checksum_is_right(frame):
    segment = frame[34:14 + int.from_bytes(frame[16:18], "big")]
    return frames.checksum(frame[26:34] + bytes([0, 17]) + len(segment).to_bytes(2, "big") + segment) == 0


def test_datagram_whose_checksum_the_sender_left_to_its_device_is_forwarded_as_it_came_and_refused_at_its_end():
    with Lab() as lab:
        engine = hosts(lab, "on")
        with bound(lab, "h1") as one, bound(lab, "h2") as two:
            one.sendto(b"unfinished", (host_address(2), 2000))
            try:
                raise AssertionError(two.recv(100))
            except TimeoutError:
                pass
        came, went = received(engine)
        assert len(came) == 1 and came == went and not checksum_is_right(came[0])


def test_datagram_of_a_host_without_transmit_offload_arrives():
    with Lab() as lab:
        engine = hosts(lab, "off")
        with bound(lab, "h1") as one, bound(lab, "h2") as two:
            one.sendto(b"finished", (host_address(2), 2000))
            assert two.recv(100) == b"finished"
        came, went = received(engine)
        assert len(came) == 1 and came == went and checksum_is_right(came[0])


def test_large_packet_of_a_socket_is_cut_by_the_sender_where_xdp_is_native():
    with Lab() as lab:
        engine = hosts(lab, "on")
        with bound(lab, "h1") as one:
            one.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
            one.sendto(bytes(4500), (host_address(2), 2000))
            settled(engine.stats)
        came, went = received(engine)
        assert [len(data) for data in came] == [1042] * 4 + [542] and came == went


def test_large_packet_of_a_socket_is_dropped_and_counted_where_xdp_is_generic():
    with Lab() as lab:
        engine = hosts(lab, "on", mtu=9000)
        assert "generic on 2" in engine.log()
        with bound(lab, "h1") as one:
            one.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
            one.sendto(bytes(4500), (host_address(2), 2000))
            engine.ask("stats")
            assert read_stats(engine.stats)["entries"][0]["rxDropped"] == 1
        assert received(engine) == ([], [])
