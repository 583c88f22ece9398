/**
 * Cases at edges of snooping: two VTEPs that ask for one group, a leave out of a tunnel, the last nanosecond of a membership.
 *
 * @module
 */
import type { Input } from '../../../twin/forward/index.js'
import type { Case } from '../../differential/machine/cases.js'
import { KEYS, SECOND, tunnelled } from '../../machine/support/bench.js'
import { asks, leaves, stream } from '../../machine/support/multicast.js'
import { FAMILIES, GROUP, LIFETIME, snooping, VTEP2, VTEP3 } from '../../machine/support/snooping.js'

/** The uplink, and the ports of hosts. */
const UPLINK = 1
const HOST1 = 13
const HOST2 = 14
const HOST3 = 15

/** Groups that nobody can be a member of: those of a link. */
const OF_LINKS = { 4: '224.0.0.251', 6: 'ff02::1:3' } as const

/** A frame at a port, so many ns after the one before; or a request. */
type Step = readonly [port: number, frame: Uint8Array, after?: bigint] | Flush
interface Flush {
  readonly op: 'flush'
  readonly table: 'fdb'
  readonly interface: number
}

/** Every edge case by name. */
export function* groupEdgeCases(): Generator<readonly [string, Case]> {
  for (const family of FAMILIES) {
    const group = GROUP[family]
    const [asked, left, wanted] = [asks(3, group), leaves(3, group), stream(1, group)]
    yield [
      `two VTEPs ask for an IPv${family} group, a port asks and leaves, a VTEP leaves`,
      caseOf([
        [UPLINK, tunnelled(asked, { src: VTEP3 })],
        [HOST1, wanted],
        [UPLINK, tunnelled(asked, { src: VTEP2 })],
        [HOST1, wanted],
        [HOST2, asks(2, group)],
        [HOST1, wanted],
        [UPLINK, tunnelled(left, { src: VTEP3 })],
        [HOST1, wanted],
        [HOST2, leaves(2, group)],
        [HOST1, wanted],
      ]),
    ]
    yield [
      `the last nanosecond of a membership of an IPv${family} group, and the one behind it`,
      caseOf([
        [HOST2, asks(2, group)],
        [HOST1, wanted, BigInt(LIFETIME * SECOND) - 1n],
        [HOST1, wanted, 1n],
      ]),
    ]
    yield [
      `a flush of one of two ports that asked for an IPv${family} group`,
      caseOf([
        [HOST2, asks(2, group)],
        [HOST3, asks(3, group)],
        { op: 'flush', table: 'fdb', interface: HOST2 },
        [HOST1, wanted],
      ]),
    ]
    yield [
      `an IPv${family} group of the link that somebody asks for`,
      caseOf([
        [HOST2, asks(2, OF_LINKS[family])],
        [HOST1, stream(1, OF_LINKS[family])],
      ]),
    ]
  }
}

function caseOf(steps: readonly Step[]): Case {
  let now = 0n
  const inputs = steps.map((step): Input => {
    if ('op' in step) return { kind: 'control', now, request: { id: 1, ...step } }
    const [port, frame, after = 0n] = step
    now += after
    return { kind: 'frame', now, interface: port, frame }
  })
  return { keys: KEYS, inputs: [{ kind: 'load', now: 0n, program: snooping() }, ...inputs] }
}
