/**
 * The parser: commander, made from the verbs' data.
 *
 * @module
 */
import { Command, CommanderError, InvalidArgumentError, Option, Argument } from 'commander'
import { ExitStatus } from '../record/exit-status.js'
import { commands, groups, type VerbName } from './commands.js'
import { CliError } from './errors.js'
import { describeOption, examplesText, exitStatusText, flagsOf, PROGRAM } from './help.js'
import { commonOptions, type ArgumentSpec, type OptionSpec, type VerbSpec } from './spec.js'

/** What a command line asks for. */
export type Parsed =
  | {
      readonly kind: 'verb'
      readonly verb: VerbName
      readonly arguments: Readonly<Record<string, unknown>>
      readonly options: Readonly<Record<string, unknown>>
      readonly json: boolean
      readonly debug: boolean
    }
  | { readonly kind: 'text'; readonly text: string; readonly exit: ExitStatus }
  | { readonly kind: 'version' }

/**
 * Parses a command line.
 *
 * @param argv without interpreter and script
 * @param width columns of the terminal, for help
 * @throws CliError `ZT_CLI_USAGE`, with what may have been meant
 */
export function parse(argv: readonly string[], width: number): Parsed {
  let parsed: Parsed | undefined
  let printed = ''
  const program = new Command('ztos')
  const parents = new Map<string, Command>([['', program]])
  const prepare = (command: Command) =>
    command
      .exitOverride()
      .helpOption('-h, --help', 'print help')
      .helpCommand('help [verb]', 'print help')
      .configureHelp({ helpWidth: width })
      .configureOutput({
        writeOut: (text) => (printed += text),
        // Mistakes are told by the error that is thrown, once.
        writeErr: () => undefined,
        getOutHelpWidth: () => width,
        getErrHelpWidth: () => width,
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      })
      // What comes behind a verb is the verb's: without this `--` is lost on the way to a verb of a group.
      .enablePositionalOptions()
  prepare(program)
    .description(PROGRAM)
    .usage('VERB [argument...] [--option...]')
    .option('-V, --version', 'print the version')
    .addHelpText('after', `\n${exitStatusText()}`)
    .on('option:version', () => (parsed = { kind: 'version' }))
  const parentOf = (name: string) => {
    const known = parents.get(name)
    if (known !== undefined) return known
    const group = prepare(program.command(name)).description(groups[name] ?? '')
    parents.set(name, group)
    return group
  }
  for (const verb of Object.keys(commands) as VerbName[]) {
    const words = verb.split(' ')
    const command = prepare(parentOf(words.slice(0, -1).join(' ')).command(words.at(-1) ?? verb))
    describeVerb(command, commands[verb])
    command.action((...given: unknown[]) => {
      parsed = {
        kind: 'verb',
        verb,
        ...valuesOf(commands[verb], given, command.opts()),
      }
    })
  }
  try {
    program.parse([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { kind: 'text', text: printed, exit: ExitStatus.Holds }
    if (error.code !== 'commander.help') throw usageError(error, argv)
  }
  if (parsed !== undefined) return parsed
  const group = parents.get(argv[0] ?? '') ?? program
  return { kind: 'text', text: `${group.helpInformation()}\n${exitStatusText()}`, exit: ExitStatus.BadInput }
}

function describeVerb(command: Command, spec: VerbSpec): void {
  command.summary(spec.summary).description([`${spec.summary}.`, ...spec.detail].join('\n\n'))
  for (const argument of spec.arguments) command.addArgument(argumentOf(argument))
  for (const [name, option] of Object.entries({ ...spec.options, ...commonOptions })) {
    command.addOption(optionOf(name, option))
  }
  command.addHelpText('after', `\n${examplesText(spec)}`)
}

function argumentOf({ name, what, choices, optional, variadic }: ArgumentSpec): Argument {
  const dots = variadic === true ? '...' : ''
  const argument = new Argument(optional === true ? `[${name}${dots}]` : `<${name}${dots}>`, what)
  return choices === undefined ? argument : argument.choices(choices)
}

function optionOf(name: string, spec: OptionSpec): Option {
  const option = new Option(flagsOf(name, spec), describeOption(spec))
  if ('required' in spec) option.makeOptionMandatory(true)
  switch (spec.kind) {
    case 'flag':
      return option
    case 'text':
      return option.argParser((text: string) => chosen(text, spec.choices))
    case 'list':
      return option.argParser((text: string, before: readonly string[] | undefined) => [
        ...(before ?? []),
        ...text.split(',').map((one) => chosen(one.trim(), spec.choices)),
      ])
    case 'integer':
      return option.argParser((text: string) => bounded(text, spec, /^-?\d{1,15}$/))
    case 'number':
      return option.argParser((text: string) => bounded(text, spec, /^-?\d{1,15}(?:\.\d{1,9})?$/))
  }
}

function chosen(text: string, choices: readonly string[] | undefined): string {
  if (text === '') throw new InvalidArgumentError('It is empty.')
  if (choices === undefined || choices.includes(text)) return text
  throw new InvalidArgumentError(`Use ${choices.join(', ')}.`)
}

function bounded(
  text: string,
  { kind, min, max }: { readonly kind: string; readonly min: number; readonly max: number },
  form: RegExp,
): number {
  const value = Number(text)
  if (form.test(text) && value >= min && value <= max) return value
  throw new InvalidArgumentError(
    `Use ${kind === 'integer' ? 'an integer' : 'a number'} from ${min} to ${max}.`,
  )
}

/** Names of the data, in place of the places and camel case that commander hands over. */
function valuesOf(spec: VerbSpec, given: readonly unknown[], options: Readonly<Record<string, unknown>>) {
  const named = spec.arguments.map(({ name }, place): [string, unknown] => [name, given[place]])
  const chosenOptions = Object.entries(spec.options).map(([name, option]): [string, unknown] => {
    const value = options[camelCase(name)]
    return [name, value ?? (option.kind === 'flag' ? false : option.default)]
  })
  return {
    arguments: Object.fromEntries(named),
    options: Object.fromEntries(chosenOptions),
    json: options['json'] === true,
    debug: options['debug'] === true,
  }
}

function camelCase(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** `error: unknown command 'verfiy'\n(Did you mean verify?)` */
function usageError(error: CommanderError, argv: readonly string[]): CliError {
  const [what = '', hint = ''] = error.message.replace(/^error: /, '').split('\n')
  const meant = /^\((Did you mean .*)\)$/.exec(hint)?.[1]
  const verb = verbOf(argv)
  const help = `see \`ztos ${verb === '' ? '' : `${verb} `}--help\``
  return new CliError('ZT_CLI_USAGE', what, {
    remedy: meant === undefined ? help : `${meant.replace(/^D/, 'd')} Otherwise ${help}`,
  })
}

/** The verb or group that a command line begins with. */
function verbOf(argv: readonly string[]): string {
  const [first = '', second = ''] = argv
  if (Object.hasOwn(commands, `${first} ${second}`)) return `${first} ${second}`
  return Object.hasOwn(commands, first) || Object.hasOwn(groups, first) ? first : ''
}
