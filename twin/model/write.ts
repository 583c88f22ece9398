/**
 * From a fabric back to text, and from a changed one to a new fabric.
 *
 * @module
 */
import type { FabricFile } from '../../contract/fabric.js'
import { editYaml } from './edit.js'
import { isRecord, printFile } from './print.js'
import type { Fabric } from './fabric.js'
import { loadWith, parseFabric, type LoadResult } from './load.js'
import { Problems } from './problem.js'
import type { Source } from './source.js'
import { plain } from './tree.js'
import { parseYaml } from './yaml.js'

/** A file of a fabric. */
export interface WrittenFile {
  /** Relative to the folder of the first. */
  readonly name: string
  readonly text: string
}

/** The files of a fabric, the main one first, as they were read or as {@link reviseFabric} changed them. */
export function writeFabric(fabric: Fabric): readonly WrittenFile[] {
  return fabric.sources.map(({ name, text }) => ({ name, text }))
}

/** A fabric from data alone, by way of the file that would say it. */
export function fabricFromData(data: Readonly<Record<string, unknown>>, name: string): LoadResult {
  return parseFabric(printFile(JSON.parse(JSON.stringify(data)) as Data), name)
}

/**
 * A fabric whose files say what `file` says. What did not change keeps its place, its comments and its layout; what is new
 * goes behind what is there. `include` stays as it is.
 */
export function reviseFabric(fabric: Fabric, file: FabricFile): LoadResult {
  const texts = new Map<string, string>()
  // What JSON has no word for is not in a file either.
  const parts = distribute(fabric, JSON.parse(JSON.stringify(file)) as Data)
  for (const source of fabric.sources) {
    texts.set(source.file, editYaml(source.text, parts.get(source) ?? {}))
  }
  const [main] = fabric.sources
  const read = (name: string): string => {
    const text = texts.get(name)
    if (text === undefined) throw new Error('it is no file of this fabric')
    return text
  }
  return loadWith({ read, list: (folder) => namesIn(folder, [...texts.keys()]) }, main?.file ?? fabric.name)
}

/** Names right in a folder, as the disk would list them. */
function namesIn(folder: string, files: readonly string[]): readonly string[] {
  const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`
  const inside = files.filter((file) => file.startsWith(prefix)).map((file) => file.slice(prefix.length))
  return [...new Set(inside.map((file) => file.split('/', 1)[0] ?? ''))]
}

type Data = Record<string, unknown>

/** What each file is to say: everything stays in the file where it is, the new goes to the file that has its kind. */
function distribute(fabric: Fabric, file: Data): ReadonlyMap<Source, Data> {
  const present = fabric.sources.map((source) => ({ source, data: dataOf(source) }))
  const result = new Map<Source, Data>(present.map(({ source }) => [source, {}]))
  const [first] = present
  const keys = new Set([...present.flatMap(({ data }) => Object.keys(data)), ...Object.keys(file)])
  for (const key of keys) {
    const holders = present.filter(({ data }) => Object.hasOwn(data, key))
    const value = file[key]
    for (const [i, holder] of (holders.length > 0 || first === undefined ? holders : [first]).entries()) {
      const held = holders.map(({ data }) => data[key])
      const part = key === 'include' ? holder.data[key] : partOf(key, value, held, i)
      if (part !== undefined) Object.assign(result.get(holder.source) ?? {}, { [key]: part })
    }
  }
  return result
}

/** The share of the i-th of the files that have a key. */
function partOf(key: string, value: unknown, held: readonly unknown[], i: number): unknown {
  if (held.length < 2) return value
  // Said in every file, and the same there.
  if (key === 'ztos') return value
  if (Array.isArray(value)) {
    const lengths = held.map((part) => (Array.isArray(part) ? part.length : 0))
    const start = lengths.slice(0, i).reduce((sum, length) => sum + length, 0)
    return value.slice(start, i === held.length - 1 ? undefined : start + (lengths[i] ?? 0))
  }
  if (!isRecord(value)) return i === 0 ? value : undefined
  const elsewhere = held.filter((_, j) => j !== i)
  const own = held[i]
  const entries = Object.entries(value).filter(
    ([name]) =>
      (isRecord(own) && Object.hasOwn(own, name)) ||
      (i === 0 && !elsewhere.some((other) => isRecord(other) && Object.hasOwn(other, name))),
  )
  return Object.fromEntries(entries)
}

/** What a file says; it was read before, so it can be read. */
function dataOf(source: Source): Data {
  const tree = parseYaml(source, new Problems())
  const data = tree === undefined ? undefined : plain(tree)
  return isRecord(data) ? data : {}
}
