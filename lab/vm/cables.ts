/**
 * Cables between the reference VM and whatever else is in its lab: QEMU has a TAP of its namespace for each NIC, and beside it is the near
 * end of a veth whose far end is an engine's; what comes in at one goes out at the other. Text only; `machine.ts` runs it.
 *
 * @module
 */
import { MAX_LINK_MTU } from '../netns/wiring.js'

/** QEMU's end of a link. Frames that are sent on it come to the guest. */
export const tapName = (link: number): string => `vm${link}`
/** The cable's end beside it: what is sent on it comes to the far end, and who listens on it hears both directions. */
export const cableName = (link: number): string => `c${link}`

/** The far end of a cable. */
export interface FarEnd {
  readonly namespace: string
  readonly device: string
  readonly mac: string
}

/** All frames, as one instruction of classic BPF: `matchall`, `u32` and `flower` are missing on small kernels. */
const EVERY_FRAME = "'1,6 0 0 4294967295'"

/** For `sh` in QEMU's namespace, before QEMU is started. */
export function tapLines(links: number): string[] {
  return [
    // Not one frame of this kernel's own is to be on a cable.
    'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6',
    'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6',
    ...Array.from({ length: links }, (_, link) => tapName(link)).flatMap((tap) => [
      `ip tuntap add dev ${tap} mode tap`,
      `ip link set ${tap} mtu ${MAX_LINK_MTU} arp off up`,
    ]),
  ]
}

/** For `sh` anywhere: both ends of the cable, and its joint. */
export function plugLines(link: number, namespace: string, far: FarEnd): string[] {
  const [tap, cable] = [tapName(link), cableName(link)]
  return [
    `ip link add ${far.device} address ${far.mac} mtu ${MAX_LINK_MTU} netns ${far.namespace} type veth peer name ${cable} mtu ${MAX_LINK_MTU} netns ${namespace}`,
    `ip -n ${namespace} link set ${cable} arp off up`,
    ...joint(namespace, tap, cable),
    ...joint(namespace, cable, tap),
  ]
}

/** The TAP stays, for the next cable. */
export function unplugLines(link: number, namespace: string): string[] {
  return [
    `ip -n ${namespace} link del ${cableName(link)}`,
    `tc -n ${namespace} qdisc del dev ${tapName(link)} clsact`,
  ]
}

function joint(namespace: string, from: string, to: string): string[] {
  return [
    `tc -n ${namespace} qdisc add dev ${from} clsact`,
    `tc -n ${namespace} filter add dev ${from} ingress bpf bytecode ${EVERY_FRAME} action mirred egress redirect dev ${to}`,
  ]
}
