/**
 * A lab with a control plane beside a twin of the same plan: what daemons and engines hold against what the twin says that they come to.
 */
import { z } from 'zod'
import type { Plan } from '../../../contract/plan.js'
import { NodeProgram } from '../../../contract/program.js'
import { labUp, type Lab } from '../../../lab/index.js'
import {
  compareRibs,
  compareTables,
  describeDifference,
  judgeByLedger,
  type TableDifference,
} from '../../../lab/compare/rib.js'
import { ribLedger } from '../../../lab/compare/rib-ledger.js'
import type { RoutingWatch } from '../../../lab/routing.js'
import type { Injection, Target } from '../../../record/target.js'
import { controlPlaneOf, type PredictedControlPlane } from '../../../twin/fabric-control.js'
import { TwinFabric } from '../../../twin/forward/index.js'
import { deriveKeys } from '../../../twin/program/index.js'
import { newSeed } from './fabrics.js'
import { udpFrame } from './frames.js'

const Answer = z.looseObject({ program: NodeProgram })

/** Entries of the ledger that have explained something in this process. */
const usedEntries = new Set<string>()

/** Those that have not: the difference is gone, and they must go too. */
export function idleEntries(): string[] {
  return ribLedger.map(({ id }) => id).filter((id) => !usedEntries.has(id))
}

export class RibLab {
  private readonly twin: TwinFabric
  private traces = 0

  private constructor(
    readonly plan: Plan,
    readonly expected: PredictedControlPlane,
    private readonly lab: Lab,
    private readonly target: Target,
    private readonly routing: RoutingWatch,
    keys: ReadonlyMap<string, Uint8Array>,
  ) {
    this.twin = new TwinFabric(plan, keys, { controlPlane: expected })
  }

  static async open(plan: Plan): Promise<RibLab> {
    const expected = controlPlaneOf(plan)
    if (expected === undefined) throw new Error(`${plan.fabric} has no control plane`)
    const seed = newSeed()
    const lab = await labUp(plan, { keysSeed: seed })
    try {
      const target = await lab.target({ ownsLab: true })
      const routing = await lab.routing()
      if (routing === undefined) throw new Error('the lab has no control plane')
      return new RibLab(plan, expected, lab, target, routing, deriveKeys(plan, seed))
    } catch (error) {
      await lab.down()
      throw error
    }
  }

  async close(): Promise<void> {
    this.routing.close()
    await this.target.close()
  }

  /** Waits until daemons and agents have come to rest, whatever was expected. @returns what then differs, less what the ledger explains */
  async unexplained(): Promise<string[]> {
    await this.routing.settle()
    const differences = [
      ...compareRibs(this.expected.rows(), await this.routing.ribs()),
      ...(await this.tableDifferences()),
    ]
    const { unexplained, explained } = judgeByLedger(differences, ribLedger)
    for (const [id, count] of explained) if (count > 0) usedEntries.add(id)
    return unexplained.map(describeDifference)
  }

  private async tableDifferences(): Promise<TableDifference[]> {
    const each = this.plan.nodes.map(async ({ name }) => {
      const { program } = Answer.parse(await this.lab.control(name, { op: 'program' }))
      return compareTables(name, this.expected.tables(name), program.tables)
    })
    return (await Promise.all(each)).flat()
  }

  async send(frames: readonly Injection[]): Promise<void> {
    this.twin.send(frames, { wire: [] })
    await this.target.send(frames)
  }

  async reset(): Promise<void> {
    this.twin.reset()
    await this.target.reset()
  }

  /** Each host to the next of its tenant, as far as there is a way: all have spoken, and gateways know them. */
  round(): Injection[] {
    const { hosts } = this.plan
    return hosts.flatMap((from) => {
      const others = hosts.filter(
        ({ id, tenant, network }) =>
          id !== from.id &&
          tenant === from.tenant &&
          (network === from.network || from.gatewayMac !== undefined),
      )
      const to = others.find(({ id }) => id > from.id) ?? others[0]
      if (to === undefined) return []
      const family = ([4, 6] as const).find((one) =>
        [from, to].every(({ addresses }) =>
          addresses.some((address) => address.includes(':') === (one === 6)),
        ),
      )
      return family === undefined ? [] : [this.frame(from.id, to.id, family)]
    })
  }

  frame(from: string, to: string, family: 4 | 6 = 4): Injection {
    return udpFrame(this.plan, { trace: ++this.traces, from, to, family })
  }

  /** A host speaks from another's port. */
  frameAt(port: string, from: string, to: string): Injection {
    return { ...this.frame(from, to), at: { host: port } }
  }
}
