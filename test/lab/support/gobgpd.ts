/**
 * Real gobgpd processes on loopback addresses, which peer with each other on a high port. They need no root and no namespaces.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { GobgpClient } from '../../../agent/gobgp-client.js'
import type { NodeControl } from '../../../contract/control-plane.js'
import { daemonPrograms } from '../../../lab/daemons/programs.js'

const { gobgpd: PROGRAM, protoFolder } = daemonPrograms()
export { protoFolder }

export interface GobgpdOptions {
  /** Peers tell when they have told all (RFC 4724, helper alone). */
  readonly markers?: boolean
  /** Of AS path loops and such; what a leaf of a fabric has is the default. */
  readonly multipath?: boolean
}

const PORT = 1790
const FAMILIES = { ipv4: 'ipv4-unicast', ipv6: 'ipv6-unicast', evpn: 'l2vpn-evpn' } as const
/** The way of Debian's and everybody's kernel: 127/8 is all of one device. */
let nets = 0

/** A part of 127/8 for one test, that no other test and no other process of the same host takes. */
export function loopbackNet(): (host: number) => string {
  nets++
  const net = (process.pid * 7 + nets * 613) % 40_000
  return (host) => `127.${64 + (net >> 8)}.${net & 0xff}.${host}`
}

export class Gobgpd {
  readonly socket: string
  readonly client: GobgpClient
  readonly #configuration: string
  #child: ChildProcess | undefined

  constructor(
    folder: string,
    readonly name: string,
    control: NodeControl,
    options: GobgpdOptions = {},
  ) {
    this.socket = path.join(folder, `${name}.sock`)
    this.#configuration = path.join(folder, `${name}.toml`)
    writeFileSync(this.#configuration, configuration(control, options))
    this.client = new GobgpClient({ socket: this.socket, protoFolder })
  }

  /** Returns when the daemon has taken its configuration. */
  async start(): Promise<void> {
    rmSync(this.socket, { force: true })
    const argv = ['-f', this.#configuration, '--api-hosts', `unix://${this.socket}`, '--pprof-disable']
    this.#child = spawn(PROGRAM, [...argv, '-l', 'warn'], { stdio: 'ignore' })
    for (;;) {
      try {
        if (((await this.client.global()).asn ?? 0) !== 0) return
      } catch {
        // Not yet.
      }
      if (this.#child.exitCode !== null) throw new Error(`${this.name} ended with ${this.#child.exitCode}`)
      await delay(20)
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => {
      child.once('exit', resolve)
    })
    child.kill('SIGKILL')
    await gone
  }

  /** UPDATE messages sent to all peers so far. */
  async updatesSent(): Promise<number> {
    const peers = await this.client.peers()
    return peers.reduce((sum, { state }) => sum + (state?.messages?.sent?.update ?? 0), 0)
  }

  async close(): Promise<void> {
    await this.kill()
    this.client.close()
  }
}

function configuration({ asn, routerId, sessions, holdTime }: NodeControl, options: GobgpdOptions): string {
  const local = [...new Set(sessions.map((session) => session.local))]
  return `
[global.config]
as = ${asn}
router-id = "${routerId}"
port = ${PORT}
local-address-list = ${JSON.stringify(local)}
[global.use-multiple-paths.config]
enabled = ${options.multipath ?? true}
[global.route-selection-options.config]
external-compare-router-id = true
[global.apply-policy.config]
export-policy-list = ["export"]
default-export-policy = "accept-route"
[[policy-definitions]]
name = "export"
[[policy-definitions.statements]]
name = "evpn"
[policy-definitions.statements.conditions.bgp-conditions]
afi-safi-in-list = ["l2vpn-evpn"]
[policy-definitions.statements.actions]
route-disposition = "accept-route"
[policy-definitions.statements.actions.bgp-actions]
set-next-hop = "unchanged"
${sessions.map((session) => neighbour(session, holdTime, options)).join('')}`
}

function neighbour(
  { local, remote, remoteAsn, families }: NodeControl['sessions'][number],
  holdTime: number,
  { markers = true }: GobgpdOptions,
): string {
  return `
[[neighbors]]
[neighbors.config]
neighbor-address = "${remote}"
peer-as = ${remoteAsn}
[neighbors.timers.config]
hold-time = ${holdTime}
connect-retry = 1
idle-hold-time-after-reset = 1
[neighbors.transport.config]
local-address = "${local}"
remote-port = ${PORT}
${markers ? '[neighbors.graceful-restart.config]\nenabled = true\nhelper-only = true\nrestart-time = 20' : ''}
${families.map((family) => `[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = "${FAMILIES[family]}"`).join('\n')}
`
}
