/**
 * A node's program in the words of Linux: what its kernel has to be told to be that node, in the guest of a reference VM. Ports become its
 * NICs, hosts namespaces behind veths; bridges, VXLAN, VRFs, MACsec and WireGuard are the kernel's own.
 *
 * @module
 */
import type { PlanHost } from '../../contract/plan.js'
import type {
  BridgeInterface,
  Interface,
  MacsecInterface,
  NodeProgram,
  PortInterface,
  Route,
  VxlanInterface,
  WireguardInterface,
} from '../../contract/program.js'
import type { GuestScript } from './guest-script.js'
import {
  addressLine,
  hopText,
  hostLines,
  isIpv6,
  neighbourLine,
  SETTINGS,
  tableOf,
  vrfLines,
  vrfName,
  withIpv6,
} from './linux-lines.js'
import { deviceName, macsecLines, wireguardLines, type KeyValues } from './linux-seals.js'

export interface LinuxNodeOptions {
  readonly program: NodeProgram
  readonly keys: KeyValues
  /** The guest's NIC (`eth0`) at the end of a port's cable, by interface id. */
  readonly nics: ReadonlyMap<number, string>
  /** Hosts of the plan at ports of the node. */
  readonly hosts: readonly PlanHost[]
  /** Names of the guest's namespaces begin with it. */
  readonly prefix: string
}

/** A node, and where its hosts are. */
export interface LinuxNode {
  readonly scripts: readonly GuestScript[]
  /** The namespace of the node itself. */
  readonly namespace: string
  /** Namespaces of hosts, by host id. */
  readonly hosts: ReadonlyMap<string, string>
  readonly namespaces: readonly string[]
}

/** Device of a host in its namespace. */
const HOST_DEVICE = 'eth0'
/** Octets of one. */
const SCI = 8
/** The guest knows protocols by number. */
const UDP = 17

/** What Linux cannot be told; `undefined` when it can be this node. */
export function whyNotLinux({ interfaces, resilient }: NodeProgram): string | undefined {
  if (resilient === true) return 'its next-hop groups are resilient'
  for (const one of interfaces) {
    if (one.kind === 'macsec' && one.confidentiality?.startsWith('offset') === true)
      return `${one.name} has a confidentiality offset, and Linux’s macsec knows none`
    if (one.kind === 'macsec' && one.tag !== undefined && one.tx.sci !== `${one.mac.replaceAll(':', '')}0001`)
      return `${one.name} sends no SCI, and has another than that of its MAC and port 1`
    if (one.kind === 'wireguard' && one.local.length > 1)
      return `${one.name} has outer addresses of both families`
  }
  const inVrfs = interfaces.filter((one) => one.kind === 'wireguard' && one.lower === undefined)
  const sockets = inVrfs.map((one) => (one.kind === 'wireguard' ? one.listenPort : 0))
  return new Set(sockets).size < sockets.length
    ? 'several of its tunnels of WireGuard listen on one port, each in a VRF of its own'
    : undefined
}

/** @throws Error for a program that contradicts itself, or a key without value */
export function linuxNode(options: LinuxNodeOptions): LinuxNode {
  return new Translation(options).node()
}

class Translation {
  readonly #program: NodeProgram
  readonly #keys: KeyValues
  readonly #byId: ReadonlyMap<number, Interface>
  readonly #namespace: string
  readonly #hosts: ReadonlyMap<string, string>

  constructor(private readonly options: LinuxNodeOptions) {
    this.#program = options.program
    this.#keys = options.keys
    this.#byId = new Map(options.program.interfaces.map((one) => [one.id, one]))
    this.#namespace = `${options.prefix}n`
    this.#hosts = new Map(options.hosts.map(({ id }, n) => [id, `${options.prefix}h${n}`]))
  }

  node(): LinuxNode {
    const [namespace, links] = [this.#namespace, this.#wireguardsOfLinks()]
    const outer = links.map((one) => this.#outerNamespace(one))
    const namespaces = [namespace, ...outer, ...this.#hosts.values()]
    const scripts: GuestScript[] = [
      { namespace: '', lines: namespaces.map((name) => `ip netns add ${name}`) },
      { namespace, lines: SETTINGS },
      ...outer.map((name) => ({ namespace: name, lines: SETTINGS })),
      { namespace: '', lines: this.#nics() },
      ...links.map((one) => ({ namespace: this.#outerNamespace(one), lines: this.#birth(one) })),
      // Before there is an outside: a message that finds nobody listening would be answered, in the clear.
      { namespace, lines: links.map((one) => this.#upLine(one)) },
      ...links.map((one) => ({ namespace: this.#outerNamespace(one), lines: this.#outside(one) })),
      // Before anything is sent: an initiation that finds no way is not sent again for five seconds (WG-27).
      { namespace, lines: [...this.#devices(), ...this.#addresses(), ...this.#tables()] },
      ...this.options.hosts.map((host) => this.#host(host)),
    ]
    return { scripts, namespace, hosts: this.#hosts, namespaces }
  }

  #of<K extends Interface['kind']>(kind: K): Extract<Interface, { kind: K }>[] {
    return this.#program.interfaces.filter((one): one is Extract<Interface, { kind: K }> => one.kind === kind)
  }

  #wireguardsOfLinks(): readonly WireguardInterface[] {
    return this.#of('wireguard').filter(({ lower }) => lower !== undefined)
  }

  /** Same addresses inside and outside of a link's tunnel (WG-1): they need two namespaces, and a socket stays in the one it was born in. */
  #outerNamespace({ id }: WireguardInterface): string {
    return `${this.options.prefix}o${id}`
  }

  /** Each to where the program has it. */
  #nics(): string[] {
    const tunnelOn = new Map(this.#wireguardsOfLinks().map((one) => [one.lower, one]))
    return this.#of('port').flatMap(({ id, mac, mtu }) => {
      const nic = this.options.nics.get(id)
      if (nic === undefined) return []
      const tunnel = tunnelOn.get(id)
      const at = tunnel === undefined ? this.#namespace : this.#outerNamespace(tunnel)
      return [
        `ip link set ${nic} netns ${at} name ${deviceName(id)} address ${mac} mtu ${mtu + this.#spare(id)}`,
      ]
    })
  }

  #birth(tunnel: WireguardInterface): string[] {
    return [
      ...wireguardLines(tunnel, this.#keys),
      `ip link set ${deviceName(tunnel.id)} netns ${this.#namespace}`,
    ]
  }

  /** What is outside a tunnel over a link. */
  #outside(tunnel: WireguardInterface): string[] {
    const port = deviceName(tunnel.lower ?? 0)
    const neighbours = this.#program.tables.neighbours.filter((one) => one.interface === tunnel.lower)
    const endpoints = tunnel.peers.flatMap(({ endpoint }) => endpoint?.address ?? [])
    return [
      ...(tunnel.local.some(isIpv6) ? [withIpv6(port)] : []),
      `ip link set ${port} up`,
      ...tunnel.local.map((address) => addressLine(`${address}/${isIpv6(address) ? 128 : 32}`, port)),
      ...neighbours.map(({ address, mac }) => neighbourLine(address, mac, port)),
      ...endpoints.map((address) => `ip route add ${address} dev ${port}`),
    ]
  }

  #devices(): string[] {
    const vrfs = this.#program.vrfs.filter(({ id }) => id !== 0)
    const tunnelled = new Set(this.#wireguardsOfLinks().map(({ lower }) => lower))
    const ports = this.#of('port').filter(({ id }) => !tunnelled.has(id))
    const isOverVxlan = ({ lower }: MacsecInterface) => this.#byId.get(lower)?.kind === 'vxlan'
    const overVxlan = this.#of('macsec').filter((seal) => isOverVxlan(seal))
    const overPorts = this.#of('macsec').filter((seal) => !isOverVxlan(seal))
    const attached = [...ports, ...this.#of('macsec'), ...this.#of('vxlan')]
    return [
      ...vrfs.flatMap(({ id }) => vrfLines(id)),
      ...ports.filter(({ id }) => !this.options.nics.has(id)).flatMap((port) => this.#hostPort(port)),
      ...overPorts.flatMap((seal) => macsecLines(seal, this.#keys)),
      ...this.#of('wireguard').flatMap((tunnel) => this.#wireguardOfVrf(tunnel)),
      ...this.#of('bridge').flatMap((bridge) => this.#bridge(bridge)),
      ...this.#of('vxlan').flatMap((vxlan) => this.#vxlan(vxlan)),
      ...overVxlan.flatMap((seal) => macsecLines(seal, this.#keys)),
      ...attached.flatMap(({ id, vrf, bridge }: Attached) => [
        ...(bridge === undefined ? [] : [`ip link set ${deviceName(id)} master ${deviceName(bridge)}`]),
        ...(vrf === undefined || vrf === 0 ? [] : [`ip link set ${deviceName(id)} master ${vrfName(vrf)}`]),
      ]),
      // What came from one leaf goes on to no other.
      ...overVxlan.map(({ id }) => `bridge link set dev ${deviceName(id)} isolated on`),
      ...this.#of('vxlan')
        .filter(({ bridge, learning }) => bridge !== undefined && !learning)
        .map(({ id }) => `bridge link set dev ${deviceName(id)} learning off`),
    ]
  }

  #hostPort({ id }: PortInterface): string[] {
    const host = this.options.hosts.find(({ at }) => at.interface === id)
    if (host === undefined) return [`ip link add ${deviceName(id)} type dummy`]
    const far = `${HOST_DEVICE} address ${host.mac} netns ${this.#hosts.get(host.id) ?? ''}`
    return [`ip link add ${deviceName(id)} type veth peer name ${far}`]
  }

  /** A mark leads its messages into the VRF below. */
  #wireguardOfVrf(tunnel: WireguardInterface): string[] {
    const { id, underlayVrf, vrf } = tunnel
    const enslaved = vrf === 0 ? [] : [`ip link set ${deviceName(id)} master ${vrfName(vrf)}`]
    if (underlayVrf === undefined) return enslaved
    if (underlayVrf === 0) return [...wireguardLines(tunnel, this.#keys), ...enslaved]
    const families = tunnel.local.map((address) => (isIpv6(address) ? 'ip -6' : 'ip'))
    const ports = [...new Set(tunnel.peers.flatMap(({ endpoint }) => endpoint?.port ?? []))]
    return [
      ...wireguardLines(tunnel, this.#keys, id),
      // And to these ports alone: the VXLAN around a message bears its mark, too.
      ...families.flatMap((ip) =>
        ports.map(
          (port) => `${ip} rule add fwmark ${id} ipproto ${UDP} dport ${port} lookup ${tableOf(underlayVrf)}`,
        ),
      ),
      ...enslaved,
    ]
  }

  /**
   * Its IRB has the kernel's one MAC there, the node's own: a kernel asks for hosts as what it is, and answers to a gateway's MAC, which all
   * leaves have, would end at the next of them.
   */
  #bridge({ id, ageing }: BridgeInterface): string[] {
    const irb = this.#of('irb').find(({ bridge }) => bridge === id)
    const hundredths = Math.round(ageing / 10_000_000)
    return [
      `ip link add ${deviceName(id)}${irb === undefined ? '' : ` address ${irb.systemMac}`} type bridge stp_state 0 mcast_snooping 0 ageing_time ${hundredths}`,
      ...(irb === undefined || irb.vrf === 0
        ? []
        : [`ip link set ${deviceName(id)} master ${vrfName(irb.vrf)}`]),
    ]
  }

  #vxlan(vxlan: VxlanInterface): string[] {
    const { id, vni, local, port, ttl, dscp, df, udpChecksum, learning, remotes, bridge } = vxlan
    const [device, isV6, zero] = [deviceName(id), isIpv6(local), udpChecksum === 'zero']
    const sums = isV6
      ? [`${zero ? '' : 'no'}udp6zerocsumtx`, `${zero ? '' : 'no'}udp6zerocsumrx`]
      : [`${zero ? 'no' : ''}udpcsum`]
    const flood = this.#program.tables.flood.find((one) => one.interface === id)?.remotes ?? []
    // What is sealed has one remote, and the seal is the bridge's member (MACSEC-10).
    const only = bridge === undefined ? ['remote', remotes[0] ?? ''] : []
    const options = [
      ['id', vni, 'local', local, 'dstport', port, 'ttl', ttl, 'tos', dscp * 4],
      [...(isV6 ? [] : ['df', df ? 'set' : 'unset']), learning ? 'learning' : 'nolearning', ...sums, ...only],
    ].flat()
    return [
      `ip link add ${device} type vxlan ${options.join(' ')}`,
      ...flood.map((remote) => `bridge fdb append 00:00:00:00:00:00 dev ${device} dst ${remote}`),
    ]
  }

  /** MTUs last: a device's may not be above that of what it lies on. */
  #addresses(): string[] {
    const spoken = this.#speakIpv6()
    const up = this.#program.interfaces
      .filter((one) => one.kind !== 'irb' && one.kind !== 'loopback' && !this.#isOutside(one))
      .map((one) => this.#upLine(one))
    const irbs = this.#of('irb').map(({ bridge, mtu }) => `ip link set ${deviceName(bridge)} mtu ${mtu}`)
    const own = this.#program.interfaces.flatMap((one) =>
      'addresses' in one ? one.addresses.map((address) => addressLine(address, this.#deviceOf(one))) : [],
    )
    // Without a link-local address a router asks for no host (RFC 4861 section 7.2.2).
    const asking = this.#of('irb')
      .filter(({ addresses }) => addresses.some(isIpv6))
      .map(({ bridge }) => `echo 0 > /proc/sys/net/ipv6/conf/${deviceName(bridge)}/addr_gen_mode`)
    return [...asking, ...['lo', ...spoken].map(withIpv6), ...up, ...irbs, ...own]
  }

  #isOutside({ id }: Interface): boolean {
    return this.#wireguardsOfLinks().some(({ lower }) => lower === id)
  }

  #upLine(one: Interface): string {
    const isNic = this.options.nics.has(one.id)
    const mtu = 'mtu' in one && !isNic ? ` mtu ${one.mtu + this.#spare(one.id)}` : ''
    return `ip link set ${deviceName(one.id)}${mtu} up`
  }

  /** Octets more that Linux wants below a macsec device: it keeps room for an SCI, sent or not. */
  #spare(id: number): number {
    return this.#of('macsec').some(({ lower, tag }) => lower === id && tag !== undefined) ? SCI : 0
  }

  /** Devices on which IPv6 is spoken: elsewhere the kernel would say things of its own accord. */
  #speakIpv6(): readonly string[] {
    const { routes, groups, neighbours } = this.#program.tables
    const byAddress = this.#program.interfaces.filter(
      (one) => 'addresses' in one && one.addresses.some(isIpv6),
    )
    const used = new Set(routes.filter(({ prefix }) => isIpv6(prefix)).map(({ group }) => group))
    const byRoute = groups.flatMap(({ id, members }) =>
      members.filter(({ gateway }) => used.has(id) || (gateway !== undefined && isIpv6(gateway))),
    )
    const ids = [
      ...byAddress.map(({ id }) => id),
      ...byRoute.map((member) => member.interface),
      ...neighbours.filter(({ address }) => isIpv6(address)).map((neighbour) => neighbour.interface),
    ]
    const devices = ids.flatMap((id) => {
      const one = this.#byId.get(id)
      return one === undefined || this.#isOutside(one) ? [] : [this.#deviceOf(one)]
    })
    return [...new Set(devices)].filter((device) => device !== 'lo')
  }

  /** Where an interface has its addresses. */
  #deviceOf(one: Interface): string {
    if (one.kind === 'irb') return deviceName(one.bridge)
    if (one.kind === 'loopback') return one.vrf === 0 ? 'lo' : vrfName(one.vrf)
    return deviceName(one.id)
  }

  #tables(): string[] {
    const { neighbours, fdb, routes } = this.#program.tables
    return [
      ...neighbours.flatMap(({ interface: id, address, mac }) => {
        const one = this.#byId.get(id)
        if (one === undefined || this.#isOutside(one)) return []
        const device = this.#deviceOf(one)
        const mapped = one.kind === 'irb' && !isIpv6(address) ? [`::ffff:${address}`] : []
        const spoken = mapped.length === 0 || this.#speakIpv6().includes(device)
        return [address, ...(spoken ? mapped : [])].map((text) => neighbourLine(text, mac, device))
      }),
      ...fdb.flatMap(({ mac, interface: id, remote }) => [
        ...(remote === undefined ? [] : [`bridge fdb append ${mac} dev ${deviceName(id)} dst ${remote}`]),
        `bridge fdb replace ${mac} dev ${deviceName(id)} master static`,
      ]),
      ...routes.flatMap((route) => this.#route(route)),
    ]
  }

  /** Those of connected networks come with addresses. */
  #route({ vrf, prefix, group, blackhole }: Route): string[] {
    const ip = isIpv6(prefix) ? 'ip -6' : 'ip'
    const table = vrf === 0 ? '' : ` table ${tableOf(vrf)}`
    if (blackhole === true) return [`${ip} route add blackhole ${prefix}${table}`]
    const members = this.#program.tables.groups.find(({ id }) => id === group)?.members ?? []
    const hops = members.flatMap(({ interface: id, gateway, weight }) => {
      const one = this.#byId.get(id)
      if (one === undefined) return []
      return [{ to: hopText(prefix, gateway, this.#deviceOf(one)), weight: weight ?? 1 }]
    })
    const [first] = hops
    if (first === undefined) return []
    const text =
      hops.length === 1
        ? first.to
        : hops
            .map(({ to, weight }) => `nexthop ${to.replace(/ onlink$/, '')} weight ${weight} onlink`)
            .join(' ')
    return [`${ip} route add ${prefix}${table} ${text}`]
  }

  #host(host: PlanHost): GuestScript {
    return { namespace: this.#hosts.get(host.id) ?? '', lines: hostLines(host, HOST_DEVICE) }
  }
}

interface Attached {
  readonly id: number
  readonly vrf?: number | undefined
  readonly bridge?: number | undefined
}
