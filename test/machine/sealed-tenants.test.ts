import { describe, expect, test } from 'vitest'
import type { Plan, PlanHost } from '../../contract/plan.js'
import type { Observation, Target } from '../../record/target.js'
import { MacsecOpener } from '../../twin/macsec-opener.js'
import { compile } from '../../twin/compile.js'
import { defineFabric, loadFabric, type Fabric } from '../../twin/model/index.js'
import {
  build,
  decodeFrame,
  encodeFrame,
  encodeTraceId,
  findTraceId,
  firstLayer,
  parseIpv4,
  parseMac,
  TRACE_ID_LENGTH,
} from '../../twin/packet/index.js'
import { deriveKeys } from '../../twin/program/index.js'
import { twinTarget } from '../../twin/target.js'
import { TunnelOpener } from '../../twin/tunnel-opener.js'

/* Tenants sealed from leaf to leaf, on the wire of the twin: the two orders of stacking. */

const CANARY = new TextEncoder().encode('nobody reads this between leaves')
const ICMP_UNREACHABLE = 3
const FRAGMENTATION_NEEDED = 4
const HEADERS = 20 + 8

function loaded(name: string): Fabric {
  const { fabric } = loadFabric(`topologies/${name}.yaml`)
  if (fabric === undefined) throw new TypeError(`${name} is not sound`)
  return fabric
}

class Bench {
  readonly plan: Plan
  readonly keys: Map<string, Uint8Array>
  readonly target: Target
  #trace = 0

  constructor(fabric: Fabric, change: (plan: Plan) => void = () => undefined) {
    this.plan = compile(fabric)
    change(this.plan)
    this.keys = deriveKeys(this.plan, new Uint8Array(32).fill(3))
    this.target = twinTarget(this.plan, this.keys)
  }

  host(id: string): PlanHost {
    const found = this.plan.hosts.find((host) => host.id === id)
    if (found === undefined) throw new TypeError(id)
    return found
  }

  /** A UDP packet of so many octets, IP header included. */
  async send(from: string, to: string, octets: number): Promise<Observation & { readonly trace: number }> {
    const trace = ++this.#trace
    const [near, far] = [this.host(from), this.host(to)]
    const ip = ({ addresses }: PlanHost) => parseIpv4(addresses[0]?.split('/')[0] ?? '')
    const payload = new Uint8Array(octets - HEADERS)
    for (let at = 0; at < payload.length; at += CANARY.length)
      payload.set(CANARY.subarray(0, payload.length - at), at)
    payload.set(encodeTraceId({ run: 7, trace }), payload.length - TRACE_ID_LENGTH)
    const dst = near.network === far.network ? far.mac : (near.gatewayMac ?? '')
    const frame = encodeFrame(
      build.ethernet(
        { dst: parseMac(dst), src: parseMac(near.mac) },
        build.ipv4(
          { src: ip(near), dst: ip(far), flags: 2 },
          build.udp({ srcPort: 7, dstPort: 9 }, build.payload(payload)),
        ),
      ),
    )
    return { ...(await this.target.send([{ trace, at: { host: from }, frame }])), trace }
  }

  /** Who received the frame that was sent. */
  receivers({ arrivals, trace }: Observation & { readonly trace: number }): readonly string[] {
    return arrivals.filter(({ frame }) => findTraceId(frame)?.trace === trace).map(({ host }) => host)
  }

  /** Frames of links as their ends have them: the link's own seal is open. */
  behindLinks({ wire, opener }: Observation): readonly Uint8Array[] {
    return wire.flatMap((one) => {
      const link = this.plan.links.find(({ id }) => id === one.link)
      const end = [link?.a, link?.b].find((candidate) => candidate?.node === one.from)
      const above = this.plan.nodes
        .find(({ name }) => name === one.from)
        ?.program.interfaces.find((item) => 'lower' in item && item.lower === end?.interface)
      if (above?.kind === 'macsec') {
        const opened = new MacsecOpener(above, (key) => this.keys.get(key)).open(one.frame)
        if (!opened.ok) throw new TypeError(`${one.link}: ${opened.problem}`)
        return opened.clear
      }
      const opened = opener?.open(one)
      if (opened === undefined) throw new TypeError(`${one.link}: a frame does not open`)
      return opened.kind === 'data' ? opened.clear : []
    })
  }
}

function readable(frame: Uint8Array): boolean {
  return Buffer.from(frame).includes(Buffer.from(CANARY))
}

function kindsInside(frame: Uint8Array): readonly string[] {
  return decodeFrame(frame).map(({ kind }) => kind)
}

type Pairs = readonly [Pair, ...Pair[]]
type Pair = readonly [from: string, to: string]

describe.each<readonly [string, 'macsec' | 'wireguard', Pairs]>([
  [
    'demo-stacked',
    'macsec',
    [
      ['shop/web1', 'shop/web2'],
      ['shop/db1', 'shop/web1'],
      ['bank/sync1', 'bank/sync3'],
    ],
  ],
  [
    'demo-wireguard-inside',
    'wireguard',
    [
      ['shop/web1', 'shop/db1'],
      ['shop/app1', 'shop/web2'],
      ['shop/db1', 'shop/app1'],
    ],
  ],
])('[Z11] topologies/%s.yaml', (name, kind, pairs) => {
  const bench = new Bench(loaded(name))

  test.each(pairs)('%s reaches %s, and no node in between reads what it says', async (from, to) => {
    const seen = await bench.send(from, to, 600)
    expect(bench.receivers(seen)).toContain(to)
    const behind = bench.behindLinks(seen)
    expect(behind.length).toBeGreaterThan(1)
    expect(seen.wire.map(({ frame }) => frame).some(readable)).toBe(false)
    expect(behind.some(readable)).toBe(false)
  })

  test('[VXLAN-7] what crosses a link is a tunnel, in it the seal, and that opens with the keys of the two leaves', async () => {
    const [from, to] = pairs[0]
    const seen = await bench.send(from, to, 600)
    const opener = new TunnelOpener(bench.plan, (key) => bench.keys.get(key))
    const tunnelled = bench.behindLinks(seen).filter((frame) => kindsInside(frame).includes('vxlan'))
    const openings = tunnelled.map((frame) => opener.open(frame, seen.opener))
    expect(openings).not.toContain(undefined)
    expect(new Set(openings.map((one) => one?.kind))).toEqual(new Set([kind]))
    const traces = openings.flatMap((one) => {
      if (one?.kind === 'macsec') return one.opened.ok ? (findTraceId(one.opened.clear)?.trace ?? []) : []
      return one?.opened?.kind === 'data' ? (findTraceId(one.opened.clear)?.trace ?? []) : []
    })
    // Up to a spine, and down from it.
    expect(traces.filter((trace) => trace === seen.trace)).toHaveLength(2)
  })

  test('[WG-17] [MACSEC-5] a spine opens, and seals again under another key', async () => {
    const [from, to] = pairs[0]
    const seen = await bench.send(from, to, 600)
    const long = seen.wire.filter(({ frame }) => frame.length > 600)
    expect(long.length).toBeGreaterThanOrEqual(2)
    const frames = long.map(({ frame }) => Buffer.from(frame.subarray(-300)).toString('hex'))
    expect(new Set(frames).size).toBe(frames.length)
  })

  test('the other tenant hears nothing of it', async () => {
    for (const [from, to] of pairs) {
      const seen = await bench.send(from, to, 600)
      const tenant = from.split('/', 1)[0] ?? ''
      expect(bench.receivers(seen).filter((host) => !host.startsWith(`${tenant}/`))).toEqual([])
    }
  })
})

/** Two leaves, and an underlay that takes not one octet more than the seal of the tenant makes of its packets. */
function edge(kind: 'macsec' | 'wireguard', underlay: number): Fabric {
  return defineFabric('edge', (f) => {
    f.underlay({ mtu: underlay, loopbacks: '10.255.0.0/24', links: '10.254.0.0/24' })
    const core = f.seal('core', { macsec: 'gcm-aes-128', tag: 'implicit', key: 'lab:core' })
    const inside = f.seal(
      'inside',
      kind === 'macsec'
        ? { macsec: 'gcm-aes-256', confidentiality: 'offset-30', standby: 1, key: 'lab:inside' }
        : { wireguard: true, key: 'lab:inside' },
    )
    f.link(f.leaves('leaf[1-2]'), f.spines('spine1'), { seal: core })
    const shop = f.tenant('shop', { l3vni: 50001, seal: inside })
    const web = shop.network('web', { vni: 10, gateways: ['10.1.0.1/24'] })
    const db = shop.network('db', { vni: 20, mtu: 1400, gateways: ['10.1.1.1/24'] })
    const app = shop.network('app', { vni: 30, gateways: ['10.1.2.1/24'] })
    shop.host('web1', web, { at: 'leaf1' })
    if (kind === 'macsec') shop.host('web2', web, { at: 'leaf2' })
    shop.host('db1', db, { at: 'leaf2' })
    shop.host('app1', app, { at: 'leaf2' })
  })
}

describe.each([
  ['macsec', 1582, ['shop/app1', 'shop/web2']],
  ['wireguard', 1610, ['shop/app1']],
] as const)('at the edge of the MTU, sealed by %s over an underlay of %i', (kind, underlay, others) => {
  test.each(others)('1500 octets arrive at %s, and a host cannot send one more', async (to) => {
    const bench = new Bench(edge(kind, underlay))
    expect(bench.receivers(await bench.send('shop/web1', to, 1500))).toEqual([to])
    const more = await bench.send('shop/web1', to, 1501)
    expect(bench.receivers(more)).toEqual([])
    expect(more.fates.map(({ node, fate }) => `${node} ${fate}`)).toEqual(['leaf1 frame-oversize'])
  })

  test('[ROUTE-9] what is too long for the network behind the seal is answered through it, with the MTU there', async () => {
    const bench = new Bench(edge(kind, underlay))
    expect(bench.receivers(await bench.send('shop/web1', 'shop/db1', 1400))).toEqual(['shop/db1'])
    const more = await bench.send('shop/web1', 'shop/db1', 1401)
    expect(more.fates).toContainEqual(expect.objectContaining({ node: 'leaf2', fate: 'mtu-exceeded' }))
    const answers = more.arrivals.flatMap(({ host, frame }) => {
      const icmp = firstLayer(decodeFrame(frame), 'icmp')
      return icmp === undefined ? [] : [{ host, type: icmp.type, code: icmp.code, rest: icmp.rest }]
    })
    expect(answers).toEqual([
      { host: 'shop/web1', type: ICMP_UNREACHABLE, code: FRAGMENTATION_NEEDED, rest: expect.anything() },
    ])
  })

  test('[MACSEC-7] [ROUTE-11] an underlay of one octet less loses what is as long as it may be, and nothing shorter', async () => {
    const bench = new Bench(edge(kind, underlay), ({ nodes }) => {
      for (const { program } of nodes)
        for (const item of program.interfaces)
          if ('lower' in item && item.kind === 'macsec' && item.vrf === 0) item.mtu--
    })
    const [to] = others
    const lost = await bench.send('shop/web1', to, 1500)
    expect(bench.receivers(lost)).toEqual([])
    expect(lost.fates).toContainEqual(expect.objectContaining({ node: 'leaf1', fate: 'mtu-exceeded' }))
    // WireGuard pads to 16 octets, as far as its MTU lets it.
    const octets = kind === 'macsec' ? 1499 : 1488
    expect(bench.receivers(await bench.send('shop/web1', to, octets))).toEqual([to])
  })
})
