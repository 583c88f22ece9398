# SPDX-License-Identifier: Apache-2.0
"""The wire node between two hosts: what comes out, when, and what becomes of carrier."""
import time

import frames
from harness import Collector, Lab, Refused, b64, send
from links import set_up
from programs import host_address, host_mac

MS = 1_000_000


def start(lab, *more, **impairment):
    """Hosts h1 and h2 with the wire node between them: (wire, probe)."""
    lab.add("w", "h1", "h2")
    # Device indexes that differ at the two ends of a veth.
    lab.ip("-n", lab.name("w"), "link", "add", "spare", "type", "veth", "peer", "name", "other")
    lab.cable("w", "w1", "h1", "eth0")
    lab.cable("w", "w2", "h2", "eth0")
    wire = lab.wire("w", [{"id": "l", "a": "w1", "b": "w2", **impairment}], *more)
    probe = lab.probe({f"h{n}": (f"h{n}", "eth0", host_mac(n), [f"{host_address(n)}/24"]) for n in (1, 2)})
    return wire, probe


def frame(n, to=2, size=0):
    other = 3 - to
    return frames.udp_frame(host_mac(to), host_mac(other), host_address(other), host_address(to), trace=n, size=size)


def ways(wire):
    link = wire.ask("stats")["links"][0]
    return link["ab"], link["ba"]


def empty(wire):
    """Waits until nothing is on the wire any more."""
    deadline = time.monotonic() + 5
    while any(way["waiting"] for way in ways(wire)):
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_frames_come_out_in_order_both_ways_and_not_before_their_delay():
    with Lab() as lab:
        wire, probe = start(lab, delay=30 * MS)
        collector = Collector(probe)
        several = [("h1", frame(n)) for n in range(100)] + [("h2", frame(n, to=1, size=1500)) for n in range(100)]
        begin = time.monotonic()
        send(probe, *several)
        arrived = collector.take(200)
        assert time.monotonic() - begin >= 0.03
        assert [data for host, data, _ in arrived if host == "h2"] == [data for host, data in several if host == "h1"]
        assert [data for host, data, _ in arrived if host == "h1"] == [data for host, data in several if host == "h2"]
        for way in ways(wire):
            assert way["received"] == way["sent"] == 100 and not any(way[key] for key in ("lost", "overrun", "cut", "rxDropped", "txDropped"))
        assert wire.stop() == 0


def test_the_delay_is_what_was_asked_for_and_can_be_changed():
    with Lab() as lab:
        wire, probe = start(lab)
        floor = latency(probe)
        errors = {}
        for delay in (1, 10, 40):
            wire.ask("set", link="l", delay=delay * MS)
            samples = latency(probe)
            assert samples[0] >= delay * MS
            errors[delay] = [round((at - delay * MS) / 1000) for at in (samples[len(samples) // 2], samples[len(samples) * 99 // 100])]
        print(f"us beyond the delay in ms, median and P99: {errors}; without delay {round(floor[len(floor) // 2] / 1000)}")
        # A busy machine wakes up late; the median of hundreds of frames is still near.
        assert all(median < 1000 for median, _ in errors.values()), errors
        assert wire.stop() == 0


def latency(probe, count=500):
    answer = probe.ask("latency", **{"from": "h1", "to": "h2", "data": b64(frame(0)), "rate": 2000, "count": count, "run": 1})
    assert answer["received"] == count, answer["lost"]
    # From when a frame left, not from when it was due.
    return sorted(sample - late for sample, late in zip(answer["samples"], answer["lateness"], strict=True))


def test_loss_reordering_and_corruption_are_the_same_with_the_same_seed():
    runs = []
    for seed in (7, 7, 8):
        with Lab() as lab:
            wire, probe = start(lab, delay=MS, loss=100_000, reorder=100_000, corrupt=100_000, seed=seed)
            collector = Collector(probe)
            sent = [frame(n) for n in range(300)]
            for at in range(0, 300, 50):
                send(probe, *(("h1", data) for data in sent[at:at + 50]))
            empty(wire)
            way = ways(wire)[0]
            arrived = [data for _, data, _ in collector.take(300 - way["lost"])]
            numbers = [sent.index(data) if data in sent else None for data in arrived]
            assert all(10 < way[key] < 60 for key in ("lost", "reordered", "corrupted")), way
            assert numbers.count(None) == way["corrupted"]
            known = [n for n in numbers if n is not None]
            assert known != sorted(known)
            runs.append(arrived)
            assert wire.stop() == 0
    assert runs[0] == runs[1] != runs[2]


def test_of_a_corrupted_frame_one_bit_is_turned_over():
    with Lab() as lab:
        wire, probe = start(lab, corrupt=1_000_000)
        collector = Collector(probe)
        sent = [frame(n) for n in range(20)]
        send(probe, *(("h1", data) for data in sent))
        for before, (_, after, _) in zip(sent, collector.take(20)):
            assert sum((x ^ y).bit_count() for x, y in zip(before, after, strict=True)) == 1
        assert wire.stop() == 0


def test_what_does_not_fit_is_dropped_and_counted():
    with Lab() as lab:
        wire, probe = start(lab, "--queue", "10", delay=50 * MS)
        collector = Collector(probe)
        send(probe, *(("h1", frame(n)) for n in range(30)))
        assert [data for _, data, _ in collector.take(10)] == [frame(n) for n in range(10)]
        assert collector.take() == []
        way = ways(wire)[0]
        assert (way["received"], way["overrun"], way["sent"]) == (30, 20, 10)
        assert wire.stop() == 0


def has_carrier(lab, namespace):
    return "NO-CARRIER" not in lab.within(namespace, "ip", "link", "show", "eth0").stdout


def wait_for(lab, namespace, carrier):
    begin = time.monotonic()
    while has_carrier(lab, namespace) != carrier:
        assert time.monotonic() < begin + 5, f"{namespace}: carrier does not become {carrier}"
    return round((time.monotonic() - begin) * 1000)


def test_a_carrier_that_one_end_loses_is_lost_to_the_other_and_comes_back():
    with Lab() as lab:
        wire, probe = start(lab, delay=200 * MS)
        collector = Collector(probe)
        for host, other in (("h1", "h2"), ("h2", "h1")):
            send(probe, ("h1", frame(1)))
            set_up(lab, host, "eth0", False)
            print(f"{other} without carrier after {wait_for(lab, other, False)} ms (with the time of `ip link`)")
            set_up(lab, host, "eth0", True)
            wait_for(lab, other, True)
            wait_for(lab, host, True)
        # Both at once, and one after the other again.
        set_up(lab, "h1", "eth0", False)
        wait_for(lab, "h2", False)
        set_up(lab, "h2", "eth0", False)
        set_up(lab, "h1", "eth0", True)
        wait_for(lab, "h1", False)
        set_up(lab, "h2", "eth0", True)
        wait_for(lab, "h1", True)
        wait_for(lab, "h2", True)
        assert wire.ask("stats")["links"][0]["carrier"] == {"a": True, "b": True}
        # What was on the wire when it was cut is gone, what comes now arrives.
        send(probe, ("h1", frame(2)), ("h2", frame(3, to=1)))
        assert sorted(collector.take(2)) == [("h1", frame(3, to=1), False), ("h2", frame(2), False)]
        assert ways(wire)[0]["cut"] == 2
        assert wire.stop() == 0


def test_a_device_that_is_taken_away_takes_the_carrier_of_the_other_end():
    with Lab() as lab:
        wire, _ = start(lab)
        lab.ip("-n", lab.name("h1"), "link", "del", "eth0")
        wait_for(lab, "h2", False)
        assert wire.ask("stats")["links"][0]["carrier"] == {"a": False, "b": False}
        assert wire.stop() == 0


def test_it_sleeps_while_nothing_comes():
    with Lab() as lab:
        wire, _ = start(lab, delay=MS)
        assert "late" not in wire.log()

        def used():
            with open(f"/proc/{wire.popen.pid}/schedstat") as file:
                return int(file.read().split()[2])

        before = used()
        time.sleep(0.5)
        assert used() - before <= 1
        assert wire.stop() == 0


def test_wrong_configuration_and_requests_are_refused():
    with Lab() as lab:
        lab.add("w")
        for links in ([{"id": "l", "a": "a"}], [{"id": "l", "a": "a", "b": "a"}], [{"id": "l", "a": "a", "b": "b", "loss": 1_000_001}],
                      [{"id": "l", "a": "a", "b": "b", "speed": 1}], [{"id": "l", "a": "nowhere", "b": "b"}],
                      [{"id": "l", "a": "a", "b": "b"}, {"id": "l", "a": "c", "b": "d"}]):
            try:
                lab.wire("w", links)
                raise RuntimeError(f"{links} was taken")
            except AssertionError as refused:
                assert "/links" in str(refused) or "nowhere" in str(refused), refused
        # Nothing of these links may stand where the next devices are to be.
        lab.namespaces.clear()
        lab.ip("netns", "del", lab.name("w"))
        wire, _ = start(lab)
        for request in ({"op": "set", "link": "m", "delay": 1}, {"op": "set", "delay": 1}, {"op": "set", "link": "l", "loss": -1},
                        {"op": "set", "link": "l", "seed": 1}, {"op": "dance"}, {"op": "stats", "more": 1}):
            try:
                wire.ask(**request)
                raise RuntimeError(f"{request} was taken")
            except Refused as refused:
                assert refused.code == "request-invalid"
        assert ways(wire)[0]["received"] == 0
        assert wire.stop() == 0
