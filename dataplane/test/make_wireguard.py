#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes wireguard_vectors.h: a WireGuard handshake and a data message, made from the paper (Donenfeld, NDSS 2017, section 5.4) with
hashlib, hmac and python3-cryptography. The tests' C shares nothing with it. Static keys are those of RFC 7748 section 6.1."""
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

INITIATOR = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
RESPONDER = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
PRESHARED = bytes(range(0x70, 0x90))
EPHEMERAL_I = bytes([0x40]) + bytes(range(1, 31)) + bytes([0x5f])
EPHEMERAL_R = bytes([0xc0]) + bytes(range(101, 131)) + bytes([0x41])
TIMESTAMP = bytes.fromhex("400000006553f10a07000000")
SENDER_I, SENDER_R = 0x11223344, 0xa1b2c3d4


def h(*parts):
    return hashlib.blake2s(b"".join(parts)).digest()


def kdf(n, key, text):
    secret = hmac.new(key, text, hashlib.blake2s).digest()
    out, last = [], b""
    for i in range(1, n + 1):
        last = hmac.new(secret, last + bytes([i]), hashlib.blake2s).digest()
        out.append(last)
    return out


def mac(key, text):
    return hashlib.blake2s(text, key=key, digest_size=16).digest()


def public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def dh(private, other):
    return X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(other))


def seal(key, counter, text, data):
    return ChaCha20Poly1305(key).encrypt(bytes(4) + struct.pack("<Q", counter), text, data)


def handshake(preshared):
    spi, spr, epi, epr = public(INITIATOR), public(RESPONDER), public(EPHEMERAL_I), public(EPHEMERAL_R)
    c = h(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
    hs = h(h(c, b"WireGuard v1 zx2c4 Jason@zx2c4.com"), spr)
    (c,), hs = kdf(1, c, epi), h(hs, epi)
    c, k = kdf(2, c, dh(EPHEMERAL_I, spr))
    static = seal(k, 0, spi, hs)
    hs = h(hs, static)
    c, k = kdf(2, c, dh(INITIATOR, spr))
    timestamp = seal(k, 0, TIMESTAMP, hs)
    hs = h(hs, timestamp)
    initiation = struct.pack("<II", 1, SENDER_I) + epi + static + timestamp
    initiation += mac(h(b"mac1----", spr), initiation) + bytes(16)
    (c,), hs = kdf(1, c, epr), h(hs, epr)
    (c,) = kdf(1, c, dh(EPHEMERAL_R, epi))
    (c,) = kdf(1, c, dh(EPHEMERAL_R, spi))
    c, t, k = kdf(3, c, preshared)
    hs = h(hs, t)
    response = struct.pack("<III", 2, SENDER_R, SENDER_I) + epr + seal(k, 0, b"", hs)
    response += mac(h(b"mac1----", spi), response) + bytes(16)
    return initiation, response, kdf(2, c, b"")


initiation, response, keys = handshake(PRESHARED)
_, plain_response, _ = handshake(bytes(32))
text = bytes(range(48))
data = struct.pack("<IIQ", 4, SENDER_R, 7) + seal(keys[0], 7, text, b"")
values = {
    "WG_EPHEMERAL_I": EPHEMERAL_I, "WG_EPHEMERAL_R": EPHEMERAL_R, "WG_TIMESTAMP_I": TIMESTAMP, "WG_PRESHARED": PRESHARED,
    "WG_INITIATION": initiation, "WG_RESPONSE": response, "WG_RESPONSE_WITHOUT": plain_response,
    "WG_KEY_I": keys[0], "WG_KEY_R": keys[1], "WG_DATA_7": data,
    "WG_HMAC": hmac.new(bytes(range(32)), b"fabric", hashlib.blake2s).digest(),
    "WG_MAC_16": mac(bytes(range(32)), b"fabric"),
    "WG_DRAW": hashlib.blake2s(bytes([0xa5]) * 32 + struct.pack("<Q", 0), key=INITIATOR).digest(),
}
folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "wireguard_vectors.h"), "w") as file:
    file.write("/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by test/make_wireguard.py; do not edit. */\n")
    file.write("#ifndef ZTOS_TEST_WIREGUARD_VECTORS_H\n#define ZTOS_TEST_WIREGUARD_VECTORS_H\n\n")
    for name, value in values.items():
        rows = [value.hex()[i:i + 96] for i in range(0, 2 * len(value), 96)]
        file.write(f"#define {name} \\\n" + " \\\n".join(f'    "{row}"' for row in rows) + "\n")
    file.write("\n#endif\n")
