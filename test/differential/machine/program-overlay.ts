/**
 * Random overlays: tenants with bridges, IRBs, VXLAN, host ports, L3 VNIs.
 *
 * @module
 */
import type { NextHop } from '../../../contract/program.js'
import { formatPrefix, parseInterfaceAddress } from '../../../twin/packet/index.js'
import { randomMacsec } from './program-macsec.js'
import { hex, peerMac, portMac, systemMac, vtep, VTEPS, type Draft } from './program-underlay.js'
import type { Random } from './random.js'

const SECOND = 1_000_000_000
const GATEWAY_MAC = '02:00:5e:00:00:01'
/** Hosts of a bridge: up to 5 here, up to 5 behind VTEPs, whichever the frames make them. */
export const HOSTS = 5
export const hostMac = (bridge: number, n: number): string =>
  `02:aa:${hex(bridge >> 8)}:${hex(bridge & 0xff)}:00:0${n}`

/** Networks of all tenants have the same subnets: tenants must not see each other all the same. */
const SUBNETS4 = [
  '10.1.0.1/24',
  '10.1.1.1/28',
  '10.1.2.2/30',
  '10.1.3.0/31',
  '10.1.4.1/32',
  '10.1.0.77/24',
] as const
const SUBNETS6 = ['2001:db8:1::1/64', '2001:db8:2::1/126', '2001:db8:3::/127', '2001:db8:4::1/128'] as const

/** Tenants 1 to `tenants`, each a VRF. */
export function addOverlay(draft: Draft): void {
  const { random } = draft
  const family = random.chance(70) ? 4 : 6
  for (let tenant = 1; tenant <= random.between(1, 3); tenant++) {
    draft.vrfs.push({ id: tenant, name: `tenant${tenant}` })
    for (let network = 0; network < random.between(1, 3); network++)
      addNetwork(draft, tenant, network, family)
    if (random.chance(70)) addLayer3(draft, tenant, family)
    if (random.chance(12)) addRoutedPort(draft, tenant)
    if (random.chance(15)) addLoopback(draft, tenant)
    addExtraRoutes(draft, tenant)
  }
  if (random.chance(30)) addUnderlayNetwork(draft)
}

/** Hosts beside the uplinks: what VXLAN carries never comes here. */
function addUnderlayNetwork(draft: Draft): void {
  const { random } = draft
  const bridge = draft.newId()
  draft.interfaces.push({
    kind: 'bridge',
    id: bridge,
    name: `b${bridge}`,
    ageing: lifetime(random),
    fdbLimit: limit(random),
    ...(random.chance(40) ? { snooping: lifetime(random) } : {}),
  })
  for (let n = 0; n < random.between(1, 3); n++) addHostPort(draft, bridge)
  addIrb(draft, 0, random.below(3), bridge)
}

function lifetime(random: Random): number {
  return random.weighted([
    [6, 300 * SECOND],
    [2, 5 * SECOND],
    [1, SECOND],
    [1, 0],
  ])
}

function limit(random: Random): number {
  return random.weighted([
    [6, 1024],
    [1, 4],
    [1, 2],
    [1, 1],
  ])
}

function addNetwork(draft: Draft, tenant: number, network: number, family: 4 | 6): void {
  const { random } = draft
  const bridge = draft.newId()
  draft.interfaces.push({
    kind: 'bridge',
    id: bridge,
    name: `b${bridge}`,
    ageing: lifetime(random),
    fdbLimit: limit(random),
    ...(random.chance(55) ? { snooping: lifetime(random) } : {}),
  })
  const ports = Array.from(
    {
      length: random.weighted([
        [1, 0],
        [3, 1],
        [4, 2],
        [1, 3],
      ]),
    },
    () => (random.chance(22) ? addSealedPort(draft, bridge) : addHostPort(draft, bridge)),
  )
  if (random.chance(25))
    ports.push(addSealedTunnel(draft, bridge, 10_000 * tenant + 10 * network + 7, family))
  const tunnels = Array.from(
    {
      length: random.weighted([
        [1, 0],
        [7, 1],
        [2, 2],
      ]),
    },
    (_, n) => addVxlan(draft, bridge, 10_000 * tenant + 10 * network + n + 1, family, true),
  )
  if (random.chance(85)) addIrb(draft, tenant, network, bridge)
  const members = [...ports, ...tunnels]
  if (members.length > 0 && random.chance(30)) {
    const member = random.pick(members)
    draft.tables.fdb.push({
      bridge,
      mac: hostMac(bridge, HOSTS),
      interface: member,
      ...(tunnels.includes(member) ? { remote: vtep(random.between(2, VTEPS), family) } : {}),
    })
  }
}

function addHostPort(draft: Draft, bridge: number): number {
  const { random } = draft
  const id = draft.newId()
  draft.interfaces.push({
    kind: 'port',
    id,
    name: `p${id}`,
    bridge,
    mac: portMac(id),
    mtu: random.weighted([
      [6, 1500],
      [1, 9000],
      [1, random.between(68, 400)],
      [1, 1499],
    ]),
    addresses: [],
    tap: random.chance(10),
  })
  return id
}

/** A macsec interface on a port of a bridge. */
function addSealedPort(draft: Draft, bridge: number): number {
  const { random } = draft
  const [lower, id] = [draft.newId(), draft.newId()]
  const mtu = random.weighted([
    [6, 1500],
    [1, random.between(68, 400)],
  ])
  const room = random.weighted([
    [7, 32],
    [1, 24],
    [1, 0],
    [2, 64],
  ])
  const port = { kind: 'port' as const, id: lower, name: `p${lower}`, mac: portMac(lower), addresses: [] }
  draft.interfaces.push(
    { ...port, mtu: mtu + room, tap: random.chance(30) },
    {
      kind: 'macsec',
      id,
      name: `s${id}`,
      bridge,
      mtu,
      addresses: [],
      ...randomMacsec(random, { lower, mac: portMac(lower), far: peerMac(lower), inBridge: true }),
    },
  )
  return id
}

/** A macsec interface on a tunnel to one VTEP (MACSEC-10). */
function addSealedTunnel(draft: Draft, bridge: number, vni: number, family: 4 | 6): number {
  const { random } = draft
  const [lower, id] = [draft.newId(), draft.newId()]
  const mtu = random.weighted([
    [6, 1500],
    [1, random.between(80, 500)],
  ])
  draft.interfaces.push(
    {
      ...tunnelFields(random, family),
      id: lower,
      name: `x${lower}`,
      vni,
      mtu:
        mtu +
        random.weighted([
          [6, 32],
          [1, 0],
          [2, 64],
        ]),
      learning: false,
      remotes: [vtep(random.between(2, VTEPS), family)],
    },
    {
      kind: 'macsec',
      id,
      name: `s${id}`,
      bridge,
      mtu,
      addresses: [],
      ...randomMacsec(random, { lower, mac: portMac(lower), far: peerMac(lower), inBridge: true }),
    },
  )
  return id
}

/** What all tunnels are alike in. */
function tunnelFields(random: Random, family: 4 | 6) {
  return {
    kind: 'vxlan' as const,
    underlayVrf: 0,
    local: vtep(1, family),
    port: random.weighted([
      [8, 4789],
      [1, 8472],
    ]),
    ttl: random.weighted([
      [4, 64],
      [1, 1],
      [1, 255],
    ]),
    dscp: random.weighted([
      [4, 0],
      [1, 46],
      [1, 63],
    ]),
    df: random.chance(70),
    udpChecksum: random.chance(50) ? ('zero' as const) : ('compute' as const),
  }
}

function addVxlan(draft: Draft, bridge: number, vni: number, family: 4 | 6, learns: boolean): number {
  const { random, tables } = draft
  const id = draft.newId()
  const others = Array.from({ length: VTEPS - 1 }, (_, n) => vtep(n + 2, family))
  draft.interfaces.push({
    ...tunnelFields(random, family),
    id,
    name: `x${id}`,
    bridge,
    vni,
    mtu: random.weighted([
      [6, 1550],
      [1, 9000],
      [1, random.between(80, 500)],
    ]),
    learning: learns && random.chance(85),
    remotes: random.some(others, 80),
  })
  if (learns && random.chance(92)) {
    const remotes = random.shuffle(random.some(others, 50))
    // Now and then the node's own address, which goes nowhere.
    tables.flood.push({ interface: id, remotes: random.chance(4) ? [...remotes, vtep(1, family)] : remotes })
  }
  return id
}

function addIrb(draft: Draft, tenant: number, network: number, bridge: number): void {
  const { random, tables } = draft
  const id = draft.newId()
  const addresses = addressesOf(random, network)
  const vrf = random.chance(97) ? tenant : 0
  draft.interfaces.push({
    kind: 'irb',
    id,
    name: `i${id}`,
    bridge,
    vrf,
    mac: random.chance(92) ? GATEWAY_MAC : systemMac(1),
    systemMac: systemMac(1),
    addresses,
    mtu: random.weighted([
      [6, 1500],
      [1, 9000],
      [1, 1280],
      [1, random.between(100, 700)],
    ]),
    suppress: random.chance(75),
    neighbourLifetime: lifetime(random),
    neighbourLimit: limit(random),
  })
  if (random.chance(8)) {
    // A static entry for a MAC that is the IRB's own.
    const ports = draft.interfaces.filter((one) => one.kind === 'port' && one.bridge === bridge)
    const port = ports.length > 0 ? random.pick(ports) : undefined
    if (port !== undefined) tables.fdb.push({ bridge, mac: GATEWAY_MAC, interface: port.id })
  }
  for (const address of addresses) {
    const prefix = networkOf(address)
    if (tables.routes.some((route) => route.vrf === tenant && route.prefix === prefix)) continue
    tables.routes.push({ vrf: tenant, prefix, connected: id })
  }
  if (random.chance(20)) {
    tables.neighbours.push({ interface: id, address: '10.1.0.14', mac: hostMac(bridge, 4) })
  }
}

function addressesOf(random: Random, network: number): string[] {
  const addresses: string[] = []
  if (random.chance(90)) addresses.push(random.chance(60) ? SUBNETS4[network]! : random.pick(SUBNETS4))
  if (random.chance(75)) addresses.push(random.chance(60) ? SUBNETS6[network]! : random.pick(SUBNETS6))
  if (random.chance(15)) addresses.push('10.7.0.1/16')
  // Inside another subnet: its broadcast address is a host there.
  if (random.chance(12)) addresses.push('10.1.0.9/29')
  if (random.chance(10)) addresses.push('2001:db8:7::1/56')
  // One of the program's own choosing, and one that is the EUI-64 of the gateway's MAC.
  if (random.chance(10)) addresses.push(random.pick(['fe80::77/64', 'fe80::5eff:fe00:1/64']))
  return random.shuffle(addresses)
}

/** `10.1.2.2/30` to `10.1.2.0/30`. */
function networkOf(address: string): string {
  return formatPrefix(parseInterfaceAddress(address).prefix)
}

/** Bridge, IRB without addresses and vxlan of an L3 VNI; routes to remote prefixes over it. */
function addLayer3(draft: Draft, tenant: number, family: 4 | 6): void {
  const { random, tables } = draft
  const bridge = draft.newId()
  const irb = draft.newId()
  draft.interfaces.push(
    { kind: 'bridge', id: bridge, name: `b${bridge}`, ageing: 300 * SECOND, fdbLimit: 1024 },
    {
      kind: 'irb',
      id: irb,
      name: `i${irb}`,
      bridge,
      vrf: tenant,
      mac: systemMac(1),
      systemMac: systemMac(1),
      addresses: random.chance(15) ? ['10.8.0.1/24'] : [],
      mtu: random.chance(80) ? 1500 : random.between(100, 1600),
      suppress: false,
      neighbourLifetime: 300 * SECOND,
      neighbourLimit: 16,
    },
  )
  const tunnel = addVxlan(draft, bridge, 50_000 + tenant, family, false)
  const gateways: NextHop[] = []
  for (let n = 2; n <= VTEPS; n++) {
    const remote = vtep(n, family)
    if (random.chance(92)) tables.neighbours.push({ interface: irb, address: remote, mac: systemMac(n) })
    if (random.chance(92)) tables.fdb.push({ bridge, mac: systemMac(n), interface: tunnel, remote })
    gateways.push({ interface: irb, gateway: remote })
  }
  for (const prefix of random.some(['10.9.0.0/16', '10.9.3.0/24', '2001:db8:9::/48', '10.9.3.128/25'], 75)) {
    const members = random.some(gateways, 50)
    const group = draft.newGroup(members.length === 0 ? [random.pick(gateways)] : members)
    tables.routes.push({ vrf: tenant, prefix, group })
  }
}

/** An address of the tenant that no wire has, now and then that of the node's VTEP; prefixes of it lead nowhere. */
function addLoopback(draft: Draft, tenant: number): void {
  const { random, tables } = draft
  const id = draft.newId()
  const addresses = random.chance(60)
    ? [`${vtep(1, 4)}/32`, `${vtep(1, 6)}/128`]
    : ['10.5.0.1/24', '2001:db8:5::1/64']
  draft.interfaces.push({ kind: 'loopback', id, name: `l${id}`, vrf: tenant, addresses })
  for (const address of addresses) {
    if (random.chance(60)) tables.routes.push({ vrf: tenant, prefix: networkOf(address), connected: id })
  }
}

function addRoutedPort(draft: Draft, tenant: number): void {
  const { random, tables } = draft
  const id = draft.newId()
  draft.interfaces.push({
    kind: 'port',
    id,
    name: `p${id}`,
    vrf: tenant,
    mac: portMac(id),
    mtu: random.chance(70) ? 1500 : random.between(100, 1000),
    addresses: [`10.6.${tenant}.1/24`, `2001:db8:6:${tenant}::1/64`],
    tap: random.chance(50),
  })
  tables.routes.push(
    { vrf: tenant, prefix: `10.6.${tenant}.0/24`, connected: id },
    { vrf: tenant, prefix: `2001:db8:6:${tenant}::/64`, connected: id },
  )
  tables.neighbours.push(
    { interface: id, address: `10.6.${tenant}.11`, mac: '02:cc:00:00:00:01' },
    { interface: id, address: `2001:db8:6:${tenant}::b`, mac: '02:cc:00:00:00:01' },
  )
}

/** Blackholes, defaults, and routes by a host of a network, whose MAC has to be asked for. */
function addExtraRoutes(draft: Draft, tenant: number): void {
  const { random, tables } = draft
  if (random.chance(50)) tables.routes.push({ vrf: tenant, prefix: '10.66.0.0/16', blackhole: true })
  if (random.chance(50)) tables.routes.push({ vrf: tenant, prefix: '2001:db8:66::/48', blackhole: true })
  const irbs = draft.interfaces.filter(
    (one) => one.kind === 'irb' && one.vrf === tenant && one.addresses.length > 0,
  )
  if (irbs.length === 0) return
  for (const [prefix, gateways] of [
    ['10.55.0.0/16', ['10.1.0.11', '10.1.0.12', '10.1.0.13']],
    ['2001:db8:55::/48', ['2001:db8:1::b', '2001:db8:1::c', '10.1.0.16']],
    [random.chance(50) ? '0.0.0.0/0' : '10.44.0.0/16', ['10.1.0.15']],
  ] as const) {
    if (!random.chance(40)) continue
    // Now and then out of an interface of another VRF: a leak.
    const out = random.chance(90) ? irbs : routedInterfaces(draft)
    const members = gateways.map((gateway) => ({ interface: random.pick(out).id, gateway }))
    tables.routes.push({ vrf: tenant, prefix, group: draft.newGroup(random.shuffle(members)) })
  }
}

function routedInterfaces(draft: Draft) {
  return draft.interfaces.filter(
    (one) => one.kind === 'irb' || ((one.kind === 'port' || one.kind === 'macsec') && one.vrf !== undefined),
  )
}
