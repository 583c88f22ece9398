/**
 * `docs/guide/cli.md`, made from the verbs' data.
 *
 * @module
 */
import { exitMeanings } from '../record/exit-status.js'
import { commands, environment } from './commands.js'
import { exitOfCode } from './exit-codes.js'
import { describeOption, flagsOf, PROGRAM } from './help.js'
import { commonOptions, type ArgumentSpec, type OptionSpec, type VerbSpec } from './spec.js'

/** The page. */
export function guide(): string {
  return [
    '# ztos',
    '',
    '<!-- Made from cli/commands.ts by `npx vitest run cli -u`; a test fails when it differs. -->',
    '',
    PROGRAM,
    '',
    'From a checkout it is `./ztos`, from an installed package `npx ztos`. `ztos VERB --help` says the same as this page.',
    '',
    ...Object.keys(commands).map((verb) => `- [ztos ${verb}](#ztos-${verb.replaceAll(' ', '-')})`),
    '- [Options of every verb](#options-of-every-verb)',
    '- [Output](#output)',
    '- [Exit status](#exit-status)',
    '- [Errors](#errors)',
    '- [Environment](#environment)',
    '',
    ...Object.entries<VerbSpec>(commands).flatMap(([verb, spec]) => verbSection(verb, spec)),
    '## Options of every verb',
    '',
    ...optionTable(commonOptions),
    ...OUTPUT,
    ...exitSection(),
    ...errorSection(),
    '## Environment',
    '',
    ...markdownTable(
      ['variable', 'what it does'],
      environment.map(([name, what]) => [`\`${name}\``, what]),
    ),
  ]
    .join('\n')
    .replace(/\n*$/, '\n')
}

function verbSection(verb: string, spec: VerbSpec): string[] {
  const { summary, detail, arguments: given, options, examples } = spec
  return [
    `## ztos ${verb}`,
    '',
    '```',
    ['ztos', verb, ...given.map(usageOf), '[options]'].join(' '),
    '```',
    '',
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    '',
    ...detail.flatMap((paragraph) => [paragraph, '']),
    ...(given.length === 0 ? [] : argumentTable(given)),
    ...(Object.keys(options).length === 0 ? [] : optionTable(options)),
    '```sh',
    ...examples.map(({ command, what }) => `ztos ${command} # ${what}`),
    '```',
    '',
  ]
}

function usageOf({ name, optional, variadic }: ArgumentSpec): string {
  const text = `${name.toUpperCase()}${variadic === true ? '...' : ''}`
  return optional === true ? `[${text}]` : text
}

function argumentTable(given: readonly ArgumentSpec[]): string[] {
  return markdownTable(
    ['argument', 'what it is'],
    given.map(({ name, what, choices }) => [
      `\`${name.toUpperCase()}\``,
      choices === undefined ? what : `${what} (one of ${choices.join(', ')})`,
    ]),
  )
}

function optionTable(options: Readonly<Record<string, OptionSpec>>): string[] {
  return markdownTable(
    ['option', 'what it does'],
    Object.entries(options).map(([name, spec]) => [`\`${flagsOf(name, spec)}\``, describeOption(spec)]),
  )
}

const OUTPUT: readonly string[] = [
  '## Output',
  '',
  'Answers go to stdout, progress and errors to stderr. With `--json` stdout holds exactly one JSON document, also when the verb fails: then it is `{ "format": "ztos-error", ... }` with code, reason, place and remedy. Every document of the command itself carries `format` and `version`; plans, programs, schemas and answers of engines are printed as they are.',
  '',
  'On a terminal progress is drawn; elsewhere it is a line when a stage begins and one when it ends. Text that comes from files, names and labs is printed with its control characters made visible.',
  '',
  'The first Ctrl-C (or SIGTERM, SIGHUP) stops what runs and cleans up: labs that the command brought up are gone when it ends, and no half record is left. A second one ends the command at once; the labs go all the same, since their daemon removes a lab whose owner is gone.',
  '',
]

function exitSection(): string[] {
  return [
    '## Exit status',
    '',
    ...markdownTable(
      ['status', 'meaning'],
      exitMeanings.map(([status, meaning]) => [String(status), meaning]),
    ),
    'If several apply, the first of 130, 4, 2, 5, 1, 3 is returned. `lab exec` returns the status of the command that it ran.',
    '',
  ]
}

function errorSection(): string[] {
  const codes = Object.entries(exitOfCode).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return [
    '## Errors',
    '',
    'Errors have stable codes. Problems of fabric files have codes of their own that begin with `ZT_FABRIC_`; their status is 2. An error without a code is a fault of the program: status 4.',
    '',
    ...markdownTable(
      ['status', 'codes'],
      exitMeanings.flatMap(([status]) => {
        const own = codes.filter(([, exit]) => exit === status).map(([code]) => `\`${code}\``)
        return own.length === 0 ? [] : [[String(status), own.join(' ')]]
      }),
    ),
  ]
}

function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line), '']
}
