# SPDX-License-Identifier: Apache-2.0
"""Captures see what arrives on a port and what leaves by it, where tcpdump is blind."""
import shutil
import stat
import struct

import frames
from harness import Collector, Lab, Refused, patched, run, send
from programs import host_address, host_mac


def read_pcapng(path):
    """[(time ns, direction, frame, length)] and (received, dropped) of the statistics block."""
    data = path.read_bytes()
    packets, statistics, at = [], None, 0
    while at < len(data):
        kind, total = struct.unpack_from("<II", data, at)
        assert total % 4 == 0 and struct.unpack_from("<I", data, at + total - 4)[0] == total
        body = data[at + 8:at + total - 4]
        if kind == 6:
            _, high, low, kept, length = struct.unpack_from("<IIIII", body)
            options = body[20 + (kept + 3) // 4 * 4:]
            assert struct.unpack_from("<HH", options) == (2, 4)
            packets.append((high << 32 | low, struct.unpack_from("<I", options, 4)[0], body[20:20 + kept], length))
        if kind == 5:
            statistics = struct.unpack_from("<Q", body, 16)[0], struct.unpack_from("<Q", body, 28)[0]
        at += total
    assert at == len(data)
    return packets, statistics


def frame(source, destination, trace, size=0):
    return frames.udp_frame(
        host_mac(destination), host_mac(source), host_address(source), host_address(destination), size=size, trace=trace
    )


def test_both_directions_are_captured_whole_and_in_time():
    with Lab() as lab:
        engine, probe = patched(lab)
        collector = Collector(probe)
        path = lab.folder / "eth1.pcapng"
        engine.ask("capture", interface=1, file=str(path))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        there = [frame(1, 2, n, 100 + 100 * n) for n in range(10)]
        back = [frame(2, 1, n, 1514) for n in range(10, 20)]
        for out, home in zip(there, back):
            send(probe, ("h1", out))
            collector.take(1)
            send(probe, ("h2", home))
            collector.take(1)
        engine.ask("sync")
        answer = engine.ask("capture", interface=1, file=None)
        assert (answer["frames"], answer["lost"]) == (20, 0)
        packets, statistics = read_pcapng(path)
        assert statistics == (20, 0)
        wanted = [x for pair in zip(((1, f) for f in there), ((2, f) for f in back)) for x in pair]
        assert [(direction, data) for _, direction, data, _ in packets] == wanted
        times = [time for time, *_ in packets]
        assert times == sorted(times)
        # None of it after the end.
        send(probe, ("h1", there[0]))
        collector.take(1)
        engine.ask("sync")
        assert len(read_pcapng(path)[0]) == 20


def test_tshark_reads_the_file():
    with Lab() as lab:
        if shutil.which("tshark") is None:
            from harness import Skip
            raise Skip("tshark is not installed")
        engine, probe = patched(lab)
        path = lab.folder / "eth1.pcapng"
        engine.ask("capture", interface=1, file=str(path))
        send(probe, ("h1", frame(1, 2, 1, 200)), ("h1", frame(1, 2, 2, 300)))
        Collector(probe).take(2)
        engine.ask("capture", interface=1, file=None)
        lines = run("tshark", "-r", str(path), "-T", "fields", "-e", "frame.interface_name", "-e", "frame.len", "-e",
                    "udp.dstport").stdout.splitlines()
        assert lines == ["eth1\t200\t2000", "eth1\t300\t2000"]


def test_lost_copies_are_counted_and_no_frame_is():
    with Lab() as lab:
        engine, probe = patched(lab, "--ring", "4096")
        path = lab.folder / "eth1.pcapng"
        engine.ask("capture", interface=1, file=str(path))
        # Stopped, the engine drains nothing: 4 MiB hold some 2300 copies of a 1808-octet record.
        engine.popen.send_signal(19)
        sent = 3000
        for n in range(0, sent, 500):
            send(probe, *(("h1", frame(1, 2, n + i)) for i in range(500)))
        engine.popen.send_signal(18)
        answer = engine.ask("capture", interface=1, file=None)
        assert answer["lost"] > 0
        packets, (received, lost) = read_pcapng(path)
        inbound = [data for _, direction, data, _ in packets if direction == 1]
        assert len(inbound) + lost == sent and lost == answer["lost"] and received == len(packets) + lost


def test_captures_are_refused_when_they_cannot_be():
    with Lab() as lab:
        engine, _ = patched(lab)
        path = lab.folder / "a.pcapng"
        for more, code in (
            ({"interface": 77, "file": str(path)}, "unknown-interface"),
            ({"interface": 100, "file": str(path)}, "unknown-interface"),
            ({"interface": 1, "file": None}, "capture-none"),
            ({"interface": 1, "file": str(lab.folder / "no" / "such")}, "capture-file"),
            ({"interface": 1, "file": ""}, "request-invalid"),
            ({"interface": 1, "file": 7}, "request-invalid"),
            ({"interface": 1}, "request-invalid"),
        ):
            assert refusal(engine, **more) == code, more
        # A file that is there is never written over, nor is a link followed.
        path.write_text("precious")
        assert refusal(engine, interface=1, file=str(path)) == "capture-file"
        (lab.folder / "link").symlink_to(lab.folder / "target")
        assert refusal(engine, interface=1, file=str(lab.folder / "link")) == "capture-file"
        assert path.read_text() == "precious" and not (lab.folder / "target").exists()
        engine.ask("capture", interface=1, file=str(lab.folder / "b.pcapng"))
        assert refusal(engine, interface=1, file=str(lab.folder / "c.pcapng")) == "capture-running"
        # An orderly end closes the file.
        assert engine.stop() == 0
        assert read_pcapng(lab.folder / "b.pcapng")[1] == (0, 0)


def refusal(engine, **more):
    try:
        engine.ask("capture", **more)
    except Refused as refused:
        return refused.code
    return None
