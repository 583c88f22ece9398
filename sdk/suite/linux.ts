/**
 * A suite with Linux in the place of one node after the other: its kernel, in the reference VM, is told what the plan says of that node, and
 * talks to engines that run the rest. What each seals the other must open, in the wire formats and with the keys that nobody agreed on but by
 * the plan.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { NodeProgram } from '../../contract/program.js'
import { LabError, withoutCode } from '../../lab/errors.js'
import { holdsCanary } from '../../lab/vm/canary.js'
import type { ReferenceVm } from '../../lab/vm/machine.js'
import type { CableFrame, Echo, StandIn } from '../../lab/vm/stand-in.js'
import { decodeFrame, icmpv6 } from '../../twin/packet/index.js'
import { isRefusal } from './link-traffic.js'
import { hostEchoes, linkEchoes, stretchesOf, type Stretch } from './linux-ways.js'
import { exitOf, nothingToTest, type SuiteFindings, type SuiteName } from './run-suite.js'
import { SheetWriter, type Column } from './sheet.js'

export interface LinuxSuiteOptions {
  readonly plan: Plan
  readonly suite: SuiteName
  readonly keys: ReadonlyMap<string, Uint8Array>
  /** Nodes that Linux plays; all that the suite is about unless given. */
  readonly nodes?: readonly string[]
  /** What Linux is told of a node, where that is not what the plan says. */
  readonly told?: (program: NodeProgram) => NodeProgram
  readonly signal?: AbortSignal
  /** Tells how far it is. */
  readonly say?: (text: string) => void
}

const COLUMNS: readonly Column[] = [
  { name: 'from Linux', what: "in the sender's place, is Linux understood by the engine at the far end" },
  { name: 'to Linux', what: "in the receiver's place, does Linux understand the engine at the near end" },
  { name: 'wire', what: 'is every frame on the cable of a link sealed, and payload read on none' },
]

/** Most NICs that the guest needs. */
export function linksNeeded({ links, nodes }: Plan): number {
  const degrees = nodes.map(
    ({ name }) => links.filter(({ a, b }) => a.node === name || b.node === name).length,
  )
  return Math.max(1, ...degrees)
}

/**
 * Judges each way of what a suite is about twice, once with Linux at either end.
 *
 * @throws SdkError `ZT_NOTHING` when the fabric has nothing of the kind
 */
export async function runLinuxSuite(vm: ReferenceVm, options: LinuxSuiteOptions): Promise<SuiteFindings> {
  const { plan, suite, keys, told, signal, say } = options
  const stretches = stretchesOf(plan, suite)
  if (stretches.length === 0) throw nothingToTest(plan.fabric, suite)
  const rows = stretches.flatMap((one) => [one.row(one.a), one.row(one.b)])
  const notes: string[] = []
  const asked = new Set(stretches.flatMap((one) => askedRows(plan, one)))
  const sheet = new SheetWriter(
    COLUMNS,
    rows.filter((row) => asked.has(row)),
  )
  const nodes = options.nodes ?? [...new Set(stretches.flatMap(({ a, b }) => [a, b]))].sort()
  const { StandIn } = await import('../../lab/vm/stand-in.js')
  for (const [n, node] of nodes.entries()) {
    signal?.throwIfAborted()
    say?.(`Linux as ${node}, ${n + 1} of ${nodes.length}`)
    const mine = stretches.filter(({ a, b }) => a === node || b === node)
    const planned = plan.nodes.find(({ name }) => name === node)?.program
    const program = planned === undefined ? undefined : told?.(planned)
    let standIn: StandIn
    try {
      standIn = await StandIn.open(vm, {
        plan,
        node,
        keys,
        ...(program === undefined ? {} : { program }),
        ...(signal === undefined ? {} : { signal }),
      })
    } catch (error) {
      if (!(error instanceof LabError) || error.code !== 'ZT_LAB_PLAN') throw error
      for (const one of mine) unjudged(sheet, one, node)
      notes.push(withoutCode(error.message))
      continue
    }
    try {
      await new Trial(sheet, standIn, { plan, suite, node }).judge(mine)
    } finally {
      await standIn.close()
    }
  }
  const [found, left] = [sheet.finish(), rows.filter((row) => !asked.has(row))]
  if (left.length > 0)
    notes.push(`no two hosts whose packets can go no other way, so not asked: ${left.join(', ')}`)
  return { ...found, notes, exit: exitOf(found) }
}

/** Ways that are asked about by one node or the other. */
function askedRows(plan: Plan, one: Stretch): readonly string[] {
  if (one.link !== undefined) return [one.row(one.a), one.row(one.b)]
  return [
    [one.a, one.b],
    [one.b, one.a],
  ].flatMap(([node = '', other = '']) =>
    hostEchoes(plan, one, node).flatMap(({ ways }) =>
      ways.map((way) => one.row(way === 'there' ? node : other)),
    ),
  )
}

function unjudged(sheet: SheetWriter, one: Stretch, node: string): void {
  sheet.say(one.row(node), 'from Linux', 'not by Linux', 'unjudged')
  sheet.say(one.row(node === one.a ? one.b : one.a), 'to Linux', 'not by Linux', 'unjudged')
}

interface Asked {
  readonly plan: Plan
  readonly suite: SuiteName
  readonly node: string
}

/** What was asked one way of a stretch. */
class Score {
  sent = 0
  readonly unanswered: string[] = []

  count(from: string, echoes: readonly Echo[], answers: readonly boolean[]): void {
    this.sent += echoes.length
    for (const [n, { to, size }] of echoes.entries())
      if (answers[n] !== true) this.unanswered.push(`${from} to ${to} with ${size} octets`)
  }
}

/** Linux in the place of one node. */
class Trial {
  constructor(
    private readonly sheet: SheetWriter,
    private readonly standIn: StandIn,
    private readonly asked: Asked,
  ) {}

  async judge(stretches: readonly Stretch[]): Promise<void> {
    for (const one of stretches) await this.#stretch(one)
  }

  async #stretch(one: Stretch): Promise<void> {
    const { plan, node } = this.asked
    const other = one.a === node ? one.b : one.a
    const [before, heard] = [await this.#refused(other), await this.#heard(one)]
    const scores = { there: new Score(), back: new Score() }
    if (one.link === undefined) {
      for (const { from, echoes, ways } of hostEchoes(plan, one, node)) {
        const answers = await this.standIn.fromHost(from, echoes)
        for (const way of ways) scores[way].count(from, echoes, answers)
      }
    } else {
      const echoes: readonly Echo[] = linkEchoes(plan, one.link, node)
      const answers = await this.standIn.fromNode(echoes)
      for (const score of Object.values(scores)) score.count(node, echoes, answers)
    }
    const refused = grown(before, await this.#refused(other))
    this.#say(
      one.row(node),
      'from Linux',
      scores.there,
      refused.engine.map((what) => `${other} counted ${what}`),
    )
    this.#say(
      one.row(other),
      'to Linux',
      scores.back,
      refused.linux.map((what) => `Linux counted ${what}`),
    )
    if (this.asked.suite === 'vxlan') return
    const frames = (await this.#heard(one)).flatMap((cable, n) =>
      one.link === undefined ? cable.slice(heard[n]?.length) : cable,
    )
    if (scores.there.sent > 0) this.#wire(one, node, frames, 'linux')
    if (scores.back.sent > 0) this.#wire(one, other, frames, 'engine')
  }

  #say(row: string, column: string, { sent, unanswered }: Score, refused: readonly string[]): void {
    const { sheet } = this
    if (sent === 0) return
    sheet.say(row, column, `${sent - unanswered.length} of ${sent} echoes`)
    const [first] = unanswered
    if (first === undefined) return
    const why = refused.length === 0 ? 'and nobody counted why' : refused.join(', ')
    sheet.accuse(
      row,
      column,
      `${unanswered.length} of ${sent} echoes had no answer, such as ${first}: ${why}`,
    )
  }

  async #refused(other: string): Promise<Refused> {
    const fates = Object.entries(await this.standIn.fates(other)).filter(([fate]) =>
      this.asked.suite === 'vxlan' ? fate.startsWith('vxlan-') : isRefusal(fate),
    )
    return { engine: Object.fromEntries(fates), linux: await this.standIn.refusals() }
  }

  /** What was on the cable of a link so far; of a tunnel, on each cable of the node. */
  async #heard({ link }: Stretch): Promise<readonly (readonly CableFrame[])[]> {
    if (this.asked.suite === 'vxlan') return []
    const { standIn } = this
    const links = standIn.links.filter((one) => link === undefined || one.link.id === link.id)
    return Promise.all(links.map((one) => standIn.heard(one.link.id)))
  }

  /** On a link every frame is sealed; inside a tunnel's seal nothing can be read, whatever links are sealed by. */
  #wire(one: Stretch, sender: string, frames: readonly CableFrame[], from: CableFrame['from']): void {
    const row = one.row(sender)
    const own = frames.filter((frame) => frame.from === from)
    if (own.length === 0) return this.sheet.say(row, 'wire', 'no traffic', 'unjudged')
    this.sheet.say(row, 'wire', `${own.length} ${one.link === undefined ? 'frames' : 'sealed'}`)
    const clear =
      one.link === undefined ? [] : own.filter((frame) => !isSealed(frame) && !isGroupReport(frame))
    for (const { octets } of clear) {
      const layers = decodeFrame(octets).map(({ kind }) => kind)
      const who = from === 'linux' ? 'Linux' : sender
      this.sheet.accuse(row, 'wire', `a frame of ${who} is in the clear: ${layers.join(', ')}`)
    }
    const readable = one.encrypts(sender) ? own.filter(({ octets }) => holdsCanary(octets)) : []
    if (readable.length > 0)
      this.sheet.accuse(row, 'wire', `payload can be read in ${readable.length} of ${own.length} frames`)
  }
}

interface Refused {
  readonly engine: Readonly<Record<string, number>>
  readonly linux: Readonly<Record<string, number>>
}

function grown(before: Refused, after: Refused) {
  const growth = (side: keyof Refused) =>
    Object.entries(after[side]).flatMap(([what, now]) => {
      const more = now - (before[side][what] ?? 0)
      return more > 0 ? [`${more} ${what}`] : []
    })
  return { engine: growth('engine'), linux: growth('linux') }
}

function isSealed({ octets }: CableFrame): boolean {
  return decodeFrame(octets).some(({ kind }) => kind === 'macsec' || kind.startsWith('wireguard-'))
}

/** Outside a seal over IPv6, Linux says which groups it listens to (MLD, RFC 3810); no setting keeps it from that. */
function isGroupReport({ from, octets }: CableFrame): boolean {
  return (
    from === 'linux' &&
    decodeFrame(octets).some((layer) => layer.kind === 'icmpv6' && layer.type === icmpv6.Type.MLDV2_REPORT)
  )
}
