# SPDX-License-Identifier: Apache-2.0
"""An engine that is gone leaves its ports closed."""
import json
import os
import signal
import socket
import time

import frames
from harness import Collector, Lab, patched, proves, read_journal, replays, run, send, two_leaves
from programs import host_address, host_mac


def xdp_of(lab, namespace, device):
    link = json.loads(run("ip", "-n", lab.name(namespace), "-json", "link", "show", device).stdout)[0]
    return link.get("xdp", {}).get("mode")


def flood(n=1):
    return frames.udp_frame(frames.BROADCAST, host_mac(1), host_address(1), "10.0.0.255", trace=n)


def listener(namespace):
    """An AF_PACKET socket that sees what XDP passes to the stack of a namespace."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        with open(f"/run/netns/{namespace}") as file:
            import ctypes

            assert ctypes.CDLL(None).setns(file.fileno(), 0) == 0
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        tap.settimeout(0.5)
        os.write(writer, b"r")
        count = 0
        try:
            while True:
                tap.recv(2048)
                count += 1
        except TimeoutError:
            os.write(writer, bytes([min(count, 255)]))
            os._exit(0)
    os.close(writer)
    os.read(reader, 1)

    def seen():
        count = os.read(reader, 1)[0]
        os.close(reader)
        os.waitpid(pid, 0)
        return count

    return seen


@proves("O32", "T03")
def test_kill_leaves_xdp_dropping_and_the_stack_sees_nothing():
    with Lab() as lab:
        engine, probe = patched(lab)
        send(probe, ("h1", flood()))
        Collector(probe).take(1)
        engine.kill()
        assert xdp_of(lab, "n", "eth1.phy") == xdp_of(lab, "n", "eth2.phy") == 1
        seen = listener(lab.name("n"))
        send(probe, *[("h1", flood())] * 10)
        assert seen() == 0
        assert Collector(probe).take()[1:] == []


@proves("O32", "T03")
def test_orderly_end_leaves_xdp_dropping_unless_told_to_detach():
    for flags, mode in (((), 1), (("--detach",), None)):
        with Lab() as lab:
            engine, _ = patched(lab, *flags)
            assert engine.stop() == 0
            assert xdp_of(lab, "n", "eth1.phy") == xdp_of(lab, "n", "eth2.phy") == mode


def test_engine_comes_back_after_a_kill_over_its_old_programs():
    with Lab() as lab:
        (one, _), probe = two_leaves(lab)
        collector = Collector(probe)
        first = frames.udp_frame(host_mac(2), host_mac(1), host_address(1), host_address(2), trace=1)
        send(probe, ("h1", first))
        collector.take(1)
        one.kill()
        again = lab.engine("l1", json.loads((lab.folder / "l1.json").read_text()))
        send(probe, ("h1", first))
        assert collector.take(1) == [("h2", first, False)]
        assert again.stop() == 0


def test_killed_engine_leaves_a_journal_that_reads_and_replays():
    with Lab() as lab:
        engine, probe = patched(lab)
        for n in range(50):
            send(probe, ("h1", flood(n)))
        Collector(probe).take(50)
        assert engine.ask("sync")["journalBytes"] == engine.journal.stat().st_size
        engine.kill()
        records, complete = read_journal(engine.journal)
        assert not complete
        assert sum(kind == "tx" for kind, *_ in records) == 50
        replays(engine.journal)


def test_sigterm_ends_in_order():
    with Lab() as lab:
        engine, probe = patched(lab)
        send(probe, ("h1", flood()))
        Collector(probe).take(1)
        engine.popen.send_signal(signal.SIGTERM)
        assert engine.popen.wait(5) == 0
        assert read_journal(engine.journal)[1]
        assert not os.path.exists(engine.control_path)


@proves("O32")
def test_xdp_taken_off_under_a_running_engine_is_attached_again():
    with Lab() as lab:
        engine, probe = patched(lab)
        collector = Collector(probe)
        for turn in (1, 2):
            lab.ip("-n", lab.name("n"), "link", "set", "dev", "eth1.phy", "xdp", "off")
            deadline = time.monotonic() + 5
            while engine.log().count("eth1.phy: the XDP program was taken off and is attached again") < turn:
                assert time.monotonic() < deadline, engine.log()
                time.sleep(0.005)
            assert xdp_of(lab, "n", "eth1.phy") == 1
            send(probe, ("h1", flood(turn)))
            assert collector.take(1) == [("h2", flood(turn), False)]
        assert engine.stop() == 0
        replays(engine.journal)


@proves("O15")
def test_device_taken_away_is_noticed_and_the_rest_goes_on():
    with Lab() as lab:
        engine, _ = patched(lab)
        lab.ip("-n", lab.name("n"), "link", "del", "eth2.phy")
        deadline = time.monotonic() + 5
        while "eth2.phy: the device is gone" not in engine.log():
            assert time.monotonic() < deadline, engine.log()
            time.sleep(0.01)
        before = os.times()
        used = cpu_of(engine.popen.pid)
        time.sleep(0.3)
        # It sleeps: no descriptor of the lost device keeps waking it.
        assert cpu_of(engine.popen.pid) - used <= 2, (before, used)
        assert len(engine.ask("stats")["ports"]) == 2
        assert engine.stop() == 0


def cpu_of(pid):
    """Clock ticks used so far."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_idle_engine_sleeps():
    with Lab() as lab:
        engine, _ = patched(lab)
        used = cpu_of(engine.popen.pid)
        time.sleep(1.2)
        assert cpu_of(engine.popen.pid) - used <= 2
