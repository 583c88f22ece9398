/**
 * How faults are made in a lab: devices are set down, frames dropped in front of their receivers, daemons killed or stopped.
 *
 * @module
 */
import path from 'node:path'
import type { Plan } from '../../contract/plan.js'
import { runCommand } from '../command.js'
import { Vty } from '../daemons/vty.js'
import { LabError } from '../errors.js'
import type { DaemonCondition } from '../fault.js'
import type { Veth, VethEnd, Wiring } from '../netns/wiring.js'
import type { LabPaths } from '../paths.js'
import type { FaultMeans } from './faults.js'
import { Resident } from './resident.js'
import type { Routing } from './routing.js'

/** ms that a daemon has to start. */
const START_WITHIN = 20_000

export interface LabMeansOptions {
  readonly plan: Plan
  readonly wiring: Wiring
  readonly paths: LabPaths
  /** Absent: the plan's tables are the compiler's. */
  readonly routing: Routing | undefined
  /** Of the probe, which also silences wires. */
  readonly probe: string
  readonly env: Readonly<Record<string, string>>
  /** Has a node's engine load the program that it was given last. */
  readonly reload: (node: string) => Promise<void>
}

export class LabMeans implements FaultMeans {
  private readonly silences = new Map<string, Resident>()

  constructor(private readonly options: LabMeansOptions) {}

  async wire(id: string, up: boolean): Promise<void> {
    const { ends } = this.veth(id)
    // Of a host's wire the leaf's end alone: a host whose leaf has no power has a device that is up, and nobody there.
    const isLink = this.options.plan.links.some((link) => link.id === id)
    const lines = (isLink ? ends : ends.slice(0, 1)).map(({ namespace, device }: VethEnd) =>
      runCommand(`setting ${device} of ${id} ${up ? 'up' : 'down'}`, [
        'ip',
        '-n',
        namespace,
        'link',
        'set',
        device,
        up ? 'up' : 'down',
      ]),
    )
    await Promise.all(lines)
  }

  async silence(link: string, on: boolean): Promise<void> {
    if (!on) {
      await this.silences.get(link)?.stop()
      this.silences.delete(link)
      return
    }
    const { probe, paths, env } = this.options
    const [a, b] = this.veth(link).ends
    const resident = Resident.start({
      kind: 'probe',
      title: `the silence of ${link}`,
      argv: [probe, 'silence', a.device, b.device, '--netns-a', a.namespace, '--netns-b', b.namespace],
      log: path.join(paths.folder, '_silence.log'),
      env,
    })
    this.silences.set(link, resident)
    try {
      await resident.ready(AbortSignal.timeout(START_WITHIN))
    } catch (error) {
      this.silences.delete(link)
      await resident.stop()
      throw error
    }
  }

  async daemons(node: string, from: DaemonCondition, to: DaemonCondition): Promise<void> {
    const { routing } = this.options
    if (routing === undefined) return
    if (to === 'off') return routing.kill(node, 'all')
    if (to === 'killed') {
      if (from === 'off') await routing.revive(node, AbortSignal.timeout(START_WITHIN))
      return routing.kill(node, 'routing')
    }
    if (from === 'hangs') return routing.wake(node)
    if (from !== 'runs') await routing.revive(node, AbortSignal.timeout(START_WITHIN))
    if (to === 'hangs') routing.hang(node)
  }

  async agent(node: string, runs: boolean): Promise<void> {
    if (this.runsAgent(node)) await this.options.routing?.askAgents({ op: runs ? 'start' : 'stop', node })
  }

  async announce(node: string, prefix: string, on: boolean): Promise<void> {
    if (this.runsAgent(node)) {
      await this.options.routing?.askAgents({ op: on ? 'announce' : 'withdraw', node, prefix })
      return
    }
    const control = this.options.plan.nodes.find(({ name }) => name === node)?.control
    if (control === undefined) throw new LabError('ZT_LAB_UNKNOWN', `no routing daemon runs on ${node}`)
    const vty = await Vty.open(this.options.routing?.doorOf(node).socket ?? '', 'bgpd')
    try {
      // The prefix stands in the plan and is checked there; it is no text of anybody's.
      const family = prefix.includes(':') ? 'ipv6' : 'ipv4'
      await vty.ask('enable')
      await vty.ask('configure terminal')
      await vty.ask(`router bgp ${control.asn}`)
      await vty.ask(`address-family ${family} unicast`)
      await vty.ask(`${on ? '' : 'no '}network ${prefix}`)
      await vty.ask('end')
    } finally {
      vty.close()
    }
  }

  /** What daemons gave the kernel is gone with the power, and what the engine had learned or been given. */
  async forget(node: string): Promise<void> {
    const { wiring, routing, reload } = this.options
    const namespace = wiring.nodes.find((one) => one.node === node)?.namespace
    if (routing !== undefined && namespace !== undefined) {
      await Promise.all(
        ['-4', '-6'].map((family) =>
          runCommand(`removing what ${node} had learned`, [
            'ip',
            '-n',
            namespace,
            family,
            'route',
            'flush',
            'table',
            'main',
            'proto',
            'bgp',
          ]),
        ),
      )
    }
    await reload(node)
  }

  /** Ends what still holds wires silent. */
  async stop(): Promise<void> {
    await Promise.all([...this.silences.values()].map((resident) => resident.stop()))
    this.silences.clear()
  }

  private runsAgent(node: string): boolean {
    return this.options.plan.nodes.some(({ name, control }) => name === node && control?.daemon === 'gobgp')
  }

  private veth(id: string): Veth {
    const found = this.options.wiring.veths.find((one) => one.id === id)
    if (found !== undefined) return found
    throw new LabError('ZT_LAB_UNKNOWN', `there is no wire ${JSON.stringify(id)}`)
  }
}
