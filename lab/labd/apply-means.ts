/**
 * How changes of a plan are made in a lab, whatever its nodes are.
 *
 * @module
 */
import type { PlanNode } from '../../contract/plan.js'
import type { Comparison } from '../apply/changes.js'
import { controlledOfAll } from '../apply/node-changes.js'
import { daemonChange } from '../daemons/change.js'
import { changeScript } from '../netns/change.js'
import type { Lodger } from '../netns/driver.js'
import type { Wiring } from '../netns/wiring.js'
import type { LabPaths } from '../paths.js'
import type { ApplyMeans } from './apply.js'
import type { DataPlane, EngineStart } from './data-plane.js'
import type { NetworkChanger } from './driver.js'
import { removeNodeFolders, writePrivate } from './folder.js'
import { probeConfig } from './probe-config.js'
import type { Routing } from './routing.js'
import type { Wire } from './wire.js'

export interface LabApplyOptions {
  readonly compared: Comparison
  readonly paths: LabPaths
  readonly dataPlane: DataPlane
  /** As the lab's engines were started. */
  readonly start: EngineStart
  readonly probe: string
  readonly wire: Wire
  /** Absent: the plan's tables are the compiler's. */
  readonly routing: Routing | undefined
  /** Has a node's engine load a program, and remembers it. */
  readonly load: (node: string, program: unknown) => Promise<unknown>
  /** Gives what it starts with to an engine that is still to come. */
  readonly give: (node: string, program: unknown) => void
  /** Processes of others were in namespaces that were removed. */
  readonly onLodgers: (lodgers: readonly Lodger[]) => void
}

export class LabApplyMeans implements ApplyMeans {
  private readonly after: Wiring
  private readonly network: NetworkChanger

  constructor(private readonly options: LabApplyOptions) {
    const { wirings, network, after } = options.compared
    this.after = wirings[1]
    const script = changeScript(this.after, network)
    this.network = options.start.driver.change({ plan: after, wiring: this.after, network, script })
  }

  async endAgents(nodes: readonly string[]): Promise<void> {
    await Promise.all(nodes.map(async (node) => this.options.routing?.endAgent(node)))
  }

  async endDaemons(nodes: readonly string[]): Promise<void> {
    await Promise.all(nodes.map(async (node) => this.options.routing?.endDaemons(node)))
  }

  stopProbe(): Promise<void> {
    return this.options.dataPlane.stopProbe()
  }

  async stopEngines(nodes: readonly string[]): Promise<void> {
    const { dataPlane, paths } = this.options
    await dataPlane.stopSome(nodes)
    for (const node of nodes) removeNodeFolders(paths, node)
  }

  stopWire(): Promise<void> {
    return this.options.wire.stop()
  }

  async removeNetwork(): Promise<void> {
    this.options.onLodgers(await this.network.remove())
  }

  async makeNetwork(signal: AbortSignal): Promise<void> {
    // A container begins with what its node is given.
    const fresh = new Set(this.options.compared.network.namespacesNew)
    for (const { node, namespace } of this.after.nodes)
      if (fresh.has(namespace)) this.options.give(node, this.nodeOf(node).program)
    await this.network.make(signal)
  }

  async startWire(signal: AbortSignal): Promise<void> {
    if (this.after.wire !== undefined) await this.options.wire.start(this.after.wire, signal)
  }

  async setWire(): Promise<void> {
    if (this.after.wire !== undefined) await this.options.wire.set(this.after.wire)
  }

  async load(node: string): Promise<void> {
    const { program } = this.nodeOf(node)
    writePrivate(this.options.paths.nodeProgram(node), JSON.stringify(program))
    await this.options.load(node, program)
  }

  async renewRouting(): Promise<void> {
    await this.options.routing?.renew(this.options.compared.after, this.after)
  }

  async tellDaemons(node: string): Promise<void> {
    const { before, after } = this.options.compared
    const [old, wanted] = [before, after].map((plan) => controlledOfAll(plan))
    const [was, is] = [old, wanted].map((all) => all?.find((one) => one.node === node))
    if (was === undefined || is === undefined) return
    const change = daemonChange([was, old ?? []], [is, wanted ?? []])
    if (change.how === 'told') await this.options.routing?.tellDaemons(node, change.commands)
  }

  async startDaemons(nodes: readonly string[], signal: AbortSignal): Promise<void> {
    await this.options.routing?.startDaemons(new Set(nodes), signal)
  }

  async startEngines(nodes: readonly string[], signal: AbortSignal): Promise<void> {
    const { dataPlane, start, compared } = this.options
    const fresh = this.after.nodes.filter(({ node }) => nodes.includes(node))
    await dataPlane.startEngines(
      // Agents have a step of their own.
      { ...start, plan: compared.after, wiring: { ...this.after, nodes: fresh }, onUp: () => undefined },
      signal,
    )
  }

  async startAgents(nodes: readonly string[], signal: AbortSignal): Promise<void> {
    const { routing } = this.options
    for (const node of nodes) routing?.beginAgent(node, signal)
    await routing?.begun(signal)
  }

  async startProbe(signal: AbortSignal): Promise<void> {
    const { paths, dataPlane, probe, compared } = this.options
    writePrivate(paths.probeConfig, JSON.stringify(probeConfig(compared.after, this.after)))
    await dataPlane.startProbe(probe, signal)
  }

  async rest(signal: AbortSignal): Promise<void> {
    await this.options.routing?.rest(signal, true)
  }

  /** As it starts: what a control plane fills is empty. */
  private nodeOf(name: string): PlanNode {
    const found = this.options.compared.after.nodes.find((node) => node.name === name)
    if (found === undefined) throw new TypeError(`${name} is no node of the plan`)
    return found
  }
}
