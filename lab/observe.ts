/**
 * What a lab saw, put together from journals: frames on wires, fates, punts. A frame on a wire stands in two journals, its
 * sender's and its receiver's, and they must agree.
 *
 * @module
 */
import { RecordType } from '../contract/journal.js'
import type { Plan } from '../contract/plan.js'
import type { Injection, NodeFate, Observation, WireFrame } from '../record/target.js'
import { fateOfCode, type Keys } from '../twin/forward/index.js'
import { findTraceId } from '../twin/packet/index.js'
import { Canon } from './compare/canonical.js'
import { LabError } from './errors.js'
import { fateCodeOf, Follower, type Lineage } from './follower.js'
import type { TailEntry, TailRecord } from './journal-tail.js'

/** What journals tell about the time between two settled states. */
export type JournalView = Pick<Observation, 'wire' | 'fates' | 'punts'>

/** Where a port's wire leads: a fabric link with who sends at the other end, or a host's. */
interface PortWire {
  readonly link: string
  readonly peer: string
}

export class JournalObserver {
  private readonly canon: Canon
  private readonly ports = new Map<string, PortWire>()
  private readonly followers: ReadonlyMap<string, Follower>

  constructor(plan: Plan, keys: Keys & ReadonlyMap<string, Uint8Array>) {
    this.canon = new Canon(plan, keys)
    for (const { id, a, b } of plan.links) {
      this.ports.set(`${a.node}/${a.interface}`, { link: id, peer: b.node })
      this.ports.set(`${b.node}/${b.interface}`, { link: id, peer: a.node })
    }
    this.followers = new Map(plan.nodes.map(({ name }) => [name, new Follower(name, keys)]))
  }

  /**
   * @param entries new entries of every node's journal, at rest
   * @param sent what was injected meanwhile
   * @throws LabError `ZT_LAB_LOST` when a frame left one end of a link and did not come in at the other
   */
  observe(entries: ReadonlyMap<string, readonly TailEntry[]>, sent: readonly Injection[]): JournalView {
    const wire: WireFrame[] = []
    const fates: NodeFate[] = []
    const punts: Observation['punts'][number][] = []
    const balance = new WireBalance(sent)
    for (const [node, list] of entries) {
      const follower = this.followers.get(node)
      for (const entry of list) {
        const { input, outputs } = entry
        if (input.type === RecordType.FrameIn) this.received(node, input, wire, balance)
        const lineage = this.traceOf(node, input)
        const attributed = follower?.attribute(entry, lineage) ?? []
        for (const [n, output] of outputs.entries()) {
          if (output.type === RecordType.FrameOut) this.left(node, output, balance)
          else if (output.type === RecordType.PuntOut) {
            punts.push({ node, interface: output.interface, frame: output.payload })
          } else fates.push(fateOf(node, output, attributed[n] ?? 0))
        }
      }
    }
    balance.check()
    return { wire, fates, punts }
  }

  private received(
    node: string,
    { interface: id, payload }: TailRecord,
    wire: WireFrame[],
    balance: WireBalance,
  ): void {
    const at = this.ports.get(`${node}/${id}`)
    if (at === undefined) return
    wire.push({ link: at.link, from: at.peer, to: node, frame: payload, seenBy: 'journal' })
    balance.received(at.link, node, payload)
  }

  private left(node: string, { interface: id, payload }: TailRecord, balance: WireBalance): void {
    const at = this.ports.get(`${node}/${id}`)
    if (at !== undefined) balance.sent(at.link, at.peer, payload)
  }

  /** Trace ids are numbers from 0 on and lineages from 1 on: 0 is no frame in particular. */
  private traceOf(node: string, { type, interface: id, payload }: TailRecord): Lineage {
    if (type !== RecordType.FrameIn && type !== RecordType.PuntIn) return 0
    const at = this.ports.get(`${node}/${id}`)
    const trace =
      at === undefined
        ? findTraceId(payload)?.trace
        : this.canon.frame({ id: at.link }, at.peer, payload).trace
    return trace === undefined ? 0 : trace + 1
  }
}

function fateOf(node: string, record: TailRecord, lineage: Lineage): NodeFate {
  const code = fateCodeOf(record)
  const fate = fateOfCode(code)
  if (fate === undefined)
    throw new LabError('ZT_LAB_FORMAT', `the journal of ${node} has a fate of unknown code ${code}`)
  return lineage === 0 ? { node, fate } : { node, fate, trace: lineage - 1 }
}

/** Per link and receiver: what was sent and injected, less what was received. */
class WireBalance {
  private readonly counts = new Map<string, number>()

  constructor(injections: readonly Injection[]) {
    for (const { at, frame } of injections) if ('link' in at) this.sent(at.link, at.to, frame)
  }

  sent(link: string, to: string, frame: Uint8Array): void {
    this.add(link, to, frame, 1)
  }

  received(link: string, to: string, frame: Uint8Array): void {
    this.add(link, to, frame, -1)
  }

  check(): void {
    const wrong = [...this.counts].filter(([, count]) => count !== 0)
    const [first] = wrong
    if (first === undefined) return
    const [key, count] = first
    const [link = '', to = '', frame = ''] = key.split('\0')
    const what = count > 0 ? 'sent and not received' : 'received and not sent'
    throw new LabError(
      'ZT_LAB_LOST',
      `${wrong.length} frames differ between the ends of their links; on ${link} to ${to} one of ${frame.length / 2} octets was ${what} ${Math.abs(count)} times`,
      {
        remedy:
          'something else sends on these devices, or the host drops frames under load; try again on a quiet host',
      },
    )
  }

  private add(link: string, to: string, frame: Uint8Array, count: number): void {
    const key = `${link}\0${to}\0${Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('hex')}`
    this.counts.set(key, (this.counts.get(key) ?? 0) + count)
  }
}
