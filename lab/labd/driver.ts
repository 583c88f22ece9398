/**
 * What a lab's nodes and hosts are: namespaces of this host, or containers that containerlab brings up. All else of a lab is the same for both:
 * whatever a node is, its network namespace has the same name, its ends of cables the same devices, its engine the same files.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { DaemonHost } from '../daemons/host.js'
import type { ChangeScript, NetworkChange } from '../netns/change.js'
import type { Lodger } from '../netns/driver.js'
import type { NodeWiring, Wiring } from '../netns/wiring.js'
import type { LabPaths } from '../paths.js'
import type { Step } from '../steps.js'
import type { ControlledProcess } from './controlled.js'
import type { Execution, ExecHooks, ExecRequest } from './exec.js'
import type { Invoker } from './folder.js'
import type { Programs } from './protocol.js'
import type { Routing } from './routing.js'

export interface DriverOptions {
  readonly lab: string
  readonly paths: LabPaths
  readonly invoker: Invoker
  /** Of all that the driver starts; carries the lab's mark. */
  readonly env: Readonly<Record<string, string>>
  /** As the lab starts: what a control plane fills is empty. */
  readonly plan: Plan
  readonly wiring: Wiring
  readonly journal: boolean
  readonly programs: Programs
}

/** What becomes of a lab's nodes, hosts and cables. */
export interface LabChange {
  /** As its nodes start, and its wiring. */
  readonly plan: Plan
  readonly wiring: Wiring
  readonly network: NetworkChange
  /** The same in commands. */
  readonly script: ChangeScript
}
/** Brings them there. What stays as it is is not touched. */
export interface NetworkChanger {
  /** What goes. @returns processes of others that were in it */
  remove(): Promise<readonly Lodger[]>
  /** What comes, and what is set in what stays. Fresh nodes have been given their programs. */
  make(signal: AbortSignal): Promise<void>
}

export interface LabDriver {
  readonly daemons: DaemonHost
  /**
   * Makes nodes, hosts and cables; behind the last step every device is there.
   *
   * @param routing begins with those of its daemons that may start so early
   * @param between steps that may be taken as soon as there are nodes
   */
  networkSteps(routing: Routing | undefined, between: readonly Step[]): readonly Step[]
  /** Has those daemons begin that have not yet: devices are there, and have carrier when engines have them. */
  daemonStep(routing: Routing): Step
  /** An engine that is on its way up. */
  startEngine(node: NodeWiring): ControlledProcess
  /** From one wiring to another, in a lab that runs. */
  change(change: LabChange): NetworkChanger
  /** Begins a command in a node or a host. */
  execute(request: ExecRequest, hooks: ExecHooks): Execution
  /** Processes of others that were found when nodes were removed. */
  readonly lodgers: readonly Lodger[]
}

/** Arguments of an engine, whatever it runs in. */
export function engineArguments(
  { paths, invoker, journal, programs }: DriverOptions,
  node: string,
): readonly string[] {
  return [
    '--keys',
    paths.nodeKeys(node),
    // The invoker may ask engines himself, without labd in between.
    '--owner-uid',
    String(invoker.uid),
    ...(journal ? ['--journal', paths.nodeJournal(node)] : []),
    ...(programs.engineArguments ?? []),
  ]
}
