/**
 * Is the fabric at rest? Found out by counting, not by waiting: a wire is empty when what went in at one end has come out at
 * the other, and an engine is done when it says so in the same cut of its page. Two looks in a row that show the same settle it.
 *
 * @module
 */
import type { Plan } from '../contract/plan.js'
import { LabError } from './errors.js'
import { linkEndId } from './labd/probe-config.js'
import type { PageEntry, StatsPage } from './stats-page.js'

/** The pages of a lab at about one moment. */
export interface Pages {
  readonly nodes: ReadonlyMap<string, StatsPage>
  readonly probe: StatsPage
}

/** One direction of a cable: senders (an engine's port or a host, and whoever injects there), one receiver. */
interface Wire {
  readonly name: string
  /** Id of the link or host. */
  readonly id: string
  readonly senders: readonly Place[]
  readonly receiver: Place
}
/** A counter's place: a port of a node, or an entry of the probe. */
type Place = { readonly node: string; readonly interface: number } | { readonly probe: number }

/** What a look shows. */
interface Look {
  /** Everything that counts, in one text: equal texts, nothing moved. */
  readonly mark: string
  /** Why it is not quiet; empty when it is. */
  readonly busy: readonly string[]
}

export class Settler {
  private readonly wires: readonly Wire[]
  /** Frames by wire that were sent and not received when a baseline was taken. */
  private baseline = new Map<string, number>()
  /** Of the look before. */
  private mark = ''
  /** Nothing has been sent by intent since the baseline was taken. */
  private fresh = false

  /** The probe's entries are its hosts in the plan's order, then its link ends (`labd/probe-config.ts`). */
  constructor(plan: Pick<Plan, 'links' | 'hosts'>) {
    const ends = new Map(
      plan.links
        .flatMap(({ id, a, b }) => [linkEndId(id, a.node), linkEndId(id, b.node)])
        .map((id, n) => [id, plan.hosts.length + n]),
    )
    const injector = (link: string, to: string): Place[] => {
      const index = ends.get(linkEndId(link, to))
      return index === undefined ? [] : [{ probe: index }]
    }
    this.wires = [
      ...plan.links.flatMap(({ id, a, b }) => [
        { id, name: `${id} to ${b.node}`, senders: [a, ...injector(id, b.node)], receiver: b },
        { id, name: `${id} to ${a.node}`, senders: [b, ...injector(id, a.node)], receiver: a },
      ]),
      ...plan.hosts.flatMap(({ id, at }, n) => [
        { id, name: `${id} to ${at.node}`, senders: [{ probe: n }], receiver: at },
        { id, name: `${at.node} to ${id}`, senders: [at], receiver: { probe: n } },
      ]),
    ]
  }

  /** Wires on which frames are lost as they are meant to be, by the id of link or host: they count for nothing until a {@link rebase}. */
  loses: (wire: string) => boolean = () => false

  /**
   * Takes what is missing on each wire now as missing for good: it was sent before its receiver was open. To be called when nothing has moved
   * for a while; what was on a slow wire all the same, and comes before {@link keep}, is taken off again.
   */
  rebase(pages: Pages): void {
    this.baseline = new Map(this.wires.map((wire) => [wire.name, missing(wire, pages)]))
    this.fresh = true
  }

  /** From here on the baseline stands: a frame that is injected may be received before its sender has counted it. */
  keep(): void {
    this.fresh = false
  }

  /** What one look at the pages shows. */
  look(pages: Pages): Look {
    const busy: string[] = []
    const mark = markOf(pages)
    const stands = mark === this.mark
    this.mark = mark
    for (const [node, page] of pages.nodes) {
      if (page.state !== 'idle') busy.push(`the engine of ${node} is ${page.state}`)
    }
    for (const wire of this.wires) {
      if (this.loses(wire.id)) continue
      const lost = this.lost(wire, pages, stands)
      if (lost !== 0)
        busy.push(
          `${wire.name}: ${Math.abs(lost)} frames ${lost > 0 ? 'sent and not received' : 'received that nobody sent'}`,
        )
    }
    return { mark, busy }
  }

  /**
   * Frames sent and not received; below 0, received and not sent.
   *
   * @param stands that nothing has moved since the look before: pages are read one after the other, and while frames are on their way a
   *   receiver's may be ahead of its sender's. What arrives then although all was counted was on a slow wire when the baseline was taken.
   */
  private lost(wire: Wire, pages: Pages, stands: boolean): number {
    const before = this.baseline.get(wire.name) ?? 0
    const now = missing(wire, pages)
    if (now >= before || before <= 0 || !stands || !this.fresh) return now - before
    const arrived = Math.min(before - now, before)
    this.baseline.set(wire.name, before - arrived)
    return now - before + arrived
  }

  /** Frames that the kernel dropped between a device and its socket, by wire: a lab that cannot keep up. */
  dropped(pages: Pages): ReadonlyMap<string, number> {
    return new Map(
      this.wires
        .map(({ name, receiver }): [string, number] => [name, placeOf(receiver, pages)?.rxDropped ?? 0])
        .filter(([, count]) => count > 0),
    )
  }
}

export interface SettleOptions {
  readonly read: () => Pages
  /** Lets others run between two looks; called with the number of looks that found no rest in a row. */
  readonly pause: (looks: number) => Promise<void>
  readonly now: () => number
  /** ms */
  readonly deadline: number
}

/**
 * Returns when two looks in a row show rest and nothing has moved between them.
 *
 * @returns the pages as last read
 * @throws LabError `ZT_LAB_UNSETTLED` naming who is not quiet
 */
export async function settle(settler: Settler, options: SettleOptions): Promise<Pages> {
  const giveUp = options.now() + options.deadline
  let quiet: string | undefined
  for (let looks = 0; ; looks++) {
    const pages = options.read()
    const { mark, busy } = settler.look(pages)
    if (busy.length === 0 && mark === quiet) return pages
    quiet = busy.length === 0 ? mark : undefined
    if (options.now() >= giveUp) {
      const why = busy.length === 0 ? ['counts keep moving'] : busy
      throw new LabError(
        'ZT_LAB_UNSETTLED',
        `the fabric did not come to rest within ${options.deadline} ms: ${why.slice(0, 8).join('; ')}`,
        {
          remedy:
            'a loop or a storm keeps frames going, or an engine hangs; `ztos lab exec` and the journals show which',
        },
      )
    }
    await options.pause(quiet === undefined ? looks : 0)
  }
}

function missing({ senders, receiver }: Wire, pages: Pages): number {
  const sent = senders.reduce((sum, sender) => sum + (placeOf(sender, pages)?.tx ?? 0), 0)
  const end = placeOf(receiver, pages)
  return sent - (end === undefined ? 0 : end.rx + end.rxDropped + end.passed)
}

function placeOf(place: Place, pages: Pages): PageEntry | undefined {
  if ('probe' in place) return pages.probe.entries[place.probe]
  return pages.nodes.get(place.node)?.entries.find(({ id }) => id === place.interface)
}

function markOf({ nodes, probe }: Pages): string {
  const part = ({ inputs, outputs, fates, entries }: StatsPage) =>
    [
      inputs,
      outputs,
      fates,
      ...entries.flatMap(({ rx, tx, passed, rxDropped, puntIn, puntOut }) => [
        rx,
        tx,
        passed,
        rxDropped,
        puntIn,
        puntOut,
      ]),
    ].join(',')
  return [...nodes.values(), probe].map(part).join(';')
}
