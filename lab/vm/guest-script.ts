/**
 * Lines for the shell of a reference VM's guest. Text only, so that a test can read it.
 *
 * @module
 */

/** What is done inside one namespace of the guest's; the empty name is the guest's own. */
export interface GuestScript {
  readonly namespace: string
  readonly lines: readonly string[]
}

/** Programs that take many commands by standard input: to start one takes long where the processor is emulated. */
const BATCHES = /^(ip|ip -6|bridge) (?=(addr|fdb|link|macsec|neigh|netns add|route|rule) )/

/** Calls of `ip`, `ip -6` or `bridge` behind each other are one; and no key in them is on a command line. */
export function batched(lines: readonly string[]): string[] {
  const kind = (line: string | undefined) => (line === undefined ? undefined : BATCHES.exec(line)?.[1])
  return lines.flatMap((line, at) => {
    const program = kind(line)
    if (program === undefined) return [line]
    return [
      ...(kind(lines[at - 1]) === program ? [] : [`${program} -batch - <<'batch'`]),
      line.slice(program.length + 1),
      ...(kind(lines[at + 1]) === program ? [] : ['batch']),
    ]
  })
}

/** For `sh -e` in the guest. */
export function scriptLines(scripts: readonly GuestScript[]): string[] {
  return scripts.flatMap(({ namespace, lines }) =>
    namespace === ''
      ? batched(lines)
      : [`nsenter --net=/run/netns/${namespace} sh -e <<'inside'`, ...batched(lines), 'inside'],
  )
}
