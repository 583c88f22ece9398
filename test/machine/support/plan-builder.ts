/**
 * Builds leaf-spine plans for tests of the machine, by hand and not by the compiler, so that a fault of the compiler
 * does not hide here. Every leaf has every network; hosts are named `<tenant>/<network><leaf>`.
 *
 * @module
 */
import type { Plan, PlanHost, PlanLink } from '../../../contract/plan.js'
import type { Interface, NextHopGroup, NodeProgram, Route, Tables } from '../../../contract/program.js'

export interface PlanOptions {
  readonly spines?: number
  readonly leaves?: number
  readonly underlay?: 4 | 6
  readonly sealed?: boolean
  readonly tenants?: number
  readonly suppress?: boolean
}

/** A link end on its way into a program. */
interface FabricPort {
  readonly link: string
  readonly id: number
  readonly address: string
  /** First address of the link, the spine's. */
  readonly network: string
  readonly peer: string
  readonly mac: string
  readonly peerMac: string
  readonly tx: string
  readonly rx: string
  readonly sealed: boolean
}

const SECOND = 1_000_000_000
const mac = (node: number, port: number): string =>
  `02:00:00:00:${node.toString(16).padStart(2, '0')}:${port.toString(16).padStart(2, '0')}`
/** Leaves are 1.., spines 101... */
const systemMac = (leaf: number): string => `02:5a:00:00:00:${leaf.toString(16).padStart(2, '0')}`
export const GATEWAY_MAC = '02:00:5e:00:00:01'

/** Numbers of a network of a tenant, counted from 1. */
const vni = (tenant: number, network: number): number => 10_000 * tenant + network
const subnet4 = (network: number): string => `10.1.${network}`
const subnet6 = (network: number): string => `2001:db8:${network}:`
const hostMac = (tenant: number, network: number, leaf: number): string =>
  `02:aa:0${tenant}:0${network}:00:0${leaf}`
const NETWORKS = ['web', 'db'] as const
const UNDERLAY_MTU = 1700

export class PlanBuilder {
  readonly spines: number
  readonly leaves: number
  readonly family: 4 | 6
  readonly sealed: boolean
  readonly tenants: number
  readonly suppress: boolean

  constructor(options: PlanOptions = {}) {
    this.spines = options.spines ?? 2
    this.leaves = options.leaves ?? 3
    this.family = options.underlay ?? 4
    this.sealed = options.sealed ?? true
    this.tenants = options.tenants ?? 2
    this.suppress = options.suppress ?? true
  }

  vtep(leaf: number): string {
    return this.family === 4 ? `10.255.0.${leaf}` : `fd00:ff::${leaf.toString(16)}`
  }

  private linkAddress(spine: number, leaf: number, end: 0 | 1): string {
    const n = ((spine - 1) * this.leaves + (leaf - 1)) * 2 + end
    return this.family === 4 ? `10.254.0.${n}` : `fd00:fe::${n.toString(16)}`
  }

  /** Ports are numbered from 1, spine by spine on leaves and leaf by leaf on spines. */
  private fabricPort(spine: number, leaf: number, at: 'spine' | 'leaf'): FabricPort {
    const link = `leaf${leaf}--spine${spine}`
    const [near, far] = at === 'leaf' ? ([leaf, 100 + spine] as const) : ([100 + spine, leaf] as const)
    const [nearPort, farPort] = at === 'leaf' ? ([spine, leaf] as const) : ([leaf, spine] as const)
    return {
      link,
      id: nearPort,
      address: this.linkAddress(spine, leaf, at === 'spine' ? 0 : 1),
      network: this.linkAddress(spine, leaf, 0),
      peer: this.linkAddress(spine, leaf, at === 'spine' ? 1 : 0),
      mac: mac(near, nearPort),
      peerMac: mac(far, farPort),
      tx: `lab:core/${link}/${at === 'leaf' ? 'leaf' : 'spine'}`,
      rx: `lab:core/${link}/${at === 'leaf' ? 'spine' : 'leaf'}`,
      sealed: this.sealed,
    }
  }

  private get hostBits(): number {
    return this.family === 4 ? 32 : 128
  }

  private get linkBits(): number {
    return this.family === 4 ? 31 : 127
  }

  /** Interfaces of a fabric port: the port, and the macsec interface above it, whose id is 100 more. */
  private fabricInterfaces(port: FabricPort): Interface[] {
    const { id, address, sealed } = port
    const common = { mac: port.mac, tap: true, kind: 'port' as const }
    const cidr = `${address}/${this.linkBits}`
    if (!sealed) return [{ ...common, id, name: `eth${id}`, mtu: UNDERLAY_MTU, vrf: 0, addresses: [cidr] }]
    const sci = (of: string): string => `${of.replaceAll(':', '')}0001`
    return [
      { ...common, id, name: `eth${id}`, mtu: UNDERLAY_MTU + 32, addresses: [] },
      {
        kind: 'macsec',
        id: id + 100,
        name: `sec${id}`,
        vrf: 0,
        lower: id,
        mac: port.mac,
        mtu: UNDERLAY_MTU,
        addresses: [cidr],
        cipher: 'gcm-aes-128',
        mode: 'strict',
        replayWindow: 0,
        tx: { sci: sci(port.mac), an: 0, key: port.tx },
        rx: [{ sci: sci(port.peerMac), an: 0, key: port.rx }],
      },
    ]
  }

  private routedId(port: FabricPort): number {
    return port.sealed ? port.id + 100 : port.id
  }

  private underlay(ports: readonly FabricPort[]): { routes: Route[]; neighbours: Tables['neighbours'] } {
    const routes: Route[] = ports.map((port) => ({
      vrf: 0,
      prefix: `${port.network}/${this.linkBits}`,
      connected: this.routedId(port),
    }))
    const neighbours = ports.map((port) => ({
      interface: this.routedId(port),
      address: port.peer,
      mac: port.peerMac,
    }))
    return { routes, neighbours }
  }

  spine(spine: number): NodeProgram {
    const ports = range(this.leaves).map((leaf) => this.fabricPort(spine, leaf, 'spine'))
    const { routes, neighbours } = this.underlay(ports)
    const groups: NextHopGroup[] = []
    for (const [index, port] of ports.entries()) {
      groups.push({ id: index + 1, members: [{ interface: this.routedId(port), gateway: port.peer }] })
      routes.push({ vrf: 0, prefix: `${this.vtep(index + 1)}/${this.hostBits}`, group: index + 1 })
    }
    const loopback = this.loopback(100 + spine)
    return program(
      `spine${spine}`,
      [{ id: 0, name: 'underlay' }],
      [...ports.flatMap((p) => this.fabricInterfaces(p)), loopback],
      {
        routes,
        groups,
        neighbours,
        fdb: [],
        flood: [],
      },
    )
  }

  private loopback(n: number): Interface {
    return { kind: 'loopback', id: 900, name: 'lo', vrf: 0, addresses: [`${this.vtep(n)}/${this.hostBits}`] }
  }

  leaf(leaf: number): NodeProgram {
    const ports = range(this.spines).map((spine) => this.fabricPort(spine, leaf, 'leaf'))
    const { routes, neighbours } = this.underlay(ports)
    const uplinks = ports.map((port) => ({ interface: this.routedId(port), gateway: port.peer }))
    const groups: NextHopGroup[] = [{ id: 1, members: uplinks }]
    const tables: Tables = { routes, groups, neighbours, fdb: [], flood: [] }
    for (const other of this.othersThan(leaf)) {
      routes.push({ vrf: 0, prefix: `${this.vtep(other)}/${this.hostBits}`, group: 1 })
    }
    const interfaces = [...ports.flatMap((port) => this.fabricInterfaces(port)), this.loopback(leaf)]
    const vrfs = [{ id: 0, name: 'underlay' }]
    for (const tenant of range(this.tenants)) {
      vrfs.push({ id: tenant, name: `tenant${tenant}` })
      for (const network of range(NETWORKS.length)) {
        interfaces.push(...this.network(leaf, tenant, network))
        tables.flood.push({
          interface: tenant * 1000 + network * 10 + 2,
          remotes: this.othersThan(leaf).map((o) => this.vtep(o)),
        })
        const irb = tenant * 1000 + network * 10 + 1
        routes.push({ vrf: tenant, prefix: `${subnet4(network)}.0/24`, connected: irb })
        routes.push({ vrf: tenant, prefix: `${subnet6(network)}:/64`, connected: irb })
      }
      interfaces.push(...this.layer3(leaf, tenant, tables))
    }
    return program(`leaf${leaf}`, vrfs, interfaces, tables)
  }

  private othersThan(leaf: number): number[] {
    return range(this.leaves).filter((other) => other !== leaf)
  }

  /** Bridge x0, IRB x1, vxlan x2, host port x3. */
  private network(leaf: number, tenant: number, network: number): Interface[] {
    const id = tenant * 1000 + network * 10
    return [
      { kind: 'bridge', id, name: `br${id}`, ageing: 300 * SECOND, fdbLimit: 1024 },
      {
        kind: 'irb',
        id: id + 1,
        name: `irb${id}`,
        bridge: id,
        vrf: tenant,
        mac: GATEWAY_MAC,
        systemMac: systemMac(leaf),
        addresses: [`${subnet4(network)}.1/24`, `${subnet6(network)}:1/64`],
        mtu: 1500,
        suppress: this.suppress,
        neighbourLifetime: 1200 * SECOND,
        neighbourLimit: 1024,
      },
      this.vxlan(id + 2, id, leaf, vni(tenant, network)),
      {
        kind: 'port',
        id: id + 3,
        name: `host${id}`,
        bridge: id,
        mac: mac(leaf, 128 + tenant * 10 + network),
        mtu: 1500,
        addresses: [],
        tap: false,
      },
    ]
  }

  private vxlan(id: number, bridge: number, leaf: number, vni: number): Interface {
    return {
      kind: 'vxlan',
      id,
      name: `vx${id}`,
      bridge,
      vni,
      underlayVrf: 0,
      local: this.vtep(leaf),
      port: 4789,
      mtu: 1550,
      learning: true,
      ttl: 64,
      dscp: 0,
      df: true,
      udpChecksum: this.family === 4 ? 'zero' : 'compute',
      remotes: this.othersThan(leaf).map((other) => this.vtep(other)),
    }
  }

  /** The L3 VNI: bridge 500, IRB 501, vxlan 502 of the tenant; nobody is asked for anything on it. */
  private layer3(leaf: number, tenant: number, tables: Tables): Interface[] {
    const id = tenant * 1000 + 500
    const own = systemMac(leaf)
    for (const other of this.othersThan(leaf)) {
      tables.neighbours.push({ interface: id + 1, address: this.vtep(other), mac: systemMac(other) })
      tables.fdb.push({ bridge: id, mac: systemMac(other), interface: id + 2, remote: this.vtep(other) })
      // A subnet behind one leaf alone, reached by the L3 VNI.
      tables.groups.push({
        id: tenant * 100 + other,
        members: [{ interface: id + 1, gateway: this.vtep(other) }],
      })
      tables.routes.push({ vrf: tenant, prefix: `10.9.${other}.0/24`, group: tenant * 100 + other })
    }
    tables.routes.push({ vrf: tenant, prefix: `10.9.${leaf}.0/24`, connected: id + 11 })
    return [
      { kind: 'bridge', id, name: `br${id}`, ageing: 0, fdbLimit: 1 },
      {
        kind: 'irb',
        id: id + 1,
        name: `irb${id}`,
        bridge: id,
        vrf: tenant,
        mac: own,
        systemMac: own,
        addresses: [],
        mtu: 1500,
        suppress: false,
        neighbourLifetime: 0,
        neighbourLimit: 1,
      },
      { ...this.vxlan(id + 2, id, leaf, 50_000 + tenant), learning: false } as Interface,
      { kind: 'bridge', id: id + 10, name: `br${id + 10}`, ageing: 300 * SECOND, fdbLimit: 1024 },
      {
        kind: 'irb',
        id: id + 11,
        name: `irb${id + 10}`,
        bridge: id + 10,
        vrf: tenant,
        mac: GATEWAY_MAC,
        systemMac: own,
        addresses: [`10.9.${leaf}.1/24`],
        mtu: 1500,
        suppress: this.suppress,
        neighbourLifetime: 1200 * SECOND,
        neighbourLimit: 1024,
      },
      {
        kind: 'port',
        id: id + 12,
        name: `host${id + 10}`,
        bridge: id + 10,
        mac: mac(leaf, 200 + tenant),
        mtu: 1500,
        addresses: [],
        tap: false,
      },
    ]
  }

  private hosts(): PlanHost[] {
    const hosts: PlanHost[] = []
    for (const tenant of range(this.tenants)) {
      for (const leaf of range(this.leaves)) {
        for (const network of range(NETWORKS.length)) {
          hosts.push({
            id: `tenant${tenant}/${NETWORKS[network - 1]}${leaf}`,
            tenant: `tenant${tenant}`,
            network: NETWORKS[network - 1]!,
            at: { node: `leaf${leaf}`, interface: tenant * 1000 + network * 10 + 3 },
            mac: hostMac(tenant, network, leaf),
            addresses: [`${subnet4(network)}.${10 + leaf}/24`, `${subnet6(network)}:${10 + leaf}/64`],
            gateways: [`${subnet4(network)}.1`, `${subnet6(network)}:1`],
            gatewayMac: GATEWAY_MAC,
            mtu: 1500,
          })
        }
        hosts.push({
          id: `tenant${tenant}/far${leaf}`,
          tenant: `tenant${tenant}`,
          network: `far${leaf}`,
          at: { node: `leaf${leaf}`, interface: tenant * 1000 + 512 },
          mac: hostMac(tenant, 9, leaf),
          addresses: [`10.9.${leaf}.10/24`],
          gateways: [`10.9.${leaf}.1`],
          gatewayMac: GATEWAY_MAC,
          mtu: 1500,
        })
      }
    }
    return hosts
  }

  plan(): Plan {
    const links: PlanLink[] = []
    for (const leaf of range(this.leaves)) {
      for (const spine of range(this.spines)) {
        links.push({
          id: `leaf${leaf}--spine${spine}`,
          a: { node: `leaf${leaf}`, interface: spine },
          b: { node: `spine${spine}`, interface: leaf },
          mtu: UNDERLAY_MTU + (this.sealed ? 32 : 0),
          ...(this.sealed ? { seal: 'core' } : {}),
        })
      }
    }
    const leaves = range(this.leaves).map((n) => ({
      name: `leaf${n}`,
      role: 'leaf' as const,
      asn: 65100 + n,
      vtep: this.vtep(n),
      program: this.leaf(n),
    }))
    const spines = range(this.spines).map((n) => ({
      name: `spine${n}`,
      role: 'spine' as const,
      asn: 65000,
      program: this.spine(n),
    }))
    return {
      format: 'ztos-plan',
      version: 1,
      fabric: 'sample',
      underlay: this.family === 4 ? 'ipv4' : 'ipv6',
      nodes: [...leaves, ...spines],
      links,
      tenants: [],
      hosts: this.hosts(),
      intents: [],
      keys: this.sealed
        ? links.flatMap(({ id }) => [`lab:core/${id}/leaf`, `lab:core/${id}/spine`]).sort()
        : [],
    }
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}

function program(
  node: string,
  vrfs: NodeProgram['vrfs'],
  interfaces: Interface[],
  tables: Tables,
): NodeProgram {
  return {
    format: 'ztos-program',
    version: 1,
    node,
    seeds: { ecmp: 0x5eed0001, sourcePort: 0x5eed0002 },
    vrfs,
    interfaces: interfaces.toSorted((a, b) => a.id - b.id),
    tables,
  }
}

/** A key of its own for every reference of a plan. */
export function sampleKeys(plan: Plan): Map<string, Uint8Array> {
  return new Map(plan.keys.map((reference, i) => [reference, new Uint8Array(16).fill(i + 1)]))
}
