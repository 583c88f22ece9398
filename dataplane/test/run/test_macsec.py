# SPDX-License-Identifier: Apache-2.0
"""Links sealed by MACsec between engines: suites, keys that come by `apply`, modes, and what `tables` says of all that."""
import json

import frames
import programs
from harness import Collector, Lab, Refused, proves, read_journal, replay, replays, send, two_leaves
from programs import host_address, host_mac

XPN = "gcm-aes-xpn-256"


def frame(trace=1):
    return frames.udp_frame(host_mac(2), host_mac(1), host_address(1), host_address(2), trace=trace)


def keys(lab):
    return "--keys", str(lab.folder / "keys.json")


def of(engine):
    (state,) = engine.ask("tables")["macsec"]
    return state


def associations(state):
    return [(entry["an"], entry["key"], entry["pn"], entry["encoding"]) for entry in state["tx"]["associations"]]


def refused(engine, wanted, **more):
    try:
        engine.ask("apply", **more)
    except Refused as refusal:
        assert refusal.code == wanted, refusal
        return
    raise AssertionError(f"{more} was taken")


def receive(node, an, to):
    return {"table": "receive-association", "interface": 3, "sci": programs.sci(node), "an": an, "to": to}


def transmit(an, key, *standby):
    return {"table": "transmit-association", "interface": 3, "to": {"an": an, "key": key},
            **({"standby": list(standby)} if standby else {})}


@proves("MACSEC-7", "MACSEC-8", "MACSEC-9", "MACSEC-11")
def test_keys_change_under_traffic_by_apply_and_the_journal_has_no_key_file():
    with Lab() as lab:
        (one, two), probe = two_leaves(lab, sealed=True)
        collector = Collector(probe)
        send(probe, ("h1", frame(1)))
        assert collector.take(1) == [("h2", frame(1), False)]
        fresh = {"lab:fresh/1": "11" * 16}
        path = str(lab.file("fresh.json", fresh))
        change = receive(1, 1, {"key": "lab:fresh/1"})
        refused(two, "change-refused", changes=[change])
        refused(two, "keys-unreadable", changes=[change], keys=path + "x")
        # First who receives, then who sends, then the old one goes: IEEE 802.1X's order loses no frame.
        two.ask("apply", changes=[change], keys=path)
        one.ask("apply", changes=[transmit(1, "lab:fresh/1", {"an": 0, "key": programs.key(1)})], keys=path)
        send(probe, ("h1", frame(2)))
        assert collector.take(1) == [("h2", frame(2), False)]
        two.ask("apply", changes=[receive(1, 0, None)])
        send(probe, ("h1", frame(3)))
        assert collector.take(1) == [("h2", frame(3), False)]
        assert associations(of(one)) == [(1, "lab:fresh/1", "3", True), (0, programs.key(1), "2", False)]
        (channel,) = of(two)["rx"]
        assert channel["associations"] == [{"an": 1, "key": "lab:fresh/1", "pn": "3"}]
        assert channel["counters"]["InPktsOK"] == 3 and channel["counters"]["InPktsNotValid"] == 0
        shown = next(i for i in one.ask("program")["program"]["interfaces"] if i["id"] == 3)
        assert shown["tx"] == {"sci": programs.sci(1), "an": 1, "key": "lab:fresh/1"}
        # No number is used twice with a key, whatever is loaded in between.
        one.ask("load", program=programs.leaf(1, sealed=True))
        assert associations(of(one)) == [(0, programs.key(1), "2", True)]
        for engine in (one, two):
            engine.stop()
            text = engine.journal.read_bytes()
            assert path.encode() not in text and bytes.fromhex(fresh["lab:fresh/1"]) not in text
            assert replay(engine.journal, *keys(lab)).returncode != 0
        lab.file("keys.json", {**fresh, **{programs.key(node): f"{node:032x}" for node in (1, 2)}})
        for engine in (one, two):
            replays(engine.journal, *keys(lab))
        changes = [json.loads(data) for kind, _, _, data in read_journal(two.journal)[0] if kind == "control"]
        assert [sorted(change) for change in changes] == [["changes", "id", "op"]] * 2


@proves("MACSEC-1", "MACSEC-5", "CTRL-2")
def test_modes_and_an_extended_suite_in_a_running_engine():
    with Lab() as lab:
        (one, two), probe = two_leaves(lab, sealed=True)
        collector = Collector(probe)
        path = str(lab.file("long.json", {programs.key(node): f"{node:02x}" * 44 for node in (1, 2)}))
        for node, engine in ((1, one), (2, two)):
            program = programs.leaf(node, sealed=True)
            (sealed,) = (i for i in program["interfaces"] if i["id"] == 3)
            sealed |= {"cipher": XPN, "replayWindow": 64, "confidentiality": "offset-30"}
            for association in (sealed["tx"], *sealed["rx"]):
                association |= {"ssci": 7, "pn": "4294967295"}
            engine.ask("load", program=program, keys=path)
        for trace in (1, 2, 3):
            send(probe, ("h1", frame(trace)))
            assert collector.take(1) == [("h2", frame(trace), False)]
        assert associations(of(one)) == [(0, programs.key(1), "4294967298", True)]
        # Clear frames pass who only checks, and are counted; sealed ones still do.
        two.ask("set-macsec-mode", interface=3, mode="check")
        one.ask("set-macsec-mode", interface=3, mode="disabled")
        send(probe, ("h1", frame(4)))
        assert collector.take(1) == [("h2", frame(4), False)]
        one.ask("set-macsec-mode", interface=3, mode="disabled", protect=True)
        send(probe, ("h1", frame(5)))
        assert collector.take(1) == [("h2", frame(5), False)]
        state = of(two)
        assert (state["mode"], state["protect"]) == ("check", True)
        assert state["counters"]["InPktsUntagged"] == 1 and state["rx"][0]["counters"]["InPktsOK"] == 4
        two.ask("set-macsec-mode", interface=3, mode="strict", protect=False)
        one.ask("set-macsec-mode", interface=3, mode="check", protect=False)
        send(probe, ("h1", frame(6)))
        assert collector.take() == []
        assert of(two)["counters"]["InPktsNoTag"] == 1
        assert two.ask("stats")["fates"]["macsec-clear"] == 1
        for engine in (one, two):
            engine.stop()
