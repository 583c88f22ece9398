/**
 * What the journals of a test's own lab are called in a run record: by the lab's id, and what the lab was made of.
 *
 * @module
 */
import { labInterpreters, type LabInterpreter } from '../../record/verdict.js'

export function journalsName({
  id,
  driver,
}: {
  readonly id: string
  readonly driver: LabInterpreter
}): string {
  return driver === 'netns' ? id : `${driver}-${id}`
}

/** The inverse, as far as the lab's kind. */
export function interpreterOfJournals(name: string): LabInterpreter {
  return labInterpreters.find((one) => name.startsWith(`${one}-`)) ?? 'netns'
}
