/**
 * What is broken in a running lab, and how: from what is broken now to what is to be, step by step. A fault that cannot be made is
 * taken back; a lab that goes down with faults in it goes down like any other.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { Fault } from '../../record/target.js'
import { LabError } from '../errors.js'
import { brokenBy, checkFault, describeFault, type Broken, type DaemonCondition } from '../fault.js'

/** What faults are made of. Each returns when it is done. */
export interface FaultMeans {
  /** Carrier of a wire, by the id of its link or host. */
  wire(id: string, up: boolean): Promise<void>
  /** Loses every frame of a link in front of its receivers. */
  silence(link: string, on: boolean): Promise<void>
  /** Brings a node's daemons into a condition. */
  daemons(node: string, from: DaemonCondition, to: DaemonCondition): Promise<void>
  agent(node: string, runs: boolean): Promise<void>
  /** Whether a node announces a prefix of its own. */
  announce(node: string, prefix: string, on: boolean): Promise<void>
  /** Engine and kernel of a node as they are when it has just been switched on. */
  forget(node: string): Promise<void>
}

export class Faults {
  private readonly made = new Map<string, Fault>()
  /** Prefixes that a node has been told not to announce. */
  private readonly told = new Map<string, ReadonlySet<string>>()
  private begun = false
  private working = 0
  /** One after the other. */
  private last: Promise<void> = Promise.resolve()

  constructor(
    private readonly plan: Plan,
    private readonly means: FaultMeans,
    /** Something has been broken before. */
    ever = false,
  ) {
    this.begun = ever
  }

  get all(): readonly Fault[] {
    return [...this.made.values()]
  }

  /** Something is being made or repaired. */
  get busy(): boolean {
    return this.working > 0
  }

  /** Something is broken or has been. */
  get ever(): boolean {
    return this.begun
  }

  /** @throws LabError `ZT_FAULT_UNKNOWN`, `ZT_FAULT_STANDS` for one that is made already, and whatever making it meets; then it is not made */
  fail(fault: Fault): Promise<void> {
    return this.next(async () => {
      checkFault(this.plan, fault)
      const key = describeFault(fault)
      if (this.made.has(key)) {
        throw new LabError('ZT_FAULT_STANDS', `${key} is so already`, {
          remedy: 'repair it before it can fail again',
        })
      }
      this.begun = true
      await this.change([...this.all, fault])
      this.made.set(key, fault)
    })
  }

  /** @throws LabError `ZT_FAULT_UNKNOWN`, `ZT_FAULT_NONE` for one that was not made */
  repair(fault: Fault): Promise<void> {
    return this.next(async () => {
      checkFault(this.plan, fault)
      const key = describeFault(fault)
      if (!this.made.has(key)) {
        const now = [...this.made.keys()].join(', ')
        throw new LabError('ZT_FAULT_NONE', `${key} is not so: there is nothing to repair`, {
          remedy: `what is broken: ${now === '' ? 'nothing' : now}`,
        })
      }
      await this.change(this.all.filter((one) => describeFault(one) !== key))
      this.made.delete(key)
    })
  }

  private next(work: () => Promise<void>): Promise<void> {
    this.working++
    const done = this.last.then(work).finally(() => this.working--)
    this.last = done.catch(() => undefined)
    return done
  }

  private async change(faults: readonly Fault[]): Promise<void> {
    const [from, to] = [brokenBy(this.plan, this.all), brokenBy(this.plan, faults)]
    try {
      await this.steps(from, to)
    } catch (error) {
      const problems = await this.steps(to, from).then(
        () => [],
        (problem: unknown) => [problem],
      )
      if (problems.length === 0) throw error
      throw new AggregateError(
        [error, ...problems],
        `${String(error)} (and it could not be taken back: ${String(problems[0])})`,
        { cause: error },
      )
    }
  }

  /** What breaks, wires first: a node without power says nobody goodbye. Then what is mended, daemons last. */
  private async steps(from: Broken, to: Broken): Promise<void> {
    const { means } = this
    await each(less(to.cut, from.cut), (id) => means.wire(id, false))
    await each(less(to.silent, from.silent), (id) => means.silence(id, true))
    await this.daemons(from, to, (condition) => condition !== 'runs')
    await each(less(to.agentless, from.agentless), (node) => means.agent(node, false))
    await each(less(from.off, to.off), (node) => means.forget(node))
    await each(less(from.cut, to.cut), (id) => means.wire(id, true))
    await each(less(from.silent, to.silent), (id) => means.silence(id, false))
    await this.daemons(from, to, (condition) => condition === 'runs')
    await each(less(from.agentless, to.agentless), (node) => means.agent(node, true))
    await this.announcements(to)
  }

  private async daemons(from: Broken, to: Broken, wanted: (to: DaemonCondition) => boolean): Promise<void> {
    const of = ({ daemons }: Broken, node: string) => daemons.get(node) ?? 'runs'
    const nodes = new Set([...from.daemons.keys(), ...to.daemons.keys()])
    const changed = [...nodes].filter((node) => of(from, node) !== of(to, node) && wanted(of(to, node)))
    await each(changed, (node) => this.means.daemons(node, of(from, node), of(to, node)))
  }

  private async announcements({ daemons, agentless, withdrawn }: Broken): Promise<void> {
    const forgets = (node: string) =>
      agentless.has(node) || ['killed', 'off'].includes(daemons.get(node) ?? 'runs')
    // Whoever begins anew knows of nothing that it was told before.
    for (const node of this.told.keys()) if (forgets(node)) this.told.delete(node)
    // One that does not run is told when it is back.
    const nodes = [...new Set([...this.told.keys(), ...withdrawn.keys()])].filter(
      (node) => !forgets(node) && !daemons.has(node),
    )
    await each(nodes, async (node) => {
      const [known, wanted] = [
        this.told.get(node) ?? new Set<string>(),
        withdrawn.get(node) ?? new Set<string>(),
      ]
      await each(less(known, wanted), (prefix) => this.means.announce(node, prefix, true))
      await each(less(wanted, known), (prefix) => this.means.announce(node, prefix, false))
      this.told.set(node, new Set(wanted))
    })
  }
}

function less<T>(all: ReadonlySet<T>, without: ReadonlySet<T>): T[] {
  return [...all].filter((one) => !without.has(one))
}

/** All at once; waits for all, whatever becomes of one of them. */
async function each<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const outcomes = await Promise.allSettled(all.map(work))
  const problems = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  if (problems.length === 1) throw problems[0]
  if (problems.length > 1) throw new AggregateError(problems, problems.map(String).join('; '))
}
