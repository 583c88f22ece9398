/**
 * YAML to values of the contract's shape, as Go's yaml.v2 decodes into the types of containerlab: a plain scalar is text where text is
 * wanted, whatever it looks like (`MTU: 9000`, `yes`), and a number or a truth value only where one of these is.
 *
 * @module
 */
import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Pair, type Scalar } from 'yaml'
import { z } from 'zod'
import { didYouMean } from '../../twin/model/names.js'
import type { TopologyProblemCode } from './problem.js'

/** Keys and numbers of items from the top of the file. */
export type Path = readonly (string | number)[]

export interface ReaderHooks {
  /** `offset` in the text that was parsed. */
  readonly bad: (
    code: TopologyProblemCode,
    offset: number,
    path: Path,
    reason: string,
    remedy: string,
  ) => void
}

/** Aliases may name what holds aliases; more values than this are an attack, or a mistake. */
const MAX_VALUES = 100_000
const MAX_DEPTH = 40
/** What yaml.v2 takes for truth values. */
const TRUE = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/
const FALSE = /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/
const NULL = /^(?:~|null|Null|NULL)?$/
const INTEGER = /^[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|[0-9][0-9_]*)$/

export class ShapeReader {
  private values = 0

  constructor(
    private readonly document: Document,
    private readonly hooks: ReaderHooks,
  ) {}

  /** @returns `undefined` for what is not given, and for what is wrong, which was said then */
  read(node: unknown, shape: z.core.$ZodType, path: Path): unknown {
    const value = this.resolved(node, path)
    if (value === undefined || isNull(value)) return undefined
    const inner = shape instanceof z.ZodOptional ? shape.unwrap() : shape
    if (inner instanceof z.ZodObject) return this.readObject(value, inner, path)
    if (inner instanceof z.ZodDiscriminatedUnion) return this.readUnion(value, inner, path)
    if (inner instanceof z.ZodRecord) return this.readRecord(value, inner, path)
    if (inner instanceof z.ZodArray) return this.readList(value, inner, path)
    if (inner instanceof z.ZodUnknown) return this.readAnything(value, path)
    return this.readScalar(value, inner, path)
  }

  /** The map at a place, by key; duplicates and keys that are no text are said. */
  private entries(node: Node, path: Path): Map<string, Pair> {
    const entries = new Map<string, Pair>()
    if (!isMap(node)) {
      this.bad('ZT_TOPOLOGY_TYPE', path, `${nameOf(path)} must be a map`, 'write keys and values')
      return entries
    }
    for (const [pair, isMerged] of this.pairsOf(node, path, 0)) {
      const key: unknown = isAlias(pair.key) ? this.resolved(pair.key, path) : pair.key
      if (!isScalar(key)) {
        this.bad('ZT_TOPOLOGY_TYPE', path, `a key of ${nameOf(path)} is no text`, 'write a name')
        continue
      }
      const name = textOf(key)
      if (!entries.has(name)) entries.set(name, pair)
      else if (!isMerged)
        this.bad(
          'ZT_TOPOLOGY_DUPLICATE_KEY',
          [...path, name],
          `the key ${name} stands here twice`,
          'keep one of them',
          key,
        )
    }
    return entries
  }

  /** A map's own pairs before those that `<<` merges into it, of which the first counts. */
  private *pairsOf(node: Node, path: Path, depth: number): Generator<readonly [Pair, boolean]> {
    if (!isMap(node) || depth > MAX_DEPTH) return
    // In quotes as well: yaml.v2 looks at nothing but the text.
    const isMerge = ({ key }: Pair) => isScalar(key) && key.value === '<<'
    const pairs = node.items
    for (const pair of pairs) if (!isMerge(pair)) yield [pair, depth > 0]
    for (const pair of pairs.filter(isMerge)) {
      const merged = this.resolved(pair.value, path)
      for (const one of isSeq(merged) ? merged.items : [merged]) {
        const map = this.resolved(one, path)
        if (isMap(map)) yield* this.pairsOf(map, path, depth + 1)
        else
          this.bad(
            'ZT_TOPOLOGY_TYPE',
            path,
            `what << merges into ${nameOf(path)} is no map`,
            'name a map, or a list of maps',
            pair.key,
          )
      }
    }
  }

  /** Says what is wrong at a value, or with `key` at its key. */
  bad(code: TopologyProblemCode, path: Path, reason: string, remedy: string, key?: unknown): undefined {
    const at = isScalar(key) ? key.range?.[0] : undefined
    this.hooks.bad(code, at ?? this.offsetOf(path), path, reason, remedy)
  }

  /** Where a value stands; that of what holds it, if it is not there. */
  private offsetOf(path: Path): number {
    let node: unknown = this.document.contents
    let offset = 0
    for (const part of [undefined, ...path]) {
      if (part !== undefined) node = isSeq(node) ? node.items[Number(part)] : this.valueIn(node, String(part))
      const range = (node as Node | null | undefined)?.range
      if (range === null || range === undefined) return offset
      offset = range[0]
      if (isAlias(node)) node = node.resolve(this.document)
    }
    return offset
  }

  private valueIn(node: unknown, key: string): unknown {
    const pair = isMap(node)
      ? node.items.find((one) => isScalar(one.key) && textOf(one.key) === key)
      : undefined
    return pair?.value
  }

  private resolved(node: unknown, path: Path): Node | undefined {
    const target = isAlias(node) ? node.resolve(this.document) : node
    if (target === null || target === undefined) return undefined
    const found = target as Node
    this.values++
    if (this.values <= MAX_VALUES && path.length <= MAX_DEPTH) return found
    if (this.values === MAX_VALUES + 1 || path.length === MAX_DEPTH + 1)
      this.bad(
        'ZT_TOPOLOGY_YAML',
        path,
        'the file says too much: aliases of aliases, or values too deep in each other',
        'write out what is meant',
      )
    return undefined
  }

  private readObject(
    node: Node,
    shape: z.ZodObject,
    path: Path,
    besides: readonly string[] = [],
  ): Record<string, unknown> | undefined {
    if (!isMap(node))
      return this.bad('ZT_TOPOLOGY_TYPE', path, `${nameOf(path)} must be a map`, 'write keys and values')
    const read: Record<string, unknown> = {}
    const entries = this.entries(node, path)
    for (const [key, pair] of entries) {
      if (besides.includes(key)) continue
      const inner = fieldOf(shape, key)
      if (inner === undefined) {
        this.unknownKey(key, path, Object.keys(shape.shape), pair)
        continue
      }
      const value = this.read(pair.value, inner, [...path, key])
      if (value !== undefined) read[key] = value
    }
    for (const [key, inner] of Object.entries(shape.shape)) {
      if (inner instanceof z.ZodOptional || Object.hasOwn(read, key) || entries.has(key)) continue
      this.bad('ZT_TOPOLOGY_MISSING_KEY', path, `${nameOf(path)} has no ${key}`, `add ${key}`)
    }
    return read
  }

  /** What says nothing of its `type` is of the first one. */
  private readUnion(node: Node, union: z.ZodDiscriminatedUnion, path: Path): unknown {
    const options = union.options.filter((option) => option instanceof z.ZodObject)
    const typesOf = ({ shape: { type } }: z.ZodObject): readonly unknown[] =>
      type instanceof z.ZodEnum ? type.options : type instanceof z.ZodLiteral ? [...type.values] : []
    const pair = isMap(node) ? this.entries(node, path).get('type') : undefined
    const written = pair === undefined ? undefined : this.resolved(pair.value, [...path, 'type'])
    const type = isScalar(written) ? textOf(written).trim().toLowerCase() : options.flatMap(typesOf)[0]
    const option = options.find((one) => typesOf(one).includes(type))
    if (option === undefined) {
      const known = options.flatMap(typesOf).join(', ')
      return this.bad(
        'ZT_TOPOLOGY_VALUE',
        [...path, 'type'],
        `${formatPath(path)} is of type ${String(type)}`,
        `write one of ${known}`,
      )
    }
    const { type: _, ...shape } = option.shape
    const read = this.readObject(node, z.strictObject(shape), path, ['type'])
    return read === undefined ? undefined : { type, ...read }
  }

  /** Says that a key is none that containerlab knows here. */
  private unknownKey(key: string, path: Path, known: readonly string[], pair: Pair): void {
    this.bad(
      'ZT_TOPOLOGY_UNKNOWN_KEY',
      [...path, key],
      `${key} is no key that containerlab 0.79 knows here${didYouMean(key, known)}`,
      'take it out, or write it as its manual does',
      pair.key,
    )
  }

  private readRecord(node: Node, shape: z.ZodRecord, path: Path): Record<string, unknown> | undefined {
    if (!isMap(node))
      return this.bad('ZT_TOPOLOGY_TYPE', path, `${nameOf(path)} must be a map`, 'write keys and values')
    const read: Record<string, unknown> = {}
    for (const [key, pair] of this.entries(node, path)) {
      // What a node has is absent where nothing is said of it; the node is there. The same of a text.
      const empty =
        shape.valueType instanceof z.ZodObject ? {} : shape.valueType instanceof z.ZodString ? '' : null
      const value = this.read(pair.value, shape.valueType, [...path, key])
      // By definition and not by assignment: a node may be named as something that objects have.
      Object.defineProperty(read, key, {
        value: value ?? empty,
        enumerable: true,
        configurable: true,
        writable: true,
      })
    }
    return read
  }

  private readList(node: Node, shape: z.ZodArray, path: Path): unknown[] | undefined {
    if (!isSeq(node))
      return this.bad(
        'ZT_TOPOLOGY_TYPE',
        path,
        `${nameOf(path)} must be a list`,
        'write items, each behind a -',
      )
    return node.items.map((item, i) => {
      const value = this.read(item, shape.element, [...path, i])
      if (value !== undefined || shape.element instanceof z.ZodString) return value ?? ''
      if (isNothing(item))
        this.bad(
          'ZT_TOPOLOGY_TYPE',
          [...path, i],
          `${formatPath([...path, i])} is empty`,
          'write it, or take it out',
        )
      return {}
    })
  }

  private readScalar(node: Node, shape: z.core.$ZodType, path: Path): unknown {
    if (!isScalar(node))
      return this.bad(
        'ZT_TOPOLOGY_TYPE',
        path,
        `${nameOf(path)} must be a single value`,
        'write it on one line',
      )
    const text = textOf(node)
    const isPlain = node.type === 'PLAIN'
    if (shape instanceof z.ZodString)
      return text !== '' || shape.safeParse(text).success
        ? text
        : this.bad('ZT_TOPOLOGY_VALUE', path, `${nameOf(path)} is empty`, 'write something')
    if (shape instanceof z.ZodEnum || shape instanceof z.ZodLiteral) {
      const values = shape instanceof z.ZodEnum ? shape.options : [...shape.values]
      if (values.includes(text)) return text
      return this.bad(
        'ZT_TOPOLOGY_VALUE',
        path,
        `${nameOf(path)} is ${shown(text)}`,
        `write one of ${values.join(', ')}`,
      )
    }
    if (shape instanceof z.ZodBoolean) {
      if (isPlain && TRUE.test(text)) return true
      if (isPlain && FALSE.test(text)) return false
      return this.bad('ZT_TOPOLOGY_TYPE', path, `${nameOf(path)} is ${shown(text)}`, 'write true or false')
    }
    const number = isPlain ? numberOf(text) : undefined
    const isWhole = shape instanceof z.ZodNumber && shape.isInt
    if (number === undefined || (isWhole && !Number.isSafeInteger(number)))
      return this.bad(
        'ZT_TOPOLOGY_TYPE',
        path,
        `${nameOf(path)} is ${shown(text)}`,
        `write a ${isWhole ? 'whole ' : ''}number, without quotes`,
      )
    if (shape instanceof z.ZodNumber && !shape.safeParse(number).success)
      return this.bad('ZT_TOPOLOGY_VALUE', path, `${nameOf(path)} is ${number}`, 'write a greater one')
    return number
  }

  /** As YAML means it, for templates. */
  private readAnything(node: Node, path: Path): unknown {
    if (isMap(node))
      return Object.fromEntries(
        [...this.entries(node, path)].map(([key, pair]) => [
          key,
          this.anythingAt(pair.value, [...path, key]),
        ]),
      )
    if (isSeq(node)) return node.items.map((item, i) => this.anythingAt(item, [...path, i]))
    if (!isScalar(node) || node.type !== 'PLAIN') return isScalar(node) ? textOf(node) : null
    const text = textOf(node)
    if (TRUE.test(text)) return true
    if (FALSE.test(text)) return false
    return numberOf(text) ?? text
  }

  private anythingAt(node: unknown, path: Path): unknown {
    const value = this.resolved(node, path)
    return value === undefined || isNull(value) ? null : this.readAnything(value, path)
  }
}

function fieldOf(shape: z.ZodObject, key: string): z.core.$ZodType | undefined {
  const fields: Readonly<Record<string, z.core.$ZodType>> = shape.shape
  return Object.hasOwn(fields, key) ? fields[key] : undefined
}

/** `topology.nodes.leaf1.binds[0]`. */
export function formatPath(path: Path): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join('')
}

function nameOf(path: Path): string {
  return path.length === 0 ? 'the file' : formatPath(path)
}

function isNothing(item: unknown): boolean {
  return item === null || item === undefined || isNull(item as Node)
}

function isNull(node: Node): boolean {
  return isScalar(node) && node.type === 'PLAIN' && NULL.test(textOf(node))
}

/** Of the failsafe schema, which takes every scalar for text. */
function textOf({ value }: Scalar): string {
  return typeof value === 'string' ? value : ''
}

function numberOf(text: string): number | undefined {
  const plain = text.replaceAll('_', '')
  if (INTEGER.test(text)) {
    const sign = plain.startsWith('-') ? -1 : 1
    const digits = plain.replace(/^[-+]/, '').toLowerCase()
    // 010 is eight.
    const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits
    const number = sign * Number(octal)
    return Number.isNaN(number) ? undefined : number
  }
  if (!/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(plain)) return undefined
  return Number(plain)
}

/** Whether a plain scalar is this text where anything may stand. */
export function isPlainText(text: string): boolean {
  return !TRUE.test(text) && !FALSE.test(text) && !NULL.test(text) && numberOf(text) === undefined
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text)
}
