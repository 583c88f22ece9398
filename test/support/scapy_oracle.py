"""Packet oracle: scapy behind a pipe, one JSON request and one JSON answer a line.

Requests:
  {"op": "dissect", "frame": hex, "rebuild": bool}
      -> {"layers": [{"name": str, ...fields}], "rebuilt": hex}
  {"op": "generate", "seed": int, "count": int}
      -> {"frames": [hex]}
  {"op": "write_capture", "format": "pcap" or "pcapng", "path": str, "frames": [hex], "nano": bool, "endian": "<" or ">"}
      frame n has the time n + 0.5 s
  {"op": "read_capture", "path": str}
      -> {"frames": [{"frame": hex, "time": nanoseconds as text}]}
  {"op": "macsec_encap", ...} and {"op": "macsec_decap", ...}: scapy.contrib.macsec; {"sci": hex, "an": int, "pn": int or text,
      "key": hex, "encrypt": bool, "frame": hex}, and if not as usual "tag": "implicit" or "end-station", "offset": int,
      "ssci": int and "salt": hex (XPN)

A request that fails is answered with {"error": text}; the process goes on.
"""

import json
import logging
import random
import sys
import warnings

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
logging.getLogger("scapy.loading").setLevel(logging.ERROR)
warnings.simplefilter("ignore")

from scapy.config import conf  # noqa: E402
from scapy.contrib import macsec as macsec_module  # noqa: E402
from scapy.contrib.wireguard import (  # noqa: E402
    Wireguard,
    WireguardCookieReply,
    WireguardInitiation,
    WireguardResponse,
    WireguardTransport,
)
from scapy.layers.inet import (  # noqa: E402
    ICMP,
    IP,
    TCP,
    UDP,
    ICMPerror,
    IPerror,
    IPOption_NOP,
    IPOption_Router_Alert,
    TCPerror,
    UDPerror,
)
from scapy.layers.inet6 import (  # noqa: E402
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPerror6,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
    RouterAlert,
)
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Dot3, Ether  # noqa: E402
from scapy.layers.sctp import SCTP, SCTPChunkCookieAck  # noqa: E402
from scapy.layers.vxlan import VXLAN  # noqa: E402
from scapy.packet import NoPayload, Packet, Padding, Raw  # noqa: E402
from scapy.utils import PcapNgReader, PcapNgWriter, PcapReader, PcapWriter  # noqa: E402

# Upper layers that guess their payload by port are switched off: only the headers are compared.
conf.layers.filter(
    [
        ARP, Dot1AD, Dot1Q, Dot3, Ether, ICMP, ICMPerror, IP, IPerror, IPerror6, IPv6, Padding, Raw, SCTP,
        SCTPChunkCookieAck, TCP, TCPerror, UDP, UDPerror, VXLAN, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
        IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest,
        ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptMTU,
        ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig, ICMPv6ParamProblem,
        ICMPv6TimeExceeded, macsec_module.MACsec, Wireguard, WireguardCookieReply, WireguardInitiation,
        WireguardResponse, WireguardTransport,
    ]
)

# What a reader of JSON that knows doubles alone can hold.
MAX_SAFE = 2**53 - 1

COMPUTED = ("len", "plen", "chksum", "cksum")


def plain(value):
    """A field as JSON: numbers and text as they are, octets in hexadecimal, the rest as octets where possible."""
    if isinstance(value, int) and value > MAX_SAFE:
        return str(value)
    if value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Packet):
        return bytes(value).hex()
    try:
        return int(value)
    except (TypeError, ValueError):
        return str(value)


def layers_of(packet):
    found = []
    layer = packet
    while not isinstance(layer, NoPayload):
        fields = {name: plain(layer.getfieldval(name)) for name in (field.name for field in layer.fields_desc)}
        if isinstance(layer, (Raw, Padding)):
            fields = {"load": layer.load.hex()}
        found.append({"name": type(layer).__name__, "header": bytes(layer)[: len(layer) - len(layer.payload)].hex(), **fields})
        layer = layer.payload
    return found


def rebuilt(frame):
    """The frame with every length and checksum forgotten and computed again by scapy."""
    packet = Ether(frame)
    layer = packet
    while not isinstance(layer, NoPayload):
        for name in COMPUTED:
            if name not in (field.name for field in layer.fields_desc):
                continue
            if isinstance(layer, (SCTP, Dot3)) or type(layer).__name__.endswith("error"):
                continue
            if name == "len" and not isinstance(layer, (IP, UDP)):
                continue
            if isinstance(layer, UDP) and name == "chksum" and layer.chksum == 0:
                continue
            layer.delfieldval(name)
        layer.clear_cache()
        layer = layer.payload
    return bytes(packet)


def dissect(request):
    frame = bytes.fromhex(request["frame"])
    first = Dot3 if frame[12] < 6 else Ether
    answer = {"layers": layers_of(first(frame))}
    if request.get("rebuild"):
        answer["rebuilt"] = rebuilt(frame).hex()
    return answer


class Generator:
    """Frames as scapy builds them, by a seed of its own."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def mac(self):
        return ":".join("%02x" % self.random.randrange(256) for _ in range(6))

    def ip4(self):
        return ".".join(str(self.random.randrange(256)) for _ in range(4))

    def ip6(self):
        groups = [self.random.choice((0, 0, self.random.randrange(65536))) for _ in range(8)]
        return ":".join("%x" % group for group in groups)

    def data(self):
        return Raw(self.random.randbytes(self.random.randrange(1, 50)))

    def port(self):
        return self.random.randrange(20000, 30000)

    def udp(self):
        return UDP(sport=self.port(), dport=self.port()) / self.data()

    def wireguard(self):
        index = lambda: self.random.getrandbits(32)  # noqa: E731
        octets = self.random.randbytes
        message = self.random.choice(
            (
                lambda: WireguardInitiation(sender_index=index(), unencrypted_ephemeral=octets(32), encrypted_static=octets(48), encrypted_timestamp=octets(28), mac1=octets(16), mac2=octets(16)),
                lambda: WireguardResponse(sender_index=index(), receiver_index=index(), unencrypted_ephemeral=octets(32), encrypted_nothing=octets(16), mac1=octets(16), mac2=octets(16)),
                lambda: WireguardCookieReply(receiver_index=index(), nonce=octets(24), encrypted_cookie=octets(32)),
                lambda: WireguardTransport(receiver_index=index(), counter=self.random.getrandbits(64), encrypted_encapsulated_packet=octets(16 * self.random.randrange(1, 5))),
            )
        )()
        ports = [self.port(), 51820]
        self.random.shuffle(ports)
        return UDP(sport=ports[0], dport=ports[1]) / Wireguard() / message

    def tcp(self):
        options = self.random.choice(
            ([], [("MSS", 1460)], [("NOP", None), ("NOP", None), ("Timestamp", (1, 2))], [("WScale", 7), ("SAckOK", b"")])
        )
        return (
            TCP(
                sport=self.port(),
                dport=self.port(),
                seq=self.random.getrandbits(32),
                ack=self.random.getrandbits(32),
                flags=self.random.getrandbits(8),
                window=self.random.getrandbits(16),
                urgptr=self.random.getrandbits(16),
                options=options,
            )
            / self.data()
        )

    def sctp(self):
        return SCTP(sport=self.port(), dport=self.port(), tag=self.random.getrandbits(32)) / SCTPChunkCookieAck()

    def icmp(self):
        quote = IP(src=self.ip4(), dst=self.ip4()) / UDP(sport=self.port(), dport=self.port()) / self.data()
        return self.random.choice(
            (
                lambda: ICMP(type=self.random.choice((0, 8)), id=self.random.getrandbits(16), seq=self.random.getrandbits(16)) / self.data(),
                lambda: ICMP(type=3, code=self.random.randrange(4)) / quote,
                lambda: ICMP(type=3, code=4, nexthopmtu=self.random.randrange(65536)) / quote,
                lambda: ICMP(type=11, code=self.random.randrange(2)) / quote,
                lambda: ICMP(type=12, ptr=self.random.randrange(256)) / quote,
                lambda: ICMP(type=5, code=1, gw=self.ip4()) / quote,
            )
        )()

    def nd_options(self):
        return self.random.choice(
            (
                lambda: b"",
                lambda: ICMPv6NDOptSrcLLAddr(lladdr=self.mac()),
                lambda: ICMPv6NDOptDstLLAddr(lladdr=self.mac()) / ICMPv6NDOptMTU(mtu=self.random.getrandbits(32)),
                lambda: ICMPv6NDOptPrefixInfo(prefix=self.ip6(), prefixlen=64),
            )
        )()

    def icmpv6(self):
        quote = IPv6(src=self.ip6(), dst=self.ip6()) / UDP(sport=self.port(), dport=self.port()) / self.data()
        return self.random.choice(
            (
                lambda: ICMPv6EchoRequest(id=self.random.getrandbits(16), seq=self.random.getrandbits(16), data=bytes(self.data())),
                lambda: ICMPv6EchoReply(id=self.random.getrandbits(16), seq=self.random.getrandbits(16)),
                lambda: ICMPv6DestUnreach(code=self.random.randrange(7)) / quote,
                lambda: ICMPv6PacketTooBig(mtu=self.random.getrandbits(32)) / quote,
                lambda: ICMPv6TimeExceeded(code=self.random.randrange(2)) / quote,
                lambda: ICMPv6ParamProblem(code=self.random.randrange(3), ptr=self.random.getrandbits(32)) / quote,
                lambda: ICMPv6ND_NS(tgt=self.ip6()) / self.nd_options(),
                lambda: ICMPv6ND_NA(tgt=self.ip6(), R=self.random.getrandbits(1), S=self.random.getrandbits(1), O=self.random.getrandbits(1)) / self.nd_options(),
                lambda: ICMPv6ND_RS() / self.nd_options(),
                lambda: ICMPv6ND_RA(chlim=self.random.randrange(256), routerlifetime=self.random.getrandbits(16), reachabletime=self.random.getrandbits(32), retranstimer=self.random.getrandbits(32)) / self.nd_options(),
            )
        )()

    def vxlan(self, depth):
        outer = UDP(sport=self.port(), dport=4789)
        if self.random.getrandbits(1):
            outer.chksum = 0
        return outer / VXLAN(vni=self.random.getrandbits(24)) / self.ethernet(depth - 1)

    def ipv4(self, depth):
        header = IP(
            src=self.ip4(),
            dst=self.ip4(),
            tos=self.random.getrandbits(8),
            id=self.random.getrandbits(16),
            ttl=self.random.getrandbits(8),
            flags=self.random.choice((0, 2)),
            options=self.random.choice(([], [], [IPOption_Router_Alert()], [IPOption_NOP()] * 4)),
        )
        kinds = [self.udp, self.tcp, self.icmp, self.sctp, self.wireguard]
        if depth > 0:
            kinds.append(lambda: self.vxlan(depth))
        if self.random.randrange(10) == 0:
            header.flags, header.frag, header.proto = 1, self.random.randrange(1, 8192), 17
            return header / self.data()
        return header / self.random.choice(kinds)()

    def ipv6(self, depth):
        packet = IPv6(
            src=self.ip6(),
            dst=self.ip6(),
            tc=self.random.getrandbits(8),
            fl=self.random.getrandbits(20),
            hlim=self.random.getrandbits(8),
        )
        if self.random.randrange(5) == 0:
            packet = packet / IPv6ExtHdrHopByHop(options=[RouterAlert(value=0), PadN(optdata=b"")])
        if self.random.randrange(5) == 0:
            packet = packet / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 12)])
        if self.random.randrange(5) == 0:
            packet = packet / IPv6ExtHdrRouting(addresses=[self.ip6() for _ in range(self.random.randrange(1, 4))])
        if self.random.randrange(10) == 0:
            fragment = IPv6ExtHdrFragment(offset=self.random.randrange(1, 8192), m=self.random.getrandbits(1), id=self.random.getrandbits(32), nh=17)
            return packet / fragment / self.data()
        kinds = [self.udp, self.tcp, self.icmpv6, self.sctp, self.wireguard]
        if depth > 0:
            kinds.append(lambda: self.vxlan(depth))
        return packet / self.random.choice(kinds)()

    def arp(self):
        return ARP(op=self.random.choice((1, 2)), hwsrc=self.mac(), psrc=self.ip4(), hwdst=self.mac(), pdst=self.ip4())

    def ethernet(self, depth):
        frame = Ether(dst=self.mac(), src=self.mac())
        tags = self.random.choice((0, 0, 0, 1, 2))
        if tags == 2:
            frame = frame / Dot1AD(vlan=self.random.randrange(4096), prio=self.random.randrange(8))
        if tags >= 1:
            frame = frame / Dot1Q(vlan=self.random.randrange(4096), prio=self.random.randrange(8), id=self.random.getrandbits(1))
        kind = self.random.choice((self.ipv4, self.ipv4, self.ipv6, self.ipv6, None))
        return frame / (self.arp() if kind is None else kind(depth))


def generate(request):
    generator = Generator(request["seed"])
    return {"frames": [bytes(generator.ethernet(2)).hex() for _ in range(request["count"])]}


def write_capture(request):
    if request["format"] == "pcapng":
        writer = PcapNgWriter(request["path"])
    else:
        writer = PcapWriter(
            request["path"], linktype=1, endianness=request["endian"], nano=request["nano"], sync=True
        )
    for number, frame in enumerate(request["frames"]):
        packet = Ether(bytes.fromhex(frame))
        packet.time = number + 0.5
        writer.write(packet)
    writer.close()
    return {}


def read_capture(request):
    with open(request["path"], "rb") as file:
        pcapng = file.read(4) == b"\x0a\x0d\x0d\x0a"
    frames = []
    with (PcapNgReader if pcapng else PcapReader)(request["path"]) as reader:
        for packet in reader:
            frames.append({"frame": bytes(packet).hex(), "time": str(int(packet.time * 1000000000))})
    return {"frames": frames}


def association(request):
    return macsec_module.MACsecSA(
        sci=bytes.fromhex(request["sci"]),
        an=request["an"],
        pn=int(request["pn"]),
        key=bytes.fromhex(request["key"]),
        icvlen=16,
        encrypt=1 if request["encrypt"] else 0,
        send_sci=0 if "tag" in request else 1,
        **extended(request),
    )


def extended(request):
    """Of an XPN suite: "ssci" and "salt"."""
    if "salt" not in request:
        return {}
    return {"xpn_en": True, "ssci": request["ssci"], "salt": bytes.fromhex(request["salt"])}


def authenticated(sa, request, size):
    """Octets in front of what is encrypted: the headers, and as much of Secure Data as "offset" says and there is."""
    headers = 28 if sa.send_sci else 20
    return min(headers + request.get("offset", 0), size)


def macsec_encap(request):
    sa = association(request)
    packet = sa.encap(Ether(bytes.fromhex(request["frame"])))
    packet[macsec_module.MACsec].ES = 1 if request.get("tag") == "end-station" else 0
    return {"frame": bytes(sa.encrypt(packet, authenticated(sa, request, len(packet)))).hex()}


def macsec_decap(request):
    sa = association(request)
    packet = Ether(bytes.fromhex(request["frame"]))
    return {"frame": bytes(sa.decap(sa.decrypt(packet, authenticated(sa, request, len(packet) - 16)))).hex()}


OPERATIONS = {
    "dissect": dissect,
    "generate": generate,
    "write_capture": write_capture,
    "read_capture": read_capture,
    "macsec_encap": macsec_encap,
    "macsec_decap": macsec_decap,
}


def main():
    for line in sys.stdin:
        try:
            request = json.loads(line)
            answer = OPERATIONS[request["op"]](request)
        except Exception as error:  # answered, so that the test that asked fails with the reason
            answer = {"error": "%s: %s" % (type(error).__name__, error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
