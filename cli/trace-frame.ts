/**
 * The frame that a host would send to somebody, built with the packet builders, not with the forwarder.
 *
 * @module
 */
import { addressOf, familyOf, type FabricView, type Family, type Host } from '../sdk/fabric-view.js'
import { packetFrame, plainPacket, type PacketSpec } from '../sdk/traffic/packet.js'
import {
  formatIp,
  parseIp,
  prefixContains,
  type InterfaceAddress,
  type Ip,
  type Mac,
} from '../twin/packet/index.js'
import { CliError } from './errors.js'
import { named } from './names.js'

/** What is asked of the frame. */
export interface FrameRequest {
  readonly from: Host
  /** A host, or an address of whoever has it. */
  readonly to: Host | Ip
  readonly protocol: PacketSpec['protocol']
  /** Of the destination, for TCP and UDP. */
  readonly port: number
  /** The family that is wanted; unless given IPv4 where both ends have it. */
  readonly family?: Family
  readonly size: number
  readonly ttl: number
}

/** The host of a name, or the address that a text is. */
export function parseDestination(fabric: FabricView, text: string, where: string): Host | Ip {
  if (/^[0-9.]+$/.test(text) || (text.includes(':') && !text.includes('/'))) return parseIp(text)
  return hostNamed(fabric, text, where)
}

/** @throws CliError `ZT_CLI_NAME` with the host that may have been meant */
export function hostNamed(fabric: FabricView, name: string, where: string): Host {
  return named('host', name, fabric.hosts, ({ id }) => id, where)
}

/** `icmp`, `tcp/5432`, `udp/53`. */
export function parseProtocol(text: string): Pick<FrameRequest, 'protocol' | 'port'> {
  if (text === 'icmp') return { protocol: 'icmp', port: 1 }
  const match = /^(tcp|udp)\/(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (match === null || port > 0xffff) {
    throw new CliError('ZT_CLI_USAGE', `'${text}' is no protocol`, {
      where: '--proto',
      remedy: 'use icmp, tcp/PORT or udp/PORT with a port from 0 to 65535',
    })
  }
  return { protocol: match[1] === 'tcp' ? 'tcp' : 'udp', port }
}

/** The Ethernet frame, without FCS. @throws CliError `ZT_CLI_INPUT` when the host could not send it */
export function frameTo(request: FrameRequest): Uint8Array {
  const { from, to, protocol, port, size, ttl } = request
  const family = familyFor(request)
  const source = addressIn(from, family)
  const destination = isHost(to) ? addressIn(to, family).address : to
  const spec = { ...plainPacket, family, protocol, destinationPort: port, size, ttl }
  const ends = {
    sourceMac: from.mac,
    destinationMac: nextMac(from, source, to, destination),
    source: source.address,
    destination,
  }
  return packetFrame(ends, spec, { run: 0, trace: 1 })
}

/** A text, a number or a bigint is an address. */
function isHost(to: Host | Ip): to is Host {
  return typeof to === 'object'
}

function familyFor({ from, to, family }: FrameRequest): Family {
  if (!isHost(to)) {
    const own = familyOf(to)
    if (family === undefined || family === own) return own
    throw new CliError('ZT_CLI_USAGE', `${formatIp(to)} is no IPv${family} address`, {
      where: '--to',
      remedy: 'leave out --ipv6',
    })
  }
  const both = ([4, 6] as const).find((one) => [from, to].every((host) => addressOf(host, one) !== undefined))
  return family ?? both ?? 4
}

function addressIn(host: Host, family: Family): InterfaceAddress {
  const found = addressOf(host, family)
  if (found !== undefined) return found
  throw new CliError('ZT_CLI_INPUT', `${host.id} has no IPv${family} address`, {
    remedy: family === 6 ? 'leave out --ipv6' : 'choose hosts that have an address of one family',
  })
}

/** Inside the subnet the MAC of whoever has the address; beyond it the gateway's (RFC 1122 section 3.3.1.1). */
function nextMac(from: Host, source: InterfaceAddress, to: Host | Ip, destination: Ip): Mac {
  const gateway = from.gatewayMac
  const onLink = prefixContains(source.prefix, destination)
  const toGateway = from.gateways.includes(destination)
  if (onLink && isHost(to)) return to.mac
  if (gateway !== undefined && (!onLink || toGateway)) return gateway
  throw new CliError(
    'ZT_CLI_INPUT',
    onLink
      ? `${formatIp(destination)} is in the subnet of ${from.id}, and no gateway`
      : `${from.id} is in a network without gateway and cannot send to ${formatIp(destination)}`,
    {
      where: '--to',
      remedy: onLink
        ? 'name the host that has the address'
        : 'name a host of its own network, or build a frame and give --frame',
    },
  )
}
