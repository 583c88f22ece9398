/**
 * Encoding and decoding frames are inverse, and decoding survives any octets.
 */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeFrame,
  describeFrame,
  encodeFrame,
  explainFrame,
  problemsOf,
  toHex,
  type Layer,
  type LayerSpec,
} from '../../../twin/packet/index.js'
import { arbitraryStack } from '../../support/arbitrary-frame.js'
import { withoutComputed } from '../../support/without-computed.js'

const numRuns = 3000

/** The fields of a decoded layer that were given, the computed ones left out. */
function project(layer: Layer, spec: LayerSpec): Partial<Layer> {
  return Object.fromEntries(Object.keys(spec).map((key) => [key, layer[key as keyof Layer]]))
}

describe('frames', () => {
  it('decode to the layers they were built from, without problems', () => {
    fc.assert(
      fc.property(arbitraryStack(), (stack) => {
        const frame = encodeFrame(stack)
        const layers = decodeFrame(frame)
        expect(problemsOf(layers)).toEqual([])
        const specs = stack.filter((spec) => spec.kind !== 'payload' || spec.data.length > 0)
        expect(layers.map((layer) => layer.kind)).toEqual(specs.map((spec) => spec.kind))
        // Empty payloads decode to nothing, so the indices that trailers name are compared by the re-encoding below.
        for (const [i, layer] of layers.entries()) {
          const spec = specs[i] as LayerSpec
          const given = spec.kind === 'trailer' ? { ...spec, of: (layer as typeof spec).of } : spec
          expect(project(layer, spec)).toEqual(given)
        }
      }),
      { numRuns },
    )
  })

  it('encode again to the same octets, with fields as decoded and with computed ones left out', () => {
    fc.assert(
      fc.property(arbitraryStack(), (stack) => {
        const frame = encodeFrame(stack)
        const layers = decodeFrame(frame)
        expect(toHex(encodeFrame(layers))).toBe(toHex(frame))
        expect(toHex(encodeFrame(withoutComputed(layers)))).toBe(toHex(frame))
      }),
      { numRuns },
    )
  })

  it('are covered by their layers without gap or overlap', () => {
    fc.assert(
      fc.property(arbitraryStack(), (stack) => {
        const frame = encodeFrame(stack)
        let at = 0
        for (const layer of decodeFrame(frame)) {
          expect(layer.offset).toBe(at)
          at += layer.size
        }
        expect(at).toBe(frame.length)
      }),
      { numRuns: 1000 },
    )
  })
})

/** A right frame with octets changed, cut out or put in. */
const mutated = fc
  .tuple(
    arbitraryStack(),
    fc.array(fc.tuple(fc.nat(), fc.nat(0xff)), { maxLength: 6 }),
    fc.option(fc.nat(), { freq: 2 }),
    fc.uint8Array({ maxLength: 4 }),
  )
  .map(([stack, changes, cut, behind]) => {
    const whole = encodeFrame(stack)
    const frame = Uint8Array.from([
      ...(cut === null ? whole : whole.subarray(0, cut % (whole.length + 1))),
      ...behind,
    ])
    for (const [at, value] of changes) if (frame.length > 0) frame[at % frame.length] = value
    return frame
  })

describe('hostile octets', () => {
  it.each([
    ['arbitrary', fc.uint8Array({ maxLength: 200 })],
    ['mutated', mutated],
  ])('that are %s decode without throwing, encode back, and can be described', (_, frames) => {
    fc.assert(
      fc.property(frames, (frame) => {
        const layers = decodeFrame(frame)
        expect(layers.reduce((sum, layer) => sum + layer.size, 0)).toBe(frame.length)
        expect(toHex(encodeFrame(layers))).toBe(toHex(frame))
        expect(describeFrame(frame)).toContain(`(${frame.length} octets)`)
        expect(explainFrame(frame, { hex: true }).split('\n').length).toBeGreaterThan(layers.length)
      }),
      { numRuns },
    )
  })
})
