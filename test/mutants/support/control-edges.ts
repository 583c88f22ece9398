/**
 * Cases at edges of what is changed at run time: entries that take each other's place, a removal of what was only heard, carrier that comes
 * back.
 *
 * @module
 */
import type { TableChange } from '../../../contract/control.js'
import type { NodeProgram } from '../../../contract/program.js'
import type { Input } from '../../../twin/forward/index.js'
import type { Case } from '../../differential/machine/cases.js'
import { changed, hostMac, KEYS, PROGRAM, raw } from '../../machine/support/bench.js'
import { fdb, noFdb } from '../../machine/support/changes.js'
import { VTEP2 } from '../../machine/support/snooping.js'

const BRIDGE = 10
const TUNNEL = 12
/** The ports of hosts 1 and 2. */
const [HOST1, HOST2] = [13, 14]

/** Every edge case by name. */
export function* controlEdgeCases(): Generator<readonly [string, Case]> {
  yield [
    'a control entry in place of a dynamic one makes room for another',
    caseOf(changed({ [BRIDGE]: { fdbLimit: 2 } }), [
      frame(HOST1, 1, 2),
      frame(HOST2, 2, 1),
      apply(fdb(2, TUNNEL, VTEP2)),
      frame(HOST2, 3, 1),
      frame(HOST1, 1, 3),
    ]),
  ]
  yield [
    'what was heard is removed by nobody',
    caseOf(PROGRAM, [frame(HOST1, 1, 2), apply(noFdb(1)), frame(HOST2, 2, 1)]),
  ]
  yield [
    'carrier that goes and comes back',
    caseOf(PROGRAM, [carrier(HOST1, false), frame(HOST1, 1, 2), carrier(HOST1, true), frame(HOST1, 1, 2)]),
  ]
}

/** Of one host to another. */
function frame(port: number, from: number, to: number): Input {
  return { kind: 'frame', now: 0n, interface: port, frame: raw(hostMac(to), hostMac(from), 0x88b5) }
}

function apply(...changes: readonly TableChange[]): Input {
  return { kind: 'control', now: 0n, request: { id: 1, op: 'apply', changes } }
}

function carrier(port: number, up: boolean): Input {
  return { kind: 'control', now: 0n, request: { id: 1, op: 'carrier', interface: port, up } }
}

function caseOf(program: NodeProgram, inputs: readonly Input[]): Case {
  return { keys: KEYS, inputs: [{ kind: 'load', now: 0n, program }, ...inputs] }
}
