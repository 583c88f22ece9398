/**
 * A node that snoops: bridge 10 has ports 13, 14 and 15, a tunnel to two VTEPs, a gateway; bridge 40 has port 43, a tunnel and no gateway.
 *
 * @module
 */
import assert from 'node:assert/strict'
import type { NodeProgram } from '../../../contract/program.js'
import { toHex } from '../../../twin/packet/index.js'
import { Bench, changed, SECOND, tunnelled, tx, untunnelled } from './bench.js'

export const LIFETIME = 260
export const GROUP = { 4: '239.1.2.3', 6: 'ff05::1:3' } as const
export const OTHER = { 4: '239.9.9.9', 6: 'ff0e::9' } as const
export const FAMILIES = [4, 6] as const
export const [VTEP2, VTEP3] = ['10.255.0.2', '10.255.0.3']

export function snooping(fields: Readonly<Record<string, unknown>> = {}): NodeProgram {
  const made = changed({
    10: { snooping: LIFETIME * SECOND, ...fields },
    40: { snooping: LIFETIME * SECOND },
  })
  const port = made.interfaces.find(({ id }) => id === 13)
  const interfaces = [...made.interfaces, { ...port!, id: 15, name: 'h15' }].toSorted((a, b) => a.id - b.id)
  return { ...made, interfaces }
}
export const benchOf = (fields?: Readonly<Record<string, unknown>>) => new Bench(snooping(fields))

/** Where copies of a frame went: ports, VTEPs, fates; each must be the frame as it was. */
export function copies(lines: readonly string[], frame: Uint8Array): (number | string)[] {
  return lines.map((line) => {
    for (const port of [13, 14, 15, 43]) if (line === tx(port, frame)) return port
    if (!line.startsWith('tx')) return line
    const { to, inner } = untunnelled(line)
    assert.equal(inner, toHex(frame))
    return to
  })
}
export const sent = (bench: Bench, port: number, frame: Uint8Array) => copies(bench.frame(port, frame), frame)
export const heard = (bench: Bench, frame: Uint8Array, src: string = VTEP2) =>
  copies(bench.frame(1, tunnelled(frame, { src })), frame)
export const known = (bench: Bench) =>
  bench.node.tables().memberships.map(({ group, interface: id, remote }) => `${group} ${remote ?? id}`)
/** No wire: the gateway looks at every multicast packet, and takes none (IRB-2). */
export const IRB = 'irb-ignored'
export const EVERYWHERE = [VTEP3, VTEP2, 14, 15, IRB]
