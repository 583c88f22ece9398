/**
 * Values of a lab's keys as labd has them: those that engines read, each node those that it was ever told of, and those of epochs that are over.
 *
 * @module
 */
import type { LabPaths } from '../paths.js'
import { writePrivate } from './folder.js'

type Values = Readonly<Record<string, string>>

export class LabKeys {
  private values: Values
  private retired: Values = {}
  /** References that nodes were told of. */
  private readonly told = new Map<string, Set<string>>()

  /**
   * @param paths `keys` has them all, `nodeKeys` what a node's engine reads (0600)
   * @param remembers what is over stays known, to whoever replays journals that begin before; no engine reads it
   */
  constructor(
    private readonly paths: Pick<LabPaths, 'keys' | 'nodeKeys'>,
    values: Values,
    private readonly remembers: boolean,
  ) {
    this.values = { ...values }
  }

  /** All that are known. */
  get all(): Values {
    return { ...this.retired, ...this.values }
  }

  /** Those that engines read. */
  get references(): readonly string[] {
    return Object.keys(this.values)
  }

  /** As `wg` shows it. */
  base64(reference: string): string | undefined {
    const value = this.values[reference]
    return value === undefined ? undefined : Buffer.from(value, 'hex').toString('base64')
  }

  /** Gives a node what a program or a request names, besides what it has. @param named any JSON */
  tell(node: string, named: unknown): void {
    const told = this.told.get(node) ?? new Set<string>()
    const before = told.size
    for (const text of textsIn(named)) if (text in this.values) told.add(text)
    if (this.told.has(node) && told.size === before) return
    this.told.set(node, told)
    this.writeOf(node, told)
  }

  /** There is no such node any more. */
  forget(node: string): void {
    this.told.delete(node)
  }

  add(values: Values): void {
    this.values = { ...this.values, ...values }
    this.write()
  }

  retire(references: readonly string[]): void {
    const gone = new Set(references)
    const part = (is: boolean) =>
      Object.fromEntries(Object.entries(this.values).filter(([name]) => gone.has(name) === is))
    if (this.remembers) this.retired = { ...this.retired, ...part(true) }
    this.values = part(false)
    this.write()
  }

  write(): void {
    writePrivate(this.paths.keys, JSON.stringify(this.values))
    for (const [node, told] of this.told) this.writeOf(node, told)
  }

  private writeOf(node: string, told: ReadonlySet<string>): void {
    const own = Object.entries(this.values).filter(([reference]) => told.has(reference))
    writePrivate(this.paths.nodeKeys(node), JSON.stringify(Object.fromEntries(own)))
  }
}

/** Every text in it. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}
