# SPDX-License-Identifier: Apache-2.0
"""Frames from host to host through two engines."""
import frames
import programs
from harness import Collector, Lab, proves, read_journal, read_stats, replays, send, settled, two_leaves
from programs import host_address, host_mac


def frame(source, destination, trace, size=0):
    return frames.udp_frame(
        host_mac(destination), host_mac(source), host_address(source), host_address(destination), size=size, trace=trace
    )


def exchange(lab, sealed):
    engines, probe = two_leaves(lab, sealed=sealed)
    collector = Collector(probe)
    first = frame(1, 2, 1)
    send(probe, ("h1", first))
    assert collector.take(1) == [("h2", first, False)]
    there = [frame(1, 2, n, 60 + n) for n in range(2, 50)]
    back = [frame(2, 1, n, 1514) for n in range(50, 80)]
    send(probe, *(("h1", f) for f in there))
    assert collector.take(len(there)) == [("h2", f, False) for f in there]
    send(probe, *(("h2", f) for f in back))
    assert collector.take(len(back)) == [("h1", f, False) for f in back]
    return engines, probe


@proves("O11", "O32", "T03")
def test_frames_cross_two_engines_unchanged_and_in_order():
    with Lab() as lab:
        engines, probe = exchange(lab, sealed=False)
        pages = settled(*(e.stats for e in engines), probe.stats)
        # A wire is empty: what one end sent the other received.
        (l1_up, l1_host), (l2_up, l2_host) = (page["entries"] for page in pages[:2])
        hosts = pages[2]["entries"]
        for sender, receiver in ((l1_up, l2_up), (l2_up, l1_up), (hosts[0], l1_host), (l1_host, hosts[0]),
                                 (hosts[1], l2_host), (l2_host, hosts[1])):
            assert sender["tx"] == receiver["rx"] + receiver["rxDropped"] > 0
        for engine in engines:
            assert engine.stop() == 0
            replays(engine.journal)


@proves("T03")
def test_sealed_frames_cross_and_no_clear_one_is_on_the_link():
    with Lab() as lab:
        engines, _ = exchange(lab, sealed=True)
        for engine in engines:
            assert engine.stop() == 0
            records, complete = read_journal(engine.journal)
            assert complete
            on_link = [data for kind, interface, _, data in records if interface == 1 and kind in ("frame", "tx")]
            assert len(on_link) > 70
            assert all(data[12:14] == b"\x88\xe5" for data in on_link)
            replays(engine.journal, "--keys", str(lab.folder / "keys.json"))


def test_device_without_native_xdp_is_served_in_generic_mode_which_is_said():
    with Lab() as lab:
        lab.add("n", "h1", "h2")
        # A veth takes native XDP up to 3.5 KB of MTU only.
        lab.cable("n", "eth1.phy", "h1", "eth0", mtu=9000)
        lab.cable("n", "eth2.phy", "h2", "eth0")
        engine = lab.engine("n", programs.patch())
        probe = lab.probe({f"h{n}": (f"h{n}", "eth0", host_mac(n), []) for n in (1, 2)})
        assert "XDP native on 1, generic on 1" in engine.log()
        assert "eth1.phy: XDP runs in generic mode" in engine.log()
        assert [entry["flags"] & 2 for entry in read_stats(engine.stats)["entries"]] == [0, 2]
        assert [host["xdp"] for host in probe.ask("hello")["hosts"]] == ["generic", "native"]
        there, back = frame(1, 2, 1, 1514), frame(2, 1, 2, 700)
        collector = Collector(probe)
        send(probe, ("h1", there))
        assert collector.take(1) == [("h2", there, False)]
        send(probe, ("h2", back))
        assert collector.take(1) == [("h1", back, False)]
        engine.stop()
        replays(engine.journal)


def test_cache_off_forwards_the_same():
    with Lab() as lab:
        (one, two), probe = two_leaves(lab, engine=("--cache", "off"))
        collector = Collector(probe)
        sent = [frame(1, 2, n) for n in range(20)]
        send(probe, *(("h1", f) for f in sent))
        assert collector.take(20) == [("h2", f, False) for f in sent]
        for engine in (one, two):
            engine.stop()
            replays(engine.journal)


def test_journal_holds_inputs_and_outputs_in_processing_order():
    with Lab() as lab:
        (one, _), probe = two_leaves(lab)
        sent = frame(1, 2, 5)
        send(probe, ("h1", sent))
        Collector(probe).take(1)
        assert one.stop() == 0
        records, complete = read_journal(one.journal)
        assert complete and records[0][0] == "program"
        at = next(i for i, record in enumerate(records) if record[0] == "frame")
        assert records[at][1] == 2 and records[at][3] == sent
        kind, interface, _, data = records[at + 1]
        assert (kind, interface) == ("tx", 1) and data.endswith(sent)
        times = [record[2] for record in records]
        assert times == sorted(times)
