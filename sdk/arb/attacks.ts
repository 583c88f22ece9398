/**
 * Arbitrary attacks on links sealed by MACsec, as data: what they are made of is captured when they are made.
 *
 * @module
 */
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { SdkError } from '../errors.js'
import type { FabricView, Link } from '../fabric-view.js'
import { clearKinds, keylessWays, sealedFields } from '../traffic/attack-macsec.js'
import { describeAttack, macsecLinks, type AttackKind, type MacsecAttack } from '../traffic/attacks.js'
import { printed } from '../traffic/frame.js'

/** Which attacks. */
export interface AttackOptions {
  /** Links that are attacked; all that MACsec seals unless given. */
  readonly links?: readonly Link[]
  /** Most attacks of a case; 16 unless given. */
  readonly max?: number
}

/**
 * Lists of attacks: changed bits of every field, cut frames, clear ones, ones without the key, foreign channels and peers, what was captured
 * sent again or back.
 *
 * @throws SdkError `ZT_USAGE` for a fabric without links that MACsec seals
 */
export function macsecAttacks(fabric: FabricView, options: AttackOptions = {}): Arbitrary<MacsecAttack[]> {
  const links = options.links ?? macsecLinks(fabric)
  if (links.length === 0) {
    throw new SdkError('ZT_USAGE', `${fabric.name} has no link that MACsec seals`, {
      remedy: 'skip the test for such fabrics: describe.skipIf(attack.macsecLinks(fabric).length === 0)',
    })
  }
  const ends = links.flatMap(({ id, ends: [a, b] }) => [
    { link: id, to: a },
    { link: id, to: b },
  ])
  const one = fc
    .record({ at: fc.constantFrom(...ends), what: kinds() })
    .map(({ at, what }): MacsecAttack => ({ ...at, ...what }))
    .map((attack) => Object.assign(attack, { [printed]: () => describeAttack(attack) }))
  return fc.array(one, { minLength: 1, maxLength: options.max ?? 16 })
}

function kinds(): Arbitrary<AttackKind> {
  const nth = fc.nat({ max: 63 })
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('flip'),
        field: fc.constantFrom(...sealedFields),
        bit: fc.nat({ max: 2047 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('cut'), length: fc.integer({ min: 14, max: 147 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('clear'), frame: fc.constantFrom(...clearKinds) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('keyless'), how: fc.constantFrom(...keylessWays) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('channel'),
        sci: fc.bigInt({ min: 1n, max: 0xffffn }).map(sciText),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('peer'), nth }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('again'), nth }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('back'), nth }) },
  )
}

/** A channel of nobody's: no MAC of a fabric begins so. */
function sciText(port: bigint): string {
  return `06dead000000${port.toString(16).padStart(4, '0')}`
}
