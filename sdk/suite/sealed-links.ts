/**
 * What suites of sealed links have in common: each way of each link is a row, asked what it is sealed by, what was captured of it, what
 * keeps its sender's kernel silent, and how its receiver meets attacks.
 *
 * @module
 */
import type { Finding } from '../../record/verdict.js'
import type { Link } from '../fabric-view.js'
import { idleLinks } from '../judge/crossing.js'
import { judgeFates } from '../judge/fate.js'
import type { SealKind } from '../judge/seal.js'
import { guardsOf, NOT_GUARDED } from '../judge/seal-guard.js'
import { endOfLink, sealDifferences, sealFaults } from '../judge/seal-plan.js'
import type { ScenarioTarget } from '../scenario-target.js'
import { Seen } from '../seen.js'
import type { Frame } from '../traffic/frame.js'
import { LinkTraffic, waysOf, type Carried, type Direction } from './link-traffic.js'
import { judgeTunnels, type SealedTunnel } from './sealed-tunnels.js'
import { SheetWriter, type Column, type Sheet } from './sheet.js'

/** What differs from one seal to the other. */
export interface SealSuite {
  readonly kind: SealKind
  readonly links: readonly Link[]
  /** What tenants seal from leaf to leaf. */
  readonly tunnels: readonly SealedTunnel[]
  readonly columns: readonly Column[]
  /** Plan and program of the sender of a direction, in few words: `gcm-aes-128 strict`. */
  readonly describe: (direction: Direction) => string
  /** What else is wrong with a seal by plan. */
  readonly faults?: (direction: Direction) => readonly string[]
  /** More cells, once traffic has crossed. */
  readonly inspect?: (sheet: SheetWriter, directions: readonly Direction[]) => Promise<void>
  /** Frames that the receiver of a direction must refuse. */
  readonly attacks: (direction: Direction, traffic: LinkTraffic) => readonly Frame[]
}

/** Columns of every seal; a suite's own come behind `epoch`. */
const COLUMNS: readonly (readonly [string, string])[] = [
  ['seal', 'does the sender seal by plan for its receiver, and does its engine run that'],
  ['frames', 'do captured frames open with the key of their peer, and is none in the clear'],
  ['epoch', 'in which key epoch they are, and which packet numbers they have'],
  ['canaries', 'can payload be read in any octet captured'],
  ['arrived', "do honest frames get past the link's far end"],
  ['guard', "is what the sender's kernel sends by itself dropped"],
  ['refused', 'are attacks dropped by the receiver, for the right reason'],
  ['after', 'do honest frames get through when it is over'],
]

function sealColumns(own: readonly Column[]): readonly Column[] {
  const common = COLUMNS.map(([name, what]) => ({ name, what }))
  return [...common.slice(0, 3), ...own, ...common.slice(3)]
}

/** Runs a suite. @param say tells how far it is */
export async function runSealSuite(
  target: ScenarioTarget,
  suite: SealSuite,
  say: (text: string) => void,
): Promise<Sheet & { readonly notes: readonly string[] }> {
  const directions = waysOf(suite.links)
  const { tunnels } = suite
  const sheet = new SheetWriter(
    sealColumns(suite.columns),
    [...directions, ...tunnels].map(({ name }) => name),
  )
  if (tunnels.length > 0) {
    say('tunnels')
    await judgeTunnels(sheet, target, tunnels, suite.kind)
  }
  if (directions.length === 0) return { ...sheet.finish(), notes: [] }
  say('plan and programs')
  await judgePrograms(sheet, target, suite, directions)
  say('egress guards')
  const guarded = await judgeGuards(sheet, target, suite.links)
  say('traffic')
  const traffic = new LinkTraffic(target, suite.links, suite.kind)
  await traffic.run()
  judgeTraffic(sheet, target, traffic, directions)
  await suite.inspect?.(sheet, directions)
  say('attacks')
  await judgeAttacks(sheet, target, suite, traffic, directions)
  return { ...sheet.finish(), notes: guarded ? [`the egress guard of sealed ports ${NOT_GUARDED}`] : [] }
}

async function judgePrograms(
  sheet: SheetWriter,
  { reader, witness }: ScenarioTarget,
  suite: SealSuite,
  directions: readonly Direction[],
): Promise<void> {
  const nodes = [...new Set(directions.map(({ from }) => from))]
  const programs = new Map(
    await Promise.all(nodes.map(async (node) => [node, await witness?.program(node)] as const)),
  )
  for (const direction of directions) {
    const { link, from, to, name } = direction
    const end = reader.end(link.id, from)
    sheet.say(name, 'seal', suite.describe(direction))
    for (const fault of [
      ...sealFaults(endOfLink(end), endOfLink(reader.end(link.id, to)), suite.kind),
      ...(suite.faults?.(direction) ?? []),
    ])
      sheet.accuse(name, 'seal', `the plan: ${fault}`)
    for (const difference of sealDifferences(end, programs.get(from)))
      sheet.accuse(name, 'seal', `the engine of ${from} does not run the plan: ${difference}`)
  }
}

/** @returns whether there are kernels to be guarded */
async function judgeGuards(
  sheet: SheetWriter,
  target: ScenarioTarget,
  links: readonly Link[],
): Promise<boolean> {
  const ports = await guardsOf(target, links)
  for (const { link, node, port, guard } of ports ?? []) {
    const row = waysOf(links).find((way) => way.link.id === link && way.from === node)?.name
    if (row === undefined) continue
    sheet.say(row, 'guard', guard.installed ? `${guard.dropped} dropped` : 'none')
    if (!guard.installed)
      sheet.accuse(
        row,
        'guard',
        `nothing keeps the kernel of ${node} from sending in the clear on ${port}.phy`,
      )
  }
  return ports !== undefined
}

function judgeTraffic(
  sheet: SheetWriter,
  target: ScenarioTarget,
  traffic: LinkTraffic,
  directions: readonly Direction[],
): void {
  const idle = idleLinks(target, traffic.links)
  for (const { name, link, to } of directions) {
    const carried = traffic.carried.get(name)
    if (carried === undefined) continue
    sayTraffic(sheet, name, carried, idle.get(link.id))
    accuseFindings(sheet, name, carried.findings)
    for (const [fate, frames] of carried.dropped)
      sheet.accuse(name, 'arrived', `${to} drops ${frames} of ${carried.crossed} frames: ${fate}`)
  }
  accuseUnnamed(sheet, traffic, directions)
  for (const { node, fate, frames } of traffic.lost.values()) {
    const text = `${node} ends ${frames} of ${traffic.sent} honest frames: ${fate}`
    for (const row of accusable(traffic, directions, node)) sheet.accuse(row, 'arrived', text)
  }
}

function sayTraffic(sheet: SheetWriter, row: string, carried: Carried, emptyLeaf: string | undefined): void {
  const { frames, opened, handshakes, crossed, arrived, octets, epochs, findings } = carried
  if (frames === 0) {
    const why = emptyLeaf === undefined ? 'no traffic' : `no host on ${emptyLeaf}`
    for (const column of ['frames', 'arrived']) sheet.say(row, column, why, 'unjudged')
    return
  }
  const others = handshakes === 0 ? '' : `, ${handshakes} ${handshakes === 1 ? 'handshake' : 'handshakes'}`
  sheet.say(row, 'frames', `${opened} of ${frames - handshakes} open${others}`)
  const read = findings.filter(({ invariant }) => invariant === 'INV-NO-CANARY').length
  sheet.say(row, 'canaries', read === 0 ? `none in ${octets} octets` : `in ${read} frames`)
  sheet.say(row, 'arrived', `${arrived} of ${crossed}`, crossed === 0 ? 'unjudged' : 'holds')
  const said = [...epochs].map(([epoch, { lowest, greatest }]) => `${epoch}, ${lowest}-${greatest}`)
  sheet.say(row, 'epoch', said.length === 0 ? 'none' : said.join('; '))
}

function accuseFindings(sheet: SheetWriter, row: string, findings: readonly Finding[]): void {
  for (const finding of findings) {
    const column =
      finding.invariant === 'INV-NO-CANARY' ? 'canaries' : finding.invariant === 'INV-PN' ? 'epoch' : 'frames'
    sheet.accuse(row, column, finding)
  }
}

/** What nodes refused of each other's own messages, where nothing opens. */
function accuseUnnamed(
  sheet: SheetWriter,
  { carried, unnamed }: LinkTraffic,
  directions: readonly Direction[],
): void {
  for (const { node, fate, frames } of unnamed.values()) {
    const silent = directions.filter(
      ({ link, name }) => link.ends.includes(node) && carried.get(name)?.opened === 0,
    )
    for (const { name } of silent)
      sheet.accuse(name, 'frames', `${node} refuses ${frames} messages that are no tenant's: ${fate}`)
  }
}

/** Rows about a node at which frames ended that were not seen on any link: what it received and could not be read, else what it sends. */
function accusable(
  { carried }: LinkTraffic,
  directions: readonly Direction[],
  node: string,
): readonly string[] {
  const unread = directions.filter(
    ({ to, name }) => to === node && (carried.get(name)?.findings.length ?? 0) > 0,
  )
  if (unread.length > 0) return unread.map(({ name }) => name)
  const silent = directions.filter(({ from, name }) => from === node && carried.get(name)?.opened === 0)
  const own = silent.length > 0 ? silent : directions.filter(({ from }) => from === node)
  return (own.length > 0 ? own : directions).map(({ name }) => name)
}

async function judgeAttacks(
  sheet: SheetWriter,
  target: ScenarioTarget,
  suite: SealSuite,
  traffic: LinkTraffic,
  directions: readonly Direction[],
): Promise<void> {
  const byDirection = new Map(directions.map((one) => [one.name, suite.attacks(one, traffic)]))
  const seen = await target.send([...byDirection.values()].flat(), { wire: [] })
  for (const { name } of directions) {
    const frames = new Set(byDirection.get(name))
    const of = new Seen(
      seen.source,
      seen.sent.filter(({ frame }) => frames.has(frame)),
      seen.observation,
    )
    const { findings, judged } = judgeFates(of)
    sheet.say(
      name,
      'refused',
      `${judged - findings.length} of ${judged}`,
      judged === 0 ? 'unjudged' : 'holds',
    )
    for (const finding of findings) sheet.accuse(name, 'refused', finding)
  }
  const after = new LinkTraffic(target, suite.links, suite.kind)
  await after.round(0)
  for (const { name, to } of directions) {
    const { crossed, arrived, dropped } = after.carried.get(name) ?? {
      crossed: 0,
      arrived: 0,
      dropped: new Map(),
    }
    if (crossed > 0) sheet.say(name, 'after', `${arrived} of ${crossed}`)
    for (const [fate, frames] of dropped)
      sheet.accuse(name, 'after', `${to} drops ${frames} of ${crossed} frames behind the attacks: ${fate}`)
  }
}
