/**
 * What is found on captured octets of a sealed link, and what `tc` shows of a guard.
 */
import { describe, expect, test } from 'vitest'
import type { WireFrame } from '../../record/target.js'
import { guardOf } from '../../sdk/lab-witness.js'
import { judgeSeal } from '../../sdk/judge/seal.js'
import type { ScenarioTarget } from '../../sdk/scenario-target.js'
import { flow } from '../../sdk/traffic/flow.js'
import { build, encodeFrame, parseIp, parseMac } from '../../twin/packet/index.js'
import { planOf, twinOf, type Tamper } from './testing/demo.js'
import { changed, macsecOf, wireguardOf } from './testing/seals.js'

const macsec = planOf('demo')
const wireguard = planOf('demo-wireguard')
const own = { src: parseMac('02:5a:01:6f:af:14'), dst: parseMac('ff:ff:ff:ff:ff:ff') }
const [from, to] = [parseIp('10.254.0.0'), parseIp('10.254.0.1')]
const [from6, to6] = [parseIp('fe80::1'), parseIp('ff02::1:ff00:2')]
if (typeof from === 'bigint' || typeof to === 'bigint') throw new TypeError('IPv4')
if (typeof from6 !== 'bigint' || typeof to6 !== 'bigint') throw new TypeError('IPv6')

const zeros = (octets: number) => build.payload(new Uint8Array(octets))
const ports = (dstPort: number) => ({ srcPort: 40000, dstPort })
const over4 = (upper: Parameters<typeof build.ipv4>[1]) =>
  encodeFrame(build.ethernet(own, build.ipv4({ src: from, dst: to, ttl: 1 }, upper)))
/** What networks say of themselves, as a node's kernel or a daemon would put it on a port. */
const clearFrames: readonly (readonly [string, Uint8Array])[] = [
  [
    'ARP',
    encodeFrame(
      build.ethernet(
        own,
        build.arp({ operation: 1, sha: own.src, spa: from, tha: parseMac('00:00:00:00:00:00'), tpa: to }),
      ),
    ),
  ],
  [
    'ND',
    encodeFrame(
      build.ethernet(
        own,
        build.ipv6({ src: from6, dst: to6, hopLimit: 255 }, build.icmpv6({ type: 135, code: 0 }, zeros(20))),
      ),
    ),
  ],
  ['BGP', over4(build.tcp(ports(179), zeros(19)))],
  ['BGP', over4(build.tcp({ srcPort: 179, dstPort: 40000 }, zeros(19)))],
  ['BFD', over4(build.udp(ports(3784), zeros(24)))],
  ['LLDP', encodeFrame(build.ethernet({ ...own, etherType: 0x88cc }, zeros(40)))],
  ['UDP', over4(build.udp(ports(53), zeros(24)))],
]

/** Puts a frame on the first link, as the first node's. */
const beside =
  (frame: Uint8Array): Tamper =>
  (seen, plan) => {
    const [link] = plan.links
    if (link === undefined) throw new TypeError('no link')
    const one: WireFrame = { link: link.id, from: link.a.node, to: link.b.node, frame, seenBy: 'twin' }
    return { ...seen, wire: [...seen.wire, one] }
  }

async function seenOf(target: ScenarioTarget) {
  const { fabric } = target
  return target.send(flow(fabric, fabric.host('shop/web1'), fabric.host('shop/db1'), { protocol: 'udp' }))
}

describe('[T07] a clear frame on a sealed link is a finding that names it', () => {
  for (const [seal, plan] of [
    ['MACsec', macsec],
    ['WireGuard', wireguard],
  ] as const) {
    test.each(clearFrames)(`%s on a link sealed by ${seal}`, async (kind, frame) => {
      const { findings } = judgeSeal(await seenOf(twinOf(plan, { tamper: beside(frame) })))
      expect(findings).toHaveLength(1)
      expect(findings[0]).toMatchObject({
        invariant: 'INV-NO-CLEAR',
        link: plan.links[0]?.id,
        node: plan.links[0]?.a.node,
      })
      expect(findings[0]?.message).toContain(`(it is ${kind} in the clear)`)
    })
  }

  test('what the scenario itself puts on a link is none', async () => {
    const target = twinOf(macsec)
    const [link] = macsec.links
    const [, frame] = clearFrames[0] ?? []
    if (link === undefined || frame === undefined) throw new TypeError('nothing to send')
    const seen = await target.send({
      kind: 'frame',
      label: 'ARP',
      tenant: 'shop',
      at: { link: link.id, to: link.b.node },
      expect: { outcome: 'dropped', fates: ['macsec-clear'] },
      bytes: () => frame,
    })
    expect(seen.readings()).toHaveLength(1)
    expect(judgeSeal(seen)).toMatchObject({ findings: [], judged: 0 })
  })
})

describe('[T07] frames are sealed by the expected peer, in an expected epoch', () => {
  test('a MACsec epoch is a channel and an AN that the plan knows, standby included', async () => {
    const planned = await seenOf(twinOf(macsec))
    expect([...judgeSeal(planned).epochs.keys()].every((epoch) => epoch.endsWith(' AN 0'))).toBe(true)
    // Nodes have gone over to the next association; one plan knows of it, the other does not.
    const { key } = macsecOf(macsec, 'leaf1').tx
    const runs = changed(macsec, (copy) => {
      for (const { program } of copy.nodes)
        for (const one of program.interfaces)
          if (one.kind === 'macsec') {
            one.tx.an = 1
            for (const rx of one.rx) rx.an = 1
          }
    })
    const late = judgeSeal(await seenOf(twinOf(macsec, { runs })))
    expect(late.epochs.size).toBe(0)
    expect(late.findings[0]).toMatchObject({
      invariant: 'INV-SEALED',
      message: expect.stringContaining("its AN is 1, the plan's is 0") as string,
    })
    expect(key).toContain('leaf1')
    const standing = changed(macsec, (copy) => {
      for (const { program } of copy.nodes)
        for (const one of program.interfaces)
          if (one.kind === 'macsec') one.standby = [{ an: 1, key: one.tx.key }]
    })
    const report = judgeSeal(await seenOf(twinOf(standing, { runs })))
    expect(report.findings).toEqual([])
    expect([...report.epochs.keys()].every((epoch) => epoch.endsWith(' AN 1'))).toBe(true)
  })

  test("a WireGuard session with a key that is not the peer's is none of the link's", async () => {
    const honest = judgeSeal(await seenOf(twinOf(wireguard)))
    expect(honest.findings).toEqual([])
    expect(honest.handshakes).toBeGreaterThan(0)
    expect([...honest.epochs.keys()][0]).toMatch(/ session \d+$/)
    // Two nodes that agree with each other, on another key than the plan's: all opens, by the wrong hand.
    const other = wireguardOf(wireguard, 'leaf2').privateKey
    const runs = changed(wireguard, (copy) => {
      const stolen = wireguardOf(copy, 'leaf1')
      const was = stolen.privateKey
      stolen.privateKey = other
      for (const { program } of copy.nodes)
        for (const one of program.interfaces)
          if (one.kind === 'wireguard')
            for (const peer of one.peers)
              if (peer.publicKey === `${was}/public`) peer.publicKey = `${other}/public`
    })
    const target = twinOf(wireguard, { runs })
    const { fabric } = target
    const flows = Array.from({ length: 12 }, (_, n) =>
      flow(fabric, fabric.host('shop/web1'), fabric.host('shop/db1'), { sourcePort: 20000 + n }),
    )
    const { findings } = judgeSeal(await target.send(flows))
    expect(findings.length).toBeGreaterThan(0)
    expect(new Set(findings.map(({ invariant, link }) => `${invariant} ${link ?? ''}`))).toEqual(
      new Set(['INV-SEALED leaf1--spine1']),
    )
    expect(findings[0]?.message).toContain('its session is not with the key which the plan gives leaf1')
  })
})

describe('[T07] the guard as tc shows it', () => {
  const clsact = JSON.stringify([
    { kind: 'noqueue', drops: 9 },
    { kind: 'clsact', drops: 4 },
  ])
  const filter = (over: object = {}, more: object = {}) => ({
    protocol: 'all',
    pref: 49152,
    kind: 'bpf',
    options: {
      'direct-action': true,
      bytecode: { length: 1, insns: [{ code: 6, jt: 0, jf: 0, k: 2 }] },
      ...over,
    },
    ...more,
  })
  const shown = (...filters: object[]) => JSON.stringify([{ protocol: 'all', kind: 'bpf' }, ...filters])

  test('one that drops all is installed, and has counted', () => {
    expect(guardOf(clsact, shown(filter()))).toEqual({ installed: true, dropped: 4 })
  })

  test.each([
    ['no clsact', '[{"kind":"noqueue"}]', shown(filter())],
    ['no filter', clsact, '[]'],
    ['nothing at all', '', ''],
    [
      'one that lets through',
      clsact,
      shown(filter({ bytecode: { insns: [{ code: 6, jt: 0, jf: 0, k: 0 }] } })),
    ],
    [
      'one of two instructions',
      clsact,
      shown(filter({ bytecode: { insns: [{ code: 0 }, { code: 6, jt: 0, jf: 0, k: 2 }] } })),
    ],
    ['one for IPv4 alone', clsact, shown(filter({}, { protocol: 'ip' }))],
    ['one behind another', clsact, shown(filter({ bytecode: { insns: [] } }), filter())],
    ['one that only classifies', clsact, shown(filter({ 'direct-action': false }))],
  ])('%s is none', (_, disciplines, filters) => {
    expect(guardOf(disciplines, filters).installed).toBe(false)
  })
})
