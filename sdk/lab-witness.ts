/**
 * What a lab can show besides what travels in it: what keeps a node's kernel from sending in the clear.
 *
 * @module
 */
import type { Lab } from '../lab/index.js'

/** Looks at a lab from outside of its engines. */
export interface LabWitness {
  /** Whether everything that the node's kernel sends on the device below a port is dropped. */
  guarded(node: string, port: string): Promise<boolean>
}

/** The witness of a lab. */
export function witnessOf(lab: Lab): LabWitness {
  return {
    guarded: async (node, port) => {
      // `da bytecode "1,6 0 0 2"`: one instruction, which returns "drop" for whatever it is shown.
      const shown = await lab.exec(node, ['tc', 'filter', 'show', 'dev', `${port}.phy`, 'egress'])
      return shown.code === 0 && /bytecode\s+'?"?1,6 0 0 2/.test(shown.stdout)
    },
  }
}
