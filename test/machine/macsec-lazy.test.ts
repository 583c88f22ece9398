import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { MacsecInterface } from '../../contract/program.js'
import { FabricNode, type Effect } from '../../twin/forward/index.js'
import { toHex } from '../../twin/packet/index.js'
import { farMac, KEYS, portMac, raw } from './support/bench.js'
import { association, fields, isXpn, programOf, SUITES, type Suite } from './support/macsec.js'

/* A frame that is opened without having been sealed is what it would be if it had been: whoever receives it, with whatever keys. */

const arbitraryPn = (suite: Suite) =>
  fc.constantFrom(...(isXpn(suite) ? [1n, 2n ** 32n, 2n ** 32n + 1n, 2n ** 63n] : [1n, 2n ** 31n]))
const CONFIDENTIALITY = ['none', 'offset-30', 'offset-50', undefined] as const
const TAG = ['implicit', 'end-station', undefined] as const

/** Fields of one end, whose SCI is its MAC and port 1. */
function arbitraryEnd(own: string, other: string) {
  return fc.constantFrom(...SUITES).chain((suite) =>
    fc
      .record({
        mode: fc.constantFrom('strict', 'check', 'disabled'),
        confidentiality: fc.constantFrom(...CONFIDENTIALITY),
        tag: fc.constantFrom(...TAG),
        replayProtect: fc.boolean(),
        tx: fc.record({
          n: fc.integer({ min: 1, max: 2 }),
          an: fc.integer({ min: 0, max: 1 }),
          ssci: fc.constantFrom(7, 8),
          pn: arbitraryPn(suite),
        }),
        rx: fc.record({
          n: fc.integer({ min: 1, max: 2 }),
          an: fc.integer({ min: 0, max: 1 }),
          ssci: fc.constantFrom(7, 8),
          pn: arbitraryPn(suite),
          known: fc.boolean(),
        }),
      })
      .map(({ mode, confidentiality, tag, replayProtect, tx, rx }): Partial<MacsecInterface> => {
        const sa = ({ n, an, ssci, pn }: { n: number; an: number; ssci: number; pn: bigint }) => ({
          ...association(suite, an, n, isXpn(suite) ? { ssci } : {}),
          pn: String(pn),
        })
        return {
          ...fields(suite),
          mode,
          protect: true,
          replayProtect,
          ...(confidentiality === undefined ? {} : { confidentiality }),
          ...(tag === undefined ? {} : { tag }),
          tx: { sci: own, ...sa(tx) },
          rx: [{ sci: rx.known ? other : '02000000020a0007', ...sa(rx) }],
        }
      }),
  )
}

const OWN = '0200000000030001'
const FAR = '0200000001030001'
const said = (effects: readonly Effect[]) =>
  effects.map((one) => (one.kind === 'fate' ? one.fate : `${one.kind} ${toHex(one.frame)}`))

test('opening without sealing says what sealing and opening does', () => {
  let opened = 0
  fc.assert(
    fc.property(
      arbitraryEnd(FAR, OWN),
      arbitraryEnd(OWN, FAR),
      fc.constantFrom(0, 1, 20, 28, 29, 44, 46, 48, 49, 200),
      (sender, receiver, octets) => {
        // The sender is the far end: its MAC is the source of what it sends.
        const mac = '02:00:00:00:01:03'
        const far = new FabricNode(programOf('gcm-aes-128', { ...sender, mac }), KEYS, { lazySeal: true })
        const [lazy, eager] = [1, 2].map(() => new FabricNode(programOf('gcm-aes-128', receiver), KEYS))
        const frame = raw(portMac(3), farMac(3), 0x0806, octets)
        for (let n = 0; n < 2; n++) {
          const [sent] = far.punt(0n, 3, frame)
          if (sent?.kind !== 'tx' || sent.sealed === undefined) throw new Error('nothing was sealed')
          const wanted = said(eager!.frame(0n, 3, sent.frame))
          expect(said(lazy!.frame(0n, 3, sent.sealed))).toEqual(wanted)
          expect(lazy!.tables().macsec).toEqual(eager!.tables().macsec)
          if (wanted[0]?.startsWith('punt') === true) opened++
        }
      },
    ),
    { numRuns: 1000 },
  )
  expect(opened).toBeGreaterThan(30)
})
