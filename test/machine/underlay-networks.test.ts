import { describe, expect, test } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import { compile } from '../../twin/compile.js'
import { controlPlaneOf } from '../../twin/fabric-control.js'
import { TwinFabric, type FabricFault, type FabricInjection } from '../../twin/forward/index.js'
import { loadFabric, parseFabric } from '../../twin/model/index.js'
import {
  build,
  encodeFrame,
  encodeTraceId,
  isIpv6,
  parseIp,
  parseMac,
  type Stack,
} from '../../twin/packet/index.js'
import { deriveKeys } from '../../twin/program/index.js'

/* Hosts routed with the fabric itself (TABLE-8), numbered and unnumbered, and what becomes of them when something breaks. */

function planOf(read: ReturnType<typeof parseFabric>): Plan {
  const { fabric, problems } = read
  if (fabric === undefined) throw new Error(JSON.stringify(problems))
  return compile(fabric)
}
const running = (plan: Plan) =>
  new TwinFabric(plan, deriveKeys(plan, new Uint8Array(32)), { controlPlane: controlPlaneOf(plan) })

/** From a host by its gateway to an address. */
function sent(plan: Plan, trace: number, from: string, to: string, ttl = 64): FabricInjection {
  const host = plan.hosts.find(({ id }) => id === from)
  if (host === undefined) throw new Error(`there is no ${from}`)
  const dst = parseIp(to)
  const own = host.addresses
    .map((one) => parseIp(one.split('/')[0] ?? ''))
    .find((one) => isIpv6(one) === isIpv6(dst))
  const udp = build.udp(
    { srcPort: 1000 + trace, dstPort: 53 },
    build.payload(encodeTraceId({ run: 1, trace })),
  )
  const packet: Stack =
    own !== undefined && isIpv6(own) && isIpv6(dst)
      ? build.ipv6({ src: own, dst, hopLimit: ttl }, udp)
      : own !== undefined && !isIpv6(own) && !isIpv6(dst)
        ? build.ipv4({ src: own, dst, ttl }, udp)
        : []
  return {
    trace,
    at: { host: from },
    frame: encodeFrame(
      build.ethernet({ dst: parseMac(host.gatewayMac ?? ''), src: parseMac(host.mac) }, packet),
    ),
  }
}
const arrived = (fabric: TwinFabric, injection: FabricInjection) =>
  fabric
    .send([injection])
    .arrivals.filter(({ trace }) => trace === injection.trace)
    .map(({ host }) => host)

describe('[C16] [C17] [C19] an anycast service in the twin', () => {
  const plan = planOf(loadFabric('topologies/pop-anycast.yaml'))
  const CLIENTS = ['ru', 'de', 'nl', 'eu'] as const
  const SERVICE = '203.0.113.53'
  /** Which service each client reaches, and the client that its answer reaches. */
  function served(fabric: TwinFabric) {
    return CLIENTS.map((client, i) => {
      const [service] = arrived(fabric, sent(plan, i + 1, `internet/client-${client}`, SERVICE))
      if (service === undefined) return 'nobody'
      const [address = ''] =
        plan.hosts.find(({ id }) => id === `internet/client-${client}`)?.addresses[0]?.split('/') ?? []
      const back = arrived(fabric, sent(plan, 100 + i, service, address))
      return `${service.split('-')[1]}${back[0] === `internet/client-${client}` ? '' : ', no answer'}`
    })
  }
  const prefix = '203.0.113.0/24'

  test('[TABLE-8] each client reaches the nearest of the services, and is answered', () => {
    expect(served(running(plan))).toEqual(['msk', 'fra', 'ams', 'fra'])
  })

  test.each<[FabricFault, readonly string[]]>([
    // Who ceases to announce its own hands on what its neighbours announce, and serves what comes to it itself.
    [{ kind: 'withdrawn', node: 'msk1', prefix }, ['msk', 'fra', 'ams', 'fra']],
    [{ kind: 'node-down', node: 'ams1' }, ['msk', 'fra', 'fra', 'fra']],
    [{ kind: 'link-down', link: 'fra1--up-eu' }, ['msk', 'fra', 'ams', 'ams']],
    [{ kind: 'link-silent', link: 'fra1--up-eu' }, ['msk', 'fra', 'ams', 'ams']],
  ])('[FAULT-6] [FAULT-7] %j: another serves, and when it is repaired it serves again', (fault, wanted) => {
    const fabric = running(plan)
    fabric.fail(fault)
    const seen = served(fabric).map((one) => one.split(',')[0])
    expect(seen).toEqual(wanted)
    fabric.repair(fault)
    expect(served(fabric)).toEqual(['msk', 'fra', 'ams', 'fra'])
  })
})

const OF = {
  4: { west: '198.18.1', east: '198.18.2', length: 24, colon: '.' },
  6: { west: '2001:db8:1:', east: '2001:db8:2:', length: 64, colon: ':' },
} as const
type Family = keyof typeof OF

/** Two networks in VRF 0, each on its leaf. */
function beside(links: string, families: readonly Family[]): Plan {
  const gateways = (net: 'west' | 'east') =>
    families.map((one) => `"${OF[one][net]}${OF[one].colon}1/${OF[one].length}"`).join(', ')
  const address = (net: 'west' | 'east') =>
    families.map((one) => `"${OF[one][net]}${OF[one].colon}10"`).join(', ')
  const loopbacks = links.includes(':') ? 'fd00:ff::/120' : '10.255.0.0/24'
  return planOf(
    parseFabric(
      Buffer.from(`
ztos: 1
name: beside
underlay:
  mtu: 1700
  loopbacks: ${loopbacks}
  links: ${links}
  bgp: { spines: 65000, leaves: 65101-65199 }
  control: bgp
nodes:
  spine[1-2]: { role: spine }
  leaf[1-2]: { role: leaf }
links:
  - { from: "leaf[1-2]", to: "spine[1-2]" }
tenants:
  outside:
    vrf: underlay
    networks:
      west: { gateways: [${gateways('west')}], at: leaf1 }
      east: { gateways: [${gateways('east')}], at: leaf2 }
    hosts:
      w1: { at: leaf1, network: west, address: [${address('west')}] }
      e1: { at: leaf2, network: east, address: [${address('east')}] }
`),
      'beside.yaml',
    ),
  )
}

describe.each<[string, readonly Family[]]>([
  ['10.254.0.0/24', [4]],
  ['fd00:fe::/112', [6]],
  ['unnumbered', [4, 6]],
])('[C28] networks beside an underlay with links %s', (links, families) => {
  const plan = beside(links, families)
  const targets = families.map((one) => `${OF[one].east}${OF[one].colon}10`)

  test.each(targets)('[TABLE-8] [ROUTE-10] a host is reached at %s, three hops away', (to) => {
    const fabric = running(plan)
    const one = sent(plan, 1, 'outside/w1', to)
    expect(arrived(fabric, one)).toEqual(['outside/e1'])
    const { wire } = fabric.send([{ ...one, trace: 2 }])
    // Nothing is put into a tunnel.
    expect(wire.map(({ frame }) => frame.length)).toEqual([one.frame.length, one.frame.length])
    const end = fabric.send([sent(plan, 3, 'outside/w1', to, 3)])
    expect(end.fates).toContainEqual({ node: 'leaf2', fate: 'ttl-exceeded', trace: 3 })
  })

  test.each(targets)('[FAULT-1] [PORT-6] and by the other spine when a link is down: %s', (to) => {
    const fabric = running(plan)
    fabric.fail({ kind: 'link-down', link: 'leaf1--spine1' })
    const flows = Array.from({ length: 20 }, (_, n) => sent(plan, n + 1, 'outside/w1', to))
    const { arrivals, wire } = fabric.send(flows)
    expect(arrivals.filter(({ host, trace }) => host === 'outside/e1' && trace !== undefined)).toHaveLength(
      20,
    )
    expect(new Set(wire.map(({ link }) => link))).toEqual(new Set(['leaf1--spine2', 'leaf2--spine2']))
  })
})
