import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Observation, WireFrame } from '../../record/target.js'
import {
  build,
  encodeFrame,
  encodeTraceId,
  importSak,
  parseIpv4,
  parseMac,
  parseSci,
  seal,
} from '../../twin/packet/index.js'
import { Canon } from './canonical.js'
import { FabricComparer } from './fabric.js'
import { masks, masksOf } from './masks.js'
import { untracedKind } from './untraced.js'

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i)
const SCI = '0200000000010001'
const LINK = 'leaf1--spine1'

/** Only what the comparison looks at. */
const plan = {
  links: [{ id: LINK, a: { node: 'leaf1', interface: 1 }, b: { node: 'spine1', interface: 1 }, mtu: 1532 }],
  nodes: ['leaf1', 'spine1'].map((name) => ({
    name,
    role: 'leaf' as const,
    asn: 65000,
    program: {
      format: 'ztos-program' as const,
      version: 1 as const,
      node: name,
      seeds: { ecmp: 0, sourcePort: 0 },
      vrfs: [],
      interfaces: [
        {
          id: 2,
          name: 'ms1',
          kind: 'macsec' as const,
          lower: 1,
          mac: '02:00:00:00:00:01',
          mtu: 1500,
          addresses: [],
          cipher: 'gcm-aes-128' as const,
          mode: 'strict' as const,
          replayWindow: 0 as const,
          tx: { sci: name === 'leaf1' ? SCI : '0200000000020001', an: 0, key: `lab:core/${name}` },
          rx: [{ sci: SCI, an: 0, key: 'lab:core/leaf1' }],
        },
      ],
      tables: { routes: [], groups: [], neighbours: [], fdb: [], flood: [] },
    },
  })),
}
const keys = new Map([
  ['lab:core/leaf1', KEY],
  ['lab:core/spine1', KEY.map((octet) => octet ^ 0xff)],
])

function clearFrame(trace: number | undefined, text = 'payload'): Uint8Array {
  const { ethernet, ipv4, udp, payload } = build
  const mark = trace === undefined ? new Uint8Array() : encodeTraceId({ run: 7, trace })
  return encodeFrame(
    ethernet(
      { dst: parseMac('02:00:00:00:00:02'), src: parseMac('02:00:00:00:00:01') },
      ipv4(
        { src: parseIpv4('10.0.0.1'), dst: parseIpv4('10.0.0.2') },
        udp(
          { srcPort: 1000, dstPort: 2000 },
          payload(Uint8Array.of(...new TextEncoder().encode(text), ...mark)),
        ),
      ),
    ),
  )
}
/** VXLAN as the kernel sends it: with an IP identification of its own. */
function tunnelled(id: number): Uint8Array {
  const { ethernet, ipv4, udp, vxlan, payload } = build
  const inside = udp(
    { srcPort: 50_000 + id, dstPort: 4789, checksum: 0 },
    vxlan({ vni: 1 }, payload(clearFrame(5))),
  )
  return encodeFrame(
    ethernet(
      { dst: parseMac('02:00:00:00:00:02'), src: parseMac('02:00:00:00:00:01') },
      ipv4({ src: parseIpv4('10.0.0.1'), dst: parseIpv4('10.0.0.2'), id }, inside),
    ),
  )
}
function sealed(clear: Uint8Array, pn: number): Uint8Array {
  return seal({ frame: clear, sak: importSak(KEY), sci: parseSci(SCI), an: 0, pn })
}
function onWire(frame: Uint8Array): WireFrame {
  return { link: LINK, from: 'leaf1', to: 'spine1', frame, seenBy: 'journal' }
}
function observation(wire: readonly WireFrame[], more: Partial<Observation> = {}): Observation {
  return { by: 'netns', sent: [], arrivals: [], wire, fates: [], punts: [], answeredByHosts: 0, ...more }
}
const compare = (twin: Observation, lab: Observation) => new FabricComparer(plan, keys).compare(twin, lab)

describe('canonical frames', () => {
  it('opens a sealed frame with the key of its direction and masks the packet number alone', () => {
    const canon = new Canon(plan, keys)
    const clear = clearFrame(5)
    const [one, two] = [sealed(clear, 1), sealed(clear, 99)].map((frame) =>
      canon.frame({ id: LINK }, 'leaf1', frame),
    )
    expect(one).toMatchObject({ clear, trace: 5, numbers: [{ pn: 1n }] })
    expect(two?.numbers[0]?.pn).toBe(99n)
    expect(two?.bytes).toEqual(one?.bytes)
  })

  it('leaves a frame as it is that was sealed for the other direction', () => {
    const frame = sealed(clearFrame(5), 1)
    expect(new Canon(plan, keys).frame({ id: LINK }, 'spine1', frame)).toEqual({
      bytes: frame,
      clear: frame,
      trace: undefined,
      numbers: [],
    })
  })

  it('looks behind the seal for what the kernel chooses', () => {
    const canon = new Canon(plan, keys, 'kernel')
    const [one, two] = [1, 2].map((id) => canon.frame({ id: LINK }, 'leaf1', sealed(tunnelled(id), id)).bytes)
    expect(one).toEqual(two)
  })

  it('says which key is missing', () => {
    expect(() => new Canon(plan, new Map())).toThrow(/ZT_LAB_PLAN: no key for lab:core\/leaf1/)
  })
})

describe('masks', () => {
  it('names a clause and a reason for each', () => {
    for (const mask of masks)
      expect([mask.clause, mask.reason, mask.still].every((text) => text !== '')).toBe(true)
  })

  it('masks nothing between twin and lab but what depends on a session or the order on a wire', () => {
    expect(masksOf('lab').map(({ id }) => id)).toEqual(['macsec-pn', 'wireguard-session'])
  })

  it.each([
    ['clear', (frame: Uint8Array) => frame],
    ['sealed', (frame: Uint8Array) => sealed(frame, 1)],
  ])('sees every flipped bit of a %s frame on the wire', (_kind, wire) => {
    const frame = wire(clearFrame(5))
    const twin = observation([onWire(frame)])
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const other = frame.slice()
      other[bit >> 3] = other[bit >> 3]! ^ (1 << (bit & 7))
      expect(compare(twin, observation([onWire(other)])).ok, `bit ${bit}`).toBe(false)
    }
  })

  it('sees every flipped bit of what was sealed, sealed anew with a right tag', () => {
    const clear = clearFrame(5)
    const twin = observation([onWire(sealed(clear, 1))])
    for (let bit = 0; bit < clear.length * 8; bit++) {
      const other = clear.slice()
      other[bit >> 3] = other[bit >> 3]! ^ (1 << (bit & 7))
      expect(compare(twin, observation([onWire(sealed(other, 2))])).ok, `bit ${bit}`).toBe(false)
    }
  })
})

describe('comparison of a fabric', () => {
  it('agrees on equal multisets whatever the order and the packet numbers', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5, 6], { minLength: 1 }), (traces) => {
        const twin = observation(
          traces.toSorted((a, b) => a - b).map((trace, n) => onWire(sealed(clearFrame(trace), n + 1))),
        )
        const lab = observation(traces.map((trace, n) => onWire(sealed(clearFrame(trace), n + 1))))
        const result = compare(twin, lab)
        expect(result).toMatchObject({ ok: true, compared: traces.length, traces: traces.length })
      }),
    )
  })

  it('counts: the same frame twice is not the same as once', () => {
    const frame = clearFrame(5)
    const result = compare(observation([onWire(frame)]), observation([onWire(frame), onWire(frame)]))
    expect(result.differences).toEqual([
      expect.objectContaining({
        kind: 'missing-in-twin',
        place: LINK,
        from: 'leaf1',
        to: 'spine1',
        trace: 5,
      }),
    ])
  })

  it('tells a changed frame from a missing one and says from which octet on', () => {
    const result = compare(
      observation([onWire(clearFrame(5, 'abc'))]),
      observation([onWire(clearFrame(5, 'abd'))]),
    )
    expect(result.differences[0]).toMatchObject({ kind: 'differs', trace: 5 })
    // The UDP checksum comes before the payload.
    expect(result.differences[0]?.message).toContain('from octet 40 on')
  })

  it('keeps directions apart', () => {
    const frame = clearFrame(5)
    const back: WireFrame = { ...onWire(frame), from: 'spine1', to: 'leaf1' }
    expect(
      compare(observation([onWire(frame)]), observation([back]))
        .differences.map(({ kind }) => kind)
        .sort(),
    ).toEqual(['missing-in-lab', 'missing-in-twin'])
  })

  it('counts frames of the closed list and compares all others without trace id octet by octet', () => {
    const arp = encodeFrame(
      build.ethernet(
        { dst: parseMac('ff:ff:ff:ff:ff:ff'), src: parseMac('02:00:00:00:00:01') },
        build.arp({
          operation: 1,
          sha: parseMac('02:00:00:00:00:01'),
          spa: parseIpv4('10.0.0.1'),
          tha: parseMac('00:00:00:00:00:00'),
          tpa: parseIpv4('10.0.0.2'),
        }),
      ),
    )
    const result = compare(observation([onWire(arp)]), observation([onWire(arp), onWire(arp)]))
    expect(result).toMatchObject({ ok: true, untraced: { arp: { twin: 1, lab: 2 } } })
    const unknown = clearFrame(undefined)
    expect(untracedKind(unknown)).toBeUndefined()
    expect(compare(observation([]), observation([onWire(unknown)])).ok).toBe(false)
  })

  it('compares arrivals, and whether a host takes them for foreign', () => {
    const frame = clearFrame(5)
    const arrival = { host: 'shop/web1', frame, foreign: false }
    const same = compare(observation([], { arrivals: [arrival] }), observation([], { arrivals: [arrival] }))
    expect(same).toMatchObject({ ok: true, compared: 1 })
    const other = compare(
      observation([], { arrivals: [arrival] }),
      observation([], { arrivals: [{ ...arrival, foreign: true }] }),
    )
    expect(other.ok).toBe(false)
  })

  it('ignores captures, which tell again what journals tell', () => {
    const frame = clearFrame(5)
    const capture: WireFrame = { ...onWire(frame), seenBy: 'capture' }
    expect(compare(observation([onWire(frame)]), observation([onWire(frame), capture])).ok).toBe(true)
  })
})

describe('packet numbers', () => {
  it('must rise, over several observations too', () => {
    const comparer = new FabricComparer(plan, keys)
    const of = (trace: number, pn: number) => observation([onWire(sealed(clearFrame(trace), pn))])
    expect(comparer.compare(of(1, 1), of(1, 10)).ok).toBe(true)
    expect(comparer.compare(of(2, 2), of(2, 9)).differences).toEqual([
      expect.objectContaining({
        kind: 'packet-number',
        message: expect.stringContaining('packet number 9 came after 10'),
      }),
    ])
  })

  it('must not be used twice, unless somebody else put the frame there again', () => {
    const frame = sealed(clearFrame(1), 1)
    const twice = observation([onWire(frame), onWire(frame)])
    expect(compare(twice, twice).differences).toEqual([
      expect.objectContaining({
        kind: 'packet-number',
        message: expect.stringContaining('packet number 1 was used twice'),
      }),
    ])
    const replayed = { ...twice, sent: [{ trace: 9, at: { link: LINK, to: 'spine1' }, frame }] }
    expect(compare(replayed, replayed).ok).toBe(true)
  })
})
