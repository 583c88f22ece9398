/**
 * The suite of links sealed by WireGuard.
 *
 * @module
 */
import { z } from 'zod'
import type { ScenarioTarget } from '../scenario-target.js'
import { clearKinds, clearOnSealed } from '../traffic/attack-macsec.js'
import {
  changedData,
  dataChanges,
  reflectedMessage,
  strangersHandshake,
  wrongPort,
} from '../traffic/attack-wireguard.js'
import { tapOf } from '../traffic/forge-link.js'
import type { Direction } from './link-traffic.js'
import type { SealSuite } from './sealed-links.js'
import { sealedTunnelsOf } from './sealed-tunnels.js'
import type { SheetWriter } from './sheet.js'

/** s after which a session carries nothing more (WG-16). */
const REJECT_AFTER = 180

const Tables = z.looseObject({
  wireguard: z.array(
    z.looseObject({
      interface: z.int(),
      peers: z.array(
        z.looseObject({
          publicKey: z.string(),
          allowedIps: z.array(z.string()),
          rx: z.number(),
          tx: z.number(),
          sessions: z.array(z.looseObject({ role: z.string(), age: z.number() })),
        }),
      ),
    }),
  ),
})
type Peer = z.infer<typeof Tables>['wireguard'][number]['peers'][number]

/** The suite of a fabric. */
export function wireguardSuite(target: ScenarioTarget): SealSuite {
  const { fabric, reader } = target
  const links = fabric
    .links()
    .filter(({ id, ends }) => ends.some((node) => reader.end(id, node).wireguard !== undefined))
  return {
    kind: 'wireguard',
    links,
    tunnels: sealedTunnelsOf(target, 'wireguard'),
    columns: [{ name: 'handshake', what: "how old the sender's session with its peer is" }],
    describe: ({ link, from, to }) => {
      const { wireguard } = reader.end(link.id, from)
      return wireguard === undefined ? 'none' : `peer ${to}`
    },
    faults: (direction) => prefixFaults(target, direction),
    inspect: async (sheet, directions) => {
      for (const direction of directions) await judgeHandshake(sheet, target, direction)
    },
    attacks: (direction, { carried }) => {
      const tap = tapOf(reader, direction.link, direction.to)
      const { wireguard } = tap.to
      if (tap.from.wireguard === undefined || wireguard === undefined) return []
      const { name, link, from, to } = direction
      const sample = carried.get(name)?.sample
      const back = carried.get(`${link.id} ${to}>${from}`)?.sample
      return [
        ...clearKinds.map((kind) => clearOnSealed(tap, kind)),
        ...(sample === undefined
          ? []
          : [
              ...dataChanges.map((change) => changedData(sample, change)),
              strangersHandshake(sample),
              wrongPort(sample, wireguard),
            ]),
        ...(back === undefined ? [] : [reflectedMessage(back)]),
      ]
    },
  }
}

/** A link carries whatever there is: its peer may have any address. */
function prefixFaults({ reader }: ScenarioTarget, { link, from, to }: Direction): readonly string[] {
  const peers = reader.end(link.id, from).wireguard?.peers ?? []
  const families = { '0.0.0.0/0': 'IPv4', '::/0': 'IPv6' } as const
  return Object.entries(families).flatMap(([prefix, family]) =>
    peers.length === 0 || peers.some(({ allowedIps }) => allowedIps.includes(prefix))
      ? []
      : [`${from} takes and sends not all of ${family} from and to ${to} (allowedIps lack ${prefix})`],
  )
}

async function judgeHandshake(
  sheet: SheetWriter,
  target: ScenarioTarget,
  { link, from, to, name }: Direction,
): Promise<void> {
  const seal = target.reader.end(link.id, from).wireguard
  const tables = Tables.safeParse(await target.tables(from))
  if (seal === undefined || !tables.success) return
  const known = tables.data.wireguard.find((one) => one.interface === seal.id)
  const peer = known?.peers.find(({ publicKey }) => isKeyOf(target, link.id, to, publicKey))
  if (peer === undefined) {
    sheet.say(name, 'handshake', 'no peer')
    sheet.accuse(name, 'handshake', `${from} has no peer with the key of ${to}`)
    return
  }
  const age = ageOf(peer)
  sheet.say(name, 'handshake', age === undefined ? 'none' : `${Math.round(age)} s ago`)
  if (age === undefined) sheet.accuse(name, 'handshake', `${from} has made no session with ${to}`)
  else if (age >= REJECT_AFTER)
    sheet.accuse(name, 'handshake', `the session of ${from} with ${to} is ${Math.round(age)} s old`)
}

/** s since the session by which it sends was made. */
function ageOf({ sessions }: Peer): number | undefined {
  const current =
    sessions.find(({ role }) => role === 'current') ?? sessions.find(({ role }) => role === 'next')
  return current === undefined ? undefined : current.age / 1e9
}

function isKeyOf({ reader }: ScenarioTarget, link: string, node: string, publicKey: string): boolean {
  const reference = reader.end(link, node).wireguard?.privateKey
  const value = reader.keys.get(`${reference}/public`)
  return value === undefined || Buffer.from(value).toString('base64') === publicKey
}
