/**
 * What a lab saw, put together from journals: frames on wires, fates, punts. A frame on a wire stands in two journals, its
 * sender's and its receiver's; that is how a frame is followed through the fabric, and how a lost one is found.
 *
 * @module
 */
import { RecordType } from '../contract/journal.js'
import type { Plan } from '../contract/plan.js'
import type { Injection, NodeFate, Observation, WireFrame } from '../record/target.js'
import { fateOfCode, type FabricNode, type Keys } from '../twin/forward/index.js'
import { SessionOpener } from '../twin/wireguard-opener.js'
import { LabError } from './errors.js'
import { fateCodeOf, Follower, type Lineage } from './follower.js'
import type { TailEntry, TailRecord } from './journal-tail.js'

/** What journals tell about the time between two settled states. */
export type JournalView = Pick<Observation, 'wire' | 'fates' | 'punts'>
/** New entries of every node's journal, at rest. */
export type JournalEntries = ReadonlyMap<string, readonly TailEntry[]>

/** Where a port's wire leads. */
type PortWire = { readonly link: string; readonly peer: string } | { readonly host: string }

export class JournalObserver {
  /** Whether frames are lost on a wire, by the id of its link or host, as they are meant to be. */
  loses: (wire: string) => boolean = () => false
  private readonly ports = new Map<string, PortWire>()
  /** Who sends and where it comes in, by link and receiving node. */
  private readonly receivers = new Map<string, { readonly from: string; readonly port: number }>()
  /** What their sessions open; `undefined` where no link is sealed by WireGuard. */
  readonly opener: SessionOpener | undefined
  private readonly followers: ReadonlyMap<string, Follower>

  constructor(plan: Plan, keys: Keys) {
    for (const { id, a, b } of plan.links) {
      this.ports.set(`${a.node}/${a.interface}`, { link: id, peer: b.node })
      this.ports.set(`${b.node}/${b.interface}`, { link: id, peer: a.node })
      this.receivers.set(`${id}/${a.node}`, { from: b.node, port: a.interface })
      this.receivers.set(`${id}/${b.node}`, { from: a.node, port: b.interface })
    }
    for (const { id, at } of plan.hosts) this.ports.set(`${at.node}/${at.interface}`, { host: id })
    this.opener = SessionOpener.of(plan)
    const learn = (node: FabricNode): void => this.opener?.learn(node)
    this.followers = new Map(plan.nodes.map(({ name }) => [name, new Follower(name, keys, learn)]))
  }

  /**
   * @param sent what was injected meanwhile
   * @throws LabError `ZT_LAB_LOST` when a frame left one end of a link and did not come in at the other
   */
  observe(entries: JournalEntries, sent: readonly Injection[]): JournalView {
    const view = {
      wire: [] as WireFrame[],
      fates: [] as NodeFate[],
      punts: [] as Observation['punts'][number][],
    }
    const wires = new Wires(
      sent.map(({ at, frame }) =>
        'link' in at && !this.loses(at.link) && this.pass(view, at.link, at.to, frame)
          ? undefined
          : { at, frame },
      ),
      this.loses,
    )
    for (const { node, entry, place } of this.inOrder(entries, wires)) {
      const lineage = this.enter(node, entry.input, place, view.wire, wires)
      const attributed = this.followers.get(node)?.attribute(entry, lineage) ?? []
      for (const [n, output] of entry.outputs.entries()) {
        const of = attributed[n] ?? 0
        if (output.type === RecordType.FrameOut) this.leave(node, output, of, view, wires)
        else if (output.type === RecordType.PuntOut) {
          view.punts.push({ node, interface: output.interface, frame: output.payload })
        } else view.fates.push(fateOf(node, output, sent[of - 1]?.trace))
      }
    }
    wires.check()
    return view
  }

  /** What happened before anybody looked: followed, and otherwise forgotten. */
  skip(entries: JournalEntries): void {
    for (const [node, list] of entries) {
      for (const entry of list) this.followers.get(node)?.attribute(entry, 0)
    }
  }

  private enter(
    node: string,
    input: TailRecord,
    place: string | undefined,
    wire: WireFrame[],
    wires: Wires,
  ): Lineage {
    if (place === undefined) return 0
    const at = this.ports.get(`${node}/${input.interface}`)
    if (at !== undefined && 'link' in at) {
      wire.push({ link: at.link, from: at.peer, to: node, frame: input.payload, seenBy: 'journal' })
    }
    return wires.take(place, at !== undefined && 'link' in at)
  }

  private leave(
    node: string,
    { interface: id, payload }: TailRecord,
    lineage: Lineage,
    view: Passed,
    wires: Wires,
  ): void {
    const at = this.ports.get(`${node}/${id}`)
    if (at === undefined || !('link' in at) || this.loses(at.link)) return
    if (this.pass(view, at.link, at.peer, payload)) return
    wires.put(linkPlace(at.link, at.peer, payload), lineage)
  }

  /** PUNT-3: a frame that no journal has received went to a kernel all the same, as its sender's journal says. */
  private pass(view: Passed, link: string, to: string, frame: Uint8Array): boolean {
    const end = this.receivers.get(`${link}/${to}`)
    if (end === undefined || this.followers.get(to)?.passes(end.port, frame) !== true) return false
    view.wire.push({ link, from: end.from, to, frame, seenBy: 'journal' })
    view.punts.push({ node: to, interface: end.port, frame })
    return true
  }

  /** The place at which a received frame is looked for; none for other inputs. */
  private placeOf(node: string, { type, interface: id, payload }: TailRecord): string | undefined {
    const at = type === RecordType.FrameIn ? this.ports.get(`${node}/${id}`) : undefined
    if (at === undefined) return undefined
    return 'link' in at ? linkPlace(at.link, node, payload) : hostPlace(at.host, payload)
  }

  /**
   * Entries of all journals in an order in which frames are received after they were sent: by time, which is one clock on one
   * host, but for moments in which some nodes' clocks have been moved and others' not yet.
   */
  private *inOrder(entries: JournalEntries, wires: Wires): Generator<Head> {
    const queues = [...entries].map(([node, list]) => ({ node, list, at: 0 }))
    const headOf = ({ node, list, at }: (typeof queues)[number]): Head | undefined => {
      const entry = list[at]
      return entry === undefined ? undefined : { node, entry, place: this.placeOf(node, entry.input) }
    }
    const heads = queues.map(headOf)
    for (;;) {
      const next = earliest(heads, wires)
      const head = heads[next]
      const queue = queues[next]
      if (head === undefined || queue === undefined) return
      yield head
      queue.at++
      heads[next] = headOf(queue)
    }
  }
}

/** Where frames that XDP passes are told of. */
interface Passed {
  readonly wire: WireFrame[]
  readonly punts: Observation['punts'][number][]
}

/** The next entry of a node's journal. */
interface Head {
  readonly node: string
  readonly entry: TailEntry
  /** Where its frame is looked for, if it is one. */
  readonly place: string | undefined
}

/** Index of the head to take: the earliest of those whose frame has been sent, else the earliest; -1 when all are done. */
function earliest(heads: readonly (Head | undefined)[], wires: Wires): number {
  let best = -1
  let bestExpected = false
  for (const [index, head] of heads.entries()) {
    if (head === undefined) continue
    const expected = wires.isExpected(head.place)
    const before = heads[best]
    if (
      before === undefined ||
      (expected === bestExpected ? head.entry.input.now < before.entry.input.now : expected)
    ) {
      best = index
      bestExpected = expected
    }
  }
  return best
}

/** Frames on their way, by place and octets: what was sent, oldest first, then what was injected. */
class Wires {
  private readonly sent = new Map<string, Lineage[]>()
  private readonly injected = new Map<string, Lineage[]>()
  private readonly unexpected: string[] = []

  /** @param injections undefined: one that nobody will receive */
  constructor(
    injections: readonly (Pick<Injection, 'at' | 'frame'> | undefined)[],
    loses: (wire: string) => boolean,
  ) {
    for (const [index, injection] of injections.entries()) {
      if (injection === undefined) continue
      const { at, frame } = injection
      if (loses('link' in at ? at.link : at.host)) continue
      const place = 'link' in at ? linkPlace(at.link, at.to, frame) : hostPlace(at.host, frame)
      push(this.injected, place, index + 1)
    }
  }

  put(place: string, lineage: Lineage): void {
    push(this.sent, place, lineage)
  }

  /** Has what is received at this place been sent? True for what is no frame from a wire. */
  isExpected(place: string | undefined): boolean {
    return place === undefined || this.queueOf(place) !== undefined || place.startsWith('host')
  }

  /** @returns whose frame it is; 0 for what hosts send of their own */
  take(place: string, mustBeSent: boolean): Lineage {
    const lineage = this.queueOf(place)?.shift()
    if (lineage === undefined && mustBeSent) this.unexpected.push(place)
    return lineage ?? 0
  }

  check(): void {
    const lost = [this.sent, this.injected].flatMap((queues) =>
      [...queues].flatMap(([place, queue]) => queue.map(() => place)),
    )
    const first = lost[0] ?? this.unexpected[0]
    if (first === undefined) return
    const [, where = '', frame = ''] = first.split('\0')
    throw new LabError(
      'ZT_LAB_LOST',
      `${lost.length} frames were sent and not received, ${this.unexpected.length} received and not sent; one of ${frame.length / 2} octets ${where}`,
      {
        remedy:
          'something else sends on these devices, or the host drops frames under load; try again on a quiet host',
      },
    )
  }

  private queueOf(place: string): Lineage[] | undefined {
    return [this.sent, this.injected]
      .map((queues) => queues.get(place))
      .find((queue) => queue !== undefined && queue.length > 0)
  }
}

function push(queues: Map<string, Lineage[]>, place: string, lineage: Lineage): void {
  const queue = queues.get(place)
  if (queue === undefined) queues.set(place, [lineage])
  else queue.push(lineage)
}

function linkPlace(link: string, to: string, frame: Uint8Array): string {
  return `link\0on ${link} to ${to}\0${hex(frame)}`
}

function hostPlace(host: string, frame: Uint8Array): string {
  return `host\0of ${host}\0${hex(frame)}`
}

function hex(frame: Uint8Array): string {
  return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('hex')
}

function fateOf(node: string, record: TailRecord, trace: number | undefined): NodeFate {
  const code = fateCodeOf(record)
  const fate = fateOfCode(code)
  if (fate === undefined)
    throw new LabError('ZT_LAB_FORMAT', `the journal of ${node} has a fate of unknown code ${code}`)
  return trace === undefined ? { node, fate } : { node, fate, trace }
}
