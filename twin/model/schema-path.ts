/**
 * Looking into a zod schema: which part of it a path leads to, and what that part says of itself.
 *
 * @module
 */
import { z } from 'zod'
import { printFlow } from './print.js'
import type { Path } from './tree.js'

/** Any part of a schema. */
export type Schema = z.core.$ZodType

/** The schema of the value at a path, optional ones unwrapped. */
export function schemaAt(root: Schema, path: Path): Schema | undefined {
  let here: Schema | undefined = root
  for (const step of path) here = here === undefined ? undefined : inside(unwrap(here), step)
  return here === undefined ? undefined : unwrap(here)
}

function unwrap(schema: Schema): Schema {
  return schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema
}

function inside(schema: Schema, step: string | number): Schema | undefined {
  if (schema instanceof z.ZodObject) return fieldOf(schema, step)
  if (schema instanceof z.ZodRecord) return schema.valueType
  if (schema instanceof z.ZodArray) return schema.element
  if (schema instanceof z.ZodUnion) {
    const list = schema.options.find((option) => option instanceof z.ZodArray)
    return list === undefined ? undefined : inside(list, step)
  }
  return undefined
}

function fieldOf(schema: z.ZodObject, key: string | number): Schema | undefined {
  return Object.hasOwn(schema.shape, key) ? (schema.shape[key] as Schema) : undefined
}

/** A key that its map cannot be without. */
export function isRequired(root: Schema, path: Path): boolean {
  const parent = schemaAt(root, path.slice(0, -1))
  if (!(parent instanceof z.ZodObject)) return false
  const field = fieldOf(parent, path.at(-1) ?? '')
  return field !== undefined && !(field instanceof z.ZodOptional)
}

/** Keys of the map at a path. */
export function keysAt(root: Schema, path: Path): readonly string[] {
  const schema = schemaAt(root, path)
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

/** What the keys of the map at a path must be. */
export function keySchemaAt(root: Schema, path: Path): Schema | undefined {
  const schema = schemaAt(root, path)
  return schema instanceof z.ZodRecord ? schema.keyType : undefined
}

/** Values that a schema lists. */
export function optionsOf(schema: Schema | undefined): readonly string[] {
  return schema instanceof z.ZodEnum ? schema.options.map(String) : []
}

/** What a part of the schema stands for, in words, and one example of it. */
export function meaningOf(schema: Schema | undefined): {
  readonly id: string | undefined
  readonly description: string
  readonly example: string
} {
  const meta = schema === undefined ? undefined : z.globalRegistry.get(schema)
  const example: unknown = Array.isArray(meta?.examples) ? meta.examples[0] : undefined
  return {
    id: meta?.id,
    description: meta?.description ?? 'another value',
    example: typeof example === 'string' ? example : printFlow(example),
  }
}
