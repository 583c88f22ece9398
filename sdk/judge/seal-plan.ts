/**
 * The first ground of a seal: both ends of a link seal by plan, each receives what the other sends, and what nodes run is the plan.
 *
 * @module
 */
import type { Interface, MacsecInterface, NodeProgram, WireguardInterface } from '../../contract/program.js'
import type { GroundEvidence } from '../../record/judge.js'
import type { Finding } from '../../record/verdict.js'
import type { Link } from '../fabric-view.js'
import type { ScenarioTarget } from '../scenario-target.js'
import type { LinkEnd } from '../traffic/wire.js'
import { finding } from './finding.js'
import type { SealKind } from './seal.js'

/** The plan's part of the grounds. */
export async function planGround(
  target: ScenarioTarget,
  links: readonly Link[],
  by: SealKind | undefined,
): Promise<GroundEvidence> {
  const directions = links.flatMap((link) =>
    link.ends.map((node) => ({ link, from: node, to: link.ends[0] === node ? link.ends[1] : link.ends[0] })),
  )
  const findings = directions.flatMap(({ link, from, to }) => {
    const [near, far] = [from, to].map((node) => target.reader.end(link.id, node))
    return near === undefined || far === undefined
      ? []
      : sealFaults(endOfLink(near), endOfLink(far), by).map((fault) =>
          accuse(link, from, `the plan does not seal ${link.id}: ${fault}`),
        )
  })
  const running = await runningFaults(target, links)
  const programs = running.nodes === 0 ? '' : `; ${running.nodes} engines run these seals`
  return {
    ground: 'plan',
    said: `${links.length} links sealed at both ends, clear frames refused, each end receives what the other sends${programs}`,
    counts: { links: links.length, ends: directions.length, engines: running.nodes },
    findings: [...findings, ...running.findings],
  }
}

function accuse(link: Link, node: string, message: string): Finding {
  return finding('INV-SEAL-PLAN', message, { link: link.id, node })
}

/** An end of a link, or of a tunnel, and what seals there. */
export interface SealEnd {
  readonly node: string
  /** `port eth1` */
  readonly at: string
  readonly macsec: MacsecInterface | undefined
  readonly wireguard: WireguardInterface | undefined
}

/** The end of a link. */
export function endOfLink({ node, port, macsec, wireguard }: LinkEnd): SealEnd {
  return { node, at: `port ${port.name}`, macsec, wireguard }
}

/** Why what one end sends is not sealed for the other, by their programs; none when it is. */
export function sealFaults(from: SealEnd, to: SealEnd, by?: SealKind): readonly string[] {
  if (from.wireguard !== undefined && by !== 'macsec') return peerFaults(from, from.wireguard, to)
  if (from.macsec !== undefined && by !== 'wireguard') return channelFaults(from, from.macsec, to)
  return [`${from.node} has no ${by ?? 'seal'} on its ${from.at}`]
}

function channelFaults(from: SealEnd, sender: MacsecInterface, to: SealEnd): readonly string[] {
  const { mode, protect = mode !== 'disabled', confidentiality, tx, standby = [], cipher } = sender
  const receiver = to.macsec
  const faults = [
    mode === 'strict' ? undefined : `${from.node} takes clear frames (mode ${mode})`,
    protect ? undefined : `${from.node} sends in the clear (protect false)`,
    confidentiality === 'none' ? `${from.node} authenticates and does not encrypt` : undefined,
  ]
  if (receiver === undefined) return given([...faults, `${to.node} has no MACsec on its ${to.at}`])
  return given([
    ...faults,
    receiver.cipher === cipher ? undefined : `${from.node} uses ${cipher}, ${to.node} ${receiver.cipher}`,
    receiver.confidentiality === confidentiality
      ? undefined
      : `${from.node} and ${to.node} leave other octets in the clear`,
    ...[{ ...tx }, ...standby.map((one) => ({ ...one, sci: tx.sci }))].map(({ sci, an, key, ssci }) =>
      receiver.rx.some((rx) => rx.sci === sci && rx.an === an && rx.key === key && rx.ssci === ssci)
        ? undefined
        : `${to.node} has no receive association for what ${from.node} sends (SCI ${sci}, AN ${an}, key ${key})`,
    ),
  ])
}

/** What one end seals for its peer is for the other end, which takes it for its own peer's. */
function peerFaults(from: SealEnd, sender: WireguardInterface, to: SealEnd): readonly string[] {
  const receiver = to.wireguard
  if (receiver === undefined) return [`${to.node} has no WireGuard on its ${to.at}`]
  const meant = sender.peers.find(({ publicKey }) => publicKey === `${receiver.privateKey}/public`)
  const own = receiver.peers.find(({ publicKey }) => publicKey === `${sender.privateKey}/public`)
  return given([
    meant === undefined ? `${from.node} has no peer with the key of ${to.node}` : undefined,
    own === undefined ? `${to.node} has no peer with the key of ${from.node}` : undefined,
    // A link has two ends; leaves of a tenant may be many.
    sender.lower === undefined || sender.peers.length === 1
      ? undefined
      : `${from.node} has ${sender.peers.length} peers`,
    meant?.presharedKey === own?.presharedKey || meant === undefined || own === undefined
      ? undefined
      : `${from.node} and ${to.node} have not the same pre-shared key`,
    // A client's address is heard from itself; an end of a link is known.
    meant !== undefined && meant.endpoint === undefined && sender.lower !== undefined
      ? `${from.node} has no endpoint of its peer ${to.node}`
      : undefined,
    meant?.endpoint === undefined ||
    (meant.endpoint.port === receiver.listenPort && receiver.local.includes(meant.endpoint.address))
      ? undefined
      : `${from.node} sends to ${meant.endpoint.address} port ${meant.endpoint.port}, which is not ${to.node}`,
  ])
}

function given(faults: readonly (string | undefined)[]): readonly string[] {
  return faults.filter((fault) => fault !== undefined)
}

/** What engines run, where they can be asked, against the plan. */
async function runningFaults(
  { witness, reader }: ScenarioTarget,
  links: readonly Link[],
): Promise<{ readonly nodes: number; readonly findings: readonly Finding[] }> {
  if (witness === undefined) return { nodes: 0, findings: [] }
  const nodes = [...new Set(links.flatMap(({ ends }) => ends))]
  const programs = new Map(
    await Promise.all(nodes.map(async (node) => [node, await witness.program(node)] as const)),
  )
  const findings = links.flatMap((link) =>
    link.ends.flatMap((node) => {
      const end = reader.end(link.id, node)
      return sealDifferences(end, programs.get(node)).map((difference) =>
        accuse(link, node, `${node} does not run the plan's seal on ${link.id}: ${difference}`),
      )
    }),
  )
  return { nodes: nodes.length, findings }
}

/** Fields of an end's seal that an engine has otherwise than the plan: `mode is disabled, not strict`. */
export function sealDifferences(planned: LinkEnd, running: NodeProgram | undefined): readonly string[] {
  const seal = planned.macsec ?? planned.wireguard
  return seal === undefined ? [] : interfaceDifferences(seal, running)
}

/** The same of an interface, whatever it is. */
export function interfaceDifferences(seal: Interface, running: NodeProgram | undefined): readonly string[] {
  if (running === undefined) return []
  const found = running.interfaces.find(({ id }) => id === seal.id)
  if (found?.kind !== seal.kind) return [`it has no ${seal.kind} interface ${seal.name}`]
  const fields = new Set([...Object.keys(seal), ...Object.keys(found)])
  return [...fields].sort().flatMap((field) => {
    const [wanted, is] = [seal, found].map((one) => textOf((one as Record<string, unknown>)[field]))
    return wanted === is ? [] : [`${field} is ${is ?? 'absent'}, not ${wanted ?? 'absent'}`]
  })
}

/** Of equal values equal texts; keys are named, never shown. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
