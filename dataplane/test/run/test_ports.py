# SPDX-License-Identifier: Apache-2.0
"""CTRL-1: a running engine opens the ports that a new program has, closes those that it has not, and keeps the others as they are."""
import os

import frames
import programs
from harness import Collector, Lab, Refused, proves, read_journal, read_stats, replays, send
from programs import host_address, host_mac


def switch(*numbers, tap=()):
    """A bridge with these ports; those with a TAP are routed."""
    return {
        "format": "ztos-program", "version": 1, "node": "switch", "seeds": {"ecmp": 1, "sourcePort": 2},
        "vrfs": [{"id": 0, "name": "underlay"}],
        "interfaces": [
            *(programs.port(n, f"eth{n}", 1, mtu=1500, **(
                {"tap": True, "vrf": 0, "addresses": [f"10.254.{n}.0/31"]} if n in tap else {"bridge": 100}
            )) for n in numbers),
            {"id": 100, "name": "br", "kind": "bridge", "ageing": 300_000_000_000, "fdbLimit": 1024},
        ],
        "tables": {"routes": [], "groups": [], "neighbours": [], "fdb": [], "flood": []},
    }


def frame(src, dst, trace):
    return frames.udp_frame(host_mac(dst), host_mac(src), host_address(src), host_address(dst), trace=trace)


def probe_of(lab, *numbers):
    return lab.probe({f"h{n}": (f"h{n}", "eth0", host_mac(n), [f"{host_address(n)}/24"]) for n in numbers})


def start(lab, *numbers):
    lab.add("n", *(f"h{n}" for n in numbers))
    # Device indexes that differ at the two ends.
    lab.ip("-n", lab.name("n"), "link", "add", "spare", "type", "veth", "peer", "name", "other")
    for n in numbers:
        lab.cable("n", f"eth{n}.phy", f"h{n}", "eth0")


def descriptors(engine):
    return len(os.listdir(f"/proc/{engine.popen.pid}/fd"))


def interfaces(engine):
    return [port["interface"] for port in engine.ask("stats")["ports"]]


@proves("T02", "CTRL-1")
def test_ports_come_and_go_with_programs():
    with Lab() as lab:
        start(lab, 1, 2)
        engine = lab.engine("n", switch(1, 2))
        probe = probe_of(lab, 1, 2)
        collector = Collector(probe)
        send(probe, ("h1", frame(1, 2, 1)))
        assert collector.take(1) == [("h2", frame(1, 2, 1), False)]
        assert probe.stop() == 0
        before = descriptors(engine)

        lab.add("h3")
        lab.cable("n", "eth3.phy", "h3", "eth0")
        engine.ask("load", program=switch(1, 2, 3))
        page = read_stats(engine.stats)["entries"]
        assert [(entry["id"], entry["rx"], entry["tx"]) for entry in page] == [(1, 1, 0), (2, 0, 1), (3, 0, 0)]
        assert interfaces(engine) == [1, 2, 3]
        # What a port that stays has counted it goes on counting.
        assert engine.ask("stats")["ports"][0]["rx"] == 1
        probe = probe_of(lab, 1, 2, 3)
        collector = Collector(probe)
        send(probe, ("h3", frame(3, 1, 2)))
        assert sorted(host for host, *_ in collector.take(2)) == ["h1", "h2"]
        assert probe.stop() == 0

        engine.ask("load", program=switch(1, 3))
        assert sorted(interfaces(engine)) == [1, 3]
        assert descriptors(engine) == before
        probe = probe_of(lab, 1, 2, 3)
        collector = Collector(probe)
        # Its device is there still, and drops.
        send(probe, ("h2", frame(2, 1, 3)), ("h1", frame(1, 3, 4)))
        assert collector.take(1) == [("h3", frame(1, 3, 4), False)]
        assert collector.take() == []
        assert engine.stop() == 0
        replays(engine.journal)
        assert sum(kind == "program" for kind, *_ in read_journal(engine.journal)[0]) == 3


@proves("T02", "CTRL-1")
def test_a_port_whose_cable_is_another_is_opened_anew():
    with Lab() as lab:
        start(lab, 1, 2)
        lab.tap("n", "eth1", programs.mac(1, 1), 1500, "10.254.1.0/31")
        engine = lab.engine("n", switch(1, 2, tap=(1,)))
        # By then it has taken the connection, and closed what it said by that it is ready.
        engine.ask("hello")
        before = descriptors(engine)
        for n in (1, 2):
            lab.ip("-n", lab.name("n"), "link", "del", f"eth{n}.phy")
        for n in (1, 2):
            lab.cable("n", f"eth{n}.phy", f"h{n}", "eth0")
        engine.ask("load", program=switch(1, 2, tap=(1,)))
        assert descriptors(engine) == before
        assert {entry["interface"]: entry["up"] for entry in engine.ask("tables")["carrier"]} in (
            {1: True, 2: True}, {1: False, 2: False},
        )
        probe = lab.probe({"h1": ("h1", "eth0", host_mac(1), ["10.254.1.1/31"]),
                           "h2": ("h2", "eth0", host_mac(2), [f"{host_address(2)}/24"])})
        # The node's kernel answers by the TAP that it had before.
        lab.within("n", "ping", "-c", "1", "-W", "0.3", "10.254.1.1", check=False)
        counts = {port["interface"]: port for port in engine.ask("stats")["ports"]}
        assert counts[1]["puntIn"] > 0 and counts[1]["rx"] > 0, counts
        assert all(entry["up"] for entry in engine.ask("tables")["carrier"])
        assert probe.stop() == 0
        assert engine.stop() == 0
        replays(engine.journal)


def test_a_program_whose_ports_cannot_be_opened_changes_nothing():
    with Lab() as lab:
        start(lab, 1, 2, 3)
        engine = lab.engine("n", switch(1, 2))
        before = (engine.ask("hello")["program"], descriptors(engine))
        codes = []
        for program in (switch(1, 2, 3, 4), switch(1, 3, tap=(3,)), switch(1, 2, tap=(2,))):
            try:
                engine.ask("load", program=program)
            except Refused as refused:
                codes.append(refused.code)
        assert codes == ["port-missing", "tap-missing", "tap-missing"], codes
        assert (engine.ask("hello")["program"], descriptors(engine)) == before
        probe = probe_of(lab, 1, 2)
        collector = Collector(probe)
        send(probe, ("h1", frame(1, 2, 1)))
        assert collector.take(1) == [("h2", frame(1, 2, 1), False)]
