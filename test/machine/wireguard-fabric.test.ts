import { describe, expect, test } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import { trace, TwinFabric, type FabricInjection, type FabricObserver } from '../../twin/forward/index.js'
import { build, encodeTraceId, toHex } from '../../twin/packet/index.js'
import {
  fromHost,
  hostMac,
  KEYS,
  messageOf,
  peerOf,
  programOf,
  toHost,
  type Form,
} from './support/wireguard.js'

/** The two nodes with a host each. */
function planOf(form: Form = 'lower'): Plan {
  const host = (n: number) => ({
    id: `host${n}`,
    tenant: 'tenant',
    network: 'net',
    at: { node: `node${n}`, interface: 3 },
    mac: hostMac(n),
    addresses: [`10.${n}.0.10/24`, `fd00:${n}::10/64`],
    gateways: [],
    mtu: 1500,
  })
  return {
    fabric: 'pair',
    nodes: [1, 2].map((n) => ({ name: `node${n}`, role: 'leaf', program: programOf(n, form) })),
    links: [
      {
        id: 'node1--node2',
        a: { node: 'node1', interface: 1 },
        b: { node: 'node2', interface: 1 },
        mtu: 1500,
      },
    ],
    hosts: [host(1), host(2)],
    keys: [...KEYS.keys()],
  } as unknown as Plan
}
const marked = (n: number) => ({
  stack: build.udp({ srcPort: 1000, dstPort: 2000 }, build.payload(encodeTraceId({ run: 1, trace: n }))),
})
const from1 = (n: number): FabricInjection => ({
  trace: n,
  at: { host: 'host1' },
  frame: fromHost(1, marked(n)),
})
const fabricOf = (form?: Form, observer: FabricObserver = {}) =>
  new TwinFabric(planOf(form), KEYS, { observer })
const wireOf = (seen: { readonly wire: readonly { readonly frame: Uint8Array }[] }) =>
  seen.wire.map(({ frame }) => messageOf(frame)[0])

describe.each(['lower', 'vrf'] as const)('a fabric with a link of WireGuard, %s', (form) => {
  test('[WG-25] [WG-26] the first packet brings a session and arrives, in one settling', () => {
    const fabric = fabricOf(form)
    const seen = fabric.send([from1(1), from1(2)])
    expect(seen.arrivals.map(({ host, trace: of }) => `${host} ${of}`)).toEqual(['host2 1', 'host2 2'])
    expect(`tx 3 ${toHex(seen.arrivals[0]!.frame)}`).toBe(toHost(2, marked(1)))
    expect(wireOf(seen)).toEqual([1, 2, 4, 4])
    // Handshakes are about no frame of anybody's.
    expect(seen.fates).toEqual([
      { node: 'node2', fate: 'wireguard-handshake' },
      { node: 'node1', fate: 'wireguard-handshake' },
    ])
    expect(seen.wrote).toEqual([true, false])
  })

  test('[WG-28] [WG-30] time that passes rekeys, and forgets', () => {
    const fabric = fabricOf(form)
    fabric.send([from1(1)])
    // Data that is not answered in time is answered by a keepalive.
    fabric.advanceTime(10e9)
    expect(wireOf(fabric.send([from1(2)]))).toEqual([4])
    fabric.advanceTime(10e9)
    fabric.advanceTime(100e9)
    expect(wireOf(fabric.send([from1(3)])).filter((type) => type !== 4)).toEqual([1, 2])
    const roles = () =>
      fabric
        .node('node1')
        .tables()
        .wireguard[0]!.peers[0]!.sessions.map(({ role }) => role)
    expect(roles()).toEqual(['previous', 'current'])
    fabric.advanceTime(100e9)
    fabric.advanceTime(600e9)
    expect(fabric.send([from1(4)]).arrivals).toHaveLength(1)
  })
})

test('[WG-4] the same plan and keys give the same octets, other keys others', () => {
  const wire = (keys: ReadonlyMap<string, Uint8Array>) =>
    new TwinFabric(planOf(), keys).send([from1(1)]).wire.map(({ frame }) => toHex(frame))
  expect(wire(KEYS)).toEqual(wire(KEYS))
  expect(wire(new Map([...KEYS, ['lab:wg/1', new Uint8Array(32).fill(1)]]))).not.toEqual(wire(KEYS))
})

test('[WG-4] who looks on is told of seeds', () => {
  const seeded: string[] = []
  fabricOf('lower', { seeded: (node, wall, entropy) => seeded.push(`${node} ${wall} ${entropy.length}`) })
  expect(seeded).toEqual(['node1 1767225600000000000 32', 'node2 1767225600000000000 32'])
})

test('[WG-27] an initiation that a broken link lost is sent again, and what waited arrives', () => {
  const fabric = fabricOf()
  fabric.fail({ kind: 'link-down', link: 'node1--node2' })
  expect(fabric.send([from1(1)]).arrivals).toEqual([])
  expect(fabric.node('node1').heldByPeers).toBe(1)
  fabric.repair({ kind: 'link-down', link: 'node1--node2' })
  const seen = fabric.send([from1(2)])
  expect(seen.arrivals.map(({ trace: of }) => of)).toContain(2)
  expect(fabric.node('node1').heldByPeers).toBe(0)
})

test('[WG-16] a frame put on a link is accepted once', () => {
  const fabric = fabricOf()
  fabric.send([from1(1)])
  const frame = fabric.send([from1(2)]).wire.at(-1)!.frame
  const again = { trace: 3, at: { link: 'node1--node2', to: 'node2' }, frame }
  expect(fabric.send([again])).toMatchObject({
    fates: [{ fate: 'wireguard-replay', trace: 3 }],
    wrote: [false],
  })
})

test('[WG-12] [WG-26] a walk without keys tells of the handshake and of what crossed behind it', () => {
  const keys = planOf()
  const nodes = keys.nodes.map((node, index) => {
    const peers = [
      peerOf(index + 1, 4, index === 0 ? { publicKey: 'lab:wg/2/public' } : { publicKey: 'lab:wg/1/public' }),
    ]
    return { ...node, program: programOf(index + 1, 'lower', 4, { peers }) }
  })
  const walk = trace({ ...keys, nodes }, from1(1))
  const clauses = walk.hops.flatMap((hop) =>
    hop.kind === 'node' ? hop.events.flatMap((one) => (one.kind === 'step' ? [one.clause] : [])) : ['host'],
  )
  for (const clause of ['WG-2', 'WG-12', 'WG-13', 'WG-14', 'WG-17', 'WG-24', 'WG-26', 'host']) {
    expect(clauses).toContain(clause)
  }
  expect(walk.hops[0]).toMatchObject({ node: 'node1', interface: 'eth3' })
})
