/**
 * Linux's vxlan as judge, in a reference VM: an engine bridges a host, Linux a station, over IPv4 and IPv6, from a VRF or not, on a link that is
 * sealed by MACsec or not.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ReferenceVm } from '../../lab/vm/machine.js'
import { firstLayer, ipv4 } from '../../twin/packet/index.js'
import { bootVm, needsVm } from './support/vm-pair.js'
import { DSCP, PORT, STATION, STATION_MAC, VmVxlan, VNI, type VxlanOptions } from './support/vm-vxlan.js'
import type { Heard } from './support/wireguard-heard.js'
import { FAR_MAC, INNER, OUTER } from './support/wireguard-program.js'

/** NICs of the VM: as many tests go side by side. */
const LINKS = 5
let vm: ReferenceVm | undefined

beforeAll(async () => {
  vm = await bootVm(LINKS)
}, 180_000)
afterAll(() => vm?.close())
beforeEach(needsVm)

/** Closed by the test itself: a hook would wait for the tests that wait for its link. */
async function withPair(options: VxlanOptions, body: (vxlan: VmVxlan) => Promise<void>): Promise<void> {
  const vxlan = await VmVxlan.open(vm, options)
  try {
    await body(vxlan)
  } finally {
    await vxlan.pair.close()
  }
}

const underlays: readonly (VxlanOptions & { readonly where: string })[] = (
  [
    { outer: 4, vrf: false, checksum: 'zero' },
    { outer: 4, vrf: true, checksum: 'compute' },
    { outer: 6, vrf: false, checksum: 'compute' },
    { outer: 6, vrf: true, checksum: 'zero' },
  ] as const
).map((options) => ({ ...options, where: options.vrf ? 'in a VRF' : 'in no VRF' }))

describe.concurrent.each(underlays)(
  '[Z08] an engine and Linux’s vxlan: underlay IPv$outer, $where, checksum $checksum',
  (options) => {
    const { outer } = options
    it.for(['host', 'guest'] as const)(
      '[VXLAN-1] [VXLAN-2] [VXLAN-3] [VXLAN-7] find and reach each other, begun by the %s',
      async (first) => {
        await withPair(options, async (vxlan) => {
          const ways = first === 'host' ? (['host', 'guest'] as const) : (['guest', 'host'] as const)
          for (const from of ways) {
            const to = from === 'host' ? STATION : INNER.host
            expect(await vxlan.reaches(from, ofSizes(to, [0, 56, 1452])), `from the ${from}`).toBe(true)
          }
          expect(await vxlan.engineLearned(STATION_MAC)).toBe(OUTER.peer[outer])
          expect(await vxlan.guestLearned()).toContainEqual(
            expect.stringContaining(`${FAR_MAC.host} dst ${OUTER.engine[outer]}`),
          )
          // The kernel says in the clear which groups it listens to.
          const heard = (await vxlan.pair.heard()).filter(
            ({ layers }) => firstLayer(layers, 'udp') !== undefined,
          )
          expect(heard.map((one) => outsideOf(one))).toEqual(heard.map(() => expectedOf(options)))
          expect(heard.length).toBeGreaterThanOrEqual(24)
        })
      },
    )

    it('[VXLAN-3] [VXLAN-6] carry ECN out and in again', async () => {
      await withPair(options, async (vxlan) => {
        expect(await vxlan.reaches('host', [{ to: STATION[4] }])).toBe(true)
        const marked = (to: string) => [1, 2].map((tos) => ({ to, tos }))
        expect(await vxlan.reaches('host', marked(STATION[4]))).toBe(true)
        expect(await vxlan.reaches('guest', marked(INNER.host[6]))).toBe(true)
        const marks = (await vxlan.pair.heard()).filter((one) => tosOf(one) % 4 !== 0)
        expect(marks.map((one) => `${one.from} ${tosOf(one)}`)).toEqual([
          ...[1, 2].flatMap((ecn) => [`engine ${DSCP * 4 + ecn}`, `peer ${ecn}`]),
          ...[1, 2].flatMap((ecn) => [`peer ${ecn}`, `engine ${DSCP * 4 + ecn}`]),
        ])
      })
    })
  },
)

describe.concurrent('[Z08] an engine and Linux’s vxlan', () => {
  it('[VXLAN-5] take nothing of another VNI', async () => {
    await withPair({ outer: 4, vrf: true, checksum: 'zero' }, async (vxlan) => {
      const { pair } = vxlan
      expect(await vxlan.reaches('host', [{ to: STATION[4] }])).toBe(true)
      expect(await vxlan.reaches('guest', [{ to: INNER.host[4] }])).toBe(true)
      const echoes = await pair.echoes()
      const said = (from: Heard['from']) =>
        pair
          .heard()
          .then((heard) =>
            heard
              .filter((one) => one.from === from && firstLayer(one.layers, 'vxlan') !== undefined)
              .map(({ octets }) => octets),
          )
      await pair.inject('guest', (await said('engine')).map(otherVni))
      const foreign = (await said('peer')).map(otherVni)
      await pair.inject('engine', foreign)
      expect(await vxlan.reaches('host', [{ to: STATION[4] }])).toBe(true)
      expect(await pair.echoes()).toBe(echoes + 1)
      expect(await pair.fates()).toMatchObject({ 'vxlan-vni-unknown': foreign.length })
    })
  })

  it.for([4, 6] as const)('[Z09] reach each other over a link that MACsec seals, IPv%d', async (outer) => {
    await withPair({ outer, vrf: false, checksum: 'compute', isSealed: true }, async (vxlan) => {
      expect(await vxlan.reaches('host', ofSizes(STATION, [56, 1452]))).toBe(true)
      expect(await vxlan.reaches('guest', ofSizes(INNER.host, [56, 1452]))).toBe(true)
      const heard = await vxlan.pair.heard()
      expect(heard.filter(({ layers }) => firstLayer(layers, 'macsec') === undefined)).toEqual([])
      expect(await vxlan.pair.canaries()).toBe(0)
    })
  })
})

/** Echoes of both families. */
function ofSizes(to: Readonly<Record<4 | 6, string>>, sizes: readonly number[]) {
  return sizes.flatMap((size) => [
    { to: to[4], size },
    { to: to[6], size },
  ])
}

/** What is outside of a frame on the cable, that is not chance. */
function outsideOf({ layers }: Heard) {
  const [v4, v6] = [firstLayer(layers, 'ipv4'), firstLayer(layers, 'ipv6')]
  const datagram = firstLayer(layers, 'udp')
  return {
    ttl: v4?.ttl ?? v6?.hopLimit,
    dstPort: datagram?.dstPort,
    hasChecksum: (datagram?.checksum ?? 0) !== 0,
    vni: firstLayer(layers, 'vxlan')?.vni,
  }
}

function expectedOf({ checksum }: VxlanOptions) {
  return { ttl: 64, dstPort: PORT, hasChecksum: checksum === 'compute', vni: VNI }
}

function tosOf({ layers }: Heard): number {
  const ip = layers.find(({ kind }) => kind === 'ipv4' || kind === 'ipv6')
  if (ip?.kind === 'ipv4') return ip.tos
  return ip?.kind === 'ipv6' ? ip.trafficClass : 0
}

/** An IPv4 datagram without checksum: the VNI alone is another. */
function otherVni(frame: Uint8Array): Uint8Array {
  const at = 14 + ipv4.headerLength(frame, 14)
  return frame.with(at + 8 + 6, frame[at + 8 + 6]! ^ 1)
}
