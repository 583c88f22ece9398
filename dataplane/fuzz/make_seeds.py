#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small seed corpora from the test programs and the frames of test/frames.h."""
import json
import os
import re
import struct
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "test", "run"))
import wireguard  # noqa: E402

test = os.path.join(here, "..", "test")
leaf = open(os.path.join(test, "programs", "leaf.json"), "rb").read()
spine = open(os.path.join(test, "programs", "spine.json"), "rb").read()
header = open(os.path.join(test, "frames.h")).read()
frames = {name: bytes.fromhex("".join(re.findall(r'"([0-9a-f]*)"', body)))
          for name, body in re.findall(r'#define ([A-Z0-9_]+) \\\n((?:    "[0-9a-f]*"(?: \\)?\n)+)', header)}


def write(target, name, data):
    folder = os.path.join(here, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def record(type, interface, now, payload):
    return struct.pack("<IHHQ", len(payload), type, interface, now) + payload


def port_of(frame):
    source = frame[6:12].hex()
    if source.startswith("0200000002"):
        return int(source[-2:])
    return {"02bb00000011": 11, "02bb00000012": 12, "02bb00000021": 21}.get(source, 41)


SMALL = {name: frame for name, frame in frames.items() if 14 <= len(frame) <= 127}
PORTS = [1, 2, 3, 11, 12, 21, 41, 42, 51]

write("program", "leaf", leaf)
write("program", "spine", spine)
write("program", "leaf_vni_exponent", leaf.replace(b'"vni":10010', b'"vni":100e0', 1))
write("program", "leaf_mode_escaped", leaf.replace(b'"mode":"strict"', b'"mode":"stric\\u0074"', 1))
for part in (b'{"format":"ztos-program","version":1,"node":"n","seeds":{"ecmp":0,"sourcePort":0},"vrfs":[],"interfaces":[],'
             b'"tables":{"routes":[],"groups":[],"neighbours":[],"fdb":[],"flood":[]}}',):
    write("program", "empty", part)

flow = ["ARP_WEB1_GATEWAY", "NS_WEB1_GATEWAY", "UDP_WEB2_WEB1", "UDP_WEB1_WEB2", "UDP_WEB1_WEB2", "FAR_WEB1_RECEIVED", "WEB1_FAR",
        "WEB1_FAR", "UDP_WEB1_FAR", "UDP_WEB1_FAR", "UDP_WEB1_WEB3", "TRANSIT", "TRANSIT_TO_3", "ECHO_WEB1_GATEWAY"]
records = b"".join(record(2, port_of(frames[name]), 1000 * i, frames[name]) for i, name in enumerate(flow))
records += record(4, 0, 10**9, b'{"id":1,"op":"flush","table":"neighbours"}') + record(6, 0, 2 * 10**9, b"")
records += record(4, 0, 10**9, b'{"id":1,"op":"apply","changes":[{"table":"fdb","bridge":10,"mac":"02:bb:00:00:00:12","to":'
                  b'{"interface":13,"remote":"10.255.0.2","sticky":false}}]}')
records += record(5, 1, 3 * 10**9, bytes([4, 0, 2, 0, 0, 0, 2, 1, 10, 254, 0, 0])) + record(3, 3, 4 * 10**9, frames["ARP_TAP_3"])
write("journal", "records", records)
write("journal", "journal", b"ZTJOURNL" + struct.pack("<II", 1, 0) + record(1, 0, 0, spine) + record(6, 0, 1, b""))

for name, frame in SMALL.items():
    if name.startswith(("UDP_WEB1_D", "UDP6_WEB1", "FAR_WEB1", "FAR_ARP", "ARP_WEB1", "NS_WEB1", "NA_WEB2", "ECHO", "ECMP_0")):
        step = bytes([PORTS.index(port_of(frame)) if port_of(frame) in PORTS else 6, 1, len(frame)]) + frame
        write("frames", name.lower(), step)
for name in ("IGMP_JOIN_WEB1", "IGMP3_JOIN_WEB1", "IGMP3_MANY_WEB1", "IGMP3_LIES_WEB1", "MLD_JOIN_WEB1", "MLD2_LEAVE_WEB1"):
    report, data = frames[name], frames["GROUP_WEB2"]
    write("frames", name.lower(), b"".join(bytes([PORTS.index(port_of(frame)), 1, len(frame)]) + frame
                                           for frame in (report, data, frames["IGMP_LEAVE_WEB1"], data)))
sequence = b"".join(bytes([PORTS.index(port_of(frames[name])), 1, len(frames[name])]) + frames[name]
                    for name in flow if len(frames[name]) < 128)
write("frames", "sequence", sequence + bytes([240, 20, 0, 240, 40, 0]))
for change in range(14):
    write("frames", f"changed_{change}", sequence + bytes([200 + change, 1, 0]) + sequence)

for name, text in {
    "set_vni": '{"id":1,"op":"set-vni","interface":13,"vni":7}',
    "set_mode": '{"id":1,"op":"set-macsec-mode","interface":4,"mode":"disabled"}',
    "set_mode_check": '{"id":1,"op":"set-macsec-mode","interface":4,"mode":"check","protect":false}',
    "apply_receive": '{"id":1,"op":"apply","changes":[{"table":"receive-association","interface":4,"sci":"0200000002030001","an":2,'
                     '"to":{"key":"lab:test/0200000002030001/0","pn":"7"}},{"table":"receive-association","interface":4,'
                     '"sci":"0200000002030001","an":1,"to":null}]}',
    "apply_transmit": '{"id":1,"op":"apply","changes":[{"table":"transmit-association","interface":4,"to":{"an":1,'
                      '"key":"lab:test/0200000002030001/1"},"standby":[{"an":0,"key":"lab:test/0200000001030001/0","pn":"4294967295"}]}]}',
    "flush_fdb": '{"id":1,"op":"flush","table":"fdb"}',
    "apply_route": '{"id":1,"op":"apply","changes":[{"table":"route","vrf":0,"prefix":"203.0.113.0/24","members":'
                   '[{"interface":1,"gateway":"10.254.0.0"},{"interface":4}]},{"table":"route","vrf":1,"prefix":"10.1.2.0/24",'
                   '"members":null}]}',
    "apply_fdb": '{"id":1,"op":"apply","changes":[{"table":"fdb","bridge":10,"mac":"02:bb:00:00:00:12","to":{"interface":13,'
                 '"remote":"10.255.0.2","sticky":false}},{"table":"fdb","bridge":40,"mac":"02:bb:00:00:00:99","to":null}]}',
    "apply_neighbour": '{"id":1,"op":"apply","changes":[{"table":"neighbour","interface":14,"address":"10.1.0.12","to":{"mac":'
                       '"02:bb:00:00:00:12","sticky":true}},{"table":"neighbour","interface":34,"address":"10.255.0.2","to":null}]}',
    "apply_flood": '{"id":1,"op":"apply","changes":[{"table":"flood","interface":13,"remotes":["10.255.0.3"]},'
                   '{"table":"flood","interface":43,"remotes":[]}]}',
    "apply_empty": '{"id":1,"op":"apply","changes":[]}',
    "carrier": '{"id":1,"op":"carrier","interface":1,"up":false}',
    "apply_weights": '{"id":1,"op":"apply","changes":[{"table":"route","vrf":0,"prefix":"203.0.113.0/24","members":'
                     '[{"interface":1,"gateway":"fe80::1","weight":256},{"interface":2,"gateway":"10.254.0.2"}]}]}',
    "flush_one": '{"id":1,"op":"flush","table":"neighbours","interface":14}',
}.items():
    write("control", name, text.encode())
    if name.startswith(("apply", "carrier")):
        write("socket", name, b"\0" + struct.pack(">I", len(text)) + text.encode())



def changed(program, *replacements):
    for before, after in replacements:
        assert before in program
        program = program.replace(before, after)
    return program


suite, window = b'"cipher":"gcm-aes-128"', b'"replayWindow":0'
for name, replacements in {
    "macsec_256": [(suite, b'"cipher":"gcm-aes-256","confidentiality":"offset-30"'), (window, b'"replayWindow":64,"replayProtect":false')],
    "macsec_xpn": [(suite, b'"cipher":"gcm-aes-xpn-256","protect":true'), (b'"an":0,', b'"an":0,"ssci":1,"pn":"18446744073709551615",'),
                   (b'"an":1,', b'"an":1,"ssci":4294967295,'), (window, b'"replayWindow":1073741823')],
    "macsec_check": [(b'"mode":"strict"', b'"mode":"check","tag":"implicit","confidentiality":"none"')],
    "macsec_station": [(b'"mode":"strict"', b'"mode":"disabled","tag":"end-station","protect":false')],
    "macsec_standby": [(b'"rx":[', b'"standby":[{"an":3,"key":"lab:test/0200000002030001/0"},{"an":2,"key":"x:y","pn":"1"}],"rx":[')],
}.items():
    write("program", name, changed(leaf, *replacements))


def tunnelled():
    """The leaf, its macsec interface on the vxlan interface of bridge 30."""
    program = json.loads(leaf)
    by_id = {interface["id"]: interface for interface in program["interfaces"]}
    by_id[33] |= {"remotes": ["10.255.0.2"], "learning": False}
    del by_id[33]["bridge"], by_id[4]["vrf"]
    by_id[4] |= {"lower": 33, "addresses": [], "bridge": 30}
    by_id[3] |= {"vrf": 0}
    tables = program["tables"]
    tables["routes"] = [route for route in tables["routes"] if route.get("connected") != 4]
    for group in tables["groups"]:
        group["members"] = [member | {"interface": 3} if member["interface"] == 4 else member for member in group["members"]]
    tables["neighbours"] = [entry for entry in tables["neighbours"] if entry["interface"] != 4]
    tables["fdb"] = [entry for entry in tables["fdb"] if entry["bridge"] != 30]
    return json.dumps(program, separators=(",", ":")).encode()


write("program", "macsec_tunnel", tunnelled())

# A node with MACsec and a peer that seals for it (fuzz_macsec.c): every suite, form and mode of both, then frames of the peer and others.
KINDS = {"raw": 0, "sealed": 1, "host": 2, "tunnel_raw": 3, "tunnel_sealed": 4, "punt": 5, "change": 6}


def sec(what, how, data=b""):
    return bytes([KINDS[what], how, len(data)]) + data


def host_frame(destination, source, length):
    return bytes([2, 0xbb, 0, 0, 0, destination, 2, 0xbb, 0, 0, 0, source]) + bytes(range(length))


talk = (sec("host", 0, host_frame(9, 1, 60)) + 2 * sec("sealed", 0, host_frame(1, 9, 60)) + 3 * sec("host", 0, host_frame(9, 1, 60))
        + sec("tunnel_sealed", 0, host_frame(1, 7, 60)) + 3 * sec("host", 0, host_frame(7, 1, 47)) + sec("punt", 0, host_frame(9, 1, 2)))
bent = b"".join(sec(what, how, host_frame(1, 9, 52)) for what in ("sealed", "tunnel_sealed") for how in (12, 14, 15, 16, 19, 20, 27, 60, 90))
untagged = sec("raw", 0, host_frame(1, 9, 40)) + sec("tunnel_raw", 0, host_frame(1, 9, 40)) + sec("raw", 1, host_frame(1, 9, 40))
for first in range(64):
    write("macsec", f"talk_{first}", bytes([first, first * 7 & 0x3f]) + talk + bent + untagged + talk)
for length in (2, 29, 30, 31, 47, 48, 49, 50, 51):
    write("macsec", f"short_{length}", bytes([0x20 | length & 3, length & 1]) + sec("sealed", 0, host_frame(1, 9, length)) + sec("host", 0, host_frame(9, 1, length)))
tag = bytes.fromhex("02000000f1010200000000f2") + bytes.fromhex("88e5")
for tci in (0x00, 0x04, 0x0c, 0x20, 0x2c, 0x40, 0x4c, 0x60, 0x80, 0x10, 0x08):
    body = tag + bytes([tci, 0]) + struct.pack(">I", 5) + bytes.fromhex("02000000f2010001") + bytes(64)
    for mode in (0, 4, 8):
        write("macsec", f"tag_{tci:02x}_{mode}", bytes([mode, 0]) + sec("raw", 0, body) + sec("tunnel_raw", 0, body))
for change in range(11):
    write("macsec", f"changed_{change}", bytes([change & 3, 0]) + talk + sec("change", change) + talk + sec("change", change | 0x80) + bent + talk)

micro = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1) + struct.pack("<IIII", 5, 7, 2, 2) + b"\xaa\xbb"
write("capture", "micro", micro)
write("capture", "nano_big", struct.pack(">IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 65535, 1) + struct.pack(">IIII", 5, 7, 2, 2) + b"\xaa\xbb")
block = struct.pack("<II", 0x0a0d0d0a, 28) + struct.pack("<IHHqI", 0x1a2b3c4d, 1, 0, -1, 28)
block += struct.pack("<IIHHIHHBxxxHHI", 1, 32, 1, 0, 0, 9, 1, 9, 0, 0, 32)
block += struct.pack("<IIIIIII", 6, 36, 0, 1, 2, 2, 2) + b"\xaa\xbb\0\0" + struct.pack("<I", 36)
write("capture", "next_generation", block)


write("wire", "config", b'{"format":"ztos-wire","version":1,"links":[{"id":"l","a":"w1","b":"w2","delay":10000000,"loss":1000,'
      b'"reorder":5,"corrupt":7,"seed":9},{"id":"m","a":"w3","b":"w4"}]}')
write("wire", "flight", bytes([3, 20, 60, 60, 7, 9]) + bytes(range(1, 255)))


def attribute(type, data):
    return struct.pack("<HH", 4 + len(data), type) + data + bytes(-len(data) % 4)


def route(type, flags, family, length, *attributes):
    body = struct.pack("<BBBBBBBBI", family, length, 0, 0, 254, 3, 0, 1, 0) + b"".join(attributes)
    return struct.pack("<IHHII", 16 + len(body), type, flags, 0, 0) + body


def hop(ifindex, *attributes, hops=0):
    inner = b"".join(attributes)
    return struct.pack("<HBBi", 8 + len(inner), 0, hops, ifindex) + inner


four, gateway = attribute(1, bytes([10, 200, 0, 0])), attribute(5, bytes([10, 254, 0, 1]))
via = attribute(18, struct.pack("<H", 10) + bytes.fromhex("fe800000000000000000000000000001"))
six, gateway6 = attribute(1, bytes.fromhex("20010db8000000000000000000000000")), attribute(5, bytes.fromhex("fe80") + bytes(13) + b"\1")
oif = attribute(4, struct.pack("<I", 7))
write("netlink", "route", route(24, 0, 2, 16, four, gateway, oif) + route(25, 0, 2, 16, four, gateway, oif))
write("netlink", "several", route(24, 0x100, 2, 16, four, attribute(9, hop(7, gateway) + hop(8, via))))
write("netlink", "weights", route(24, 0x100, 2, 16, four, attribute(9, hop(7, via, hops=255) + hop(8, via, hops=2)))
      + route(25, 0, 2, 16, four, attribute(9, hop(7, via, hops=255) + hop(8, via, hops=2))))
write("netlink", "six", route(24, 2, 10, 32, six, gateway6, oif) + route(24, 2, 10, 32, six, gateway6, attribute(4, struct.pack("<I", 8))))


# Two nodes that seal for each other (fuzz_wireguard.c): packets of the peer and of the node, and what waits delivered.
def step(what, how, data=b""):
    return bytes([what, how, len(data)]) + data


RAW, MESSAGE, PUNT, DELIVER, AGAIN, WAIT, CHANGE, SEED = range(8)
# Ten seconds: a handshake that came to nothing is begun anew, by the peer and by the node.
later = step(WAIT, 3)
session = step(PUNT, 0, b"first") + 3 * step(DELIVER, 0)
begun = step(PUNT, 1, b"first") + 2 * step(DELIVER, 0)
sealed = step(PUNT, 0, b"data" * 9) + step(PUNT, 8, b"more") + step(PUNT, 0x10, b"") + step(DELIVER, 0x80)
write("wireguard", "session", session + sealed)
write("wireguard", "begun_here", begun + sealed + step(PUNT, 1, b"back") + step(DELIVER, 0))
write("wireguard", "through", session + begun + step(PUNT, 4, b"on") + step(DELIVER, 0x80) + step(PUNT, 6, b"far")
      + step(DELIVER, 0x80) + step(PUNT, 5, b"away") + step(WAIT, 5) + step(DELIVER, 0x80))
for at in (0, 1, 4, 8, 16, 40, 50, 61):
    write("wireguard", f"bent_{at}", step(PUNT, 0, b"x") + step(AGAIN, at, b"\1") + 2 * step(AGAIN, 0) + 2 * step(DELIVER, 0)
          + step(PUNT, 0, b"y" * 40) + step(AGAIN, at, b"\x80") + step(AGAIN, 0) + sealed)
    write("wireguard", f"bent_answer_{at}", step(PUNT, 1, b"x") + step(AGAIN, at, b"\1") + 2 * step(AGAIN, 0) + sealed)
    write("wireguard", f"bent_frame_{at}", session + step(PUNT, 0, b"z") + step(DELIVER, 0x40 | at, b"\1\xff"))
for kind, length in ((1, 148), (2, 92), (3, 64), (4, 32), (1, 147), (5, 40)):
    body = struct.pack("<II", kind, 7) + bytes(range(length - 8))
    for how in range(8):
        write("wireguard", f"message_{kind}_{length}_{how}", step(MESSAGE, how, body) + session + step(MESSAGE, how | 0x18, body))
# Under load: cookies, from the node and to it, and too many with one.
flood = b"".join(step(MESSAGE, 4, struct.pack("<II", 1, n) + bytes(140)) for n in range(9))
flood_of_peer = b"".join(step(MESSAGE, 4 | 0x20, struct.pack("<II", 1, n) + bytes(140)) for n in range(9))
write("wireguard", "flood", flood + step(DELIVER, 0x80) + session + step(WAIT, 2) + session)
write("wireguard", "cookie_given", flood + step(DELIVER, 0x80) + step(PUNT, 0, b"x") + step(DELIVER, 0) + later + flood
      + 9 * step(AGAIN, 0) + session)
write("wireguard", "cookie_taken", flood_of_peer + step(DELIVER, 0x80) + step(PUNT, 1, b"x") + step(AGAIN, 0) + step(AGAIN, 20, b"\1")
      + step(DELIVER, 0) + later + 3 * step(DELIVER, 0))
for wait in range(8):
    write("wireguard", f"wait_{wait}", session + step(WAIT, wait) + sealed + step(DELIVER, 0x80) + step(WAIT, wait)
          + step(PUNT, 1, b"again") + 3 * step(DELIVER, 0))
write("wireguard", "too_old", session + step(PUNT, 0, b"late") + 2 * step(WAIT, 6 | 8) + step(DELIVER, 0x80))
write("wireguard", "unanswered", step(PUNT, 1, b"lost") + 21 * (step(WAIT, 3 | 8) + step(PUNT, 1, b"on")) + session)
write("wireguard", "queue", 140 * step(PUNT, 1, b"q") + step(DELIVER, 0x80) + 2 * later)
for change in range(12):
    write("wireguard", f"changed_{change}", session + begun + step(CHANGE, change) + sealed + step(PUNT, 1, b"now")
          + step(SEED, change) + session + step(CHANGE, (change * 5) % 12) + later + step(DELIVER, 0x80) + session + sealed)
write("wireguard", "no_endpoint", session + step(CHANGE, 0) + step(CHANGE, 2) + step(PUNT, 1, b"where") + step(WAIT, 6) + session)
clear = ["ARP_TAP_3", "ARP_WEB1_GATEWAY", "NS_WEB1_GATEWAY", "UDP_WEB1_WEB2"]
write("wireguard", "clear", b"".join(step(RAW, how, frames[name]) for name in clear for how in range(4) if len(frames[name]) < 256))
arp = bytes.fromhex("ffffffffffff020000000101" "0806" "0001080006040001" "020000000101" "0a080001" "000000000000" "0a080002")
write("wireguard", "arp", step(RAW, 2, arp) + step(RAW, 2, arp[:-1] + b"\1") + session)


def address_text(text, node):
    return text.replace("%1$u", str(node)).replace("%2$u", str(3 - node))


support = open(os.path.join(here, "support.c")).read()
node = re.search(r"wireguard_node\[\] =\n(.*?);\n", support, re.DOTALL)[1]
node = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', node)).replace('\\"', '"')
node = address_text(node, 1).replace("%3$s", "192.0.2.").encode()
write("program", "wireguard", node)
write("program", "wireguard_base64", node.replace(b"lab:fuzz/2/public", b"zo060cy2M+x7cMF4FKXHbs0CloUFDTRHRboFhw5YfVk="))
arrived = [wireguard.wrap(struct.pack("<II", kind, 7) + bytes(length - 8), 2, 1) for kind, length in ((1, 148), (2, 92), (3, 64), (4, 32))]
write("journal", "wireguard", b"ZTJOURNL" + struct.pack("<II", 1, 0) + record(1, 0, 0, node) + record(7, 0, 1, struct.pack("<Q", 10**18) + bytes(32))
      + b"".join(record(2, 1, 2, frame) for frame in arrived) + record(6, 0, 2 * 10**9, b"")
      + record(7, 0, 2 * 10**9, struct.pack("<Q", 10**18) + bytes(range(32))) + record(6, 0, 30 * 10**9, b""))
write("journal", "seeds", record(7, 0, 1, bytes(40)) + record(7, 0, 2, bytes(39)))
to = '{"endpoint":{"address":"192.0.2.7","port":1},"presharedKey":"lab:fuzz/psk","allowedIps":["10.8.0.7/32","::/0"],"persistentKeepalive":9}'
for name, change in {
    "peer_add": f'{{"table":"peer","interface":3,"publicKey":"Xf7dO2vUf2+ijuFdlp1bsOpTd01Ii9r53xxuASSz7yI=","to":{to}}}',
    "peer_set": f'{{"table":"peer","interface":5,"publicKey":"lab:fuzz/2/public","to":{to}}}',
    "peer_own": f'{{"table":"peer","interface":3,"publicKey":"lab:fuzz/1/public","to":{to}}}',
    "peer_gone": '{"table":"peer","interface":3,"publicKey":"lab:fuzz/2/public","to":null}',
}.items():
    text = f'{{"id":1,"op":"apply","changes":[{change}]}}'
    write("control", name, text.encode())
    keyed = text[:-1] + ',"keys":"/nowhere"}'
    write("socket", name, b"\0" + struct.pack(">I", len(keyed)) + keyed.encode())
