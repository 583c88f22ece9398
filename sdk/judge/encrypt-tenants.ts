/**
 * Judges an `encrypt` intent about tenants: what they send from leaf to leaf is sealed by their own seal, so that who opens the seals of
 * links (a spine does) reads nothing. Two grounds: the plan has no other way between their leaves, and every frame of theirs that crosses
 * a link, opened as far as the link's ends open it, opens with the keys of the leaf that sealed it.
 *
 * @module
 */
import type { Plan, PlanIntent, PlanNode, PlanTunnel } from '../../contract/plan.js'
import type { Interface } from '../../contract/program.js'
import { judge } from '../../record/judge.js'
import type { WireFrame } from '../../record/target.js'
import type { Finding, Verdict } from '../../record/verdict.js'
import type { Tenant } from '../fabric-view.js'
import type { ScenarioTarget } from '../scenario-target.js'
import type { Seen } from '../seen.js'
import { canariesOf } from '../traffic/payload.js'
import type { WireReading } from '../traffic/wire.js'
import { judgeDelivery } from './delivery.js'
import { arePeers, crossing, isHeard, isStrict, questions } from './encrypt.js'
import { finding } from './finding.js'
import { includes } from './seal.js'

type EncryptIntent = Extract<PlanIntent, { kind: 'encrypt' }>

/** Rounds of flows with other ports, until every two leaves have sent to each other. */
const ROUNDS = 24

export async function judgeTenantSeals(
  target: ScenarioTarget,
  intent: EncryptIntent,
  names: readonly string[],
): Promise<Verdict> {
  const { fabric } = target
  const tenants = names.map((name) => fabric.tenant(name))
  const links = intent.links.map((id) => fabric.link(id))
  const hosts = tenants.flatMap((tenant) => tenant.hosts)
  const findings: Finding[] = tenants.flatMap((tenant) => planned(fabric.plan, tenant, intent.by))
  const judgement = new Judgement(tenants)
  const evidence: WireFrame[] = []
  let controls = 0
  await target.reset()
  for (let round = 0; round < ROUNDS; round++) {
    const flows = crossing(target, links, round, hosts)
    if (flows.length === 0) break
    for (const { from, to } of flows) judgement.expect(from.leaf, to.leaf)
    const asked = round === 0 ? questions(target, hosts) : []
    const seen = (await target.send([...asked, ...flows], { wire: links })).on(links)
    findings.push(...judgement.take(seen.captured()))
    evidence.push(...seen.captured().observation.wire)
    controls += judgeDelivery(seen).delivered
    if (judgement.missing.length === 0) break
  }
  target.keep(intent.name, evidence)
  const { judged, missing } = judgement
  const base = { name: intent.name, kind: 'encrypt' as const, by: target.on, judged, controls, findings }
  if (findings.length === 0 && (missing.length > 0 || judged === 0)) {
    return judge({ ...base, cannot: unseen(names, missing) })
  }
  const tunnels = tenants.reduce((sum, tenant) => sum + tenant.tunnels.length, 0)
  return judge({
    ...base,
    grounds: `plan: ${tunnels} sealed tunnels, and no other way from leaf to leaf; ${target.witness === undefined ? 'frames' : 'captured in XDP'}: ${judged} of these tenants, none readable behind the seals of links, each opened with the keys of its two leaves`,
  })
}

function unseen(names: readonly string[], missing: readonly string[]): string {
  return missing.length === 0
    ? `nothing of ${names.join(', ')} goes from leaf to leaf, and a seal is judged by frames that were seen: give it hosts on two leaves that reach each other`
    : `nothing sealed was seen from ${missing.join(', ')}, and a seal is judged by frames that were seen: name links that these frames cross`
}

/** What was seen of some tenants on links. */
class Judgement {
  readonly #owners: ReadonlyMap<number, Tenant>
  readonly #wanted = new Set<string>()
  readonly #seen = new Set<string>()
  readonly #numbers = new Map<string, bigint>()
  judged = 0

  constructor(tenants: readonly Tenant[]) {
    this.#owners = new Map(
      tenants.flatMap((tenant) =>
        [tenant.l3vni, ...tenant.networks.map(({ vni }) => vni)].flatMap((vni) =>
          vni === undefined ? [] : [[vni, tenant] as const],
        ),
      ),
    )
  }

  /** Something of theirs goes from one leaf to the other. */
  expect(from: string, to: string): void {
    this.#wanted.add(`${from} to ${to}`)
  }

  get missing(): readonly string[] {
    return [...this.#wanted].filter((pair) => !this.#seen.has(pair)).sort()
  }

  take(seen: Seen): readonly Finding[] {
    const canaries = canariesOf(seen.source.run)
    return seen.readings().flatMap((reading) => this.#frame(reading, canaries) ?? [])
  }

  /** One finding at most, the most telling one. */
  #frame(reading: WireReading, canaries: readonly Uint8Array[]): Finding | undefined {
    const { wire, clear, tunnel } = reading
    if (clear === undefined) return undefined
    const where = `on ${wire.link} from ${wire.from} to ${wire.to}`
    const detail = { link: wire.link, node: wire.from, frame: clear }
    if (canaries.some((canary) => includes(clear, canary)))
      return finding('INV-NO-CANARY', `payload can be read ${where} by who opens the link's seal`, detail)
    const owner = tunnel && this.#owners.get(tunnel.vni)
    if (tunnel === undefined || owner === undefined) return undefined
    this.judged++
    const { seal, vni } = tunnel
    if (seal === undefined) {
      return finding('INV-NO-CLEAR', `a frame of ${owner.name} ${where}, VNI ${vni}, has no seal`, detail)
    }
    if (seal.problem !== undefined)
      return finding('INV-SEALED', `a frame of ${owner.name} ${where}, VNI ${vni}: ${seal.problem}`, detail)
    this.#seen.add(`${seal.from} to ${seal.to}`)
    return this.#number(reading)
  }

  /** Frames of one association on one link are in the order of sending. */
  #number({ wire, clear, tunnel }: WireReading): Finding | undefined {
    const { number, from, to } = tunnel?.seal ?? {}
    if (number === undefined) return undefined
    const place = `${wire.link} ${wire.from} ${wire.seenBy} ${from} ${to} ${number.of}`
    const last = this.#numbers.get(place)
    if (last === undefined || number.number > last) {
      this.#numbers.set(place, number.number)
      return undefined
    }
    return finding('INV-PN', `from ${from} to ${to} packet number ${number.number} follows ${last}`, {
      link: wire.link,
      node: wire.from,
      ...(clear === undefined ? {} : { frame: clear }),
    })
  }
}

/** The plan's part: tunnels whose ends seal strictly and hear each other, and nothing else between the leaves. */
function planned({ nodes, tenants }: Plan, tenant: Tenant, by: EncryptIntent['by']): readonly Finding[] {
  const { name, seal } = tenant
  if (seal === undefined || (by !== undefined && seal.kind !== by))
    return [finding('INV-SEALED', `the plan does not seal ${name}${by === undefined ? '' : ` by ${by}`}`)]
  const interfaceAt = ({ node, interface: id }: PlanTunnel['a']): Interface | undefined =>
    nodes.find((one) => one.name === node)?.program.interfaces.find((item) => item.id === id)
  const pairs = tenants.find((one) => one.name === name)?.tunnels ?? []
  const tunnels = pairs.flatMap(({ a, b }): readonly Finding[] => {
    const [near, far] = [interfaceAt(a), interfaceAt(b)]
    return areSealed(near, far) && areSealed(far, near)
      ? []
      : [
          finding('INV-SEALED', `the plan does not seal ${name} between ${a.node} and ${b.node}`, {
            node: a.node,
          }),
        ]
  })
  return [...tunnels, ...ways(nodes, tenant)]
}

function areSealed(near: Interface | undefined, far: Interface | undefined): boolean {
  if (near?.kind === 'macsec' && far?.kind === 'macsec') return isStrict(near) && isHeard(near, far)
  return near?.kind === 'wireguard' && far?.kind === 'wireguard' && arePeers(near, far)
}

/** VXLAN of the tenant that is in a bridge of its own, or in that of its gateway: what it carries no seal has had. */
function ways(nodes: readonly PlanNode[], { name, l3vni, networks }: Tenant): readonly Finding[] {
  const vnis = new Set([l3vni, ...networks.map(({ vni }) => vni)])
  return nodes.flatMap(({ name: node, program: { interfaces, vrfs } }) => {
    const own = vrfs.find((vrf) => vrf.name === name)?.id
    const isOpen = (bridge: number): boolean =>
      !interfaces.some((item) => item.kind === 'irb' && item.bridge === bridge && item.vrf !== own)
    return interfaces.flatMap((item) =>
      item.kind === 'vxlan' && vnis.has(item.vni) && item.bridge !== undefined && isOpen(item.bridge)
        ? [finding('INV-SEALED', `${node} sends VNI ${item.vni} of ${name} without its seal`, { node })]
        : [],
    )
  })
}
