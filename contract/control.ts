/**
 * Control protocol of the engine and the probe: a Unix stream socket (mode 0600, peer credentials checked), each message
 * a u32 big-endian length (at most 16 MiB) and that many octets of UTF-8 JSON. Requests carry an `id`, the answer repeats it:
 * `{ id, ok: true, ... }` or `{ id, ok: false, code, message }`. Answers come in the order of the requests.
 *
 * @module
 */
import { z } from 'zod'
import {
  Association,
  associationKey,
  AssociationNumber,
  CidrText,
  InterfaceId,
  IpText,
  MacsecMode,
  MacText,
  NextHop,
  NodeProgram,
  SciText,
  Vni,
  wireguardPeer,
  WireguardPublicKey,
} from './program.js'

export const CONTROL_VERSION = 1
export const MAX_MESSAGE = 16 * 1024 * 1024

const request = { id: z.int().min(0).max(0xffffffff) }

/** One change of a table (CTRL-6); `null` removes what is there. */
export const TableChange = z.discriminatedUnion('table', [
  z.strictObject({
    table: z.literal('route'),
    vrf: z.int().min(0),
    prefix: CidrText,
    /** The members of a next-hop group of this route alone, in this order. */
    members: z.array(NextHop).min(1).max(64).nullable(),
  }),
  z.strictObject({
    table: z.literal('fdb'),
    bridge: InterfaceId,
    mac: MacText,
    to: z
      .strictObject({
        interface: InterfaceId,
        remote: IpText.optional(),
        /** Nothing that is heard on a port changes it. */
        sticky: z.boolean(),
      })
      .nullable(),
  }),
  z.strictObject({
    table: z.literal('neighbour'),
    /** An IRB. */
    interface: InterfaceId,
    address: IpText,
    to: z.strictObject({ mac: MacText, sticky: z.boolean() }).nullable(),
  }),
  z.strictObject({
    table: z.literal('flood'),
    /** A vxlan interface. */
    interface: InterfaceId,
    remotes: z.array(IpText),
  }),
  z.strictObject({
    table: z.literal('peer'),
    /** A wireguard interface (WG-33). */
    interface: InterfaceId,
    publicKey: WireguardPublicKey,
    to: z.strictObject(wireguardPeer).nullable(),
  }),
  z.strictObject({
    table: z.literal('receive-association'),
    /** A macsec interface (MACSEC-11). */
    interface: InterfaceId,
    sci: SciText,
    an: AssociationNumber,
    to: z.strictObject(associationKey).nullable(),
  }),
  z.strictObject({
    table: z.literal('transmit-association'),
    /** A macsec interface (MACSEC-11). */
    interface: InterfaceId,
    to: Association,
    standby: z.array(Association).max(3).optional(),
  }),
])
export type TableChange = z.infer<typeof TableChange>

/** Operations of `ztos-fpe`. Those that change state are journalled as CONTROL_IN (or PROGRAM for `load`). */
export const EngineRequest = z.discriminatedUnion('op', [
  /** Answer: `{ version, node, program: sha256 of the loaded program's bytes, pid, cpu: features chosen }`. */
  z.strictObject({ ...request, op: z.literal('hello') }),
  /**
   * CTRL-1. `keys` names a file (0600) of key reference → hex digits, when the program needs new ones: 32 or 64 (MACsec, AES-128 or AES-256; with
   * an XPN suite 56 or 88, salt included), 64 (WireGuard).
   */
  z.strictObject({ ...request, op: z.literal('load'), program: NodeProgram, keys: z.string().optional() }),
  /** CTRL-2 */
  z.strictObject({ ...request, op: z.literal('set-vni'), interface: InterfaceId, vni: Vni }),
  z.strictObject({
    ...request,
    op: z.literal('set-macsec-mode'),
    interface: InterfaceId,
    mode: MacsecMode,
    /** Absent: as `mode` is not `disabled`. */
    protect: z.boolean().optional(),
  }),
  /** CTRL-8: a port's carrier is there or lost. A running engine does this by itself; this is for what has no kernel. */
  z.strictObject({ ...request, op: z.literal('carrier'), interface: InterfaceId, up: z.boolean() }),
  /** CTRL-3 */
  z.strictObject({
    ...request,
    op: z.literal('flush'),
    table: z.enum(['fdb', 'neighbours']),
    interface: InterfaceId.optional(),
  }),
  /** CTRL-4: adds ns to the clock of all later inputs. */
  z.strictObject({ ...request, op: z.literal('advance-time'), ns: z.int().min(0) }),
  /** CTRL-6. Answer: `{}`; when a change is refused its index is in the message. */
  z.strictObject({
    ...request,
    op: z.literal('apply'),
    changes: z.array(TableChange).max(65536),
    /** Key file, when a peer or SA needs keys that the loaded program has not. Only of the request: a journal's record has it not. */
    keys: z.string().optional(),
  }),
  /**
   * What the node has heard on its own ports, for whoever announces it: answered at once when `since` is absent or is not the present
   * version, else when it changes or `wait` ms are over (default 0, so at once). Answer:
   * `{ version, fdb: [{ bridge, mac, interface }], neighbours: [{ interface, address, mac }] }`: valid dynamic entries on ports, and valid
   * dynamic neighbours of IRBs whose MAC has such an entry in the IRB's bridge; sorted by interface ids, then MAC or address text.
   * The version goes up with each change of this answer, by ageing too. Later requests of the same connection wait; a waiting one
   * holds up no other connection.
   */
  z.strictObject({
    ...request,
    op: z.literal('learned'),
    since: z.int().min(0).optional(),
    wait: z.int().min(0).max(60_000).optional(),
  }),
  /** Answer: `{ program }`, as it is now. */
  z.strictObject({ ...request, op: z.literal('program') }),
  /**
   * CTRL-9. Answer: `{ fdb: [{ bridge, mac, interface, remote?, age: ns }], neighbours: [{ interface, address, state: 'incomplete' | 'resolved', mac?, age }],
   * macsec: [{ interface, mode, protect, counters, tx: { sci, associations: [{ an, key, pn: text, encoding: boolean, counters }] },
   * rx: [{ sci, counters, associations: [{ an, key, pn: text }] }] }] (counters: name of MACSEC-8 → number),
   * memberships: [{ bridge, group, interface, remote? }], carrier: [{ interface, up }],
   * wireguard: [{ interface, publicKey, listenPort, peers: [{ publicKey, presharedKey: boolean, endpoint: { address, port } | null, allowedIps,
   * latestHandshake: s since the Unix epoch or 0, rx, tx: octets of messages, persistentKeepalive: s or 0,
   * sessions: [{ role: 'previous' | 'current' | 'next', index, peerIndex, initiator, age: ns, sent, received }] }] }] }`, dynamic state; `sent` is
   * the next counter, `received` the greatest one received plus 1; peers and sessions in order.
   */
  z.strictObject({ ...request, op: z.literal('tables') }),
  /** Answer: `{ ports: [{ interface, rx, tx, rxDropped, txDropped, puntIn, puntOut, xdpPassed }], fates: { name: count }, inputs, outputs }`. */
  z.strictObject({ ...request, op: z.literal('stats') }),
  /** Writes out journal and captures. Answer: `{ journalBytes }` (file length that is complete). */
  z.strictObject({ ...request, op: z.literal('sync') }),
  /** Copies of frames as they arrive on (or leave) a port, taken in XDP before redirect, to a pcapng file. */
  z.strictObject({
    ...request,
    op: z.literal('capture'),
    interface: InterfaceId,
    file: z.string().nullable(),
  }),
  z.strictObject({ ...request, op: z.literal('shutdown') }),
])
export type EngineRequest = z.infer<typeof EngineRequest>
/** The operations that appear in a journal as CONTROL_IN. */
export const JOURNALLED_OPS = ['set-vni', 'set-macsec-mode', 'flush', 'apply', 'carrier'] as const
