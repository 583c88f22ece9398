/**
 * The codecs and capture files against tshark.
 *
 * `ZT_SEED` sets the seed, which is printed; `ZT_FRAMES` the number of frames of each run.
 */
import * as fc from 'fast-check'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeFrame, describeFrame, encodeFrame, toHex, writePcap } from '../../../twin/packet/index.js'
import { arbitraryStack, EVERY_FRAME } from '../../support/arbitrary-frame.js'
import { frameCount, runSeed } from '../../support/run-seed.js'
import { TSHARK_FIELDS, tsharkExpectations } from '../../support/tshark-fields.js'
import { tsharkFields } from '../../support/tshark.js'

const seed = runSeed('tshark')
const count = frameCount(1500)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zt-tshark-'))
})
afterAll(() => rm(folder, { recursive: true }))

const CHECKSUM_STATUS = TSHARK_FIELDS.filter((field) => field.endsWith('.checksum.status'))

/** Changes one octet of what checksums cover without touching what tells how far they reach. */
function alterData(frame: Uint8Array, at: number, change: number): Uint8Array {
  const layers = decodeFrame(frame)
  const targets = layers.flatMap((layer) => {
    switch (layer.kind) {
      case 'ipv4':
        return [1, 4, 5, 8, 12, 13, 14, 15, 16, 17, 18, 19].map((octet) => layer.offset + octet)
      case 'ipv6':
        return Array.from({ length: 32 }, (_, octet) => layer.offset + 8 + octet)
      case 'tcp':
        return [0, 2, 4, 9, 14, 18].map((octet) => layer.offset + octet)
      case 'icmp':
      case 'icmpv6':
        return [layer.offset + 4, layer.offset + 7]
      default:
        return []
    }
  })
  const altered = Uint8Array.from(frame)
  const target = targets[at % Math.max(targets.length, 1)]
  if (target !== undefined) altered[target] = (altered[target] as number) ^ change
  return altered
}

async function tsharkRows(
  frames: readonly Uint8Array[],
  fields: readonly string[],
): Promise<readonly ReadonlyMap<string, readonly string[]>[]> {
  const path = join(folder, 'frames.pcap')
  await writeFile(path, writePcap(frames.map((bytes) => ({ bytes }))))
  const rows = await tsharkFields(path, fields)
  if (rows.length !== frames.length) throw new Error(`tshark read ${rows.length} of ${frames.length} packets`)
  return rows
}

/** Frames, what tshark says of each, and what it must say; with the frame itself, so that a difference shows it. */
async function bothRead(
  frames: readonly Uint8Array[],
): Promise<readonly (readonly [theirs: unknown, ours: unknown])[]> {
  const rows = await tsharkRows(frames, TSHARK_FIELDS)
  return frames.map((frame, i) => {
    const shown = { frame: toHex(frame), text: describeFrame(frame) }
    const expected = tsharkExpectations(decodeFrame(frame))
    const fields = TSHARK_FIELDS.filter(
      (field) => (rows[i]?.get(field)?.length ?? 0) + (expected.get(field)?.length ?? 0) > 0,
    )
    return [
      { ...shown, fields: Object.fromEntries(fields.map((field) => [field, rows[i]?.get(field) ?? []])) },
      { ...shown, fields: Object.fromEntries(fields.map((field) => [field, expected.get(field) ?? []])) },
    ]
  })
}

describe(`tshark, seed ${seed}`, () => {
  it(`reads the fields that we wrote and finds every checksum right, in ${count} frames`, async () => {
    const frames = fc
      .sample(arbitraryStack(EVERY_FRAME), { seed, numRuns: count })
      .map((stack) => encodeFrame(stack))
    for (const [theirs, ours] of await bothRead(frames)) expect(theirs).toEqual(ours)
  })

  it(`judges checksums as we do when one octet of a packet was changed, in ${count} frames`, async () => {
    const altered = fc
      .tuple(
        arbitraryStack({ ...EVERY_FRAME, macsec: false, tunnels: 0 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
      )
      .map(([stack, at, change]) => alterData(encodeFrame(stack), at, change))
    const frames = fc.sample(altered, { seed, numRuns: count })
    const rows = await tsharkRows(frames, CHECKSUM_STATUS)
    let bad = 0
    for (const [i, frame] of frames.entries()) {
      const expected = tsharkExpectations(decodeFrame(frame))
      const shown = { frame: toHex(frame), text: describeFrame(frame) }
      const ours = Object.fromEntries(CHECKSUM_STATUS.map((field) => [field, expected.get(field) ?? []]))
      const theirs = Object.fromEntries(CHECKSUM_STATUS.map((field) => [field, rows[i]?.get(field) ?? []]))
      expect({ ...shown, ...theirs }).toEqual({ ...shown, ...ours })
      if (Object.values(ours).some((values) => values.includes('0'))) bad++
    }
    expect(bad).toBeGreaterThan(count / 10)
  })
})
