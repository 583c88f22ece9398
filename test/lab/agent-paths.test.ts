/**
 * The agent cuts paths into parts and reads those once: whatever GoBGP writes, by its own description, must be read as if whole.
 */
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPath, type ReadContext } from '../../agent/convert.js'
import { API_FAMILIES, type ApiAttribute, type ApiNlri, type ApiPath } from '../../agent/gobgp-api.js'
import { pathCodec } from '../../agent/gobgp-paths.js'
import { gobgpService } from '../../agent/gobgp-service.js'
import { PathCaches, PathReader } from '../../agent/path-reader.js'
import { daemonPrograms } from '../../lab/daemons/programs.js'

const { protoFolder } = daemonPrograms()
const codec = pathCodec(gobgpService(protoFolder))
const context: ReadContext = { asn: 65_101, peers: new Map([['10.0.0.0', 'spine1']]) }

type Message = Pick<MessageTypeDefinition<object, object>, 'serialize'>
const definition = loadSync('api/gobgp.proto', { includeDirs: [protoFolder] })
const eventMessage = definition['api.WatchEventResponse'] as unknown as Message
const pathMessage = definition['api.Path'] as unknown as Message

function octetsOf(paths: readonly ApiPath[]): readonly Buffer[] {
  return codec.event(eventMessage.serialize({ table: { paths } })).paths ?? []
}

const octet = fc.integer({ min: 0, max: 255 })
const ipv4 = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'))
const mac = fc
  .tuple(octet, octet, octet)
  .map((low) => ['02', '00', '00', ...low.map((part) => part.toString(16).padStart(2, '0'))].join(':'))
const rd = fc.oneof(
  fc.record({ ipAddress: fc.record({ admin: ipv4, assigned: octet }) }),
  fc.record({ twoOctetAsn: fc.record({ admin: octet, assigned: octet }) }),
)
const esi = fc.constant({ type: 0, value: Buffer.alloc(9) })
const label = fc.integer({ min: 0, max: 0xffffff })
const evpnNlri: fc.Arbitrary<ApiNlri> = fc.oneof(
  fc.record({
    evpnMacadv: fc.record({
      rd,
      esi,
      ethernetTag: fc.constantFrom(0, 7),
      macAddress: fc.oneof(mac, fc.constant('no MAC')),
      ipAddress: fc.constantFrom('', '10.1.0.10', '2001:db8::10'),
      labels: fc.array(label, { maxLength: 2 }),
    }),
  }),
  fc.record({ evpnMulticast: fc.record({ rd, ethernetTag: fc.constant(0), ipAddress: ipv4 }) }),
  fc.record({
    evpnIpPrefix: fc.record({
      rd,
      esi,
      ethernetTag: fc.constant(0),
      ipPrefix: ipv4,
      ipPrefixLen: fc.integer({ min: 0, max: 40 }),
      label,
    }),
  }),
)
const unicastNlri: fc.Arbitrary<ApiNlri> = fc.record({
  prefix: fc.record({ prefixLen: fc.integer({ min: 0, max: 32 }), prefix: ipv4 }),
})
/** Values small enough that two paths often have the same. */
const few = fc.integer({ min: 0, max: 2 })
function attributesWith(nlri: ApiNlri): fc.Arbitrary<readonly ApiAttribute[]> {
  const reach = fc.record({
    mpReach: fc.record({
      family: fc.constant(API_FAMILIES.evpn),
      nextHops: fc.array(fc.oneof(ipv4, fc.constant('10.255.0.2'), fc.constant('no address')), {
        maxLength: 2,
      }),
      nlris: fc.constant([nlri]),
    }),
  })
  return fc.array(
    fc.oneof(
      { weight: 3, arbitrary: reach },
      fc.record({ origin: fc.record({ origin: few }) }),
      fc.record({ nextHop: fc.record({ nextHop: ipv4 }) }),
      fc.record({ multiExitDisc: fc.record({ med: few }) }),
      fc.record({ localPref: fc.record({ localPref: few }) }),
      fc.record({ communities: fc.record({ communities: fc.array(few, { maxLength: 3 }) }) }),
      fc.record({ pmsiTunnel: fc.record({ type: fc.constant(6), label }) }),
      fc.record({
        extendedCommunities: fc.record({
          communities: fc.array(
            fc.oneof(
              fc.record({ encap: fc.constant({ tunnelType: 8 }) }),
              fc.record({ macMobility: fc.record({ sequenceNum: few, isSticky: fc.boolean() }) }),
            ),
            { maxLength: 2 },
          ),
        }),
      }),
    ),
    { maxLength: 5 },
  )
}
const path: fc.Arbitrary<ApiPath> = fc
  .oneof(
    evpnNlri.map((nlri) => ({ nlri, family: API_FAMILIES.evpn })),
    unicastNlri.map((nlri) => ({ nlri, family: API_FAMILIES.ipv4 })),
    fc.constant({ nlri: { prefix: { prefix: '::', prefixLen: 0 } }, family: API_FAMILIES.ipv6 }),
    // A family that is not used here.
    fc.constant({
      nlri: { prefix: { prefix: '0.0.0.0', prefixLen: 0 } },
      family: { afi: 'AFI_IP', safi: 'SAFI_MULTICAST' },
    }),
  )
  .chain((part) =>
    fc.record({
      nlri: fc.constant<ApiNlri>(part.nlri),
      family: fc.constant(part.family),
      pattrs: attributesWith(part.nlri),
      isWithdraw: fc.boolean(),
      sourceAsn: fc.constantFrom(65_000, 4_294_967_295),
      sourceId: fc.constantFrom('10.255.1.1', ''),
      neighborIp: fc.constantFrom('', '10.0.0.0', '10.0.0.9', 'fe80::1%eth1', 'nobody'),
      identifier: few,
    }),
  )

describe('paths of a watch', () => {
  it('are read as if each were read whole, however many share their parts', () => {
    fc.assert(
      fc.property(fc.array(path, { minLength: 1, maxLength: 12 }), (paths) => {
        const reader = new PathReader(new PathCaches(codec), context)
        const all = octetsOf(paths)
        expect(all).toHaveLength(paths.length)
        // Twice: what is made first, and what is kept of it.
        for (const octets of [...all, ...all]) {
          const whole = readPath(codec.path(octets), context)
          const told = reader.read(octets)
          expect(told).toEqual(whole === undefined ? { kind: 'unreadable' } : { kind: 'path', path: whole })
        }
      }),
      { numRuns: 200 },
    )
  })

  it('share what they have in common', () => {
    const reader = new PathReader(new PathCaches(codec), context)
    const told = (host: number): ApiPath => {
      const nlri = { prefix: { prefix: `10.0.0.${host}`, prefixLen: 32 } }
      const pattrs = [
        { communities: { communities: [1] } },
        { mpReach: { nextHops: ['10.0.0.0'], nlris: [nlri] } },
      ]
      return { family: API_FAMILIES.ipv4, neighborIp: '10.0.0.0', nlri, pattrs }
    }
    const read = octetsOf([told(1), told(2)]).map((octets) => reader.read(octets))
    const lists = read.map((one) => (one.kind === 'path' ? one.path.path.communities : undefined))
    expect(lists[0]).toEqual(['0:1'])
    expect(lists[1]).toBe(lists[0])
  })

  it('tell markers from routes', () => {
    const reader = new PathReader(new PathCaches(codec), context)
    const markers = octetsOf([
      { family: API_FAMILIES.evpn, neighborIp: '10.0.0.0', pattrs: [{ mpReach: {} }] },
      { family: API_FAMILIES.ipv4, neighborIp: '10.0.0.0' },
      { family: { afi: 'AFI_IP', safi: 'SAFI_MULTICAST' }, neighborIp: '10.0.0.0' },
    ])
    expect(markers.map((octets) => reader.read(octets))).toEqual([
      { kind: 'end-of-rib', marker: { neighbour: '10.0.0.0', table: 'evpn' } },
      { kind: 'end-of-rib', marker: { neighbour: '10.0.0.0', table: 'ipv4' } },
      { kind: 'end-of-rib', marker: { neighbour: '', table: undefined } },
    ])
  })

  it('are read in any order of their parts', () => {
    const family = API_FAMILIES.ipv4
    const parts: readonly ApiPath[] = [
      { family, neighborIp: '10.0.0.0' },
      { pattrs: [{ nextHop: { nextHop: '10.0.0.0' } }] },
      { nlri: { prefix: { prefix: '10.9.0.0', prefixLen: 16 } } },
    ]
    const octets = Buffer.concat(parts.map((part) => pathMessage.serialize(part)))
    const reader = new PathReader(new PathCaches(codec), context)
    expect(reader.read(octets)).toEqual({ kind: 'path', path: readPath(codec.path(octets), context) })
  })

  it('that are cut off or none throw nothing', () => {
    const reader = new PathReader(new PathCaches(codec), context)
    fc.assert(
      fc.property(path, fc.nat(), fc.uint8Array({ maxLength: 40 }), (whole, at, noise) => {
        const [octets = Buffer.alloc(0)] = octetsOf([whole])
        expect(() => reader.read(octets.subarray(0, at % octets.length))).not.toThrow()
        expect(() => reader.read(Buffer.from(noise))).not.toThrow()
      }),
      { numRuns: 300 },
    )
  })
})
