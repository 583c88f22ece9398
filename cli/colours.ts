/**
 * Colours by meaning.
 *
 * @module
 */
import { styleText } from 'node:util'
import type { Judgement } from '../record/verdict.js'

/** Paints text, or leaves it as it is. */
export interface Colours {
  bold(text: string): string
  dim(text: string): string
  error(text: string): string
  good(text: string): string
  warning(text: string): string
  judgement(judgement: Judgement, text?: string): string
}

type Format = Parameters<typeof styleText>[0]

const ofJudgement: Readonly<Record<Judgement, Format>> = {
  holds: 'green',
  violated: 'red',
  unjudged: 'yellow',
  disputed: 'magenta',
}

/** @param shown whether the sink shows colours (`showsColours`) */
export function colours(shown: boolean): Colours {
  // Whether the stream shows them has been asked already, of the stream that was handed in.
  const paint = (format: Format, text: string) =>
    shown ? styleText(format, text, { validateStream: false }) : text
  return {
    bold: (text) => paint('bold', text),
    dim: (text) => paint('dim', text),
    error: (text) => paint('red', text),
    good: (text) => paint('green', text),
    warning: (text) => paint('yellow', text),
    judgement: (judgement, text = judgement) => paint(ofJudgement[judgement], text),
  }
}
