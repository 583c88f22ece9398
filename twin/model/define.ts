/**
 * A fabric in TypeScript instead of YAML. What is built is written as a fabric file and read by the one reader, so that it is
 * the same fabric, with the same problems.
 *
 * @module
 */
import {
  FABRIC_VERSION,
  type FabricFile,
  type HostEntry,
  type IntentEntry,
  type LinkEntry,
  type NetworkEntry,
  type NodeEntry,
  type PolicyEntry,
  type SealEntry,
  type TenantEntry,
} from '../../contract/fabric.js'
import type { Fabric } from './fabric.js'
import { FabricError } from './problem.js'
import { fabricFromData } from './write.js'

/** Nodes by name, range or glob: `leaf[1-3]`. */
export interface NodesRef {
  readonly nodes: string
}
export interface SealRef {
  readonly seal: string
}
/** A network or a host of a tenant. */
export interface EndRef {
  readonly tenant: string
  readonly name: string
}
export interface HostRef extends EndRef {
  readonly kind: 'host'
}
export interface NetworkRef extends EndRef {
  readonly kind: 'network'
}
export interface IntentRef {
  readonly intent: string
}

type Overlay = NonNullable<FabricFile['overlay']>
type Latency = NonNullable<IntentEntry['latency']>
type Survive = NonNullable<IntentEntry['survive']>

/**
 * Makes a fabric from a file's data, or by a function that describes it.
 *
 * ```ts
 * const fabric = defineFabric('shop', (f) => {
 *   f.underlay({ loopbacks: '10.255.0.0/24', links: '10.254.0.0/23' })
 *   f.link(f.leaves('leaf[1-2]'), f.spines('spine1'))
 *   const shop = f.tenant('shop')
 *   const web = shop.network('web', { vni: 10010, gateways: ['10.1.0.1/24'] })
 *   f.reach('pair', shop.host('web1', web, { at: 'leaf1' }), shop.host('web2', web, { at: 'leaf2' }))
 * })
 * ```
 *
 * @throws {FabricError} with every problem, when it is no sound fabric; lines are those of the file that would say it
 * @throws {DefinitionError} when the builder is given one name twice
 */
export function defineFabric(file: FabricFile): Fabric
export function defineFabric(name: string, describe: (builder: FabricBuilder) => void): Fabric
export function defineFabric(file: FabricFile | string, describe?: (builder: FabricBuilder) => void): Fabric {
  const data = typeof file === 'string' ? new FabricBuilder(file).build(describe) : file
  const { fabric, problems } = fabricFromData(data, `${data.name}.fabric.yaml`)
  if (problems !== undefined) throw new FabricError(problems)
  return fabric
}

/** Collects the parts of a fabric. What is given twice under one name is refused, as in a file. */
export class FabricBuilder {
  readonly #name: string
  #underlay: FabricFile['underlay'] | undefined
  #overlay: FabricFile['overlay']
  readonly #nodes = new Entries<NodeEntry>('node')
  readonly #seals = new Entries<SealEntry>('seal')
  readonly #links: LinkEntry[] = []
  readonly #policies = new Entries<PolicyEntry>('policy')
  readonly #tenants = new Entries<TenantBuilder>('tenant')
  readonly #intents = new Entries<IntentEntry>('intent')

  constructor(name: string) {
    this.#name = name
  }

  underlay(underlay: FabricFile['underlay']): void {
    this.#underlay = underlay
  }

  /** What holds for all tenants. */
  overlay({ seal, ...others }: Omit<Overlay, 'seal'> & { readonly seal?: SealRef }): void {
    this.#overlay = { ...others, ...(seal === undefined ? {} : { seal: seal.seal }) }
  }

  /** One spine or a range of them. */
  spines(names: string, options: Omit<NodeEntry, 'role'> = {}): NodesRef {
    return this.#node(names, { role: 'spine', ...options })
  }

  /** One leaf or a range of them. */
  leaves(names: string, options: Omit<NodeEntry, 'role'> = {}): NodesRef {
    return this.#node(names, { role: 'leaf', ...options })
  }

  /** One gateway or a range of them: leaves on which tenants are routed and nobody lives. */
  gateways(names: string, options: Omit<NodeEntry, 'role'> = {}): NodesRef {
    return this.#node(names, { role: 'gateway', ...options })
  }

  /** One router or a range of them. */
  routers(names: string, options: Omit<NodeEntry, 'role'> = {}): NodesRef {
    return this.#node(names, { role: 'router', ...options })
  }

  #node(names: string, entry: NodeEntry): NodesRef {
    this.#nodes.add(names, entry)
    return { nodes: names }
  }

  seal(name: string, seal: SealEntry): SealRef {
    this.#seals.add(name, seal)
    return { seal: name }
  }

  /** Links from each node of one set to each of the other. */
  link(
    from: NodesRef,
    to: NodesRef,
    options: Omit<LinkEntry, 'from' | 'to' | 'seal'> & { readonly seal?: SealRef } = {},
  ): void {
    const { seal, ...others } = options
    this.#links.push({
      from: from.nodes,
      to: to.nodes,
      ...(seal === undefined ? {} : { seal: seal.seal }),
      ...others,
    })
  }

  /** What nodes do with routes that they hear from, or tell to, `peers`; all of theirs, when left out. */
  policy(
    name: string,
    at: NodesRef,
    policy: Omit<PolicyEntry, 'at' | 'peers'> & { readonly peers?: NodesRef },
  ): void {
    const { peers, ...others } = policy
    this.#policies.add(name, {
      at: at.nodes,
      ...(peers === undefined ? {} : { peers: peers.nodes }),
      ...others,
    })
  }

  tenant(
    name: string,
    { seal, ...options }: Pick<TenantEntry, 'l3vni' | 'vrf'> & { readonly seal?: SealRef } = {},
  ): TenantBuilder {
    const tenant = new TenantBuilder(name, {
      ...options,
      ...(seal === undefined ? {} : { seal: seal.seal }),
    })
    this.#tenants.add(name, tenant)
    return tenant
  }

  reach(name: string, from: EndRef, to: EndRef, proto?: string): IntentRef {
    const ends = { from: idOf(from), to: idOf(to) }
    return this.#intent(name, { reach: proto === undefined ? ends : { ...ends, proto } })
  }

  /** @param links as in the file, `leaf*--spine*` */
  encrypt(name: string, links: string): IntentRef {
    return this.#intent(name, { encrypt: { links } })
  }

  /** @param tenants as in the file, sealed from leaf to leaf */
  encryptTenants(name: string, tenants: string): IntentRef {
    return this.#intent(name, { encrypt: { tenants } })
  }

  latency(name: string, from: HostRef, to: HostRef, bound: Omit<Latency, 'from' | 'to'>): IntentRef {
    return this.#intent(name, { latency: { from: idOf(from), to: idOf(to), ...bound } })
  }

  survive(name: string, failures: Omit<Survive, 'keep'>, keep: readonly IntentRef[]): IntentRef {
    return this.#intent(name, { survive: { ...failures, keep: keep.map(({ intent }) => intent) } })
  }

  #intent(name: string, entry: IntentEntry): IntentRef {
    this.#intents.add(name, entry)
    return { intent: name }
  }

  /** What was described, as a file's data. */
  build(
    describe?: (builder: FabricBuilder) => void,
  ): Readonly<Record<string, unknown>> & { readonly name: string } {
    describe?.(this)
    const tenants = Object.entries(this.#tenants.all).map(([name, tenant]) => [name, tenant.build()] as const)
    return {
      ztos: FABRIC_VERSION,
      name: this.#name,
      ...(this.#underlay === undefined ? {} : { underlay: this.#underlay }),
      nodes: this.#nodes.all,
      ...whenAny('seals', this.#seals.all),
      ...(this.#links.length === 0 ? {} : { links: this.#links }),
      ...whenAny('policies', this.#policies.all),
      ...(this.#overlay === undefined ? {} : { overlay: this.#overlay }),
      ...whenAny('tenants', Object.fromEntries(tenants)),
      ...whenAny('intents', this.#intents.all),
    }
  }
}

/** A tenant's networks and hosts. */
export class TenantBuilder {
  readonly #name: string
  readonly #options: Pick<TenantEntry, 'l3vni' | 'vrf' | 'seal'>
  readonly #networks = new Entries<NetworkEntry>('network')
  readonly #hosts = new Entries<HostEntry>('host')

  constructor(name: string, options: Pick<TenantEntry, 'l3vni' | 'vrf' | 'seal'>) {
    this.#name = name
    this.#options = options
  }

  network(name: string, network: NetworkEntry): NetworkRef {
    this.#networks.add(name, network)
    return { kind: 'network', tenant: this.#name, name }
  }

  /** One host, or several by a range in its name, which cannot be an end of a `latency` then. */
  host(name: string, network: NetworkRef, options: Omit<HostEntry, 'network'>): HostRef {
    this.#hosts.add(name, { ...options, network: network.name })
    return { kind: 'host', tenant: this.#name, name }
  }

  build(): Readonly<Record<string, unknown>> {
    return {
      ...this.#options,
      networks: this.#networks.all,
      ...whenAny('hosts', this.#hosts.all),
    }
  }
}

/** A builder that is told the same thing twice. */
export class DefinitionError extends Error {
  override readonly name = 'DefinitionError'
  readonly code = 'ZT_FABRIC_GIVEN_TWICE'

  constructor(what: string) {
    super(`ZT_FABRIC_GIVEN_TWICE: ${what} is given twice; keep one of them`)
  }
}

class Entries<T> {
  readonly #what: string
  readonly #entries = new Map<string, T>()

  constructor(what: string) {
    this.#what = what
  }

  add(name: string, entry: T): void {
    if (this.#entries.has(name)) throw new DefinitionError(`the ${this.#what} ${name}`)
    this.#entries.set(name, entry)
  }

  get all(): Readonly<Record<string, T>> {
    return Object.fromEntries(this.#entries)
  }
}

function whenAny(key: string, entries: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.keys(entries).length === 0 ? {} : { [key]: entries }
}

function idOf(end: EndRef): string {
  return `${end.tenant}/${end.name}`
}
