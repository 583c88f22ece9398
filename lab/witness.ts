/**
 * What a lab says of itself: its statistics pages, the journals of its engines, the captures of its links. Cut where nothing is on its way, so
 * that all of them tell of the same frames.
 *
 * @module
 */
import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { WireFrame } from '../record/target.js'
import { LabError } from './errors.js'
import { JournalTail } from './journal-tail.js'
import type { Lab } from './lab.js'
import { LinkCaptures } from './link-captures.js'
import type { JournalEntries } from './observe.js'
import { PageReader } from './stats-page.js'
import { settle, Settler, type Pages } from './settle.js'

/** ms for a fabric to come to rest. */
const SETTLE_DEADLINE = 5000

const Synced = z.object({ journalBytes: z.int().min(0) })

export class Witness {
  readonly settler: Settler
  private readonly tails: ReadonlyMap<string, JournalTail>
  private readonly pages: { readonly nodes: ReadonlyMap<string, PageReader>; readonly probe: PageReader }
  private captures: LinkCaptures | undefined
  private captured: WireFrame[] = []
  private answered = 0
  private drops = 0

  constructor(private readonly lab: Lab) {
    const { plan, paths } = lab
    this.settler = new Settler(plan)
    this.tails = new Map(plan.nodes.map(({ name }) => [name, new JournalTail(paths.nodeJournal(name))]))
    this.pages = {
      nodes: new Map(plan.nodes.map(({ name }) => [name, new PageReader(paths.nodeStatistics(name))])),
      probe: new PageReader(paths.probeStatistics),
    }
  }

  /** Takes what has happened so far as the past. @param captures whether links are captured from now on */
  async begin(captures: boolean): Promise<void> {
    this.drops = this.droppedIn(await this.rebase()).total
    if (captures) this.captures = await LinkCaptures.start(this.lab)
  }

  /** @param isLabLeft captures end by themselves with a lab that is taken down */
  async close(isLabLeft: boolean): Promise<void> {
    if (isLabLeft) await this.captures?.stop()
    for (const page of [...this.pages.nodes.values(), this.pages.probe]) page.close()
  }

  /** Frames that were sent before their receiver was open are missing for good; those on their way now are not. */
  async rebase(): Promise<Pages> {
    const longest = Math.max(0, ...this.lab.plan.links.map((link) => link.delay ?? 0))
    for (let before = this.settler.look(this.readPages()).mark; ;) {
      await delay(20 + (2 * longest) / 1e6)
      const pages = this.readPages()
      const { mark } = this.settler.look(pages)
      if (mark === before) {
        this.settler.rebase(pages)
        return pages
      }
      before = mark
    }
  }

  /** Until no frame is on its way. @throws LabError `ZT_LAB_UNSETTLED` */
  settle(): Promise<Pages> {
    return settle(this.settler, {
      read: () => this.readPages(),
      // The first looks come right after each other, as one hop takes some tens of microseconds; later ones leave the cores alone.
      pause: async (looks) => {
        if (looks < 4) await setImmediate()
        else await delay(1)
      },
      now: () => performance.now(),
      deadline: SETTLE_DEADLINE,
    })
  }

  /** New journal entries of all nodes, cut where nothing was on its way. @throws LabError `ZT_LAB_LOST` when a kernel dropped frames */
  async newEntries(): Promise<JournalEntries> {
    for (;;) {
      const quiet = this.settler.look(await this.settle()).mark
      const ends = await Promise.all(
        this.lab.plan.nodes.map(async ({ name }): Promise<[string, number]> => {
          const { journalBytes } = Synced.parse(await this.lab.control(name, { op: 'sync' }))
          return [name, journalBytes]
        }),
      )
      this.captured.push(...(this.captures?.read() ?? []))
      const pages = this.readPages()
      // A kernel may have something to say of its own (MLD, ND, BGP) while journals and captures are being written out.
      if (this.settler.look(pages).mark !== quiet) continue
      this.checkDrops(pages)
      return new Map(ends.map(([name, end]) => [name, this.tails.get(name)?.read(end) ?? []]))
    }
  }

  /** What was captured up to the end of the entries that were read last. */
  takeCaptured(): readonly WireFrame[] {
    const taken = this.captured
    this.captured = []
    return taken
  }

  /**
   * Both witnesses must have seen as many frames. Copies are lost when nobody takes them out of the ring in time; a witness with gaps is none.
   *
   * @throws LabError `ZT_LAB_LOST`
   */
  checkCaptured(journals: readonly WireFrame[], captures: readonly WireFrame[]): void {
    if (this.captures === undefined || journals.length === captures.length) return
    throw new LabError(
      'ZT_LAB_LOST',
      `journals tell of ${journals.length} frames on fabric links, captures of ${captures.length}`,
      { remedy: 'the host does not keep up; send fewer frames at once, or on a quieter host' },
    )
  }

  /** Requests for neighbours that hosts have answered since it was asked last. */
  answeredSince(): number {
    const now = this.pages.probe
      .read()
      .entries.reduce((sum, { arpAnswered, ndAnswered }) => sum + arpAnswered + ndAnswered, 0)
    const since = now - this.answered
    this.answered = now
    return since
  }

  private droppedIn(pages: Pages): { readonly total: number; readonly where: string } {
    const dropped = [...this.settler.dropped(pages)]
    return {
      total: dropped.reduce((sum, [, count]) => sum + count, 0),
      where: dropped.map(([wire, count]) => `${wire}: ${count}`).join('; '),
    }
  }

  private checkDrops(pages: Pages): void {
    const { total, where } = this.droppedIn(pages)
    if (total <= this.drops) return
    this.drops = total
    throw new LabError('ZT_LAB_LOST', `the kernel dropped frames before their sockets (${where})`, {
      remedy: 'the host does not keep up; send fewer frames at once, or on a quieter host',
    })
  }

  private readPages(): Pages {
    return {
      nodes: new Map([...this.pages.nodes].map(([name, reader]) => [name, reader.read()])),
      probe: this.pages.probe.read(),
    }
  }
}
