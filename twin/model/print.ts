/**
 * Data as YAML text, as people write fabric files: blocks outside, one line inside.
 *
 * @module
 */
import { Document } from 'yaml'

export type Data = Readonly<Record<string, unknown>>

export function isRecord(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Text of a whole file. */
export function printFile(data: Data): string {
  // What is known of a file's top: its parts stand in blocks, except for small ones.
  return Object.entries(data)
    .map(([key, value]) => `${printEntry(key, value, '')}\n`)
    .join('')
}

/** A key with its value in a block at an indentation, without the last line feed. */
export function printEntry(key: string, value: unknown, indent: string): string {
  const head = `${indent}${printKey(key)}:`
  if (isSmall(value)) return `${head} ${printFlow(value)}`
  const inner = `${indent}  `
  return `${head}\n${printBlock(value, inner)}`
}

/** A map or list in a block at an indentation, without the last line feed. */
function printBlock(value: unknown, indent: string): string {
  if (Array.isArray(value)) return value.map((item) => printItem(item, indent)).join('\n')
  return isRecord(value)
    ? Object.entries(value)
        .map(([key, inner]) => printEntry(key, inner, indent))
        .join('\n')
    : `${indent}${printFlow(value)}`
}

/** An item of a list in a block. */
export function printItem(value: unknown, indent: string): string {
  return `${indent}- ${printFlow(value)}`
}

/** Fits in a line: a plain value, an empty collection, or one of plain values and lists of them. */
function isSmall(value: unknown): boolean {
  if (isRecord(value)) return Object.values(value).every((inner) => !isRecord(inner) && isSmall(inner))
  return !Array.isArray(value) || value.every((item) => !isRecord(item) && !Array.isArray(item))
}

/** A value in one line. */
export function printFlow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printFlow).join(', ')}]`
  if (!isRecord(value)) return printScalar(value)
  const entries = Object.entries(value).map(([key, inner]) => `${printScalar(key)}: ${printFlow(inner)}`)
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
}

/** A plain value, quoted where a flow collection needs it. */
function printScalar(value: unknown): string {
  const document = new Document(undefined, { version: '1.2', schema: 'core' })
  document.contents = document.createNode([value], { flow: true })
  return document.toString({ lineWidth: 0, flowCollectionPadding: false }).trim().slice(1, -1)
}

/** A key in a block, where brackets need no quotes. */
function printKey(key: string): string {
  const text = new Document({ [key]: 0 }, { version: '1.2', schema: 'core' }).toString({ lineWidth: 0 })
  return text.slice(0, text.lastIndexOf(':'))
}
