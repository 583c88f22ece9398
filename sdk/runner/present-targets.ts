/**
 * Where a run goes in the end.
 *
 * @module
 */
import { labInterpreter } from '../../lab/state.js'
import type { Interpreter } from '../../record/verdict.js'

/** Where to judge, as asked for; a lab that runs already is what it is. */
export function presentTargets(on: readonly Interpreter[], lab: string | undefined): readonly Interpreter[] {
  return on.map((one) => (one === 'twin' || lab === undefined ? one : labInterpreter(lab)))
}
