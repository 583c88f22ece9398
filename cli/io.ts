/**
 * What the command touches of the process, handed in so that tests hand in their own.
 *
 * @module
 */

/** Where text goes. */
export interface Sink {
  write(data: string | Uint8Array): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

export interface Io {
  readonly stdout: Sink
  /** A stream of Node when it is a terminal: progress is drawn on it. */
  readonly stderr: Sink
  /** Read only by what was asked to read it. */
  readonly stdin: () => AsyncIterable<Buffer>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts when the person wants to stop. */
  readonly signal: AbortSignal
}

/** Whether a sink shows colours: https://no-color.org, and the customary `FORCE_COLOR`. */
export function showsColours(sink: Sink, env: Io['env']): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return sink.isTTY === true && TERM !== 'dumb'
}
