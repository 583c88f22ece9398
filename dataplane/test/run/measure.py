#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Measures, in one run on this host: milliseconds to start by number of ports; frames a second through the engine on two
veths beside the bare forwarder on the same two veths; latency through either at a low rate. Prints one JSON object.
`cpu` is CPU time of the forwarding process in ns for a frame that arrived: on a busy host it says more than the rate does.
"""
import json
import os
import statistics
import sys

import frames
import programs
from harness import Collector, Lab, b64, patched, send
from programs import host_address, host_mac

ROUNDS = int(os.environ.get("ZT_ROUNDS", "5"))
RING = ("--ring", "2048")


def start_times():
    result = {}
    for ports in (1, 4, 16):
        times = []
        for _ in range(ROUNDS):
            with Lab() as lab:
                lab.add("n", "h")
                for port in range(1, ports + 1):
                    lab.cable("n", f"eth{port}.phy", "h", f"eth{port}")
                times.append(lab.engine("n", programs.patch(ports=ports), journal=False).ready_after * 1000)
        result[ports] = spread(times)
    return result


def spread(values):
    return {"median": round(statistics.median(values), 3), "least": round(min(values), 3), "most": round(max(values), 3)}


def template(size):
    return frames.udp_frame(host_mac(2), host_mac(1), host_address(1), host_address(2), size=size, trace=0)


def cpu_time(pid):
    """ns that a process has run, in the kernel too."""
    with open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[0])


def one_round(probe, size, pid):
    """Frames a second at the receiver while twice as many as get through are offered, and latency at 1000 a second."""
    collector = Collector(probe)
    send(probe, ("h2", frames.udp_frame(host_mac(1), host_mac(2), host_address(2), host_address(1))))
    collector.take()
    before = cpu_time(pid)
    full = probe.ask("latency", **{"from": "h1", "to": "h2", "data": b64(template(size)), "rate": 3000000, "count": 600000,
                                   "run": 1})
    used = cpu_time(pid) - before
    low = probe.ask("latency", **{"from": "h1", "to": "h2", "data": b64(template(size)), "rate": 1000, "count": 1000,
                                  "run": 2})
    samples = sorted(low["samples"])
    return {
        "cpu": used / full["received"], "kpps": full["received"] / full["elapsed"] * 1e6, "offered": full["sent"] / full["elapsed"] * 1e6,
        "p50": samples[len(samples) // 2] / 1000, "p99": samples[len(samples) * 99 // 100] / 1000,
    }


def through_engine(size, *flags, journal=False):
    with Lab() as lab:
        engine, probe = patched(lab, *RING, *flags, journal=journal, probe=RING)
        return one_round(probe, size, engine.popen.pid)


def through_forwarder(size):
    with Lab() as lab:
        lab.add("n", "h1", "h2")
        for port in (1, 2):
            lab.cable("n", f"eth{port}.phy", f"h{port}", "eth0")
        forwarder = lab.forwarder("n", "eth1.phy", "n", "eth2.phy", *RING)
        probe = lab.probe({f"h{n}": (f"h{n}", "eth0", host_mac(n), []) for n in (1, 2)}, (), *RING)
        try:
            return one_round(probe, size, forwarder.pid)
        finally:
            forwarder.terminate()
            forwarder.communicate()


def main():
    result = {"cpu": cpu(), "start ms by ports": start_times(), "forwarding": {}}
    for size in (64, 1514):
        rounds = {"engine": [], "engine with journal": [], "bare": []}
        for _ in range(ROUNDS):
            rounds["bare"].append(through_forwarder(size))
            rounds["engine"].append(through_engine(size))
            rounds["engine with journal"].append(through_engine(size, journal=True))
        result["forwarding"][size] = {
            who: {what: spread([r[what] for r in runs]) for what in runs[0]} for who, runs in rounds.items()
        }
        for what, better in (("kpps", lambda engine, bare: engine / bare), ("cpu", lambda engine, bare: bare / engine)):
            result["forwarding"][size][f"engine to bare, {what}"] = spread(
                [better(engine[what], bare[what]) for engine, bare in zip(rounds["engine"], rounds["bare"])]
            )
    json.dump(result, sys.stdout, indent=2)
    print()


def cpu():
    with open("/proc/cpuinfo") as file:
        return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))


if __name__ == "__main__":
    main()
