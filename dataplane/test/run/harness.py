# SPDX-License-Identifier: Apache-2.0
"""Namespaces, processes and control sockets for the tests here. Everything a test makes is gone when it ends."""
import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import programs

BUILD = pathlib.Path(os.environ.get("ZT_BUILD") or pathlib.Path(__file__).parents[2] / "build")
# Without sanitizers, which clear the stack where an engine that is shipped must do so by itself.
SHIPPED = (BUILD.parent if BUILD.name == "sanitize" else BUILD) / "ztos-fpe"
PHY_MTU = 1778


# In a build of mutants, which of them the engines are; `none`: that build as it is.
MUTANT = os.environ.get("ZT_RUN_MUTANT")


def proves(*rows):
    """Marks a test as proof of rows of docs/features.tsv."""
    def mark(function):
        function.rows = rows
        return function

    return mark


class Skip(Exception):
    """A test that cannot run here, and why."""


class Refused(Exception):
    """An answer that says no."""

    def __init__(self, answer):
        super().__init__(f"{answer.get('code')}: {answer.get('message')}")
        self.code = answer.get("code")
        self.answer = answer


class Control:
    """A client of a control socket."""

    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.next = 0

    def send_raw(self, data):
        self.socket.sendall(data)

    def send(self, message):
        data = json.dumps(message).encode()
        self.send_raw(struct.pack("!I", len(data)) + data)

    def receive(self):
        length = struct.unpack("!I", self._exactly(4))[0]
        return json.loads(self._exactly(length))

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(min(1 << 20, count - len(data)))
            if not more:
                raise EOFError("the connection was closed")
            data += more
        return data

    def ask(self, op, **more):
        self.next += 1
        self.send({"id": self.next, "op": op, **more})
        answer = self.receive()
        if answer.get("id") != self.next:
            raise AssertionError(f"answer to {self.next} has id {answer.get('id')}")
        if not answer.get("ok"):
            raise Refused(answer)
        return answer

    def close(self):
        self.socket.close()


class Process:
    """An engine or a probe."""

    def __init__(self, argv, control, log):
        self.control_path = control
        self.log_path = log
        self.started = time.monotonic()
        reader, writer = os.pipe()
        with open(log, "ab") as output:
            self.popen = subprocess.Popen(
                [*argv, "--ready-fd", str(writer)], stdout=output, stderr=output, pass_fds=[writer]
            )
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            ready = pipe.readline()
        self.ready_after = time.monotonic() - self.started
        if ready != b"ready\n":
            raise AssertionError(f"{argv[0]} ended with {self.popen.wait(10)}: {self.log()}")
        self.control = Control(control)

    def ask(self, op, **more):
        return self.control.ask(op, **more)

    def log(self):
        return pathlib.Path(self.log_path).read_text(errors="replace")

    def stop(self):
        """Ends it in order; its exit status."""
        with contextlib.suppress(Refused, OSError, EOFError):
            self.ask("shutdown")
        return self.popen.wait(10)

    def kill(self):
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait(10)


class Lab:
    """Namespaces of one test, by name; `with Lab() as lab`."""

    counter = 0

    def __init__(self):
        Lab.counter += 1
        self.prefix = f"ztt{os.getpid()}-{Lab.counter}-"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="zt-run-", dir="/run"))
        self.namespaces = []
        self.processes = []
        self.indexes = {}

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in self.processes:
            if process.popen.poll() is None:
                process.kill()
            if kind is not None:
                print(process.log(), end="")
        for name in self.namespaces:
            subprocess.run(["ip", "netns", "del", name], check=False)
        shutil.rmtree(self.folder)

    def ip(self, *words):
        return run("ip", *words)

    def within(self, namespace, *argv, check=True):
        return run("ip", "netns", "exec", self.name(namespace), *argv, check=check)

    def name(self, namespace):
        return self.prefix + namespace

    def add(self, *namespaces):
        for namespace in namespaces:
            name = self.name(namespace)
            self.ip("netns", "add", name)
            self.namespaces.append(name)
            self.within(namespace, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                        "net.ipv6.conf.default.disable_ipv6=1")
            self.ip("-n", name, "link", "set", "lo", "up")

    def cable(self, a, a_device, b, b_device, mtu=PHY_MTU):
        """A veth pair, up at both ends."""
        self.ip("-n", self.name(a), "link", "add", a_device, "mtu", str(mtu), "type", "veth", "peer", "name", b_device,
                "mtu", str(mtu), "netns", self.name(b))
        for namespace, device in ((a, a_device), (b, b_device)):
            self.ip("-n", self.name(namespace), "link", "set", device, "up")
            self.within(namespace, "ethtool", "-K", device, "tx", "off")

    def tap(self, namespace, device, mac, mtu, *addresses):
        name = self.name(namespace)
        self.ip("-n", name, "tuntap", "add", "dev", device, "mode", "tap")
        self.ip("-n", name, "link", "set", device, "address", mac, "mtu", str(mtu), "up")
        for address in addresses:
            self.ip("-n", name, "addr", "add", address, "dev", device)

    def file(self, name, value):
        path = self.folder / name
        path.touch(0o600)
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return path

    def engine(self, namespace, program, *more, keys=None, journal=True, binary="ztos-fpe"):
        paths = {kind: self.folder / f"{namespace}.{kind}" for kind in ("sock", "ztj", "stats", "log")}
        if MUTANT:
            binary = "ztos-fpe-mutants"
            more += () if MUTANT == "none" else ("--mutant", MUTANT)
        argv = [
            "nsenter", f"--net=/run/netns/{self.name(namespace)}", str(BUILD / binary), "run",
            "--program", str(self.file(f"{namespace}.json", program)), "--control", str(paths["sock"]),
            "--stats", str(paths["stats"]),
        ]
        if journal:
            argv += ["--journal", str(paths["ztj"])]
        if keys:
            argv += ["--keys", str(self.file("keys.json", keys))]
        process = Process([*argv, *more], paths["sock"], paths["log"])
        process.journal = paths["ztj"]
        process.stats = paths["stats"]
        self.processes.append(process)
        return process

    def probe(self, hosts, links=(), *more):
        """`hosts`: id → (namespace, device, MAC, addresses); `links`: id → (namespace, device)."""
        config = {
            "format": "ztos-probe", "version": 1,
            "hosts": [
                {"id": id, "netns": self.name(place[0]), "ifname": place[1], "mac": place[2], "addresses": place[3],
                 "mtu": 1500, **(place[4] if len(place) > 4 else {})}
                for id, place in dict(hosts).items()
            ],
            "links": [
                {"id": id, "netns": self.name(place[0]), "ifname": place[1]} for id, place in dict(links).items()
            ],
        }
        paths = {kind: self.folder / f"probe.{kind}" for kind in ("sock", "stats", "log")}
        argv = [
            str(BUILD / "ztos-probe"), "--config", str(self.file("probe.json", config)), "--control",
            str(paths["sock"]), "--stats", str(paths["stats"]),
        ]
        process = Process([*argv, *more], paths["sock"], paths["log"])
        process.stats = paths["stats"]
        self.processes.append(process)
        return process

    def wire(self, namespace, links, *more):
        """A wire node in a namespace: `links` are its configuration."""
        config = {"format": "ztos-wire", "version": 1, "links": links}
        paths = {kind: self.folder / f"{namespace}.{kind}" for kind in ("sock", "log")}
        argv = ["nsenter", f"--net=/run/netns/{self.name(namespace)}", str(BUILD / "ztos-wire"), "--config",
                str(self.file(f"{namespace}.json", config)), "--control", str(paths["sock"])]
        process = Process([*argv, *more], paths["sock"], paths["log"])
        self.processes.append(process)
        return process

    def forwarder(self, a, a_device, b, b_device, *more):
        """The bare forwarder; it has no control socket."""
        reader, writer = os.pipe()
        argv = [str(BUILD / "ztos-probe"), "forward", a_device, b_device, "--netns-a", self.name(a), "--netns-b",
                self.name(b), "--ready-fd", str(writer), *more]
        popen = subprocess.Popen(argv, stdout=subprocess.PIPE, pass_fds=[writer])
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            assert pipe.readline() == b"ready\n"
        return popen


def run(*argv, check=True):
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(argv)}: {result.returncode}: {result.stderr.strip() or result.stdout.strip()}")
    return result


def b64(frame):
    return base64.b64encode(frame).decode()


def send(probe, *frames):
    """Frames, each (host, octets), in order."""
    answer = probe.ask("send", frames=[{"host": host, "data": b64(frame)} for host, frame in frames])
    assert answer["sent"] == len(frames), answer
    return answer


def inject(probe, *frames):
    answer = probe.ask("inject", frames=[{"link": link, "data": b64(frame)} for link, frame in frames])
    assert answer["sent"] == len(frames), answer
    return answer


class Collector:
    """Arrivals of a probe, in order."""

    def __init__(self, probe):
        self.probe = probe
        self.next = 0
        self.kept = []

    def take(self, count=None, seconds=5):
        """Waits for `count` arrivals, or for none more within a moment: [(host, octets, foreign)]."""
        deadline = time.monotonic() + (seconds if count else 0.1)
        while time.monotonic() < deadline and (count is None or len(self.kept) < count):
            answer = self.probe.ask("collect", **{"from": self.next})
            assert answer["lost"] == 0
            self.next = answer["next"]
            self.kept += [(a["host"], base64.b64decode(a["data"]), a["foreign"]) for a in answer["arrivals"]]
            time.sleep(0.001)
        taken, self.kept = self.kept, []
        if count is not None and len(taken) < count:
            raise AssertionError(f"{len(taken)} of {count} frames arrived")
        return taken


HEADER = struct.Struct("<QQIIIIIIQQQQQQQ")
ENTRY = struct.Struct("<IIQQQQQQQQQQQQQ")


# Address space that a sanitizer has put aside for itself.
RESERVED = 1 << 30


def memory(pid):
    """All of a process that it can write, range by range: its line in maps, and the octets."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as octets:
        for line in maps:
            span, permissions = line.split()[:2]
            start, end = (int(part, 16) for part in span.split("-"))
            if permissions[:2] != "rw" or end - start >= RESERVED:
                continue
            octets.seek(start)
            try:
                yield line.strip(), octets.read(end - start)
            except OSError:
                # Of a device, or not there yet.
                continue


def read_stats(path):
    """A statistics page, read as ztos/stats_page.h says."""
    while True:
        with open(path, "rb") as file:
            data = file.read()
            file.seek(0)
            again = struct.unpack("<Q", file.read(8))[0]
        head = HEADER.unpack_from(data)
        if head[0] == again and again % 2 == 0:
            break
    page = dict(zip(("sequence", "magic", "version", "kind", "count", "size", "pid", "state", "now", "inputs", "outputs",
                     "fates", "journal", "captured", "captureLost"), head))
    names = ("id", "flags", "rx", "rxOctets", "tx", "txOctets", "rxDropped", "txDropped", "puntIn", "puntOut",
             "puntDropped", "arp", "nd", "xdp", "passed")
    page["entries"] = [
        dict(zip(names, ENTRY.unpack_from(data, 128 + page["size"] * n))) for n in range(page["count"])
    ]
    return page


JOURNAL_TYPES = {1: "program", 2: "frame", 3: "punt", 4: "control", 5: "neighbour", 6: "clock", 7: "seed", 16: "tx",
                 17: "punt-out", 18: "fate", 255: "end"}


def read_journal(path):
    """[(type, interface, now, payload)] and whether it is complete."""
    data = pathlib.Path(path).read_bytes()
    assert data[:8] == b"ZTJOURNL" and struct.unpack_from("<II", data, 8) == (1, 0)
    records, at = [], 16
    while at + 16 <= len(data):
        length, kind, interface, now = struct.unpack_from("<IHHQ", data, at)
        if at + 16 + length > len(data):
            break
        records.append((JOURNAL_TYPES[kind], interface, now, data[at + 16:at + 16 + length]))
        at += 16 + length
    return records, bool(records) and records[-1][0] == "end"


def replay(journal, *more):
    """`ztos-fpe replay`: its outcome."""
    return run(str(BUILD / "ztos-fpe"), "replay", "--journal", str(journal), *more, check=False)


def two_leaves(lab, sealed=False, engine=(), **options):
    """Two leaves, a link, a host at each: ([engines], probe). Link ends are named by who receives."""
    lab.add("l1", "l2", "h1", "h2")
    lab.cable("l1", "eth1.phy", "l2", "eth1.phy")
    keys = {programs.key(node): f"{node:032x}" for node in (1, 2)} if sealed else None
    for node in (1, 2):
        lab.cable(f"l{node}", "eth2.phy", f"h{node}", "eth0")
        lab.tap(f"l{node}", "eth1", programs.mac(node, 1), programs.LINK_MTU - 32, f"10.254.0.{node - 1}/31")
    engines = [
        lab.engine(f"l{node}", programs.leaf(node, sealed=sealed, **options), *engine, keys=keys) for node in (1, 2)
    ]
    probe = lab.probe(
        {f"h{n}": (f"h{n}", "eth0", programs.host_mac(n), [f"{programs.host_address(n)}/24"]) for n in (1, 2)},
        {"to l1": ("l2", "eth1.phy"), "to l2": ("l1", "eth1.phy")},
    )
    return engines, probe


def patched(lab, *engine, probe=(), **options):
    """One engine that bridges two hosts: (engine, probe)."""
    lab.add("n", "h1", "h2")
    for port in (1, 2):
        lab.cable("n", f"eth{port}.phy", f"h{port}", "eth0")
    process = lab.engine("n", programs.patch(), *engine, **options)
    hosts = {f"h{n}": (f"h{n}", "eth0", programs.host_mac(n), [f"{programs.host_address(n)}/24"]) for n in (1, 2)}
    return process, lab.probe(hosts, (), *probe)


def settled(*pages):
    """Waits until no count of the statistics pages moves: what they then say."""
    before = None
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        now = [read_stats(path) for path in pages]
        counts = [[page["outputs"], page["fates"], page["entries"]] for page in now]
        if counts == before:
            return now
        before = counts
        time.sleep(0.005)
    raise AssertionError("the counts do not come to rest")


def replays(journal, *more):
    """The machine makes of the journal's inputs exactly the outputs that the engine recorded, with the cache and without."""
    for cache in ("on", "off"):
        result = replay(journal, "--cache", cache, *more)
        assert result.returncode == 0, f"cache {cache}: {result.returncode}: {result.stderr}{result.stdout}"


def usable():
    """Why these tests cannot run here, or None."""
    if os.geteuid() != 0:
        return "root is needed for namespaces and XDP"
    if not all((BUILD / name).exists() for name in ("ztos-fpe", "ztos-probe", "ztos-wire", "ztos-netns")):
        return f"ztos-fpe, ztos-probe, ztos-wire and ztos-netns are not built in {BUILD}"
    if not re.search(r"\bnodev\s+\S*bpf\b", pathlib.Path("/proc/filesystems").read_text()):
        return "the kernel has no BPF"
    with contextlib.closing(socket.socket(44, socket.SOCK_RAW)):
        return None
