/**
 * What a running lab is to become, and what that does to whom. Pure: from two plans, and from what they mean in devices (`netns/`) and in
 * daemons' configuration (`daemons/`). Whoever is in no change is not touched: its processes, its sessions and what it has learned stay.
 *
 * @module
 */
import { z } from 'zod'
import type { Plan } from '../../contract/plan.js'
import { beforeControl } from '../../twin/before-control.js'
import { networkChange, withWireOf, type NetworkChange } from '../netns/change.js'
import { wiringOf, type Wiring } from '../netns/wiring.js'
import { nodeChanges } from './node-changes.js'
import { isSame } from './same.js'

/** What is done. */
export const EffectName = z.enum([
  'create',
  'remove',
  /** Taken away, and made anew at once. */
  'replace',
  /** In the node's namespace: addresses, routes, neighbours, filters. */
  'set',
  /** A program, into an engine that runs on; what it has learned is forgotten (CTRL-1). */
  'load',
  /** Daemons are told, and go on with the sessions that they have. */
  'tell-daemons',
  'restart-daemons',
  'restart-agent',
  'restart',
  /** Nothing but what is written down. */
  'none',
])
export type EffectName = z.infer<typeof EffectName>
export const Effect = z.strictObject({
  effect: EffectName,
  /** Why, for people: `routes`, `port eth4`. */
  what: z.array(z.string()),
})
export type Effect = z.infer<typeof Effect>

export const LabChange = z.strictObject({
  change: z.enum(['add', 'change', 'remove']),
  kind: z.enum(['node', 'link', 'host', 'wire', 'probe', 'keys', 'plan']),
  /** Of the node, link or host. */
  name: z.string(),
  /** In the order in which they are made. */
  effects: z.array(Effect).min(1),
})
export type LabChange = z.infer<typeof LabChange>

export const LabChanges = z.strictObject({
  changes: z.array(LabChange),
  /** Nodes that nothing is done to. */
  untouched: z.array(z.string()),
})
export type LabChanges = z.infer<typeof LabChanges>

/** Both plans as labs have them. */
export interface Comparison {
  readonly before: Plan
  readonly after: Plan
  /** Of `before`, and of `after` with the wire node's devices where they were. */
  readonly wirings: readonly [Wiring, Wiring]
  readonly network: NetworkChange
}

/** No lab is called so: names differ in nothing else. */
const ANY_LAB = 'anylab'

/**
 * @param before as the lab has it: with the keys that it has by now, and the programs that its engines were given
 * @param after with the keys that it is to have
 * @param lab its id
 * @param wiring as it was made
 * @throws LabError `ZT_LAB_PLAN` for what no lab can have
 */
export function comparison(
  before: Plan,
  after: Plan,
  lab: string = ANY_LAB,
  wiring: Wiring = wiringOf(lab, beforeControl(before)),
): Comparison {
  // What a control plane fills is not for the plan to change.
  const [old, wanted] = [beforeControl(before), beforeControl(after)]
  const next = withWireOf(wiring, wiringOf(lab, wanted, wiring.hostDevice))
  return { before: old, after: wanted, wirings: [wiring, next], network: networkChange(wiring, next) }
}

/** @throws LabError as {@link comparison} */
export function changesBetween(before: Plan, after: Plan): LabChanges {
  return changesOf(comparison(before, after))
}

/** A comparison as a list. */
export function changesOf(compared: Comparison): LabChanges {
  const nodes = nodeChanges(compared)
  const touched = new Set(nodes.map(({ name }) => name))
  return {
    changes: [
      ...nodes,
      ...linkChanges(compared),
      ...hostChanges(compared),
      ...wireChanges(compared),
      ...probeChanges(compared),
      ...keyChanges(compared),
      ...planChanges(compared),
    ],
    untouched: compared.after.nodes.map(({ name }) => name).filter((name) => !touched.has(name)),
  }
}

function effect(name: EffectName, ...what: string[]): Effect {
  return { effect: name, what }
}

function linkChanges({ before, after, network }: Comparison): LabChange[] {
  const [old, wanted] = [before, after].map(({ links }) => new Map(links.map((link) => [link.id, link])))
  const recabled = new Set(network.cablesNew.map(({ id }) => id))
  return listed(old, wanted, 'link', (was, is) => {
    const what = [
      ...(isSame(was.seal, is.seal) ? [] : ['seal']),
      ...(was.mtu === is.mtu ? [] : ['mtu']),
      ...((was.delay ?? 0) === (is.delay ?? 0) ? [] : ['delay']),
      ...(isSame([was.a, was.b], [is.a, is.b]) ? [] : ['ports']),
    ]
    if (recabled.has(is.id)) return [effect('replace', ...(what.length === 0 ? ['ends'] : what))]
    const set = what.filter((one) => one === 'delay')
    const told = what.filter((one) => one !== 'delay')
    return [
      ...(set.length === 0 ? [] : [effect('set', ...set)]),
      ...(told.length === 0 ? [] : [effect('none', ...told)]),
    ]
  })
}

function hostChanges({ before, after, network, wirings: [, wiring] }: Comparison): LabChange[] {
  const [old, wanted] = [before, after].map(({ hosts }) => new Map(hosts.map((host) => [host.id, host])))
  const recabled = new Set(network.cablesNew.map(({ id }) => id))
  const fresh = new Set(network.namespacesNew)
  return listed(old, wanted, 'host', (was, is) => {
    const what = (['at', 'network', 'mac', 'addresses', 'gateways', 'gatewayMac', 'mtu'] as const).filter(
      (key) => !isSame(was[key], is[key]),
    )
    // Its name may be taken by another by now.
    const moved = wiring.hosts.some(({ host, namespace }) => host === is.id && fresh.has(namespace))
    if (moved) return [effect('replace', 'namespace', ...what)]
    if (recabled.has(is.id)) return [effect('replace', ...(what.length === 0 ? ['port'] : what))]
    return what.length === 0 ? [] : [effect('set', ...what)]
  })
}

function listed<T>(
  before: ReadonlyMap<string, T> | undefined,
  after: ReadonlyMap<string, T> | undefined,
  kind: LabChange['kind'],
  changed: (was: T, is: T) => Effect[],
): LabChange[] {
  const names = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])
  return [...names].flatMap((name): LabChange[] => {
    const [was, is] = [before?.get(name), after?.get(name)]
    if (was === undefined) return [{ change: 'add', kind, name, effects: [effect('create')] }]
    if (is === undefined) return [{ change: 'remove', kind, name, effects: [effect('remove')] }]
    const effects = changed(was, is)
    return effects.length === 0 ? [] : [{ change: 'change', kind, name, effects }]
  })
}

/** The wire node is told of other delays; for other links, and for cables that are made anew, it begins anew. */
function wireChanges({ wirings: [before, after], network }: Comparison): LabChange[] {
  const [was, is] = [before.wire, after.wire]
  const recabled = network.cablesNew.some(({ through }) => through !== undefined)
  if (isSame(was, is) && !recabled) return []
  const row = (change: LabChange['change'], effects: Effect[]): LabChange[] => [
    { change, kind: 'wire', name: 'wire', effects },
  ]
  if (was === undefined) return row('add', [effect('create')])
  if (is === undefined) return row('remove', [effect('remove')])
  const ends = (links: typeof was.links) => links.map(({ id, a, b }) => [id, a, b])
  const isTold = !recabled && isSame(ends(was.links), ends(is.links))
  return row('change', [isTold ? effect('set', 'delay') : effect('restart', recabled ? 'cables' : 'links')])
}

/** The probe is given its hosts and ends of links when it starts. */
function probeChanges({ before, after, network: { cablesGone, cablesNew } }: Comparison): LabChange[] {
  const hosts = ({ hosts: all }: Plan) =>
    all.map(({ id, mac, addresses, mtu }) => ({ id, mac, addresses, mtu }))
  const links = ({ links: all }: Plan) => all.map(({ id, a, b }) => [id, a, b])
  const what = [
    ...(isSame(hosts(before), hosts(after)) ? [] : ['hosts']),
    ...(isSame(links(before), links(after)) ? [] : ['links']),
    ...(cablesGone.length + cablesNew.length === 0 ? [] : ['cables']),
  ]
  return what.length === 0
    ? []
    : [{ change: 'change', kind: 'probe', name: 'probe', effects: [effect('restart', ...what)] }]
}

function keyChanges({ before, after }: Comparison): LabChange[] {
  const [old, wanted] = [new Set(before.keys), new Set(after.keys)]
  const fresh = after.keys.filter((key) => !old.has(key))
  const gone = before.keys.filter((key) => !wanted.has(key))
  const row = (change: 'add' | 'remove', name: EffectName, keys: readonly string[]): LabChange[] =>
    keys.length === 0 ? [] : [{ change, kind: 'keys', name: 'keys', effects: [effect(name, ...keys)] }]
  return [...row('add', 'create', fresh), ...row('remove', 'remove', gone)]
}

/** What is judged, and by no process of the lab. */
function planChanges({ before, after }: Comparison): LabChange[] {
  const what = (['tenants', 'intents', 'underlay'] as const).filter((key) => !isSame(before[key], after[key]))
  const roles = ({ nodes }: Plan) => nodes.map(({ name, role, asn, vtep }) => ({ name, role, asn, vtep }))
  const kept = new Set(before.nodes.map(({ name }) => name))
  const isKept = ({ name }: { readonly name: string }) => kept.has(name)
  const same = isSame(
    roles(before).filter(({ name }) => after.nodes.some((one) => one.name === name)),
    roles(after).filter(isKept),
  )
  const all = [...what, ...(same ? [] : ['roles'])]
  return all.length === 0
    ? []
    : [{ change: 'change', kind: 'plan', name: 'plan', effects: [effect('none', ...all)] }]
}
