/**
 * The shape in which verbs are written down: data from which the parser, the help and `docs/guide/cli.md` are made, and
 * the types that an implementation is given.
 *
 * @module
 */

/** True or false; false unless given. */
export interface FlagSpec {
  readonly kind: 'flag'
  readonly what: string
}
/** One text. */
export interface TextSpec {
  readonly kind: 'text'
  /** Placeholder in help. */
  readonly value: string
  readonly what: string
  readonly choices?: readonly string[]
  readonly default?: string
  readonly required?: true
}
/** Several texts: repeated, or separated by commas. */
export interface ListSpec {
  readonly kind: 'list'
  readonly value: string
  readonly what: string
  readonly choices?: readonly string[]
  readonly default?: readonly string[]
}
/** A whole number within bounds. */
export interface IntegerSpec {
  readonly kind: 'integer'
  readonly value: string
  readonly what: string
  readonly min: number
  readonly max: number
  readonly default?: number
}
/** A decimal number within bounds, with its unit in the text. */
export interface NumberSpec {
  readonly kind: 'number'
  readonly value: string
  readonly what: string
  readonly min: number
  readonly max: number
  readonly default?: number
}
export type OptionSpec = FlagSpec | TextSpec | ListSpec | IntegerSpec | NumberSpec

export interface ArgumentSpec {
  readonly name: string
  readonly what: string
  readonly choices?: readonly string[]
  readonly optional?: true
  /** Takes all that is left; the last argument alone. */
  readonly variadic?: true
}

export interface ExampleSpec {
  /** Without `ztos` in front. */
  readonly command: string
  readonly what: string
}

/** One verb. */
export interface VerbSpec {
  /** One sentence without a full stop. */
  readonly summary: string
  /** What a person must know besides; a paragraph each. */
  readonly detail: readonly string[]
  readonly arguments: readonly ArgumentSpec[]
  /** By long name without hyphens in front. */
  readonly options: Readonly<Record<string, OptionSpec>>
  readonly examples: readonly ExampleSpec[]
}

type Chosen<Spec> = Spec extends { readonly choices: readonly (infer Choice)[] } ? Choice : string
type Given<Spec extends OptionSpec> = Spec extends FlagSpec
  ? boolean
  : Spec extends ListSpec
    ? readonly Chosen<Spec>[]
    : Spec extends TextSpec
      ? Chosen<Spec>
      : number
type ValueOf<Spec extends OptionSpec> = Spec extends
  FlagSpec | { readonly default: unknown } | { readonly required: true }
  ? Given<Spec>
  : Given<Spec> | undefined

/** What the options of a verb hold once parsed, defaults filled in. */
export type OptionsOf<Verb extends VerbSpec> = {
  readonly [Name in keyof Verb['options']]: ValueOf<Verb['options'][Name]>
}

type ArgumentValue<Spec extends ArgumentSpec> = Spec extends { readonly variadic: true }
  ? readonly string[]
  : Spec extends { readonly optional: true }
    ? Chosen<Spec> | undefined
    : Chosen<Spec>

/** What the arguments of a verb hold once parsed. */
export type ArgumentsOf<Verb extends VerbSpec> = {
  readonly [Spec in Verb['arguments'][number] as Spec['name']]: ArgumentValue<Spec>
}

/** Every verb has these. */
export const commonOptions = {
  json: {
    kind: 'flag',
    what: 'print one JSON document on stdout and nothing else there; progress and errors go to stderr',
  },
  debug: { kind: 'flag', what: 'print the stack of an error' },
} as const satisfies Record<string, OptionSpec>
