import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { FabricFile, VniMapping } from './fabric.js'

/** Every part of a schema with the keys that lead to it. */
function parts(schema: z.core.$ZodType, path: string): (readonly [string, z.core.$ZodType])[] {
  if (schema instanceof z.ZodOptional) return parts(schema.unwrap(), path)
  const here: readonly [string, z.core.$ZodType] = [path, schema]
  if (schema instanceof z.ZodObject) {
    return [
      here,
      ...Object.entries(schema.shape).flatMap(([key, field]) =>
        parts(field as z.core.$ZodType, `${path}.${key}`),
      ),
    ]
  }
  if (schema instanceof z.ZodRecord) {
    return [here, ...parts(schema.keyType, `${path}:key`), ...parts(schema.valueType, `${path}:value`)]
  }
  if (schema instanceof z.ZodArray) return [here, ...parts(schema.element, `${path}:item`)]
  return [here]
}

test.each([
  ['the fabric file', FabricFile],
  ['the mapping', VniMapping],
])('each part of %s says what it is and gives an example, for editors and remedies', (_, schema) => {
  const all = parts(schema, '')
  expect(all.length).toBeGreaterThan(5)
  const silent = all.filter(([path, part]) => {
    const meta = z.globalRegistry.get(part)
    // Names of files need no pattern and no remedy of their own.
    return path !== '.include:item' && (meta?.description === undefined || !Array.isArray(meta.examples))
  })
  expect(silent.map(([path]) => path)).toEqual([])
})

test.each([
  ['the fabric file', FabricFile],
  ['the mapping', VniMapping],
])('each example of %s is right', (_, schema) => {
  for (const [path, part] of parts(schema, '')) {
    const examples = z.globalRegistry.get(part)?.examples
    for (const example of Array.isArray(examples) ? examples : []) {
      expect.soft(z.safeParse(part, example).success, `${path} ${JSON.stringify(example)}`).toBe(true)
    }
  }
})

test('the JSON Schema that editors get names the version and allows nothing unknown', () => {
  const schema = JSON.parse(readFileSync(new URL('schema/fabric-1.json', import.meta.url), 'utf8')) as {
    readonly additionalProperties: unknown
    readonly properties: { readonly ztos: { readonly const: unknown } }
  }
  expect(schema.additionalProperties).toBe(false)
  expect(schema.properties.ztos.const).toBe(1)
})
