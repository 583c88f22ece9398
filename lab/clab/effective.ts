/**
 * What a node gets by inheritance: from its group, its kind and the defaults where it says nothing itself (containerlab 0.79,
 * `types/topology.go`). Lists are added up from the least to the most specific, maps are merged, all else is the most specific value.
 *
 * @module
 */
import type { NodeDefinition, TopologyFile } from '../../contract/lab-topology.js'

type Sections = TopologyFile['topology']
type Key = keyof NodeDefinition
type Stages = NonNullable<NodeDefinition['stages']>

const LISTS = ['binds', 'volumes', 'devices', 'cap-add', 'security-opts', 'exec', 'env-files'] as const
const MAPS = ['env', 'labels', 'sysctls', 'tmpfs'] as const
/** Of the node alone. */
const OWN = ['aliases', 'mgmt-ipv4', 'mgmt-ipv6'] as const
const MERGED: ReadonlySet<Key> = new Set<Key>([
  ...LISTS,
  ...MAPS,
  ...OWN,
  ...(['kind', 'group', 'stages', 'certificate', 'credentials', 'username', 'password', 'config'] as const),
])
const STAGES = ['create', 'create-links', 'configure', 'healthy', 'exit'] as const

/** Where and when a command of a stage runs unless it says so. */
const COMMAND = { target: 'container', phase: 'on-enter' } as const

/** Whose word counts for a node, the most specific first. */
interface Levels {
  readonly kind: string
  readonly group: string | undefined
  readonly levels: readonly NodeDefinition[]
}

/** @returns the definition with nothing left to inherit; `kind` in lower case, as containerlab compares it */
export function effectiveNode(topology: Sections, name: string): NodeDefinition {
  const own = topology.nodes?.[name] ?? {}
  const { kind, group, levels } = levelsOf(topology, own)
  const general = levels.toReversed()
  const effective: Record<string, unknown> = {}
  for (const level of general)
    for (const [key, value] of Object.entries(level))
      if (!MERGED.has(key as Key) && isGiven(value)) effective[key] = value
  for (const key of LISTS) {
    const all = general.flatMap((level) => level[key] ?? [])
    const merged = key === 'binds' || key === 'volumes' ? byTarget(all) : all.filter(isFirst)
    if (merged.length > 0) effective[key] = merged
  }
  for (const key of MAPS) {
    const merged: Record<string, string> = {}
    for (const level of general) Object.assign(merged, level[key])
    if (Object.keys(merged).length > 0) effective[key] = merged
  }
  for (const key of OWN) if (isGiven(own[key])) effective[key] = own[key]
  // Defaults, kind, group, node: here a kind counts less than a group, as everywhere.
  Object.assign(
    effective,
    stagesOf(general),
    credentialsOf(levels),
    certificateOf(general),
    variablesOf(general),
  )
  return { ...effective, ...(kind === '' ? {} : { kind }), ...(group === undefined ? {} : { group }) }
}

/** A node's kind can be its group's, and its group its kind's. */
function levelsOf(sections: Sections, own: NodeDefinition): Levels {
  const { kinds = {}, groups = {} } = sections
  const defaults: NodeDefinition = sections.defaults ?? {}
  const of = <T>(table: Readonly<Record<string, T>>, key: string | undefined): T | undefined =>
    key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined
  const named = [own.kind, of(groups, own.group)?.kind, of(groups, defaults.group)?.kind, defaults.kind]
  const kind = named.find((one) => one !== undefined && one !== '') ?? ''
  const group = [own.group, of(kinds, kind)?.group, defaults.group].find(
    (one) => one !== undefined && one !== '',
  )
  const levels = [own, of(groups, group), of(kinds, kind), defaults].filter((one) => one !== undefined)
  return { kind: kind.toLowerCase(), group, levels }
}

/** Go knows no "not given": nothing, zero and the empty text are that. A list that is given and empty is none either. */
function isGiven(value: unknown): boolean {
  if (value === undefined || value === '' || value === 0) return false
  return !Array.isArray(value) || value.length > 0
}

function isFirst<T>(value: T, index: number, all: readonly T[]): boolean {
  return all.indexOf(value) === index
}

/** Of several for one place in the container the most specific. */
function byTarget(all: readonly string[]): string[] {
  const found = new Map<string, string>()
  for (const one of all) {
    const parts = one.split(':')
    found.set(parts.length === 1 ? (parts[0] ?? '') : (parts[1] ?? ''), one)
  }
  return [...found.values()].toSorted()
}

/** Waits and commands are added up, in the order of levels; no wait twice. */
function stagesOf(general: readonly NodeDefinition[]): { stages?: Stages } {
  const stages: Stages = {}
  for (const name of STAGES) {
    const given = general.flatMap((level) => level.stages?.[name] ?? [])
    const waits = given.flatMap((one) => one['wait-for'] ?? [])
    const isFirstWait = (wait: (typeof waits)[number], i: number) =>
      waits.findIndex((one) => one.node === wait.node && one.stage === wait.stage) === i
    const commands = given.flatMap((one) => one.exec ?? [])
    if (waits.length + commands.length === 0) continue
    stages[name] = {
      ...(waits.length === 0 ? {} : { 'wait-for': waits.filter(isFirstWait) }),
      ...(commands.length === 0 ? {} : { exec: commands.map((one) => ({ ...COMMAND, ...one })) }),
    }
  }
  return Object.keys(stages).length === 0 ? {} : { stages }
}

/** Name and password together of one level; where the key lies by itself. */
function credentialsOf(levels: readonly NodeDefinition[]): { credentials?: NodeDefinition['credentials'] } {
  const all = levels.map(({ credentials = {}, username = '', password = '' }) => ({
    username: isGiven(credentials.username) ? credentials.username : username,
    password: isGiven(credentials.password) ? credentials.password : password,
    'identity-file': credentials['identity-file'],
  }))
  const pair = all.find((one) => isGiven(one.username) || isGiven(one.password))
  const file = all.map((one) => one['identity-file']).find(isGiven)
  const found = {
    ...(isGiven(pair?.username) ? { username: pair?.username } : {}),
    ...(isGiven(pair?.password) ? { password: pair?.password } : {}),
    ...(file === undefined ? {} : { 'identity-file': file }),
  }
  return Object.keys(found).length === 0 ? {} : { credentials: found }
}

/** Each of its values by itself. */
function certificateOf(general: readonly NodeDefinition[]): { certificate?: NodeDefinition['certificate'] } {
  const merged: Record<string, unknown> = {}
  for (const { certificate = {} } of general)
    for (const [key, value] of Object.entries(certificate)) if (isGiven(value)) merged[key] = value
  return Object.keys(merged).length === 0 ? {} : { certificate: merged }
}

/** Variables are merged at the top; here a group counts more than a kind, too. */
function variablesOf(general: readonly NodeDefinition[]): { config?: NodeDefinition['config'] } {
  const vars: Record<string, unknown> = {}
  for (const { config } of general) Object.assign(vars, config?.vars)
  return Object.keys(vars).length === 0 ? {} : { config: { vars } }
}
