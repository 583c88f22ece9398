import { expect, test } from 'vitest'
import {
  build,
  encodeFrame,
  encodeTraceId,
  parseIpv4,
  parseMac,
  readPcapng,
  toHex,
} from '../../twin/packet/index.js'
import { formatWalk, trace, walkToJson, walkToPcapng, type Walk } from '../../twin/forward/index.js'
import { clausesOfPage } from '../differential/machine/coverage.js'
import { GATEWAY_MAC, PlanBuilder, sampleKeys } from './support/plan-builder.js'

const plan = new PlanBuilder({ spines: 1 }).plan()
const injection = (dst: string, n = 1) => ({
  trace: n,
  at: { host: 'tenant1/web1' },
  frame: encodeFrame(
    build.ethernet(
      { dst: parseMac(GATEWAY_MAC), src: parseMac('02:aa:01:01:00:01') },
      build.ipv4(
        { src: parseIpv4('10.1.1.11'), dst: parseIpv4(dst) },
        build.udp({ srcPort: 5, dstPort: 53 }, build.payload(encodeTraceId({ run: 1, trace: n }))),
      ),
    ),
  ),
})
const path = (walk: Walk) =>
  walk.hops.map((hop) => (hop.kind === 'node' ? `${hop.node}:${hop.interface ?? 'clock'}` : hop.host))
const warm = () => trace(plan, injection('10.1.2.12', 2), { before: [injection('10.1.2.12')] })

test('a walk is every hop of a frame, after frames that taught the fabric', () => {
  expect(path(warm())).toEqual(['leaf1:host1010', 'spine1:eth1', 'leaf2:eth1', 'tenant1/db2'])
})

test('[PORT-6] a walk in a fabric that is broken goes the way that is left, and says why', () => {
  const wide = new PlanBuilder({ spines: 2 }).plan()
  const broken = [{ kind: 'link-down', link: 'leaf1--spine1' } as const]
  const walk = trace(wide, injection('10.9.2.10'), { broken })
  expect(path(walk).slice(0, 3)).toEqual(['leaf1:host1010', 'spine2:eth1', 'leaf2:eth2'])
  expect(formatWalk(walk)).toContain('PORT-6')
  expect(() => trace(wide, injection('10.9.2.10'), { broken: [...broken, ...broken] })).toThrow(
    'ZT_FAULT_STANDS',
  )
})

test('each step names a clause of the page, its interface and a reason', () => {
  const clauses = new Set(clausesOfPage())
  for (const hop of warm().hops) {
    if (hop.kind !== 'node') continue
    expect(hop.events.length).toBeGreaterThan(3)
    for (const event of hop.events) {
      expect(clauses.has(event.clause)).toBe(true)
      expect(event).not.toMatchObject({ kind: 'step', what: '' })
    }
  }
})

test('what is sent names the clause that sent it and who receives it; a fate the clause that decided it', () => {
  const [first] = warm().hops
  if (first?.kind !== 'node') throw new Error('the first hop is a node')
  expect(first.events.at(-1)).toMatchObject({
    kind: 'tx',
    clause: 'MACSEC-7',
    interface: 'eth1',
    to: 'spine1',
  })
  const lost = trace(plan, injection('10.77.0.1'))
  const [leaf] = lost.hops
  if (leaf?.kind !== 'node') throw new Error('the first hop is a node')
  expect(leaf.events).toContainEqual({ kind: 'fate', clause: 'ROUTE-6', fate: 'no-route' })
})

test('without keys the walk is the same, the sealed octets are nobody’s', () => {
  const withKeys = trace(plan, injection('10.1.2.12'), { keys: sampleKeys(plan) })
  const without = trace(plan, injection('10.1.2.12'))
  expect(path(without)).toEqual(path(withKeys))
  expect(formatWalk(without)).toBe(formatWalk(withKeys))
  expect(toHex(walkToPcapng(trace(plan, injection('10.1.2.12'))))).toBe(toHex(walkToPcapng(without)))
  expect(toHex(walkToPcapng(without))).not.toBe(toHex(walkToPcapng(withKeys)))
})

test('a packet that is given up walks through the clock', () => {
  const text = formatWalk(trace(plan, injection('10.1.2.200')))
  expect(text).toMatch(/leaf1: clock, after 3 s\n(.*\n)+? {4}= neighbour-unresolved \(NEIGH-7\)/)
})

test('text: a paragraph a hop', () => {
  const text = formatWalk(warm())
  expect(text.split('\n\n')).toHaveLength(5)
  expect(text).toContain('  1 leaf1: host1010 from tenant1/web1\n')
  expect(text).toMatch(/\n {6}ROUTE-9 {4}irb\d+: 44 octets, MTU 1500\n/)
  expect(text).toMatch(/\n {2}4 host tenant1\/db2: arrived\n/)
})

test('JSON: frames in hexadecimal, nothing that JSON cannot say', () => {
  const walk = warm()
  const json = JSON.parse(JSON.stringify(walkToJson(walk))) as { frame: string; hops: { frame: string }[] }
  expect(json.frame).toBe(toHex(walk.frame))
  expect(json.hops.map((hop) => hop.frame)).toEqual(walk.hops.map((hop) => toHex(hop.frame!)))
})

test('pcapng: the frame at every hop, sealed and opened, with hop and fate as comments', () => {
  const walk = warm()
  const { interfaces, packets } = readPcapng(walkToPcapng(walk))
  const seen = packets.map((packet) => `${interfaces[packet.interface]?.name} ${packet.direction}`)
  expect(seen).toEqual([
    'leaf1:host1010 inbound',
    'leaf1:eth1 outbound',
    'leaf1:eth1 (opened) outbound',
    'spine1:eth1 inbound',
    'spine1:eth1 (opened) inbound',
    'spine1:eth2 outbound',
    'spine1:eth2 (opened) outbound',
    'leaf2:eth1 inbound',
    'leaf2:eth1 (opened) inbound',
    'leaf2:host1020 outbound',
    'tenant1/db2 inbound',
  ])
  expect(packets[0]?.comments).toEqual(['hop 1'])
  const lost = readPcapng(walkToPcapng(trace(plan, injection('10.77.0.1'))))
  expect(lost.packets[0]?.comments).toEqual(['hop 1', 'no-route (ROUTE-6)'])
})
