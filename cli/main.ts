#!/usr/bin/env node
/**
 * `ztos`.
 *
 * @module
 */
import { colours } from './colours.js'
import { failureJson, failureOf, failureText } from './failure.js'
import type { Answer } from './invocation.js'
import { showsColours, type Io } from './io.js'
import { parse, type Parsed } from './parse.js'
import { isEntry, runProcess } from './process-io.js'
import { progressOn } from './progress.js'
import { runVerb } from './verbs/index.js'

/**
 * Runs a command line.
 *
 * @param argv without interpreter and script
 * @returns the exit status (`record/exit-status.ts`), or that of a command which `lab exec` ran; never rejects
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let json = argv.slice(0, endOfOptions(argv)).includes('--json')
  let debug = argv.slice(0, endOfOptions(argv)).includes('--debug')
  try {
    const parsed = parse(argv, Math.max(40, io.stdout.columns ?? 100))
    if (parsed.kind === 'text') {
      const sink = parsed.exit === 0 ? io.stdout : io.stderr
      sink.write(parsed.text)
      return parsed.exit
    }
    if (parsed.kind === 'version') {
      const { packageVersion } = await import('../sdk/version.js')
      io.stdout.write(`${packageVersion()}\n`)
      return 0
    }
    ;({ json, debug } = parsed)
    const answer = await call(parsed, io)
    print(answer, json, io)
    return answer.exit
  } catch (error) {
    const failure = failureOf(error, io.signal.aborted)
    const stack = debug && error instanceof Error ? error.stack : undefined
    if (json) print({ json: () => failureJson(failure, stack) }, json, io)
    io.stderr.write(failureText(failure, colours(showsColours(io.stderr, io.env)), stack))
    return failure.exit
  }
}

async function call(parsed: Extract<Parsed, { kind: 'verb' }>, io: Io): Promise<Answer> {
  return runVerb(parsed.verb, {
    arguments: parsed.arguments,
    options: parsed.options,
    json: parsed.json,
    io,
    colours: colours(showsColours(io.stdout, io.env)),
    progress: progressOn(io),
  })
}

function print(answer: Pick<Answer, 'json'> & Partial<Answer>, json: boolean, io: Io): void {
  if (!json) {
    io.stdout.write(answer.text?.() ?? '')
    return
  }
  const document = answer.json()
  io.stdout.write(document instanceof Uint8Array ? document : `${JSON.stringify(document, null, 2)}\n`)
}

function endOfOptions(argv: readonly string[]): number {
  const end = argv.indexOf('--')
  return end < 0 ? argv.length : end
}

if (isEntry(import.meta.url)) await runProcess(main)
