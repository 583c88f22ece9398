# SPDX-License-Identifier: Apache-2.0
"""ztos-netns: what it sets up inside namespaces is what `ip`, `ethtool` and `sysctl` say then, and a script that fails says where."""
import json
import pathlib
import subprocess

from harness import BUILD, Lab

PROGRAM = str(BUILD / "ztos-netns")


def set_up(script, *more, before=()):
    """Exit status and standard error of a script."""
    argv = [*before, PROGRAM, "set-up", *more]
    result = subprocess.run(argv, input=script, capture_output=True, text=True, timeout=20, check=False)
    return result.returncode, result.stderr


def links(lab, namespace):
    listed = lab.within(namespace, "ip", "-json", "-details", "link", "show").stdout
    return {link["ifname"]: link for link in json.loads(listed)}


def setting(lab, namespace, name):
    return lab.within(namespace, "cat", f"/proc/sys/net/{name}").stdout.strip()


def checksums(lab, namespace, device):
    """What `ethtool -k` says of a device, without what never changes."""
    listed = lab.within(namespace, "ethtool", "-k", device).stdout
    return {line.strip() for line in listed.splitlines() if "[fixed]" not in line}


def bare(lab, *namespaces):
    """Namespaces as they are made, and a cable from the first to the second, down."""
    for namespace in namespaces:
        lab.ip("netns", "add", lab.name(namespace))
        lab.namespaces.append(lab.name(namespace))
    lab.ip("link", "add", "eth0", "netns", lab.name(namespaces[0]), "type", "veth", "peer", "name", "eth0", "netns",
           lab.name(namespaces[1]))


def test_a_script_sets_up_one_namespace_after_the_other():
    with Lab() as lab:
        bare(lab, "a", "b")
        status, said = set_up(
            f"netns {lab.name('a')}\n"
            "sysctl ipv4/ip_forward 1\n"
            "sysctl ipv4/conf/*/rp_filter 2\n"
            "up lo\nup eth0\ntap tap1\n"
            "ip link set tap1 address 02:00:00:00:00:07 mtu 1400 up\nip addr add 192.0.2.1/24 dev tap1\n"
            "tc qdisc add dev eth0 clsact\n"
            f"netns /run/netns/{lab.name('b')}\n"
            "sysctl ipv4/ip_forward 0\n"
            "up eth0\n"
            "ip link set eth0 alias far"
        )
        assert (status, said) == (0, ""), said
        a, b = links(lab, "a"), links(lab, "b")
        assert all("UP" in link["flags"] for link in (a["lo"], a["eth0"], a["tap1"], b["eth0"]))
        assert "UP" not in b["lo"]["flags"] and "tap1" not in b
        # The last line is done too, though nothing follows it.
        assert b["eth0"]["ifalias"] == "far"
        assert (a["tap1"]["address"], a["tap1"]["mtu"]) == ("02:00:00:00:00:07", 1400)
        tap = a["tap1"]["linkinfo"]["info_data"]
        assert (tap["type"], tap["pi"], tap["persist"]) == ("tap", False, True), tap
        assert "192.0.2.1/24" in lab.within("a", "ip", "addr", "show", "tap1").stdout
        assert "clsact" in lab.within("a", "tc", "qdisc", "show", "dev", "eth0").stdout
        assert [setting(lab, name, "ipv4/ip_forward") for name in "ab"] == ["1", "0"]
        assert {setting(lab, "a", f"ipv4/conf/{name}/rp_filter") for name in ("all", "default", "eth0", "tap1")} == {"2"}


def test_plain_is_what_ethtool_makes_of_a_device():
    with Lab() as lab:
        bare(lab, "a", "b")
        before = checksums(lab, "a", "eth0")
        status, said = set_up(f"netns {lab.name('a')}\nplain eth0\n")
        assert (status, said) == (0, ""), said
        lab.within("b", "ethtool", "-K", "eth0", "tx", "off")
        assert checksums(lab, "a", "eth0") == checksums(lab, "b", "eth0") != before


def test_a_setting_of_ipv6_may_be_missing_and_no_other():
    with Lab() as lab:
        bare(lab, "a", "b")
        assert set_up(f"netns {lab.name('a')}\nsysctl ipv6/conf/none/accept_ra 0\n") == (0, "")
        status, said = set_up(f"netns {lab.name('a')}\nsysctl ipv4/conf/none/rp_filter 0\n")
        assert status == 1 and f"line 2, in namespace {lab.name('a')}: there is no /proc/sys/net/ipv4/conf/none/" in said


def test_what_fails_says_where_and_nothing_more_is_done():
    with Lab() as lab:
        bare(lab, "a", "b")
        name = lab.name("a")
        for status, line, says in (
            (1, "up eth9", "device eth9 cannot be set up: No such device"),
            (1, "tap eth0", "device eth0 cannot be made: File exists"),
            (1, "plain lo0", "device lo0 keeps its checksum offload"),
            (1, "sysctl ipv4/ip_forward many", "/proc/sys/net/ipv4/ip_forward cannot be many: Invalid argument"),
            (2, "sysctl ../kernel/panic 1", "sysctl wants a path under"),
            (2, "sysctl ipv4/ip_forward", "sysctl wants a path under"),
            (2, "up a-name-that-is-too-long", "is no name of a device"),
            (2, "down eth0", "'down' is not known"),
            (2, "up", "'up' says nothing to do"),
            (1, "netns nowhere", "/run/netns/nowhere: No such file or directory"),
        ):
            told = set_up(f"netns {name}\n{line}\ntap never\n")
            assert told[0] == status and "ztos-netns: line 2, in namespace" in told[1] and says in told[1], told
        assert "never" not in links(lab, "a")
        status, said = set_up(f"netns {name}\nip link set lo up\nip link set eth9 up\nup eth0\n")
        assert status == 1 and "of lines 2 and on failed" in said and 'Cannot find device "eth9"' in said, said
        assert "UP" not in links(lab, "a")["eth0"]["flags"]
        assert set_up("up lo\n") == (2, "ztos-netns: line 1: the first line must be netns NAME\n")


def test_a_container_is_set_up_from_inside():
    with Lab() as lab:
        bare(lab, "a", "b")
        # As in a container: no CAP_SYS_ADMIN, and /proc/sys is read-only but for a bind of its net/ elsewhere.
        inside = ("ip", "netns", "exec", lab.name("a"), "unshare", "--mount", "sh", "-c",
                  "mkdir -p /run/zt-net && mount -t tmpfs tmpfs /run/zt-net && mkdir /run/zt-net/net"
                  " && mount --bind /proc/sys/net /run/zt-net/net && mount --bind /proc/sys /proc/sys"
                  ' && mount -o remount,ro,bind /proc/sys && exec setpriv --bounding-set=-sys_admin "$@"', "sh")
        script = "sysctl ipv4/ip_forward 1\nup lo\nup eth0\n"
        try:
            status, said = set_up(script, "--here", before=inside)
            assert status == 1 and "line 1: /proc/sys/net/ipv4/ip_forward cannot be 1: Read-only file system" in said, said
            assert set_up(script, "--here", "/run/zt-net/net/", before=inside) == (0, "")
        finally:
            pathlib.Path("/run/zt-net").rmdir()
        a = links(lab, "a")
        assert "UP" in a["lo"]["flags"] and "UP" in a["eth0"]["flags"]
        assert setting(lab, "a", "ipv4/ip_forward") == "1"
        assert set_up("up lo\n", "there")[0] == 2


def test_enter_runs_a_program_there_and_ends_as_it_does():
    with Lab() as lab:
        bare(lab, "a", "b")
        argv = [PROGRAM, "enter", lab.name("a"), "sh", "-c", "ip -o link show eth0 && exit 7"]
        there = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
        assert there.returncode == 7 and "eth0" in there.stdout
        for argv, status, says in (
            (["enter", "nowhere", "true"], 1, "/run/netns/nowhere: No such file or directory"),
            (["enter", lab.name("a"), "no-such-program"], 1, "no-such-program: No such file or directory"),
            (["enter", lab.name("a")], 2, "usage: "),
            ([], 2, "usage: "),
        ):
            ended = subprocess.run([PROGRAM, *argv], capture_output=True, text=True, timeout=20, check=False)
            assert ended.returncode == status and says in ended.stderr, ended


def test_a_program_finds_an_empty_list_of_modules_and_all_else_as_it_is():
    script = "cat /proc/modules | wc -c; (cat /proc/modules_ || cat /proc/module) 2>&1; wc -w </proc/uptime; exit 7"
    result = subprocess.run([PROGRAM, "modules", "sh", "-c", script], capture_output=True, text=True, timeout=20,
                            check=False)
    assert result.returncode == 7, result
    assert result.stdout.splitlines() == ["0", "cat: /proc/modules_: No such file or directory",
                                          "cat: /proc/module: No such file or directory", "2"], result
    assert result.stderr == "", result
