/**
 * Engines and probe of a lab: processes that labd starts, asks and ends.
 *
 * @module
 */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import type { Plan } from '../../contract/plan.js'
import type { Answer, Request } from '../channel.js'
import { LabError } from '../errors.js'
import type { NodeWiring, Wiring } from '../netns/wiring.js'
import type { LabPaths } from '../paths.js'
import { childEnvironment } from './child-environment.js'
import { giveFile, type Invoker } from './folder.js'
import type { Programs } from './protocol.js'
import { Resident } from './resident.js'

export interface DataPlaneOptions {
  readonly lab: string
  readonly paths: LabPaths
  readonly invoker: Invoker
  /** A process ended by itself. */
  readonly onExit: (resident: Resident) => void
}

export interface EngineStart {
  readonly binary: string
  readonly plan: Plan
  readonly wiring: Wiring
  readonly journal: boolean
  readonly programs: Programs
  /** Settles when those are there whom FRR calls. */
  readonly served: () => Promise<void> | undefined
  /** An engine is up. */
  readonly onUp: (node: string) => void
}

export class DataPlane {
  private readonly engines = new Map<string, Resident>()
  private prober: Resident | undefined

  constructor(private readonly options: DataPlaneOptions) {}

  /** Process ids of engines, by node. */
  get nodes(): Readonly<Record<string, number | null>> {
    return Object.fromEntries([...this.engines].map(([name, { pid }]) => [name, pid]))
  }

  /** @returns `undefined` before it was started */
  get probe(): Resident | undefined {
    return this.prober
  }

  /** @throws LabError `ZT_LAB_UNKNOWN` */
  node(name: string): Resident {
    const found = this.engines.get(name)
    if (found === undefined)
      throw new LabError('ZT_LAB_UNKNOWN', `lab ${this.options.lab} has no node ${JSON.stringify(name)}`)
    return found
  }

  askProbe(request: Request): Promise<Answer> {
    if (this.prober === undefined)
      return Promise.reject(new LabError('ZT_LAB_STATE', 'the probe is not up yet'))
    return this.prober.request(request, { timeout: 120_000 })
  }

  async startEngines(start: EngineStart, signal: AbortSignal): Promise<void> {
    const calls = new Set(
      start.plan.nodes.flatMap(({ name, control }) => (control?.daemon === 'frr' ? [name] : [])),
    )
    const engines = (isCaller: boolean) =>
      start.wiring.nodes
        .filter(({ node }) => calls.has(node) === isCaller)
        .map((node) => this.startEngine(start, node))
    const isUp = (resident: Resident) => {
      for (const [node, engine] of this.engines) if (engine === resident) start.onUp(node)
    }
    const first = this.ready(engines(false), signal, isUp)
    // FRR calls as soon as a link of its own has carrier, and not again for a second: by then somebody is to be there.
    await (calls.size === 0 ? first : Promise.all([first, start.served()]))
    await this.ready(engines(true), signal, isUp)
  }

  stopEngines(): Promise<void> {
    return stopAll([...this.engines.values()])
  }

  async startProbe(binary: string, signal: AbortSignal): Promise<void> {
    const { lab, paths, invoker } = this.options
    this.prober = Resident.start({
      kind: 'probe',
      title: 'the probe',
      argv: [
        binary,
        '--control',
        paths.probeSocket,
        '--config',
        paths.probeConfig,
        '--stats',
        paths.probeStatistics,
        ...this.owner(),
      ],
      socket: paths.probeSocket,
      owned: invoker.uid !== 0,
      log: path.join(paths.folder, '_probe.log'),
      env: childEnvironment(invoker, lab),
    })
    await this.ready([this.prober], signal)
  }

  stopProbe(): Promise<void> {
    return stopAll(this.prober === undefined ? [] : [this.prober])
  }

  private startEngine({ binary, journal, programs }: EngineStart, { node, namespace }: NodeWiring): Resident {
    const { lab, paths, invoker } = this.options
    const resident = Resident.start({
      kind: 'engine',
      title: `the engine of ${node}`,
      namespace,
      argv: [
        binary,
        'run',
        '--program',
        paths.nodeProgram(node),
        '--control',
        paths.nodeSocket(node),
        '--keys',
        paths.keys,
        '--stats',
        paths.nodeStatistics(node),
        ...this.owner(),
        ...(journal ? ['--journal', paths.nodeJournal(node)] : []),
        ...(programs.engineArguments ?? []),
      ],
      socket: paths.nodeSocket(node),
      owned: invoker.uid !== 0,
      log: path.join(paths.folder, `${node}.log`),
      env: childEnvironment(invoker, lab, programs.engineEnvironment),
    })
    this.engines.set(node, resident)
    return resident
  }

  /** The invoker may ask engines and probe himself, without labd in between. */
  private owner(): string[] {
    return ['--owner-uid', String(this.options.invoker.uid)]
  }

  private async ready(
    residents: readonly Resident[],
    signal: AbortSignal,
    isUp?: (resident: Resident) => void,
  ): Promise<void> {
    const { paths, invoker, onExit } = this.options
    for (const resident of residents) resident.onExit = () => onExit(resident)
    await Promise.all(
      residents.map(async (resident) => {
        await resident.ready(signal)
        isUp?.(resident)
      }),
    )
    for (const { socket } of residents) if (socket !== undefined) giveFile(socket, invoker)
    // What is there for the invoker to read, journals and statistics, becomes his.
    for (const folder of [paths.journals, paths.statistics]) {
      for (const name of readdirSync(folder)) giveFile(path.join(folder, name), invoker)
    }
  }
}

async function stopAll(residents: readonly Resident[]): Promise<void> {
  const outcomes = await Promise.allSettled(residents.map((resident) => resident.stop()))
  const problems = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  )
  if (problems.length > 0) throw new AggregateError(problems, problems.map(String).join('; '))
}
