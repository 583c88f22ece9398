/**
 * What a plan means in devices: which veth joins which namespaces, which TAP has which addresses. Data only; `script.ts` says
 * it in commands.
 *
 * @module
 */
import type { Plan, PlanNode } from '../../contract/plan.js'
import type { Interface, MacsecInterface, PortInterface, WireguardInterface } from '../../contract/program.js'
import { LabError } from '../errors.js'
import { checkPortName, namespacePrefix, namespacesOf, phyName } from '../names.js'

/** The largest frame less 14 octets that the engine takes: its umem frames are 2 KiB, 256 of them the kernel's headroom. */
export const MAX_LINK_MTU = 1778
/** Name of a host's only device. */
export const HOST_DEVICE = 'eth0'
/** The same in a container: containerlab takes `eth0` for the way to its management network, and does not see it when it looks at what is there. */
export const CONTAINER_HOST_DEVICE = 'eth1'

export interface VethEnd {
  readonly namespace: string
  readonly device: string
  readonly mac: string
}
/** A cable. `id` is the plan's link, or the host at its end. */
export interface Veth {
  readonly id: string
  readonly ends: readonly [VethEnd, VethEnd]
  readonly mtu: number
  /** Of a link with a delay: the devices of the wire node between its ends, the first one's and the second one's. */
  readonly through?: readonly [string, string]
}
/** The node that delays what crosses links (`dataplane/src/wire`): a namespace, and two devices in it for each of them. */
export interface WireNode {
  readonly namespace: string
  readonly links: readonly {
    readonly id: string
    readonly a: string
    readonly b: string
    /** One way, ns. */
    readonly delay: number
  }[]
}
/** A persistent TAP: a port as the node's kernel sees it, above a seal if there is one. */
export interface Tap {
  readonly device: string
  readonly mac: string
  readonly mtu: number
  readonly addresses: readonly string[]
}
export interface KernelRoute {
  readonly prefix: string
  readonly hops: readonly { readonly device: string; readonly gateway?: string }[]
}
export interface KernelNeighbour {
  readonly device: string
  readonly address: string
  readonly mac: string
}
export interface NodeWiring {
  readonly node: string
  readonly namespace: string
  readonly ports: readonly {
    readonly interface: number
    readonly device: string
    readonly sealed: boolean
    readonly tap: boolean
  }[]
  readonly taps: readonly Tap[]
  readonly loopback: readonly string[]
  readonly routes: readonly KernelRoute[]
  readonly neighbours: readonly KernelNeighbour[]
}
export interface HostWiring {
  readonly host: string
  readonly namespace: string
  readonly device: string
  readonly mac: string
}
export interface Wiring {
  /** Of every host. */
  readonly hostDevice: string
  readonly namespaces: readonly string[]
  readonly veths: readonly Veth[]
  readonly nodes: readonly NodeWiring[]
  readonly hosts: readonly HostWiring[]
  /** Absent where no link has a delay. */
  readonly wire?: WireNode
}

/** @throws LabError `ZT_LAB_PLAN` for names or MTUs that no lab can have, and for a plan that contradicts itself */
export function wiringOf(lab: string, plan: Plan, hostDevice = HOST_DEVICE): Wiring {
  const namespaces = namespacesOf(lab, plan)
  const byName = new Map(plan.nodes.map((node) => [node.name, node]))
  const end = (at: {
    readonly node: string
    readonly interface: number
  }): VethEnd & { readonly mtu: number } => {
    const node = byName.get(at.node)
    const namespace = namespaces.nodes.get(at.node)
    if (node === undefined || namespace === undefined)
      throw contradiction(`a wire ends at ${at.node}, which is no node`)
    const port = portOf(node, at.interface)
    return {
      namespace,
      device: phyName(checkPortName(node.name, port.name)),
      mac: port.mac,
      mtu: checkMtu(node, port),
    }
  }
  const wire = wireNode(lab, plan)
  return {
    hostDevice,
    namespaces: [
      ...namespaces.nodes.values(),
      ...namespaces.hosts.values(),
      ...(wire === undefined ? [] : [wire.namespace]),
    ],
    ...(wire === undefined ? {} : { wire }),
    veths: [
      ...plan.links.map(({ id, a, b }) => {
        const between = wire?.links.find((link) => link.id === id)
        const direct = veth(id, end(a), end(b))
        return between === undefined ? direct : { ...direct, through: [between.a, between.b] as const }
      }),
      ...plan.hosts.map(({ id, at, mac }) =>
        veth(id, end(at), { namespace: namespaces.hosts.get(id) ?? '', device: hostDevice, mac }),
      ),
    ],
    nodes: plan.nodes.map((node) => nodeWiring(node, namespaces.nodes.get(node.name) ?? '')),
    hosts: plan.hosts.map(({ id, mac }) => ({
      host: id,
      namespace: namespaces.hosts.get(id) ?? '',
      device: hostDevice,
      mac,
    })),
  }
}

function wireNode(lab: string, { links }: Plan): WireNode | undefined {
  const delayed = links.flatMap(({ id, delay = 0 }) => (delay === 0 ? [] : [{ id, delay }]))
  if (delayed.length === 0) return undefined
  // No node's name holds a dot, so that it is nobody else's.
  const namespace = `${namespacePrefix(lab)}wire.0`
  return {
    namespace,
    links: delayed.map(({ id, delay }, n) => ({ id, a: `w${n}a`, b: `w${n}b`, delay })),
  }
}

/**
 * The device is wider than the port's `mtu`: frames too long for the port must reach the engine and end there in
 * `frame-oversize` (PARSE-2), not silently in the kernel.
 */
function veth(id: string, a: VethEnd, b: VethEnd): Veth {
  const bare = ({ namespace, device, mac }: VethEnd): VethEnd => ({ namespace, device, mac })
  return { id, ends: [bare(a), bare(b)], mtu: MAX_LINK_MTU }
}

function nodeWiring({ name, program }: PlanNode, namespace: string): NodeWiring {
  const ports = program.interfaces.filter((i) => i.kind === 'port')
  const seals = new Map(program.interfaces.flatMap((i) => (isSeal(i) ? [[i.lower, i] as const] : [])))
  /** The TAP through which the kernel reaches an underlay interface. */
  const tapOf = (id: number): string | undefined => {
    const found = program.interfaces.find((i) => i.id === id)
    const below = found !== undefined && isSeal(found) ? found.lower : id
    const port = ports.find((p) => p.id === below)
    return port?.tap === true ? port.name : undefined
  }
  const groups = new Map(program.tables.groups.map((group) => [group.id, group.members]))
  return {
    node: name,
    namespace,
    ports: ports.map((port) => ({
      interface: port.id,
      device: port.name,
      sealed: isStrict(seals.get(port.id)),
      tap: port.tap,
    })),
    taps: ports.filter((port) => port.tap).map((port) => tap(port, seals.get(port.id))),
    loopback: program.interfaces
      .filter((i) => i.kind === 'loopback')
      .filter((i) => i.vrf === 0)
      .flatMap((i) => i.addresses),
    routes: program.tables.routes.flatMap((route) => {
      const members = route.vrf === 0 && route.group !== undefined ? groups.get(route.group) : undefined
      const hops = (members ?? []).flatMap(({ interface: id, gateway }) => {
        const device = tapOf(id)
        return device === undefined ? [] : [gateway === undefined ? { device } : { device, gateway }]
      })
      return hops.length === 0 ? [] : [{ prefix: route.prefix, hops }]
    }),
    neighbours: program.tables.neighbours.flatMap(({ interface: id, address, mac }) => {
      const device = tapOf(id)
      return device === undefined ? [] : [{ device, address, mac }]
    }),
  }
}

/** What is stacked on a port. */
type Seal = MacsecInterface | (WireguardInterface & { readonly lower: number })

function isSeal(one: Interface): one is Seal {
  return one.kind === 'macsec' || (one.kind === 'wireguard' && one.lower !== undefined)
}

/** WireGuard has no other mode (WG-2). */
function isStrict(seal: Seal | undefined): boolean {
  return seal !== undefined && (seal.kind === 'wireguard' || seal.mode === 'strict')
}

/** A packet that WireGuard opened is handed to the kernel in a frame to the port's MAC (PUNT-1). */
function tap(port: PortInterface, seal: Seal | undefined): Tap {
  const { mtu, addresses } = seal ?? port
  return { device: port.name, mac: seal?.mac ?? port.mac, mtu, addresses }
}

function portOf({ name, program }: PlanNode, id: number): PortInterface {
  const found: Interface | undefined = program.interfaces.find((i) => i.id === id)
  if (found?.kind !== 'port')
    throw contradiction(`a wire ends at interface ${id} of ${name}, which is no port`)
  return found
}

function checkMtu(node: PlanNode, { id, name, mtu }: PortInterface): number {
  if (mtu <= MAX_LINK_MTU) return mtu
  const seal = node.program.interfaces.filter(isSeal).find(({ lower }) => lower === id)
  const overhead = seal === undefined ? 0 : mtu - seal.mtu
  throw new LabError(
    'ZT_LAB_PLAN',
    `port ${name} of ${node.name} has MTU ${mtu}, and the engine takes frames of at most ${MAX_LINK_MTU + 14} octets`,
    {
      remedy: `set underlay.mtu to at most ${MAX_LINK_MTU - overhead}${seal === undefined ? '' : `, to which the seal adds ${overhead},`} for labs; the twin runs any`,
    },
  )
}

function contradiction(what: string): LabError {
  return new LabError('ZT_LAB_PLAN', `the plan contradicts itself: ${what}`, {
    remedy: 'compile it anew from its fabric file',
  })
}
