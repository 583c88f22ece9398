# SPDX-License-Identifier: Apache-2.0
"""What the engine and the probe refuse at start, and what they do when rings are full."""
import json
import os
import pathlib
import signal
import subprocess
import time

import frames
import programs
from harness import BUILD, Collector, Control, Lab, b64, patched, proves, read_stats, replays, send
from programs import host_address, host_mac


def start(lab, namespace, *argv):
    """Exit status and standard error of something that ends by itself."""
    result = subprocess.run(
        ["nsenter", f"--net=/run/netns/{lab.name(namespace)}", *map(str, argv)], capture_output=True, text=True,
        timeout=20, check=False,
    )
    return result.returncode, result.stderr


def engine(lab, program, *more):
    return start(lab, "n", BUILD / "ztos-fpe", "run", "--control", lab.folder / "s", "--program",
                 lab.file("p.json", program), *more)


def frame(trace=1, size=0):
    return frames.udp_frame(
        host_mac(2), host_mac(1), host_address(1), host_address(2), size=size, trace=trace
    )


def wired(lab, ports=2):
    lab.add("n", "h")
    for port in range(1, ports + 1):
        lab.cable("n", f"eth{port}.phy", "h", f"eth{port}")


def test_mtu_above_the_profile_exits_3_and_names_the_limit():
    with Lab() as lab:
        wired(lab)
        status, said = engine(lab, programs.patch(mtu=1779))
        assert status == 3 and "port-mtu" in said and "1792" in said and "1778" in said and "eth1" in said
        link = json.loads(lab.ip("-n", lab.name("n"), "-json", "link", "show", "eth1.phy").stdout)[0]
        assert "xdp" not in link
        assert not (lab.folder / "s").exists()


def test_missing_devices_are_named():
    with Lab() as lab:
        wired(lab, ports=1)
        status, said = engine(lab, programs.patch())
        assert status == 1 and "port-missing" in said and "eth2.phy" in said
        status, said = engine(lab, programs.patch(ports=1, tap=True))
        assert status == 1 and "tap-missing" in said and "ip tuntap add dev eth1 mode tap" in said
        # A device of the TAP's name that is no TAP.
        lab.ip("-n", lab.name("n"), "link", "add", "eth1", "type", "veth", "peer", "name", "x")
        status, said = engine(lab, programs.patch(ports=1, tap=True))
        assert status == 1 and "tap-open" in said


def test_device_with_two_receive_queues_is_refused():
    with Lab() as lab:
        wired(lab)
        if lab.within("n", "ethtool", "-L", "eth1.phy", "rx", "2", check=False).returncode != 0:
            from harness import Skip
            raise Skip("this host gives a veth one queue only")
        status, said = engine(lab, programs.patch())
        assert status == 3 and "port-queues" in said and "ethtool -L eth1.phy rx 1" in said


def test_wrong_flags_and_files_exit_2():
    with Lab() as lab:
        wired(lab)
        good = programs.patch()
        for flags in (("--ring", "100000"), ("--ring", "x"), ("--cache", "maybe"), ("--owner-uid", "-1"), ("--nope",),
                      ("more",), ("--mutant", "no-such")):
            status, said = engine(lab, good, *flags)
            assert (status, said.count("\n")) == (2, 1) or "unrecognized" in said and status == 2, (flags, status, said)
        assert engine(lab, good, "--ring", "100")[0] == 2
        assert start(lab, "n", BUILD / "ztos-fpe", "run", "--control", "x")[0] == 2
        for text in ("", "{", "{}", "[]", json.dumps({**good, "version": 2})):
            status, said = engine(lab, text)
            assert status == 2 and "p.json" in said, (text, status, said)
        status, said = engine(lab, programs.leaf(1, sealed=True))
        assert status == 2 and "keys-missing" in said
        assert engine(lab, good, "--keys", "/no/such/file")[0] == 2
        open_to_all = lab.file("keys", "{}")
        os.chmod(open_to_all, 0o644)
        assert engine(lab, good, "--keys", str(open_to_all))[0] == 2
        assert engine(lab, good, "--journal", "/no/such/folder/j")[0] == 1
        assert engine(lab, good, "--stats", "/no/such/folder/s")[0] == 1
        status, said = start(lab, "n", BUILD / "ztos-fpe", "run", "--program", lab.file("p.json", good), "--control",
                             "/tmp/" + "x" * 108)
        assert status == 2 and "control-socket" in said


def test_probe_refuses_wrong_configurations():
    with Lab() as lab:
        lab.add("h")
        host = {"id": "h", "netns": lab.name("h"), "ifname": "eth0", "mac": host_mac(1), "addresses": [], "mtu": 1500}
        right = {"format": "ztos-probe", "version": 1, "hosts": [host], "links": []}
        for change, word in (
            ({"version": 2}, "/version"), ({"format": "x"}, "/format"), ({"hosts": {}}, "/hosts"), ({"more": 1}, "member"),
            ({"hosts": [{**host, "mac": "02:00:00:00:00"}]}, "/hosts/0/mac"),
            ({"hosts": [{**host, "addresses": ["10.0.0.1"]}]}, "/hosts/0/addresses"),
            ({"hosts": [{**host, "addresses": ["10.0.0.1/33"]}]}, "/hosts/0/addresses"),
            ({"hosts": [{**host, "addresses": ["fd00::1/64"] * 17}]}, "/hosts/0/addresses"),
            ({"hosts": [{**host, "io": "magic"}]}, "/hosts/0/io"), ({"hosts": [host, host]}, "same id"),
            ({"hosts": [{**host, "ifname": "x" * 16}]}, "/hosts/0/ifname"), ({"hosts": [{**host, "extra": 1}]}, "/hosts/0"),
            ({"links": [{"id": "l", "netns": lab.name("h")}]}, "/links/0/ifname"),
        ):
            status, said = start(lab, "h", BUILD / "ztos-probe", "--control", lab.folder / "s", "--config",
                                 lab.file("c.json", {**right, **change}))
            assert status == 2 and word in said, (change, status, said)
        for change, word in (({}, "port-missing"), ({"netns": "zt-no-such"}, "zt-no-such")):
            status, said = start(lab, "h", BUILD / "ztos-probe", "--control", lab.folder / "s", "--config",
                                 lab.file("c.json", {**right, "hosts": [{**host, **change}]}))
            assert status == 1 and word in said and "h" in said, (change, status, said)


def test_fifo_where_a_file_is_wanted_is_refused_and_not_waited_for():
    with Lab() as lab:
        wired(lab)
        fifo = lab.folder / "fifo"
        os.mkfifo(fifo, 0o600)
        socket = lab.folder / "s"
        good = lab.file("good.json", programs.patch())
        for argv in (
            ("ztos-fpe", "run", "--control", socket, "--program", fifo),
            ("ztos-fpe", "run", "--control", socket, "--program", good, "--keys", fifo),
            ("ztos-fpe", "replay", "--journal", fifo),
            ("ztos-fpe", "replay", "--program", fifo, "--pcap-in", f"1={good}"),
            ("ztos-fpe", "replay", "--program", good, "--pcap-in", f"1={fifo}"),
            ("ztos-probe", "--control", socket, "--config", fifo),
            ("ztos-probe", "--control", socket, "--config", lab.folder),
        ):
            status, said = start(lab, "n", BUILD / argv[0], *argv[1:])
            wrong = lab.folder if lab.folder in argv else fifo
            assert status == 2 and "regular file" in said and f"{wrong}: " in said, (argv, status, said)
        # Its input would be gone.
        for flag in ("--out", "--tables"):
            status, said = start(lab, "n", BUILD / "ztos-fpe", "replay", "--journal", good, flag, good)
            assert status == 2 and "is an input too" in said and pathlib.Path(good).read_text().startswith("{"), said
        # Nobody reads it.
        status, said = start(lab, "n", BUILD / "ztos-fpe", "run", "--control", socket, "--program", good, "--journal", fifo)
        assert status == 1 and str(fifo) in said, (status, said)


@proves("O06")
def test_full_receive_ring_drops_and_counts_every_frame():
    with Lab() as lab:
        process, probe = patched(lab, "--ring", "64")
        collector = Collector(probe)
        process.popen.send_signal(signal.SIGSTOP)
        sent = [frame(n) for n in range(200)]
        for n in range(0, 200, 50):
            send(probe, *(("h1", f) for f in sent[n:n + 50]))
        process.popen.send_signal(signal.SIGCONT)
        arrived = [data for _, data, _ in collector.take(64)] + [data for _, data, _ in collector.take()]
        port = process.ask("stats")["ports"][0]
        assert port["rx"] + port["rxDropped"] == 200 and port["rxDropped"] > 0
        assert arrived == sent[:port["rx"]]
        entry = read_stats(process.stats)["entries"][0]
        assert (entry["rx"], entry["rxDropped"], entry["xdp"]) == (port["rx"], port["rxDropped"], 200)
        # It goes on as if nothing had been.
        send(probe, ("h1", frame(999)))
        assert collector.take(1) == [("h2", frame(999), False)]
        process.stop()
        replays(process.journal)


@proves("O06", "O15")
def test_burst_beyond_the_transmit_ring_loses_nothing_uncounted():
    with Lab() as lab:
        # One frame in, 8 copies out each: 64 slots are filled many times over.
        lab.add("n", *(f"h{n}" for n in range(1, 10)))
        for port in range(1, 10):
            lab.cable("n", f"eth{port}.phy", f"h{port}", "eth0")
        process = lab.engine("n", programs.patch(ports=9), "--ring", "64")
        probe = lab.probe({f"h{n}": (f"h{n}", "eth0", host_mac(n), []) for n in range(1, 10)}, (), "--ring", "2048")
        flood = frames.udp_frame(frames.BROADCAST, host_mac(1), host_address(1), "10.0.0.255")
        for _ in range(40):
            send(probe, *[("h1", flood)] * 32)
        deadline = time.monotonic() + 5
        while True:
            stats = process.ask("stats")["ports"]
            arrived = sum(host["rx"] for host in probe.ask("stats")["hosts"])
            wanted = 8 * stats[0]["rx"]
            sent = sum(port["tx"] for port in stats)
            lost = sum(port["txDropped"] for port in stats)
            if stats[0]["rx"] + stats[0]["rxDropped"] == 1280 and sent + lost == wanted and arrived == sent:
                break
            assert time.monotonic() < deadline, (stats, arrived, wanted)
            time.sleep(0.01)
        assert arrived > 0
        # Chunks come back: it goes on as if nothing had been.
        collector = Collector(probe)
        collector.take()
        for n in range(0, 256, 32):
            send(probe, *(("h1", frame(1000 + m)) for m in range(n, n + 32)))
            assert len(collector.take(32 * 8)) == 32 * 8
        process.stop()
        replays(process.journal)


@proves("O06", "O15")
def test_device_that_is_down_keeps_what_its_ring_holds_counts_the_rest_and_sends_when_it_is_up():
    with Lab() as lab:
        process, probe = patched(lab, "--ring", "64")
        collector = Collector(probe)
        # The host's own end stays: frames for it end at the engine's.
        lab.ip("-n", lab.name("n"), "link", "set", "eth2.phy", "down")
        sent = [frame(n) for n in range(96)]
        deadline = time.monotonic() + 5
        for n in range(16, 112, 16):
            send(probe, *(("h1", f) for f in sent[n - 16:n]))
            # Each batch is taken before the next is sent: the receive ring, as small, is not what overflows here.
            while True:
                received, device = process.ask("stats")["ports"]
                if received["rx"] == n and device["txDropped"] == max(0, n - 64):
                    break
                assert time.monotonic() < deadline, (received, device)
                time.sleep(0.001)
        lab.ip("-n", lab.name("n"), "link", "set", "eth2.phy", "up")
        assert collector.take(64) == [("h2", f, False) for f in sent[:64]]
        send(probe, ("h1", frame(999)))
        assert collector.take(1) == [("h2", frame(999), False)]
        _, device = process.ask("stats")["ports"]
        assert (device["tx"], device["txDropped"]) == (65, 32)
        process.stop()
        replays(process.journal)


@proves("O06")
def test_frames_too_long_for_the_socket_are_counted_not_cut():
    with Lab() as lab:
        lab.add("n", "h1", "h2")
        for port in (1, 2):
            lab.cable("n", f"eth{port}.phy", f"h{port}", "eth0", mtu=2000)
        process = lab.engine("n", programs.patch())
        probe = lab.probe({
            "h1": ("h1", "eth0", host_mac(1), [], {"io": "af_packet"}), "h2": ("h2", "eth0", host_mac(2), []),
        })
        send(probe, ("h1", frame(1, size=1900)), ("h1", frame(2, size=1793)), ("h1", frame(3)))
        assert Collector(probe).take(1) == [("h2", frame(3), False)]
        port = process.ask("stats")["ports"][0]
        assert (port["rx"], port["rxDropped"]) == (1, 2)


def test_frames_above_the_port_mtu_end_in_the_machine():
    with Lab() as lab:
        process, probe = patched(lab)
        send(probe, ("h1", frame(1, size=1515)), ("h1", frame(2, size=1792)), ("h1", frame(3, size=1514)))
        assert Collector(probe).take(1) == [("h2", frame(3, size=1514), False)]
        assert process.ask("stats")["fates"] == {"frame-oversize": 2}


def test_killed_probe_leaves_an_engine_that_goes_on():
    with Lab() as lab:
        process, probe = patched(lab)
        send(probe, ("h1", frame()))
        Collector(probe).take(1)
        probe.kill()
        assert process.ask("stats")["ports"][0]["rx"] == 1
        # Sends to a host whose queue nobody serves are the receiver's loss, not the engine's.
        control = Control(process.control_path)
        assert control.ask("hello")
        assert b64(frame())
