/**
 * One node of a fabric played by Linux: its place is taken by the kernel of a reference VM, told what the node's program says (`linux-node.ts`);
 * all others are engines, cabled to it and to each other as in any lab. No labd, no daemons, no probe: hosts speak by their own kernels.
 *
 * @module
 */
import { chmodSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import type { Plan, PlanHost, PlanLink } from '../../contract/plan.js'
import type { NodeProgram } from '../../contract/program.js'
import { formatMac, macFromNumber, u48 } from '../../twin/packet/index.js'
import { tryCommand } from '../command.js'
import { commandError, LabError } from '../errors.js'
import { childEnvironment } from '../labd/child-environment.js'
import type { Resident } from '../labd/resident.js'
import { namespacesOf, phyName } from '../names.js'
import { configureNamespaces, createNetwork, entering, removeNamespacesNamed } from '../netns/driver.js'
import { networkScript } from '../netns/script.js'
import { HOST_DEVICE, wiringOf } from '../netns/wiring.js'
import { CANARY } from './canary.js'
import { CableTap } from './cable-tap.js'
import { cableName } from './cables.js'
import { startEngine } from './engine.js'
import { scriptLines } from './guest-script.js'
import { hostLines } from './linux-lines.js'
import { linuxNode, whyNotLinux, type LinuxNode } from './linux-node.js'
import { deviceName, type KeyValues } from './linux-seals.js'
import type { ReferenceVm } from './machine.js'

export interface StandInOptions {
  readonly plan: Plan
  /** Whose place Linux takes. */
  readonly node: string
  readonly keys: KeyValues
  /** What Linux is told, if not what the plan says of the node. */
  readonly program?: NodeProgram
  readonly signal?: AbortSignal
}

/** A link of the node's, and the cable that it is. */
export interface StandInLink {
  readonly link: PlanLink
  /** The engine at its other end. */
  readonly peer: string
  /** MAC of the node's port; what comes from it comes from Linux. */
  readonly mac: string
}

interface Cable extends StandInLink {
  /** The guest's NIC. */
  readonly nic: number
  /** The node's port, by interface id. */
  readonly port: number
}

/** A frame on a cable. */
export interface CableFrame {
  readonly from: 'linux' | 'engine'
  readonly octets: Uint8Array
}

/** An echo request. */
export interface Echo {
  readonly to: string
  /** By which interface, of a link-local address; its id in the node's program. */
  readonly over?: number
  /** Octets of data. */
  readonly size: number
}

/** ms for a command of the guest's: where the processor is emulated, one may take long. */
const PATIENCE = 100_000
/** s for an answer: longer than WireGuard waits before it tries again. */
const ANSWER = 7
const Stats = z.object({ fates: z.record(z.string(), z.int()) })

const MacsecShown = z.array(
  z.looseObject({ ifname: z.string(), rx_sc: z.array(z.looseObject({})).optional() }),
)
const REFUSALS = [
  'InPktsNoTag',
  'InPktsBadTag',
  'InPktsUnknownSCI',
  'InPktsNoSCI',
  'InPktsLate',
  'InPktsNotValid',
  'InPktsNotUsingSA',
]

let made = 0

export class StandIn {
  readonly #engines = new Map<string, Resident>()
  readonly #taps = new Map<string, CableTap>()
  readonly #cables: Cable[] = []
  readonly #rest: Plan
  readonly #folder: string
  readonly #env: Readonly<Record<string, string>>
  readonly #program: NodeProgram
  readonly #linux: LinuxNode

  private constructor(
    private readonly vm: ReferenceVm,
    private readonly options: StandInOptions,
  ) {
    const { plan, node, keys } = options
    const program = options.program ?? programOf(plan, node)
    const why = whyNotLinux(program)
    if (why !== undefined) throw new LabError('ZT_LAB_PLAN', `Linux cannot take the place of ${node}: ${why}`)
    this.#program = program
    this.#rest = without(plan, node)
    this.#folder = path.join(vm.folder, `stand-in${++made}`)
    this.#env = childEnvironment({ uid: 0, gid: 0 }, vm.lab, { LOG_LEVEL: 'error' })
    const links = plan.links.filter(({ a, b }) => a.node === node || b.node === node)
    for (const [nic, link] of links.entries()) {
      const [own, far] = link.a.node === node ? [link.a, link.b] : [link.b, link.a]
      this.#cables.push({ link, nic, peer: far.node, port: own.interface, mac: portOf(plan, own).mac })
    }
    this.#linux = linuxNode({
      program,
      keys,
      nics: new Map(this.#cables.map(({ port, nic }) => [port, `eth${nic}`])),
      hosts: this.#hostsHere(),
      prefix: `s${made}`,
    })
  }

  /**
   * Builds the fabric around the guest.
   *
   * @throws LabError `ZT_LAB_PLAN` for what Linux cannot be told, `ZT_LAB_COMMAND`, `ZT_LAB_DIED`
   */
  static async open(vm: ReferenceVm, options: StandInOptions): Promise<StandIn> {
    const standIn = new StandIn(vm, options)
    try {
      await standIn.#build()
      return standIn
    } catch (error) {
      await standIn.close()
      throw error
    }
  }

  get links(): readonly StandInLink[] {
    return this.#cables
  }

  async #build(): Promise<void> {
    const { vm, options } = this
    const signal = options.signal ?? new AbortController().signal
    mkdirSync(this.#folder, { mode: 0o700 })
    chmodSync(this.#folder, 0o700)
    const wiring = wiringOf(vm.lab, this.#rest)
    const { rest: network } = networkScript(wiring)
    await createNetwork(network, signal)
    for (const cable of this.#cables) await this.#plug(cable)
    await configureNamespaces(network.inside, signal)
    const keys = Object.fromEntries(
      [...options.keys].map(([name, value]) => [name, Buffer.from(value).toString('hex')]),
    )
    await Promise.all(
      wiring.nodes.map(async ({ node, namespace }) => {
        const program = programOf(this.#rest, node)
        const [folder, env] = [this.#folder, this.#env]
        this.#engines.set(node, await startEngine({ node, namespace, folder, program, keys, env }))
      }),
    )
    for (const host of this.#rest.hosts) await this.#hostOutside(host)
    signal.throwIfAborted()
    await vm.run('setting up Linux in place of a node', scriptLines(this.#linux.scripts), {
      timeout: PATIENCE,
    })
  }

  async #plug({ link, nic, peer }: Cable): Promise<void> {
    const far = link.a.node === peer ? link.a : link.b
    const { name, mac } = portOf(this.options.plan, far)
    const namespace = this.#namespaces().nodes.get(peer) ?? ''
    await this.vm.plug(nic, { namespace, device: phyName(name), mac })
    const at = { namespace: this.vm.namespace, device: cableName(nic) }
    this.#taps.set(link.id, await CableTap.start(at, path.join(this.#folder, `${nic}.pcap`), this.#env))
  }

  #namespaces() {
    return namespacesOf(this.vm.lab, this.#rest)
  }

  #hostsHere(): readonly PlanHost[] {
    return this.options.plan.hosts.filter(({ at }) => at.node === this.options.node)
  }

  async #hostOutside(host: PlanHost): Promise<void> {
    const lines = hostLines(host, HOST_DEVICE)
    const outcome = await tryCommand([...this.#inHost(host.id), 'sh', '-e'], {
      env: this.#env,
      input: `${lines.join('\n')}\n`,
    })
    if (outcome.code !== 0) throw commandError(`setting up the host ${host.id}`, outcome)
  }

  #inHost(id: string): readonly string[] {
    return entering(this.#namespaces().hosts.get(id) ?? '')
  }

  async close(): Promise<void> {
    for (const tap of this.#taps.values()) tap.stop()
    await Promise.all([...this.#engines.values()].map((engine) => engine.stop()))
    await this.vm
      .exec(['sh'], { timeout: PATIENCE, input: `${this.#clearLines().join('\n')}\n` })
      .catch(() => undefined)
    for (const { nic } of this.#cables) await this.vm.unplug(nic).catch(() => undefined)
    const { nodes, hosts } = this.#namespaces()
    await removeNamespacesNamed([...nodes.values(), ...hosts.values()])
  }

  /** NICs go back before their namespace does, or they come when the kernel has time for it. */
  #clearLines(): string[] {
    return [
      ...this.#linux.namespaces.flatMap((name) =>
        this.#cables.map(
          ({ nic, port }) =>
            `ip -n ${name} link set ${deviceName(port)} down name eth${nic} netns 1 2>/dev/null`,
        ),
      ),
      ...this.#linux.namespaces.map((name) => `ip netns del ${name}`),
    ]
  }

  // What is asked

  /** Echoes of the node itself. @returns whether each was answered */
  async fromNode(echoes: readonly Echo[]): Promise<readonly boolean[]> {
    return this.#inGuest(this.#linux.namespace, echoes)
  }

  /** Echoes of a host, wherever it is. */
  async fromHost(id: string, echoes: readonly Echo[]): Promise<readonly boolean[]> {
    const inside = this.#linux.hosts.get(id)
    if (inside !== undefined) return this.#inGuest(inside, echoes)
    const { stdout } = await tryCommand([...this.#inHost(id), 'sh'], {
      env: this.#env,
      input: pingLines(echoes),
      timeout: PATIENCE,
    })
    return answersIn(stdout, echoes)
  }

  async #inGuest(namespace: string, echoes: readonly Echo[]): Promise<readonly boolean[]> {
    const { stdout } = await this.vm.exec(['nsenter', `--net=/run/netns/${namespace}`, 'sh'], {
      input: pingLines(echoes),
      timeout: PATIENCE,
    })
    return answersIn(stdout, echoes)
  }

  /** All that was on the cable of a link so far. */
  async heard(link: string): Promise<readonly CableFrame[]> {
    const mac = this.#cables.find((cable) => cable.link.id === link)?.mac
    const packets = (await this.#taps.get(link)?.heard())?.packets ?? []
    return packets.map(({ bytes }) => ({
      from: formatMac(macFromNumber(u48(bytes, 6))) === mac ? 'linux' : 'engine',
      octets: bytes,
    }))
  }

  /** Fates that an engine has counted. */
  async fates(node: string): Promise<Readonly<Record<string, number>>> {
    const engine = this.#engines.get(node)
    if (engine === undefined) throw new LabError('ZT_LAB_UNKNOWN', `${node} is no engine here`)
    return Stats.parse(await engine.request({ op: 'stats' })).fates
  }

  /** Frames that Linux's MACsec refused, by device and counter (IEEE 802.1AE-2018 clause 10.7.9): `macsec1 InPktsNotValid`. */
  async refusals(): Promise<Readonly<Record<string, number>>> {
    const { stdout } = await this.vm.exec(
      ['nsenter', `--net=/run/netns/${this.#linux.namespace}`, 'ip', '-s', '-j', 'macsec', 'show'],
      { timeout: PATIENCE },
    )
    const names = new Map(this.#program.interfaces.map(({ id, name }) => [deviceName(id), name]))
    const found: Record<string, number> = {}
    for (const { ifname, rx_sc: channels = [], ...device } of MacsecShown.parse(JSON.parse(stdout)))
      for (const counters of [device, ...channels])
        for (const counter of REFUSALS) {
          const count = Number(counters[counter] ?? 0)
          const key = `${names.get(ifname) ?? ifname} ${counter}`
          if (count > 0) found[key] = (found[key] ?? 0) + count
        }
    return found
  }
}

/** The plan of all nodes but one. */
function without(plan: Plan, node: string): Plan {
  return {
    ...plan,
    nodes: plan.nodes.filter(({ name }) => name !== node),
    // Times of links are no matter here.
    links: plan.links
      .filter(({ a, b }) => a.node !== node && b.node !== node)
      .map(({ delay: _delay, ...link }) => link),
    hosts: plan.hosts.filter(({ at }) => at.node !== node),
  }
}

function programOf(plan: Plan, node: string): NodeProgram {
  const found = plan.nodes.find(({ name }) => name === node)
  if (found === undefined) throw new LabError('ZT_LAB_UNKNOWN', `${node} is no node of ${plan.fabric}`)
  return found.program
}

function portOf(plan: Plan, end: PlanLink['a']) {
  const found = programOf(plan, end.node).interfaces.find(({ id }) => id === end.interface)
  if (found?.kind !== 'port')
    throw new LabError(
      'ZT_LAB_PLAN',
      `a link ends at interface ${end.interface} of ${end.node}, which is no port`,
    )
  return found
}

/** Side by side, so that none waits for answers that others never get; in one shell, for to start one takes long. */
function pingLines(echoes: readonly Echo[]): string {
  const pattern = Buffer.from(CANARY).toString('hex')
  const lines = echoes.map(({ to, over, size }, n) => {
    const target = over === undefined ? to : `${to}%${deviceName(over)}`
    // Again each second until there is an answer: the first may be lost while a neighbour is asked for, or a session made.
    const ping = `ping -n -c 1 -w ${ANSWER} -M do -s ${size} -p ${pattern} ${target}`
    return `(${ping} >/dev/null 2>&1 && echo answered ${n}) &`
  })
  return [...lines, 'wait', ''].join('\n')
}

function answersIn(stdout: string, echoes: readonly Echo[]): readonly boolean[] {
  const answered = new Set([...stdout.matchAll(/^answered (\d+)$/gm)].map(([, n]) => Number(n)))
  return echoes.map((_echo, n) => answered.has(n))
}
