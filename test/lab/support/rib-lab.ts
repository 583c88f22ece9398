/**
 * A lab with a control plane beside a twin of the same plan: what daemons and engines hold against what the twin says that they come to.
 */
import { z } from 'zod'
import type { Plan } from '../../../contract/plan.js'
import { NodeProgram } from '../../../contract/program.js'
import { labUp, type Lab } from '../../../lab/index.js'
import { describeDifference, type TableDifference } from '../../../lab/compare/rib.js'
import type { RoutingWatch } from '../../../lab/routing.js'
import type { Injection, Target } from '../../../record/target.js'
import { controlPlaneOf, type PredictedControlPlane } from '../../../twin/fabric-control.js'
import { TwinFabric } from '../../../twin/forward/index.js'
import { deriveKeys } from '../../../twin/program/index.js'
import { newSeed } from './fabrics.js'
import { udpFrame } from './frames.js'
import { describeTies, withoutKept, withoutTies } from './rib-chance.js'
import { differencesOf, type Holding } from './rib-holding.js'

const Answer = z.looseObject({ program: NodeProgram })

export class RibLab {
  private readonly twin: TwinFabric
  private traces = 0
  readonly chance = new Set<string>()

  private constructor(
    readonly plan: Plan,
    readonly expected: PredictedControlPlane,
    readonly lab: Lab,
    readonly target: Target,
    private readonly routing: RoutingWatch,
    readonly keys: ReadonlyMap<string, Uint8Array>,
  ) {
    this.twin = new TwinFabric(plan, keys, { controlPlane: expected })
  }

  /** @param begun is told the lab's id before there is anything of it */
  static async open(plan: Plan, begun?: (lab: string) => void): Promise<RibLab> {
    const expected = controlPlaneOf(plan)
    if (expected === undefined) throw new Error(`${plan.fabric} has no control plane`)
    const seed = newSeed()
    const lab = await labUp(plan, {
      keysSeed: seed,
      ...(begun === undefined ? {} : { onProgress: once(({ lab: id }) => begun(id)) }),
    })
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
    return (await this.differences()).map(describeDifference)
  }

  /** As {@link unexplained}, each with both sides. What chance decides (`rib-chance.ts`) is no difference, and {@link chance} holds where it was. */
  async differences(): Promise<readonly TableDifference[]> {
    const { plan } = this
    const [twin, lab] = [this.foretold(), await this.holding()]
    const { rows, kept } = withoutKept(plan, twin.rows, lab.rows)
    for (const place of kept) this.chance.add(`${place}: kept, though nobody sends it any more`)
    for (const place of describeTies(plan, twin.rows)) this.chance.add(place)
    return differencesOf(
      { ...twin, rows: withoutTies(plan, twin.rows) },
      { ...lab, rows: withoutTies(plan, rows) },
    )
  }

  /** What the twin says now. */
  foretold(): Holding {
    const { expected, plan } = this
    return {
      rows: expected.rows(),
      tables: new Map(plan.nodes.map(({ name }) => [name, expected.tables(name)])),
    }
  }

  /** What daemons and engines hold once they have come to rest, whatever was expected. */
  async holding(): Promise<Holding> {
    await this.routing.settle()
    return this.holdingBy(this.routing)
  }

  /** What they hold at this moment. */
  async holdingBy(routing: RoutingWatch): Promise<Holding> {
    const tables = this.plan.nodes.map(async ({ name }) => {
      const { program } = Answer.parse(await this.lab.control(name, { op: 'program' }))
      return [name, program.tables] as const
    })
    return { rows: await routing.ribs(), tables: new Map(await Promise.all(tables)) }
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
    // Hosts of these have one address.
    const anycast = new Set(
      this.plan.tenants.flatMap(({ networks }) =>
        networks.flatMap((one) => (one.anycast === true ? one.id : [])),
      ),
    )
    return hosts.flatMap((from) => {
      const others = hosts.filter(
        ({ id, tenant, network }) =>
          id !== from.id &&
          tenant === from.tenant &&
          (network === from.network ? !anycast.has(`${tenant}/${network}`) : from.gatewayMac !== undefined),
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

function once<T>(tell: (event: T) => void): (event: T) => void {
  let told = false
  return (event) => {
    if (told) return
    told = true
    tell(event)
  }
}
