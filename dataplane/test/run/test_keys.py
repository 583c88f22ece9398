# SPDX-License-Identifier: Apache-2.0
"""What an engine leaves of keys: nothing in a core, and nothing in its memory of those that are gone."""
import contextlib
import os
import resource
import signal
import subprocess

import frames
import programs
import wireguard
from harness import SHIPPED, Collector, Lab, Skip, inject, memory, proves, read_journal
from test_wireguard import exchange, until

NEW = "lab:test/new"


def places(process, value):
    """Where a key is, as octets or as the digits of a key file."""
    forms = {value, value.hex().encode(), value.hex().upper().encode()}
    return [f"{region} + {octets.find(form):x}" for region, octets in memory(process.popen.pid)
            for form in forms if form in octets]


@contextlib.contextmanager
def willing(folder):
    """Whoever is started meanwhile may write a core of any length into the folder."""
    limits, place = resource.getrlimit(resource.RLIMIT_CORE), os.getcwd()
    resource.setrlimit(resource.RLIMIT_CORE, (limits[1], limits[1]))
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(place)
        resource.setrlimit(resource.RLIMIT_CORE, limits)


def dumps_core(process):
    """Whether one that is ended by SIGSEGV leaves a core, or gives one to whoever collects them."""
    process.send_signal(signal.SIGSEGV)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -os.WTERMSIG(status)
    assert os.WTERMSIG(status) == signal.SIGSEGV
    return os.WCOREDUMP(status)


def test_an_engine_that_crashes_leaves_no_core():
    with Lab() as lab, willing(lab.folder):
        # A sanitizer takes the signal for itself.
        (engine, _), _ = wireguard.link(lab, binary=str(SHIPPED))
        assert places(engine, wireguard.private(1)), "it has its key in memory"
        # That this host writes cores at all is shown by a process that does nothing against it.
        other = subprocess.Popen(["sleep", "100"])
        if not dumps_core(other):
            raise Skip("no process leaves a core here (see core(5)), so that this shows nothing")
        assert not dumps_core(engine.popen)


def sealed(lab):
    """An engine with a link sealed by MACsec."""
    lab.add("l1", "h1")
    lab.cable("l1", "eth1.phy", "h1", "x1")
    lab.cable("l1", "eth2.phy", "h1", "x2")
    lab.tap("l1", "eth1", programs.mac(1, 1), programs.LINK_MTU - 32, "10.254.0.0/31")
    keys = {programs.key(node): os.urandom(16) for node in (1, 2)}
    engine = lab.engine("l1", programs.leaf(1, sealed=True), keys={name: value.hex() for name, value in keys.items()})
    return engine, keys


@proves("MACSEC-12")
def test_keys_of_macsec_that_a_program_has_no_more_are_nowhere_in_memory():
    with Lab() as lab:
        engine, keys = sealed(lab)
        for value in keys.values():
            assert places(engine, value), "a key in use is found"
        fresh = {f"{NEW}/{node}": os.urandom(16) for node in (1, 2)}
        lab.file("keys.json", {name: value.hex() for name, value in fresh.items()})
        program = programs.leaf(1, sealed=True)
        macsec = next(item for item in program["interfaces"] if item["kind"] == "macsec")
        macsec["tx"]["key"], macsec["rx"][0]["key"] = fresh
        engine.ask("load", program=program)
        for value in keys.values():
            assert places(engine, value) == []
        for value in fresh.values():
            assert places(engine, value)


@proves("MACSEC-11", "MACSEC-12")
def test_keys_of_macsec_that_others_have_replaced_one_by_one_are_nowhere_in_memory():
    with Lab() as lab:
        engine, keys = sealed(lab)
        fresh = {f"{NEW}/{node}": os.urandom(16) for node in (1, 2)}
        path = str(lab.file("new.json", {name: value.hex() for name, value in fresh.items()}))
        own, other = fresh
        at = {"interface": 3, "sci": programs.sci(2)}
        engine.ask("apply", keys=path, changes=[{"table": "receive-association", **at, "an": 1, "to": {"key": other}}])
        for value in (*keys.values(), fresh[other]):
            assert places(engine, value), "it receives with both keys, and sends with the old one"
        assert places(engine, fresh[own]) == [], "a key of the file that nothing needs"
        engine.ask("apply", keys=path,
                   changes=[{"table": "transmit-association", "interface": 3, "to": {"an": 1, "key": own}}])
        assert places(engine, keys[programs.key(1)]) == [] and places(engine, fresh[own])
        engine.ask("apply", changes=[{"table": "receive-association", **at, "an": 0, "to": None}])
        assert places(engine, keys[programs.key(2)]) == [] and places(engine, fresh[other])


@proves("WG-34")
def test_keys_of_wireguard_that_are_gone_are_nowhere_in_memory():
    with Lab() as lab:
        engines, probe = wireguard.link(lab)
        exchange(probe, Collector(probe))
        one = engines[0]
        gone = {"private key": wireguard.private(1), "pre-shared key": wireguard.psk()}
        for what, value in gone.items():
            assert places(one, value), f"the {what} in use is found"
        fresh = {f"{NEW}/private": os.urandom(32), f"{NEW}/psk": os.urandom(32)}
        lab.file("keys.json", {name: value.hex() for name, value in fresh.items()})
        peer = wireguard.peer(2, presharedKey=f"{NEW}/psk")
        one.ask("load", program=wireguard.leaf(1, [peer], privateKey=f"{NEW}/private"))
        for what, value in gone.items():
            assert places(one, value) == [], what
        for what, value in fresh.items():
            assert places(one, value), what


@proves("WG-34")
def test_keys_of_a_session_are_in_memory_as_long_as_its_peer():
    with Lab() as lab:
        (engine,), probe = wireguard.link(lab, start=(1,))
        peer = wireguard.Initiator(2, 1)
        inject(probe, ("to l1", wireguard.wrap(peer.initiation(), 2, 1)))
        peer.take(response(engine))
        packet = frames.udp_frame(programs.mac(1, 1), programs.mac(2, 1), "10.254.0.1", "10.0.0.11", trace=7)[14:]
        inject(probe, ("to l1", wireguard.wrap(peer.data(packet), 2, 1)))
        keys = {"sending": peer.receiving, "receiving": peer.sending}
        for what, value in keys.items():
            until(lambda value=value: places(engine, value))
        assert places(engine, wireguard.psk())
        engine.ask("apply", changes=[{"table": "peer", "interface": 3, "publicKey": wireguard.public_text(2), "to": None}])
        for what, value in {**keys, "pre-shared": wireguard.psk()}.items():
            assert places(engine, value) == [], what


def response(engine):
    """The response that the engine has sent, from its journal."""

    def sent():
        engine.ask("sync")
        records, _ = read_journal(engine.journal)
        for kind, port, _, data in records:
            found = wireguard.message(data) if kind == "tx" and port == 1 else None
            if found is not None and found[0] == wireguard.RESPONSE:
                return found[1]
        return None

    return until(sent)
