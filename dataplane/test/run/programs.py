# SPDX-License-Identifier: Apache-2.0
"""Node programs (contract/program.ts) for the tests here: two leaves with one link, a host port on each."""

HOST_MTU = 1500
# 14 + 20 + 8 + 8 for VXLAN over IPv4, 32 for MACsec.
LINK_MTU = HOST_MTU + 50 + 32


def mac(node, port):
    return f"02:00:00:00:{node:02x}:{port:02x}"


def host_mac(node):
    return f"02:00:00:0a:00:{node:02x}"


def host_address(node):
    return f"10.0.0.{10 + node}"


GATEWAY_MAC = "02:00:5e:00:00:01"
VNI = 10010


def port(id, name, node, **more):
    return {
        "id": id, "name": name, "kind": "port", "mac": mac(node, id), "mtu": LINK_MTU, "addresses": [], "tap": False,
        **more,
    }


def sci(node):
    return mac(node, 1).replace(":", "") + "0001"


def key(node):
    return f"lab:test/leaf{node}"


def macsec(node, peer, mode="strict"):
    return {
        "id": 3, "name": "sec1", "kind": "macsec", "lower": 1, "mac": mac(node, 1), "mtu": LINK_MTU - 32, "vrf": 0,
        "addresses": [f"10.254.0.{node - 1}/31"], "cipher": "gcm-aes-128", "mode": mode, "replayWindow": 0,
        "tx": {"sci": sci(node), "an": 0, "key": key(node)},
        "rx": [{"sci": sci(peer), "an": 0, "key": key(peer)}],
    }


def leaf(node, sealed=False, irb=True):
    """Leaf 1 or 2: eth1 is the link to the other, eth2 the host's port."""
    peer = 3 - node
    up = 3 if sealed else 1
    uplink = port(1, "eth1", node, tap=True)
    if not sealed:
        uplink |= {"vrf": 0, "addresses": [f"10.254.0.{node - 1}/31"], "mtu": LINK_MTU - 32}
    interfaces = [uplink, port(2, "eth2", node, bridge=10, mtu=HOST_MTU)]
    if sealed:
        interfaces.append(macsec(node, peer))
    interfaces += [
        {"id": 10, "name": "a", "kind": "bridge", "ageing": 300_000_000_000, "fdbLimit": 1024},
        {
            "id": 11, "name": "vx-a", "kind": "vxlan", "bridge": 10, "vni": VNI, "underlayVrf": 0,
            "local": f"10.255.0.{node}", "port": 4789, "mtu": HOST_MTU, "learning": True, "ttl": 64, "dscp": 0,
            "df": True, "udpChecksum": "zero", "remotes": [f"10.255.0.{peer}"],
        },
    ]
    if irb:
        interfaces.append({
            "id": 12, "name": "irb-a", "kind": "irb", "bridge": 10, "vrf": 1, "mac": GATEWAY_MAC,
            "systemMac": mac(node, 12), "addresses": ["10.0.0.1/24"], "mtu": HOST_MTU, "suppress": False,
            "neighbourLifetime": 300_000_000_000, "neighbourLimit": 1024,
        })
    interfaces.append({
        "id": 20, "name": "lo", "kind": "loopback", "vrf": 0, "addresses": [f"10.255.0.{node}/32"],
    })
    routes = [
        {"vrf": 0, "prefix": "10.254.0.0/31", "connected": up},
        {"vrf": 0, "prefix": f"10.255.0.{peer}/32", "group": 1},
    ]
    if irb:
        routes.append({"vrf": 1, "prefix": "10.0.0.0/24", "connected": 12})
    return {
        "format": "ztos-program", "version": 1, "node": f"leaf{node}", "seeds": {"ecmp": 1, "sourcePort": 2},
        "vrfs": [{"id": 0, "name": "underlay"}, {"id": 1, "name": "red"}],
        "interfaces": interfaces,
        "tables": {
            "routes": routes,
            "groups": [{"id": 1, "members": [{"interface": up, "gateway": f"10.254.0.{peer - 1}"}]}],
            "neighbours": [{"interface": up, "address": f"10.254.0.{peer - 1}", "mac": mac(peer, 1)}],
            "fdb": [],
            "flood": [{"interface": 11, "remotes": [f"10.255.0.{peer}"]}],
        },
    }


def patch(ports=2, mtu=HOST_MTU, tap=False):
    """A bare bridge over `ports` ports: no gateway, no tunnel."""
    return {
        "format": "ztos-program", "version": 1, "node": "patch", "seeds": {"ecmp": 1, "sourcePort": 2},
        "vrfs": [{"id": 0, "name": "underlay"}],
        "interfaces": [
            *(port(n, f"eth{n}", 1, bridge=100, mtu=mtu, tap=tap) for n in range(1, ports + 1)),
            {"id": 100, "name": "a", "kind": "bridge", "ageing": 300_000_000_000, "fdbLimit": 1024},
        ],
        "tables": {"routes": [], "groups": [], "neighbours": [], "fdb": [], "flood": []},
    }
