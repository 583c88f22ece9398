/**
 * Nodes and the sessions between them (BGP-1, BGP-2).
 *
 * @module
 */
import type { BgpSession, NodeControl } from '../../contract/control-plane.js'
import { parseIp, parseIpv4 } from '../packet/index.js'
import type { Down } from './down.js'
import { ControlPlaneError, missing } from './errors.js'
import type { ControlNode } from './node.js'
import type { BgpNode, PeerSession, Speaker } from './path.js'
import { RoutePolicy } from './policy.js'

export class Topology {
  readonly #nodes: readonly NodeEnds[]
  readonly #indexes: ReadonlyMap<string, number>
  readonly #links: ReadonlySet<string>
  #downNodes: ReadonlySet<number> = new Set()
  /** `<node> <link>` of sessions that ended and that their node does not begin again by itself. */
  readonly #ended = new Set<string>()
  #policies: readonly RoutePolicy[] = []
  #isDrainedInside = false

  /** @throws {ControlPlaneError} `ZT_CONTROL_REFERENCE` when two nodes have one name, or a session leads nowhere or to no policy */
  constructor(nodes: readonly ControlNode[]) {
    this.#indexes = new Map(nodes.map(({ name }, index) => [name, index]))
    if (this.#indexes.size !== nodes.length) {
      throw new ControlPlaneError('ZT_CONTROL_REFERENCE', 'two nodes have the same name', {
        remedy: 'give each node a name of its own',
      })
    }
    this.#nodes = nodes.map((node, index) => ({
      index,
      name: node.name,
      control: node.control,
      isStopped: false,
      tellsAll: node.control.sessions.some(({ addPaths }) => addPaths === true),
      sessions: this.#endsOf(node, index, nodes),
    }))
    const all = this.#nodes.flatMap(({ sessions }) => sessions)
    const byPlace = new Map(all.map((end) => [placeOf(end.node, end.config.link), end]))
    for (const end of all) join(end, byPlace.get(placeOf(end.remote, end.config.link)), nodes)
    this.#links = new Set(all.map(({ config }) => config.link))
    this.#note(all)
  }

  /** Those that any session uses. */
  get policies(): readonly RoutePolicy[] {
    return this.#policies
  }

  /** True when a node with internal sessions is being taken out of service. */
  get isDrainedInside(): boolean {
    return this.#isDrainedInside
  }

  get nodes(): readonly BgpNode[] {
    return this.#nodes
  }

  #note(ends: readonly SessionEnd[]): void {
    this.#policies = policiesOf(ends)
    this.#isDrainedInside = ends.some(({ self, external }) => self.isDraining && !external)
  }

  #endsOf({ name, control }: ControlNode, index: number, nodes: readonly ControlNode[]): SessionEnd[] {
    const policies = new Map(control.policies.map((policy) => [policy.name, new RoutePolicy(policy)]))
    const policyOf = (wanted: string | undefined): RoutePolicy | undefined => {
      const policy = wanted === undefined ? undefined : policies.get(wanted)
      if (wanted !== undefined && policy === undefined) throw missing(`policy ${wanted} of ${name}`)
      return policy
    }
    const self = speakerOf(control)
    return control.sessions.map((config) => {
      const remote = this.indexOf(config.peer)
      return new SessionEnd(index, self, remote, config, {
        routerId: parseIpv4(nodes[remote]?.control.routerId ?? '0.0.0.0'),
        importPolicy: policyOf(config.import),
        exportPolicy: policyOf(config.export),
      })
    })
  }

  /** True when other controls have the same sessions, so that {@link takeOn} will do. */
  hasSessionsOf(nodes: readonly ControlNode[]): boolean {
    return (
      nodes.length === this.#nodes.length &&
      this.#nodes.every(({ control }, index) => hasSameSessions(control, nodes[index]?.control))
    )
  }

  /**
   * Takes on other policies, prefixes and router ids.
   *
   * @returns the nodes that this is something to
   * @throws {ControlPlaneError} `ZT_CONTROL_REFERENCE`, and then nothing is taken on
   */
  takeOn(nodes: readonly ControlNode[]): ReadonlySet<number> {
    const changed = this.#nodes.flatMap((mine) => {
      const node = nodes[mine.index]
      if (node === undefined || node.control === mine.control) return []
      return { mine, control: node.control, ends: this.#endsOf(node, mine.index, nodes) }
    })
    const touched = new Set<number>()
    for (const { mine, control, ends } of changed) {
      touched.add(mine.index)
      mine.control = control
      const self = speakerOf(control)
      for (const [i, session] of mine.sessions.entries()) {
        session.self = self
        session.importPolicy = ends[i]?.importPolicy
        session.exportPolicy = ends[i]?.exportPolicy
        touched.add(session.remote)
        const back = this.#nodes[session.remote]?.sessions.find(({ reverse }) => reverse === session)
        if (back !== undefined) back.routerId = self.routerId
      }
    }
    this.#note(this.#nodes.flatMap(({ sessions }) => sessions))
    return touched
  }

  /** @throws {ControlPlaneError} `ZT_CONTROL_REFERENCE` */
  indexOf(name: string): number {
    const index = this.#indexes.get(name)
    if (index === undefined) throw missing(`node ${name}`)
    return index
  }

  isDown(index: number): boolean {
    return this.#downNodes.has(index)
  }

  /** True where the routing daemon of a node that is up does not run. */
  isStopped(index: number): boolean {
    return this.#nodes[index]?.isStopped === true
  }

  /** Sessions that have ended for good: `<node> <link>`, the node being the one whose daemon has to be started anew for it (FAULT-4). */
  get ended(): ReadonlySet<string> {
    return new Set(this.#ended)
  }

  /** @throws {ControlPlaneError} `ZT_CONTROL_REFERENCE` for what there is not */
  checkDown({ links = [], nodes = [], daemons = [] }: Down): void {
    for (const link of links) if (!this.#links.has(link)) throw missing(`link ${link}`)
    for (const name of [...nodes, ...daemons]) this.indexOf(name)
  }

  /**
   * Takes down what is named and brings up all else.
   *
   * @param ended takes the place of {@link ended}
   * @returns the nodes that this is something to: ends of sessions that changed, and nodes that did
   * @throws {ControlPlaneError} `ZT_CONTROL_REFERENCE`
   */
  setDown(down: Down, ended?: ReadonlySet<string>): ReadonlySet<number> {
    this.checkDown(down)
    const { links = [], nodes = [], daemons = [] } = down
    const cut = new Set(links)
    const before = this.#downNodes
    this.#downNodes = new Set(nodes.map((name) => this.indexOf(name)))
    const touched = new Set([...before].filter((index) => !this.#downNodes.has(index)))
    for (const index of this.#downNodes) if (!before.has(index)) touched.add(index)
    if (ended !== undefined) {
      this.#ended.clear()
      for (const place of ended) this.#ended.add(place)
    }
    this.#setStopped(new Set(daemons.map((name) => this.indexOf(name))), touched)
    for (const { sessions } of this.#nodes) {
      for (const session of sessions) {
        const isUp = !cut.has(session.config.link) && this.#canBeUp(session)
        if (isUp === session.isUp) continue
        session.isUp = isUp
        touched.add(session.node).add(session.remote)
        if (!isUp) this.#endForStopped(session)
      }
    }
    return touched
  }

  /**
   * Ends sessions for as long as somebody repairs them (BGP-12).
   *
   * @returns the nodes that this is something to
   */
  end(sessions: Iterable<PeerSession>): ReadonlySet<number> {
    const touched = new Set<number>()
    for (const { node, remote, config } of sessions) {
      this.#ended.add(placeOf(node, config.link))
      for (const end of [...(this.#nodes[node]?.sessions ?? []), ...(this.#nodes[remote]?.sessions ?? [])]) {
        if (end.config.link === config.link) end.isUp = false
      }
      touched.add(node).add(remote)
    }
    return touched
  }

  #setStopped(stopped: ReadonlySet<number>, touched: Set<number>): void {
    for (const node of this.#nodes) {
      const isStopped = stopped.has(node.index)
      // What a node ended is not remembered by a daemon that starts anew.
      if (!isStopped && this.#ended.size > 0 && (node.isStopped || this.isDown(node.index))) {
        for (const { config } of node.sessions) this.#ended.delete(placeOf(node.index, config.link))
      }
      if (isStopped === node.isStopped) continue
      node.isStopped = isStopped
      touched.add(node.index)
      if (!isStopped) continue
      for (const session of node.sessions) if (!session.isUp) this.#endForStopped(session)
    }
  }

  /** What went down cannot come up before the daemon is back, whatever its peers kept. */
  #endForStopped({ node, config }: PeerSession): void {
    if (this.isStopped(node)) this.#ended.add(placeOf(node, config.link))
  }

  /** But for its link. */
  #canBeUp(session: PeerSession): boolean {
    return agree(session) && this.#isHeld(session) && this.#isHeld(session.reverse)
  }

  /** By one of its ends. Peers keep a session whose daemon is about to be back as if it were up (BGP-16). */
  #isHeld({ node, config }: PeerSession): boolean {
    if (this.isDown(node) || (this.#ended.size > 0 && this.#ended.has(placeOf(node, config.link))))
      return false
    return !this.isStopped(node) || this.#nodes[node]?.control.gracefulRestart !== undefined
  }
}

interface NodeEnds extends BgpNode {
  isStopped: boolean
  control: NodeControl
  readonly sessions: readonly SessionEnd[]
}

class SessionEnd implements PeerSession {
  readonly metric = 0
  readonly node: number
  readonly remote: number
  self: Speaker
  readonly client: boolean
  readonly bandwidth: string | undefined
  readonly config: BgpSession
  readonly address: PeerSession['address']
  readonly interface: number
  routerId: number
  readonly external: boolean
  importPolicy: RoutePolicy | undefined
  exportPolicy: RoutePolicy | undefined
  /** Set by {@link join}, before anybody sees it. */
  reverse: PeerSession = this
  families: ReadonlySet<string> = new Set()
  isUp = false

  constructor(
    node: number,
    self: Speaker,
    remote: number,
    config: BgpSession,
    known: Pick<PeerSession, 'routerId' | 'importPolicy' | 'exportPolicy'>,
  ) {
    this.node = node
    this.self = self
    this.client = config.client === true
    this.bandwidth = bandwidthOf(self, config)
    this.interface = config.interface
    this.remote = remote
    this.config = config
    this.address = parseIp(config.remote)
    this.routerId = known.routerId
    this.external = config.remoteAsn !== self.asn
    this.importPolicy = known.importPolicy
    this.exportPolicy = known.exportPolicy
  }
}

function join(end: SessionEnd, other: SessionEnd | undefined, nodes: readonly ControlNode[]): void {
  const { config, remote, node } = end
  if (other === undefined || other.remote !== node) {
    throw missing(`the other end, at ${nodes[remote]?.name ?? remote}, of the session on ${config.link}`)
  }
  end.reverse = other
  const offered: readonly string[] = other.config.families
  end.families = new Set(config.families.filter((family) => offered.includes(family)))
}

function policiesOf(ends: readonly SessionEnd[]): readonly RoutePolicy[] {
  return [...new Set(ends.flatMap((end) => [end.importPolicy ?? [], end.exportPolicy ?? []].flat()))]
}

function hasSameSessions(a: NodeControl, b: NodeControl | undefined): boolean {
  if (a === b) return true
  if (b === undefined || a.asn !== b.asn || a.daemon !== b.daemon || a.sessions.length !== b.sessions.length)
    return false
  return a.sessions.every((mine, i) => {
    const theirs = b.sessions[i]
    return (
      theirs !== undefined &&
      SESSION_FIELDS.every((field) => mine[field] === theirs[field]) &&
      mine.families.join() === theirs.families.join()
    )
  })
}

/** Those that a session cannot change without beginning anew. */
const SESSION_FIELDS = [
  'peer',
  'link',
  'interface',
  'local',
  'remote',
  'remoteAsn',
  'unnumbered',
  'client',
  'maximumPrefixes',
  'weight',
  'addPaths',
] as const

function speakerOf({ asn, daemon, routerId, gracefulShutdown }: NodeControl): Speaker {
  return { asn, daemon, routerId: parseIpv4(routerId), isDraining: gracefulShutdown === true }
}

/** BGP-13: FRR's nodes alone note it, of a weight in Mbit/s. Where the AS number has four octets there is room for two (RFC 6793). */
function bandwidthOf({ asn, daemon }: Speaker, { weight }: BgpSession): string | undefined {
  if (daemon !== 'frr' || weight === undefined) return undefined
  return `bandwidth:${asn > 0xffff ? AS_TRANS : asn}:${(weight * 1e6) / 8}`
}
const AS_TRANS = 23456

/** A session comes up only between ends that expect each other (RFC 4271 section 6.2: Bad Peer AS). */
function agree(a: PeerSession): boolean {
  const b = a.reverse
  return (
    a.config.remoteAsn === b.self.asn &&
    b.config.remoteAsn === a.self.asn &&
    a.config.unnumbered === b.config.unnumbered &&
    a.config.local === b.config.remote &&
    a.config.remote === b.config.local
  )
}

function placeOf(node: number, link: string): string {
  return `${node} ${link}`
}
