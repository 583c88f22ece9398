import { describe, expect, test } from 'vitest'
import type { InvariantId } from '../../record/invariants.js'
import type { Arrival, Observation, WireFrame } from '../../record/target.js'
import {
  ethernet,
  findTraceId,
  importSak,
  ipv4,
  open,
  parseSci,
  seal,
  vxlan,
  writeMac,
} from '../../twin/packet/index.js'
import { planOf, twinOf } from './testing/demo.js'
import type { Tamper } from './testing/demo.js'
import { controlFlow, flow } from '../../sdk/traffic/flow.js'
import { gatewaysOf, gatewayQuestion, reportedPacket } from '../../sdk/traffic/gateway.js'
import { groupSource } from '../../sdk/traffic/forge-host.js'
import { judgeAgreement } from '../../sdk/judge/agreement.js'
import { judgeAnswers } from '../../sdk/judge/answer.js'
import { judgeDelivery } from '../../sdk/judge/delivery.js'
import { judgeFates } from '../../sdk/judge/fate.js'
import { judgeIsolation } from '../../sdk/judge/isolation.js'
import { judgeLearned, judgeFlowPaths, judgeOuter } from '../../sdk/judge/outer.js'
import { judgeSeal } from '../../sdk/judge/seal.js'
import type { Seen } from '../../sdk/seen.js'
import type { Finding } from '../../record/verdict.js'

const plan = planOf('demo')
const clear = planOf('demo-clear')

/** Changes the first arrival of a marked frame at a host that takes it. */
const arrival =
  (change: (frame: Uint8Array, arrival: Arrival) => Uint8Array): Tamper =>
  (seen) => {
    const index = seen.arrivals.findIndex(({ trace, foreign }) => trace !== undefined && !foreign)
    return {
      ...seen,
      arrivals: seen.arrivals.map((one, n) =>
        n === index ? { ...one, frame: change(one.frame.slice(), one) } : one,
      ),
    }
  }
const octet =
  (at: number, change: (value: number) => number): Tamper =>
  (seen, of) =>
    arrival((frame) => {
      frame[at] = change(frame[at] ?? 0) & 0xff
      return frame
    })(seen, of)

/** Changes every frame on links. */
const wire =
  (change: (frame: WireFrame, index: number) => Uint8Array | undefined): Tamper =>
  (seen) => ({
    ...seen,
    wire: seen.wire.flatMap((one, index) => {
      const frame = change(one, index)
      return frame === undefined ? [] : [{ ...one, frame }]
    }),
  })

function fixIpv4Checksum(frame: Uint8Array): Uint8Array {
  ipv4.updateHeaderChecksum(frame, ethernet.HEADER_LENGTH)
  return frame
}

const invariantsOf = (findings: readonly Finding[]) => [
  ...new Set(findings.map(({ invariant }) => invariant)),
]

async function routed(tamper?: Tamper, of = plan): Promise<Seen> {
  const target = twinOf(of, tamper === undefined ? {} : { tamper })
  const { fabric } = target
  return target.send(flow(fabric, fabric.host('shop/web1'), fabric.host('shop/db1'), { protocol: 'udp' }))
}

describe('a sound fabric has no finding', () => {
  test.each([['demo'], ['demo-clear'], ['demo-v6'], ['two-leaves']])('%s', async (name) => {
    const target = twinOf(planOf(name))
    const flows = Object.values(target.fabric.tenants).flatMap(
      (tenant) => controlFlow(target.fabric, tenant) ?? [],
    )
    const seen = await target.send(flows)
    const [a, b] = Object.values(target.fabric.tenants)
    expect(judgeDelivery(seen)).toMatchObject({ findings: [], judged: flows.length, delivered: flows.length })
    expect(judgeOuter(seen)).toEqual([])
    expect(a && b && judgeIsolation(seen, a, b).findings).toEqual([])
    expect((await judgeAgreement(seen)).findings).toEqual([])
  })
})

describe('each defect of an arrival is found by its own invariant, and by no other', () => {
  const ttl = ethernet.HEADER_LENGTH + 8
  const tos = ethernet.HEADER_LENGTH + 1
  test.each<[string, Tamper, InvariantId]>([
    ['lost', (seen) => ({ ...seen, arrivals: [] }), 'INV-REACH'],
    ['twice', (seen) => ({ ...seen, arrivals: [...seen.arrivals, ...seen.arrivals] }), 'INV-REACH'],
    [
      'at another host of its network',
      (seen) => ({ ...seen, arrivals: seen.arrivals.map((one) => ({ ...one, host: 'shop/db2' })) }),
      'INV-REACH',
    ],
    [
      'TTL one less',
      (seen, of) =>
        arrival((frame) => {
          frame[ttl] = (frame[ttl] ?? 0) - 1
          return fixIpv4Checksum(frame)
        })(seen, of),
      'INV-TTL',
    ],
    [
      'DSCP changed',
      (seen, of) =>
        arrival((frame) => {
          frame[tos] = 0x28
          return fixIpv4Checksum(frame)
        })(seen, of),
      'INV-MARKS',
    ],
    [
      'ECN changed',
      (seen, of) =>
        arrival((frame) => {
          frame[tos] = 0x03
          return fixIpv4Checksum(frame)
        })(seen, of),
      'INV-MARKS',
    ],
    ['header checksum wrong', octet(ethernet.HEADER_LENGTH + 10, (value) => value ^ 1), 'INV-CHECKSUM'],
    ['destination MAC', octet(5, (value) => value ^ 1), 'INV-ETHERNET'],
    ['source MAC', octet(11, (value) => value ^ 1), 'INV-ETHERNET'],
  ])('%s', async (_, tamper, invariant) => {
    expect(invariantsOf(judgeDelivery(await routed(tamper)).findings)).toEqual([invariant])
  })

  test('a bit of the payload is the payload, and the checksum with it', async () => {
    const seen = await routed(octet(50, (value) => value ^ 1))
    expect(invariantsOf(judgeDelivery(seen).findings).sort()).toEqual(['INV-CHECKSUM', 'INV-PAYLOAD'])
  })

  test('another network of the tenant that hears is a finding', async () => {
    const seen = await routed((one) => ({
      ...one,
      arrivals: [...one.arrivals, ...foreignCopy(one, 'shop/web2')],
    }))
    expect(judgeDelivery(seen).findings).toEqual([])
    const other = await bankRouted((one) => ({
      ...one,
      arrivals: [...one.arrivals, ...foreignCopy(one, 'bank/sync1')],
    }))
    expect(invariantsOf(judgeDelivery(other).findings)).toEqual(['INV-NO-FOREIGN'])
  })
})

function foreignCopy({ arrivals }: Observation, host: string): readonly Arrival[] {
  return arrivals
    .filter(({ trace }) => trace !== undefined)
    .slice(0, 1)
    .map((one) => ({ ...one, host, foreign: true }))
}

async function bankRouted(tamper: Tamper): Promise<Seen> {
  const target = twinOf(plan, { tamper })
  const { fabric } = target
  return target.send(flow(fabric, fabric.host('bank/web1'), fabric.host('bank/db1')))
}

describe('[T06] isolation', () => {
  test('a frame at a host of the other tenant, and one in its VNI on a link', async () => {
    const target = twinOf(plan, {
      tamper: (seen) => ({ ...seen, arrivals: [...seen.arrivals, ...foreignCopy(seen, 'bank/web1')] }),
    })
    const { shop, bank } = target.fabric.tenants
    const { fabric } = target
    const seen = await target.send(flow(fabric, fabric.host('shop/web1'), fabric.host('shop/db1')), {
      control: [bank],
    })
    expect(shop && bank && invariantsOf(judgeIsolation(seen, shop, bank).findings)).toEqual(['INV-ISOLATE'])
  })

  test('an unmarked frame is known by a MAC that is one tenant’s alone', async () => {
    const target = twinOf(plan, {
      tamper: (seen) => ({
        ...seen,
        arrivals: [
          ...seen.arrivals,
          ...seen.arrivals.slice(0, 1).map(({ frame }): Arrival => {
            const bare = frame.slice(0, 42)
            writeMac(bare, 6, fabric.host('shop/web1').mac)
            return { host: 'bank/web1', frame: bare, foreign: true }
          }),
        ],
      }),
    })
    const { fabric } = target
    const { shop, bank } = fabric.tenants
    const seen = await target.send([], { control: [shop, bank] })
    expect(shop && bank && invariantsOf(judgeIsolation(seen, shop, bank).findings)).toEqual(['INV-ISOLATE'])
  })

  test('on a link, in a VNI of the other tenant', async () => {
    const seen = await routed(
      wire(({ frame }) => retagged(frame, 20010)),
      clear,
    )
    const { shop, bank } = seen.source.fabric.tenants
    expect(shop && bank && invariantsOf(judgeIsolation(seen, shop, bank).findings)).toEqual([
      'INV-ISOLATE-WIRE',
    ])
  })
})

/** The same tunnel with another VNI; no checksum covers it (it is zero, or left wrong). */
function retagged(frame: Uint8Array, vni: number): Uint8Array {
  const copy = frame.slice()
  vxlan.write(copy, ethernet.HEADER_LENGTH + 20 + 8, vni)
  return copy
}

describe('outer headers', () => {
  test('a VNI that is not planned for the way', async () => {
    const seen = await routed(
      wire(({ frame }) => retagged(frame, 10010)),
      clear,
    )
    expect(invariantsOf(judgeOuter(seen))).toEqual(['INV-OUTER'])
  })

  test('an outer source that is no VTEP of the way', async () => {
    const seen = await routed(
      wire(({ frame }) => {
        const copy = frame.slice()
        copy[ethernet.HEADER_LENGTH + 15] = 250
        return copy
      }),
      clear,
    )
    expect(invariantsOf(judgeOuter(seen))).toEqual(['INV-OUTER'])
  })
})

describe('[T07] seals', () => {
  const opened = (target: ReturnType<typeof twinOf>, frame: WireFrame): Uint8Array => {
    const reading = target.reader.read(frame)
    if (reading.clear === undefined) throw new Error(reading.problem)
    return reading.clear
  }
  const sealOf = async (tamper?: Tamper) => {
    const seen = await routed(tamper)
    return invariantsOf(judgeSeal(seen).findings)
  }
  const honest = twinOf(plan)

  test('sealed traffic holds, frame by frame and each way', async () => {
    const report = judgeSeal(await routed())
    expect(report.findings).toEqual([])
    expect(report.judged).toBeGreaterThan(0)
    expect(report.delivered).toBeGreaterThan(0)
  })

  test.each<[string, Tamper, InvariantId]>([
    ['payload in the clear', wire((frame) => opened(honest, frame)), 'INV-NO-CANARY'],
    ['a clear frame without payload', wire((frame) => opened(honest, frame).subarray(0, 60)), 'INV-NO-CLEAR'],
    [
      'an altered bit',
      wire(({ frame }) => {
        const copy = frame.slice()
        copy[40] = (copy[40] ?? 0) ^ 1
        return copy
      }),
      'INV-SEALED',
    ],
    [
      'the wrong SCI',
      wire(({ frame }) => {
        const copy = frame.slice()
        copy[27] = (copy[27] ?? 0) ^ 1
        return copy
      }),
      'INV-SEALED',
    ],
    [
      'the wrong AN',
      wire(({ frame }) => {
        const copy = frame.slice()
        copy[14] = (copy[14] ?? 0) ^ 1
        return copy
      }),
      'INV-SEALED',
    ],
    ['another key', wire((frame) => resealed(opened(honest, frame))), 'INV-SEALED'],
    ['a packet number used again', (seen) => ({ ...seen, wire: [...seen.wire, ...seen.wire] }), 'INV-PN'],
  ])('%s', async (_, tamper, invariant) => {
    expect(await sealOf(tamper)).toEqual([invariant])
  })

  test('what is authenticated but not encrypted is not sealed', async () => {
    const seen = await routed()
    const [first] = seen.observation.wire
    if (first === undefined) throw new Error('nothing on the wire')
    const { macsec } = honest.reader.end(first.link, first.from)
    const key = honest.reader.keys.get(macsec?.tx.key ?? '')
    if (macsec === undefined || key === undefined) throw new Error('no seal')
    const frame = seal({
      frame: opened(honest, first).subarray(0, 60),
      sak: importSak(key),
      sci: parseSci(macsec.tx.sci),
      an: macsec.tx.an,
      pn: 1,
      tci: 0x20,
    })
    expect(open({ frame, sak: importSak(key) }).ok).toBe(true)
    expect(honest.reader.read({ ...first, frame }).problem).toContain('not encrypted')
  })
})

function resealed(frame: Uint8Array): Uint8Array {
  return seal({
    frame,
    sak: importSak(new Uint8Array(16).fill(1)),
    sci: parseSci('025a016faf140001'),
    an: 0,
    pn: 9,
  })
}

describe('[T06] hostile frames', () => {
  async function hostile(tamper: Tamper): Promise<Seen> {
    const target = twinOf(plan, { tamper })
    const { fabric } = target
    const frame = groupSource(fabric.host('shop/web1'), fabric.host('shop/web2'))
    if (frame === undefined) throw new Error('no frame')
    return target.send(frame, { control: [fabric.tenant('shop')] })
  }

  test('dropped for the expected reason', async () => {
    expect(judgeFates(await hostile((seen) => seen))).toMatchObject({ findings: [], judged: 1, delivered: 1 })
  })

  test.each<[string, Tamper, InvariantId]>([
    ['nobody says why', (seen) => ({ ...seen, fates: [] }), 'INV-FATE'],
    [
      'another reason',
      (seen) => ({ ...seen, fates: seen.fates.map((one) => ({ ...one, fate: 'no-route' })) }),
      'INV-FATE',
    ],
    [
      'delivered',
      (seen) => ({
        ...seen,
        arrivals: [
          ...seen.arrivals,
          ...seen.sent
            .slice(0, 1)
            .map(({ trace, frame }): Arrival => ({ host: 'shop/web2', frame, foreign: false, trace })),
        ],
      }),
      'INV-HOSTILE',
    ],
  ])('%s', async (_, tamper, invariant) => {
    expect(invariantsOf(judgeFates(await hostile(tamper)).findings)).toEqual([invariant])
  })

  test('a reason that the scenario states outweighs that of the frame', async () => {
    expect(invariantsOf(judgeFates(await hostile((seen) => seen), 'no-route').findings)).toEqual(['INV-FATE'])
  })
})

describe('answers', () => {
  async function asked(tamper: Tamper): Promise<Seen> {
    const target = twinOf(plan, { tamper })
    const asking = gatewaysOf(target.fabric.host('shop/web1'))
    return target.send(
      asking.flatMap((one) =>
        [gatewayQuestion(one) ?? [], reportedPacket(one, 'no-listener', one.gateway)].flat(),
      ),
    )
  }

  test('gateways answer', async () => {
    expect(judgeAnswers(await asked((seen) => seen))).toMatchObject({ findings: [], judged: 4, delivered: 4 })
  })

  test('no answer, and an answer that is not quite right', async () => {
    expect(
      invariantsOf(judgeAnswers(await asked((seen) => ({ ...seen, arrivals: [] }))).findings).sort(),
    ).toEqual(['INV-GATEWAY', 'INV-ICMP'])
    const wrong = await asked((seen) => ({
      ...seen,
      arrivals: seen.arrivals.map((one) => ({ ...one, frame: flipped(one.frame) })),
    }))
    expect(judgeAnswers(wrong)).toMatchObject({ delivered: 0, judged: 4 })
  })

  test('an answer too many', async () => {
    const seen = await asked((one) => ({ ...one, arrivals: [...one.arrivals, ...one.arrivals] }))
    expect(judgeAnswers(seen).findings[0]?.message).toContain('answered 2 times')
  })
})

function flipped(frame: Uint8Array): Uint8Array {
  const copy = frame.slice()
  copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 1
  return copy
}

describe('learning', () => {
  test('a third host that hears what is for a known one', async () => {
    const seen = await routed((one) => ({
      ...one,
      arrivals: [...one.arrivals, ...foreignCopy(one, 'shop/db2')],
    }))
    expect(invariantsOf(judgeLearned(seen, new Set(['shop/web1', 'shop/db1'])))).toEqual(['INV-LEARNED'])
    expect(judgeLearned(seen, new Set(['shop/web1']))).toEqual([])
  })

  test('a flow that does not keep to its path', async () => {
    const target = twinOf(clear, {
      tamper: (one) => {
        const last = one.sent.at(-1)?.trace
        return { ...one, wire: one.wire.filter(({ frame }) => findTraceId(frame)?.trace !== last) }
      },
    })
    const { fabric } = target
    const seen = await target.send(
      flow(fabric, fabric.host('shop/web1'), fabric.host('shop/db1'), {}, { count: 4 }),
    )
    expect(invariantsOf(judgeFlowPaths(seen))).toEqual(['INV-FLOW-PATH'])
  })
})

describe('agreement', () => {
  test.each<[string, Tamper]>([
    [
      'an arrival less',
      (seen) => ({ ...seen, arrivals: seen.arrivals.filter(({ trace }) => trace === undefined) }),
    ],
    ['an octet of an arrival', octet(60, (value) => value ^ 1)],
    ['a frame less on a link', (seen) => ({ ...seen, wire: seen.wire.slice(1) })],
  ])('%s', async (_, tamper) => {
    expect(invariantsOf((await judgeAgreement(await routed(tamper))).findings)).toEqual(['INV-AGREE-FABRIC'])
  })
})
