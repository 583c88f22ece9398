/**
 * A plan as its nodes begin, in the twin and in a lab (TABLE-10).
 *
 * @module
 */
import type { Plan } from '../contract/plan.js'
import { baseTables } from './control/base-tables.js'

/** What a control plane fills is empty, for the control plane to fill. */
export function beforeControl(plan: Plan): Plan {
  return {
    ...plan,
    nodes: plan.nodes.map((node) =>
      node.control === undefined
        ? node
        : {
            ...node,
            program: {
              ...node.program,
              tables: baseTables(node.control, node.program.tables),
            },
          },
    ),
  }
}
