/**
 * What a lab can show besides what travels in it: what its engines run and know, and what keeps nodes' kernels from sending in the clear.
 *
 * @module
 */
import { z } from 'zod'
import { NodeProgram } from '../contract/program.js'
import type { Lab } from '../lab/index.js'

/** What keeps a kernel from sending on the device below a port. */
export interface EgressGuard {
  /** The first filter of the clsact egress hook drops all it is shown. */
  readonly installed: boolean
  /** Frames that the hook has dropped since it is there. */
  readonly dropped: number
}

/** Looks at a lab from outside of its engines. */
export interface LabWitness {
  /** Guards of a node's ports, in the order of their names. */
  guards(node: string, ports: readonly string[]): Promise<readonly EgressGuard[]>
  /** What the node's engine runs now. */
  program(node: string): Promise<NodeProgram>
}

/** Two lines for each device: its queueing disciplines, and its egress filters; empty where there are none. */
const SHOW = `for dev; do
  printf '%s\\n' "$(tc -s -j qdisc show dev "$dev" 2> /dev/null | tr -d '\\n')"
  printf '%s\\n' "$(tc -j filter show dev "$dev" egress 2> /dev/null | tr -d '\\n')"
done`

const Disciplines = z.array(z.looseObject({ kind: z.string(), drops: z.int().optional() }))
const Filters = z.array(
  z.looseObject({
    protocol: z.string(),
    options: z
      .looseObject({
        'direct-action': z.boolean().optional(),
        bytecode: z.looseObject({ insns: z.array(z.unknown()) }).optional(),
      })
      .optional(),
  }),
)
/** BPF_RET of TC_ACT_SHOT: one instruction, which returns "drop" for whatever it is shown. */
const DROP_ALL = JSON.stringify([{ code: 6, jt: 0, jf: 0, k: 2 }])

/** The witness of a lab. */
export function witnessOf(lab: Lab): LabWitness {
  return {
    guards: async (node, ports) => {
      const devices = ports.map((port) => `${port}.phy`)
      const { stdout } = await lab.exec(node, ['sh', '-c', SHOW, 'sh', ...devices])
      const lines = stdout.split('\n')
      return ports.map((_, n) => guardOf(lines[2 * n] ?? '', lines[2 * n + 1] ?? ''))
    },
    program: async (node) => NodeProgram.parse((await lab.control(node, { op: 'program' }))['program']),
  }
}

/** What `tc` says in JSON of a device. What cannot be read is no guard. */
export function guardOf(disciplines: string, filters: string): EgressGuard {
  const clsact = parsed(Disciplines, disciplines).find(({ kind }) => kind === 'clsact')
  const first = parsed(Filters, filters).find(({ options }) => options !== undefined)
  const installed =
    clsact !== undefined &&
    first?.protocol === 'all' &&
    first.options?.['direct-action'] === true &&
    JSON.stringify(first.options.bytecode?.insns) === DROP_ALL
  return { installed, dropped: clsact?.drops ?? 0 }
}

function parsed<T>(schema: z.ZodType<readonly T[]>, text: string): readonly T[] {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return []
  }
}
