/**
 * Judges an `encrypt` intent on three grounds: the plan seals both ends strictly, the host's egress guard keeps the
 * kernel from sending in the clear, and every captured frame of each link and direction opens with the planned key.
 *
 * @module
 */
import type { PlanIntent } from '../../contract/plan.js'
import type { MacsecInterface, WireguardInterface } from '../../contract/program.js'
import { judge } from '../../record/judge.js'
import type { WireFrame } from '../../record/target.js'
import type { Finding, Verdict } from '../../record/verdict.js'
import type { Host, Link } from '../fabric-view.js'
import type { ScenarioTarget } from '../scenario-target.js'
import { flow, tenantOfHost } from '../traffic/flow.js'
import type { Flow } from '../traffic/flow.js'
import { whoHas } from '../traffic/neighbour.js'
import { pathBetween } from '../traffic/path.js'
import type { LinkEnd } from '../traffic/wire.js'
import { present } from './attempts.js'
import { finding } from './finding.js'
import { judgeDelivery } from './delivery.js'
import { judgeSeal, type SealKind } from './seal.js'

type EncryptIntent = Extract<PlanIntent, { kind: 'encrypt' }>

/** Rounds of flows with other ports, until ECMP has used every link both ways. */
const ROUNDS = 24
/** Flows of a round. */
const FLOWS = 48

/** Judges the intent. */
export async function judgeEncrypt(target: ScenarioTarget, intent: EncryptIntent): Promise<Verdict> {
  const links = intent.links.map((id) => target.fabric.link(id))
  const findings: Finding[] = links.flatMap((link) => planned(target, link, intent.by))
  findings.push(...(await unguarded(target, links)))
  const wanted = new Set(links.flatMap(({ id, ends: [a, b] }) => [`${id} ${a}>${b}`, `${id} ${b}>${a}`]))
  const missing = new Set(wanted)
  const idle = idleLinks(target, links)
  let judged = 0
  let controls = 0
  const evidence: WireFrame[] = []
  await target.reset()
  for (let round = 0; round < ROUNDS && missing.size > 0; round++) {
    const flows = crossing(target, links, round)
    if (flows.length === 0) break
    const asked = round === 0 ? questions(target) : []
    const seen = (await target.send([...asked, ...flows], { wire: links })).on(links)
    const report = judgeSeal(seen.captured(), intent.by)
    evidence.push(...seen.captured().observation.wire)
    findings.push(...report.findings)
    judged += report.judged
    controls += judgeDelivery(seen).delivered
    for (const direction of report.directions.keys()) missing.delete(direction)
    if ([...missing].every((direction) => idle.has(linkOf(direction)))) break
  }
  target.keep(intent.name, evidence)
  const base = { name: intent.name, kind: 'encrypt' as const, by: target.on, judged, controls, findings }
  if (findings.length === 0 && missing.size > 0) {
    return judge({
      ...base,
      cannot: unseen([...missing].sort(), idle),
    })
  }
  return judge({
    ...base,
    grounds: `${groundsOf(target, links)}; ${target.witness === undefined ? 'frames' : 'captured in XDP'}: ${judged}, each way of each link, opened with the planned keys`,
  })
}

/** `leaf1--spine1` of `leaf1--spine1 leaf1>spine1`. */
function linkOf(direction: string): string {
  return direction.slice(0, direction.indexOf(' '))
}

/** Links of a leaf without hosts, by that leaf: what tenants send has no reason to cross them. */
function idleLinks({ fabric, reader }: ScenarioTarget, links: readonly Link[]): ReadonlyMap<string, string> {
  const busy = new Set(fabric.hosts.map(({ leaf }) => leaf))
  return new Map(
    links.flatMap(({ id, ends }) => {
      const leaf = ends.find((node) => reader.vtep(node) !== undefined && !busy.has(node))
      return leaf === undefined ? [] : [[id, leaf] as const]
    }),
  )
}

/** Why links could not be judged, and what a person can do: a seal is judged by frames that were seen, not by the plan's word. */
function unseen(missing: readonly string[], idle: ReadonlyMap<string, string>): string {
  const empty = [...new Set(missing.flatMap((direction) => idle.get(linkOf(direction)) ?? []))]
  const others = missing.filter((direction) => !idle.has(linkOf(direction)))
  const seals = 'and a seal is judged by frames that were seen'
  return [
    ...(empty.length === 0
      ? []
      : [
          `no tenant has a host on ${empty.join(', ')}, so no traffic crosses its links ${[...idle].flatMap(([id, leaf]) => (empty.includes(leaf) ? [id] : [])).join(', ')}, ${seals}: attach a host there, or leave these links out of the intent`,
        ]),
    ...(others.length === 0
      ? []
      : [
          `no traffic crosses ${others.join(', ')}, ${seals}: give two leaves at these links hosts of one tenant that reach each other, or leave these links out of the intent`,
        ]),
  ].join('; ')
}

/** The plan's part: sealed at both ends, MACsec strictly, each receiving what the other sends. */
function planned(target: ScenarioTarget, link: Link, by: SealKind | undefined): readonly Finding[] {
  const [a, b] = link.ends.map((node) => target.reader.end(link.id, node))
  return [
    [a, b],
    [b, a],
  ].flatMap(([from, to]): readonly Finding[] => {
    if (from?.wireguard !== undefined && by !== 'macsec')
      return arePeers(from.wireguard, to?.wireguard) ? [] : [unheard(link, from, to)]
    if (!isStrict(from?.macsec) || by === 'wireguard')
      return [
        finding('INV-SEALED', `the plan does not seal ${link.id} at ${from?.node ?? ''}`, { link: link.id }),
      ]
    return isHeard(from?.macsec, to?.macsec) ? [] : [unheard(link, from, to)]
  })
}

/** It encrypts, and takes nothing that is clear. */
export function isStrict(macsec: MacsecInterface | undefined): boolean {
  return macsec?.mode === 'strict' && macsec.protect !== false && macsec.confidentiality !== 'none'
}

/** All that one end may send with, those in reserve too, the other end has. */
export function isHeard(from: MacsecInterface | undefined, to: MacsecInterface | undefined): boolean {
  if (from === undefined || to === undefined) return false
  const { sci } = from.tx
  return [from.tx, ...(from.standby ?? [])].every((sent) =>
    to.rx.some((heard) => heard.sci === sci && heard.an === sent.an && heard.key === sent.key),
  )
}

/** What one end seals for its peer is for the other end, which takes it for its own peer's. */
export function arePeers(near: WireguardInterface | undefined, far: WireguardInterface | undefined): boolean {
  const meant = near?.peers.find(({ publicKey }) => publicKey === `${far?.privateKey}/public`)
  return (
    far?.peers.some(({ publicKey }) => publicKey === `${near?.privateKey}/public`) === true &&
    meant?.endpoint?.port === far.listenPort &&
    far.local.includes(meant.endpoint.address)
  )
}

function unheard(link: Link, from: LinkEnd | undefined, to: LinkEnd | undefined): Finding {
  return finding(
    'INV-SEALED',
    `${to?.node ?? ''} has no receive association for what ${from?.node ?? ''} sends on ${link.id}`,
    { link: link.id },
  )
}

function groundsOf(target: ScenarioTarget, links: readonly Link[]): string {
  const guard =
    target.witness === undefined
      ? 'egress guard: the twin has no kernel'
      : 'egress guard: clsact drops what the kernel sends on these ports (raw sockets that bypass the queueing discipline are not stopped by it)'
  return `plan: ${links.length} links, sealed at both ends, clear frames refused; ${guard}`
}

/** The host's part: what a node's kernel sends on a sealed port by itself is dropped. */
async function unguarded(target: ScenarioTarget, links: readonly Link[]): Promise<readonly Finding[]> {
  const { witness } = target
  if (witness === undefined) return []
  const ends = links.flatMap((link) =>
    link.ends.map((node) => ({ link, end: target.reader.end(link.id, node) })),
  )
  const guarded = await Promise.all(ends.map(async ({ end }) => witness.guarded(end.node, end.port.name)))
  return ends
    .filter((_, index) => guarded[index] === false)
    .map(({ link, end }) =>
      finding(
        'INV-NO-CLEAR',
        `nothing keeps the kernel of ${end.node} from sending in the clear on ${link.id}`,
        {
          link: link.id,
          node: end.node,
        },
      ),
    )
}

/** Flows between hosts on different leaves, other ports each round, so that ECMP spreads them differently. */
export function crossing(
  { fabric }: ScenarioTarget,
  links: readonly Link[],
  round: number,
  hosts: readonly Host[] = fabric.hosts,
): readonly Flow[] {
  const ends = new Set(links.flatMap((link) => link.ends))
  const pairs = hosts.flatMap((from) =>
    fabric.tenant(from.tenant).hosts.flatMap((to) => {
      if (from.leaf === to.leaf || !(ends.has(from.leaf) || ends.has(to.leaf))) return []
      const family = ([4, 6] as const).find(
        (one) => pathBetween(tenantOfHost(fabric, from), from, to, one).kind !== 'none',
      )
      return family === undefined ? [] : [{ from, to, family }]
    }),
  )
  if (pairs.length === 0) return []
  // All pairs in turn; few pairs several times, with other ports, for each flow takes one way through the fabric alone.
  return Array.from({ length: FLOWS }, (_, index) => {
    const pair = pairs[(round * FLOWS + index) % pairs.length]
    const sourcePort = 20000 + ((round * 613 + index * 7) % 40000)
    return pair && flow(fabric, pair.from, pair.to, { family: pair.family, sourcePort, destinationPort: 443 })
  }).filter((one) => one !== undefined)
}

/** ARP and ND cross the fabric too, inside tunnels; in the clear they would be a finding. */
export function questions(target: ScenarioTarget, hosts: readonly Host[] = target.fabric.hosts) {
  return present(
    hosts.flatMap((from) =>
      target.fabric
        .tenant(from.tenant)
        .hosts.filter((to) => to.network.id === from.network.id && to.leaf !== from.leaf)
        .slice(0, 1)
        .flatMap((to) => to.addresses.map(({ address }) => whoHas(from, { target: address }))),
    ),
  )
}
