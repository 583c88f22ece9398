/**
 * Values of a lab's keys as labd has them: those that engines read, and those of epochs that are over.
 *
 * @module
 */
import { writePrivate } from './folder.js'

type Values = Readonly<Record<string, string>>

export class LabKeys {
  private values: Values
  private retired: Values = {}

  /**
   * @param file read by engines (0600)
   * @param remembers what is over stays known, to whoever replays journals that begin before; no engine reads it
   */
  constructor(
    private readonly file: string,
    values: Values,
    private readonly remembers: boolean,
  ) {
    this.values = { ...values }
  }

  /** All that are known. */
  get all(): Values {
    return { ...this.retired, ...this.values }
  }

  /** As `wg` shows it. */
  base64(reference: string): string | undefined {
    const value = this.values[reference]
    return value === undefined ? undefined : Buffer.from(value, 'hex').toString('base64')
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
    writePrivate(this.file, JSON.stringify(this.values))
  }
}
