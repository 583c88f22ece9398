/**
 * What differs between two plans, by what things are called and not by where they stand in a list.
 *
 * @module
 */
import type { Plan } from '../contract/plan.js'
import { printableLine } from './printable.js'
import { counted } from './table.js'

/** One difference. Paths read `nodes[leaf1].program.interfaces[eth1].mtu`. */
export type PlanChange =
  | { readonly change: 'added'; readonly path: string; readonly after: unknown }
  | { readonly change: 'removed'; readonly path: string; readonly before: unknown }
  | { readonly change: 'changed'; readonly path: string; readonly before: unknown; readonly after: unknown }

/** Characters of a value that are shown. */
const SHOWN = 100

/** What identifies an element of a list, most telling first. */
const identities: readonly (readonly string[])[] = [
  ['name'],
  ['vrf', 'prefix'],
  ['bridge', 'mac'],
  ['interface', 'address'],
  ['interface', 'gateway'],
  ['id'],
  ['sci', 'an'],
  ['interface'],
]

/** Every difference, in the order of the plans. */
export function diffPlans(before: Plan, after: Plan): readonly PlanChange[] {
  return [...differences(before, after, '')]
}

/** A line a difference. */
export function planDiffText(changes: readonly PlanChange[]): string {
  if (changes.length === 0) return 'no difference\n'
  const lines = changes.map((one) => {
    switch (one.change) {
      case 'added':
        return `+ ${one.path}: ${shown(one.after)}`
      case 'removed':
        return `- ${one.path}: ${shown(one.before)}`
      case 'changed':
        return `~ ${one.path}: ${shown(one.before)} -> ${shown(one.after)}`
    }
  })
  return `${lines.map(printableLine).join('\n')}\n${counted(changes.length, 'difference')}\n`
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? ''
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`
}

function* differences(before: unknown, after: unknown, path: string): Generator<PlanChange> {
  if (before === undefined && after === undefined) return
  if (before === undefined) yield { change: 'added', path, after }
  else if (after === undefined) yield { change: 'removed', path, before }
  else if (Array.isArray(before) && Array.isArray(after)) yield* listDifferences(before, after, path)
  else if (isRecord(before) && isRecord(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      yield* differences(before[key], after[key], path === '' ? key : `${path}.${key}`)
    }
  } else if (before !== after) yield { change: 'changed', path, before, after }
}

function* listDifferences(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
): Generator<PlanChange> {
  const label = labelling(before, after)
  const left = labelled(before, label)
  const right = labelled(after, label)
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    yield* differences(left.get(key), right.get(key), `${path}[${key}]`)
  }
}

function labelled(
  list: readonly unknown[],
  label: (element: unknown, index: number) => string,
): ReadonlyMap<string, unknown> {
  return new Map(list.map((element, index) => [label(element, index), element]))
}

/** A label for each element that is the same in both lists for the same thing, and differs within each list. */
function labelling(
  before: readonly unknown[],
  after: readonly unknown[],
): (element: unknown, index: number) => string {
  const byValue = (element: unknown) => String(element)
  const every = [...before, ...after]
  if (every.every(isScalar) && [before, after].every((list) => distinct(list.map(byValue)))) return byValue
  for (const fields of identities) {
    const byFields = (element: unknown) =>
      isRecord(element) ? fields.map((field) => scalarText(element[field])).join(' ') : ''
    const has = every.every(
      (element) => isRecord(element) && fields.every((field) => isScalar(element[field])),
    )
    if (has && [before, after].every((list) => distinct(list.map(byFields)))) return byFields
  }
  return (_, index) => String(index)
}

function distinct(labels: readonly string[]): boolean {
  return new Set(labels).size === labels.length
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function scalarText(value: unknown): string {
  return isScalar(value) ? String(value) : ''
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
