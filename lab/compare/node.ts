/**
 * Twin = lab, a node's half: the twin replays the engine's journal and every output must be the one recorded; octets, port,
 * order and fate. Nothing is masked.
 *
 * @module
 */
import { replayJournal, type Keys, type ReplayResult } from '../../twin/forward/index.js'

export interface NodeComparison {
  readonly ok: boolean
  readonly nodes: readonly (ReplayResult & { readonly node: string })[]
  /** Inputs and outputs of all nodes. */
  readonly inputs: number
  readonly outputs: number
}

/** @throws as `replayJournal`: a journal that cannot be read is no disagreement, it is a broken file */
export function compareNodes(journals: ReadonlyMap<string, Uint8Array>, keys: Keys): NodeComparison {
  const nodes = [...journals].map(([node, bytes]) => ({ ...replayJournal(bytes, keys), node }))
  return {
    ok: nodes.every((node) => node.ok),
    nodes,
    inputs: nodes.reduce((sum, node) => sum + node.inputs, 0),
    outputs: nodes.reduce((sum, node) => sum + node.outputs, 0),
  }
}
