/**
 * Nodes and hosts as namespaces of this host, engines as children of labd's.
 *
 * @module
 */
import { findBinary } from '../binaries.js'
import type { DaemonHost } from '../daemons/host.js'
import { namespacedDaemons } from '../daemons/namespaced.js'
import {
  configureNamespaces,
  createNetwork,
  removeInside,
  removeNamespaces,
  removeThese,
  type Lodger,
} from '../netns/driver.js'
import { networkScript, type NetworkScript } from '../netns/script.js'
import type { NodeWiring } from '../netns/wiring.js'
import type { Step } from '../steps.js'
import type { ControlledProcess } from './controlled.js'
import {
  engineArguments,
  type DriverOptions,
  type LabChange,
  type LabDriver,
  type NetworkChanger,
} from './driver.js'
import { NamespaceExecution, type Execution, type ExecHooks, type ExecRequest } from './exec.js'
import { Resident } from './resident.js'
import type { Routing } from './routing.js'

export class NamespaceDriver implements LabDriver {
  readonly lodgers: Lodger[] = []
  private readonly engine: string
  private known: DaemonHost | undefined

  /** @throws LabError `ZT_LAB_MISSING` when the engine is not built */
  constructor(private readonly options: DriverOptions) {
    this.engine = options.programs.engine ?? findBinary('ztos-fpe')
  }

  /** @throws LabError `ZT_LAB_MISSING` where FRR or GoBGP is not installed, which a lab without a control plane does not need */
  get daemons(): DaemonHost {
    this.known ??= namespacedDaemons()
    return this.known
  }

  /** FRR's nodes before all others, and its daemons at once: what they wait for by the clock, the rest of the lab is made in. */
  networkSteps(routing: Routing | undefined, between: readonly Step[]): readonly Step[] {
    const { first, rest } = networkScript(this.options.wiring, new Set(routing?.callers))
    const inside = {
      name: 'inside',
      setUp: (signal: AbortSignal) => configureNamespaces(rest.inside, signal),
    }
    if (routing === undefined || first.create.length === 0) return [...between, this.create(rest), inside]
    return [
      this.create(first),
      {
        name: 'routers',
        setUp: async (signal) => {
          await configureNamespaces(first.inside, signal)
          routing.beginDaemons('frr', signal)
        },
        tearDown: () => routing.stopDaemons(),
      },
      ...between,
      { name: 'cables', setUp: (signal) => createNetwork(rest, signal) },
      inside,
    ]
  }

  /** Beside the engines. */
  daemonStep(routing: Routing): Step {
    return {
      name: 'daemons',
      setUp: async (signal) => routing.beginDaemons('gobgp', signal),
      tearDown: () => routing.stopDaemons(),
    }
  }

  startEngine({ node, namespace }: NodeWiring): ControlledProcess {
    const { paths, invoker, env, programs } = this.options
    return Resident.start({
      kind: 'engine',
      title: `the engine of ${node}`,
      namespace,
      argv: [
        this.engine,
        'run',
        '--program',
        paths.nodeProgram(node),
        '--control',
        paths.nodeSocket(node),
        '--stats',
        paths.nodeStatistics(node),
        ...engineArguments(this.options, node),
      ],
      socket: paths.nodeSocket(node),
      owned: invoker.uid !== 0,
      log: paths.nodeLog(node),
      env: { ...env, ...programs.engineEnvironment },
    })
  }

  change({ script }: LabChange): NetworkChanger {
    return {
      remove: async () => {
        await removeInside(script.remove)
        return removeThese(this.options.lab, script.namespacesGone)
      },
      make: async (signal) => {
        const { create, inside } = script.make
        if (create.length > 0) await createNetwork(script.make, signal)
        if (inside.length > 0) await configureNamespaces(inside, signal)
      },
    }
  }

  execute(request: ExecRequest, hooks: ExecHooks): Execution {
    return new NamespaceExecution(this.options.invoker, this.options.env, request, hooks)
  }

  private create(script: NetworkScript): Step {
    return {
      name: 'namespaces',
      setUp: (signal) => createNetwork(script, signal),
      tearDown: async () => {
        this.lodgers.push(...(await removeNamespaces(this.options.lab)))
      },
    }
  }
}
