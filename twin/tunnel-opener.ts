/**
 * Opens what tenants have sealed from leaf to leaf, where it is seen on the way: MACsec inside VXLAN, WireGuard inside VXLAN.
 *
 * @module
 */
import type { Plan, PlanNode } from '../contract/plan.js'
import type { VxlanInterface } from '../contract/program.js'
import type { FrameOpener, OpenedFrame } from '../record/target.js'
import { MacsecOpener, type KeySource, type MacsecOpening } from './macsec-opener.js'
import { findVxlan } from './vxlan-header.js'

/** A frame in a sealed tunnel, with what came of opening it. */
export type TunnelOpening = {
  /** Of the VXLAN outside. */
  readonly vni: number
  /** The leaf that sealed it. */
  readonly from: string
  readonly to: string
  /** Octet where the inner frame begins. */
  readonly at: number
  /** Of the UDP header outside. */
  readonly udp: number
} & (
  | { readonly kind: 'macsec'; readonly opened: MacsecOpening }
  | { readonly kind: 'wireguard'; readonly opened: OpenedFrame | undefined }
)

interface Tunnel {
  readonly from: string
  readonly to: string
  /** Absent: WireGuard is inside. */
  readonly macsec: MacsecOpener | undefined
}

export class TunnelOpener {
  /** By VNI, source and destination. */
  readonly #tunnels = new Map<string, Tunnel>()

  constructor({ nodes }: Pick<Plan, 'nodes'>, keyOf: KeySource) {
    const owners = new Map(
      nodes.flatMap(({ name, program }) =>
        program.interfaces.flatMap((item) => (item.kind === 'vxlan' ? [[item.local, name] as const] : [])),
      ),
    )
    for (const node of nodes) {
      const add = (vxlan: VxlanInterface, remote: string, macsec: MacsecOpener | undefined): void => {
        const to = owners.get(remote)
        if (to === undefined) return
        this.#tunnels.set(tunnelKey(vxlan.vni, vxlan.local, remote), { from: node.name, to, macsec })
      }
      const vxlans = node.program.interfaces.filter((item) => item.kind === 'vxlan')
      for (const item of node.program.interfaces) {
        const below = item.kind === 'macsec' ? vxlans.find(({ id }) => id === item.lower) : undefined
        const [remote] = below?.remotes ?? []
        // What an interface sends that does not seal has to be clear.
        if (item.kind === 'macsec' && below !== undefined && remote !== undefined && seals(item))
          add(below, remote, new MacsecOpener(item, keyOf))
      }
      for (const vxlan of transits(node)) for (const remote of vxlan.remotes) add(vxlan, remote, undefined)
    }
  }

  /** @param frame as it is inside the seal of a link. @param sessions of WireGuard. @returns `undefined` when it is in no sealed tunnel */
  open(frame: Uint8Array, sessions?: FrameOpener): TunnelOpening | undefined {
    if (this.#tunnels.size === 0) return undefined
    const header = findVxlan(frame)
    const tunnel = header && this.#tunnels.get(tunnelKey(header.vni, header.source, header.destination))
    if (header === undefined || tunnel === undefined) return undefined
    const { vni, at, udp } = header
    const { from, to, macsec } = tunnel
    const inner = frame.subarray(at, header.end)
    return macsec === undefined
      ? {
          kind: 'wireguard',
          vni,
          from,
          to,
          at,
          udp,
          opened: sessions?.openInside?.({ vni, from, to, frame: inner }),
        }
      : { kind: 'macsec', vni, from, to, at, udp, opened: macsec.open(inner) }
  }
}

/** Protecting frames, as `mode` has it if nothing else is said (MACSEC-7). */
export function seals({
  protect,
  mode,
}: {
  readonly protect?: boolean | undefined
  readonly mode: string
}): boolean {
  return protect ?? mode !== 'disabled'
}

/** VXLAN that carries what wireguard interfaces without a port send: bridged to the IRBs of their outer VRF. */
export function transits({ program: { interfaces } }: Pick<PlanNode, 'program'>): readonly VxlanInterface[] {
  const outside = new Set(
    interfaces.flatMap((item) => (item.kind === 'wireguard' ? (item.underlayVrf ?? []) : [])),
  )
  const bridges = new Set(
    interfaces.flatMap((item) =>
      item.kind === 'irb' && item.vrf !== 0 && outside.has(item.vrf) ? item.bridge : [],
    ),
  )
  return interfaces.filter(
    (item): item is VxlanInterface =>
      item.kind === 'vxlan' && item.bridge !== undefined && bridges.has(item.bridge),
  )
}

function tunnelKey(vni: number, source: string, destination: string): string {
  return `${vni} ${source} ${destination}`
}
