/**
 * From a tenant's packet down to the wire: what each layer adds, and whether the one below takes it. Read off the programs, so that it
 * proves what was compiled.
 *
 * @module
 */
import type { Plan, PlanNetwork, PlanNode, PlanTenant } from '../../contract/plan.js'
import type { Interface, NodeProgram } from '../../contract/program.js'
import { macsecOverhead, VXLAN_OVERHEAD, WIREGUARD_OVERHEAD } from '../model/index.js'
import { isIpv6, parseInterfaceAddress, parseIp, prefixContains, type Prefix } from '../packet/index.js'

/** A layer that a packet passes on its way down. */
export interface MtuStep {
  readonly layer: 'bridge' | 'MACsec' | 'WireGuard' | 'VXLAN' | 'link'
  /** `leaf1 vxlan10010`. */
  readonly at: string
  /** Octets of the packet that it is given, and of the longest that it takes. */
  readonly needs: number
  readonly has: number
  /** What it puts around. */
  readonly adds: number
}

/** A way of a network's packets from leaf to leaf. */
export interface MtuChain {
  /** `shop/web`. */
  readonly network: string
  readonly mtu: number
  readonly steps: readonly MtuStep[]
  /** Octets that a packet could be longer; below zero: that it is too long. */
  readonly spare: number
}

/** Of each network that leaves its leaf, for each kind of way the tightest. */
export function mtuChains(plan: Plan): readonly MtuChain[] {
  return plan.tenants.flatMap((tenant) => {
    const nodes = plan.nodes.map((node) => new Descent(node, tenant))
    return tenant.networks.flatMap((network) => {
      const tightest = new Map<string, MtuChain>()
      for (const steps of nodes.flatMap((node) => node.ways(network))) {
        const spare = Math.min(...steps.map(({ needs, has }) => has - needs))
        const kind = steps.map(({ layer }) => layer).join()
        const present = tightest.get(kind)
        if (present !== undefined && present.spare <= spare) continue
        tightest.set(kind, { network: network.id, mtu: network.mtu, steps, spare })
      }
      return [...tightest.values()]
    })
  })
}

type Way = readonly MtuStep[]

class Descent {
  readonly #node: PlanNode
  readonly #tenant: PlanTenant
  readonly #interfaces: ReadonlyMap<number, Interface>
  readonly #routes: readonly {
    readonly vrf: number
    readonly prefix: Prefix
    readonly to: readonly number[]
  }[]
  /** By interface and octets. */
  readonly #known = new Map<string, readonly Way[]>()

  constructor(node: PlanNode, tenant: PlanTenant) {
    this.#node = node
    this.#tenant = tenant
    const { interfaces, tables } = node.program
    this.#interfaces = new Map(interfaces.map((item) => [item.id, item]))
    const groups = new Map(tables.groups.map(({ id, members }) => [id, members]))
    this.#routes = tables.routes.map(({ vrf, prefix, group = 0, connected }) => ({
      vrf,
      prefix: parseInterfaceAddress(prefix).prefix,
      to: connected === undefined ? (groups.get(group) ?? []).map((hop) => hop.interface) : [connected],
    }))
  }

  /** Where packets of a network leave the node: bridged, and routed. */
  ways(network: PlanNetwork): readonly Way[] {
    if (!network.nodes.includes(this.#node.name)) return []
    const { interfaces, vrfs } = this.#node.program
    const bridged = interfaces.filter(
      (item) => item.kind === 'vxlan' && item.bridge !== undefined && item.vni === network.vni,
    )
    const sealed = (this.#tenant.tunnels ?? [])
      .filter((tunnel) => tunnel.network === network.id)
      .flatMap(({ a, b }) => [a, b])
      .filter(({ node }) => node === this.#node.name)
    const vrf = this.#tenant.underlay === true ? 0 : vrfs.find(({ name }) => name === this.#tenant.name)?.id
    const routed = network.gatewayNodes.includes(this.#node.name)
      ? this.#routes.filter((route) => route.vrf === vrf && !this.#isLocal(route.to)).flatMap(({ to }) => to)
      : []
    const exits = new Set([...bridged.map(({ id }) => id), ...sealed.map((end) => end.interface), ...routed])
    return [...exits].flatMap((id) => this.#down(id, network.mtu))
  }

  /** A network that is here: what is routed to it does not leave. */
  #isLocal(to: readonly number[]): boolean {
    return to.every((id) => {
      const item = this.#interfaces.get(id)
      return item?.kind === 'irb' && item.addresses.length > 0 && item.suppress
    })
  }

  #down(id: number, needs: number): readonly Way[] {
    const key = `${id} ${needs}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const item = this.#interfaces.get(id)
    const ways = item === undefined ? [] : this.#from(item, needs)
    this.#known.set(key, ways)
    return ways
  }

  #from(item: Interface, needs: number): readonly Way[] {
    const at = `${this.#node.name} ${item.name}`
    const step = (
      layer: MtuStep['layer'],
      has: number,
      adds: number,
      below: readonly number[],
    ): readonly Way[] => {
      const here: MtuStep = { layer, at, needs, has, adds }
      return below.length === 0
        ? [[here]]
        : below.flatMap((id) => this.#down(id, needs + adds).map((way) => [here, ...way]))
    }
    switch (item.kind) {
      case 'port':
        return step('link', item.mtu, 0, [])
      case 'macsec':
        return step('MACsec', item.mtu, macsecOverhead(item), [item.lower])
      case 'wireguard': {
        const outside = item.peers.flatMap(({ endpoint }) => (endpoint === undefined ? [] : endpoint.address))
        const adds = WIREGUARD_OVERHEAD[familyOf(item.local)]
        const below = item.lower === undefined ? this.#exits(item.underlayVrf, outside) : [item.lower]
        return step('WireGuard', item.mtu, adds, below)
      }
      case 'vxlan':
        return step(
          'VXLAN',
          item.mtu,
          VXLAN_OVERHEAD[familyOf([item.local])],
          this.#exits(item.underlayVrf, item.remotes),
        )
      case 'irb':
        return step('bridge', item.mtu, 0, tunnelsIn(this.#node.program, item.bridge))
      case 'bridge':
      case 'loopback':
        return []
    }
  }

  /** Interfaces by which packets to some addresses leave a VRF. */
  #exits(vrf: number | undefined, addresses: readonly string[]): readonly number[] {
    const exits = addresses.map(parseIp).flatMap((address) => {
      const routes = this.#routes.filter(
        (route) => route.vrf === vrf && prefixContains(route.prefix, address),
      )
      const [best] = routes.toSorted((a, b) => b.prefix.length - a.prefix.length)
      return best?.to ?? []
    })
    return [...new Set(exits)]
  }
}

function familyOf(addresses: readonly string[]): 4 | 6 {
  return addresses.some((address) => isIpv6(parseIp(address))) ? 6 : 4
}

function tunnelsIn({ interfaces }: NodeProgram, bridge: number): readonly number[] {
  return interfaces.flatMap((item) =>
    (item.kind === 'vxlan' || item.kind === 'macsec') && item.bridge === bridge ? item.id : [],
  )
}
