# SPDX-License-Identifier: Apache-2.0
"""Routes of VRF 0 from the kernel's main table, edited with `ip route` as an operator or a routing daemon does."""
import json
import signal
import time

import frames
import programs
from harness import Collector, Lab, proves, read_journal, replays, send, two_leaves
from programs import host_address, host_mac

GATEWAYS = {1: "10.254.1.1", 2: "10.254.2.1", 3: "10.254.3.1"}


def router():
    """A node with routed ports: eth1, eth2 and the sealed eth3 with a TAP each, eth4 in another VRF, eth5 in a bridge."""
    ports = [
        programs.port(n, f"eth{n}", 1, tap=True, vrf=0, addresses=[f"10.254.{n}.0/31"], mtu=programs.LINK_MTU - 32)
        for n in (1, 2)
    ]
    ports.append(programs.port(3, "eth3", 1, tap=True))
    ports.append(programs.port(4, "eth4", 1, tap=True, vrf=1, addresses=["10.254.4.0/31"]))
    ports.append(programs.port(5, "eth5", 1, tap=True, bridge=10))
    sealed = {**programs.macsec(1, 2), "id": 7, "lower": 3, "mac": programs.mac(1, 3), "addresses": ["10.254.3.0/31"]}
    return {
        "format": "ztos-program", "version": 1, "node": "router", "seeds": {"ecmp": 1, "sourcePort": 2},
        "vrfs": [{"id": 0, "name": "underlay"}, {"id": 1, "name": "red"}],
        "interfaces": [*ports, sealed, {"id": 10, "name": "a", "kind": "bridge", "ageing": 300_000_000_000, "fdbLimit": 9}],
        "kernelRoutes": True,
        "tables": {
            "routes": [
                *({"vrf": 0, "prefix": f"10.254.{n}.0/31", "connected": 7 if n == 3 else n} for n in (1, 2, 3)),
                {"vrf": 0, "prefix": "192.0.2.0/24", "blackhole": True},
            ],
            "groups": [], "neighbours": [], "fdb": [], "flood": [],
        },
    }


class Router:
    """The node in a namespace of its own, before its engine is started."""

    def __init__(self, lab):
        self.lab = lab
        self.engine = None
        self.namespace = "r"
        lab.add("r", "x")
        for n in range(1, 6):
            lab.cable("r", f"eth{n}.phy", "x", f"x{n}")
            lab.tap("r", f"eth{n}", programs.mac(1, n), programs.LINK_MTU - 32, f"10.254.{n}.0/31")
        lab.cable("r", "other", "x", "x6")
        self.ip("addr", "add", "10.254.6.0/31", "dev", "other")
        lab.within("r", "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0", "net.ipv6.conf.default.disable_ipv6=0")
        for n in (1, 2, 3):
            lab.within("r", "sysctl", "-qw", f"net.ipv6.conf.eth{n}.disable_ipv6=0", f"net.ipv6.conf.eth{n}.accept_dad=0")
            self.ip("addr", "add", f"2001:db8:{n}::1/64", "dev", f"eth{n}", "nodad")

    def start(self):
        keys = {programs.key(node): f"{node:032x}" for node in (1, 2)}
        self.engine = self.lab.engine("r", router(), keys=keys)
        return self

    def ip(self, *words):
        self.lab.ip("-n", self.lab.name("r"), *words)

    def route(self, *words):
        self.ip("route", *words)

    def routes(self):
        """Prefix → [(interface, gateway)] of the engine's routes in VRF 0 that have a group."""
        program = self.engine.ask("program")["program"]
        groups = {group["id"]: group["members"] for group in program["tables"]["groups"]}
        return {
            route["prefix"]: [(member["interface"], member["gateway"]) for member in groups[route["group"]]]
            for route in program["tables"]["routes"] if route["vrf"] == 0 and "group" in route
        }

    def weights(self, prefix):
        """As the engine shows them, None where it shows none."""
        program = self.engine.ask("program")["program"]
        groups = {group["id"]: group["members"] for group in program["tables"]["groups"]}
        return next([member.get("weight") for member in groups[route["group"]]]
                    for route in program["tables"]["routes"] if route["prefix"] == prefix)

    def wait_for_weights(self, prefix, wanted, seconds=5):
        deadline = time.monotonic() + seconds
        while (weights := self.weights(prefix)) != wanted:
            assert time.monotonic() < deadline, f"{weights} instead of {wanted}"
            time.sleep(0.005)

    def become(self, wanted, seconds=5):
        deadline = time.monotonic() + seconds
        while (routes := self.routes()) != wanted:
            assert time.monotonic() < deadline, f"{routes} instead of {wanted}"
            time.sleep(0.005)

    def stay(self, wanted):
        """Nothing changes within a moment, in which the kernel's news of what was done are surely heard."""
        self.route("add", "203.0.113.255/32", "via", GATEWAYS[1])
        self.become({**wanted, "203.0.113.255/32": [(1, GATEWAYS[1])]})
        self.route("del", "203.0.113.255/32")
        self.become(wanted)

    def end(self):
        assert self.engine.stop() == 0
        assert "routes of the kernel" not in self.engine.log(), self.engine.log()
        keys = self.lab.file("keys.json", {programs.key(node): f"{node:032x}" for node in (1, 2)})
        replays(self.engine.journal, "--keys", str(keys))


@proves("CTRL-7")
def test_routes_by_gateway_are_added_replaced_and_deleted():
    with Lab() as lab:
        router = Router(lab).start()
        router.become({})
        router.route("add", "203.0.113.0/24", "via", GATEWAYS[1])
        router.become({"203.0.113.0/24": [(1, GATEWAYS[1])]})
        router.route("replace", "203.0.113.0/24", "via", GATEWAYS[2])
        router.become({"203.0.113.0/24": [(2, GATEWAYS[2])]})
        router.route("change", "203.0.113.0/24", "via", GATEWAYS[3])
        router.become({"203.0.113.0/24": [(7, GATEWAYS[3])]})
        router.route("add", "default", "via", GATEWAYS[1])
        router.become({"203.0.113.0/24": [(7, GATEWAYS[3])], "0.0.0.0/0": [(1, GATEWAYS[1])]})
        router.route("del", "203.0.113.0/24")
        router.route("del", "default")
        router.become({})
        # In place of the program's own, and its end is the end of both.
        router.route("add", "192.0.2.0/24", "via", GATEWAYS[1])
        router.become({"192.0.2.0/24": [(1, GATEWAYS[1])]})
        router.route("del", "192.0.2.0/24")
        router.become({})
        prefixes = [route["prefix"] for route in router.engine.ask("program")["program"]["tables"]["routes"]]
        assert prefixes == ["10.254.1.0/31", "10.254.2.0/31", "10.254.3.0/31"]
        router.end()
        records, _ = read_journal(router.engine.journal)
        requests = [json.loads(data) for kind, _, _, data in records if kind == "control"]
        assert requests and all(request["op"] == "apply" for request in requests)


@proves("CTRL-7")
def test_routes_by_several_gateways_are_groups_in_the_order_of_interfaces():
    with Lab() as lab:
        router = Router(lab).start()
        three = [(1, GATEWAYS[1]), (2, GATEWAYS[2]), (7, GATEWAYS[3])]
        router.route("add", "10.200.0.0/16", "nexthop", "via", GATEWAYS[3], "nexthop", "via", GATEWAYS[1], "nexthop",
                     "via", GATEWAYS[2])
        router.become({"10.200.0.0/16": three})
        router.route("replace", "10.200.0.0/16", "nexthop", "via", GATEWAYS[2], "nexthop", "via", GATEWAYS[1])
        router.become({"10.200.0.0/16": three[:2]})
        # A gateway of the other family, alone and beside one of its own.
        router.route("add", "10.201.0.0/16", "via", "inet6", "fe80::5", "dev", "eth2")
        router.route("add", "10.202.0.0/16", "nexthop", "via", "inet6", "2001:db8:1::9", "dev", "eth1", "nexthop", "via",
                     GATEWAYS[1])
        router.become({
            "10.200.0.0/16": three[:2], "10.201.0.0/16": [(2, "fe80::5")],
            "10.202.0.0/16": [(1, GATEWAYS[1]), (1, "2001:db8:1::9")],
        })
        router.end()


@proves("CTRL-7")
def test_ipv6_routes_whose_next_hops_come_and_go_one_by_one():
    with Lab() as lab:
        router = Router(lab).start()
        prefix = "2001:db8:200::/48"
        router.route("add", prefix, "via", "2001:db8:2::9")
        router.become({prefix: [(2, "2001:db8:2::9")]})
        router.route("append", prefix, "via", "2001:db8:1::9")
        router.become({prefix: [(1, "2001:db8:1::9"), (2, "2001:db8:2::9")]})
        router.route("append", prefix, "via", "fe80::7", "dev", "eth3")
        router.become({prefix: [(1, "2001:db8:1::9"), (2, "2001:db8:2::9"), (7, "fe80::7")]})
        router.route("del", prefix, "via", "2001:db8:2::9")
        router.become({prefix: [(1, "2001:db8:1::9"), (7, "fe80::7")]})
        router.route("replace", prefix, "nexthop", "via", "fe80::2", "dev", "eth2", "nexthop", "via", "fe80::1", "dev",
                     "eth1")
        router.become({prefix: [(1, "fe80::1"), (2, "fe80::2")]})
        router.route("del", prefix)
        router.become({})
        router.route("add", "default", "via", "fe80::1", "dev", "eth1")
        router.become({"::/0": [(1, "fe80::1")]})
        router.end()


@proves("CTRL-7", "ROUTE-10")
def test_weights_and_gateways_of_the_other_family_are_followed_and_packets_go_by_them():
    with Lab() as lab:
        router = Router(lab).start()
        prefix = "203.0.113.0/24"
        router.route("add", prefix, "nexthop", "via", GATEWAYS[1], "weight", "3", "nexthop", "via", GATEWAYS[2], "weight", "256")
        router.become({prefix: [(1, GATEWAYS[1]), (2, GATEWAYS[2])]})
        assert router.weights(prefix) == [3, 256]
        router.route("replace", prefix, "nexthop", "via", GATEWAYS[1], "weight", "7", "nexthop", "via", GATEWAYS[2])
        router.wait_for_weights(prefix, [7, None])
        router.route("replace", prefix, "nexthop", "via", "inet6", "fe80::1", "dev", "eth1", "weight", "2",
                     "nexthop", "via", "inet6", "fe80::2", "dev", "eth2", "weight", "5")
        router.become({prefix: [(1, "fe80::1"), (2, "fe80::2")]})
        assert router.weights(prefix) == [2, 5]
        router.route("replace", prefix, "via", "inet6", "fe80::1", "dev", "eth1")
        router.become({prefix: [(1, "fe80::1")]})
        router.route("add", "2001:db8:9::/48", "nexthop", "via", "fe80::1", "dev", "eth1", "weight", "4",
                     "nexthop", "via", "fe80::2", "dev", "eth2")
        router.become({prefix: [(1, "fe80::1")], "2001:db8:9::/48": [(1, "fe80::1"), (2, "fe80::2")]})
        assert router.weights("2001:db8:9::/48") == [4, None]
        # The kernel knows the neighbour by its link-local address: an IPv4 packet goes to its MAC.
        router.ip("neigh", "add", "fe80::1", "lladdr", host_mac(9), "dev", "eth1")
        probe = lab.probe({"x2": ("x", "x2", host_mac(2), [])}, {"out": ("x", "x1")})
        send(probe, ("x2", frames.udp_frame(programs.mac(1, 2), host_mac(2), "10.254.2.1", "203.0.113.7")))
        router.engine.ask("sync")
        assert router.engine.stop() == 0
        sent = [data for kind, interface, _, data in read_journal(router.engine.journal)[0] if kind == "tx" and interface == 1]
        wanted = frames.mac_bytes(host_mac(9)) + frames.mac_bytes(programs.mac(1, 1)) + b"\x08\x00"
        assert any(data[:14] == wanted and data[30:34] == bytes([203, 0, 113, 7]) for data in sent), sent
        keys = lab.file("keys.json", {programs.key(node): f"{node:032x}" for node in (1, 2)})
        replays(router.engine.journal, "--keys", str(keys))


@proves("CTRL-7")
def test_what_is_no_unicast_route_by_gateway_over_taps_alone_is_not_followed():
    with Lab() as lab:
        router = Router(lab).start()
        for kind in ("blackhole", "unreachable", "prohibit", "throw"):
            router.route("add", kind, "203.0.113.0/24")
            router.stay({})
            router.route("del", kind, "203.0.113.0/24")
        for words in (
            ("dev", "eth1"), ("via", "10.254.6.1"), ("via", "10.254.4.1"), ("via", "10.254.5.1"),
            ("nexthop", "via", GATEWAYS[1], "nexthop", "via", "10.254.6.1"),
            ("nexthop", "via", GATEWAYS[1], "nexthop", "dev", "eth2"),
            ("via", GATEWAYS[1], "table", "100"), ("via", GATEWAYS[1], "tos", "0x10"),
        ):
            router.route("add", "203.0.113.0/24", *words)
            router.stay({})
            router.route("del", "203.0.113.0/24", *words)
        # A route that ceases to be one that is followed, and becomes one again.
        router.route("add", "203.0.113.0/24", "via", GATEWAYS[1])
        router.become({"203.0.113.0/24": [(1, GATEWAYS[1])]})
        router.route("replace", "203.0.113.0/24", "via", "10.254.6.1")
        router.become({})
        router.route("replace", "203.0.113.0/24", "via", GATEWAYS[2])
        router.become({"203.0.113.0/24": [(2, GATEWAYS[2])]})
        router.route("replace", "blackhole", "203.0.113.0/24")
        router.become({})
        router.end()


@proves("CTRL-7")
def test_of_several_routes_to_a_prefix_the_one_that_the_kernel_uses_is_followed():
    with Lab() as lab:
        router = Router(lab).start()
        prefix = "203.0.113.0/24"
        for metric, port in ((30, 1), (20, 2), (40, 3)):
            router.route("add", prefix, "via", GATEWAYS[port], "metric", str(metric))
        router.become({prefix: [(2, GATEWAYS[2])]})
        router.route("add", prefix, "dev", "other", "metric", "10")
        router.become({})
        router.route("del", prefix, "metric", "10")
        router.become({prefix: [(2, GATEWAYS[2])]})
        router.route("del", prefix, "metric", "20")
        router.become({prefix: [(1, GATEWAYS[1])]})
        # The same metric: behind it, and in front of it.
        router.route("append", prefix, "via", GATEWAYS[2], "metric", "30")
        router.stay({prefix: [(1, GATEWAYS[1])]})
        router.route("prepend", prefix, "via", GATEWAYS[3], "metric", "30")
        router.become({prefix: [(7, GATEWAYS[3])]})
        router.route("del", prefix, "via", GATEWAYS[3], "metric", "30")
        router.become({prefix: [(1, GATEWAYS[1])]})
        router.route("del", prefix, "via", GATEWAYS[1], "metric", "30")
        router.become({prefix: [(2, GATEWAYS[2])]})
        router.route("flush", prefix)
        router.become({})
        router.end()


@proves("CTRL-7")
def test_links_and_addresses_that_go_take_routes_along_although_the_kernel_says_nothing_of_it():
    with Lab() as lab:
        router = Router(lab).start()
        router.route("add", "203.0.113.0/24", "via", GATEWAYS[2])
        router.route("add", "10.200.0.0/16", "nexthop", "via", GATEWAYS[1], "nexthop", "via", GATEWAYS[2])
        router.route("add", "2001:db8:200::/48", "nexthop", "via", "2001:db8:1::9", "nexthop", "via", "2001:db8:2::9")
        router.route("add", "2001:db8:201::/48", "via", "2001:db8:2::9")
        both = {
            "203.0.113.0/24": [(2, GATEWAYS[2])], "10.200.0.0/16": [(1, GATEWAYS[1]), (2, GATEWAYS[2])],
            "2001:db8:200::/48": [(1, "2001:db8:1::9"), (2, "2001:db8:2::9")],
            "2001:db8:201::/48": [(2, "2001:db8:2::9")],
        }
        left = {"10.200.0.0/16": [(1, GATEWAYS[1])], "2001:db8:200::/48": [(1, "2001:db8:1::9")]}
        router.become(both)
        begin = time.monotonic()
        router.ip("link", "set", "eth2", "down")
        router.become(left)
        print(f"link down: {(time.monotonic() - begin) * 1000:.0f} ms")
        router.ip("link", "set", "eth2", "up")
        router.ip("addr", "replace", "2001:db8:2::1/64", "dev", "eth2", "nodad")
        router.route("replace", "203.0.113.0/24", "via", GATEWAYS[2])
        router.route("replace", "2001:db8:201::/48", "via", "2001:db8:2::9")
        router.route("replace", "10.200.0.0/16", "nexthop", "via", GATEWAYS[1], "nexthop", "via", GATEWAYS[2])
        router.route("replace", "2001:db8:200::/48", "nexthop", "via", "2001:db8:1::9", "nexthop", "via", "2001:db8:2::9")
        router.become(both)
        # The last IPv4 address of a device takes its IPv4 routes along.
        router.ip("-4", "addr", "flush", "dev", "eth2")
        router.become({
            "10.200.0.0/16": [(1, GATEWAYS[1])], "2001:db8:200::/48": both["2001:db8:200::/48"],
            "2001:db8:201::/48": both["2001:db8:201::/48"],
        })
        # One that is deleted takes whole IPv4 routes along, whatever else they had (fib_sync_down_dev).
        router.ip("link", "del", "eth2")
        router.become({"2001:db8:200::/48": left["2001:db8:200::/48"]})
        router.end()


@proves("CTRL-7")
def test_routes_by_next_hop_objects_are_followed():
    with Lab() as lab:
        router = Router(lab).start()
        for n in (1, 2):
            router.ip("nexthop", "add", "id", str(n), "via", GATEWAYS[n], "dev", f"eth{n}")
        router.ip("nexthop", "add", "id", "10", "group", "1/2")
        router.route("add", "10.200.0.0/16", "nhid", "10")
        router.route("add", "203.0.113.0/24", "nhid", "1")
        router.become({"10.200.0.0/16": [(1, GATEWAYS[1]), (2, GATEWAYS[2])], "203.0.113.0/24": [(1, GATEWAYS[1])]})
        router.ip("nexthop", "replace", "id", "10", "group", "2")
        router.become({"10.200.0.0/16": [(2, GATEWAYS[2])], "203.0.113.0/24": [(1, GATEWAYS[1])]})
        router.ip("nexthop", "replace", "id", "10", "group", "1/2")
        router.become({"10.200.0.0/16": [(1, GATEWAYS[1]), (2, GATEWAYS[2])], "203.0.113.0/24": [(1, GATEWAYS[1])]})
        router.ip("nexthop", "del", "id", "1")
        router.become({"10.200.0.0/16": [(2, GATEWAYS[2])]})
        router.end()


@proves("CTRL-7")
def test_routes_that_are_there_at_the_start_and_after_a_load_are_told_unless_the_program_does_not_want_them():
    with Lab() as lab:
        router = Router(lab)
        router.route("add", "203.0.113.0/24", "via", GATEWAYS[1])
        there = {"203.0.113.0/24": [(1, GATEWAYS[1])]}
        router.start()
        router.become(there)
        program = router.engine.ask("program")["program"]
        own = {key: value for key, value in program.items() if key != "kernelRoutes"}
        own["tables"] = {**own["tables"], "routes": [], "groups": []}
        router.engine.ask("load", program=own)
        router.route("add", "10.200.0.0/16", "via", GATEWAYS[2])
        time.sleep(0.1)
        assert router.routes() == {}
        router.engine.ask("load", program={**own, "kernelRoutes": True})
        router.become({**there, "10.200.0.0/16": [(2, GATEWAYS[2])]})
        router.route("del", "203.0.113.0/24")
        router.become({"10.200.0.0/16": [(2, GATEWAYS[2])]})
        # eth2 is in another VRF from now on: what leads there is no route of VRF 0.
        moved = json.loads(json.dumps({**own, "kernelRoutes": True}))
        moved["interfaces"][1]["vrf"] = 1
        router.engine.ask("load", program=moved)
        router.stay({})
        router.end()


@proves("CTRL-7")
def test_routes_are_right_again_after_the_kernel_lost_messages():
    with Lab() as lab:
        router = Router(lab).start()
        router.route("add", "203.0.113.0/24", "via", GATEWAYS[1])
        router.become({"203.0.113.0/24": [(1, GATEWAYS[1])]})
        router.engine.popen.send_signal(signal.SIGSTOP)
        batch = [f"route add 10.{100 + (n >> 8)}.{n & 255}.0/24 via {GATEWAYS[1 + n % 3]}" for n in range(6000)]
        lab.file("batch", "\n".join([*batch, "route del 203.0.113.0/24"]) + "\n")
        router.ip("-batch", str(lab.folder / "batch"))
        router.engine.popen.send_signal(signal.SIGCONT)
        begin = time.monotonic()
        wanted = {
            f"10.{100 + (n >> 8)}.{n & 255}.0/24": [(7 if n % 3 == 2 else 1 + n % 3, GATEWAYS[1 + n % 3])]
            for n in range(6000)
        }
        router.become(wanted, 20)
        print(f"6000 routes: {(time.monotonic() - begin) * 1000:.0f} ms")
        router.route("flush", "root", "10.0.0.0/8", "proto", "boot")
        router.become({}, 20)
        router.end()


@proves("CTRL-7")
def test_frames_go_where_the_kernel_says_over_clear_and_sealed_links():
    for sealed in (False, True):
        with Lab() as lab:
            (one, two), probe = two_leaves(lab, sealed=sealed)
            keys = {"keys": str(lab.folder / "keys.json")} if sealed else {}
            for node, engine in ((1, one), (2, two)):
                program = programs.leaf(node, sealed=sealed)
                program["kernelRoutes"] = True
                program["tables"]["groups"] = []
                program["tables"]["routes"] = [r for r in program["tables"]["routes"] if "group" not in r]
                engine.ask("load", program=program, **keys)
            collector = Collector(probe)
            frame = frames.udp_frame(host_mac(2), host_mac(1), host_address(1), host_address(2), trace=1)
            send(probe, ("h1", frame))
            assert collector.take() == []
            assert one.ask("stats")["fates"] == {"no-route": 1}
            lab.ip("-n", lab.name("l1"), "route", "add", "10.255.0.2/32", "via", "10.254.0.1")
            deadline = time.monotonic() + 5
            while not one.ask("program")["program"]["tables"]["groups"]:
                assert time.monotonic() < deadline
                time.sleep(0.005)
            send(probe, ("h1", frame))
            assert collector.take(1) == [("h2", frame, False)]
            lab.ip("-n", lab.name("l1"), "route", "del", "10.255.0.2/32")
            while one.ask("program")["program"]["tables"]["groups"]:
                assert time.monotonic() < deadline
                time.sleep(0.005)
            send(probe, ("h1", frame))
            assert collector.take() == []
            for engine in (one, two):
                assert engine.stop() == 0
                replays(engine.journal, *(("--keys", keys["keys"]) if sealed else ()))
