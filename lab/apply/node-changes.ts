/**
 * What a change of plan does to nodes.
 *
 * @module
 */
import type { Plan, PlanNode } from '../../contract/plan.js'
import type { NodeProgram } from '../../contract/program.js'
import { daemonChange } from '../daemons/change.js'
import type { Controlled } from '../daemons/files.js'
import type { Comparison, Effect, LabChange } from './changes.js'
import { isSame } from './same.js'

export function nodeChanges(compared: Comparison): LabChange[] {
  const { before, after } = compared
  const [old, wanted] = [before, after].map(({ nodes }) => new Map(nodes.map((node) => [node.name, node])))
  const names = new Set([...before.nodes, ...after.nodes].map(({ name }) => name))
  return [...names].flatMap((name): LabChange[] => {
    const [was, is] = [old?.get(name), wanted?.get(name)]
    const row = (change: LabChange['change'], effects: Effect[]): LabChange[] =>
      effects.length === 0 ? [] : [{ change, kind: 'node', name, effects }]
    if (was === undefined) return row('add', [{ effect: 'create', what: [] }])
    if (is === undefined) return row('remove', [{ effect: 'remove', what: [] }])
    return row('change', nodeEffects(compared, was, is))
  })
}

function nodeEffects({ before, after, network }: Comparison, was: PlanNode, is: PlanNode): Effect[] {
  const { name } = is
  const kernel = network.kernels.find(({ node }) => node === name)
  const recabled = network.recabled.get(name) ?? []
  const program = [...portsText(was.program, is.program, recabled), ...programParts(was.program, is.program)]
  const daemons = daemonEffect(before, after, was, is)
  // What an agent wants of an engine it is told when it begins; and an engine that forgets is told all again.
  const hasAgent = is.control?.daemon === 'gobgp'
  const agent = hasAgent && (program.length > 0 || !isSame(was.control, is.control))
  return [
    ...(kernel === undefined ? [] : [{ effect: 'set' as const, what: [...kernel.what] }]),
    ...(program.length === 0 ? [] : [{ effect: 'load' as const, what: program }]),
    ...daemons,
    ...(agent
      ? [
          {
            effect: 'restart-agent' as const,
            what: isSame(was.control, is.control) ? ['program'] : ['control'],
          },
        ]
      : []),
  ]
}

/** Ports whose device is another than before: the engine closes them, and opens those that are there. */
function portsText(was: NodeProgram, is: NodeProgram, recabled: readonly string[]): string[] {
  const names = (program: NodeProgram) =>
    program.interfaces.flatMap((item) => (item.kind === 'port' ? [item.name] : []))
  const [old, wanted] = [new Set(names(was)), new Set(names(is))]
  return [
    ...[...wanted].filter((name) => !old.has(name)).map((name) => `port ${name} new`),
    ...[...wanted]
      .filter((name) => old.has(name) && recabled.includes(name))
      .map((name) => `port ${name} anew`),
    ...[...old].filter((name) => !wanted.has(name)).map((name) => `port ${name} gone`),
  ]
}

/** Parts of a program that differ: those of its tables by their names, interfaces as one. */
function programParts(was: NodeProgram, is: NodeProgram): string[] {
  const parts = (one: object, other: object) =>
    [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(
      (key) => !isSame(Reflect.get(one, key), Reflect.get(other, key)),
    )
  return parts(was, is).flatMap((key) => {
    if (key === 'tables') return parts(was.tables, is.tables)
    return key === 'interfaces' ? interfaceNames(was, is) : [key]
  })
}

/** Names that are said; a tenant more is many interfaces. */
const SAID = 8

function interfaceNames(was: NodeProgram, is: NodeProgram): string[] {
  const [old, wanted] = [was, is].map(
    ({ interfaces }) => new Map(interfaces.map((item) => [item.name, item])),
  )
  const names = [...new Set([...(old?.keys() ?? []), ...(wanted?.keys() ?? [])])].filter(
    (name) => !isSame(old?.get(name), wanted?.get(name)),
  )
  const more = names.length - SAID
  return more > 0 ? [...names.slice(0, SAID), `${more} more interfaces`] : names
}

function daemonEffect(before: Plan, after: Plan, was: PlanNode, is: PlanNode): Effect[] {
  const [old, wanted] = [controlledOf(was), controlledOf(is)]
  if (old === undefined && wanted === undefined) return []
  if (old === undefined) return [{ effect: 'restart-daemons', what: ['none ran'] }]
  if (wanted === undefined) return [{ effect: 'restart-daemons', what: ['none is to run'] }]
  const change = daemonChange([old, controlledOfAll(before)], [wanted, controlledOfAll(after)])
  if (change.how === 'none') return []
  const effect = change.how === 'told' ? 'tell-daemons' : 'restart-daemons'
  return [{ effect, what: [...change.what] }]
}

function controlledOf({ name: node, control }: PlanNode): Controlled | undefined {
  return control === undefined ? undefined : { node, control }
}

export function controlledOfAll({ nodes }: Plan): readonly Controlled[] {
  return nodes.flatMap((node) => controlledOf(node) ?? [])
}
