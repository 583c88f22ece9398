/**
 * Brings an engine's tables to what is wanted, by the changes that lead there and no others.
 *
 * @module
 */
import type { NodeControl } from '../contract/control-plane.js'
import type { TableChange } from '../contract/control.js'
import { changesBetween, digestTables, type DynamicTables } from '../twin/control/tables.js'
import type { EngineClient } from './engine-client.js'
import type { EngineAttached, EngineLink } from './engine-link.js'
import { added, tablesOfProgram } from './engine-tables.js'
import { AgentError, messageOf } from './errors.js'
import type { Round } from './worker.js'

export interface WantedTables {
  readonly tables: DynamicTables
  /** What is not in the tables is gone; otherwise it is only not known yet. */
  readonly whole: boolean
  /** To be applied once, whatever the tables say (EVPN-6). */
  readonly forget: readonly TableChange[]
}

export class EngineSink {
  readonly #link: EngineLink
  readonly #control: NodeControl
  readonly #log: (line: string) => void
  #wanted: WantedTables | undefined
  /** What the engine has, as far as is known, and of which engine and program. */
  #present: { readonly program: EngineAttached['program']; readonly tables: DynamicTables } | undefined
  #digested: { readonly tables: DynamicTables; readonly digest: string } | undefined
  /** Changes that the engine has refused, by their text. */
  readonly #refused = new Map<string, string>()
  /** Changes made, and how long the engine took for them, ms. */
  applied = 0
  applying = 0

  constructor(link: EngineLink, control: NodeControl, log: (line: string) => void) {
    this.#link = link
    this.#control = control
    this.#log = log
  }

  /** Of the tables that the engine has been given; what it did not take is in {@link refused}. `undefined` when that is not known. */
  get digest(): string | undefined {
    const tables = this.#present?.tables
    if (tables === undefined) return undefined
    if (this.#digested?.tables !== tables) this.#digested = { tables, digest: digestTables(tables) }
    return this.#digested.digest
  }

  want(wanted: WantedTables): void {
    this.#wanted = wanted
  }

  /** What was to be forgotten has not been yet. */
  get forgetting(): boolean {
    return (this.#wanted?.forget.length ?? 0) > 0
  }

  get refused(): readonly string[] {
    return [...this.#refused.values()]
  }

  async round(): Promise<Round> {
    const attached = this.#link.attached
    const wanted = this.#wanted
    if (attached === undefined || wanted === undefined) return 'done'
    const { client, program } = attached
    const present =
      this.#present?.program === program
        ? this.#present.tables
        : tablesOfProgram(program, this.#control, wanted.tables)
    const target = wanted.whole ? wanted.tables : added(present, wanted.tables)
    try {
      await this.#apply(client, changesTo(present, target, wanted.forget))
      this.#present = { program, tables: target }
      if (wanted.forget.length > 0) {
        await this.#link.refreshLearned()
        this.#wanted = { ...wanted, forget: [] }
      }
    } catch (error) {
      // What was applied is not known; it is read when the engine answers again, and that wakes this.
      this.#present = undefined
      this.#log(messageOf(error))
    }
    return 'done'
  }

  /** All of a list, or of a list that is refused all but what is refused. */
  async #apply(client: EngineClient, changes: readonly TableChange[]): Promise<void> {
    if (changes.length === 0) return
    const before = performance.now()
    try {
      await client.apply(changes)
      this.applying += performance.now() - before
      this.applied += changes.length
    } catch (error) {
      if (!(error instanceof AgentError) || error.code !== 'ZT_AGENT_REFUSED') throw error
      const [only] = changes
      if (changes.length === 1 && only !== undefined) {
        this.#refuse(only, error)
        return
      }
      const middle = changes.length >> 1
      await this.#apply(client, changes.slice(0, middle))
      await this.#apply(client, changes.slice(middle))
    }
  }

  /** Not tried again: it is what was wanted, and the engine does not want it. */
  #refuse(change: TableChange, error: AgentError): void {
    const text = JSON.stringify(change)
    this.#log(`${error.message} (${text})`)
    this.#refused.set(text, `${text}: ${error.message}`)
    const [oldest] = this.#refused.keys()
    if (this.#refused.size > MAX_REFUSED && oldest !== undefined) this.#refused.delete(oldest)
  }
}

/** The last so many are kept, for people. */
const MAX_REFUSED = 64

/** What makes the engine forget comes first, and not twice. */
function changesTo(
  present: DynamicTables,
  target: DynamicTables,
  forget: readonly TableChange[],
): readonly TableChange[] {
  const changes = changesBetween(present, target)
  if (forget.length === 0) return changes
  const first = new Set(forget.map((change) => JSON.stringify(change)))
  return [...forget, ...changes.filter((change) => !first.has(JSON.stringify(change)))]
}
