/**
 * Whose fate is it? A journal tells what became of frames, not of which: a packet may be held for seconds and end under
 * another input. A twin of the node follows its journal, input by input, and knows. What the twin says is used for
 * attribution alone; kinds, ports, octets and fates are the journal's.
 *
 * @module
 */
import { RecordType } from '../contract/journal.js'
import { NodeProgram } from '../contract/program.js'
import { FabricNode, fateCode, ForwardError, type Effect, type Keys } from '../twin/forward/index.js'
import { LabError } from './errors.js'
import type { TailEntry, TailRecord } from './journal-tail.js'
import { inputOf } from './journal-input.js'

/** A number for a frame that entered a node; 0 for none in particular. */
export type Lineage = number

export class Follower {
  private node: FabricNode | undefined
  private lost = false

  constructor(
    private readonly name: string,
    private readonly keys: Keys,
    /** Told of the node after each of its inputs. */
    private readonly followed: (node: FabricNode) => void = () => undefined,
  ) {}

  /**
   * The lineage of each output of an entry whose own input has `lineage`.
   *
   * Where the twin does not agree with the journal in kind, port and fate, attribution falls back to the input: the disagreement
   * itself is for the comparison to find.
   */
  attribute(entry: TailEntry, lineage: Lineage): readonly Lineage[] {
    const effects = this.follow(entry, lineage)
    if (
      effects?.length === entry.outputs.length &&
      effects.every((effect, n) => isLike(effect, entry.outputs[n]))
    ) {
      return effects.map((effect) => effect.lineage)
    }
    return entry.outputs.map(() => lineage)
  }

  /** PUNT-3: the node's XDP passes this frame to its kernel: no journal has it received. */
  passes(port: number, frame: Uint8Array): boolean {
    return this.node?.passes(port, frame) ?? false
  }

  private follow({ input }: TailEntry, lineage: Lineage): readonly Effect[] | undefined {
    if (this.lost) return undefined
    try {
      if (this.node === undefined) {
        this.node = new FabricNode(this.programOf(input), this.keys, { lazySeal: true })
        return []
      }
      const parsed = inputOf(input)
      const marked = parsed.kind === 'frame' || parsed.kind === 'punt' ? { ...parsed, lineage } : parsed
      const effects = this.node.input(marked)
      this.followed(this.node)
      return effects
    } catch (error) {
      if (!(error instanceof ForwardError)) throw error
      // A program or an input that the twin refuses and the engine took: nothing to follow from here on.
      this.lost = true
      return undefined
    }
  }

  private programOf({ type, payload }: TailRecord): NodeProgram {
    if (type !== RecordType.Program) {
      throw new LabError('ZT_LAB_FORMAT', `the journal of ${this.name} does not begin with its program`)
    }
    return NodeProgram.parse(JSON.parse(Buffer.from(payload).toString('utf8')))
  }
}

function isLike(effect: Effect, record: TailRecord | undefined): boolean {
  if (record === undefined) return false
  switch (effect.kind) {
    case 'tx':
      return record.type === RecordType.FrameOut && record.interface === effect.interface
    case 'punt':
      return record.type === RecordType.PuntOut && record.interface === effect.interface
    case 'fate':
      return record.type === RecordType.Fate && fateCodeOf(record) === fateCode(effect.fate)
  }
}

/** Payload of a FATE record: u16, little-endian. */
export function fateCodeOf({ payload }: TailRecord): number {
  return (payload[0] ?? 0) | ((payload[1] ?? 0) << 8)
}
