/**
 * A lab in which daemons and agents are made wrong and right again while it runs.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Injection } from '../../../record/target.js'
import { Channel } from '../../../lab/channel.js'
import { RoutingWatch } from '../../../lab/routing.js'
import { daemonDoor } from '../../../lab/daemons/launch.js'
import { Vty } from '../../../lab/daemons/vty.js'
import { differencesOf, type Holding } from '../../lab/support/rib-holding.js'
import type { RibLab } from '../../lab/support/rib-lab.js'
import { describeDifference } from '../../../lab/compare/rib.js'

/** ms in which a fault must show, and in which what was put right must be as it was. */
const SHOWS_WITHIN = 10_000
const RIGHT_WITHIN = 10_000
const SOON = 3_000
/** ms between two comparisons. */
const PAUSE = 50

export class WrongLab {
  /** Agents in the place of the lab's own, and where they say how they are. */
  private agents: ChildProcess | undefined
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'wrong-lab-'))
  private readonly socket = path.join(this.folder, 'agents.sock')

  constructor(readonly rib: RibLab) {}

  /** A connection to the bgpd of a node, in its configuration mode's parent. */
  async vty(node: string): Promise<Vty> {
    const { lab, plan } = this.rib
    const control = plan.nodes.find(({ name }) => name === node)?.control
    if (control === undefined) throw new Error(`${node} has no control plane`)
    const vty = await Vty.open(daemonDoor(lab.paths.folder, node, control).socket, 'bgpd')
    await vty.ask('enable')
    return vty
  }

  /** Tells a daemon lines of configuration, and to look at all routes anew. */
  async configure(vty: Vty, lines: readonly string[]): Promise<void> {
    for (const line of ['configure terminal', ...lines, 'end']) await vty.ask(line)
    for (const family of ['ipv4 unicast', 'l2vpn evpn']) await vty.ask(`clear bgp ${family} * soft`)
  }

  /** Ends the agents that run, and starts those of a compiled tree in their place. */
  async startAgents(folder: string): Promise<void> {
    await this.endAgents()
    await this.stopOwn()
    const { agentsConfig } = this.rib.lab.paths
    const child = spawn(
      process.execPath,
      [
        path.join(folder, 'agent/main.js'),
        '--config',
        agentsConfig,
        '--status',
        this.socket,
        '--ready-fd',
        '3',
      ],
      { stdio: ['ignore', 'ignore', 'inherit', 'pipe'], cwd: '/' },
    )
    this.agents = child
    const ready = child.stdio[3]
    if (ready === null || ready === undefined)
      throw new Error('the agents have no way to say that they are ready')
    const died = once(child, 'exit').then(([code]) => {
      throw new Error(`the agents of ${folder} ended: ${String(code)}`)
    })
    await Promise.race([once(ready, 'data'), died])
    died.catch(() => undefined)
  }

  async endAgents(): Promise<void> {
    const { agents } = this
    this.agents = undefined
    if (agents === undefined || agents.exitCode !== null) return
    const ended = once(agents, 'exit')
    agents.kill('SIGTERM')
    await ended
  }

  async close(): Promise<void> {
    await this.endAgents()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** The lab's own agents let go of engines and daemons; their process stays, since one that ended would be started again. */
  private async stopOwn(): Promise<void> {
    const { lab, plan } = this.rib
    const own = await Channel.open(lab.paths.agentsSocket, "the lab's agents")
    try {
      for (const { name, control } of plan.nodes)
        if (control?.evpn !== undefined) await own.request({ op: 'stop', node: name })
    } finally {
      own.close()
    }
  }

  private async routing(): Promise<RoutingWatch> {
    const { lab, plan } = this.rib
    const { daemons } = await lab.processes()
    return RoutingWatch.open({
      doors: plan.nodes.flatMap(({ name, control }) =>
        control === undefined ? [] : [daemonDoor(lab.paths.folder, name, control)],
      ),
      agents: this.agents === undefined ? lab.paths.agentsSocket : this.socket,
      pids: new Map(daemons.flatMap(({ node, pid }) => (pid === null ? [] : [[node, pid] as const]))),
    })
  }

  /** Hosts speak, one after the other, whatever the lab makes of it. */
  async speak(frames: readonly Injection[]): Promise<void> {
    for (const { at, frame } of frames) {
      if (!('host' in at)) throw new Error('hosts alone speak here')
      const data = Buffer.from(frame).toString('base64')
      await this.rib.lab.probe({ op: 'send', frames: [{ host: at.host, data }] })
      // What a gateway asks for the first of them must be there for the next; nobody counts here.
      await delay(PAUSE)
    }
  }

  /** Engines forget what they have heard. */
  async forget(): Promise<void> {
    const { lab, plan } = this.rib
    for (const table of ['fdb', 'neighbours']) {
      await Promise.all(plan.nodes.map(({ name }) => lab.control(name, { op: 'flush', table })))
    }
  }

  /** Agents that have just been started have done what they have to. @throws when that is not what is right */
  async takesOver(right: Holding): Promise<void> {
    assert.equal(await this.settlesOn(right), undefined)
  }

  /** Everything is forgotten, and said again once that has come to what it comes to. @throws when it does not */
  async repeat(forgotten: Holding, frames: readonly Injection[]): Promise<void> {
    await this.forget()
    assert.deepEqual(await this.becomes(forgotten), [])
    await this.speak(frames)
  }

  /** The first difference from what is right, as soon as there is one; `undefined` when none shows in time. */
  async shows(right: Holding): Promise<string | undefined> {
    const found = await this.until(right, ([first]) => first !== undefined, SHOWS_WITHIN)
    return found[0]
  }

  /** The first difference from what is right that is left when daemons and agents have come to rest. */
  async settlesOn(right: Holding): Promise<string | undefined> {
    const routing = await this.routing()
    try {
      await routing.settle()
      return differencesOf(right, await this.rib.holdingBy(routing)).map(describeDifference)[0]
    } finally {
      routing.close()
    }
  }

  /** What still differs from what is right when time is over: nothing, at best long before. */
  becomes(right: Holding, within = RIGHT_WITHIN): Promise<readonly string[]> {
    return this.until(right, (left) => left.length === 0, within)
  }

  /**
   * Tells a daemon what was right, and what still differs when time is over. GoBGP keeps a path that a peer has replaced by one that it does
   * not accept (BGP-4), so that what was wrong for a moment may stay until the session begins anew.
   */
  async putRight(vty: Vty, lines: readonly string[], right: Holding): Promise<readonly string[]> {
    await this.configure(vty, lines)
    const left = await this.becomes(right, SOON)
    if (left.length === 0) return left
    await vty.ask('clear bgp *')
    return this.becomes(right)
  }

  private async until(
    right: Holding,
    isEnough: (differences: readonly string[]) => boolean,
    limit: number,
  ): Promise<readonly string[]> {
    const giveUp = performance.now() + limit
    const routing = await this.routing()
    try {
      for (;;) {
        const differences = differencesOf(right, await this.rib.holdingBy(routing)).map(describeDifference)
        if (isEnough(differences) || performance.now() > giveUp) return differences
        await delay(PAUSE)
      }
    } finally {
      routing.close()
    }
  }
}
