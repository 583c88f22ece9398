# SPDX-License-Identifier: Apache-2.0
"""
WireGuard for the tests here: keys, node programs with a sealed link, and a peer of its own that makes messages by hand, by the
paper (Donenfeld, NDSS 2017) and no code of the engine's.
"""
import base64
import hashlib
import hmac
import os
import struct
import time

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

import frames
import programs

PORT = 51820
# Outer header, UDP, type to counter, tag: 20 + 8 + 16 + 16.
OVERHEAD = 60
INNER_MTU = programs.LINK_MTU - 32
LINK_MTU = INNER_MTU + OVERHEAD
INITIATION, RESPONSE, COOKIE, DATA = 1, 2, 3, 4
PSK = "lab:test/link/psk"


def private(node):
    """32 octets, always the same."""
    return hashlib.sha256(f"wireguard {node}".encode()).digest()


def public(node):
    return X25519PrivateKey.from_private_bytes(private(node)).public_key().public_bytes_raw()


def public_text(node):
    return base64.b64encode(public(node)).decode()


def private_reference(node):
    return f"lab:test/leaf{node}/private"


def public_reference(node):
    return f"lab:test/leaf{node}/public"


def psk():
    return hashlib.sha256(b"between").digest()


def key_file(*nodes):
    """Reference → 64 hex digits: the private keys of some nodes, all public ones and what two share."""
    return {
        **{private_reference(node): private(node).hex() for node in nodes},
        **{public_reference(node): public(node).hex() for node in (1, 2, 3)},
        PSK: psk().hex(),
    }


def outer(node):
    """A node's own address of the link, under the seal."""
    return f"192.0.2.{node}"


def peer(node, by_reference=False, **more):
    """A peer of the program: all of the link goes to it."""
    return {
        "publicKey": public_reference(node) if by_reference else public_text(node), "presharedKey": PSK,
        "endpoint": {"address": outer(node), "port": PORT}, "allowedIps": ["0.0.0.0/0", "::/0"], **more,
    }


def interface(node, peers, **more):
    return {
        "id": 3, "name": "wg1", "kind": "wireguard", "lower": 1, "mac": programs.mac(node, 1),
        "peerMac": programs.mac(3 - node, 1), "mtu": INNER_MTU, "vrf": 0, "addresses": [f"10.254.0.{node - 1}/31"],
        "privateKey": private_reference(node), "listenPort": PORT, "local": [outer(node)], "ttl": 64, "df": True,
        "loadLimit": 1_000_000, "peers": peers, **more,
    }


def leaf(node, peers=None, **more):
    """Leaf 1 or 2 as programs.leaf, its link sealed by WireGuard; `more` is of the interface."""
    program = programs.leaf(node, sealed=True)
    at = next(i for i, entry in enumerate(program["interfaces"]) if entry["kind"] == "macsec")
    if peers is None:
        peers = [peer(3 - node, by_reference=node == 2)]
    program["interfaces"][at] = interface(node, peers, **more)
    program["interfaces"][0]["mtu"] = LINK_MTU
    # Inside are packets: the one neighbour is the endpoint's address on the port.
    program["tables"]["neighbours"] = [{"interface": 1, "address": outer(3 - node), "mac": programs.mac(3 - node, 1)}]
    return program


def link(lab, programs_of=leaf, start=(1, 2), engine=(), binary="ztos-fpe"):
    """Two leaves with such a link, a host at each: ([engines], probe)."""
    lab.add("l1", "l2", "h1", "h2")
    lab.cable("l1", "eth1.phy", "l2", "eth1.phy")
    for node in (1, 2):
        lab.cable(f"l{node}", "eth2.phy", f"h{node}", "eth0")
        lab.tap(f"l{node}", "eth1", programs.mac(node, 1), INNER_MTU, f"10.254.0.{node - 1}/31")
    engines = [lab.engine(f"l{node}", programs_of(node), *engine, keys=key_file(1, 2), binary=binary) for node in start]
    probe = lab.probe(
        {f"h{n}": (f"h{n}", "eth0", programs.host_mac(n), [f"{programs.host_address(n)}/24"]) for n in (1, 2)},
        {"to l1": ("l2", "eth1.phy"), "to l2": ("l1", "eth1.phy")},
    )
    return engines, probe


def message(frame):
    """Type and octets of the message in a frame of the wire, or None if it is anything else."""
    if len(frame) < 46 or frame[12:15] != b"\x08\0\x45" or frame[23] != 17:
        return None
    source, destination, length = struct.unpack_from("!HHH", frame, 34)
    if (source, destination) != (PORT, PORT) or 34 + length != len(frame) or frame[43:46] != bytes(3):
        return None
    return frame[42], frame[42:]


def wrap(data, sender, receiver, port=PORT):
    """A message as a frame of the wire."""
    return frames.udp_frame(programs.mac(receiver, 1), programs.mac(sender, 1), outer(sender), outer(receiver), data,
                            sport=port, dport=PORT)


# ---- the paper's functions

def digest(data):
    return hashlib.blake2s(data).digest()


def mac(key, data):
    return hashlib.blake2s(data, key=key, digest_size=16).digest()


def derive(count, key, data):
    """KDF1 to KDF3."""
    secret = hmac.new(key, data, hashlib.blake2s).digest()
    results = [b""]
    for n in range(1, count + 1):
        results.append(hmac.new(secret, results[-1] + bytes([n]), hashlib.blake2s).digest())
    return results[1:]


def agree(own, other):
    return X25519PrivateKey.from_private_bytes(own).exchange(X25519PublicKey.from_public_bytes(other))


def seal(key, counter, text, additional=b""):
    return ChaCha20Poly1305(key).encrypt(struct.pack("<IQ", 0, counter), text, additional)


def unseal(key, counter, data, additional=b""):
    return ChaCha20Poly1305(key).decrypt(struct.pack("<IQ", 0, counter), data, additional)


def tai64n(seconds):
    whole, rest = divmod(int(seconds * 10**9), 10**9)
    return struct.pack("!QI", 2**62 + 10 + whole, rest >> 24 << 24)


def mac1(data, receiver):
    """The message with the macs of its end: the second is zeros."""
    return data + mac(digest(b"mac1----" + public(receiver)), data) + bytes(16)


class Initiator:
    """Makes a session with an engine: initiation(), take(response), then data() and open()."""

    def __init__(self, node, other, index=0x11223344):
        self.node, self.other, self.index = node, other, index
        self.counter = 0

    def initiation(self, seconds=None):
        chain = digest(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
        seen = digest(digest(chain + b"WireGuard v1 zx2c4 Jason@zx2c4.com") + public(self.other))
        self.ephemeral = os.urandom(32)
        shown = X25519PrivateKey.from_private_bytes(self.ephemeral).public_key().public_bytes_raw()
        seen = digest(seen + shown)
        chain, = derive(1, chain, shown)
        chain, key = derive(2, chain, agree(self.ephemeral, public(self.other)))
        static = seal(key, 0, public(self.node), seen)
        seen = digest(seen + static)
        chain, key = derive(2, chain, agree(private(self.node), public(self.other)))
        stamp = seal(key, 0, tai64n(time.time() if seconds is None else seconds), seen)
        self.chain, self.seen = chain, digest(seen + stamp)
        return mac1(struct.pack("<II", INITIATION, self.index) + shown + static + stamp, self.other)

    def take(self, response):
        kind, self.far, index = struct.unpack_from("<III", response)
        assert (kind, index, len(response)) == (RESPONSE, self.index, 92)
        assert mac(digest(b"mac1----" + public(self.node)), response[:60]) == response[60:76]
        shown, empty = response[12:44], response[44:60]
        seen = digest(self.seen + shown)
        chain, = derive(1, self.chain, shown)
        chain, = derive(1, chain, agree(self.ephemeral, shown))
        chain, = derive(1, chain, agree(private(self.node), shown))
        chain, mixed, key = derive(3, chain, psk())
        seen = digest(seen + mixed)
        assert unseal(key, 0, empty, seen) == b""
        self.sending, self.receiving = derive(2, chain, b"")

    def data(self, packet, counter=None):
        if counter is None:
            counter = self.counter
            self.counter += 1
        return struct.pack("<IIQ", DATA, self.far, counter) + seal(self.sending, counter, packet + bytes(-len(packet) % 16))

    def open(self, data):
        kind, index, counter = struct.unpack_from("<IIQ", data)
        assert (kind, index) == (DATA, self.index)
        return unseal(self.receiving, counter, data[16:])
