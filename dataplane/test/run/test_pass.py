# SPDX-License-Identifier: Apache-2.0
"""
Ports that punt by XDP (PUNT-3): ARP and ICMP for the node itself pass to its kernel without the engine, all else is the engine's as
ever, and what is passed is counted, captured, and in no journal. Host 1 is a kernel, host 3 a probe behind the router.
"""
import socket
import struct
import time

import frames
from harness import Lab, Refused, proves, read_journal, read_stats, replays, send
from programs import host_mac, mac
from test_capture import read_pcapng
from test_carrier import fork
from test_fail_closed import listener, xdp_of
from test_punt import ping

PORT_MAC = mac(1, 1)
NODE, PEER = "10.254.1.0", "10.254.1.1"


def passing():
    """The fork, whose two uplinks punt by XDP; it has a loopback address, and can answer what comes from host 3's network."""
    program = fork()
    for interface in program["interfaces"][:2]:
        interface["punt"] = "xdp"
    program["interfaces"].append({"id": 20, "name": "lo", "kind": "loopback", "vrf": 0, "addresses": ["10.255.0.1/32"]})
    program["tables"]["routes"] += [
        {"vrf": 0, "prefix": f"10.254.{n}.0/31", "connected": n} for n in (1, 2)
    ] + [{"vrf": 0, "prefix": "10.0.0.0/24", "connected": 3}]
    program["tables"]["neighbours"].append({"interface": 3, "address": "10.0.0.13", "mac": host_mac(3)})
    return program


def start(lab, program=None, *more):
    lab.add("n", "h1", "h2", "h3")
    for n in (1, 2, 3):
        lab.cable("n", f"eth{n}.phy", f"h{n}", "eth0")
    for n in (1, 2):
        lab.tap("n", f"eth{n}", mac(1, n), 1500, f"10.254.{n}.0/31")
    lab.ip("-n", lab.name("h1"), "link", "set", "eth0", "address", host_mac(1))
    lab.ip("-n", lab.name("h1"), "addr", "add", f"{PEER}/31", "dev", "eth0")
    lab.ip("-n", lab.name("n"), "addr", "add", "10.255.0.1/32", "dev", "lo")
    lab.ip("-n", lab.name("h1"), "route", "add", "default", "via", NODE)
    return lab.engine("n", program or passing(), *more)


def came(engine, interface=1):
    """Frames that the machine got from a port, and frames that it gave to the kernel."""
    engine.ask("sync")
    records, _ = read_journal(engine.journal)
    return ([data for kind, on, _, data in records if kind == "frame" and on == interface],
            [data for kind, on, _, data in records if kind == "punt-out" and on == interface])


def counts(engine, port=0):
    engine.ask("stats")
    return read_stats(engine.stats)["entries"][port]


@proves("O34", "PUNT-3")
def test_what_is_asked_of_the_node_passes_by_xdp_and_never_reaches_the_engine():
    with Lab() as lab:
        engine = start(lab)
        assert ping(lab, "h1", NODE) == 3
        assert ping(lab, "h1", "10.255.0.1") == 3
        assert ping(lab, "n", PEER) == 3
        page = counts(engine)
        # 6 requests, 3 answers; and ARP, of which both ends asked or answered once at least.
        assert page["passed"] >= 10 and page["xdp"] == page["passed"], page
        assert page["rx"] == page["puntOut"] == 0, page
        assert engine.ask("stats")["ports"][0]["xdpPassed"] == page["passed"]
        assert came(engine) == ([], [])
        # The kernel has the neighbour by the TAP, and the machine by the kernel.
        assert f"{PEER} lladdr {host_mac(1)}" in lab.within("n", "ip", "neigh", "show", "dev", "eth1").stdout
        assert lab.within("n", "ip", "neigh", "show", "dev", "eth1.phy").stdout == ""
        records, _ = read_journal(engine.journal)
        assert any(kind == "neighbour" and data[2:8] == frames.mac_bytes(host_mac(1)) for kind, _, _, data in records)
        # What the kernel answered went out through the engine.
        assert sum(kind == "punt" and on == 1 for kind, on, _, _ in records) == page["puntIn"] >= 10
        assert engine.stop() == 0
        replays(engine.journal)


def echo(source, destination):
    body = struct.pack("!BBHHH", 8, 0, 0, 1, 1) + b"ztos" * 4
    body = body[:2] + struct.pack("!H", frames.checksum(body)) + body[4:]
    return frames.ipv4(source, destination, 1, body)


def changed(packet, at, octets):
    """A packet with other octets in its header, and the checksum for it."""
    header = bytearray(packet[:20])
    header[at:at + len(octets)] = octets
    header[10:12] = bytes(2)
    header[10:12] = struct.pack("!H", frames.checksum(bytes(header)))
    return bytes(header) + packet[20:]


def arp(target, operation=1, sender=PEER):
    return (struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + frames.mac_bytes(host_mac(1)) + socket.inet_aton(sender) +
            bytes(6) + socket.inet_aton(target))


def to_port(packet, destination=PORT_MAC, kind=0x0800):
    return frames.ethernet(destination, host_mac(1), kind, packet)


@proves("O34", "PUNT-3")
def test_what_is_for_others_or_doubtful_goes_to_the_machine_as_ever():
    plain = echo(PEER, NODE)
    engines = {
        "an echo request for the far end of another link": to_port(echo(PEER, "10.254.2.1")),
        "an echo request for a host behind the node": to_port(echo(PEER, "10.0.0.13")),
        "an echo request to another MAC": to_port(plain, host_mac(2)),
        "an echo request to everybody's MAC": to_port(plain, frames.BROADCAST),
        "a fragment": to_port(changed(plain, 6, b"\x20\x00")),
        "a later fragment": to_port(changed(plain, 6, b"\x00\x05")),
        "options": to_port(b"\x46" + plain[1:20] + bytes(4) + plain[20:]),
        "a wrong checksum": to_port(plain[:10] + b"\x12\x34" + plain[12:]),
        "more than there is": to_port(changed(plain, 2, b"\x04\x00")),
        "a martian source": to_port(echo("127.0.0.1", NODE)),
        "the node's own source": to_port(echo("10.255.0.1", NODE)),
        "UDP": to_port(changed(plain, 9, b"\x11")),
        "a VLAN tag": to_port(b"\x00\x05\x08\x00" + plain, kind=0x8100),
        "ARP for another": to_port(arp("10.254.1.9"), frames.BROADCAST, 0x0806),
        "ARP of no interest": to_port(arp(PEER), frames.BROADCAST, 0x0806),
        "ARP to another MAC": to_port(arp(NODE), host_mac(2), 0x0806),
        "half an ARP": to_port(arp(NODE)[:20], frames.BROADCAST, 0x0806),
    }
    passed = {
        "an echo request": to_port(plain),
        "one with padding": to_port(plain) + bytes(20),
        "one to the loopback address": to_port(echo(PEER, "10.255.0.1")),
        "ARP": to_port(arp(NODE), frames.BROADCAST, 0x0806),
        "ARP to the port alone": to_port(arp(NODE), kind=0x0806),
        "an answer": to_port(arp(NODE, 2), kind=0x0806),
    }
    with Lab() as lab:
        engine = start(lab)
        probe = lab.probe({"h1": ("h1", "eth0", host_mac(1), [])})
        for what, frame in engines.items():
            before = counts(engine)
            send(probe, ("h1", frame))
            wait(lambda: came(engine)[0][-1:] == [frame], what)
            assert counts(engine)["passed"] == before["passed"], what
        seen = len(came(engine)[0])
        for what, frame in passed.items():
            before = counts(engine)
            send(probe, ("h1", frame))
            wait(lambda: counts(engine)["passed"] == before["passed"] + 1, what)
        assert len(came(engine)[0]) == seen == len(engines)
        assert engine.stop() == 0
        replays(engine.journal)


def wait(done, what):
    deadline = time.monotonic() + 5
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def icmp6(source, destination, kind, body):
    message = frames.icmpv6(source, destination, bytes([kind, 0, 0, 0]) + body)
    return frames.ipv6(source, destination, 58, message)


@proves("O34", "PUNT-3")
def test_neighbour_discovery_for_the_node_is_its_kernels():
    program = passing()
    program["interfaces"][0]["addresses"].append("2001:db8:1::1/64")
    with Lab() as lab:
        engine = start(lab, program)
        for name in ("all", "eth1"):
            lab.within("n", "sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=0")
        lab.within("n", "sysctl", "-qw", "net.ipv6.conf.eth1/phy.disable_ipv6=1", check=False)
        lab.ip("-n", lab.name("n"), "addr", "add", "2001:db8:1::1/64", "dev", "eth1", "nodad")
        probe = lab.probe({"h1": ("h1", "eth0", host_mac(1), [])})
        solicited = frames.solicitation(host_mac(1), "2001:db8:1::2", "2001:db8:1::1")
        before = counts(engine)["passed"]
        send(probe, ("h1", solicited))
        wait(lambda: counts(engine)["passed"] > before, "solicitation passed")
        records = []

        def advertised():
            engine.ask("sync")
            records[:] = [data for kind, on, _, data in read_journal(engine.journal)[0] if kind == "tx" and on == 1]
            return any(data[:6] == frames.mac_bytes(host_mac(1)) and data[12:14] == b"\x86\xdd" and data[54] == 136
                       for data in records)

        wait(advertised, "no advertisement by the kernel")
        ping6 = frames.ethernet(PORT_MAC, host_mac(1), 0x86DD, icmp6("2001:db8:1::2", "2001:db8:1::1", 128, b"\x00\x01\x00\x01ztos"))
        before = counts(engine)["passed"]
        send(probe, ("h1", ping6))
        wait(lambda: counts(engine)["passed"] > before, "echo request passed")
        wait(lambda: advertised() and any(data[54] == 129 for data in records if data[12:14] == b"\x86\xdd"), "no answer by the kernel")
        # For another, it is routed, or dropped, by the machine.
        other = frames.ethernet(PORT_MAC, host_mac(1), 0x86DD, icmp6("2001:db8:1::2", "2001:db8:1::9", 128, b"\x00\x01\x00\x01ztos"))
        send(probe, ("h1", other))
        wait(lambda: other in came(engine)[0], "not the machine's")
        assert ping6 not in came(engine)[0] and solicited not in came(engine)[0]
        assert engine.stop() == 0
        replays(engine.journal)


@proves("O34")
def test_captures_see_what_xdp_passes():
    with Lab() as lab:
        engine = start(lab)
        file = lab.folder / "eth1.pcapng"
        engine.ask("capture", interface=1, file=str(file))
        assert ping(lab, "h1", NODE) == 3
        assert engine.ask("capture", interface=1, file=None)["frames"] >= 4
        received = [data for _, direction, data, _ in read_pcapng(file)[0] if direction == 1]
        assert sum(data[12:14] == b"\x08\x00" and data[34] == 8 for data in received) == 3, received
        assert came(engine) == ([], [])
        assert engine.stop() == 0


@proves("O34", "T03")
def test_port_that_punts_by_xdp_is_closed_when_its_engine_dies_and_open_when_it_is_back():
    with Lab() as lab:
        engine = start(lab)
        assert ping(lab, "h1", NODE) == 3
        engine.kill()
        assert xdp_of(lab, "n", "eth1.phy") == 1
        seen = listener(lab.name("n"))
        probe = lab.probe({"h1": ("h1", "eth0", host_mac(1), [])})
        send(probe, *[("h1", to_port(echo(PEER, NODE)))] * 5, ("h1", to_port(arp(NODE), frames.BROADCAST, 0x0806)))
        assert seen() == 0
        probe.stop()
        lab.ip("-n", lab.name("h1"), "link", "set", "dev", "eth0", "xdp", "off")
        again = lab.engine("n", passing())
        assert ping(lab, "h1", NODE) == 3
        assert counts(again)["passed"] >= 3
        # Without XDP in front of it, the filter lets nothing by that XDP has not passed.
        lab.ip("-n", lab.name("n"), "link", "set", "eth1.phy", "address", PORT_MAC)
        again.kill()
        lab.ip("-n", lab.name("n"), "link", "set", "dev", "eth1.phy", "xdp", "off")
        probe = lab.probe({"h1": ("h1", "eth0", host_mac(1), [])})
        before = received(lab)
        send(probe, *[("h1", to_port(echo(PEER, NODE)))] * 5)
        time.sleep(0.2)
        assert received(lab) == before
        lab.within("n", "tc", "qdisc", "del", "dev", "eth1.phy", "clsact")
        send(probe, *[("h1", to_port(echo(PEER, NODE)))] * 5)
        wait(lambda: received(lab) == before + 5, "the kernel would not have heard them in any case")


def received(lab):
    """Echo requests that the node's kernel has heard."""
    lines = lab.within("n", "cat", "/proc/net/snmp").stdout.splitlines()
    names, values = [line.split() for line in lines if line.startswith("Icmp:")]
    return int(values[names.index("InEchos")])


@proves("O34")
def test_orderly_end_takes_the_filter_off():
    with Lab() as lab:
        engine = start(lab, None, "--detach")
        show = ("tc", "filter", "show", "dev", "eth1.phy", "ingress")
        assert "zt_port_passed" in lab.within("n", *show).stdout
        assert "zt_port_passed" not in lab.within("n", "tc", "filter", "show", "dev", "eth3.phy", "ingress").stdout
        assert engine.stop() == 0
        assert lab.within("n", *show).stdout == ""


@proves("O34", "CTRL-1")
def test_load_changes_whose_icmp_is_passed():
    with Lab() as lab:
        engine = start(lab)
        probe = lab.probe({"h1": ("h1", "eth0", host_mac(1), [])})
        new, old = to_port(echo(PEER, "10.255.0.9")), to_port(echo(PEER, "10.255.0.1"))
        send(probe, ("h1", new))
        wait(lambda: new in came(engine)[0], "passed before it was the node's own")
        program = passing()
        program["interfaces"][-1]["addresses"] = ["10.255.0.9/32"]
        engine.ask("load", program=program)
        before = counts(engine)["passed"]
        send(probe, ("h1", new))
        wait(lambda: counts(engine)["passed"] == before + 1, "not passed")
        send(probe, ("h1", old))
        wait(lambda: old in came(engine)[0], "passed though no more the node's own")
        for interface in program["interfaces"]:
            interface.pop("punt", None)
        try:
            engine.ask("load", program=program)
        except Refused as refused:
            assert refused.code == "ports-changed"
        else:
            raise AssertionError("a port's way of punting was changed in a running engine")
        assert engine.stop() == 0
        replays(engine.journal)
