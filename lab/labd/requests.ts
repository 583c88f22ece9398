/**
 * What is asked of a lab, and what it says of itself.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { LabChanges } from '../apply/changes.js'
import type { StepEvent, StepPart } from '../steps.js'
import type { Containers, Programs } from './protocol.js'

export interface UpRequest {
  readonly plan: Plan
  /** Digests of tables (`digestTables`), by node. */
  readonly expected?: Readonly<Record<string, string>> | undefined
  readonly keys: Readonly<Record<string, string>>
  readonly attached: boolean
  readonly journal: boolean
  readonly programs: Programs
  /** Nodes and hosts are containers; absent: namespaces. */
  readonly containers?: Containers | undefined
}
export interface ApplyRequest {
  readonly plan: Plan
  readonly epochs: Readonly<Record<string, number>>
  readonly keys: Readonly<Record<string, string>>
  readonly dryRun: boolean
}
export interface Applied extends LabChanges {
  readonly steps: readonly StepEvent[]
}
export interface RunHooks {
  readonly onEvent: (event: StepEvent) => void
  readonly gate: (part: StepPart, step: string) => Promise<void>
  /** What happens by itself, for people. */
  readonly log: (line: string) => void
  /** A resident process ended although the lab was not being taken down. */
  readonly onDeath: (title: string) => void
}

/** Process ids; `null` for one that died, or that is not there. */
export interface LabPids {
  readonly nodes: Readonly<Record<string, number | null>>
  readonly probe: number | null
  readonly daemons: readonly {
    readonly node: string
    readonly program: string
    readonly pid: number | null
  }[]
  readonly agents: number | null
}
