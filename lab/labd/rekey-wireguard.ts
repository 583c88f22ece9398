/**
 * WireGuard: all ends, of a link both, are loaded at once with new private keys, each other's public ones and pre-shared keys. A new private key
 * ends an interface's sessions (WG-32), and a peer is known by its key alone, so that there is no time at which an end has both: what it
 * sends between its own load and the other's waits for a handshake (WG-25), what it is sent meanwhile by the old session is lost. One change
 * of all ends loses that once, one change after the other would each time (docs/decisions/0013-keys.md).
 *
 * An end that loads first begins a handshake that another does not understand, and would wait 5 s for the next (WG-27); the one that
 * loads last begins another at once, because each is given a persistent keepalive for the moment (WG-30).
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { TableChange } from '../../contract/control.js'
import type { Plan } from '../../contract/plan.js'
import { NodeProgram, type WireguardInterface, type WireguardPeer } from '../../contract/program.js'
import { tablesOfProgram } from '../../agent/engine-tables.js'
import { changesBetween, NO_TABLES } from '../../twin/control/tables.js'
import { atEpoch, programAt, type SealEnd, type SealGroup } from '../../twin/program/epochs.js'
import { LabError } from '../errors.js'
import { eachEnd, sealingAt, type Rekey, type RekeyMeans } from './rekey.js'

/** s between keepalives, the shortest there is: the first one is sent at once. */
const AT_ONCE = 1
/** ms for handshakes, and after which one is begun again. */
const WITHIN = 12_000
const AGAIN = 100
const BETWEEN_LOOKS = 2

const ProgramAnswer = z.object({ program: NodeProgram })
const Tables = z.object({
  wireguard: z.array(
    z.object({
      interface: z.int(),
      peers: z.array(z.object({ publicKey: z.string(), sessions: z.array(z.object({ role: z.string() })) })),
    }),
  ),
})

export const rekeyWireguard: Rekey = async (plan, group, epoch, means) => {
  // Before anything is changed: all ends are there and answer.
  const before = await eachEnd(group, async ({ node }) => programOf(node, means))
  const programs = new Map(group.ends.map(({ node }, n) => [node, before[n]]))
  const loaded: SealEnd[] = []
  const lead = leads(group, programs, means)
  try {
    await eachEnd(group, async (end) => {
      const program = programs.get(end.node)
      if (program === undefined) return
      // One that is quicker begins later, so that all have new keys at the same time.
      await delay(lead.get(end.node) ?? 0)
      await load(plan, end, fresh(program, end, epoch), means)
      loaded.push(end)
    })
  } catch (error) {
    // A refusal at one end: others go back, and all have their old keys.
    if (isRefusal(error)) {
      const back = loaded.flatMap((end) => {
        const program = programs.get(end.node)
        return program === undefined ? [] : [load(plan, end, program, means)]
      })
      await Promise.allSettled(back)
    }
    throw error
  }
  means.note('all ends have new keys')
  await sessions(plan, group, epoch, means)
  means.note('they have a session')
  await eachEnd(group, async (end) => asPlanned(plan, end, epoch, means))
}

/** ms by which each end is to begin later. */
function leads(
  { ends }: SealGroup,
  programs: ReadonlyMap<string, NodeProgram | undefined>,
  { loadTimes }: RekeyMeans,
): ReadonlyMap<string, number> {
  const times = ends.map(({ node }) => loadTimes.expected(node, JSON.stringify(programs.get(node)).length))
  const longest = Math.max(...times)
  return new Map(ends.map(({ node }, n) => [node, longest - (times[n] ?? longest)]))
}

/** As it is now, with what was applied to it. */
async function programOf(node: string, { ask }: RekeyMeans): Promise<NodeProgram> {
  return ProgramAnswer.parse(await ask(node, { op: 'program' })).program
}

function fresh(program: NodeProgram, { interface: id }: SealEnd, epoch: number): NodeProgram {
  const changed = programAt(program, id, epoch)
  const soon = (item: WireguardInterface): WireguardInterface => ({
    ...item,
    peers: item.peers.map((peer) => ({ ...peer, persistentKeepalive: AT_ONCE })),
  })
  const interfaces = changed.interfaces.map((item) =>
    item.id === id && item.kind === 'wireguard' ? soon(item) : item,
  )
  return { ...changed, interfaces }
}

/** What an agent had applied stands in the program's tables now, and is made the agent's again: of its entries some yield (LEARN-6). */
async function load(plan: Plan, end: SealEnd, program: NodeProgram, means: RekeyMeans): Promise<void> {
  const { ask, loadTimes } = means
  const began = performance.now()
  await ask(end.node, { op: 'load', program })
  loadTimes.note(end.node, JSON.stringify(program).length, performance.now() - began)
  const control = plan.nodes.find(({ name }) => name === end.node)?.control
  if (control?.evpn === undefined) return
  const changes = changesBetween(NO_TABLES, tablesOfProgram(program, control, undefined))
  await ask(end.node, { op: 'apply', changes })
}

/**
 * Returns when all have sessions by which they may send. An initiation that is lost, by a host that is busy, would be followed by another after
 * 5 s (WG-27); a peer that is removed and added again has none behind it.
 *
 * @throws LabError `ZT_LAB_UNSETTLED`
 */
async function sessions(plan: Plan, group: SealGroup, epoch: number, means: RekeyMeans): Promise<void> {
  const { ask, publicKeyOf } = means
  const lackingAt = async (end: SealEnd): Promise<readonly WireguardPeer[]> => {
    const { wireguard } = Tables.parse(await ask(end.node, { op: 'tables' }))
    const there = wireguard.find((one) => one.interface === end.interface)?.peers ?? []
    const isUp = ({ publicKey }: WireguardPeer) =>
      there
        .find((one) => one.publicKey === publicKeyOf(publicKey))
        ?.sessions.some(({ role }) => role === 'current') === true
    return peersOf(plan, end, epoch).filter((peer) => !isUp(peer))
  }
  let again = performance.now() + AGAIN
  for (const giveUp = performance.now() + WITHIN; performance.now() < giveUp; await delay(BETWEEN_LOOKS)) {
    const lacking = await eachEnd(group, lackingAt)
    const [first] = group.ends.flatMap((end, n) =>
      lacking[n]?.length === 0 ? [] : [{ end, peers: lacking[n] ?? [] }],
    )
    if (first === undefined) return
    if (performance.now() < again) continue
    // One end alone, so that two do not forget what the other has just begun.
    await ask(first.end.node, { op: 'apply', changes: first.peers.flatMap((peer) => anew(first.end, peer)) })
    again = performance.now() + AGAIN
  }
  throw new LabError('ZT_LAB_UNSETTLED', `ends of ${group.name} have no session with the new keys`, {
    remedy: 'look at them: `ztos lab control LAB NODE \'{"op":"tables"}\'`; then rotate again',
  })
}

function anew({ interface: id }: SealEnd, { publicKey, ...to }: WireguardPeer): TableChange[] {
  const peer = { table: 'peer', interface: id, publicKey } as const
  return [
    { ...peer, to: null },
    { ...peer, to: { ...to, persistentKeepalive: AT_ONCE } },
  ]
}

function peersOf(plan: Plan, end: SealEnd, epoch: number): readonly WireguardPeer[] {
  const item = atEpoch(sealingAt(plan, end, 'wireguard'), epoch)
  return item.kind === 'wireguard' ? item.peers : []
}

/** The keepalive of the plan, or none. */
async function asPlanned(plan: Plan, end: SealEnd, epoch: number, { ask }: RekeyMeans): Promise<void> {
  const changes = peersOf(plan, end, epoch).map(({ publicKey, ...to }): TableChange => ({
    table: 'peer',
    interface: end.interface,
    publicKey,
    to,
  }))
  await ask(end.node, { op: 'apply', changes })
}

function isRefusal(error: unknown): boolean {
  return error instanceof LabError && error.code === 'ZT_LAB_REFUSED'
}
