import { describe, expect, test } from 'vitest'
import { TwinFabric, type FabricInjection, type FabricObserver } from '../../twin/forward/index.js'
import {
  build,
  encodeFrame,
  encodeTraceId,
  IPV6_ANY,
  linkLocalOf,
  macOfIpv6Group,
  open,
  importSak,
  parseIpv4,
  parseIpv6,
  parseMac,
  seal,
  parseSci,
  solicitedNodeOf,
  toHex,
  type Ipv4,
  type Stack,
} from '../../twin/packet/index.js'
import { GATEWAY_MAC, PlanBuilder, sampleKeys, type PlanOptions } from './support/plan-builder.js'

const gateway = parseMac(GATEWAY_MAC)
const webMac = (leaf: number) => parseMac(`02:aa:01:01:00:0${leaf}`)
const web4 = (leaf: number) => parseIpv4(`10.1.1.${10 + leaf}`)
const web6 = (leaf: number) => parseIpv6(`2001:db8:1::${10 + leaf}`)
const db4 = (leaf: number) => parseIpv4(`10.1.2.${10 + leaf}`)

function fabricOf(options: PlanOptions = {}, observer: FabricObserver = {}) {
  const plan = new PlanBuilder(options).plan()
  return new TwinFabric(plan, sampleKeys(plan), { observer })
}
const marked = (trace: number) => build.payload(encodeTraceId({ run: 1, trace }))
/** From tenant1/web1, by its gateway. */
function routed(trace: number, dst: Ipv4, fields: object = {}): FabricInjection {
  const packet = build.ipv4(
    { src: web4(1), dst, ...fields },
    build.udp({ srcPort: 1000 + trace, dstPort: 53 }, marked(trace)),
  )
  return {
    trace,
    at: { host: 'tenant1/web1' },
    frame: encodeFrame(build.ethernet({ dst: gateway, src: webMac(1) }, packet)),
  }
}
/** From tenant1/web1 to a MAC of its own network. */
function bridged(trace: number, leaf: number): FabricInjection {
  const packet = build.ipv4(
    { src: web4(1), dst: web4(leaf) },
    build.udp({ srcPort: 1, dstPort: 2 }, marked(trace)),
  )
  return {
    trace,
    at: { host: 'tenant1/web1' },
    frame: encodeFrame(build.ethernet({ dst: webMac(leaf), src: webMac(1) }, packet)),
  }
}
const raw = (host: string, stack: Stack): FabricInjection => ({
  trace: 0,
  at: { host },
  frame: encodeFrame(stack),
})
const reached = (seen: ReturnType<TwinFabric['send']>, trace: number) =>
  seen.arrivals
    .filter((one) => one.trace === trace)
    .map(({ host, foreign }) => (foreign ? `${host} (foreign)` : host))

describe.each<[string, PlanOptions]>([
  ['IPv4 underlay, sealed', {}],
  ['IPv4 underlay, clear', { sealed: false }],
  ['IPv6 underlay, sealed', { underlay: 6 }],
  ['one spine, two leaves', { spines: 1, leaves: 2 }],
])('a fabric (%s)', (_what, options) => {
  test('[Z12] symmetric IRB: routes between networks over leaves, resolving the host first', () => {
    const seen = fabricOf(options).send([routed(1, db4(2))])
    expect(reached(seen, 1)).toEqual(['tenant1/db2'])
    expect(seen.answeredByHosts).toBe(1)
    const arrival = seen.arrivals.find((one) => one.trace === 1)
    // The TTL is one less, whatever the number of nodes that the tunnel crossed.
    expect(arrival?.frame[22]).toBe(63)
  })

  test('[Z12] floods an unknown MAC to its own network alone, and sends to one place what is known', () => {
    const fabric = fabricOf(options)
    const first = fabric.send([bridged(1, 2)])
    const others = Array.from(
      { length: (options.leaves ?? 3) - 2 },
      (_, i) => `tenant1/web${i + 3} (foreign)`,
    )
    expect(reached(first, 1).sort()).toEqual(['tenant1/web2', ...others].sort())
    fabric.send([
      raw(
        'tenant1/web2',
        build.ethernet(
          { dst: webMac(1), src: webMac(2) },
          build.ipv4({ src: web4(2), dst: web4(1) }, build.udp({ srcPort: 2, dstPort: 1 })),
        ),
      ),
    ])
    expect(reached(fabric.send([bridged(3, 2)]), 3)).toEqual(['tenant1/web2'])
  })

  test('[Z12] symmetric IRB: reaches a subnet behind one leaf over the L3 VNI', () => {
    const seen = fabricOf(options).send([routed(1, parseIpv4('10.9.2.10'))])
    expect(reached(seen, 1)).toEqual(['tenant1/far2'])
  })

  test('forgets by reset, and keeps packet numbers', () => {
    const fabric = fabricOf(options)
    expect(fabric.send([routed(1, db4(2))]).wrote).toEqual([true])
    expect(fabric.send([routed(2, db4(2))]).wrote).toEqual([false])
    fabric.reset()
    expect(fabric.send([routed(3, db4(2))]).wrote).toEqual([true])
  })
})

describe('hosts', () => {
  const arpTo = (target: Ipv4, dst = parseMac('ff:ff:ff:ff:ff:ff'), spa = web4(1)) =>
    raw(
      'tenant1/web1',
      build.ethernet(
        { dst, src: webMac(1) },
        build.arp({ operation: 1, sha: webMac(1), spa, tha: parseMac('00:00:00:00:00:00'), tpa: target }),
      ),
    )

  test('[HOST-1] [HOST-3] a host answers ARP for its address, and that is counted, not recorded', () => {
    const fabric = fabricOf()
    const seen = fabric.send([arpTo(web4(2))])
    expect(seen.answeredByHosts).toBe(1)
    // The answer came back to web1, which records it; web3 recorded the question.
    const answer = seen.arrivals.find(({ host }) => host === 'tenant1/web1')
    expect(toHex(answer!.frame)).toBe(
      toHex(
        encodeFrame(
          build.ethernet(
            { dst: webMac(1), src: webMac(2) },
            build.arp({ operation: 2, sha: webMac(2), spa: web4(2), tha: webMac(1), tpa: web4(1) }),
          ),
        ),
      ),
    )
    expect(seen.arrivals.map(({ host }) => host).sort()).toEqual(['tenant1/web1', 'tenant1/web3'])
  })

  test('[HOST-1] probes and unicast requests too; not for another MAC or address', () => {
    expect(fabricOf().send([arpTo(web4(2), undefined, parseIpv4('0.0.0.0'))]).answeredByHosts).toBe(1)
    expect(fabricOf().send([arpTo(web4(2), webMac(2))]).answeredByHosts).toBe(1)
    expect(fabricOf().send([arpTo(web4(2), webMac(3))]).answeredByHosts).toBe(0)
    expect(fabricOf().send([arpTo(parseIpv4('10.1.1.77'))]).answeredByHosts).toBe(0)
  })

  test('[HOST-2] a host answers neighbour solicitations for its addresses, link-local included', () => {
    for (const target of [web6(2), linkLocalOf(webMac(2))]) {
      for (const src of [web6(1), IPV6_ANY]) {
        const group = solicitedNodeOf(target)
        const option =
          src === IPV6_ANY ? [] : [build.ndOption({ type: 1, data: Uint8Array.of(2, 0xaa, 1, 1, 0, 1) })]
        const seen = fabricOf().send([
          raw(
            'tenant1/web1',
            build.ethernet(
              { dst: macOfIpv6Group(group), src: webMac(1) },
              build.ipv6(
                { src, dst: group, hopLimit: 255 },
                build.icmpv6({ type: 135 }, build.ndTarget({ target }, ...option)),
              ),
            ),
          ),
        ])
        expect(seen.answeredByHosts).toBe(1)
        const answer = seen.arrivals.find(({ host }) => host === 'tenant1/web1')
        const toAll = src === IPV6_ANY
        expect(toHex(answer!.frame)).toBe(
          toHex(
            encodeFrame(
              build.ethernet(
                { dst: toAll ? parseMac('33:33:00:00:00:01') : webMac(1), src: webMac(2) },
                build.ipv6(
                  { src: target, dst: toAll ? parseIpv6('ff02::1') : src, hopLimit: 255 },
                  build.icmpv6(
                    { type: 136, rest: toAll ? 0x20000000 : 0x60000000 },
                    build.ndTarget(
                      { target },
                      build.ndOption({ type: 2, data: Uint8Array.of(2, 0xaa, 1, 1, 0, 2) }),
                    ),
                  ),
                ),
              ),
            ),
          ),
        )
      }
    }
  })

  test('[HOST-3] [HOST-4] it answers nothing else: echo is recorded', () => {
    const echo = build.ipv4({ src: web4(1), dst: web4(2) }, build.icmp({ type: 8, rest: 1 }))
    const seen = fabricOf().send([
      raw('tenant1/web1', build.ethernet({ dst: webMac(2), src: webMac(1) }, echo)),
    ])
    expect(seen.arrivals.map(({ host, foreign }) => `${host} ${foreign}`).sort()).toEqual([
      'tenant1/web2 false',
      'tenant1/web3 true',
    ])
    expect(seen.answeredByHosts).toBe(0)
  })
})

describe('what is seen', () => {
  test('wire frames are sealed as the far end opens them, computed when looked at', () => {
    const plan = new PlanBuilder().plan()
    const keys = sampleKeys(plan)
    const fabric = new TwinFabric(plan, keys)
    const { wire } = fabric.send([routed(1, db4(2))])
    expect(wire.length).toBeGreaterThan(0)
    for (const { link, from, frame } of wire) {
      const key = keys.get(`lab:core/${link}/${from.startsWith('leaf') ? 'leaf' : 'spine'}`)
      expect(open({ frame, sak: importSak(key!) }).ok).toBe(true)
    }
  })

  test('wire frames of chosen links, or none', () => {
    const fabric = fabricOf()
    const all = fabric.send([routed(1, db4(2))]).wire
    const some = fabric.send([routed(2, db4(2)), routed(3, db4(3))], { wire: ['leaf1--spine1'] }).wire
    expect(new Set(some.map(({ link }) => link)).size).toBeLessThanOrEqual(1)
    expect(new Set(all.map(({ link }) => link)).size).toBeGreaterThan(1)
    expect(fabric.send([routed(4, db4(2))], { wire: [] }).wire).toEqual([])
  })

  test('a fate carries the trace of the frame whose copy it was, also when that was held', () => {
    const fabric = fabricOf()
    const nobody = parseIpv4('10.1.2.200')
    const seen = fabric.send([routed(41, nobody), routed(42, parseIpv4('10.77.0.1'))])
    const traced = seen.fates.filter(({ trace }) => trace !== undefined)
    expect(traced).toEqual([
      { node: 'leaf1', fate: 'neighbour-unresolved', trace: 41 },
      { node: 'leaf1', fate: 'no-route', trace: 42 },
    ])
    // Every copy has ended: three seconds went by.
    expect(fabric.now).toBe(3_000_000_000n)
    expect(fabric.node('leaf1').held).toBe(0)
  })

  test('the mark is read from what arrived, errors that quote it whole included', () => {
    const seen = fabricOf().send([routed(7, parseIpv4('10.77.0.1'))])
    expect(reached(seen, 7)).toEqual(['tenant1/web1'])
  })

  test('[CTRL-4] time that is moved ages what was learned, and nodes get a clock', () => {
    const fabric = fabricOf()
    fabric.send([bridged(1, 2)])
    fabric.advanceTime(300e9)
    expect(fabric.send([bridged(2, 2)]).wrote).toEqual([true])
    expect(() => fabric.advanceTime(-1)).toThrow('ZT_INPUT_INVALID')
  })
})

describe('hostile frames and faults', () => {
  test('a frame on a link is received by its end, refused when it is clear on a sealed link', () => {
    const fabric = fabricOf()
    const frame = encodeFrame(
      build.ethernet(
        { dst: parseMac('02:00:00:00:01:01'), src: parseMac('02:00:00:00:65:01') },
        build.ipv4(
          { src: parseIpv4('10.255.0.2'), dst: parseIpv4('10.255.0.1') },
          build.udp({ srcPort: 1, dstPort: 4789 }),
        ),
      ),
    )
    const seen = fabric.send([{ trace: 5, at: { link: 'leaf1--spine1', to: 'leaf1' }, frame }])
    expect(seen.fates).toEqual([{ node: 'leaf1', fate: 'macsec-clear', trace: 5 }])
    expect(seen.wire.map(({ from, to }) => [from, to])).toEqual([['spine1', 'leaf1']])
    expect(seen.wrote).toEqual([false])
  })

  test('one that is accepted moves a packet number, and is said to have', () => {
    const plan = new PlanBuilder().plan()
    const keys = sampleKeys(plan)
    const fabric = new TwinFabric(plan, keys)
    const frame = encodeFrame(
      build.ethernet(
        { dst: parseMac('02:00:00:00:01:01'), src: parseMac('02:00:00:00:65:01'), etherType: 0x88cc },
        build.payload('lldp'),
      ),
    )
    const sealed = (pn: number) =>
      seal({
        frame,
        sak: importSak(keys.get('lab:core/leaf1--spine1/spine')!),
        sci: parseSci('0200000065010001'),
        an: 0,
        pn,
      })
    const at = { link: 'leaf1--spine1', to: 'leaf1' }
    const seen = fabric.send([
      { trace: 1, at, frame: sealed(9) },
      { trace: 2, at, frame: sealed(9) },
    ])
    expect(seen.wrote).toEqual([true, false])
    expect(seen.punts).toMatchObject([{ node: 'leaf1', interface: 1 }])
    expect(seen.fates).toEqual([{ node: 'leaf1', fate: 'macsec-replay', trace: 2 }])
  })

  test('a link that is down loses frames, and is up again', () => {
    const fabric = fabricOf({ spines: 1 })
    const fault = { kind: 'link-down', link: 'leaf2--spine1' } as const
    fabric.fail(fault)
    const lost = fabric.send([routed(1, db4(2))])
    // Nobody answers the leaf: the sender is told, by an error that quotes its mark.
    expect(reached(lost, 1)).toEqual(['tenant1/web1'])
    expect(lost.fates).toContainEqual({ node: 'leaf1', fate: 'neighbour-unresolved', trace: 1 })
    fabric.repair(fault)
    expect(reached(fabric.send([routed(2, db4(2))]), 2)).toEqual(['tenant1/db2'])
  })

  test('tenants with the same addresses do not hear each other', () => {
    const fabric = fabricOf({ tenants: 3 })
    const frames = [routed(1, db4(2)), routed(2, db4(3)), bridged(3, 2), bridged(4, 3)]
    const { arrivals } = fabric.send(frames)
    expect(new Set(arrivals.map(({ host }) => host.split('/')[0]))).toEqual(new Set(['tenant1']))
  })

  test('a loop is told with the places where frames go round', () => {
    // Two leaves, both sure that the other has the way out: only TTL ends it, and that takes longer than allowed.
    const plan = new PlanBuilder({ leaves: 2, spines: 1, sealed: false }).plan()
    const nodes = plan.nodes.map((node) => {
      if (node.role === 'spine') return node
      const other = node.name === 'leaf1' ? 2 : 1
      const routes = [...node.program.tables.routes, { vrf: 1, prefix: '10.77.0.0/16', group: 100 + other }]
      return { ...node, program: { ...node.program, tables: { ...node.program.tables, routes } } }
    })
    const fabric = new TwinFabric({ ...plan, nodes }, new Map(), { eventLimit: 50 })
    const sent = () => fabric.send([routed(1, parseIpv4('10.77.0.1'), { ttl: 255 })])
    expect(sent).toThrow(
      /^ZT_FABRIC_LOOP: sample: the fabric did not come to rest after 50 frames: .*leaf2:1 .*leaf1:1 /,
    )
    // The fabric goes on.
    expect(reached(fabric.send([routed(2, db4(2))]), 2)).toEqual(['tenant1/db2'])
  })

  test('what the plan does not have is named', () => {
    const fabric = fabricOf()
    const { frame } = routed(1, db4(2))
    expect(() => fabric.send([{ trace: 1, at: { host: 'tenant1/nobody' }, frame }])).toThrow(
      'ZT_PLAN_INVALID: injection: host tenant1/nobody',
    )
    expect(() => fabric.send([{ trace: 1, at: { link: 'leaf1--spine1', to: 'leaf2' }, frame }])).toThrow(
      'does not end at leaf2',
    )
    expect(() => fabric.fail({ kind: 'link-down', link: 'a--b' })).toThrow('link a--b')
    const plan = new PlanBuilder().plan()
    const twice = { ...plan, hosts: [...plan.hosts, { ...plan.hosts[0]!, id: 'again' }] }
    expect(() => new TwinFabric(twice, sampleKeys(plan))).toThrow('has a wire already')
    const nowhere = { ...plan, hosts: [{ ...plan.hosts[0]!, at: { node: 'leaf9', interface: 1 } }] }
    expect(() => new TwinFabric(nowhere, sampleKeys(plan))).toThrow('node leaf9 does not exist')
  })
})
