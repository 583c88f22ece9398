/**
 * What a node's engine knows of its WireGuard peers, as data and in the form of `wg show dump` (wg(8)).
 *
 * ```ts
 * process.stdout.write(wireguardDump(await wireguardState(lab, 'leaf1')))
 * ```
 *
 * @module
 */
import { z } from 'zod'
import { NodeProgram } from '../contract/program.js'
import { LabError } from './errors.js'
import type { Lab } from './lab.js'

const octets = z.int().min(0)
const Peer = z.object({
  publicKey: z.string(),
  /** Whether there is one. */
  presharedKey: z.boolean(),
  endpoint: z.object({ address: z.string(), port: z.int() }).nullable(),
  allowedIps: z.array(z.string()),
  /** s since the Unix epoch, or 0 */
  latestHandshake: z.int().min(0),
  rx: octets,
  tx: octets,
  /** s, or 0 */
  persistentKeepalive: z.int().min(0),
  sessions: z.array(
    z.object({
      role: z.enum(['previous', 'current', 'next']),
      index: z.int(),
      peerIndex: z.int(),
      initiator: z.boolean(),
      /** ns */
      age: z.number(),
      sent: z.number(),
      received: z.number(),
    }),
  ),
})
/** Of `tables` (contract/control.ts). */
const Tables = z.object({
  wireguard: z.array(
    z.object({
      interface: z.int(),
      publicKey: z.string(),
      listenPort: z.int(),
      peers: z.array(Peer),
    }),
  ),
})
const Program = z.object({ program: NodeProgram })

/** A wireguard interface and its peers, in order. No private or pre-shared key is in it. */
export interface WireguardState {
  readonly name: string
  readonly publicKey: string
  readonly listenPort: number
  readonly peers: readonly z.infer<typeof Peer>[]
}

/**
 * Of a node of a running lab, interfaces in order.
 *
 * @throws LabError `ZT_LAB_FORMAT` when its engine answers something else
 */
export async function wireguardState(
  lab: Pick<Lab, 'control'>,
  node: string,
): Promise<readonly WireguardState[]> {
  return wireguardStateOf(
    await lab.control(node, { op: 'program' }),
    await lab.control(node, { op: 'tables' }),
  )
}

/** The same of an engine's answers to `program` and `tables`. */
export function wireguardStateOf(program: unknown, tables: unknown): readonly WireguardState[] {
  const [known, told] = [Program.safeParse(program), Tables.safeParse(tables)]
  if (!known.success || !told.success) {
    throw new LabError('ZT_LAB_FORMAT', 'the engine tells its WireGuard peers in another form', {
      remedy: 'use an engine and a library of the same version',
      cause: known.error ?? told.error,
    })
  }
  const names = new Map(known.data.program.interfaces.map(({ id, name }) => [id, name]))
  return told.data.wireguard.map(({ interface: id, ...state }) => ({
    // A program may be loaded between the two answers.
    name: names.get(id) ?? String(id),
    ...state,
  }))
}

/**
 * `wg show all dump`, or `wg show INTERFACE dump` of the interface that is named: fields between tabs, a line for the interface and
 * one for each peer. Where wg shows a private or pre-shared key this says `(hidden)`.
 */
export function wireguardDump(interfaces: readonly WireguardState[], only?: string): string {
  return interfaces
    .filter(({ name }) => only === undefined || name === only)
    .flatMap(({ name, publicKey, listenPort, peers }) =>
      // The engine marks no packets.
      [['(hidden)', publicKey, String(listenPort), 'off'], ...peers.map(fieldsOf)].map((fields) =>
        only === undefined ? [name, ...fields] : fields,
      ),
    )
    .map((fields) => `${fields.join('\t')}\n`)
    .join('')
}

function fieldsOf(peer: WireguardState['peers'][number]): string[] {
  const { publicKey, presharedKey, endpoint, allowedIps, latestHandshake, rx, tx, persistentKeepalive } = peer
  return [
    publicKey,
    presharedKey ? '(hidden)' : '(none)',
    endpoint === null ? '(none)' : endpointText(endpoint),
    allowedIps.length === 0 ? '(none)' : allowedIps.join(','),
    String(latestHandshake),
    String(rx),
    String(tx),
    persistentKeepalive === 0 ? 'off' : String(persistentKeepalive),
  ]
}

function endpointText({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
