import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Interface, MacsecInterface, NodeProgram, VxlanInterface } from '../../contract/program.js'
import { FabricNode, type Effect, type LazyFrame } from '../../twin/forward/index.js'
import { TunnelledFrame } from '../../twin/forward/tunnelled-frame.js'
import { toHex } from '../../twin/packet/index.js'
import { hostMac, KEYS, raw, suiteKey } from './support/bench.js'
import { isXpn, SUITES, type Suite } from './support/macsec.js'

/*
 * A leaf, a spine and a leaf: what the leaves' bridges say to each other goes by VXLAN with MACsec inside. Frames that are sealed
 * when somebody looks must be what they are when sealed at once: on every link, at the far host, in every table.
 */

/** How the three are built. */
interface Shape {
  readonly family: 4 | 6
  readonly suite: Suite
  readonly checksum: VxlanInterface['udpChecksum']
  readonly mode: MacsecInterface['mode']
  readonly confidentiality: MacsecInterface['confidentiality']
  /** Whether links have MACsec too. */
  readonly links: boolean
  /** Octets that the underlay takes. */
  readonly mtu: number
  readonly ttl: number
}

const vtep = (n: number, { family }: Shape): string => (family === 4 ? `10.255.0.${n}` : `fd00:ff::${n}`)
const wire = (n: number, { family }: Shape): string => (family === 4 ? `10.254.${n}` : `fd00:fe:${n}::`)
const portMac = (n: number): string => `02:00:00:00:00:0${n}`
const ssci = (suite: Suite, n: number) => (isXpn(suite) ? { ssci: n } : {})

/** Seals with key `own`, opens with key `far`; SCIs follow the keys. */
function seal(id: number, lower: number, own: number, far: number, suite: Suite, mtu: number) {
  const sci = (n: number): string => `02000000000${n}0001`
  return {
    kind: 'macsec' as const,
    id,
    name: `sec${lower}`,
    lower,
    mac: portMac(own),
    mtu,
    addresses: [],
    cipher: suite,
    mode: 'strict' as const,
    replayWindow: 0,
    tx: { sci: sci(own), an: 0, key: suiteKey(suite, own), ...ssci(suite, own) },
    rx: [{ sci: sci(far), an: 0, key: suiteKey(suite, far), ...ssci(suite, far) }],
  }
}

/** An uplink of a node with end `own` of a wire: an address, MACsec if links have it. */
function uplink(id: number, own: number, far: number, n: number, shape: Shape): Interface[] {
  const addresses = [shape.family === 4 ? `${wire(n, shape)}.${own}/24` : `${wire(n, shape)}${own}/64`]
  const port = { kind: 'port' as const, id, name: `up${id}`, mac: portMac(own), tap: true }
  if (!shape.links) return [{ ...port, vrf: 0, mtu: shape.mtu, addresses }]
  const above = seal(id + 1, id, own, far, 'gcm-aes-128', shape.mtu)
  return [
    { ...port, mtu: shape.mtu + 32, addresses: [] },
    { ...above, vrf: 0, addresses },
  ]
}

const out = (id: number, { links }: Shape): number => (links ? id + 1 : id)
const address = (n: number, own: number, shape: Shape): string =>
  shape.family === 4 ? `${wire(n, shape)}.${own}` : `${wire(n, shape)}${own}`

function program(
  node: string,
  interfaces: Interface[],
  tables: Pick<NodeProgram['tables'], 'routes' | 'groups' | 'neighbours'>,
): NodeProgram {
  return {
    format: 'ztos-program',
    version: 1,
    node,
    seeds: { ecmp: 1, sourcePort: 2 },
    vrfs: [{ id: 0, name: 'underlay' }],
    interfaces: interfaces.toSorted((a, b) => a.id - b.id),
    tables: { ...tables, fdb: [], flood: [] },
  }
}

/** Leaf 1 or 2, on wire 1 or 2 to the spine. Port 1 is a host's, port 2 the uplink. */
function leaf(n: 1 | 2, shape: Shape): NodeProgram {
  const [own, far] = n === 1 ? [1, 2] : [4, 3]
  const bits = shape.family === 4 ? 32 : 128
  const sealedBridge = { ...seal(13, 12, n === 1 ? 5 : 6, n === 1 ? 6 : 5, shape.suite, 1500), bridge: 10 }
  return program(
    `leaf${n}`,
    [
      {
        kind: 'port',
        id: 1,
        name: 'host',
        bridge: 10,
        mac: '02:00:00:00:00:99',
        mtu: 1500,
        addresses: [],
        tap: false,
      },
      ...uplink(2, own, far, n, shape),
      { kind: 'loopback', id: 9, name: 'lo', vrf: 0, addresses: [`${vtep(n, shape)}/${bits}`] },
      { kind: 'bridge', id: 10, name: 'b', ageing: 300e9, fdbLimit: 64 },
      {
        kind: 'vxlan',
        id: 12,
        name: 'vx',
        vni: 7,
        underlayVrf: 0,
        local: vtep(n, shape),
        port: 4789,
        mtu: 1532,
        learning: false,
        ttl: shape.ttl,
        dscp: 0,
        df: true,
        udpChecksum: shape.checksum,
        remotes: [vtep(3 - n, shape)],
      },
      {
        ...sealedBridge,
        mode: shape.mode,
        protect: true,
        ...(shape.confidentiality === undefined ? {} : { confidentiality: shape.confidentiality }),
      },
    ],
    {
      routes: [{ vrf: 0, prefix: `${vtep(3 - n, shape)}/${bits}`, group: 1 }],
      groups: [{ id: 1, members: [{ interface: out(2, shape), gateway: address(n, far, shape) }] }],
      neighbours: [{ interface: out(2, shape), address: address(n, far, shape), mac: portMac(far) }],
    },
  )
}

function spine(shape: Shape): NodeProgram {
  const bits = shape.family === 4 ? 32 : 128
  const to = [1, 2].map((n) => ({
    id: n,
    out: out(2 * n, shape),
    far: n === 1 ? 1 : 4,
    own: n === 1 ? 2 : 3,
  }))
  return program(
    'spine',
    to.flatMap(({ id, own, far }) => uplink(2 * id, own, far, id, shape)),
    {
      routes: to.map(({ id }) => ({ vrf: 0, prefix: `${vtep(id, shape)}/${bits}`, group: id })),
      groups: to.map((one) => ({
        id: one.id,
        members: [{ interface: one.out, gateway: address(one.id, one.far, shape) }],
      })),
      neighbours: to.map((one) => ({
        interface: one.out,
        address: address(one.id, one.far, shape),
        mac: portMac(one.far),
      })),
    },
  )
}

type OnWire = Uint8Array | LazyFrame
const octets = (frame: OnWire): string => toHex(frame instanceof Uint8Array ? frame : frame.frame)

/** The three, and all that was on their wires, in order, to be looked at when all is done. */
class Three {
  readonly leaf1: FabricNode
  readonly spine: FabricNode
  readonly leaf2: FabricNode
  readonly wires: OnWire[] = []
  readonly ends: (string | Uint8Array)[] = []

  constructor(
    shape: Shape,
    private readonly isLazy: boolean,
  ) {
    const options = { lazySeal: isLazy }
    this.leaf1 = new FabricNode(leaf(1, shape), KEYS, options)
    this.spine = new FabricNode(spine(shape), KEYS, options)
    this.leaf2 = new FabricNode(leaf(2, shape), KEYS, options)
  }

  send(frame: Uint8Array): void {
    this.follow(this.leaf1, this.leaf1.frame(0n, 1, frame))
  }

  private follow(from: FabricNode, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'fate') this.ends.push(`${from.name} ${effect.fate}`)
      else if (effect.kind === 'punt') this.ends.push(effect.frame)
      else this.cross(from, effect.interface, (this.isLazy ? effect.sealed : undefined) ?? effect.frame)
    }
  }

  private cross(from: FabricNode, port: number, frame: OnWire): void {
    if (port === 1) {
      this.ends.push(frame instanceof Uint8Array ? frame : frame.frame)
      return
    }
    this.wires.push(frame)
    const [to, at] =
      from !== this.spine
        ? [this.spine, from === this.leaf1 ? 2 : 4]
        : [port === 2 ? this.leaf1 : this.leaf2, 2]
    this.follow(to, to.frame(0n, at, frame))
  }

  /** Frames looked at last of all, the last first. */
  result(): object {
    return {
      ends: this.ends.map((one) => (typeof one === 'string' ? one : toHex(one))),
      wires: this.wires.toReversed().map(octets),
      tables: [this.leaf1, this.spine, this.leaf2].map((node) => node.tables()),
    }
  }
}

const SHAPE: Shape = {
  family: 4,
  suite: 'gcm-aes-128',
  checksum: 'zero',
  mode: 'strict',
  confidentiality: undefined,
  links: false,
  mtu: 1700,
  ttl: 64,
}
const frame = (octets = 100): Uint8Array =>
  raw(
    hostMac(2),
    hostMac(1),
    0x88b5,
    Uint8Array.from({ length: octets }, (_, i) => i),
  )

describe('[MACSEC-10] sealing inside a tunnel when somebody looks', () => {
  test.each([false, true])('the frame arrives and nothing was sealed (links have MACsec: %s)', (links) => {
    const three = new Three({ ...SHAPE, links }, true)
    three.send(frame())
    expect(three.ends).toEqual([frame()])
    expect(three.wires).toHaveLength(2)
    for (const on of three.wires) {
      if (on instanceof Uint8Array) throw new Error('sealed at once')
      const inner = on instanceof TunnelledFrame ? on.bytes : on.inside
      // The ICV, and what is before it.
      expect(toHex(inner.subarray(-32))).toBe('00'.repeat(32))
      expect(toHex(on.frame.subarray(-32))).not.toBe('00'.repeat(32))
    }
    const eager = new Three({ ...SHAPE, links }, false)
    eager.send(frame())
    expect(three.result()).toEqual(eager.result())
  })

  test('is the same as sealing at once, on wires, at hosts and in tables', () => {
    let arrived = 0
    fc.assert(
      fc.property(
        fc.record<Shape>({
          family: fc.constantFrom(4, 6),
          suite: fc.constantFrom(...SUITES),
          checksum: fc.constantFrom('zero', 'zero', 'compute'),
          mode: fc.constantFrom('strict', 'check', 'disabled'),
          confidentiality: fc.constantFrom(undefined, undefined, 'none', 'offset-50'),
          links: fc.boolean(),
          mtu: fc.constantFrom(1700, 1700, 250),
          ttl: fc.constantFrom(64, 64, 64, 1),
        }),
        fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 4 }),
        (shape, sizes) => {
          const [lazy, eager] = [new Three(shape, true), new Three(shape, false)]
          for (const size of sizes) {
            lazy.send(frame(size))
            eager.send(frame(size))
          }
          expect(lazy.result()).toEqual(eager.result())
          arrived += lazy.ends.filter((one) => typeof one !== 'string').length
        },
      ),
      { numRuns: 150 },
    )
    expect(arrived).toBeGreaterThan(50)
  })
})
