# SPDX-License-Identifier: Apache-2.0
"""
What the fast path leaves to others: ARP and ICMP for the node itself, which reach its kernel by the TAP of a port whose XDP
program takes every frame; first packets of flows, and exceptions among them.

XDP passes nothing to the kernel by itself (PUNT-1), unless a port says so (PUNT-3, test_pass.py): a frame that it passes is in no
journal.
"""
import random
import struct

import frames
from harness import Collector, Lab, proves, read_journal, read_stats, replays, send, settled
from programs import host_mac
from test_carrier import INTO, fork, start
from test_punt import ping


@proves("O34", "PUNT-1")
def test_arp_and_icmp_for_the_node_reach_its_kernel_by_the_tap_of_a_port_whose_xdp_program_runs():
    with Lab() as lab:
        lab.add("n", "h1", "h2", "h3")
        for n in (1, 2, 3):
            lab.cable("n", f"eth{n}.phy", f"h{n}", "eth0")
        for n in (1, 2):
            lab.tap("n", f"eth{n}", f"02:00:00:00:01:0{n}", 1500, f"10.254.{n}.0/31")
        lab.ip("-n", lab.name("h1"), "addr", "add", "10.254.1.1/31", "dev", "eth0")
        engine = lab.engine("n", fork())
        assert "prog/xdp" in lab.within("n", "ip", "link", "show", "eth1.phy").stdout
        # Both ways: each kernel asks the other's MAC first, by ARP.
        assert ping(lab, "h1", "10.254.1.0") == 3
        assert ping(lab, "n", "10.254.1.1") == 3
        settled(engine.stats)
        # What XDP counts is read when it is asked for.
        engine.ask("stats")
        page = read_stats(engine.stats)
        # The kernel has it by the TAP, and by the port's own device nothing at all.
        assert "10.254.1.1" in lab.within("n", "ip", "neigh", "show", "dev", "eth1").stdout
        assert lab.within("n", "ip", "neigh", "show", "dev", "eth1.phy").stdout == ""
        assert engine.stop() == 0
        records, complete = read_journal(engine.journal)
        assert complete
        came = [data for kind, interface, _, data in records if kind == "frame" and interface == 1]
        punted = [data for kind, interface, _, data in records if kind == "punt-out" and interface == 1]
        # All that XDP saw is in the journal, and all of it went to the kernel as it came.
        assert page["entries"][0]["xdp"] == len(came), (page["entries"][0], len(came))
        assert came == punted
        arp = [struct.unpack_from("!H", data, 20)[0] for data in came if data[12:14] == b"\x08\x06"]
        icmp = [data[34] for data in came if data[12:14] == b"\x08\x00" and data[23] == 1]
        assert {1, 2} & set(arp) and icmp.count(8) == 3 and icmp.count(0) == 3
        answers = [data for kind, interface, _, data in records if kind == "punt" and interface == 1]
        sent = [data for kind, interface, _, data in records if kind == "tx" and interface == 1]
        assert answers == sent and len(answers) >= 7
        replays(engine.journal)


def exception_router():
    """The fork, which can answer host 3."""
    program = fork()
    program["tables"]["routes"].append({"vrf": 0, "prefix": "10.0.0.0/24", "connected": 3})
    program["tables"]["neighbours"].append({"interface": 3, "address": "10.0.0.13", "mac": host_mac(3)})
    return program


def packet(flow, n, ttl=64):
    """Packet `n` of a flow."""
    udp = frames.udp("10.0.0.13", "10.99.7.7", 1024 + flow, 2000, struct.pack("!II", flow, n) + frames.trace_id(7, flow << 8 | n))
    return frames.ethernet(INTO, host_mac(3), 0x0800, frames.ipv4("10.0.0.13", "10.99.7.7", 17, udp, ttl=ttl))


def bursts(seed, count, size):
    """Bursts in which flows begin, go on, and have a packet now and then whose TTL runs out: [[(flow, n, ttl)]]."""
    draw = random.Random(seed)
    flows, made = 0, []
    for _ in range(count):
        burst, going = [], {}
        while len(burst) < size:
            if not going or draw.random() < 0.3:
                going[flows] = 0
                flows += 1
            flow = draw.choice(list(going))
            ttl = 1 if going[flow] > 0 and draw.random() < 0.05 else 64
            burst.append((flow, going[flow], ttl))
            going[flow] += 1
        made.append(burst)
    return made


@proves("O35", "MODEL-1", "ROUTE-8")
def test_first_packets_icmp_errors_and_exceptions_are_neither_lost_nor_out_of_order_in_bursts():
    with Lab() as lab:
        engine, _ = start(lab)
        engine.ask("load", program=exception_router())
        hosts = {f"h{n}": (f"h{n}", "eth0", host_mac(n), []) for n in (1, 2)}
        hosts["h3"] = ("h3", "eth0", host_mac(3), ["10.0.0.13/24"])
        lab.processes[-1].stop()
        probe = lab.probe(hosts)
        collector = Collector(probe)
        told = {"flows": 0, "errors": 0}
        for burst in bursts(20261121, 12, 200):
            send(probe, *(("h3", packet(*one)) for one in burst))
            arrived = collector.take(len(burst))
            expired = [(flow, n) for flow, n, ttl in burst if ttl == 1]
            errors = [struct.unpack_from("!II", data, 14 + 20 + 8 + 20 + 8) for host, data, _ in arrived if host == "h3"]
            assert errors == expired, (errors, expired)
            assert all(data[23] == 1 and data[34:36] == b"\x0b\x00" for host, data, _ in arrived if host == "h3")
            for flow in {flow for flow, _, _ in burst}:
                wanted = [n for of, n, ttl in burst if of == flow and ttl > 1]
                came = [(host, data) for host, data, _ in arrived if host != "h3" and struct.unpack_from("!I", data, 42)[0] == flow]
                assert [struct.unpack_from("!I", data, 46)[0] for _, data in came] == wanted
                # One way for all packets of a flow.
                assert len({host for host, _ in came}) == 1
                assert all(data[22] == 63 for _, data in came)
                told["flows"] += 1
            told["errors"] += len(expired)
        assert collector.take() == []
        assert told["flows"] > 500 and told["errors"] > 50, told
        assert read_stats(engine.stats)["entries"][2]["rxDropped"] == 0
        assert engine.stop() == 0
        replays(engine.journal)
