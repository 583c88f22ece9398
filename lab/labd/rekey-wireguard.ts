/**
 * WireGuard: both ends are loaded at once with new private keys, each other's public ones and the pre-shared key. A new private key ends an
 * interface's sessions (WG-32), and a peer is known by its key alone, so that there is no time at which both ends have both: what an end
 * sends between its own load and the other's waits for a handshake (WG-25), what it is sent meanwhile by the old session is lost. One change
 * of both ends loses that once, two changes one after the other would twice (docs/decisions/0012-keys.md).
 *
 * An end that loads first begins a handshake that the other does not understand, and would wait 5 s for the next (WG-27); the one that
 * loads last begins another at once, because each is given a persistent keepalive for the moment (WG-30).
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { TableChange } from '../../contract/control.js'
import type { Plan } from '../../contract/plan.js'
import { NodeProgram, type WireguardInterface } from '../../contract/program.js'
import { tablesOfProgram } from '../../agent/engine-tables.js'
import { changesBetween, NO_TABLES } from '../../twin/control/tables.js'
import { atEpoch, programAt, type SealEnd, type SealedPair } from '../../twin/program/epochs.js'
import { LabError } from '../errors.js'
import { bothEnds, sealingAt, type Rekey, type RekeyMeans } from './rekey.js'

/** s between keepalives, the shortest there is: the first one is sent at once. */
const AT_ONCE = 1
/** ms for a handshake: one that is lost is tried again after 5 s and a third (WG-27). */
const WITHIN = 12_000
const BETWEEN_LOOKS = 2

const ProgramAnswer = z.object({ program: NodeProgram })
const Tables = z.object({
  wireguard: z.array(
    z.object({
      interface: z.int(),
      peers: z.array(z.object({ sessions: z.array(z.object({ role: z.string() })) })),
    }),
  ),
})

export const rekeyWireguard: Rekey = async (plan, pair, epoch, means) => {
  // Before anything is changed: both ends are there and answer.
  const before = await bothEnds(pair, async ({ node }) => programOf(node, means))
  const programs = new Map(pair.ends.map(({ node }, n) => [node, before[n]]))
  const loaded: SealEnd[] = []
  const lead = leads(pair, programs, means)
  try {
    await bothEnds(pair, async (end) => {
      const program = programs.get(end.node)
      if (program === undefined) return
      // The one that is quicker begins later, so that both have new keys at the same time.
      await delay(lead.get(end.node) ?? 0)
      await load(plan, end, fresh(program, end, epoch), means)
      loaded.push(end)
    })
  } catch (error) {
    // A refusal at one end: the other goes back, and the link has its old keys.
    if (isRefusal(error)) {
      const back = loaded.flatMap((end) => {
        const program = programs.get(end.node)
        return program === undefined ? [] : [load(plan, end, program, means)]
      })
      await Promise.allSettled(back)
    }
    throw error
  }
  means.note('both ends have new keys')
  await bothEnds(pair, async (end) => sessionAt(end, pair, means))
  means.note('they have a session')
  await bothEnds(pair, async (end) => asPlanned(plan, end, epoch, means))
}

/** ms by which each end is to begin later. */
function leads(
  { ends }: SealedPair,
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

/** Returns when the end has a session by which it may send. @throws LabError `ZT_LAB_UNSETTLED` */
async function sessionAt(end: SealEnd, { name }: SealedPair, { ask }: RekeyMeans): Promise<void> {
  for (const giveUp = performance.now() + WITHIN; performance.now() < giveUp; await delay(BETWEEN_LOOKS)) {
    const { wireguard } = Tables.parse(await ask(end.node, { op: 'tables' }))
    const item = wireguard.find((one) => one.interface === end.interface)
    if (item?.peers[0]?.sessions.some(({ role }) => role === 'current') === true) return
  }
  throw new LabError('ZT_LAB_UNSETTLED', `${end.node} has no session on ${name} with the new keys`, {
    remedy: 'look at the other end: `ztos lab control LAB NODE \'{"op":"tables"}\'`; then rotate again',
  })
}

/** The keepalive of the plan, or none. */
async function asPlanned(plan: Plan, end: SealEnd, epoch: number, { ask }: RekeyMeans): Promise<void> {
  const item = atEpoch(sealingAt(plan, end, 'wireguard'), epoch)
  const peers = item.kind === 'wireguard' ? item.peers : []
  const changes = peers.map(({ publicKey, ...to }): TableChange => ({
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
