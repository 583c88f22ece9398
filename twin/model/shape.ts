/**
 * Shape of a file: a zod schema against a tree, with places and remedies taken from the schema's own descriptions and
 * examples.
 *
 * @module
 */
import type { z } from 'zod'
import type { Problems } from './problem.js'
import { isRequired } from './schema-path.js'
import { issuesOfOption, pathOf, type Issue } from './shape-issue.js'
import { ShapeReport } from './shape-report.js'
import { find, plain, type Path, type Scalar, type Tree, type TreeList } from './tree.js'

/**
 * Judges a tree. Faulty parts are taken out of the tree, so that all the rest can still be judged.
 *
 * @param standIns what takes the place of faulty top-level values that nothing else depends on
 * @returns what is sound of the file; `undefined` when a part is missing without which nothing else makes sense
 */
export function shape<T>(
  tree: Tree,
  schema: z.ZodType<T>,
  standIns: Readonly<Record<string, Scalar>>,
  problems: Problems,
): T | undefined {
  const pruner = new Pruner(tree, schema, standIns)
  // Each round takes out at least one part; parts uncovered by it are judged in the next.
  for (;;) {
    const parsed = schema.safeParse(plain(tree))
    if (parsed.success) return parsed.data
    const meant = parsed.error.issues.flatMap((issue) => issuesOfOption(tree, schema, issue))
    const issues = meant.filter((issue) => !pruner.caused(issue))
    new ShapeReport(tree, schema, problems).add(issues)
    if (!pruner.prune(meant)) return undefined
  }
}

class Pruner {
  readonly #tree: Tree
  readonly #schema: z.ZodType
  readonly #standIns: Readonly<Record<string, Scalar>>
  /** Lists from which an item was taken: that they are too short now is no news. */
  readonly #shortened = new Set<Tree>()

  constructor(tree: Tree, schema: z.ZodType, standIns: Readonly<Record<string, Scalar>>) {
    this.#tree = tree
    this.#schema = schema
    this.#standIns = standIns
  }

  caused(issue: Issue): boolean {
    const value = find(this.#tree, pathOf(issue))
    return value?.kind === 'list' && value.items.length === 0 && this.#shortened.has(value)
  }

  /** Takes out what the issues are about; false when the rest makes no sense without it. */
  prune(issues: readonly Issue[]): boolean {
    const paths = issues.flatMap((issue) => this.#faultyParts(issue))
    // Nothing taken out would be judged the same again, and again.
    if (paths.length === 0) return false
    // Resolved before anything is taken out, since that moves what follows in a list.
    const cuts = paths.map((path) => this.#cutAt(path))
    for (const cut of cuts) {
      if (cut === undefined) return false
      cut()
    }
    return true
  }

  #faultyParts(issue: Issue): Path[] {
    const path = pathOf(issue)
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [...path, key])
    if (issue.code !== 'invalid_union' || find(this.#tree, path)?.kind !== 'list') return [path]
    // Of a value or a list of such values: an item is at fault, not the list.
    const items = issue.errors.flat().filter((inner) => inner.path.length > 0)
    return items.length === 0 ? [path] : items.map((inner) => [...path, ...pathOf(inner)])
  }

  /** How to take out the smallest part that holds the path and may be absent. */
  #cutAt(path: Path): (() => void) | undefined {
    for (let length = path.length; length > 1; length--) {
      const cut = this.#removal(path.slice(0, length))
      if (cut !== undefined) return cut
    }
    const [top] = path
    if (top === undefined) return undefined
    const value = Object.hasOwn(this.#standIns, top) ? this.#standIns[top] : undefined
    if (value === undefined) return this.#removal([top])
    return () => {
      const { at } = this.#tree
      if (this.#tree.kind === 'map') {
        this.#tree.entries.set(String(top), { at, value: { kind: 'scalar', value, at } })
      }
    }
  }

  #removal(path: Path): (() => void) | undefined {
    const parent = find(this.#tree, path.slice(0, -1))
    const target = find(this.#tree, path)
    if (parent === undefined || target === undefined || isRequired(this.#schema, path)) return undefined
    if (parent.kind === 'map') return () => void parent.entries.delete(String(path.at(-1)))
    if (parent.kind === 'list') return () => this.#removeItem(parent, target)
    return undefined
  }

  #removeItem(list: TreeList, item: Tree): void {
    this.#shortened.add(list)
    const at = list.items.indexOf(item)
    if (at >= 0) list.items.splice(at, 1)
  }
}
