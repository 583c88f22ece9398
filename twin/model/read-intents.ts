/**
 * `intents`, with what they name resolved.
 *
 * @module
 */
import type { IntentEntry } from '../../contract/fabric.js'
import { asList, count, type Context } from './context.js'
import {
  areIsolated,
  idOf,
  isolationName,
  type FabricLink,
  type Host,
  type Intent,
  type LatencyIntent,
  type Network,
  type Tenant,
  type Traffic,
} from './fabric.js'
import { compareNames } from './names.js'
import { select } from './pattern.js'
import { nanoseconds, packetsPerSecond } from './quantities.js'
import { readEncrypt } from './read-encrypt.js'
import type { Path } from './tree.js'

/** Intents in name order. */
export function readIntents(
  context: Context,
  links: readonly FabricLink[],
  tenants: readonly Tenant[],
): readonly Intent[] {
  const reader = new IntentReader(context, links, tenants)
  return Object.entries(context.file.intents ?? {})
    .toSorted(([a], [b]) => compareNames(a, b))
    .flatMap(([name, entry]) => reader.read(name, entry) ?? [])
}

type Reach = NonNullable<IntentEntry['reach']>
type Latency = NonNullable<IntentEntry['latency']>
type Survive = NonNullable<IntentEntry['survive']>
type Head = Pick<Intent, 'name' | 'at'>

class IntentReader {
  readonly #context: Context
  readonly #links: readonly FabricLink[]
  readonly #hosts: ReadonlyMap<string, Host>
  readonly #networks: ReadonlyMap<string, Network>
  readonly #tenants: readonly Tenant[]

  constructor(context: Context, links: readonly FabricLink[], tenants: readonly Tenant[]) {
    this.#context = context
    this.#links = links
    this.#hosts = new Map(tenants.flatMap((tenant) => tenant.hosts).map((host) => [idOf(host), host]))
    this.#networks = new Map(
      tenants.flatMap((tenant) => tenant.networks).map((network) => [idOf(network), network]),
    )
    this.#tenants = tenants
  }

  read(name: string, entry: IntentEntry): Intent | undefined {
    const path = ['intents', name]
    const kinds = Object.keys(entry)
    if (kinds.length !== 1) {
      if (kinds.length === 0 && !this.#context.isWhole('intents')) return undefined
      this.#context.badKey(
        'ZT_FABRIC_INTENT',
        path,
        kinds.length === 0 ? `${name} asks for nothing` : `${name} asks for ${kinds.join(' and ')}`,
        'give each intent exactly one of reach, encrypt, latency, survive',
      )
      return undefined
    }
    const head: Head = { name, at: this.#context.keyAt(path) }
    if (entry.reach !== undefined) return this.#reach(head, [...path, 'reach'], entry.reach)
    if (entry.encrypt !== undefined) {
      const parts = { links: this.#links, tenants: this.#tenants }
      return readEncrypt(this.#context, head, [...path, 'encrypt'], entry.encrypt, parts)
    }
    if (entry.latency !== undefined) return this.#latency(head, [...path, 'latency'], entry.latency)
    if (entry.survive !== undefined) return this.#survive(head, [...path, 'survive'], entry.survive)
    return undefined
  }

  #reach(head: Head, path: Path, entry: Reach): Intent | undefined {
    const traffic = this.#traffic([...path, 'proto'], entry.proto ?? 'any')
    const from = this.#ends([...path, 'from'], entry.from)
    const ends = this.#ends([...path, 'to'], entry.to)
    const { to, toAny } = this.#anycastApart(asList(entry.to), ends)
    if (from.length === 0 || ends.length === 0 || traffic === undefined) return undefined
    if (!from.some((a) => ends.some((b) => a !== b))) {
      this.#context.bad(
        'ZT_FABRIC_INTENT_NO_HOSTS',
        path,
        `${idOf(from[0] as Host)} would only reach itself`,
        'name another host, or add hosts to the network',
      )
      return undefined
    }
    for (const a of this.#oneOfEachNetwork(from)) {
      for (const b of this.#oneOfEachNetwork(ends)) if (!this.#canTalk(path, a, b)) return undefined
    }
    return {
      ...head,
      kind: 'reach',
      from: from.map(idOf),
      to: to.map(idOf),
      toAny: toAny.map((set) => set.map(idOf)),
      traffic,
    }
  }

  /**
   * Hosts that are meant one by one, and those of which any will do: hosts of an anycast network, unless they are named without
   * a glob.
   */
  #anycastApart(
    patterns: readonly string[],
    hosts: readonly Host[],
  ): { readonly to: readonly Host[]; readonly toAny: readonly (readonly Host[])[] } {
    const literal = patterns.filter((pattern) => !pattern.includes('*'))
    const named = new Set(
      literal.flatMap((pattern) => {
        const found = select(pattern, [...this.#hosts.keys()])
        return 'fault' in found ? [] : found.selected
      }),
    )
    const sets = new Map<string, Host[]>()
    const to = hosts.filter((host) => {
      const network = `${host.tenant}/${host.network}`
      if (this.#networks.get(network)?.anycast !== true || named.has(idOf(host))) return true
      sets.set(network, [...(sets.get(network) ?? []), host])
      return false
    })
    return { to, toAny: [...sets.values()] }
  }

  /** Hosts named by patterns, which match networks and hosts. */
  #ends(path: Path, patterns: string | readonly string[]): readonly Host[] {
    const names = [...this.#networks.keys(), ...this.#hosts.keys()]
    const selected = this.#context.select(patterns, path, names, { part: 'tenants', one: 'network or host' })
    const hosts = new Map<string, Host>()
    for (const id of selected) {
      const host = this.#hosts.get(id)
      if (host !== undefined) hosts.set(id, host)
      const network = this.#networks.get(id)
      if (network === undefined) continue
      const inhabitants = [...this.#hosts.values()].filter(
        (candidate) => candidate.tenant === network.tenant && candidate.network === network.name,
      )
      for (const inhabitant of inhabitants) hosts.set(idOf(inhabitant), inhabitant)
      if (inhabitants.length > 0 || asList(patterns).every((pattern) => pattern.includes('*'))) continue
      if (!this.#context.isWhole('tenants')) continue
      this.#context.bad(
        'ZT_FABRIC_INTENT_NO_HOSTS',
        path,
        `the network ${id} has no hosts`,
        'add a host to it',
      )
    }
    return [...hosts.values()].toSorted((a, b) => compareNames(idOf(a), idOf(b)))
  }

  /** False, and a problem, when the file itself says that two hosts cannot talk. */
  #canTalk(path: Path, a: Host, b: Host): boolean {
    if (a === b) return true
    const [tenant, other] = [this.#tenantOf(a), this.#tenantOf(b)]
    if (tenant === undefined || other === undefined) return false
    if (areIsolated(tenant, other)) {
      this.#contradiction(
        path,
        `${idOf(a)} and ${idOf(b)} belong to different tenants, which are isolated`,
        'name hosts of one tenant; peering between tenants is not supported yet',
      )
      return false
    }
    const from = this.#networks.get(`${a.tenant}/${a.network}`)
    const to = this.#networks.get(`${b.tenant}/${b.network}`)
    if (from === undefined || to === undefined) return false
    if (!this.#context.isWhole('tenants')) return true
    const routed = from !== to
    if (!routed && from.anycast && a.node !== b.node) {
      this.#contradiction(
        path,
        `${idOf(a)} and ${idOf(b)} cannot talk: each node has the anycast network ${from.name} for itself`,
        'name hosts of other networks on one side',
      )
      return false
    }
    const families = (network: Network): readonly number[] =>
      network.subnets
        .filter((subnet) => !routed || subnet.gateway !== undefined)
        .map((subnet) => subnet.prefix.family)
    if (families(from).some((family) => families(to).includes(family))) return true
    const what = routed ? 'no gateways of a common family' : 'no subnet'
    this.#contradiction(
      path,
      `${idOf(a)} and ${idOf(b)} cannot talk: their networks have ${what}`,
      'give both networks gateways of one family',
    )
    return false
  }

  /** Whether hosts can talk is a matter of their networks alone; in an anycast one, of their nodes too. */
  #oneOfEachNetwork(hosts: readonly Host[]): readonly Host[] {
    const first = hosts.toReversed().map((host) => {
      const network = `${host.tenant}/${host.network}`
      const isAnycast = this.#networks.get(network)?.anycast === true
      return [isAnycast ? `${network} ${host.node}` : network, host] as const
    })
    return [...new Map(first).values()]
  }

  #tenantOf(host: Host): Tenant | undefined {
    return this.#tenants.find(({ name }) => name === host.tenant)
  }

  #contradiction(path: Path, reason: string, remedy: string): void {
    this.#context.bad('ZT_FABRIC_INTENT_CONTRADICTION', path, reason, remedy)
  }

  #traffic(path: Path, text: string): Traffic | undefined {
    const [protocol = 'any', port] = text.split('/')
    if (port !== undefined && (Number(port) < 1 || Number(port) > 65535)) {
      this.#context.bad('ZT_FABRIC_VALUE', path, `${port} is no port`, 'write a port from 1 to 65535')
      return undefined
    }
    return { protocol: protocol as Traffic['protocol'], port: port === undefined ? undefined : Number(port) }
  }

  #latency(head: Head, path: Path, entry: Latency): Intent | undefined {
    const bounds = percentiles.flatMap(([key, percentile]) => {
      const bound = entry[key]
      return bound === undefined ? [] : [{ percentile, bound: nanoseconds(bound), key }]
    })
    const [bound] = bounds
    if (bound === undefined && !this.#context.isWhole('intents')) return undefined
    if (bound === undefined || bounds.length > 1) {
      this.#context.bad(
        'ZT_FABRIC_INTENT',
        path,
        bound === undefined
          ? 'there is no bound'
          : `there are bounds for ${bounds.map(({ key }) => key).join(' and ')}`,
        'give exactly one of p50, p90, p99, p99.9',
      )
      return undefined
    }
    if (bound.bound < 1) {
      this.#context.bad(
        'ZT_FABRIC_VALUE',
        [...path, bound.key],
        'nothing takes no time',
        'write at least 1ns',
      )
      return undefined
    }
    const rate = packetsPerSecond(entry.rate)
    if (rate < 1) {
      this.#context.bad(
        'ZT_FABRIC_VALUE',
        [...path, 'rate'],
        'that is less than a packet a second',
        'write at least 1pps',
      )
      return undefined
    }
    const from = this.#oneHost([...path, 'from'], entry.from)
    const to = this.#oneHost([...path, 'to'], entry.to)
    if (from === undefined || to === undefined) return undefined
    if (from === to) {
      this.#contradiction(path, `${entry.from} is both ends`, 'name two hosts')
      return undefined
    }
    if (!this.#canTalk(path, from, to)) return undefined
    const { percentile } = bound
    return { ...head, kind: 'latency', from: entry.from, to: entry.to, percentile, bound: bound.bound, rate }
  }

  #oneHost(path: Path, id: string): Host | undefined {
    const host = this.#hosts.get(id)
    if (host !== undefined) return host
    if (this.#networks.has(id)) {
      this.#context.bad('ZT_FABRIC_INTENT', path, `${id} is a network`, 'name one host of it')
    } else {
      this.#context.select(id, path, [...this.#hosts.keys()], { part: 'tenants', one: 'host' })
    }
    return undefined
  }

  #survive(head: Head, path: Path, entry: Survive): Intent | undefined {
    const links = entry.links ?? 0
    const nodes = entry.nodes ?? 0
    if (links + nodes === 0) {
      this.#context.bad('ZT_FABRIC_INTENT', path, 'nothing is to fail', 'give links: 1, or nodes: 1')
      return undefined
    }
    if (links > this.#links.length && this.#context.isWhole('links')) {
      this.#contradiction(
        [...path, 'links'],
        `${count(links, 'link')} cannot fail, the fabric has ${this.#links.length}`,
        'write a smaller number',
      )
    }
    const keep = this.#context.select(entry.keep, [...path, 'keep'], this.#intentNames(), {
      part: 'intents',
      one: 'intent',
    })
    const nested = keep.find((name) => this.#isSurvive(name))
    if (nested !== undefined && asList(entry.keep).includes(nested)) {
      this.#contradiction([...path, 'keep'], `${nested} is about failures itself`, 'keep what it keeps')
      return undefined
    }
    const kept = keep.filter((name) => !this.#isSurvive(name))
    return kept.length === 0 ? undefined : { ...head, kind: 'survive', links, nodes, keep: kept }
  }

  #isSurvive(name: string): boolean {
    const entry = this.#context.file.intents?.[name] ?? {}
    return 'survive' in entry && Object.keys(entry).length === 1
  }

  /** Written and implied ones. */
  #intentNames(): readonly string[] {
    const implied = this.#tenants.flatMap((a, i) =>
      this.#tenants.slice(i + 1).flatMap((b) => (areIsolated(a, b) ? [isolationName(a.name, b.name)] : [])),
    )
    return [...Object.keys(this.#context.file.intents ?? {}).toSorted(compareNames), ...implied]
  }
}

const percentiles: readonly (readonly ['p50' | 'p90' | 'p99' | 'p99.9', LatencyIntent['percentile']])[] = [
  ['p50', 50],
  ['p90', 90],
  ['p99', 99],
  ['p99.9', 99.9],
]
