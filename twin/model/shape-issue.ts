/**
 * What a schema complains of.
 *
 * @module
 */
import { z } from 'zod'
import { choiceOf, schemaAt, type Schema } from './schema-path.js'
import { find, type Path, type Tree } from './tree.js'

export type Issue = z.core.$ZodIssue

/** Path of an issue. */
export function pathOf(issue: Issue): Path {
  return issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
}

/** Of a map that is none of the maps it may be: the issues of the one that its keys say it was meant to be. */
export function issuesOfOption(tree: Tree, root: Schema, issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const path = pathOf(issue)
  const value = find(tree, path)
  const schema = schemaAt(root, path)
  if (value?.kind !== 'map' || !(schema instanceof z.ZodUnion)) return [issue]
  const inner = issue.errors[choiceOf(schema, [...value.entries.keys()])]
  // Nothing that it may be is a map.
  if (inner === undefined || inner.length === 0) return [issue]
  return inner.map((one) => ({ ...one, path: [...issue.path, ...one.path] }))
}
