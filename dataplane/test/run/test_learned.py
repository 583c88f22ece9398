# SPDX-License-Identifier: Apache-2.0
"""`learned`: what the node has heard on its own ports, told when it changes."""
import socket
import struct
import threading
import time

import frames
import programs
from harness import Collector, Control, Lab, patched, replays, send, two_leaves
from programs import host_address, host_mac

MAC = host_mac(1)


def frame(trace=1, source=MAC):
    return frames.udp_frame(host_mac(2), source, host_address(1), host_address(2), trace=trace)


def macs(answer):
    return [entry["mac"] for entry in answer["fdb"]]


def test_it_is_told_at_once_unless_the_asker_knows_it_already():
    with Lab() as lab:
        engine, probe = patched(lab)
        first = engine.ask("learned")
        assert (first["fdb"], first["neighbours"]) == ([], [])
        assert engine.ask("learned", since=0, wait=60000)["version"] == first["version"]
        send(probe, ("h1", frame()))
        Collector(probe).take(1)
        second = engine.ask("learned", since=first["version"], wait=60000)
        assert second["fdb"] == [{"bridge": 100, "mac": MAC, "interface": 1}]
        assert second["version"] > first["version"]
        # Without a wait, and with one that ends.
        assert engine.ask("learned", since=second["version"]) == {**second, "id": engine.control.next}
        begin = time.monotonic()
        assert macs(engine.ask("learned", since=second["version"], wait=200)) == [MAC]
        assert 0.19 < time.monotonic() - begin < 2
        assert engine.stop() == 0
        replays(engine.journal)


def test_who_waits_is_told_when_something_is_heard_and_holds_up_nobody():
    with Lab() as lab:
        engine, probe = patched(lab)
        collector = Collector(probe)
        waiting = Control(engine.control_path)
        version = waiting.ask("learned")["version"]
        waiting.send({"id": 7, "op": "learned", "since": version, "wait": 60000})
        waiting.send({"id": 8, "op": "hello"})
        begin = time.monotonic()
        for _ in range(20):
            assert engine.ask("hello")
        assert time.monotonic() - begin < 2
        waiting.socket.settimeout(0.2)
        try:
            raise AssertionError(waiting.receive())
        except TimeoutError:
            pass
        waiting.socket.settimeout(10)
        begin = time.monotonic()
        send(probe, ("h1", frame()))
        answer = waiting.receive()
        assert time.monotonic() - begin < 0.5
        assert (answer["id"], macs(answer)) == (7, [MAC])
        # What came behind it on its connection is answered behind it.
        assert waiting.receive()["id"] == 8
        collector.take(1)
        # Seen again, nothing is new.
        waiting.send({"id": 9, "op": "learned", "since": answer["version"], "wait": 300})
        send(probe, *(("h1", frame(n)) for n in range(50)))
        collector.take(50)
        again = waiting.receive()
        assert again["version"] == answer["version"]


def test_many_wait_and_each_is_told():
    with Lab() as lab:
        engine, probe = patched(lab)
        clients = [Control(engine.control_path) for _ in range(20)]
        version = engine.ask("learned")["version"]
        for client in clients:
            client.send({"id": 1, "op": "learned", "since": version, "wait": 30000})
        gone = clients.pop()
        gone.close()
        send(probe, ("h1", frame()))
        assert {tuple(macs(client.receive())) for client in clients} == {(MAC,)}
        # Different times to wait, each its own.
        version = engine.ask("learned")["version"]
        begin = time.monotonic()
        ends = []

        def wait(client, milliseconds):
            client.ask("learned", since=version, wait=milliseconds)
            ends.append((milliseconds, (time.monotonic() - begin) * 1000))

        threads = [threading.Thread(target=wait, args=(client, ms)) for client, ms in zip(clients, (500, 100, 300))]
        for client in clients:
            client.next = 1
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert [ms for ms, _ in ends] == [100, 300, 500]
        assert all(ms - 5 < end < ms + 1000 for ms, end in ends), ends


def test_ageing_and_flushing_and_loading_wake_who_waits():
    with Lab() as lab:
        program = programs.patch()
        lab.add("n", "h1", "h2")
        for port in (1, 2):
            lab.cable("n", f"eth{port}.phy", f"h{port}", "eth0")
        program["interfaces"][-1]["ageing"] = 700_000_000
        engine = lab.engine("n", program)
        probe = lab.probe({f"h{n}": (f"h{n}", "eth0", host_mac(n), [f"{host_address(n)}/24"]) for n in (1, 2)})
        collector = Collector(probe)
        send(probe, ("h1", frame()))
        collector.take(1)
        begin = time.monotonic()
        heard = engine.ask("learned")
        # Not at the next tick of a clock, but when it is old enough.
        aged = engine.ask("learned", since=heard["version"], wait=30000)
        assert aged["fdb"] == [] and 0.5 < time.monotonic() - begin < 0.9
        for change in (
            lambda: engine.ask("flush", table="fdb"),
            lambda: engine.ask("load", program=program),
            lambda: engine.ask("advance-time", ns=700_000_000),
            lambda: engine.ask("apply", changes=[{
                "table": "fdb", "bridge": 100, "mac": MAC, "to": {"interface": 2, "sticky": False}}]),
        ):
            send(probe, ("h1", frame()))
            collector.take(1)
            waiting = Control(engine.control_path)
            version = waiting.ask("learned")["version"]
            waiting.send({"id": 9, "op": "learned", "since": version, "wait": 30000})
            time.sleep(0.02)
            change()
            assert waiting.receive()["fdb"] == []
            waiting.close()
        assert engine.stop() == 0
        replays(engine.journal)


def test_bindings_are_told_with_the_macs_that_were_heard():
    with Lab() as lab:
        (one, _), probe = two_leaves(lab)
        program = programs.leaf(1)
        next(i for i in program["interfaces"] if i["kind"] == "irb")["suppress"] = True
        one.ask("load", program=program)
        request = frames.arp(1, host_mac(1), host_address(1), "00:00:00:00:00:00", "10.0.0.1")
        send(probe, ("h1", request))
        deadline = time.monotonic() + 5
        while not (answer := one.ask("learned"))["neighbours"]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert answer["fdb"] == [{"bridge": 10, "mac": MAC, "interface": 2}]
        assert answer["neighbours"] == [{"interface": 12, "address": host_address(1), "mac": MAC}]


def test_a_waiting_client_that_dies_or_says_no_more_is_dealt_with():
    with Lab() as lab:
        engine, probe = patched(lab)
        version = engine.ask("learned")["version"]
        # It says no more, and still listens.
        half = Control(engine.control_path)
        half.send({"id": 5, "op": "learned", "since": version, "wait": 300})
        half.send({"id": 6, "op": "hello"})
        half.socket.shutdown(socket.SHUT_WR)
        assert [half.receive()["id"], half.receive()["id"]] == [5, 6]
        assert half.socket.recv(1) == b""
        # A flood of requests behind one that waits stays where it is.
        stuffed = Control(engine.control_path)
        stuffed.send({"id": 5, "op": "learned", "since": version, "wait": 2000})
        stuffed.socket.setblocking(False)
        message = b'{"id":1,"op":"program"}'
        try:
            for _ in range(1000):
                stuffed.socket.send((struct.pack("!I", len(message)) + message) * 1000)
        except BlockingIOError:
            pass
        before = used_cpu(engine.popen.pid)
        time.sleep(0.5)
        assert used_cpu(engine.popen.pid) - before < 0.25
        stuffed.socket.setblocking(True)
        stuffed.socket.settimeout(10)
        assert stuffed.receive()["id"] == 5
        assert stuffed.receive()["id"] == 1
        # All places are free again when those who wait are gone.
        for _ in range(3):
            clients = [Control(engine.control_path) for _ in range(28)]
            for client in clients:
                client.send({"id": 5, "op": "learned", "since": version, "wait": 60000})
            for client in clients:
                client.close()
            time.sleep(0.1)
        assert engine.ask("hello")
        assert engine.stop() == 0


def used_cpu(pid):
    """Seconds that a process has run."""
    with open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[0]) / 1e9
