/**
 * From one configuration of a node's daemons to another: what can be said to those that run, so that sessions with peers that stay
 * the same stay up, and what only daemons that begin anew can take.
 *
 * @module
 */
import { isSame } from '../apply/same.js'
import { daemonFiles, type Controlled, type DaemonFiles } from './files.js'

export type DaemonChange =
  | { readonly how: 'none' }
  /** Commands for bgpd's vty. */
  | { readonly how: 'told'; readonly what: readonly string[]; readonly commands: readonly string[] }
  | { readonly how: 'anew'; readonly what: readonly string[] }

/**
 * @param before the node as it was, among all nodes as they were
 * @throws LabError `ZT_LAB_PLAN` for a control that no daemon can do
 */
export function daemonChange(
  [before, othersBefore]: readonly [Controlled, readonly Controlled[]],
  [after, othersAfter]: readonly [Controlled, readonly Controlled[]],
): DaemonChange {
  const [old, wanted] = [daemonFiles(before, othersBefore), daemonFiles(after, othersAfter)]
  if (isSame([...old], [...wanted])) return { how: 'none' }
  if (before.control.daemon !== after.control.daemon)
    return { how: 'anew', what: [`${after.control.daemon} in place of ${before.control.daemon}`] }
  const told = after.control.daemon === 'frr' ? toldChange(old, wanted) : undefined
  return told ?? { how: 'anew', what: differing(old, wanted) }
}

function differing(old: DaemonFiles, wanted: DaemonFiles): readonly string[] {
  return [...wanted.keys()].filter((name) => name !== 'frr.conf' && old.get(name) !== wanted.get(name))
}

/** Neighbours that come and go are all that a running bgpd is told. */
function toldChange(old: DaemonFiles, wanted: DaemonFiles): DaemonChange | undefined {
  if (differing(old, wanted).some((name) => name !== 'bgpd.conf')) return undefined
  const [before, after] = [old, wanted].map((files) => linesOf(files.get('bgpd.conf') ?? ''))
  if (before === undefined || after === undefined) return undefined
  const names = new Set([...before, ...after].flatMap(({ neighbour }) => neighbour ?? []))
  const changed = [...names].filter((name) => !isSame(saidOf(before, name), saidOf(after, name)))
  const [gone, fresh] = [before, after].map((lines) =>
    changed.filter((name) => saidOf(lines, name).length > 0),
  )
  const rest = (lines: readonly Line[]) => lines.filter(({ neighbour }) => neighbour === undefined)
  // All else is as it was, and in the same order.
  if (gone === undefined || fresh === undefined || !isSame(rest(before), rest(after))) return undefined
  const router = after.find(({ text }) => text.startsWith('router bgp '))
  if (router === undefined) return undefined
  return {
    how: 'told',
    what: [
      ...fresh.map((name) => `neighbour ${name}`),
      ...gone.filter((name) => !fresh.includes(name)).map((name) => `no neighbour ${name}`),
    ],
    commands: [
      router.text,
      ...gone.map((name) => `no ${removed(before, name)}`),
      ...saidTo(after, new Set(fresh)),
    ],
  }
}

interface Line {
  /** Without its indentation. */
  readonly text: string
  /** The address family that it stands in. */
  readonly family: string | undefined
  /** Whom it says something of. */
  readonly neighbour: string | undefined
}

function linesOf(config: string): readonly Line[] {
  let family: string | undefined
  return config.split('\n').map((line) => {
    const text = line.trim()
    if (text.startsWith('address-family ')) family = text
    const found = { text, family, neighbour: /^neighbor (\S+) /.exec(text)?.[1] }
    if (text === 'exit-address-family') family = undefined
    return found
  })
}

function saidOf(lines: readonly Line[], name: string): readonly Line[] {
  return lines.filter(({ neighbour }) => neighbour === name)
}

/** One by its device is removed as that. */
function removed(lines: readonly Line[], name: string): string {
  const isDevice = saidOf(lines, name).some(({ text }) =>
    text.startsWith(`neighbor ${name} interface remote-as `),
  )
  return `neighbor ${name}${isDevice ? ' interface' : ''}`
}

/** What a configuration says of these, each line where it stands. */
function saidTo(lines: readonly Line[], names: ReadonlySet<string>): readonly string[] {
  let at: string | undefined
  const commands: string[] = []
  for (const { text, family, neighbour } of lines) {
    if (neighbour === undefined || !names.has(neighbour)) continue
    if (family !== at) {
      if (at !== undefined) commands.push('exit-address-family')
      if (family !== undefined) commands.push(family)
      at = family
    }
    commands.push(text)
  }
  return at === undefined ? commands : [...commands, 'exit-address-family']
}
