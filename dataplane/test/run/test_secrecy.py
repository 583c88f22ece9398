# SPDX-License-Identifier: Apache-2.0
"""What an engine's memory holds of keys: those that it uses, and none that have gone (WG-34)."""
import time

import frames
import wireguard
from harness import SHIPPED, Lab, inject, memory, proves
from test_capture import read_pcapng
from test_wireguard import until

def times_held(engine, secrets):
    """How often each of some octet strings is in an engine's memory."""
    ranges = [octets for _, octets in memory(engine.popen.pid)]
    return [sum(octets.count(secret) for octets in ranges) for secret in secrets]


class Sessions:
    """Sessions of a peer by hand with leaf 1, one after the other."""

    def __init__(self, lab, probe, engine):
        self.probe, self.engine, self.path = probe, engine, lab.folder / "link.pcapng"
        engine.ask("capture", interface=1, file=str(self.path))

    def responses(self):
        self.engine.ask("sync")
        return [data[42:] for _, direction, data, _ in read_pcapng(self.path)[0]
                if direction == 2 and data[42] == wireguard.RESPONSE]

    def begin(self, index, seconds=0):
        """A peer by hand whose initiation was answered; `seconds`: how far its clock is ahead."""
        by_hand = wireguard.Initiator(2, 1, index)
        before = len(self.responses())
        inject(self.probe, ("to l1", wireguard.wrap(by_hand.initiation(time.time() + seconds), 2, 1)))
        by_hand.take(until(lambda: self.responses()[before:])[0])
        return by_hand

    def new(self, index, seconds=0):
        """A session that both have, by the keys that the peer has of it."""
        by_hand = self.begin(index, seconds)
        data = by_hand.data(frames.ipv4("10.254.0.1", "10.254.0.0", 253, b"by hand"))
        inject(self.probe, ("to l1", wireguard.wrap(data, 2, 1)))
        until(lambda: self.current() == index)
        # An initiation is no other's only when a little later than that.
        time.sleep(0.05)
        return [by_hand.sending, by_hand.receiving]

    def current(self):
        peer, = self.engine.ask("tables")["wireguard"][0]["peers"]
        return next((session["peerIndex"] for session in peer["sessions"] if session["role"] == "current"), None)


@proves("C40", "WG-18", "WG-30", "WG-34")
def test_keys_of_sessions_that_are_gone_are_nowhere_in_memory():
    for binary in ("ztos-fpe", str(SHIPPED)):
        look_for_keys_that_are_gone(binary)


def look_for_keys_that_are_gone(binary):
    with Lab() as lab:
        (engine,), probe = wireguard.link(lab, start=(1,), binary=binary)
        sessions = Sessions(lab, probe, engine)
        first = sessions.new(1)
        # What is in use is found: else nothing is said by what is not.
        assert all(times_held(engine, first)), times_held(engine, first)
        second = sessions.new(2)
        assert all(times_held(engine, first + second))
        third = sessions.new(3)
        assert times_held(engine, first) == [0, 0]
        assert all(times_held(engine, second + third))
        # Zeroed when nothing was agreed for 540 s.
        engine.ask("advance-time", ns=541 * 10**9)
        until(lambda: engine.ask("tables")["wireguard"][0]["peers"][0]["sessions"] == [])
        assert times_held(engine, first + second + third) == [0] * 6
        last = sessions.new(4, 600)
        # Of one that is never used nothing writes over what libraries computed it with.
        unused = sessions.begin(5, 601)
        last += [unused.sending, unused.receiving]
        assert all(times_held(engine, last))
        # Gone with the peer.
        engine.ask("apply", changes=[{"table": "peer", "interface": 3, "publicKey": wireguard.public_text(2), "to": None}])
        assert times_held(engine, last) == [0] * 4
