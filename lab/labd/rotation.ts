/**
 * Rotation of keys: one group of ends after the other, from the epoch that it has to the next. What has begun is written down before
 * anything is done, and every step may be done again, so that one that was cut off is completed by the next.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Plan } from '../../contract/plan.js'
import { keyedGroup, sealGroups, type SealGroup } from '../../twin/program/epochs.js'
import type { SealState } from '../epochs.js'
import { LabError } from '../errors.js'
import { LoadTimes } from './load-times.js'
import { rekeyMacsec } from './rekey-macsec.js'
import { rekeyWireguard } from './rekey-wireguard.js'
import type { RekeyMeans } from './rekey.js'

export interface RotationMeans extends Pick<RekeyMeans, 'ask' | 'publicKeyOf'> {
  /** Adds values to what engines read (0600), and returns when they can. */
  readonly addKeys: (keys: Readonly<Record<string, string>>) => void
  /** Takes them out of it. */
  readonly retireKeys: (references: readonly string[]) => void
  /** Writes down what every group has. */
  readonly write: (seals: readonly SealState[]) => void
  /** A group has another epoch for good: what is loaded into its nodes later has it too. */
  readonly onRotated: (group: SealGroup, epoch: number) => void
}

export interface RotationRequest {
  readonly name: string
  readonly epoch: number
  readonly keys: Readonly<Record<string, string>>
}
/** What was done, ms since it began. */
export interface RotationStep {
  readonly step: string
  readonly at: number
}
export interface Rotated {
  readonly from: number
  readonly to: number
  readonly steps: readonly RotationStep[]
}

export class Rotations {
  private readonly groups: ReadonlyMap<string, SealGroup>
  private readonly states: Map<string, SealState>
  private readonly loadTimes = new LoadTimes()
  /** One after the other. */
  private last: Promise<unknown> = Promise.resolve()

  /** @param known what groups have already, by name; all others are at epoch 0 */
  constructor(
    private readonly plan: Plan,
    private readonly means: RotationMeans,
    known: ReadonlyMap<string, Pick<SealState, 'epoch' | 'since'>> = new Map(),
  ) {
    const groups = sealGroups(plan)
    const since = new Date().toISOString()
    this.groups = new Map(groups.map((group) => [group.name, group]))
    this.states = new Map(
      groups.map(({ name, kind, seal }) => [
        name,
        { name, kind, ...(seal === undefined ? {} : { seal }), epoch: 0, since, ...known.get(name) },
      ]),
    )
  }

  get seals(): readonly SealState[] {
    return [...this.states.values()]
  }

  /** @throws LabError `ZT_LAB_UNKNOWN`, `ZT_LAB_STATE` for another epoch than the next, and why it could not be completed */
  rotate(request: RotationRequest): Promise<Rotated> {
    const done = this.last.then(() => this.rotateNow(request))
    this.last = done.catch(() => undefined)
    return done
  }

  private async rotateNow({ name, epoch, keys }: RotationRequest): Promise<Rotated> {
    const [group, state] = [this.groups.get(name), this.states.get(name)]
    if (group === undefined || state === undefined)
      throw new LabError('ZT_LAB_UNKNOWN', `the lab has no seal between ${JSON.stringify(name)}`)
    const due = state.next?.epoch ?? state.epoch + 1
    if (epoch !== due) {
      throw new LabError('ZT_LAB_STATE', `the next epoch of ${name} is ${due}, not ${epoch}`, {
        remedy: 'somebody else has rotated its keys meanwhile; look and do it again',
      })
    }
    this.means.addKeys(keys)
    this.enter({ ...state, next: state.next ?? { epoch, began: new Date().toISOString() } })
    const steps = await this.rekeyed(group, epoch)
    const { next: _, ...rest } = state
    // The old keys are gone from all ends: from now on nobody needs them but whoever replays a journal.
    const [before, after] = [state.epoch, epoch].map((of) => keyedGroup(this.plan, group, of).keys)
    this.means.onRotated(group, epoch)
    this.enter({ ...rest, epoch, since: new Date().toISOString() })
    this.means.retireKeys((before ?? []).filter((reference) => after?.includes(reference) !== true))
    return { from: state.epoch, to: epoch, steps }
  }

  private async rekeyed(group: SealGroup, epoch: number): Promise<readonly RotationStep[]> {
    const began = performance.now()
    const steps: RotationStep[] = []
    const longest = Math.max(0, ...this.plan.links.map((link) => link.delay ?? 0))
    const means: RekeyMeans = {
      ask: this.means.ask,
      publicKeyOf: this.means.publicKeyOf,
      loadTimes: this.loadTimes,
      note: (step) => steps.push({ step, at: performance.now() - began }),
      // ms for what is on its way, be it by all links.
      passed: () =>
        delay(IN_FLIGHT + (group.tenant === undefined ? 1 : this.plan.links.length) * (longest / 1e6)),
    }
    await (group.kind === 'macsec' ? rekeyMacsec : rekeyWireguard)(this.plan, group, epoch, means)
    return steps
  }

  private enter(state: SealState): void {
    this.states.set(state.name, state)
    this.means.write(this.seals)
  }
}

/** ms, besides the delay of links. */
const IN_FLIGHT = 20
