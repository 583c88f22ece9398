/**
 * Engines and probe of a lab: processes that labd starts, asks and ends.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Plan } from '../../contract/plan.js'
import type { Answer, Request } from '../channel.js'
import { LabError } from '../errors.js'
import type { Wiring } from '../netns/wiring.js'
import type { LabPaths } from '../paths.js'
import { childEnvironment } from './child-environment.js'
import type { ControlledProcess } from './controlled.js'
import type { LabDriver } from './driver.js'
import { giveFile, type Invoker } from './folder.js'
import { Resident } from './resident.js'

export interface DataPlaneOptions {
  readonly lab: string
  readonly paths: LabPaths
  readonly invoker: Invoker
  /** A process ended by itself. */
  readonly onExit: (resident: ControlledProcess) => void
}

export interface EngineStart {
  readonly driver: LabDriver
  readonly plan: Plan
  readonly wiring: Wiring
  /** Settles when those are there whom FRR calls. */
  readonly served: () => Promise<void> | undefined
  /** An engine is up. */
  readonly onUp: (node: string) => void
}

export class DataPlane {
  private readonly engines = new Map<string, ControlledProcess>()
  private prober: ControlledProcess | undefined

  constructor(private readonly options: DataPlaneOptions) {}

  /** Process ids of engines, by node. */
  get nodes(): Readonly<Record<string, number | null>> {
    return Object.fromEntries([...this.engines].map(([name, { pid }]) => [name, pid]))
  }

  /** @returns `undefined` before it was started */
  get probe(): ControlledProcess | undefined {
    return this.prober
  }

  /** @throws LabError `ZT_LAB_UNKNOWN` */
  node(name: string): ControlledProcess {
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
        .map((node) => {
          const engine = start.driver.startEngine(node)
          this.engines.set(node.node, engine)
          return engine
        })
    const isUp = (resident: ControlledProcess) => {
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

  /** Of nodes that there will be no more. */
  async stopSome(nodes: readonly string[]): Promise<void> {
    const residents = nodes.flatMap((node) => this.engines.get(node) ?? [])
    for (const resident of residents) resident.onExit = undefined
    await stopAll(residents)
    for (const node of nodes) this.engines.delete(node)
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

  /** One that is stopped is not told of as one that died. */
  async stopProbe(): Promise<void> {
    const { prober } = this
    if (prober === undefined) return
    prober.onExit = undefined
    await prober.stop()
  }

  /** The invoker may ask the probe himself, without labd in between. */
  private owner(): string[] {
    return ['--owner-uid', String(this.options.invoker.uid)]
  }

  private async ready(
    residents: readonly ControlledProcess[],
    signal: AbortSignal,
    isUp?: (resident: ControlledProcess) => void,
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
    // What is there for the invoker to read becomes his.
    const made = [...this.engines.keys()].flatMap((node) => [
      paths.nodeJournal(node),
      paths.nodeStatistics(node),
    ])
    for (const file of [...made, paths.probeStatistics]) if (existsSync(file)) giveFile(file, invoker)
  }
}

async function stopAll(residents: readonly ControlledProcess[]): Promise<void> {
  const outcomes = await Promise.allSettled(residents.map((resident) => resident.stop()))
  const problems = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  )
  if (problems.length > 0) throw new AggregateError(problems, problems.map(String).join('; '))
}
