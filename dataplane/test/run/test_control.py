# SPDX-License-Identifier: Apache-2.0
"""The control socket: right requests are answered, wrong ones change nothing, hostile clients hurt themselves alone."""
import json
import os
import random
import socket
import stat
import struct
import time

import frames
import programs
from harness import Collector, Control, Lab, Refused, patched, read_journal, read_stats, replays, send, two_leaves
from programs import host_address, host_mac


def code_of(process, op, **more):
    try:
        process.ask(op, **more)
    except Refused as refused:
        return refused.code
    return None


def frame(trace=1):
    return frames.udp_frame(host_mac(2), host_mac(1), host_address(1), host_address(2), trace=trace)


def test_hello_program_and_tables_say_what_is_loaded():
    with Lab() as lab:
        (one, _), _ = two_leaves(lab)
        hello = one.ask("hello")
        assert (hello["version"], hello["node"], hello["pid"]) == (1, "leaf1", one.popen.pid)
        assert len(hello["program"]) == 64 and hello["cpu"]
        assert one.ask("program")["program"]["node"] == "leaf1"
        assert one.ask("tables")["fdb"] == []


def test_socket_is_for_its_owner_alone():
    with Lab() as lab:
        engine, _ = patched(lab)
        status = os.stat(engine.control_path)
        assert stat.S_IMODE(status.st_mode) == 0o600 and status.st_uid == 0
        # A peer that is neither root nor the owner is turned away even if it gets at the socket.
        os.chmod(engine.control_path, 0o666)
        os.chmod(lab.folder, 0o711)
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.setresuid(65534, 65534, 65534)
            try:
                Control(engine.control_path).ask("hello")
                os.write(writer, b"in")
            except (EOFError, OSError):
                os.write(writer, b"out")
            os._exit(0)
        assert os.read(reader, 3) == b"out"
        os.wait()
        assert engine.ask("hello")


def test_owner_is_served_and_may_not_name_files_for_captures():
    with Lab() as lab:
        engine, _ = patched(lab, "--owner-uid", "65534")
        os.chmod(lab.folder, 0o711)
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.setresuid(65534, 65534, 65534)
            control = Control(engine.control_path)
            control.ask("hello")
            os.write(writer, str(code_of(control, "capture", interface=1, file="/tmp/zt-no")).encode())
            os._exit(0)
        assert os.read(reader, 99) == b"not-permitted"
        os.wait()


def test_vni_can_be_changed_in_a_running_engine_and_the_journal_has_it():
    with Lab() as lab:
        (one, two), probe = two_leaves(lab)
        collector = Collector(probe)
        send(probe, ("h1", frame()))
        collector.take(1)
        one.ask("set-vni", interface=11, vni=999)
        assert next(i for i in one.ask("program")["program"]["interfaces"] if i["id"] == 11)["vni"] == 999
        send(probe, ("h1", frame(2)))
        assert collector.take() == []
        assert two.ask("stats")["fates"] == {"vxlan-vni-unknown": 1}
        for engine in (one, two):
            engine.stop()
            replays(engine.journal)
        changes = [json.loads(data) for kind, _, _, data in read_journal(one.journal)[0] if kind == "control"]
        assert [(c["op"], c["vni"]) for c in changes] == [("set-vni", 999)]


def test_macsec_can_be_switched_off_and_the_peer_refuses_clear_frames():
    with Lab() as lab:
        (one, two), probe = two_leaves(lab, sealed=True)
        one.ask("set-macsec-mode", interface=3, mode="disabled")
        send(probe, ("h1", frame()))
        assert Collector(probe).take() == []
        assert two.ask("stats")["fates"] == {"macsec-clear": 1}
        one.stop()


def test_load_takes_another_program_and_the_journal_goes_on():
    with Lab() as lab:
        (one, two), probe = two_leaves(lab)
        collector = Collector(probe)
        send(probe, ("h1", frame()))
        collector.take(1)
        before = one.ask("hello")["program"]
        other = programs.leaf(1)
        other["interfaces"][3]["vni"] = 4242
        one.ask("load", program=other)
        assert one.ask("hello")["program"] != before
        assert one.ask("tables")["fdb"] == []
        send(probe, ("h1", frame(2)))
        assert collector.take() == []
        one.ask("load", program=programs.leaf(1))
        send(probe, ("h1", frame(3)))
        assert collector.take(1) == [("h2", frame(3), False)]
        for engine in (one, two):
            engine.stop()
            replays(engine.journal)
        assert sum(kind == "program" for kind, *_ in read_journal(one.journal)[0]) == 3


def test_programs_that_do_not_fit_change_nothing():
    with Lab() as lab:
        (one, _), probe = two_leaves(lab)
        before = one.ask("hello")["program"]
        wrong = []
        for change in (
            lambda p: p["interfaces"][0].update(name="eth9"),
            lambda p: p["interfaces"][0].update(tap=False),
            lambda p: p["interfaces"].insert(2, programs.port(4, "eth4", 1, bridge=10, mtu=programs.HOST_MTU)),
            lambda p: p["interfaces"][1].update(mtu=1779),
            lambda p: p.update(version=2),
            lambda p: p["tables"]["routes"].append({"vrf": 9, "prefix": "10.0.0.0/8", "blackhole": True}),
        ):
            program = programs.leaf(1)
            change(program)
            wrong.append(code_of(one, "load", program=program))
        assert wrong[:4] == ["port-missing", "ports-changed", "port-missing", "port-mtu"], wrong
        assert None not in wrong
        assert code_of(one, "load", program=programs.leaf(1, sealed=True)) == "keys-missing"
        assert code_of(one, "load", program=programs.leaf(1), keys="/no/such/file") is not None
        assert one.ask("hello")["program"] == before
        send(probe, ("h1", frame()))
        Collector(probe).take(1)
        one.stop()
        assert sum(kind == "program" for kind, *_ in read_journal(one.journal)[0]) == 1


def test_advance_time_ages_entries_and_is_followed_by_a_clock():
    with Lab() as lab:
        engine, probe = patched(lab)
        send(probe, ("h1", frame()))
        Collector(probe).take(1)
        assert len(engine.ask("tables")["fdb"]) == 1
        engine.ask("advance-time", ns=301_000_000_000)
        assert engine.ask("tables")["fdb"] == []
        # Far beyond any measure is refused, as it would run into the end of 64 bits.
        for _ in range(511):
            engine.ask("advance-time", ns=2**53 - 1)
        assert code_of(engine, "advance-time", ns=2**53 - 1) == "request-invalid"
        engine.stop()
        replays(engine.journal)


def test_wrong_requests_are_answered_under_their_id_and_change_nothing():
    with Lab() as lab:
        engine, _ = patched(lab)
        control = Control(engine.control_path)
        journal = engine.ask("sync")["journalBytes"]
        for request in (
            {"id": 7, "op": "nope"}, {"id": 7}, {"id": 7, "op": "hello", "x": 1}, {"id": 7, "op": 5},
            {"id": 7, "op": "flush"}, {"id": 7, "op": "flush", "table": "routes"},
            {"id": 7, "op": "flush", "table": "fdb", "interface": 77}, {"id": 7, "op": "set-vni", "interface": 1, "vni": 5},
            {"id": 7, "op": "set-vni", "interface": 100}, {"id": 7, "op": "set-vni", "interface": 100, "vni": 2**24},
            {"id": 7, "op": "set-macsec-mode", "interface": 1, "mode": "strict"}, {"id": 7, "op": "advance-time", "ns": -1},
            {"id": 7, "op": "advance-time", "ns": 0.5}, {"id": 7, "op": "advance-time", "ns": "1"},
            {"id": 7, "op": "load"}, {"id": 7, "op": "load", "program": []}, {"id": 7, "op": "load", "program": {}},
            {"id": 7, "op": "hello", "file": None},
        ):
            control.send(request)
            answer = control.receive()
            assert (answer["id"], answer["ok"]) == (7, False) and answer["code"] and answer["message"], request
        for request in ({"op": "hello"}, {"id": -1, "op": "hello"}, {"id": 2**32, "op": "hello"}, [], 5, "hello", None):
            control.send(request)
            assert control.receive()["ok"] is False, request
        control.send_raw(struct.pack("!I", 32) + b'{"id":1,"id":2,"op":"hello"}    ')
        assert control.receive()["ok"] is False
        assert control.ask("hello")
        assert engine.ask("sync")["journalBytes"] == journal


def test_what_is_no_json_ends_the_connection_after_an_answer():
    with Lab() as lab:
        engine, _ = patched(lab)
        for message in (b"", b"{", b"\xff\xfe", b'{"id":01,"op":"hello"}', b"{}{}", b"[" * 5000, b'{"id":1,"op":"\xc3("}'):
            control = Control(engine.control_path)
            control.send_raw(struct.pack("!I", len(message)) + message)
            answer = control.receive()
            assert (answer["ok"], answer["code"]) == (False, "json-invalid"), message
            assert control.socket.recv(1) == b""
        assert engine.ask("hello")


def test_too_long_messages_cut_the_client_off():
    with Lab() as lab:
        engine, _ = patched(lab)
        for length in (16 * 1024 * 1024 + 1, 0xFFFFFFFF):
            control = Control(engine.control_path)
            control.send_raw(struct.pack("!I", length))
            assert control.socket.recv(1) == b""
        # The longest that is allowed is read, and found to be no JSON.
        control = Control(engine.control_path)
        control.send_raw(struct.pack("!I", 16 * 1024 * 1024) + b" " * (16 * 1024 * 1024))
        assert control.receive()["code"] == "json-invalid"
        assert engine.ask("hello")


def test_messages_may_come_in_pieces_and_in_heaps():
    with Lab() as lab:
        engine, _ = patched(lab)
        control = Control(engine.control_path)
        message = json.dumps({"id": 1, "op": "hello"}).encode()
        for octet in struct.pack("!I", len(message)) + message:
            control.send_raw(bytes([octet]))
            time.sleep(0.0005)
        assert control.receive()["id"] == 1
        heap = b"".join(
            struct.pack("!I", len(m)) + m for m in (json.dumps({"id": n, "op": "stats"}).encode() for n in range(2000))
        )
        control.send_raw(heap)
        control.socket.shutdown(socket.SHUT_WR)
        assert [control.receive()["id"] for _ in range(2000)] == list(range(2000))
        assert control.socket.recv(1) == b""


def test_a_client_that_does_not_read_holds_up_nobody():
    with Lab() as lab:
        engine, probe = patched(lab)
        slow = Control(engine.control_path)
        slow.socket.setblocking(False)
        message = json.dumps({"id": 1, "op": "program"}).encode()
        stuffed = 0
        try:
            while stuffed < 64 << 20:
                stuffed += slow.socket.send((struct.pack("!I", len(message)) + message) * 500)
        except BlockingIOError:
            pass
        collector = Collector(probe)
        begin = time.monotonic()
        for n in range(20):
            assert engine.ask("hello")
            send(probe, ("h1", frame(n)))
            collector.take(1)
        assert time.monotonic() - begin < 2
        with open(f"/proc/{engine.popen.pid}/statm") as file:
            assert int(file.read().split()[1]) * 4096 < 128 << 20
        # It gets its answers when it reads at last.
        slow.socket.settimeout(5)
        assert slow.receive()["id"] == 1


def test_many_clients_are_served_and_too_many_turned_away():
    with Lab() as lab:
        engine, _ = patched(lab)
        clients = [Control(engine.control_path) for _ in range(31)]
        assert all(client.ask("hello") for client in clients)
        extra = Control(engine.control_path)
        assert extra.socket.recv(1) == b""
        for client in clients:
            client.close()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            try:
                assert Control(engine.control_path).ask("hello")
                return
            except (EOFError, OSError):
                time.sleep(0.01)
        raise AssertionError("no room after the others have left")


def test_random_octets_do_no_harm():
    with Lab() as lab:
        engine, probe = patched(lab)
        dice = random.Random(int(os.environ.get("ZT_SEED", "1")))
        words = [b'{"id":', b"1", b',"op":', b'"load"', b'"set-vni"', b'"flush"', b"}", b'"interface"', b":", b",", b"[", b"\x00"]
        for _ in range(300):
            message = b"".join(dice.choice(words) if dice.random() < 0.8 else dice.randbytes(3) for _ in range(dice.randrange(20)))
            control = Control(engine.control_path)
            length = len(message) if dice.random() < 0.8 else dice.randrange(2**32)
            control.send_raw(struct.pack("!I", length) + message)
            control.close()
        send(probe, ("h1", frame()))
        Collector(probe).take(1)
        assert engine.stop() == 0


def test_second_engine_at_the_same_socket_is_refused_and_the_first_goes_on():
    with Lab() as lab:
        engine, _ = patched(lab)
        lab.add("m")
        lab.cable("m", "eth1.phy", "m", "other1")
        lab.cable("m", "eth2.phy", "m", "other2")
        os.symlink(engine.control_path, lab.folder / "m.sock")
        try:
            lab.engine("m", programs.patch())
        except AssertionError as error:
            assert "control-socket" in str(error)
        else:
            raise AssertionError("two engines serve one socket")
        assert engine.ask("hello")


def test_statistics_page_tells_what_stats_tells():
    with Lab() as lab:
        engine, probe = patched(lab)
        send(probe, *(("h1", frame(n)) for n in range(30)))
        Collector(probe).take(30)
        answer = engine.ask("stats")
        page = read_stats(engine.stats)
        assert (page["magic"], page["version"], page["kind"]) == (0x315354415453545A, 1, 1)
        assert (page["pid"], page["inputs"], page["outputs"]) == (engine.popen.pid, answer["inputs"], answer["outputs"])
        for port, entry in zip(answer["ports"], page["entries"]):
            assert (port["interface"], port["rx"], port["tx"]) == (entry["id"], entry["rx"], entry["tx"])
            assert entry["flags"] == 3 and entry["xdp"] == entry["rx"]
        assert page["entries"][0]["rx"] == 30 and page["entries"][1]["tx"] == 30
        engine.stop()
        assert read_stats(engine.stats)["state"] == 3
