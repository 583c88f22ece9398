# SPDX-License-Identifier: Apache-2.0
"""The probe alone: hosts on a cable, no engine between them."""
import ipaddress
import json
import struct
import time

import frames
from harness import Collector, Lab, Refused, b64, inject, read_stats, send
from programs import host_address, host_mac


def pair(lab, io="af_xdp", *flags):
    """Two hosts on one cable, and its ends as links."""
    lab.add("h1", "h2")
    lab.cable("h1", "eth0", "h2", "eth0")
    return lab.probe(
        {f"h{n}": (f"h{n}", "eth0", host_mac(n), [f"{host_address(n)}/24", f"fd00::{n}/64"], {"io": io})
         for n in (1, 2)},
        {"to h2": ("h1", "eth0"), "to h1": ("h2", "eth0")}, *flags,
    )


def frame(trace=1, dst=host_mac(2), size=0):
    return frames.udp_frame(dst, host_mac(1), host_address(1), host_address(2), size=size, trace=trace)


def code_of(probe, op, **more):
    try:
        probe.ask(op, **more)
    except Refused as refused:
        return refused.code
    return None


def test_frames_of_any_size_arrive_as_they_were_sent():
    for io in ("af_xdp", "af_packet"):
        with Lab() as lab:
            probe = pair(lab, io)
            sent = [frame(n, size=n) for n in (60, 61, 100, 1000, 1514, 1792)]
            sent.append(frames.ethernet(host_mac(2), host_mac(1), 0x1234, b""))
            send(probe, *(("h1", f) for f in sent))
            assert Collector(probe).take(len(sent)) == [("h2", f, False) for f in sent]


def test_vlan_tags_are_recorded_as_they_were_on_the_wire():
    for io in ("af_xdp", "af_packet"):
        with Lab() as lab:
            probe = pair(lab, io)
            sent = [
                frames.ethernet(host_mac(2), host_mac(1), 0x8100, struct.pack("!HH", 0x6005, 0x0800) + bytes(50)),
                frames.ethernet(host_mac(2), host_mac(1), 0x88A8, struct.pack("!HH", 7, 0x0800) + bytes(50)),
            ]
            send(probe, *(("h1", f) for f in sent))
            assert Collector(probe).take(2) == [("h2", f, False) for f in sent]


def test_frames_for_others_are_marked_foreign():
    with Lab() as lab:
        probe = pair(lab)
        sent = [(frame(), False), (frame(dst="02:00:00:00:99:99"), True), (frame(dst=frames.BROADCAST), False),
                (frame(dst="01:00:5e:00:00:05"), False)]
        send(probe, *(("h1", f) for f, _ in sent))
        assert Collector(probe).take(4) == [("h2", f, foreign) for f, foreign in sent]


def test_arp_for_a_hosts_address_is_answered_and_counted():
    with Lab() as lab:
        probe = pair(lab)
        request = frames.arp(1, host_mac(1), host_address(1), "00:00:00:00:00:00", host_address(2))
        to_its_mac = frames.arp(1, host_mac(1), host_address(1), "00:00:00:00:00:00", host_address(2), host_mac(2))
        probing = frames.arp(1, host_mac(1), "0.0.0.0", "00:00:00:00:00:00", host_address(2))
        send(probe, ("h1", request), ("h1", to_its_mac), ("h1", probing))

        def reply(target):
            return frames.arp(2, host_mac(2), host_address(2), host_mac(1), target, host_mac(1))

        assert Collector(probe).take(3) == [
            ("h1", reply(host_address(1)), False), ("h1", reply(host_address(1)), False), ("h1", reply("0.0.0.0"), False),
        ]
        hosts = probe.ask("stats")["hosts"]
        assert [(h["arpAnswered"], h["ndAnswered"], h["rx"]) for h in hosts] == [(0, 0, 3), (3, 0, 3)]
        assert read_stats(probe.stats)["entries"][1]["arp"] == 3


def test_arp_that_is_none_of_a_hosts_business_is_recorded():
    with Lab() as lab:
        probe = pair(lab)
        others = [
            frames.arp(1, host_mac(1), host_address(1), "00:00:00:00:00:00", "10.0.0.99"),
            frames.arp(2, host_mac(1), host_address(1), host_mac(2), host_address(2), host_mac(2)),
            frames.arp(1, host_mac(1), host_address(1), "00:00:00:00:00:00", host_address(2), "01:00:5e:00:00:01"),
            frames.arp(1, host_mac(1), host_address(1), "00:00:00:00:00:00", host_address(2))[:41],
        ]
        send(probe, *(("h1", f) for f in others))
        assert Collector(probe).take(4) == [("h2", f, False) for f in others]


def test_neighbour_solicitations_are_answered():
    with Lab() as lab:
        probe = pair(lab)
        send(probe, ("h1", frames.solicitation(host_mac(1), "fd00::1", "fd00::2")),
             ("h1", frames.solicitation(host_mac(1), "::", "fd00::2")),
             ("h1", frames.solicitation(host_mac(1), "fd00::1", "fe80::ff:fe0a:2")))
        arrived = [data for host, data, _ in Collector(probe).take(3) if host == "h1"]

        def advertisement(target, to, dst, flags):
            body = struct.pack("!BBHI", 136, 0, 0, flags << 24) + ipaddress.IPv6Address(target).packed
            body += b"\x02\x01" + frames.mac_bytes(host_mac(2))
            return frames.ethernet(dst, host_mac(2), 0x86DD, frames.ipv6(target, to, 58, frames.icmpv6(target, to, body)))

        assert arrived == [
            advertisement("fd00::2", "fd00::1", host_mac(1), 0x60),
            advertisement("fd00::2", "ff02::1", "33:33:00:00:00:01", 0x20),
            advertisement("fe80::ff:fe0a:2", "fd00::1", host_mac(1), 0x60),
        ]
        assert probe.ask("stats")["hosts"][1]["ndAnswered"] == 3


def test_wrong_solicitations_are_recorded():
    with Lab() as lab:
        probe = pair(lab)
        good = frames.solicitation(host_mac(1), "fd00::1", "fd00::2")
        wrong = [
            good[:21] + b"\xfe" + good[22:],  # hop limit 254
            good[:57] + bytes([good[57] ^ 1]) + good[58:],  # checksum
            frames.solicitation(host_mac(1), "fd00::1", "fd00::77"),
        ]
        send(probe, *(("h1", f) for f in wrong))
        assert Collector(probe).take(3) == [("h2", f, False) for f in wrong]


def test_injected_frames_come_out_of_the_far_end():
    with Lab() as lab:
        probe = pair(lab)
        inject(probe, ("to h2", frame(1)), ("to h1", frame(2)), ("to h2", frame(3, size=1514)))
        arrived = Collector(probe).take(3)
        assert sorted(arrived) == sorted(
            [("h2", frame(1), False), ("h1", frame(2), True), ("h2", frame(3, size=1514), False)]
        )
        entries = read_stats(probe.stats)["entries"]
        assert [e["tx"] for e in entries] == [0, 0, 2, 1]


def test_request_with_anything_wrong_in_it_sends_nothing():
    with Lab() as lab:
        probe = pair(lab)
        good = {"host": "h1", "data": b64(frame())}
        for bad in ({"host": "h9", "data": good["data"]}, {"host": "h1", "data": "AAA"}, {"host": "h1", "data": "A" * 16},
                    {"host": "h1", "data": b64(bytes(1793))}, {"host": "h1", "data": "*" * 80}, {"host": "h1"},
                    {"data": good["data"]}, {**good, "at": -1}, {**good, "at": 10**12}, {**good, "link": "to h2"}, 5,
                    {**good, "trace": 1}):
            assert code_of(probe, "send", frames=[good, bad]) == "request-invalid", bad
        assert code_of(probe, "inject", frames=[{"link": "no", "data": good["data"]}]) == "request-invalid"
        for more in ({}, {"frames": 1}, {"frames": [], "x": 1}):
            assert code_of(probe, "send", **more) == "request-invalid"
        assert code_of(probe, "collect", **{"from": -1}) == code_of(probe, "nope") == "request-invalid"
        assert Collector(probe).take() == []
        assert probe.ask("send", frames=[])["sent"] == 0


def test_frames_leave_when_they_are_due():
    with Lab() as lab:
        probe = pair(lab)
        due = [0, 0, 2_000_000, 5_000_000, 5_000_000, 20_000_000]
        answer = probe.ask("send", frames=[
            {"host": "h1", "data": b64(frame(n)), "at": at} for n, at in enumerate(due)
        ])
        late = [at - answer["started"] - wanted for at, wanted in zip(answer["at"], due)]
        assert all(0 <= ns < 50_000_000 for ns in late), late
        assert min(late) < 100_000
        collected = probe.ask("collect")["arrivals"]
        assert [a["seq"] for a in collected] == list(range(6))
        # The stamp is the kernel's, taken after the frame left and before the answer came.
        assert all(sent <= a["at"] < sent + 50_000_000 for sent, a in zip(answer["at"], collected))


def test_collect_can_be_asked_again_and_goes_on_in_parts():
    with Lab() as lab:
        probe = pair(lab)
        send(probe, *(("h1", frame(n)) for n in range(10)))
        time.sleep(0.05)
        first = probe.ask("collect", limit=4)
        assert [a["seq"] for a in first["arrivals"]] == [0, 1, 2, 3] and first["next"] == 4
        assert probe.ask("collect", limit=4) == {**first, "id": probe.control.next}
        rest = probe.ask("collect", **{"from": 4})
        assert [a["seq"] for a in rest["arrivals"]] == [4, 5, 6, 7, 8, 9] and rest["next"] == 10
        assert probe.ask("collect", **{"from": 10})["arrivals"] == []


def test_latency_accounts_for_every_frame():
    with Lab() as lab:
        probe = pair(lab)
        for size in (80, 81):
            for zero in (False, True):
                template = frame(0, size=size)
                if zero:
                    template = template[:40] + b"\0\0" + template[42:]
                answer = probe.ask("latency", **{"from": "h1", "to": "h2", "data": b64(template), "rate": 20000,
                                                 "count": 2000, "run": 5})
                assert (answer["sent"], answer["received"], answer["lost"], answer["duplicates"]) == (2000, 2000, 0, 0)
                assert len(answer["samples"]) == len(answer["lateness"]) == 2000
                assert all(sample > late >= 0 for sample, late in zip(answer["samples"], answer["lateness"]))
        # Nothing of it is left among the arrivals.
        assert Collector(probe).take() == []


def test_latency_frames_have_right_checksums_and_ids():
    with Lab() as lab:
        probe = pair(lab)
        for size in (90, 91):
            template = frame(0, size=size)
            # Measured towards the wrong host, the frames are recorded where they arrive.
            answer = probe.ask("latency", **{"from": "h1", "to": "h1", "data": b64(template), "rate": 100000,
                                             "count": 20, "run": 7})
            assert answer["received"] == 0 and answer["lost"] == 20 and answer["samples"] == []
            payload = template[42:-16]
            wanted = [frames.ethernet(
                host_mac(2), host_mac(1), 0x0800,
                frames.ipv4(host_address(1), host_address(2), 17, frames.udp(
                    host_address(1), host_address(2), 1000, 2000, payload + frames.trace_id(7, n))),
            ) for n in range(20)]
            arrived = [data for _, data, _ in Collector(probe).take(20 if size == 90 else 40)][-20:]
            assert arrived == wanted


def test_latency_refuses_frames_that_do_not_serve():
    with Lab() as lab:
        probe = pair(lab)
        good = {"from": "h1", "to": "h2", "data": b64(frame(size=90)), "rate": 1000, "count": 10, "run": 1}
        for bad in ({"to": "h9"}, {"rate": 0}, {"count": 0}, {"count": 1000001}, {"count": 61000}, {"run": -1},
                    {"data": b64(frame() + b"\0\0")}, {"data": b64(frames.arp(1, host_mac(1), "10.0.0.1", host_mac(2), "10.0.0.2"))},
                    {"data": b64(bytes(60))}, {"x": 1}):
            assert code_of(probe, "latency", **{**good, **bad}) == "request-invalid", bad


def test_hosts_with_different_interface_indexes_share_a_program():
    with Lab() as lab:
        lab.add("m", *(f"h{n}" for n in range(4)))
        for n in range(4):
            lab.ip("-n", lab.name(f"h{n}"), "link", "add", "eth0", "index", str(1000 + n), "type", "veth", "peer", "name",
                   f"p{n}", "netns", lab.name("m"))
            lab.ip("-n", lab.name("m"), "link", "set", f"p{n}", "up")
            lab.ip("-n", lab.name(f"h{n}"), "link", "set", "eth0", "up")
        probe = lab.probe({f"h{n}": (f"h{n}", "eth0", host_mac(n), []) for n in range(4)},
                          {f"to h{n}": ("m", f"p{n}") for n in range(4)})
        inject(probe, *((f"to h{n}", frame(n, dst=host_mac(n))) for n in range(4)))
        assert sorted(Collector(probe).take(4)) == [(f"h{n}", frame(n, dst=host_mac(n)), False) for n in range(4)]
        shown = [lab.ip("-n", lab.name(f"h{n}"), "-json", "link", "show", "eth0").stdout for n in range(4)]
        assert len({json.loads(text)[0]["xdp"]["prog"]["id"] for text in shown}) == 1


def test_orderly_end_takes_the_programs_off():
    with Lab() as lab:
        probe = pair(lab)
        assert probe.stop() == 0
        assert "xdp" not in lab.ip("-n", lab.name("h1"), "link", "show", "eth0").stdout
