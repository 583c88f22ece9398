/**
 * The suite of VXLAN tunnels: each way of each tunnel between two leaves, in each VNI, is a row.
 *
 * @module
 */
import type { NodeProgram } from '../../contract/program.js'
import { formatIp, parseIp } from '../../twin/packet/index.js'
import type { Host } from '../fabric-view.js'
import { present, remoteVtep, strangerOf, unusedVni } from '../judge/attempts.js'
import { judgeFates } from '../judge/fate.js'
import type { ScenarioTarget } from '../scenario-target.js'
import { Seen } from '../seen.js'
import { describeFlow } from '../traffic/flow.js'
import { tapOf, unknownVni, wrongOuterSource } from '../traffic/forge-link.js'
import type { Frame } from '../traffic/frame.js'
import { refusalOfClear } from '../traffic/wire.js'
import { SheetWriter, type Column, type Sheet } from './sheet.js'
import {
  broadcast,
  flowsThrough,
  headerFaults,
  hearersOf,
  longest,
  speakersOf,
  throughOf,
  tooLong,
} from './vxlan-traffic.js'
import { tunnelDifferences, tunnelFaults, tunnelsOf, vxlanOf, type VxlanTunnel } from './vxlan-tunnels.js'

const COLUMNS: readonly Column[] = [
  {
    name: 'vni',
    what: 'do both ends have the VNI, each with the other as a remote, and do engines run that',
  },
  { name: 'unicast', what: 'do frames between hosts behind its ends arrive' },
  {
    name: 'broadcast',
    what: 'does each host of the network hear, once, what one at the other end says to all',
  },
  { name: 'isolation', what: 'does nobody else hear it, and does it stay in its VNI' },
  { name: 'header', what: 'are VTEPs, TTL, DF, ports and the UDP checksum outside as planned' },
  {
    name: 'mtu',
    what: 'does the longest packet of the network arrive, and is one octet more refused at the edge',
  },
  {
    name: 'source',
    what: 'does the receiving leaf refuse strangers as sources, and VNIs that it does not have',
  },
]

/** Runs the suite. @param say tells how far it is */
export async function runVxlanSuite(
  target: ScenarioTarget,
  tunnels: readonly VxlanTunnel[],
  say: (text: string) => void,
): Promise<Sheet & { readonly notes: readonly string[] }> {
  const sheet = new SheetWriter(
    COLUMNS,
    tunnels.map(({ name }) => name),
  )
  const planned = new Map(target.fabric.plan.nodes.map(({ name, program }) => [name, program]))
  say('plan and programs')
  await judgePrograms(sheet, target, tunnels, planned)
  say('broadcasts')
  await target.reset()
  await judgeBroadcasts(sheet, target, tunnels)
  say('unicast')
  await judgeUnicast(sheet, target, tunnels, planned)
  say('longest packets')
  await judgeLongest(sheet, target, tunnels)
  say('strangers')
  const injected = await judgeStrangers(sheet, target, tunnels)
  const note =
    'links are sealed: nobody but their ends can put a tunnelled frame on them, so that strangers are refused by the seal (ztos test macsec, ztos test wireguard)'
  return { ...sheet.finish(), notes: injected ? [] : [note] }
}

async function judgePrograms(
  sheet: SheetWriter,
  { witness }: ScenarioTarget,
  tunnels: readonly VxlanTunnel[],
  planned: ReadonlyMap<string, NodeProgram>,
): Promise<void> {
  const nodes = [...new Set(tunnels.map(({ from }) => from))]
  const running = new Map(
    await Promise.all(nodes.map(async (node) => [node, await witness?.program(node)] as const)),
  )
  for (const tunnel of tunnels) {
    const { name, from, vni, outer } = tunnel
    sheet.say(name, 'vni', outer === vni ? `${vni}` : `${outer} outside`)
    for (const fault of tunnelFaults(tunnel, planned)) sheet.accuse(name, 'vni', `the plan: ${fault}`)
    for (const difference of tunnelDifferences(tunnel, planned.get(from), running.get(from)))
      sheet.accuse(name, 'vni', `the engine of ${from} does not run the plan: ${difference}`)
  }
}

async function judgeBroadcasts(
  sheet: SheetWriter,
  target: ScenarioTarget,
  tunnels: readonly VxlanTunnel[],
): Promise<void> {
  const { fabric } = target
  const made = speakersOf(fabric).flatMap((host) => {
    const frame = broadcast(host)
    return frame === undefined ? [] : [{ host, frame }]
  })
  if (made.length === 0) return
  const seen = await target.send(made.map(({ frame }) => frame))
  for (const sent of seen.sent) {
    const speaker = made.find(({ frame }) => frame === sent.frame)?.host
    if (speaker === undefined) continue
    const { times, strangers } = hearersOf(seen, sent, speaker)
    const rows = tunnels.filter(
      ({ network, from }) => network?.id === speaker.network.id && from === speaker.leaf,
    )
    for (const { name, to } of rows) {
      const meant = [...times].filter(([host]) => fabric.host(host).leaf === to)
      const heard = meant.filter(([, count]) => count === 1).length
      sheet.say(name, 'broadcast', `${heard} of ${meant.length}`, meant.length === 0 ? 'unjudged' : 'holds')
      for (const [host, count] of meant.filter(([, one]) => one !== 1))
        sheet.accuse(
          name,
          'broadcast',
          `${host} hears ${count === 0 ? 'nothing of' : `${count} times`} what ${speaker.id} says to all`,
        )
      sheet.say(name, 'isolation', strangers.length === 0 ? 'nobody' : strangers.join(', '))
      for (const stranger of strangers)
        sheet.accuse(
          name,
          'isolation',
          `${stranger} hears what ${speaker.id} says to all of ${speaker.network.id}`,
        )
    }
    judgeCopies(sheet, seen, sent.trace, speaker, rows)
  }
}

/** Copies of a broadcast on links go to VTEPs of its network alone, one to each. */
function judgeCopies(
  sheet: SheetWriter,
  seen: Seen,
  trace: number,
  speaker: Host,
  rows: readonly VxlanTunnel[],
): void {
  const { reader } = seen.source
  const members = new Set(present(speaker.network.leaves.map((leaf) => reader.vtep(leaf))))
  const accused = new Set<string>()
  for (const reading of seen.readings()) {
    const { tunnel, wire } = reading
    if (tunnel === undefined || seen.traceOf(reading) !== trace || wire.from !== speaker.leaf) continue
    const to = formatIp(tunnel.destination)
    const wrong = members.has(to)
      ? tunnel.vni === speaker.network.vni
        ? undefined
        : `goes out in VNI ${tunnel.vni}`
      : `is sent to ${to}, where nobody has the network`
    if (wrong === undefined || accused.has(wrong)) continue
    accused.add(wrong)
    for (const { name } of rows)
      sheet.accuse(name, 'isolation', `what ${speaker.id} says to all of ${speaker.network.id} ${wrong}`)
  }
}

async function judgeUnicast(
  sheet: SheetWriter,
  target: ScenarioTarget,
  tunnels: readonly VxlanTunnel[],
  planned: ReadonlyMap<string, NodeProgram>,
): Promise<void> {
  const { fabric } = target
  const flows = new Map(tunnels.map((tunnel) => [tunnel, flowsThrough(fabric, tunnel)]))
  const seen = await target.send([...flows.values()].flat())
  for (const [tunnel, own] of flows) {
    const { name, from, to } = tunnel
    if (own.length === 0) {
      // Over a VRF's tunnel goes what no gateway on the sender's own leaf can bridge; between some leaves that is nothing.
      if (tunnel.network === undefined) sheet.say(name, 'unicast', 'unused')
      else sheet.say(name, 'unicast', `no two hosts on ${from} and ${to}`, 'unjudged')
      continue
    }
    const { sent, arrived, lost } = throughOf(seen, new Set(own.map(describeFlow)))
    sheet.say(name, 'unicast', `${arrived} of ${sent}`)
    for (const reason of lost) sheet.accuse(name, 'unicast', reason)
    judgeHeaders(sheet, seen, tunnel, planned)
  }
}

/** Headers that the first leaf wrote, of whatever it sends in this VNI. */
function judgeHeaders(
  sheet: SheetWriter,
  seen: Seen,
  { name, from, to, outer, vni, tenant }: VxlanTunnel,
  planned: ReadonlyMap<string, NodeProgram>,
): void {
  const vxlan = vxlanOf(planned.get(from), outer)
  const { reader } = seen.source
  const towards = reader.vtep(to)
  if (vxlan === undefined || towards === undefined) return
  let frames = 0
  for (const reading of seen.readings()) {
    const { tunnel, wire } = reading
    const trace = seen.traceOf(reading)
    if (tunnel === undefined || trace === undefined || wire.from !== from) continue
    const isIts = tunnel.vni === vni && formatIp(tunnel.destination) === towards
    if (!isIts) continue
    frames++
    for (const fault of headerFaults(reading, vxlan, [towards]))
      sheet.accuse(name, 'header', `of a frame on ${wire.link}: ${fault}`)
  }
  const sealed = tenant.seal === undefined ? '' : `, ${tenant.seal.kind} inside`
  sheet.say(
    name,
    'header',
    frames === 0 ? 'no frame' : `checksum ${vxlan.udpChecksum}${sealed}`,
    frames === 0 ? 'unjudged' : 'holds',
  )
}

async function judgeLongest(
  sheet: SheetWriter,
  target: ScenarioTarget,
  tunnels: readonly VxlanTunnel[],
): Promise<void> {
  const flows = tunnels.flatMap((tunnel) => {
    const [first] = flowsThrough(target.fabric, tunnel)
    return first === undefined ? [] : [{ tunnel, fits: longest(first), beyond: tooLong(first) }]
  })
  const seen = await target.send(flows.flatMap(({ fits, beyond }) => present([fits, beyond])))
  for (const { tunnel, fits, beyond } of flows) {
    const { lost } = throughOf(seen, new Set([describeFlow(fits)]))
    sheet.say(tunnel.name, 'mtu', `${Math.min(fits.from.mtu, fits.to.mtu, fits.to.network.mtu)}`)
    for (const reason of lost) sheet.accuse(tunnel.name, 'mtu', reason)
    const refused = new Seen(
      seen.source,
      seen.sent.filter(({ frame }) => frame === beyond),
      seen.observation,
    )
    for (const finding of judgeFates(refused).findings) sheet.accuse(tunnel.name, 'mtu', finding)
  }
}

/** On clear links, tunnelled frames of strangers. @returns whether there are such links */
async function judgeStrangers(
  sheet: SheetWriter,
  target: ScenarioTarget,
  tunnels: readonly VxlanTunnel[],
): Promise<boolean> {
  const byTunnel = new Map(tunnels.map((tunnel) => [tunnel, strangersOn(target, tunnel)]))
  const frames = [...byTunnel.values()].flat()
  if (frames.length === 0) return false
  const seen = await target.send(frames, { wire: [] })
  for (const [{ name }, own] of byTunnel) {
    if (own.length === 0) continue
    const which = new Set(own)
    const of = new Seen(
      seen.source,
      seen.sent.filter(({ frame }) => which.has(frame)),
      seen.observation,
    )
    const { findings, judged } = judgeFates(of)
    sheet.say(name, 'source', `${judged - findings.length} of ${judged} refused`)
    for (const finding of findings) sheet.accuse(name, 'source', finding)
  }
  return true
}

function strangersOn(
  { fabric, reader }: ScenarioTarget,
  { tenant, network, to }: VxlanTunnel,
): readonly Frame[] {
  const [as] = tenant.hosts
  const victim = tenant.hosts.find(
    (host) => host.leaf === to && (network === undefined || host.network.id === network.id),
  )
  const local = reader.vtep(to)
  if (as === undefined || victim === undefined || local === undefined || network?.vni === undefined) return []
  const { vni } = network
  const destination = parseIp(local)
  const source = remoteVtep(fabric, reader, victim)
  const link = fabric.links({ node: to }).find(({ id }) => refusalOfClear(reader.end(id, to)) === undefined)
  if (link === undefined || source === undefined) return []
  const tap = tapOf(reader, link, to)
  const options = { as, towards: victim, vni, source, destination }
  return [
    wrongOuterSource(tap, { ...options, source: strangerOf(destination) }),
    unknownVni(tap, { ...options, vni: unusedVni(fabric) }),
  ]
}

/** Tunnels of a fabric. */
export { tunnelsOf }
