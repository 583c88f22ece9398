/**
 * A fabric file and the fragments it includes, as one tree.
 *
 * @module
 */
import { matchesGlob } from './pattern.js'
import { formatPlace, type Problems } from './problem.js'
import { decodeText, type Source, type Span } from './source.js'
import { formatPath, plain, type Tree, type TreeEntry, type TreeMap } from './tree.js'
import { parseYaml } from './yaml.js'

/** Where files come from. Names use `/`. Both may throw; the message is shown. */
export interface Reader {
  read(file: string): Uint8Array | string
  /** Names in a folder; absent where nothing can be included. */
  readonly list: ((folder: string) => readonly string[]) | undefined
}

export interface Gathered {
  readonly tree: Tree
  readonly sources: readonly Source[]
}

/** Files of one fabric. */
const MAX_FILES = 64

/** Reads a file and all it includes. */
export function gather(reader: Reader, file: string, problems: Problems): Gathered | undefined {
  return new Gatherer(reader, file, problems).gather()
}

class Gatherer {
  readonly #reader: Reader
  readonly #first: string
  readonly #problems: Problems
  readonly #sources: Source[] = []
  readonly #trees: TreeMap[] = []
  #failed = false

  constructor(reader: Reader, file: string, problems: Problems) {
    this.#reader = reader
    this.#first = file
    this.#problems = problems
  }

  gather(): Gathered | undefined {
    this.#add(this.#first, undefined)
    const [first] = this.#trees
    if (first === undefined || this.#failed) return undefined
    const tree = this.#trees.slice(1).reduce((sum, fragment) => this.#merge(sum, fragment), first)
    return { tree, sources: this.#sources }
  }

  /** `from` is where the file is included. */
  #add(file: string, from: Span | undefined): void {
    const index = this.#sources.length
    const start = { file, source: index, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } }
    const content = this.#read(file, from ?? start)
    if (content === undefined) return
    const decoded = decodeText(content)
    if ('fault' in decoded) {
      const { code, at, reason, remedy } = decoded.fault
      this.#failed = true
      this.#problems.add(code, { at: { ...start, start: at, end: at }, path: '' }, reason, remedy)
      return
    }
    const source: Source = { file, name: relativeTo(folderOf(this.#first), file), index, text: decoded.text }
    this.#sources.push(source)
    const tree = parseYaml(source, this.#problems)
    if (tree === undefined) {
      this.#failed = true
      return
    }
    if (tree.kind !== 'map') {
      this.#failed = true
      this.#problems.add(
        'ZT_FABRIC_TYPE',
        { at: tree.at, path: '' },
        `the file is a ${tree.kind === 'list' ? 'list' : 'single value'}`,
        'write keys with values, such as name: shop',
      )
      return
    }
    this.#trees.push(tree)
    this.#include(file, tree)
  }

  #read(file: string, at: Span): Uint8Array | string | undefined {
    try {
      return this.#reader.read(file)
    } catch (error) {
      this.#failed = true
      this.#problems.add(
        'ZT_FABRIC_FILE',
        { at, path: '' },
        `${file} cannot be read: ${messageOf(error)}`,
        'check its name and permissions',
      )
      return undefined
    }
  }

  #include(file: string, tree: TreeMap): void {
    const list = tree.entries.get('include')?.value
    // Anything else is a matter of shape.
    if (list?.kind !== 'list') return
    for (const item of list.items) {
      if (item.kind !== 'scalar' || typeof item.value !== 'string') continue
      for (const included of this.#resolve(item.value, folderOf(file), item.at)) {
        if (this.#sources.some((source) => source.file === included)) {
          this.#refuse(item.at, `${included} is included twice`, 'include it once')
        } else if (this.#sources.length >= MAX_FILES) {
          this.#refuse(item.at, `there are more than ${MAX_FILES} files`, 'put some together')
        } else this.#add(included, item.at)
      }
    }
  }

  #refuse(at: Span, reason: string, remedy: string): void {
    this.#failed = true
    this.#problems.add('ZT_FABRIC_INCLUDE', { at, path: 'include' }, reason, remedy)
  }

  /** Files that a name or glob stands for, in plain order. */
  #resolve(pattern: string, folder: string, at: Span): readonly string[] {
    const { list } = this.#reader
    if (list === undefined) {
      this.#refuse(at, 'text that is no file cannot include files', 'write it all in one')
      return []
    }
    if (pattern.startsWith('/') || pattern.includes('\\') || pattern.includes('**')) {
      this.#refuse(
        at,
        `${pattern} is no name relative to this file`,
        'write names and globs such as tenants/*.yaml, with / between folders',
      )
      return []
    }
    let folders = [folder]
    const steps = pattern.split('/')
    for (const step of steps.slice(0, -1)) {
      folders = folders.flatMap((base) => this.#match(list, base, step).map((name) => join(base, name)))
    }
    const last = steps.at(-1) ?? ''
    const files = folders.flatMap((base) => this.#match(list, base, last).map((name) => join(base, name)))
    if (files.length === 0) this.#refuse(at, `${pattern} matches no file`, 'check the name, or take it out')
    return files
  }

  #match(list: (folder: string) => readonly string[], folder: string, step: string): readonly string[] {
    if (!step.includes('*')) return [step]
    try {
      return list(folder)
        .filter((name) => matchesGlob(step, name) && !name.startsWith('.'))
        .toSorted()
    } catch {
      // A folder that is not there holds no file, which the caller says.
      return []
    }
  }

  /** What is given twice is a problem; maps are merged one level deep, lists joined. */
  #merge(sum: TreeMap, fragment: TreeMap): TreeMap {
    const entries = new Map(sum.entries)
    for (const [key, entry] of fragment.entries) {
      const present = entries.get(key)
      entries.set(key, present === undefined ? entry : this.#mergeEntry(key, present, entry))
    }
    return { ...sum, entries }
  }

  #mergeEntry(key: string, present: TreeEntry, entry: TreeEntry): TreeEntry {
    const a = present.value
    const b = entry.value
    if (a.kind === 'list' && b.kind === 'list')
      return { ...present, value: { ...a, items: [...a.items, ...b.items] } }
    if (a.kind === 'map' && b.kind === 'map') {
      const entries = new Map(a.entries)
      for (const [name, inner] of b.entries) {
        const first = entries.get(name)
        if (first === undefined) entries.set(name, inner)
        else this.#twice([key, name], first, inner)
      }
      return { ...present, value: { ...a, entries } }
    }
    // Every fragment may say which version of the format it is in.
    if (key !== 'ztos' || plain(a) !== plain(b)) this.#twice([key], present, entry)
    return present
  }

  #twice(path: readonly string[], first: TreeEntry, second: TreeEntry): void {
    this.#problems.add(
      'ZT_FABRIC_GIVEN_TWICE',
      { at: second.at, path: formatPath(path) },
      `${formatPath(path)} is already given at ${formatPlace(first.at)}`,
      'keep one of them',
      [{ at: first.at, message: 'the first one' }],
    )
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function folderOf(file: string): string {
  const slash = file.lastIndexOf('/')
  return slash < 0 ? '' : file.slice(0, slash + 1)
}

/** `folder` ends with a slash or is empty; `.` and `..` are resolved as far as they can be. */
function join(folder: string, name: string): string {
  const absolute = folder.startsWith('/')
  const steps: string[] = []
  for (const step of `${folder}/${name}`.split('/')) {
    if (step === '' || step === '.') continue
    if (step === '..' && steps.length > 0 && steps.at(-1) !== '..') steps.pop()
    else steps.push(step)
  }
  return (absolute ? '/' : '') + steps.join('/')
}

function relativeTo(folder: string, file: string): string {
  const base = folder.split('/').filter((step) => step !== '' && step !== '.')
  const steps = file.split('/').filter((step) => step !== '' && step !== '.')
  let common = 0
  while (common < base.length && common < steps.length - 1 && base[common] === steps[common]) common++
  return [...base.slice(common).map(() => '..'), ...steps.slice(common)].join('/')
}
