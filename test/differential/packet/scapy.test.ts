/**
 * The codecs against scapy, both ways.
 *
 * `ZT_SEED` sets the seed, which is printed; `ZT_FRAMES` the number of frames of each run.
 */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  decodeFrame,
  describeFrame,
  encodeFrame,
  ethernet,
  fromHex,
  importSak,
  open,
  parseMac,
  problemsOf,
  sciOf,
  formatSci,
  seal,
  toHex,
  type Layer,
  type LayerSpec,
} from '../../../twin/packet/index.js'
import { arbitrarySealing, arbitraryStack, EVERY_FRAME } from '../../support/arbitrary-frame.js'
import { ScapyOracle } from '../../support/scapy.js'
import { scapyExpectations, scapySays } from '../../support/scapy-fields.js'
import { frameCount, runSeed } from '../../support/run-seed.js'
import { withoutComputed } from '../../support/without-computed.js'

const seed = runSeed('scapy')
const count = frameCount(1000)

let scapy: ScapyOracle
beforeAll(() => {
  scapy = ScapyOracle.start()
})
afterAll(() => scapy.close())

/** Four suites, six tags and three offsets; scapy never sends C without E. */
const FORMS = [16, 32].flatMap((octets) =>
  [false, true].flatMap((extended) =>
    [0x2c, 0x20, 0x0c, 0x00, 0x4c, 0x40].flatMap((tci) =>
      ([0, 30, 50] as const).map((offset) => ({ octets, extended, tci, offset })),
    ),
  ),
)

/** What scapy and what we say of a frame, with the frame itself, so that a difference shows it. */
async function bothRead(frame: Uint8Array): Promise<readonly [theirs: unknown, ours: unknown]> {
  const { layers } = await scapy.dissect(frame)
  const expected = scapyExpectations(decodeFrame(frame))
  const shown = { frame: toHex(frame), text: describeFrame(frame) }
  return [
    { ...shown, layers: scapySays(layers, expected) },
    { ...shown, layers: expected },
  ]
}

function sample(choice: Parameters<typeof arbitraryStack>[0], numRuns: number): Uint8Array[] {
  return fc.sample(arbitraryStack(choice), { seed, numRuns }).map((stack) => encodeFrame(stack))
}

describe('[T14] scapy', () => {
  it(`reads the fields that we wrote, in ${count} frames`, async () => {
    for (const frame of sample(EVERY_FRAME, count)) {
      const [theirs, ours] = await bothRead(frame)
      expect(theirs).toEqual(ours)
    }
  })

  it(`computes the lengths and checksums that we computed, in ${count} frames`, async () => {
    // Scapy puts the padding of a frame in a tunnel behind everything, and cannot know the checksums of other fragments.
    const frames = sample(
      { ...EVERY_FRAME, padding: false, fragments: false, lengthFrames: false, macsec: false },
      count,
    )
    for (const frame of frames) {
      const { rebuilt } = await scapy.dissect(frame, true)
      expect(rebuilt).toBe(toHex(frame))
    }
  })

  it(`writes ${count} frames whose fields we read, without a problem, and write again to the same octets`, async () => {
    const seen = new Set<Layer['kind']>()
    for (const text of await scapy.generate(seed, count)) {
      const frame = fromHex(text)
      const [theirs, expected] = await bothRead(frame)
      expect(theirs).toEqual(expected)
      const ours = decodeFrame(frame)
      expect(problemsOf(ours)).toEqual([])
      expect(toHex(encodeFrame(ours))).toBe(text)
      expect(toHex(encodeFrame(withoutComputed(ours)))).toBe(text)
      for (const layer of ours) seen.add(layer.kind)
    }
    const kinds: readonly LayerSpec['kind'][] = [
      'ethernet',
      'vlan',
      'arp',
      'ipv4',
      'ipv6',
      'extension',
      'fragment',
      'icmp',
      'icmpv6',
      'nd-target',
      'nd-router',
      'nd-option',
      'udp',
      'tcp',
      'sctp',
      'vxlan',
      'wireguard-initiation',
      'wireguard-response',
      'wireguard-cookie-reply',
      'wireguard-data',
      'payload',
    ]
    expect(kinds.filter((kind) => !seen.has(kind))).toEqual([])
  })

  it('[Z09] seals and opens MACsec as we do: every suite, every form of the tag, every offset, integrity only', async () => {
    const frames = sample({ ...EVERY_FRAME, macsec: false, lengthFrames: false }, count / 2)
    const ways = fc.sample(arbitrarySealing, { seed, numRuns: frames.length })
    for (const [i, frame] of frames.entries()) {
      const { an, xpn: drawn, pn: number } = ways[i]!
      const { octets, extended: isExtended, tci, offset } = FORMS[i % FORMS.length]!
      const key = Uint8Array.from({ length: octets }, (_, at) => 7 * at + i)
      const xpn = isExtended ? (drawn ?? { salt: new Uint8Array(12), ssci: i }) : undefined
      const encrypted = (tci & 0x08) !== 0
      const tag = (tci & 0x20) !== 0 ? {} : { tag: (tci & 0x40) === 0 ? 'implicit' : 'end-station' }
      const sci = sciOf((tci & 0x40) === 0 ? parseMac('02:00:00:00:00:01') : ethernet.src(frame, 0), 1)
      const pn = xpn === undefined ? number % 2n ** 32n : number
      const extended = xpn === undefined ? {} : { ssci: xpn.ssci, salt: toHex(xpn.salt) }
      const asked = { sci: formatSci(sci), an, pn: String(pn), key: toHex(key), encrypt: encrypted, offset }
      const request = { ...asked, ...tag, ...extended }
      const sak = importSak(key)
      const ours = seal({ frame, sak, sci, an, pn, tci, offset, xpn })
      const theirs = await scapy.request({ op: 'macsec_encap', ...request, frame: toHex(frame) })
      expect(toHex(ours)).toBe(theirs['frame'])
      const opened = open({
        frame: fromHex(theirs['frame'] as string),
        sak,
        sci,
        offset,
        xpn: xpn && { ...xpn, pn },
      })
      expect(opened).toMatchObject({ ok: true, an, pn: Number(pn % 2n ** 32n), sci, encrypted })
      expect(opened.ok && toHex(opened.frame)).toBe(toHex(frame))
      const decapped = await scapy.request({ op: 'macsec_decap', ...request, frame: toHex(ours) })
      expect(decapped['frame']).toBe(toHex(frame))
    }
    expect(frames.length).toBeGreaterThanOrEqual(Math.min(FORMS.length, count / 2))
  })
})
