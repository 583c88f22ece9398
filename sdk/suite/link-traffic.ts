/**
 * Honest traffic over sealed links, and what became of it each way of each link.
 *
 * @module
 */
import type { WireFrame } from '../../record/target.js'
import type { Finding } from '../../record/verdict.js'
import type { Link } from '../fabric-view.js'
import { crossing, directionsOf, questions } from '../judge/crossing.js'
import { deliveredFrames } from '../judge/delivery.js'
import { judgeSeal, type SealKind } from '../judge/seal.js'
import type { ScenarioTarget } from '../scenario-target.js'
import type { Seen, Sent } from '../seen.js'
import type { WireReading } from '../traffic/wire.js'

/** Rounds of flows with other ports, until ECMP has used every link both ways. */
const ROUNDS = 12
/** Rounds after which a direction that has carried nothing will carry nothing. */
const PATIENCE = 3

/** One way of a link. */
export interface Direction {
  readonly link: Link
  readonly from: string
  readonly to: string
  /** `leaf1--spine1 leaf1>spine1` */
  readonly name: string
}

/** What was seen of a direction. */
export interface Carried {
  frames: number
  opened: number
  handshakes: number
  octets: number
  /** Honest frames that were seen on it, and those of them that arrived. */
  crossed: number
  arrived: number
  /** Packet numbers or counters, lowest and greatest, by key epoch. */
  readonly epochs: Map<string, { lowest: bigint; greatest: bigint }>
  readonly findings: Finding[]
  /** Fates of frames that crossed it, at its far end, and how many. */
  readonly dropped: Map<string, number>
  /** The first frame that opened, and the latest number of its epoch. */
  sample: WireFrame | undefined
}

/** Directions of links, in order. */
export function waysOf(links: readonly Link[]): readonly Direction[] {
  return links.flatMap((link) => {
    const [there, back] = directionsOf(link)
    const [a, b] = link.ends
    return [
      { link, from: a, to: b, name: there },
      { link, from: b, to: a, name: back },
    ]
  })
}

/** Sends, round by round, and keeps count. */
export class LinkTraffic {
  readonly carried: ReadonlyMap<string, Carried>
  /** Honest frames that did not arrive, and what nodes said of them: `spine1: macsec-icv`, and how many. */
  readonly lost = new Map<string, { readonly node: string; readonly fate: string; frames: number }>()
  /** The same of what nodes say for themselves: handshakes, cookies, what their kernels speak. */
  readonly unnamed = new Map<string, { readonly node: string; readonly fate: string; frames: number }>()
  sent = 0
  arrived = 0

  constructor(
    readonly target: ScenarioTarget,
    readonly links: readonly Link[],
    readonly by: SealKind,
  ) {
    this.carried = new Map(waysOf(links).map(({ name }) => [name, nothing()]))
  }

  /** Until every direction has carried something, or it is clear that some will not. */
  async run(): Promise<void> {
    await this.target.reset()
    let quiet = 0
    for (let round = 0; round < ROUNDS && quiet < PATIENCE; round++) {
      const silent = this.#silent()
      await this.round(round)
      if (this.#silent() === 0) return
      quiet = this.#silent() < silent ? 0 : quiet + 1
    }
  }

  async round(round: number): Promise<void> {
    const { target, links } = this
    const flows = crossing(target, links, round)
    const asked = round === 0 ? questions(target) : []
    const seen = await target.send([...asked, ...flows], { wire: links })
    this.#take(seen.on(links).captured())
  }

  #silent(): number {
    return [...this.carried.values()].filter(({ frames }) => frames === 0).length
  }

  #take(seen: Seen): void {
    const { findings } = judgeSeal(seen, this.by)
    for (const finding of findings) this.#of(finding.link, finding.node)?.findings.push(finding)
    for (const reading of seen.readings()) this.#count(reading)
    for (const { node, fate, trace } of seen.observation.fates)
      if (trace === undefined && isRefusal(fate)) note(this.unnamed, node, fate)
    const delivered = new Set(deliveredFrames(seen))
    for (const sent of seen.sent) {
      if (sent.frame.expect.outcome !== 'delivered') continue
      this.sent++
      if (delivered.has(sent)) this.arrived++
      this.#follow(seen, sent, delivered.has(sent))
    }
  }

  #of(link: string | undefined, from: string | undefined): Carried | undefined {
    const found = [...this.carried].find(([name]) => name.startsWith(`${link} ${from}>`))
    return found?.[1]
  }

  #count({ wire, epoch, number, wireguard }: WireReading): void {
    const carried = this.#of(wire.link, wire.from)
    if (carried === undefined) return
    carried.frames++
    carried.octets += wire.frame.length
    if (wireguard?.kind === 'handshake') carried.handshakes++
    if (epoch === undefined || number === undefined) return
    carried.opened++
    const range = carried.epochs.get(epoch)
    if (range === undefined) carried.epochs.set(epoch, { lowest: number, greatest: number })
    else if (number > range.greatest) range.greatest = number
    if (wireguard === undefined || wireguard.kind === 'data') carried.sample ??= wire
  }

  /** Where an honest frame has been, and what ended it. */
  #follow(seen: Seen, sent: Sent, arrived: boolean): void {
    const readings = seen.readingsOf(sent)
    const fates = arrived ? [] : seen.fatesOf(sent)
    const explained = new Set<string>()
    for (const { wire } of new Map(
      readings.map((one) => [`${one.wire.link} ${one.wire.from}`, one]),
    ).values()) {
      const carried = this.#of(wire.link, wire.from)
      if (carried === undefined) continue
      carried.crossed++
      const end = fates.find(({ node }) => node === wire.to)
      if (end === undefined) carried.arrived++
      else {
        explained.add(`${end.node} ${end.fate}`)
        carried.dropped.set(end.fate, (carried.dropped.get(end.fate) ?? 0) + 1)
      }
    }
    // What is lost without a word is as lost.
    const { at } = sent.frame
    if (!arrived && fates.length === 0 && 'host' in at)
      note(this.lost, seen.source.fabric.host(at.host).leaf, 'no node says why')
    for (const { node, fate } of fates) {
      if (explained.has(`${node} ${fate}`)) continue
      note(this.lost, node, fate)
    }
  }
}

/** What a seal refuses, and what is no more than its own business. */
const CONSUMED: ReadonlySet<string> = new Set([
  'wireguard-handshake',
  'wireguard-cookie',
  'wireguard-keepalive',
])

/** Whether a seal was refused, and not a message of its own was taken. */
export function isRefusal(fate: string): boolean {
  return /^(?:wireguard|macsec)-/.test(fate) && !CONSUMED.has(fate)
}

function note(fates: LinkTraffic['lost'], node: string, fate: string): void {
  const key = `${node} ${fate}`
  const noted = fates.get(key) ?? { node, fate, frames: 0 }
  noted.frames++
  fates.set(key, noted)
}

function nothing(): Carried {
  return {
    frames: 0,
    opened: 0,
    handshakes: 0,
    octets: 0,
    crossed: 0,
    arrived: 0,
    epochs: new Map(),
    findings: [],
    dropped: new Map(),
    sample: undefined,
  }
}
