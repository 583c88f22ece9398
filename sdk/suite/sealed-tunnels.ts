/**
 * What tenants seal from leaf to leaf, inside VXLAN: each way of each tunnel is a row, asked what it is sealed by, and what was captured of
 * it on the links that it crosses, behind the seals of these.
 *
 * @module
 */
import type { PlanTunnel } from '../../contract/plan.js'
import type { Interface, NodeProgram } from '../../contract/program.js'
import type { Tenant } from '../fabric-view.js'
import { crossing, questions } from '../judge/crossing.js'
import { deliveredFrames } from '../judge/delivery.js'
import type { SealKind } from '../judge/seal.js'
import { interfaceDifferences, sealFaults, type SealEnd } from '../judge/seal-plan.js'
import type { ScenarioTarget } from '../scenario-target.js'
import type { Seen } from '../seen.js'
import { CanarySearch } from '../traffic/payload.js'
import type { WireReading } from '../traffic/wire.js'
import type { SheetWriter } from './sheet.js'

/** Rounds of flows with other ports; leaves that have not sent to each other by then need not. */
const ROUNDS = 3

/** One way of a tunnel. */
export interface SealedTunnel {
  /** `shop/web leaf1>leaf2` */
  readonly name: string
  readonly tenant: Tenant
  readonly network: string | undefined
  /** Of the network or VRF that it is for. */
  readonly vni: number
  readonly from: string
  readonly to: string
  readonly near: SealEnd
  readonly far: SealEnd
}

/** Tunnels that tenants of a fabric seal in one way. */
export function sealedTunnelsOf({ fabric }: ScenarioTarget, kind: SealKind): readonly SealedTunnel[] {
  const endOf = ({ node, interface: id }: PlanTunnel['a']): SealEnd => {
    const program = fabric.plan.nodes.find(({ name }) => name === node)?.program
    const found = program?.interfaces.find((one) => one.id === id)
    return {
      node,
      at: `tunnel ${found?.name ?? id}`,
      macsec: found?.kind === 'macsec' ? found : undefined,
      wireguard: found?.kind === 'wireguard' ? found : undefined,
    }
  }
  return fabric.plan.tenants.flatMap(({ name, seal, tunnels = [], l3vni, networks }) =>
    seal?.kind !== kind
      ? []
      : tunnels.flatMap(({ network, a, b }): readonly SealedTunnel[] => {
          const vni = network === undefined ? l3vni : networks.find(({ id }) => id === network)?.vni
          const way = (near: SealEnd, far: SealEnd): SealedTunnel => ({
            name: `${network ?? name} ${near.node}>${far.node}`,
            tenant: fabric.tenant(name),
            network,
            vni: vni ?? 0,
            from: near.node,
            to: far.node,
            near,
            far,
          })
          const [near, far] = [endOf(a), endOf(b)]
          return [way(near, far), way(far, near)]
        }),
  )
}

/** Judges them, in rows of their own. */
export async function judgeTunnels(
  sheet: SheetWriter,
  target: ScenarioTarget,
  tunnels: readonly SealedTunnel[],
  kind: SealKind,
): Promise<void> {
  await judgeEnds(sheet, target, tunnels, kind)
  const { fabric } = target
  const tenants = new Set(tunnels.map(({ tenant }) => tenant))
  const hosts = [...tenants].flatMap((tenant) => tenant.hosts)
  const links = fabric.links()
  const carried = new Map(tunnels.map((tunnel) => [tunnel, new Carried()]))
  await target.reset()
  for (let round = 0; round < ROUNDS; round++) {
    const asked = round === 0 ? questions(target, hosts) : []
    const seen = await target.send([...asked, ...crossing(target, links, round, hosts)])
    take(seen.on(links).captured(), tunnels, carried, kind)
  }
  for (const [tunnel, of] of carried) of.say(sheet, tunnel)
}

async function judgeEnds(
  sheet: SheetWriter,
  { witness }: ScenarioTarget,
  tunnels: readonly SealedTunnel[],
  kind: SealKind,
): Promise<void> {
  const nodes = [...new Set(tunnels.map(({ from }) => from))]
  const programs = new Map<string, NodeProgram | undefined>(
    await Promise.all(nodes.map(async (node) => [node, await witness?.program(node)] as const)),
  )
  for (const { name, near, far, from } of tunnels) {
    const seal: Interface | undefined = near.macsec ?? near.wireguard
    sheet.say(
      name,
      'seal',
      near.macsec === undefined ? `peer ${far.node}` : `${near.macsec.cipher} ${near.macsec.mode}`,
    )
    for (const fault of sealFaults(near, far, kind)) sheet.accuse(name, 'seal', `the plan: ${fault}`)
    if (seal === undefined) continue
    for (const difference of interfaceDifferences(seal, programs.get(from)))
      sheet.accuse(name, 'seal', `the engine of ${from} does not run the plan: ${difference}`)
  }
}

function take(
  seen: Seen,
  tunnels: readonly SealedTunnel[],
  carried: ReadonlyMap<SealedTunnel, Carried>,
  kind: SealKind,
): void {
  const canaries = new CanarySearch(seen.source.run)
  const delivered = new Set(deliveredFrames(seen).map(({ trace }) => trace))
  const counted = new Set<string>()
  for (const reading of seen.readings()) {
    const { tunnel, wire } = reading
    if (tunnel === undefined) continue
    const way = tunnels.find(({ vni, from, to }) => {
      const [source, destination] = [tunnel.seal?.from ?? wire.from, tunnel.seal?.to]
      return vni === tunnel.vni && from === source && (destination === undefined || to === destination)
    })
    const of = way && carried.get(way)
    if (way === undefined || of === undefined) continue
    of.judge(reading, kind, canaries)
    // On each link that it crosses it is judged; counted it is once.
    const trace = seen.traceOf(reading)
    if (trace === undefined || counted.has(`${way.name} ${trace}`)) continue
    counted.add(`${way.name} ${trace}`)
    const sent = seen.sent.find((one) => one.trace === trace)
    if (sent?.frame.expect.outcome !== 'delivered') continue
    const end = delivered.has(trace) ? undefined : seen.fatesOf(sent).find(({ node }) => node === way.to)
    of.crossed(end?.fate)
  }
}

/** What was seen of a tunnel. */
class Carried {
  #frames = 0
  #opened = 0
  #octets = 0
  #readable = 0
  #crossed = 0
  readonly #dropped = new Map<string, number>()
  readonly #epochs = new Map<string, { readonly lowest: bigint; greatest: bigint }>()
  readonly #problems: string[] = []

  judge({ wire, clear, tunnel }: WireReading, kind: SealKind, canaries: CanarySearch): void {
    this.#frames++
    const where = `a frame on ${wire.link} from ${wire.from}`
    if (clear !== undefined) {
      this.#octets += clear.length
      if (canaries.find(clear) !== undefined) this.#readable++
    }
    const seal = tunnel?.seal
    if (seal === undefined) this.#problems.push(`${where} has no seal of the tenant's`)
    else if (seal.kind !== kind) this.#problems.push(`${where} is sealed by ${seal.kind}`)
    else if (seal.problem !== undefined) this.#problems.push(`${where}: ${seal.problem}`)
    else {
      this.#opened++
      if (seal.number === undefined) return
      const { of, number } = seal.number
      const range = this.#epochs.get(of)
      if (range === undefined) this.#epochs.set(of, { lowest: number, greatest: number })
      else if (number > range.greatest) range.greatest = number
    }
  }

  /** @param fate why it went no further than the tunnel's far end */
  crossed(fate: string | undefined): void {
    this.#crossed++
    if (fate !== undefined) this.#dropped.set(fate, (this.#dropped.get(fate) ?? 0) + 1)
  }

  say(sheet: SheetWriter, { name, to, network }: SealedTunnel): void {
    if (this.#frames === 0) {
      // Over a VRF's tunnel goes what no gateway on the sender's own leaf can bridge; between some leaves that is nothing.
      if (network === undefined) sheet.say(name, 'frames', 'unused')
      else sheet.say(name, 'frames', 'no traffic', 'unjudged')
      return
    }
    sheet.say(name, 'frames', `${this.#opened} of ${this.#frames} open`)
    for (const problem of this.#problems) sheet.accuse(name, 'frames', problem)
    const epochs = [...this.#epochs].map(([of, { lowest, greatest }]) => `${of}, ${lowest}-${greatest}`)
    sheet.say(name, 'epoch', epochs.join('; ') || 'none')
    sheet.say(name, 'canaries', `${this.#readable === 0 ? 'none' : this.#readable} in ${this.#octets} octets`)
    if (this.#readable > 0)
      sheet.accuse(name, 'canaries', `who opens the seals of links reads payload of ${this.#readable} frames`)
    const lost = [...this.#dropped.values()].reduce((sum, frames) => sum + frames, 0)
    if (this.#crossed > 0) sheet.say(name, 'arrived', `${this.#crossed - lost} of ${this.#crossed}`)
    for (const [fate, frames] of this.#dropped)
      sheet.accuse(name, 'arrived', `${to} drops ${frames} of ${this.#crossed} frames: ${fate}`)
  }
}
