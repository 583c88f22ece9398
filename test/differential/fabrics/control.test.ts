/**
 * Generated fabrics with a control plane: hosts speak, move, are flushed and age in the twin, links, nodes and daemons break
 * and are repaired, and the engine replays every node's journal, the changes of its tables included.
 */
import { sample } from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { fabric as arbFabric } from '../../../sdk/arb/index.js'
import type { Plan, PlanHost } from '../../../contract/plan.js'
import { bgpControlPlane } from '../../../twin/control/index.js'
import { beforeControl } from '../../../twin/before-control.js'
import { controlPlaneOf } from '../../../twin/fabric-control.js'
import {
  readJournal,
  TwinFabric,
  type FabricFault,
  type FabricInjection,
} from '../../../twin/forward/index.js'
import { parseFabric } from '../../../twin/model/index.js'
import { compile, deriveKeys } from '../../../twin/program/index.js'
import {
  build,
  encodeFrame,
  formatIp,
  IPV6_ALL_NODES,
  isIpv6,
  linkLocalOf,
  MAC_BROADCAST,
  MAC_ZERO,
  macOfIpv4Group,
  macOfIpv6Group,
  parseInterfaceAddress,
  parseIpv4,
  parseIpv6,
  parseMac,
  type Ip,
  type Stack,
} from '../../../twin/packet/index.js'
import { IGMP, igmpMessage, MLD, octetsOf } from '../../machine/support/multicast.js'
import { FabricJournals } from '../../support/fabric-journals.js'
import { runSeed } from '../../support/run-seed.js'
import { EngineBench, MODES } from '../machine/engine.js'
import { Random } from '../machine/random.js'

/** `ZT_FABRICS` draws more. */
const COUNT = Number(process.env['ZT_FABRICS'] ?? 8)
const STEPS = 150

const seed = runSeed('generated fabrics with a control plane')
const bench = new EngineBench()
afterAll(() => bench.remove())

/** The n-th fabric, both families in turn; its tables are BGP's. */
function draw(index: number): { readonly text: string; readonly plan: Plan } {
  const options = {
    spines: [1, 3],
    leaves: [2, 4],
    tenants: [1, 3],
    underlay: index % 2 === 0 ? 4 : 6,
  } as const
  const [drawn] = sample(arbFabric(options), { seed: (seed + index) | 0, numRuns: 1 })
  if (drawn === undefined) throw new Error('nothing was drawn')
  const text = stringify(serviced(parse(drawn.text) as FabricText, new Random(seed + index)))
  const { fabric, problems } = parseFabric(Buffer.from(text), 'drawn.yaml')
  if (fabric === undefined) throw new Error(JSON.stringify(problems))
  return { text, plan: compile(fabric, bgpControlPlane) }
}

interface FabricText {
  readonly underlay: object
  readonly links: readonly object[]
  readonly tenants: Readonly<Record<string, { readonly networks: Readonly<Record<string, object>> }>>
}

/** As in a fabric in service: shares of links, resilient choices, links without addresses, multicast where it is asked for. */
function serviced({ underlay, links, tenants, ...rest }: FabricText, random: Random): object {
  return {
    ...rest,
    underlay: {
      ...underlay,
      control: 'bgp',
      ...(random.chance(50) ? { resilient: true } : {}),
      ...(random.chance(40) ? { links: 'unnumbered' } : {}),
    },
    links: random.chance(50) ? links.map((one) => ({ ...one, weight: random.between(1, 9) })) : links,
    tenants: Object.fromEntries(
      Object.entries(tenants).map(([name, tenant]) => {
        const networks = Object.entries(tenant.networks).map(([id, one]) =>
          random.chance(60) ? [id, { ...one, snooping: true }] : [id, one],
        )
        return [name, { ...tenant, networks: Object.fromEntries(networks) as object }]
      }),
    ),
  }
}

/** A host of the plan, or one that moves: its address is its own, and it may be anywhere in its network. */
interface Speaker {
  readonly network: string
  readonly mac: ReturnType<typeof parseMac>
  readonly addresses: readonly Ip[]
  readonly gatewayMac: ReturnType<typeof parseMac> | undefined
}

function speakersOf({ hosts }: Plan): readonly Speaker[] {
  return hosts.flatMap((host, n) => {
    const own = host.addresses.map((text) => parseInterfaceAddress(text))
    const speaker = {
      network: networkOf(host),
      mac: parseMac(host.mac),
      addresses: own.map(({ address }) => address),
      gatewayMac: host.gatewayMac === undefined ? undefined : parseMac(host.gatewayMac),
    }
    // Nobody answers for a guest, so that it can be heard wherever it is said to be.
    const guest = {
      ...speaker,
      mac: parseMac(`02:99:00:00:00:${(n % 256).toString(16).padStart(2, '0')}`),
      addresses: own.map(({ prefix }) => lastBut(prefix, n + 20)),
    }
    return [speaker, guest]
  })
}

const networkOf = ({ tenant, network }: PlanHost): string => `${tenant}/${network}`

function lastBut(prefix: ReturnType<typeof parseInterfaceAddress>['prefix'], n: number): Ip {
  return prefix.family === 6
    ? ((prefix.address + 0xff00n + BigInt(n)) as Ip)
    : ((prefix.address + Math.min(2 ** (32 - prefix.length) - 2, 200 + n)) as Ip)
}

/** A frame of a speaker, at a port of its network. */
function speech(random: Random, plan: Plan, speakers: readonly Speaker[]): FabricInjection {
  const from = random.pick(speakers)
  const port = random.pick(plan.hosts.filter((host) => networkOf(host) === from.network))
  const address = random.pick(from.addresses)
  const to = random.pick(speakers.filter((one) => one.network === from.network || random.chance(20)))
  const frame = random.weighted([
    [3, () => announced(from, address)],
    [2, () => packet(random, from, address, to)],
    [2, () => multicast(random, from, address)],
  ])()
  return { trace: 1, at: { host: port.id }, frame: encodeFrame(frame) }
}

function announced({ mac }: Speaker, address: Ip): Stack {
  if (!isIpv6(address)) {
    return build.ethernet(
      { dst: MAC_BROADCAST, src: mac },
      build.arp({ operation: 1, sha: mac, spa: address, tha: MAC_ZERO, tpa: address }),
    )
  }
  const data = Uint8Array.from({ length: 6 }, (_, i) => Math.floor(mac / 2 ** (8 * (5 - i))) % 256)
  const target = build.ndTarget({ target: address }, build.ndOption({ type: 2, data }))
  return build.ethernet(
    { dst: macOfIpv6Group(IPV6_ALL_NODES), src: mac },
    build.ipv6(
      { src: address, dst: IPV6_ALL_NODES, hopLimit: 255 },
      build.icmpv6({ type: 136, rest: 0x2000_0000 }, target),
    ),
  )
}

/** Asks for one of two groups, leaves it, or sends to it. */
function multicast(random: Random, { mac: src }: Speaker, address: Ip): Stack {
  if (isIpv6(address)) {
    const dst = parseIpv6(random.pick(['ff05::1:3', 'ff0e::5']))
    const header = { dst: macOfIpv6Group(dst), src }
    const group = build.payload(octetsOf(formatIp(dst)))
    const type = random.pick([MLD.report1, MLD.report1, MLD.done])
    return random.chance(50)
      ? build.ethernet(header, build.ipv6({ src: address, dst }, build.udp({ srcPort: 1, dstPort: 5004 })))
      : build.ethernet(
          header,
          build.ipv6(
            { src: linkLocalOf(src), dst, hopLimit: 1 },
            build.extension(
              { header: 0, data: Uint8Array.of(5, 2, 0, 0, 1, 0) },
              build.icmpv6({ type, rest: 0 }, group),
            ),
          ),
        )
  }
  const dst = parseIpv4(random.pick(['239.1.2.3', '239.9.9.9']))
  const type = random.pick([IGMP.report2, IGMP.report2, IGMP.leave])
  const carried = random.chance(50)
    ? build.ipv4({ src: address, dst }, build.udp({ srcPort: 1, dstPort: 5004 }))
    : build.ipv4(
        { src: address, dst, protocol: 2, ttl: 1 },
        build.payload(igmpMessage(type, octetsOf(formatIp(dst)))),
      )
  return build.ethernet({ dst: macOfIpv4Group(dst), src }, carried)
}

function packet(random: Random, from: Speaker, src: Ip, to: Speaker): Stack {
  const udp = build.udp({ srcPort: random.below(65536), dstPort: 53 }, build.payload(random.bytes(20)))
  const dst = to.addresses.find((one) => isIpv6(one) === isIpv6(src)) ?? src
  const isNear = to.network === from.network
  const header = { dst: isNear ? to.mac : (from.gatewayMac ?? to.mac), src: from.mac }
  if (isIpv6(src)) return build.ethernet(header, build.ipv6({ src, dst: isIpv6(dst) ? dst : src }, udp))
  return build.ethernet(header, build.ipv4({ src, dst: isIpv6(dst) ? src : dst }, udp))
}

/** Three faults at most: then the oldest is put right. */
function breakOrRepair(random: Random, plan: Plan, fabric: TwinFabric, broken: FabricFault[]): void {
  if (broken.length === 3 || (broken.length > 0 && random.chance(40))) {
    const [oldest] = broken.splice(0, 1)
    if (oldest !== undefined) fabric.repair(oldest)
    return
  }
  const fault = drawFault(random, plan)
  if (fault === undefined || broken.some((one) => JSON.stringify(one) === JSON.stringify(fault))) return
  fabric.fail(fault)
  broken.push(fault)
}

function drawFault(random: Random, { links, nodes }: Plan): FabricFault | undefined {
  const { name: node, control } = random.pick(nodes)
  return random.weighted<() => FabricFault | undefined>([
    [links.length > 0 ? 4 : 0, () => ({ kind: 'link-down', link: random.pick(links).id })],
    [links.length > 0 ? 1 : 0, () => ({ kind: 'link-silent', link: random.pick(links).id })],
    [3, () => ({ kind: 'node-down', node })],
    [1, () => ({ kind: random.pick(['daemon-down', 'daemon-hangs']), node })],
    [2, () => (control?.daemon === 'gobgp' ? { kind: 'agent-down', node } : undefined)],
    [1, () => withdrawnOf(random, node, control)],
  ])()
}

function withdrawnOf(
  random: Random,
  node: string,
  control: Plan['nodes'][number]['control'],
): FabricFault | undefined {
  const own = [...(control?.originate ?? []), ...(control?.evpn?.vrfs ?? []).flatMap((one) => one.prefixes)]
  return own.length === 0 ? undefined : { kind: 'withdrawn', node, prefix: random.pick(own) }
}

describe(`${COUNT} generated fabrics with a control plane`, () => {
  for (let index = 0; index < COUNT; index++) {
    test(`[CTRL-6] [CTRL-8] [LEARN-6] [NEIGH-8] fabric ${index + 1}: the engine does what the twin did, changes of tables and faults included`, () => {
      const { text, plan } = draw(index)
      const keys = deriveKeys(plan, new Uint8Array(32))
      const observer = new FabricJournals(beforeControl(plan))
      const fabric = new TwinFabric(plan, keys, { observer, controlPlane: controlPlaneOf(plan) })
      const random = new Random(seed + index)
      const speakers = speakersOf(plan)
      const broken: FabricFault[] = []
      for (let step = 0; step < STEPS; step++) {
        random.weighted([
          [40, () => void fabric.send([speech(random, plan, speakers)])],
          [1, () => fabric.reset()],
          [1, () => fabric.advanceTime(random.pick([1e9, 299e9, 1500e9]))],
          [3, () => breakOrRepair(random, plan, fabric, broken)],
        ])()
      }
      const journals = [...observer.journals].map(([node, journal]) => ({
        node,
        bytes: journal.bytes(),
        tables: fabric.node(node).tables(),
      }))
      // Nothing is shown by tables that never change.
      expect(
        journals.filter(({ bytes }) => isChanged(bytes)).length,
        `seed ${seed}\n${text}`,
      ).toBeGreaterThan(0)
      const failures = journals.flatMap(({ node, bytes, tables }) =>
        MODES.flatMap((mode) => {
          const failure = bench.run({ journal: bytes, tables }, keys, mode)
          return failure === undefined
            ? []
            : [
                `${node}, ${JSON.stringify(mode)}: ${failure.status} ${failure.stderr}${failure.tables.join('; ')}`,
              ]
        }),
      )
      expect(failures, `seed ${seed}\n${text}`).toEqual([])
    })
  }
})

function isChanged(journal: Uint8Array): boolean {
  return readJournal(journal).entries.some(
    ({ input }) => input.kind === 'control' && JSON.stringify(input.request).includes('"apply"'),
  )
}
