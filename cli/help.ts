/**
 * Text about verbs, made from their data, for `--help` and for `docs/guide/cli.md`.
 *
 * @module
 */
import { exitMeanings } from '../record/exit-status.js'
import type { OptionSpec, VerbSpec } from './spec.js'

/** What the command is. */
export const PROGRAM =
  'Test and verify zero-trust data-centre fabrics: a digital twin and a real lab, judged against each other.'

/** `--seed <N>`. */
export function flagsOf(name: string, spec: OptionSpec): string {
  return spec.kind === 'flag' ? `--${name}` : `--${name} <${spec.value}>`
}

/** What an option does, what it takes, and what it is unless given. */
export function describeOption(spec: OptionSpec): string {
  if (spec.kind === 'flag') return spec.what
  const extras: string[] = []
  if ('choices' in spec && spec.choices !== undefined) extras.push(`one of ${spec.choices.join(', ')}`)
  if (spec.kind === 'list') extras.push('repeat or separate by commas')
  if ('required' in spec) extras.push('required')
  if (spec.default !== undefined) {
    extras.push(`default: ${spec.kind === 'list' ? spec.default.join(', ') : spec.default}`)
  }
  return extras.length === 0 ? spec.what : `${spec.what} (${extras.join('; ')})`
}

/** Examples of a verb. */
export function examplesText({ examples }: VerbSpec): string {
  return `Examples:\n${examples.map(({ command, what }) => `  ztos ${command}\n      ${what}\n`).join('')}`
}

/** What exit statuses say. */
export function exitStatusText(): string {
  const lines = exitMeanings.map(([status, meaning]) => `  ${String(status).padEnd(4)} ${meaning}\n`)
  return `Exit status (if several: 130, 4, 2, 5, 1, 3):\n${lines.join('')}`
}
