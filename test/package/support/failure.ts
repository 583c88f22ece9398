/**
 * What a failed property prints, taken apart.
 *
 * @module
 */

/** A failure as a person reads it. */
export interface PrintedFailure {
  /** Where it was found, and after how many shrinks. */
  readonly on: string
  readonly shrinks: number
  /** The shrunk case: for each of its values a line, for each item of a list one more. */
  readonly scenario: string
  /** Items of all lists of the shrunk case. */
  readonly items: number
  /** The first finding: its invariant and its sentence. */
  readonly finding: string
  /** The frame, decoded. */
  readonly frame: readonly string[]
  readonly replay: string
}

/** Every failed property that an output shows, once each. */
export function failuresIn(output: string): readonly PrintedFailure[] {
  // vitest and `ztos` indent by different amounts.
  const text = output.replaceAll(/^ +/gm, '')
  const found = [...text.matchAll(/^(?:ScenarioFailure: )?property failed on [\s\S]*?^replay: .*$/gm)]
  return found.map(([block]) => {
    const [, on = '', shrinks = ''] =
      /property failed on (\w+) after \d+ cases and (\d+) shrinks/.exec(block) ?? []
    const scenario = /^scenario:\n([\s\S]*?)^INV-/m.exec(block)?.[1] ?? ''
    const [, finding = '', decoded = ''] = /^(INV-[A-Z]+: .*)\n((?:(?:\d|\|).*\n)*)/m.exec(block) ?? []
    return {
      on,
      shrinks: Number(shrinks),
      scenario,
      items: scenario.split('\n').filter((line) => line.startsWith('- ')).length,
      finding,
      frame: decoded.split('\n').filter((line) => line !== ''),
      replay: /^replay: (.*)$/m.exec(block)?.[1] ?? '',
    }
  })
}
