/**
 * Writes the part of TOML 1.0 that gobgpd's configuration needs: tables, arrays of tables, strings, integers, booleans, arrays.
 *
 * @module
 */
export type TomlValue = string | number | boolean | readonly string[]
export interface TomlTable {
  readonly [key: string]: TomlValue | TomlTable | readonly TomlTable[] | undefined
}

/** Keys are bare ones. An empty array is one of strings, an empty table is left out. */
export function tomlText(table: TomlTable): string {
  return `${tableLines(table, []).join('\n')}\n`
}

function tableLines(table: TomlTable, path: readonly string[]): string[] {
  const values: string[] = []
  const tables: string[] = []
  for (const [key, value] of Object.entries(table)) {
    const inner = [...path, key]
    if (value === undefined) continue
    if (isTables(value)) {
      for (const item of value) tables.push('', `[[${inner.join('.')}]]`, ...tableLines(item, inner))
    } else if (isTable(value)) {
      const lines = tableLines(value, inner)
      // A header of its own only where something stands right below it.
      const own = lines[0] !== undefined && lines[0] !== ''
      tables.push(...(own ? ['', `[${inner.join('.')}]`] : []), ...lines)
    } else {
      values.push(`${key} = ${valueText(value)}`)
    }
  }
  return [...values, ...tables]
}

function isTables(value: TomlTable[string]): value is readonly TomlTable[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'object')
}

function isTable(value: TomlTable[string]): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value)
}

function valueText(value: TomlValue): string {
  if (typeof value === 'string') return stringText(value)
  if (typeof value === 'object') return `[${value.map(stringText).join(', ')}]`
  return String(value)
}

/** A basic string: JSON's escapes are among TOML's, but for DEL, which TOML does not let stand. */
function stringText(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll('\u007f', String.raw`\u007f`)
}
