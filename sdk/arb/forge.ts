/**
 * One forged frame of a kind, out of all tricks of that kind which the fabric gives an occasion for.
 *
 * @module
 */
import { parseIp } from '../../twin/packet/index.js'
import { present, remoteVtep, strangerOf, unusedVni } from '../judge/attempts.js'
import type { FabricView, Host, Link } from '../fabric-view.js'
import type { Forgery, Frame } from '../traffic/frame.js'
import {
  cutPacket,
  foreignMacs,
  gatewayMac,
  groupSource,
  malformed,
  martian,
  martianSources,
  oversize,
  packetTo,
  reservedGroup,
  runt,
  spoofedSource,
  tagged,
  tunnelledByHost,
} from '../traffic/forge-host.js'
import type { Malformation } from '../traffic/forge-host.js'
import {
  clearTunnel,
  forgedSeal,
  linkOversize,
  linkRunt,
  malformedTunnel,
  sealForgeries,
  tapOf,
  unexpectedSeal,
  unknownVni,
  wrongOuterSource,
  wrongPortMac,
} from '../traffic/forge-link.js'
import type { Tap, TunnelOptions } from '../traffic/forge-link.js'
import { forgedMessage, messageForgeries } from '../traffic/forge-wireguard.js'
import { refusalOfClear, WireReader } from '../traffic/wire.js'

/** What is drawn by chance. */
export interface Draw {
  readonly from: Host
  readonly victim: Host
  /** Chooses among tricks. */
  readonly trick: number
  /** Chooses what a trick leaves open: lengths, links, addresses. */
  readonly number: number
}

type Trick = () => Frame | undefined

/**
 * A frame of a kind. When the fabric gives no occasion for the kind (no link to inject on, no gateway), a frame with a group
 * address as its source: forged too, and always to be had.
 */
export function forge(fabric: FabricView, kind: Forgery, draw: Draw): Frame {
  const made = tricksOf(fabric, kind, draw)
    .map((trick) => trick())
    .filter((frame) => frame !== undefined)
  return pick(made, draw.trick) ?? fallback(draw)
}

function fallback({ from, victim }: Draw): Frame {
  return groupSource(from, victim) ?? runt(from, 13)
}

function tricksOf(fabric: FabricView, kind: Forgery, draw: Draw): readonly Trick[] {
  const { from, victim, number } = draw
  const place = placeOf(fabric, draw)
  const onLink = (make: (tap: Tap, options: TunnelOptions) => Frame | undefined): Trick[] =>
    place === undefined ? [] : [() => make(place.tap, place.options)]
  const sealed = place !== undefined && refusalOfClear(place.tap.to) !== undefined
  const beyond = victim.addresses[0]?.address
  switch (kind) {
    case 'vni':
      return [
        ...onLink((tap, options) =>
          sealed ? clearTunnel(tap, options) : unknownVni(tap, { ...options, vni: unusedVni(fabric) }),
        ),
        ...hostTunnels(fabric, draw),
      ]
    case 'outer':
      return onLink((tap, options) => {
        const stranger = { ...options, source: strangerOf(options.destination) }
        return sealed ? clearTunnel(tap, stranger) : wrongOuterSource(tap, stranger)
      })
    case 'mac':
      return [
        () => foreignMacs(from, { destination: victim.mac }),
        () =>
          mayTakeMac(fabric, from, victim)
            ? foreignMacs(from, { source: victim.mac, destination: victim.mac })
            : undefined,
        () => gatewayMac(from, victim),
        () => groupSource(from, victim),
        () => reservedGroup(from, number),
        () => tagged(from, victim, 1 + (number % 4094)),
        ...onLink(wrongPortMac),
      ]
    case 'macsec':
      return sealed
        ? [
            ...onLink(clearTunnel),
            ...sealForgeries
              .filter((how) => how !== 'cut')
              .flatMap((how) => onLink((tap, options) => forgedSeal(tap, options, how))),
            ...messageForgeries
              .filter((how) => how !== 'short data')
              .flatMap((how) => onLink((tap) => forgedMessage(tap, from.tenant, how))),
          ]
        : onLink(unexpectedSeal)
    case 'truncate':
      return [
        () => runt(from, 1 + (number % 13)),
        () => (beyond === undefined || !hasGateway(from) ? undefined : cutPacket(from, beyond, number)),
        ...onLink((tap) => linkRunt(tap, from.tenant, 1 + (number % 13))),
        ...onLink((tap, options) => forgedSeal(tap, options, 'cut')),
        ...onLink((tap) => forgedMessage(tap, from.tenant, 'short data')),
      ]
    case 'oversize':
      return [
        () => oversize(from, victim, 1 + (number % 64)),
        ...onLink((tap, options) => linkOversize(tap, options, 1 + (number % 32))),
      ]
    case 'address':
      return [
        ...victim.addresses.map(
          ({ address }) =>
            () =>
              packetTo(from, address, from.gatewayMac ?? victim.mac),
        ),
        ...victim.addresses.map(
          ({ address }) =>
            () =>
              spoofedSource(from, address, address, { outcome: 'contained' }),
        ),
        ...([4, 6] as const).map((family) => () => {
          const source = pick(martianSources[family], number)
          const target = victim.addresses.find(
            ({ address }) => (typeof address === 'bigint') === (family === 6),
          )?.address
          return source === undefined || target === undefined || !hasGateway(from)
            ? undefined
            : martian(from, source, target)
        }),
      ]
    case 'malformed':
      return [
        ...(
          ['version', 'header length', 'total length', 'checksum'] as const satisfies readonly Malformation[]
        ).map(
          (how) => () =>
            beyond === undefined || !hasGateway(from) ? undefined : malformed(from, beyond, how),
        ),
        ...(sealed
          ? []
          : (['flags', 'udp length'] as const).flatMap((how) =>
              onLink((tap, options) => malformedTunnel(tap, options, how)),
            )),
      ]
  }
}

/** The gateway on the host's own leaf looks at what is sent to its MAC. */
function hasGateway({ gatewayMac: mac, network, leaf }: Host): boolean {
  return mac !== undefined && network.gatewayLeaves.includes(leaf)
}

/** A MAC of one's own tenant would move, and its owner with reason hear nothing until it speaks. */
function mayTakeMac(fabric: FabricView, from: Host, victim: Host): boolean {
  return fabric.tenant(from.tenant).hosts.every(({ mac }) => mac !== victim.mac)
}

function hostTunnels(fabric: FabricView, { from, victim }: Draw): Trick[] {
  const vtep = readerOf(fabric).vtep(victim.leaf)
  const vnis = present([victim.network.vni, fabric.tenant(victim.tenant).l3vni])
  if (vtep === undefined || !hasGateway(from)) return []
  return vnis.map((vni) => () => tunnelledByHost(fabric, from, parseIp(vtep), vni, victim))
}

interface Place {
  readonly tap: Tap
  readonly options: TunnelOptions
}

/** A link of the victim's leaf, and a tunnel over it to the victim. */
function placeOf(fabric: FabricView, { from, victim, number }: Draw): Place | undefined {
  const link: Link | undefined = pick(fabric.links({ node: victim.leaf }), number)
  const reader = readerOf(fabric)
  const local = reader.vtep(victim.leaf)
  const source = remoteVtep(fabric, reader, victim)
  const { vni } = victim.network
  if (link === undefined || local === undefined || source === undefined || vni === undefined) return undefined
  return {
    tap: tapOf(reader, link, victim.leaf),
    options: { as: from, towards: victim, vni, source, destination: parseIp(local) },
  }
}

const readers = new WeakMap<FabricView, WireReader>()

/** Knows link ends and VTEPs; forging needs no key. */
function readerOf(fabric: FabricView): WireReader {
  const known = readers.get(fabric) ?? new WireReader(fabric.plan, new Map())
  readers.set(fabric, known)
  return known
}

function pick<T>(items: readonly T[], number: number): T | undefined {
  return items[number % Math.max(items.length, 1)]
}
