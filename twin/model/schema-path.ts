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
    const holder =
      schema.options.find((option) => option instanceof z.ZodArray) ??
      mapsOf(schema).find((option) => fieldOf(option, step) !== undefined)
    return holder === undefined ? undefined : inside(holder, step)
  }
  return undefined
}

function fieldOf(schema: z.ZodObject, key: string | number): Schema | undefined {
  return Object.hasOwn(schema.shape, key) ? (schema.shape[key] as Schema) : undefined
}

/** Maps that a value may be. */
function mapsOf(schema: Schema | undefined): readonly z.ZodObject[] {
  if (schema instanceof z.ZodObject) return [schema]
  if (!(schema instanceof z.ZodUnion)) return []
  return schema.options.filter((option): option is z.ZodObject => option instanceof z.ZodObject)
}

/** A key that its map, or one of those that it may be, cannot be without. */
export function isRequired(root: Schema, path: Path): boolean {
  const key = path.at(-1) ?? ''
  return mapsOf(schemaAt(root, path.slice(0, -1))).some((map) => {
    const field = fieldOf(map, key)
    return field !== undefined && !(field instanceof z.ZodOptional)
  })
}

/** Which of several maps is meant by one with these keys: the first with a key that it alone has, best one that it needs. */
export function choiceOf(schema: z.ZodUnion, keys: readonly string[]): number {
  const maps = mapsOf(schema)
  const isMeant = (map: z.ZodObject, needed: boolean): boolean =>
    keys.some((key) => {
      const field = ownField(maps, map, key)
      return field !== undefined && !(needed && field instanceof z.ZodOptional)
    })
  const meant = maps.find((map) => isMeant(map, true)) ?? maps.find((map) => isMeant(map, false)) ?? maps[0]
  return meant === undefined ? -1 : schema.options.indexOf(meant)
}

function ownField(maps: readonly z.ZodObject[], map: z.ZodObject, key: string): Schema | undefined {
  return maps.some((other) => other !== map && fieldOf(other, key) !== undefined)
    ? undefined
    : fieldOf(map, key)
}

/** Keys of which a map has exactly one: each of the maps that it may be needs another. */
export function alternativesAt(root: Schema, path: Path): readonly string[] {
  const maps = mapsOf(schemaAt(root, path))
  if (maps.length < 2) return []
  return maps.flatMap((map) =>
    Object.keys(map.shape).filter((key) => {
      const field = ownField(maps, map, key)
      return field !== undefined && !(field instanceof z.ZodOptional)
    }),
  )
}

/** Keys of the map at a path, if it is that which some of its keys say. */
export function keysAt(root: Schema, path: Path, present: readonly string[]): readonly string[] {
  const schema = schemaAt(root, path)
  const map = schema instanceof z.ZodUnion ? schema.options[choiceOf(schema, present)] : schema
  return map instanceof z.ZodObject ? Object.keys(map.shape) : []
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
