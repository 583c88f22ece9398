/**
 * What a schema complains of, as problems with places and remedies.
 *
 * @module
 */
import { z } from 'zod'
import { comesLater } from './later.js'
import { didYouMean, suggest } from './names.js'
import type { Problems } from './problem.js'
import {
  alternativesAt,
  keySchemaAt,
  keysAt,
  meaningOf,
  optionsOf,
  schemaAt,
  type Schema,
} from './schema-path.js'
import { pathOf, type Issue } from './shape-issue.js'
import { find, formatPath, placeOfKey, placeOfValue, type Path, type Tree } from './tree.js'

export class ShapeReport {
  readonly #tree: Tree
  readonly #root: Schema
  readonly #problems: Problems

  constructor(tree: Tree, root: Schema, problems: Problems) {
    this.#tree = tree
    this.#root = root
    this.#problems = problems
  }

  add(issues: readonly Issue[]): void {
    for (const issue of issues) this.#issue(issue, issues)
  }

  #issue(issue: Issue, all: readonly Issue[]): void {
    const path = pathOf(issue)
    if (issue.code === 'unrecognized_keys') for (const key of issue.keys) this.#unknownKey(path, key)
    else if (issue.code === 'invalid_key') this.#name(path)
    else if (find(this.#tree, path) === undefined) this.#missing(path, all)
    else if (issue.code === 'invalid_union') this.#union(path, issue.errors)
    else this.#value(path)
  }

  /** Of a value or a list of such values: speaks of the items that are wrong, if it is a list. */
  #union(path: Path, options: readonly (readonly Issue[])[]): void {
    const isList = find(this.#tree, path)?.kind === 'list'
    const items = isList ? options.flat().filter((issue) => issue.path.length > 0) : []
    if (items.length === 0) this.#value(path)
    for (const item of items) this.#value([...path, ...pathOf(item)])
  }

  #unknownKey(path: Path, key: string): void {
    const full = [...path, key]
    const where = { at: placeOfKey(this.#tree, full), path: formatPath(full) }
    const later = comesLater(full)
    if (later !== undefined) {
      this.#problems.add('ZT_FABRIC_UNSUPPORTED', where, `${later} not supported yet`, 'leave it out')
      return
    }
    const map = find(this.#tree, path)
    const present = map?.kind === 'map' ? [...map.entries.keys()] : []
    const known = keysAt(this.#root, path, present)
    const holder = path.length === 0 ? 'the file' : formatPath(path)
    const kind = alternativesAt(this.#root, path).find((other) => known.includes(other))
    if (kind !== undefined && schemaAt(this.#root, full) !== undefined) {
      this.#problems.add(
        'ZT_FABRIC_UNKNOWN_KEY',
        where,
        `${holder} has ${kind}, with which ${key} does not go`,
        `leave it out, or write one of ${known.join(', ')}`,
      )
      return
    }
    this.#problems.add(
      'ZT_FABRIC_UNKNOWN_KEY',
      where,
      `${holder} has no key ${shorten(key)}${didYouMean(key, known)}`,
      `write one of ${known.join(', ')}`,
    )
  }

  #missing(path: Path, all: readonly Issue[]): void {
    const key = String(path.at(-1))
    const parent = path.slice(0, -1)
    // What stands there under a wrong name, or was refused already, is not missing as well.
    if (this.#problems.has(formatPath(path)) || this.#problems.has(formatPath(parent))) return
    if (all.some((issue) => standsFor(issue, parent, key))) return
    const holder = parent.length === 0 ? 'the file' : formatPath(parent)
    const { description, example } = meaningOf(schemaAt(this.#root, path))
    const alternatives = alternativesAt(this.#root, parent)
    const isOneOf = alternatives.includes(key)
    this.#problems.add(
      'ZT_FABRIC_MISSING_KEY',
      { at: placeOfKey(this.#tree, parent), path: formatPath(path) },
      isOneOf ? `${holder} has neither ${alternatives.join(' nor ')}` : `${holder} has no ${key}`,
      `give ${isOneOf ? `one of ${alternatives.join(' and ')}` : description}, such as ${key}: ${example}`,
    )
  }

  #name(path: Path): void {
    const { description, example } = meaningOf(keySchemaAt(this.#root, path.slice(0, -1)))
    this.#problems.add(
      'ZT_FABRIC_NAME',
      { at: placeOfKey(this.#tree, path), path: formatPath(path) },
      `${shorten(JSON.stringify(path.at(-1)))} cannot be a name here`,
      `write ${description}, such as ${example}`,
    )
  }

  #value(path: Path): void {
    if (this.#problems.has(formatPath(path))) return
    const value = find(this.#tree, path)
    const where = { at: placeOfValue(this.#tree, path), path: formatPath(path) }
    const schema = schemaAt(this.#root, path)
    const { id, description, example } = meaningOf(schema)
    const key = nameOf(path)
    const remedy = `write ${description}, such as ${example}`
    const text = value?.kind === 'scalar' ? String(value.value) : undefined
    const later = comesLater(path, text, value?.kind)
    if (later !== undefined) {
      this.#problems.add('ZT_FABRIC_UNSUPPORTED', where, `${later} not supported yet`, remedy)
      return
    }
    // A key's value in the place of its name must not end up in a log.
    const secret = path.at(-1) === 'key'
    if (value === undefined || !accepts(schema, value)) {
      const what = value === undefined ? 'nothing' : describe(value, secret)
      this.#problems.add('ZT_FABRIC_TYPE', where, `${key} is ${what}`, remedy)
      return
    }
    const known = optionsOf(schema)
    const shown = secret || text === undefined ? '' : ` ${shorten(text)}`
    this.#problems.add(
      id === 'Name' ? 'ZT_FABRIC_NAME' : 'ZT_FABRIC_VALUE',
      where,
      `${key}${shown} is not what belongs here${secret ? '' : didYouMean(text ?? '', known)}`,
      known.length > 1 ? `write one of ${known.join(', ')}` : remedy,
    )
  }
}

/** True when an issue is about an unknown key that was probably meant to be this one, or a feature in its place. */
function standsFor(issue: Issue, parent: Path, key: string): boolean {
  if (issue.code !== 'unrecognized_keys' || formatPath(pathOf(issue)) !== formatPath(parent)) return false
  return issue.keys.some(
    (other) => suggest(other, [key]) === key || comesLater([...parent, other]) !== undefined,
  )
}

/** What to call the value at a path: its key, or that of its list. */
function nameOf(path: Path): string {
  return path.findLast((step) => typeof step === 'string') ?? 'the file'
}

/** True when the kind of value is right, so that what is wrong is the value. */
function accepts(schema: Schema | undefined, value: Tree): boolean {
  if (schema instanceof z.ZodUnion) return schema.options.some((option) => accepts(option, value))
  if (schema instanceof z.ZodArray) return value.kind === 'list' && value.items.length > 0
  if (schema instanceof z.ZodObject || schema instanceof z.ZodRecord) return value.kind === 'map'
  if (value.kind !== 'scalar') return false
  if (schema instanceof z.ZodString || schema instanceof z.ZodEnum) return typeof value.value === 'string'
  return typeof value.value === 'number'
}

function describe(value: Tree, secret: boolean): string {
  switch (value.kind) {
    case 'map':
      return 'a map'
    case 'list':
      return value.items.length === 0 ? 'an empty list' : 'a list'
    case 'scalar': {
      if (value.value === null || value.value === '') return 'empty'
      const kind = typeof value.value === 'string' ? 'text' : typeof value.value
      return secret ? `a ${kind}` : `the ${kind} ${shorten(String(value.value))}`
    }
  }
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
