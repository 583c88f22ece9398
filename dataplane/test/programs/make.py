#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes leaf.json, spine.json, wga.json and wgb.json: the programs (contract/program.ts) of unit tests, fuzzers and benches.

Leaf: tenants shop (VRF 1) and bank (VRF 2) on the same addresses; network web (bridge 10, two host ports), db (bridge 20),
L3 VNI (bridge 30), a network without gateway (bridge 40); two clear ports and a sealed one towards the underlay. Spine: transit.
wga and wgb: two ends of WireGuard, over the underlay (3) and on a link (5), with the keys of RFC 7748 section 6.1."""
import json
import os

SECOND = 1_000_000_000
GATEWAY = "02:00:5e:00:00:01"
SYSTEM = "02:aa:00:00:00:01"
REMOTES = ["10.255.0.2", "10.255.0.3"]


def port(id, mac, **more):
    return {"id": id, "name": f"eth{id}", "kind": "port", "mac": mac, "mtu": 1700, "addresses": [], "tap": True, **more}


def macsec(id, lower, mac, own, peer, **more):
    return {
        "id": id, "name": f"sec{id}", "kind": "macsec", "lower": lower, "mac": mac, "mtu": 1668, "addresses": [],
        "cipher": "gcm-aes-128", "mode": "strict", "replayWindow": 0,
        "tx": {"sci": own, "an": 0, "key": f"lab:test/{own}/0"},
        "rx": [{"sci": peer, "an": 0, "key": f"lab:test/{peer}/0"}, {"sci": peer, "an": 1, "key": f"lab:test/{peer}/1"}],
        **more,
    }


def bridge(id, **more):
    return {"id": id, "name": f"br{id}", "kind": "bridge", "ageing": 300 * SECOND, "fdbLimit": 4, **more}


def vxlan(id, bridge, vni, **more):
    return {
        "id": id, "name": f"vx{id}", "kind": "vxlan", "bridge": bridge, "vni": vni, "underlayVrf": 0, "local": "10.255.0.1",
        "port": 4789, "mtu": 1500, "learning": True, "ttl": 64, "dscp": 10, "df": True, "udpChecksum": "zero",
        "remotes": REMOTES, **more,
    }


def irb(id, bridge, vrf, mac, addresses, **more):
    return {
        "id": id, "name": f"irb{id}", "kind": "irb", "bridge": bridge, "vrf": vrf, "mac": mac, "systemMac": SYSTEM,
        "addresses": addresses, "mtu": 1500, "suppress": True, "neighbourLifetime": 60 * SECOND, "neighbourLimit": 3, **more,
    }


LEAF = {
    "format": "ztos-program", "version": 1, "node": "leaf1",
    "seeds": {"ecmp": 0x11111111, "sourcePort": 0x22222222},
    "vrfs": [{"id": 0, "name": "underlay"}, {"id": 1, "name": "shop"}, {"id": 2, "name": "bank"}],
    "interfaces": [
        port(1, "02:00:00:00:01:01", vrf=0, addresses=["10.254.0.1/31"]),
        port(2, "02:00:00:00:01:02", vrf=0, addresses=["10.254.0.3/31", "2001:db8:fe::3/127"], tap=False),
        port(3, "02:00:00:00:01:03"),
        macsec(4, 3, "02:00:00:00:01:03", "0200000001030001", "0200000002030001", vrf=0, addresses=["10.254.0.5/31"]),
        {"id": 5, "name": "lo", "kind": "loopback", "vrf": 0, "addresses": ["10.255.0.1/32", "2001:db8:ff::1/128"]},
        bridge(10),
        port(11, "02:00:00:00:01:0b", bridge=10, mtu=1500, tap=False),
        port(12, "02:00:00:00:01:0c", bridge=10, mtu=1400, tap=False),
        vxlan(13, 10, 10010),
        irb(14, 10, 1, GATEWAY, ["10.1.0.1/24", "2001:db8:1::1/64"]),
        bridge(20),
        port(21, "02:00:00:00:01:15", bridge=20, mtu=1500, tap=False),
        vxlan(23, 20, 10020, udpChecksum="compute"),
        irb(24, 20, 1, GATEWAY, ["10.1.1.1/24"], suppress=False),
        bridge(30),
        vxlan(33, 30, 50001, learning=False),
        irb(34, 30, 1, SYSTEM, [], suppress=False),
        bridge(40, ageing=5 * SECOND),
        port(41, "02:00:00:00:01:29", bridge=40, mtu=1500, tap=False),
        port(42, "02:00:00:00:01:2a", bridge=40, mtu=1500, tap=False),
        vxlan(43, 40, 10040, local="2001:db8:ff::1", remotes=["2001:db8:ff::2"]),
        bridge(50),
        port(51, "02:00:00:00:01:33", bridge=50, mtu=1500, tap=False),
        irb(54, 50, 2, GATEWAY, ["10.1.0.1/24"]),
    ],
    "tables": {
        "routes": [
            {"vrf": 0, "prefix": "10.254.0.0/31", "connected": 1},
            {"vrf": 0, "prefix": "10.254.0.2/31", "connected": 2},
            {"vrf": 0, "prefix": "10.254.0.4/31", "connected": 4},
            {"vrf": 0, "prefix": "10.255.0.2/32", "group": 1},
            {"vrf": 0, "prefix": "10.255.0.3/32", "group": 2},
            {"vrf": 0, "prefix": "10.200.0.0/16", "group": 4},
            {"vrf": 0, "prefix": "2001:db8:ff::2/128", "group": 5},
            {"vrf": 1, "prefix": "10.1.0.0/24", "connected": 14},
            {"vrf": 1, "prefix": "10.1.1.0/24", "connected": 24},
            {"vrf": 1, "prefix": "2001:db8:1::/64", "connected": 14},
            {"vrf": 1, "prefix": "10.1.2.0/24", "group": 3},
            {"vrf": 1, "prefix": "10.66.0.0/16", "blackhole": True},
            {"vrf": 2, "prefix": "10.1.0.0/24", "connected": 54},
        ],
        "groups": [
            {"id": 1, "members": [{"interface": 1, "gateway": "10.254.0.0"}]},
            {"id": 2, "members": [{"interface": 4, "gateway": "10.254.0.4"}]},
            {"id": 3, "members": [{"interface": 34, "gateway": "10.255.0.2"}]},
            {"id": 4, "members": [{"interface": 1, "gateway": "10.254.0.0"}, {"interface": 2, "gateway": "10.254.0.2"},
                                  {"interface": 4, "gateway": "10.254.0.4"}]},
            {"id": 5, "members": [{"interface": 2, "gateway": "2001:db8:fe::2"}]},
        ],
        "neighbours": [
            {"interface": 1, "address": "10.254.0.0", "mac": "02:00:00:00:02:01"},
            {"interface": 2, "address": "10.254.0.2", "mac": "02:00:00:00:02:02"},
            {"interface": 2, "address": "2001:db8:fe::2", "mac": "02:00:00:00:02:02"},
            {"interface": 4, "address": "10.254.0.4", "mac": "02:00:00:00:02:03"},
            {"interface": 34, "address": "10.255.0.2", "mac": "02:aa:00:00:00:02"},
        ],
        "fdb": [
            {"bridge": 30, "mac": "02:aa:00:00:00:02", "interface": 33, "remote": "10.255.0.2"},
            {"bridge": 40, "mac": "02:bb:00:00:00:99", "interface": 42},
        ],
        "flood": [
            {"interface": 13, "remotes": REMOTES},
            {"interface": 23, "remotes": ["10.255.0.2"]},
            {"interface": 43, "remotes": ["2001:db8:ff::2"]},
        ],
    },
}

SPINE = {
    "format": "ztos-program", "version": 1, "node": "spine1",
    "seeds": {"ecmp": 3, "sourcePort": 4},
    "vrfs": [{"id": 0, "name": "underlay"}],
    "interfaces": [
        port(1, "02:00:00:00:09:01"),
        port(2, "02:00:00:00:09:02"),
        port(3, "02:00:00:00:09:03", vrf=0, addresses=["10.254.1.1/31"]),
        macsec(11, 1, "02:00:00:00:09:01", "0200000009010001", "0200000001030001", vrf=0, addresses=["10.254.0.4/31"]),
        macsec(12, 2, "02:00:00:00:09:02", "0200000009020001", "0200000003030001", vrf=0, addresses=["10.254.0.6/31"]),
    ],
    "tables": {
        "routes": [
            {"vrf": 0, "prefix": "10.255.0.1/32", "group": 1},
            {"vrf": 0, "prefix": "10.255.0.2/32", "group": 2},
            {"vrf": 0, "prefix": "10.255.0.3/32", "group": 3},
        ],
        "groups": [
            {"id": 1, "members": [{"interface": 11, "gateway": "10.254.0.5"}]},
            {"id": 2, "members": [{"interface": 12, "gateway": "10.254.0.7"}]},
            {"id": 3, "members": [{"interface": 3, "gateway": "10.254.1.0"}]},
        ],
        "neighbours": [
            {"interface": 11, "address": "10.254.0.5", "mac": "02:00:00:00:01:03"},
            {"interface": 12, "address": "10.254.0.7", "mac": "02:00:00:00:03:03"},
            {"interface": 3, "address": "10.254.1.0", "mac": "02:00:00:00:04:01"},
        ],
        "fdb": [], "flood": [],
    },
}

PUBLIC = {"a": "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=", "b": "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08="}


def wireguard_node(own, other, n, o):
    """Node `own` has number n in its addresses, the other o."""
    def wireguard(id, **more):
        return {"id": id, "name": f"wg{id}", "kind": "wireguard", "mtu": 1420, "privateKey": f"lab:test/wg/{own}",
                "listenPort": 51820 + id, "ttl": 64, "df": False, "loadLimit": 100, **more}

    def peer(**more):
        return {"publicKey": PUBLIC[other], **more}

    return {
        "format": "ztos-program", "version": 1, "node": "wg" + own,
        "seeds": {"ecmp": 5, "sourcePort": 6},
        "vrfs": [{"id": 0, "name": "underlay"}, {"id": 1, "name": "shop"}],
        "interfaces": [
            port(1, f"02:00:00:00:0{n}:01", vrf=0, addresses=[f"192.0.2.{n}/24", f"2001:db8:f::{n}/64"]),
            port(2, f"02:00:00:00:0{n}:02", vrf=1, addresses=[f"10.{n}.0.1/24", f"fd00:{n}::1/64"], tap=False),
            wireguard(3, vrf=1, underlayVrf=0, addresses=[f"10.9.0.{n}/24"], local=[f"192.0.2.{n}", f"2001:db8:f::{n}"],
                      peers=[peer(endpoint={"address": f"192.0.2.{o}", "port": 51823},
                                  allowedIps=[f"10.{o}.0.0/16", f"10.9.0.{o}/32", f"fd00:{o}::/32"])]),
            port(4, f"02:00:00:00:0{n}:04"),
            wireguard(5, vrf=0, lower=4, mac=f"02:00:00:00:0{n}:04", peerMac="02:00:5e:00:00:77", mtu=1500,
                      addresses=[f"10.8.0.{n - 1}/31", f"fd08::{n}/64"], local=[f"198.51.100.{n}", f"2001:db8:5::{n}"],
                      peers=[peer(endpoint={"address": f"198.51.100.{o}", "port": 51825},
                                  allowedIps=["0.0.0.0/0", "::/0"])]),
        ],
        "tables": {
            "routes": [
                {"vrf": 0, "prefix": "192.0.2.0/24", "connected": 1},
                {"vrf": 0, "prefix": "2001:db8:f::/64", "connected": 1},
                {"vrf": 0, "prefix": "10.8.0.0/31", "connected": 5},
                {"vrf": 0, "prefix": "10.77.0.0/16", "group": 2},
                {"vrf": 0, "prefix": "10.66.0.0/16", "connected": 1},
                {"vrf": 1, "prefix": f"10.{n}.0.0/24", "connected": 2},
                {"vrf": 1, "prefix": f"fd00:{n}::/64", "connected": 2},
                {"vrf": 1, "prefix": f"10.{o}.0.0/16", "group": 1},
                {"vrf": 1, "prefix": f"fd00:{o}::/32", "group": 1},
                {"vrf": 1, "prefix": "10.50.0.0/16", "group": 1},
                {"vrf": 1, "prefix": "10.9.0.0/24", "connected": 3},
            ],
            "groups": [{"id": 1, "members": [{"interface": 3}]}, {"id": 2, "members": [{"interface": 5}]}],
            "neighbours": [
                {"interface": 1, "address": f"192.0.2.{o}", "mac": f"02:00:00:00:0{o}:01"},
                {"interface": 1, "address": "192.0.2.9", "mac": f"02:00:00:00:0{o}:01"},
                {"interface": 1, "address": f"2001:db8:f::{o}", "mac": f"02:00:00:00:0{o}:01"},
                {"interface": 1, "address": "10.66.0.9", "mac": "02:00:00:00:66:09"},
                {"interface": 2, "address": f"10.{n}.0.9", "mac": f"02:00:00:00:0{n}:99"},
                {"interface": 2, "address": f"fd00:{n}::9", "mac": f"02:00:00:00:0{n}:99"},
                {"interface": 4, "address": f"198.51.100.{o}", "mac": f"02:00:00:00:0{o}:04"},
                {"interface": 4, "address": f"2001:db8:5::{o}", "mac": f"02:00:00:00:0{o}:04"},
            ],
            "fdb": [], "flood": [],
        },
    }


folder = os.path.dirname(os.path.abspath(__file__))
for name, program in (("leaf", LEAF), ("spine", SPINE), ("wga", wireguard_node("a", "b", 1, 2)),
                      ("wgb", wireguard_node("b", "a", 2, 1))):
    with open(os.path.join(folder, name + ".json"), "w") as file:
        json.dump(program, file, separators=(",", ":"))
