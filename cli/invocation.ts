/**
 * What a verb is given and what it hands back.
 *
 * @module
 */
import type { Colours } from './colours.js'
import type { Commands, VerbName } from './commands.js'
import type { Io } from './io.js'
import type { Progress } from './progress.js'
import type { ArgumentsOf, OptionsOf } from './spec.js'

/** A verb called. */
export interface Invocation<Verb extends VerbName> {
  readonly arguments: ArgumentsOf<Commands[Verb]>
  readonly options: OptionsOf<Commands[Verb]>
  /** Only a document may go to stdout. */
  readonly json: boolean
  readonly io: Io
  /** Of stdout. */
  readonly colours: Colours
  /** On stderr. */
  readonly progress: Progress
}

/** What a verb found. Only one of `json` and `text` is asked for. */
export interface Answer {
  /** One of `ExitStatus`, or that of a command which `lab exec` ran. */
  readonly exit: number
  /** Plain data, or a document's octets as they are. */
  readonly json: () => unknown
  /** With its last line feed; empty when everything has been written already. */
  readonly text: () => string
}

/** The one function of a verb's file. */
export type Run<Verb extends VerbName> = (invocation: Invocation<Verb>) => Promise<Answer> | Answer
