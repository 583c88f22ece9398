# SPDX-License-Identifier: Apache-2.0
"""Links sealed by WireGuard between engines, and what an engine does around the machine for them: seeds, clocks, keys, floods."""
import contextlib
import ctypes
import json
import os
import socket
import struct
import time

import frames
import programs
import wireguard
from harness import BUILD, Collector, Lab, Refused, inject, proves, read_journal, read_stats, replay, replays, run, send
from programs import host_address, host_mac
from test_capture import read_pcapng
from test_fail_closed import cpu_of
from test_punt import ping


def frame(source, destination, trace, size=0):
    return frames.udp_frame(host_mac(destination), host_mac(source), host_address(source), host_address(destination),
                            size=size, trace=trace)


def exchange(probe, collector, first=1, count=3):
    """Data both ways, one after the other: all of it arrives."""
    for n in range(first, first + count):
        for source, destination in ((1, 2), (2, 1)):
            data = frame(source, destination, 2 * n + source, size=(60, 400, 1514)[n % 3])
            send(probe, (f"h{source}", data))
            assert collector.take(1) == [(f"h{destination}", data, False)]


def fates(engine):
    return engine.ask("stats")["fates"]


def keys(lab):
    return "--keys", str(lab.folder / "keys.json")


def until(condition, seconds=5):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.005)
    return value


def sent_on_link(records):
    return [(now, *wireguard.message(data)) for kind, port, now, data in records if kind == "tx" and port == 1]


def peers(engine):
    return engine.ask("tables")["wireguard"][0]["peers"]


@proves("WG-2", "WG-13", "WG-14", "WG-23", "WG-26")
def test_hosts_and_kernels_talk_over_a_sealed_link_and_nothing_clear_is_on_it():
    with Lab() as lab:
        engines, probe = wireguard.link(lab)
        captures = []
        for n, engine in enumerate(engines):
            captures.append(lab.folder / f"link{n}.pcapng")
            engine.ask("capture", interface=1, file=str(captures[n]))
        collector = Collector(probe)
        exchange(probe, collector)
        assert ping(lab, "l1", "10.254.0.1") == 3
        assert ping(lab, "l2", "10.254.0.0") == 3
        for engine, path in zip(engines, captures):
            engine.ask("sync")
            engine.ask("capture", interface=1, file=None)
            packets, _ = read_pcapng(path)
            messages = [wireguard.message(data) for _, _, data, _ in packets]
            assert all(messages) and {kind for kind, _ in messages} == {1, 2, 4}
            for clear in (b"ZTTR", b"ztosztos", b"\x0a\xfe\x00", bytes([10, 0, 0])):
                # Three octets of an address are met by chance now and then, but not in every second message.
                assert sum(clear in data[42:] for _, _, data, _ in packets) <= len(packets) // 10
        (entry,), (other,) = (peers(engine) for engine in engines)
        assert entry["endpoint"] == {"address": wireguard.outer(2), "port": wireguard.PORT}
        assert abs(entry["latestHandshake"] - time.time()) < 60
        assert entry["tx"] == other["rx"] > 2000 and entry["rx"] == other["tx"] > 2000, (entry, other)
        for engine in engines:
            assert engine.stop() == 0
            replays(engine.journal, *keys(lab))


@proves("WG-4")
def test_a_seed_is_the_first_input_and_a_new_one_follows_what_was_drawn():
    with Lab() as lab:
        engines, probe = wireguard.link(lab)
        exchange(probe, Collector(probe))
        for engine in engines:
            engine.stop()
            records, complete = read_journal(engine.journal)
            kinds = [kind for kind, *_ in records]
            assert complete and kinds[:2] == ["program", "seed"]
            seeds = [(n, now, data) for n, (kind, port, now, data) in enumerate(records) if kind == "seed" and port == 0]
            assert len(seeds) == kinds.count("seed")
            assert len({data[8:] for _, _, data in seeds}) == len(seeds)
            for _, _, data in seeds:
                wall, entropy = struct.unpack_from("<Q", data)[0], data[8:]
                assert abs(wall / 1e9 - time.time()) < 60 and len(entropy) == 32 and any(entropy)
            # Whatever was drawn from one is forgotten before the engine sleeps: data that follows needs none.
            handshakes = [n for n, (kind, port, _, data) in enumerate(records)
                          if kind == "tx" and port == 1 and data[42] in (1, 2)]
            assert handshakes and all(any(at < n for n, _, _ in seeds) for at in handshakes)
            assert seeds[-1][0] > handshakes[-1]
            # And none follows where nothing was drawn.
            assert all(kinds[n - 1] != "seed" and "tx" in kinds[before:n] for (before, *_), (n, *_) in zip(seeds, seeds[1:]))
            # The private key is in no file but its own, and in no line.
            octets = engine.journal.read_bytes() + engine.log().encode()
            assert all(wireguard.private(n) not in octets and wireguard.private(n).hex().encode() not in octets
                       for n in (1, 2))


@proves("WG-12", "WG-27")
def test_an_engine_that_was_killed_comes_back_with_a_handshake_that_is_newer():
    with Lab() as lab:
        (one, two), probe = wireguard.link(lab)
        collector = Collector(probe)
        exchange(probe, collector)
        before = fates(two).get("wireguard-handshake", 0)
        octets = one.ask("sync")["journalBytes"]
        first = one.journal.with_suffix(".first")
        one.kill()
        one.journal.rename(first)
        again = lab.engine("l1", wireguard.leaf(1), keys=wireguard.key_file(1, 2))
        data = frame(1, 2, 99)
        send(probe, ("h1", data))
        assert collector.take(1) == [("h2", data, False)]
        assert fates(two)["wireguard-handshake"] == before + 1
        assert "wireguard-handshake-replay" not in fates(two)
        exchange(probe, collector, first=200)
        assert first.stat().st_size >= octets
        for engine in (again, two):
            engine.stop()
            replays(engine.journal, *keys(lab))
        # Old and new journal have other entropy, and each replays alone.
        entropies = [{data[8:] for kind, _, _, data in read_journal(path)[0] if kind == "seed"}
                     for path in (first, again.journal)]
        assert all(entropies) and not entropies[0] & entropies[1]
        replays(first, *keys(lab))


def kernel_sends(lab, namespace, device, data):
    """A frame that a node's kernel sends by itself."""
    pid = os.fork()
    if pid == 0:
        with open(f"/run/netns/{lab.name(namespace)}") as file:
            assert ctypes.CDLL(None).setns(file.fileno(), 0) == 0
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        with contextlib.suppress(OSError):
            raw.sendto(data, (device, 0))
        os._exit(0)
    os.waitpid(pid, 0)


@proves("WG-2")
def test_the_egress_guard_stops_the_kernel_and_not_the_engine_and_clear_frames_are_dropped():
    with Lab() as lab:
        (one, two), probe = wireguard.link(lab)
        clear = frames.udp_frame(programs.mac(2, 1), programs.mac(1, 1), "10.254.0.0", "10.254.0.1", trace=5)
        kernel_sends(lab, "l1", "eth1.phy", clear)
        until(lambda: fates(two).get("wireguard-clear") == 1)
        # As a lab guards a sealed port.
        lab.within("l1", "tc", "qdisc", "add", "dev", "eth1.phy", "clsact")
        lab.within("l1", "tc", "filter", "add", "dev", "eth1.phy", "egress", "bpf", "da", "bytecode", "1,6 0 0 2")
        kernel_sends(lab, "l1", "eth1.phy", clear)
        exchange(probe, Collector(probe))
        assert fates(two)["wireguard-clear"] == 1
        assert two.ask("stats")["ports"][0]["puntOut"] == 0 == one.ask("stats")["ports"][0]["puntOut"]


@proves("WG-33")
def test_a_peer_comes_with_a_key_file_that_no_journal_names():
    with Lab() as lab:
        (one, two), probe = wireguard.link(lab, lambda node: wireguard.leaf(node, *([[]] if node == 1 else [])))
        collector = Collector(probe)
        data = frame(1, 2, 1)
        send(probe, ("h1", data))
        assert collector.take() == []
        assert fates(one)["wireguard-no-peer"] >= 1 and peers(one) == []
        to = {key: value for key, value in wireguard.peer(2).items() if key != "publicKey"}
        change = {"table": "peer", "interface": 3, "publicKey": wireguard.public_text(2), "to": to}
        path = lab.file("peer.json", {wireguard.PSK: wireguard.psk().hex()})
        path.chmod(0o644)
        refused(one, "keys-exposed", changes=[change], keys=str(path))
        path.chmod(0o600)
        refused(one, "keys-unreadable", changes=[change], keys=str(path) + "x")
        wrong = {**change, "to": {**to, "presharedKey": "lab:test/not/there"}}
        refused(one, "change-refused", changes=[wrong], keys=str(path))
        refused(one, "request-invalid", changes=[change], keys=7)
        assert peers(one) == []
        one.ask("apply", changes=[change], keys=str(path))
        path.unlink()
        assert [entry["presharedKey"] for entry in peers(one)] == [True]
        exchange(probe, collector)
        # Without a file those that the engine was started with. (WG-12: no initiation within 20 ms of the last.)
        time.sleep(0.05)
        one.ask("apply", changes=[{**change, "to": None}])
        one.ask("apply", changes=[{**change, "publicKey": wireguard.public_reference(2)}])
        exchange(probe, collector, first=20)
        for engine in (one, two):
            engine.stop()
            replays(engine.journal, *keys(lab))
        changes = [json.loads(data) for kind, _, _, data in read_journal(one.journal)[0] if kind == "control"]
        assert [set(record) for record in changes] == [{"id", "op", "changes"}] * 3
        assert changes[0]["changes"] == [change]
        octets = one.journal.read_bytes()
        assert wireguard.psk().hex().encode() not in octets and b"peer.json" not in octets
        # Replay wants the keys of both files, and without the one it says what is missing.
        lab.file("keys.json", {k: v for k, v in wireguard.key_file(1, 2).items() if k != wireguard.PSK})
        assert replay(one.journal, *keys(lab)).returncode != 0


def refused(engine, code, **more):
    try:
        engine.ask("apply", **more)
    except Refused as refusal:
        assert refusal.code == code, refusal
    else:
        raise AssertionError(f"{code} is wanted")


def handshakes(count, first=0):
    """Initiations with a right mac1 and nothing else that is: each from a port of its own."""
    for n in range(first, first + count):
        body = struct.pack("<II", wireguard.INITIATION, n) + os.urandom(108)
        yield wireguard.wrap(wireguard.mac1(body, 1), 2, 1, port=1024 + n % 60000)


@proves("WG-8", "WG-12")
def test_a_flood_of_initiations_does_not_hold_up_data_and_is_accounted_for():
    with Lab() as lab:
        (one, _), probe = wireguard.link(lab)
        collector = Collector(probe)
        exchange(probe, collector)
        flood = list(handshakes(3000))
        begin = time.monotonic()
        for at in range(0, len(flood), 250):
            inject(probe, *(("to l1", data) for data in flood[at:at + 250]))
        taken = []
        for n in range(10):
            data = frame(2, 1, 1000 + n)
            at = time.monotonic()
            send(probe, ("h2", data))
            assert collector.take(1) == [("h1", data, False)]
            taken.append(time.monotonic() - at)
        until(lambda: counted(one) == len(flood), 60)
        print(f"{len(flood)} initiations: {time.monotonic() - begin:.2f} s; data behind them: at most "
              f"{max(taken) * 1000:.0f} ms")
        one.ask("sync")
        order = [data for kind, port, _, data in read_journal(one.journal)[0] if kind == "frame" and port == 1]
        number = {data: n for n, data in enumerate(flood)}
        places = [n for n, data in enumerate(order) if data in number]
        flooded = [number[order[n]] for n in places]
        # In their order, those that the device did not drop; and data that came behind all of them before the last of them.
        assert flooded == sorted(flooded) and len(flooded) + dropped(one) == len(flood) and len(flooded) > 500
        behind = [n for n, data in enumerate(order) if data[42] == wireguard.DATA and n > places[0]]
        assert len(behind) >= 10 and behind[4] < places[-1], (behind, places[-1])
        exchange(probe, collector, first=3000)
        one.stop()
        replays(one.journal, *keys(lab))


def dropped(engine):
    return engine.ask("stats")["ports"][0]["rxDropped"]


def counted(engine):
    """Of the flood: what the machine judged, and what had no room before."""
    return fates(engine).get("wireguard-handshake-invalid", 0) + dropped(engine)


@proves("WG-12", "WG-16", "WG-22")
def test_a_peer_by_hand_makes_a_session_with_an_engine():
    with Lab() as lab:
        (one,), probe = wireguard.link(lab, start=(1,))
        path = lab.folder / "link.pcapng"
        one.ask("capture", interface=1, file=str(path))
        by_hand = wireguard.Initiator(2, 1)
        initiation = by_hand.initiation()
        inject(probe, ("to l1", wireguard.wrap(initiation, 2, 1, port=4711)))

        def answers(kind):
            one.ask("sync")
            return [data[42:] for _, direction, data, _ in read_pcapng(path)[0] if direction == 2 and data[42] == kind]

        response = until(lambda: answers(wireguard.RESPONSE))[0]
        by_hand.take(response)
        echo = struct.pack("!BBHHH", 8, 0, 0, 7, 7) + b"by hand."
        echo = echo[:2] + struct.pack("!H", frames.checksum(echo)) + echo[4:]
        packet = frames.ipv4("10.254.0.1", "10.254.0.0", 1, echo)
        data = by_hand.data(packet)
        inject(probe, ("to l1", wireguard.wrap(data, 2, 1, port=4712)))
        answer = by_hand.open(until(lambda: answers(wireguard.DATA))[0])
        assert answer[12:20] == packet[16:20] + packet[12:16] and answer[20] == 0 and b"by hand." in answer
        # The endpoint is where it came from last.
        assert peers(one)[0]["endpoint"] == {"address": wireguard.outer(2), "port": 4712}
        for again, fate in ((initiation, "wireguard-handshake-replay"), (data, "wireguard-replay"),
                            (data[:-1] + bytes([data[-1] ^ 1]), "wireguard-auth"), (b"\1\0\0\0", "wireguard-malformed"),
                            (initiation[:-20] + bytes(20), "wireguard-mac1"),
                            (by_hand.initiation(time.time() - 3600), "wireguard-handshake-replay")):
            before = fates(one).get(fate, 0)
            inject(probe, ("to l1", wireguard.wrap(again, 2, 1)))
            until(lambda: fates(one).get(fate, 0) == before + 1)
        one.stop()
        replays(one.journal, *keys(lab))


def capture_file(path, *data):
    """A pcap of frames a second apart, from now on."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    path.write_bytes(head + b"".join(struct.pack("<IIII", int(time.time()) + n, 0, len(frame), len(frame)) + frame
                                     for n, frame in enumerate(data)))
    return str(path)


@proves("WG-4")
def test_replay_of_captures_makes_handshakes_with_a_seed_and_none_without():
    with Lab() as lab:
        by_hand = wireguard.Initiator(2, 1)
        arrived = capture_file(lab.folder / "in.pcap", wireguard.wrap(by_hand.initiation(), 2, 1))
        lab.file("keys.json", wireguard.key_file(1))
        program, out = str(lab.file("l1.json", wireguard.leaf(1))), lab.folder / "out.ztj"

        def outcome(*more):
            return run(str(BUILD / "ztos-fpe"), "replay", "--program", program, "--pcap-in", f"1={arrived}", "--out",
                       str(out), "--stats", *keys(lab), *more, check=False)

        assert json.loads(outcome().stdout)["fates"] == {"wireguard-unready": 1}
        responses = []
        for entropy in ("00" * 32, "ab" * 32, "ab" * 32):
            result = outcome("--seed", entropy, "--wall", "5")
            assert result.returncode == 0 and json.loads(result.stdout)["fates"] == {"wireguard-handshake": 1}
            records, _ = read_journal(out)
            assert records[1] == ("seed", 0, 0, struct.pack("<Q", 5) + bytes.fromhex(entropy))
            (_, kind, response), = sent_on_link(records)
            by_hand.take(response)
            responses.append(response)
            replays(out, *keys(lab))
        assert kind == wireguard.RESPONSE and responses[0] != responses[1] == responses[2]
        for wrong in (("--seed", "ab"), ("--seed", "xy" * 32), ("--wall", "5"), ("--seed", "00" * 32, "--wall", "-1")):
            assert outcome(*wrong).returncode == 2, wrong


@proves("WG-30")
def test_timers_are_kept_to_the_millisecond_and_clocks_are_few():
    with Lab() as lab:
        (one, two), probe = wireguard.link(lab, lambda node: wireguard.leaf(
            node, [wireguard.peer(3 - node, **({"persistentKeepalive": 1} if node == 1 else {}))]))
        # The handshake begins by itself; its seconds are not the tick's.
        until(lambda: fates(two).get("wireguard-keepalive", 0) >= 3, 10)
        one.stop()
        records, _ = read_journal(one.journal)
        keepalives = [now for now, kind, data in sent_on_link(records) if kind == 4 and len(data) == 32]
        late = [(b - a) / 1e6 - 1000 for a, b in zip(keepalives, keepalives[1:])]
        assert len(late) >= 1 and all(0 <= ms < 50 for ms in late), late
        clocks = [now for kind, _, now, _ in records if kind == "clock"]
        assert all(b - a >= 10**6 for a, b in zip(clocks, clocks[1:]))
        assert len(clocks) < 30, len(clocks)
        replays(one.journal, *keys(lab))


@proves("WG-4")
def test_an_idle_link_draws_nothing_and_the_engine_sleeps():
    with Lab() as lab:
        (one, _), _ = wireguard.link(lab)
        octets, used = one.ask("sync")["journalBytes"], cpu_of(one.popen.pid)
        time.sleep(1.2)
        assert cpu_of(one.popen.pid) - used <= 2
        assert one.ask("sync")["journalBytes"] - octets <= 4 * 16


@proves("WG-27", "CTRL-4")
def test_time_that_was_advanced_is_in_timestamps_too():
    with Lab() as lab:
        (one, two), probe = wireguard.link(lab)
        collector = Collector(probe)
        exchange(probe, collector)
        hour = 3600 * 10**9
        for engine in (one, two):
            engine.ask("advance-time", ns=hour)
        # Time began to count in the session, so that there is a new one.
        send(probe, ("h1", frame(1, 2, 77)))
        until(lambda: peers(one)[0]["latestHandshake"] - time.time() > 3500, 15)
        for engine in (one, two):
            engine.stop()
            # Wall time and the machine's clock go together: no seed takes back what was advanced.
            offsets = [struct.unpack_from("<Q", data)[0] - now
                       for kind, _, now, data in read_journal(engine.journal)[0] if kind == "seed"]
            assert max(offsets) - min(offsets) < 10**8, offsets
            replays(engine.journal, *keys(lab))


@proves("WG-32")
def test_load_leaves_sessions_and_a_program_without_has_none():
    with Lab() as lab:
        (one, two), probe = wireguard.link(lab)
        collector = Collector(probe)
        exchange(probe, collector)
        before = fates(two)["wireguard-handshake"]
        one.ask("load", program=wireguard.leaf(1))
        exchange(probe, collector, first=50)
        assert fates(two)["wireguard-handshake"] == before
        clear = programs.leaf(1)
        clear["interfaces"][0] |= {"mtu": wireguard.LINK_MTU}
        one.ask("load", program=clear)
        assert one.ask("tables")["wireguard"] == []
        one.ask("load", program=wireguard.leaf(1))
        exchange(probe, collector, first=60)
        assert fates(two)["wireguard-handshake"] > before
        one.stop()
        replays(one.journal, *keys(lab))


@proves("CTRL-7", "NEIGH-1")
def test_routes_of_the_kernel_lead_over_the_wireguard_interface_and_its_neighbours_are_no_inputs():
    with Lab() as lab:
        (one, two), probe = wireguard.link(
            lab, lambda node: {**wireguard.leaf(node), **({"kernelRoutes": True} if node == 1 else {})})
        lab.ip("-n", lab.name("l1"), "route", "add", "198.51.100.0/24", "via", "10.254.0.1", "dev", "eth1")

        def route():
            program = one.ask("program")["program"]
            groups = {group["id"]: group["members"] for group in program["tables"]["groups"]}
            return [groups[entry["group"]] for entry in program["tables"]["routes"]
                    if entry["prefix"] == "198.51.100.0/24"]

        assert until(route) == [[{"interface": 3, "gateway": "10.254.0.1"}]]
        assert ping(lab, "l1", "10.254.0.1") == 3
        collector = Collector(probe)
        exchange(probe, collector)
        lab.ip("-n", lab.name("l1"), "neigh", "replace", "10.254.0.1", "lladdr", "02:99:99:99:99:99", "dev", "eth1")
        exchange(probe, collector, first=30)
        one.stop()
        assert not [record for record in read_journal(one.journal)[0] if record[0] == "neighbour"]
        replays(one.journal, *keys(lab))


@proves("CTRL-8")
def test_carrier_of_the_port_is_followed_and_the_session_outlasts_it():
    with Lab() as lab:
        (one, two), probe = wireguard.link(lab)
        collector = Collector(probe)
        exchange(probe, collector)
        before = fates(two)["wireguard-handshake"]
        lab.ip("-n", lab.name("l2"), "link", "set", "eth1.phy", "down")
        until(lambda: "eth1.phy: carrier down" in one.log())
        until(lambda: read_stats(one.stats)["entries"][0]["flags"] & 1 == 0)
        lab.ip("-n", lab.name("l2"), "link", "set", "eth1.phy", "up")
        until(lambda: "eth1.phy: carrier up" in one.log() and "eth1.phy: carrier up" in two.log())
        exchange(probe, collector, first=70)
        assert fates(two)["wireguard-handshake"] == before
