import { describe, expect, it } from 'vitest'
import type { SealEntry } from '../../contract/fabric.js'
import type { Plan } from '../../contract/plan.js'
import type { Observation, Target, WireFrame } from '../../record/target.js'
import { defineFabric } from '../../twin/model/index.js'
import { build, encodeFrame, encodeTraceId, parseIpv4, parseMac } from '../../twin/packet/index.js'
import { compile, deriveKeys } from '../../twin/program/index.js'
import { twinTarget } from '../../twin/target.js'
import { Canon } from './canonical.js'
import { FabricComparer } from './fabric.js'

interface Seals {
  readonly links?: SealEntry
  readonly tenant: SealEntry
  readonly v6?: boolean
}

const macsec = (more: object = {}): SealEntry => ({ macsec: 'gcm-aes-128', key: 'lab:mac', ...more })
const wireguard: SealEntry = { wireguard: true, key: 'lab:wg' }

function planOf({ links, tenant, v6 = false }: Seals): Plan {
  return compile(
    defineFabric('small', (f) => {
      f.underlay(
        v6
          ? { loopbacks: 'fd00:ffff::/64', links: 'fd00:fffe::/64' }
          : { loopbacks: '10.255.0.0/24', links: '10.254.0.0/24' },
      )
      const options = links === undefined ? {} : { seal: f.seal('core', links) }
      f.link(f.leaves('leaf[1-2]'), f.spines('spine[1-2]'), options)
      const shop = f.tenant('shop', { l3vni: 50001, seal: f.seal('inside', tenant) })
      const web = shop.network('web', { vni: 10, gateways: ['10.1.0.1/24'] })
      const db = shop.network('db', { vni: 20, gateways: ['10.1.1.1/24'] })
      shop.host('web1', web, { at: 'leaf1' })
      shop.host('db1', db, { at: 'leaf2' })
    }),
  )
}

class Bench {
  readonly plan: Plan
  readonly keys: Map<string, Uint8Array>
  readonly #target: Target

  constructor(seals: Seals, change: (plan: Plan) => void = () => undefined) {
    this.plan = planOf(seals)
    change(this.plan)
    this.keys = deriveKeys(this.plan, new Uint8Array(32).fill(5))
    this.#target = twinTarget(this.plan, this.keys)
  }

  /** The same frame each time; its packet numbers are others. */
  send(): Promise<Observation> {
    const [from, to] = ['shop/web1', 'shop/db1'].map((id) => this.plan.hosts.find((host) => host.id === id))
    if (from === undefined || to === undefined) throw new TypeError('there are no hosts')
    const ip = ({ addresses }: typeof from) => parseIpv4(addresses[0]?.split('/')[0] ?? '')
    const payload = new Uint8Array([...new Uint8Array(64).fill(0xaa), ...encodeTraceId({ run: 7, trace: 1 })])
    const frame = encodeFrame(
      build.ethernet(
        { dst: parseMac(from.gatewayMac ?? ''), src: parseMac(from.mac) },
        build.ipv4(
          { src: ip(from), dst: ip(to) },
          build.udp({ srcPort: 1, dstPort: 9 }, build.payload(payload)),
        ),
      ),
    )
    return this.#target.send([{ trace: 1, at: { host: from.id }, frame }])
  }

  /** Two observations of one frame, when both ends are known. */
  async twice(): Promise<readonly [Observation, Observation]> {
    await this.send()
    return [await this.send(), await this.send()]
  }

  compare(one: Observation, other: Observation) {
    return new FabricComparer(this.plan, this.keys).compare(one, other)
  }
}

const changed = (one: Observation, change: (wire: WireFrame) => Uint8Array): Observation => ({
  ...one,
  wire: one.wire.map((wire) => ({ ...wire, frame: change(wire) })),
})

const stacks: readonly (readonly [string, Seals])[] = [
  ['MACsec inside VXLAN', { tenant: macsec() }],
  ['MACsec inside VXLAN, under MACsec', { links: macsec({ key: 'lab:core' }), tenant: macsec() }],
  ['MACsec inside VXLAN, under WireGuard', { links: wireguard, tenant: macsec() }],
  ['XPN inside VXLAN over IPv6', { tenant: macsec({ macsec: 'gcm-aes-xpn-256' }), v6: true }],
  [
    'integrity alone, tags without SCI',
    {
      links: macsec({ tag: 'end-station', confidentiality: 'offset-50' }),
      tenant: macsec({ tag: 'implicit', confidentiality: 'none' }),
    },
  ],
  [
    'XPN with an offset, under check',
    {
      links: macsec({ macsec: 'gcm-aes-256', mode: 'check' }),
      tenant: macsec({ macsec: 'gcm-aes-xpn-128', confidentiality: 'offset-30' }),
    },
  ],
  ['WireGuard inside VXLAN', { tenant: wireguard }],
  [
    'WireGuard inside VXLAN over IPv6, under MACsec',
    { links: macsec(), tenant: { ...wireguard, psk: true }, v6: true },
  ],
  ['WireGuard inside VXLAN, under WireGuard', { links: wireguard, tenant: { ...wireguard, key: 'lab:in' } }],
]

describe.each(stacks)('[Z11] canonical frames: %s', (_, seals) => {
  it('are equal where packet numbers, counters and what was made of them are not', async () => {
    const bench = new Bench(seals)
    const [one, other] = await bench.twice()
    expect(one.wire.length).toBeGreaterThan(0)
    expect(one.wire.map(({ frame }) => frame)).not.toEqual(other.wire.map(({ frame }) => frame))
    const found = bench.compare(one, other)
    expect(found.differences).toEqual([])
    expect(found.traces).toBe(1)
  })

  it('number each seal that they are in, and know the frame of the host', async () => {
    const bench = new Bench(seals)
    const [one] = await bench.twice()
    const canon = new Canon(bench.plan, bench.keys)
    const read = one.wire.map((wire) => canon.frame({ id: wire.link }, wire.from, wire.frame, one.opener))
    const own = read.filter(({ trace }) => trace === 1)
    expect(own).toHaveLength(2)
    for (const { numbers } of own) expect(numbers).toHaveLength(seals.links === undefined ? 1 : 2)
  })

  it('differ by any octet of what is sealed', async () => {
    const bench = new Bench(seals)
    const [one, other] = await bench.twice()
    const flipped = changed(other, ({ frame }) => {
      const copy = frame.slice()
      copy[copy.length - 30] = (copy[copy.length - 30] ?? 0) ^ 1
      return copy
    })
    expect(bench.compare(one, flipped).ok).toBe(false)
  })
})

describe('packet numbers of a sealed tunnel', () => {
  it('[MACSEC-7] rise on each link', async () => {
    const bench = new Bench({ tenant: macsec() })
    const [one, other] = await bench.twice()
    const backwards = { ...one, wire: [...other.wire, ...one.wire] }
    const found = bench.compare(backwards, backwards).differences
    expect(found.length).toBeGreaterThan(0)
    expect(found.every(({ kind, message }) => kind === 'packet-number' && message.includes(' in VNI '))).toBe(
      true,
    )
  })

  it('[MACSEC-9] are never used again, whichever way a frame takes', async () => {
    const bench = new Bench({ tenant: macsec() })
    const [one] = await bench.twice()
    const first = one.wire.find(({ from }) => from === 'leaf1')
    if (first === undefined) throw new TypeError('nothing left leaf1')
    const elsewhere = first.link === 'leaf1--spine1' ? 'spine2' : 'spine1'
    const { from, frame, seenBy } = first
    const again = { link: `leaf1--${elsewhere}`, from, to: elsewhere, frame, seenBy }
    const found = bench.compare(one, { ...one, wire: [...one.wire, again] }).differences
    expect(found.map(({ kind, place }) => `${kind} ${place}`)).toContain(`packet-number leaf1--${elsewhere}`)
  })

  it('[MACSEC-4] are opened with 64 bits after the low ones have turned', async () => {
    const bench = new Bench({ tenant: macsec({ macsec: 'gcm-aes-xpn-128' }) }, ({ nodes }) => {
      for (const item of nodes.flatMap(({ program }) => program.interfaces))
        if (item.kind === 'macsec') for (const sa of [item.tx, ...item.rx]) sa.pn = '8589934591'
    })
    const canon = new Canon(bench.plan, bench.keys)
    const numbers: bigint[] = []
    for (let round = 0; round < 3; round++) {
      const { wire } = await bench.send()
      for (const { link, from, frame } of wire.filter((one) => one.from === 'leaf1'))
        numbers.push(...canon.frame({ id: link }, from, frame).numbers.map(({ pn }) => pn))
    }
    expect(numbers).toEqual([8589934591n, 8589934592n, 8589934593n])
  })
})
