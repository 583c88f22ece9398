import { describe, expect, test } from 'vitest'
import {
  build,
  IPV6_ANY,
  linkLocalOf,
  macOfIpv6Group,
  solicitedNodeOf,
  toHex,
  type Ipv6,
  type Mac,
  type Stack,
} from '../../twin/packet/index.js'
import {
  Bench,
  changed,
  eth,
  GATEWAY,
  host6,
  hostMac,
  ip6,
  mac,
  SYSTEM,
  tunnelled,
  tx,
  untunnelled,
} from './support/bench.js'

const gateway6 = ip6('2001:db8:1::1')
const octetsOf = (one: Mac) =>
  Uint8Array.from({ length: 6 }, (_, i) => Math.floor(one / 2 ** (8 * (5 - i))) % 256)
const option = (type: number, one: Mac) => build.ndOption({ type, data: octetsOf(one) })

interface NsFields {
  readonly src?: Ipv6
  readonly dst?: Ipv6
  readonly dstMac?: Mac
  readonly hopLimit?: number
  readonly code?: number
  readonly checksum?: number
  readonly options?: readonly Stack[]
}
/** A solicitation from a MAC for a target. */
function ns(from: Mac, target: Ipv6, fields: NsFields = {}): Uint8Array {
  const { src = host6(1), dst = solicitedNodeOf(target), options = [option(1, from)] } = fields
  const checksum = fields.checksum === undefined ? {} : { checksum: fields.checksum }
  return eth(
    fields.dstMac ?? macOfIpv6Group(dst),
    from,
    build.ipv6(
      { src, dst, hopLimit: fields.hopLimit ?? 255 },
      build.icmpv6(
        { type: 135, code: fields.code ?? 0, ...checksum },
        build.ndTarget({ target }, ...options),
      ),
    ),
  )
}
/** An advertisement; R, S and O are 4, 2 and 1. */
function na(dst: Mac, from: Mac, target: Ipv6, to: Ipv6, flags: number, tells = from): Uint8Array {
  return eth(
    dst,
    from,
    build.ipv6(
      { src: target, dst: to, hopLimit: 255 },
      build.icmpv6({ type: 136, rest: (flags << 29) >>> 0 }, build.ndTarget({ target }, option(2, tells))),
    ),
  )
}
const asked = (bench: Bench, target: Ipv6) => bench.frame(14, ns(hostMac(2), target, { src: host6(2) }))
const bindings = (bench: Bench) => [...bench.node.config.irbs[0]!.dynamic.keys()]

describe('[Z12] the anycast gateway', () => {
  test('[ND-3] advertises its address: router, solicited, override', () => {
    expect(new Bench().frame(13, ns(hostMac(1), gateway6))).toEqual([
      'nd-answered',
      tx(13, na(hostMac(1), GATEWAY, gateway6, host6(1), 7)),
    ])
  })

  test('[ND-3] to all nodes, not solicited, when the asker has no address yet', () => {
    const frame = ns(hostMac(1), gateway6, { src: IPV6_ANY, options: [] })
    expect(new Bench().frame(13, frame)).toEqual([
      'nd-answered',
      tx(13, na(mac('33:33:00:00:00:01'), GATEWAY, gateway6, ip6('ff02::1'), 5)),
    ])
  })

  test('[ND-3] [IRB-1] link-local addresses are EUI-64 of both MACs, each told with its own', () => {
    // RFC 4291 appendix A: 02:00:5e:00:00:01 is ::0000:5eff:fe00:1, its universal bit inverted.
    const anycast = ip6('fe80::5eff:fe00:1')
    expect(linkLocalOf(mac('02:00:5e:00:00:01'))).toBe(anycast)
    expect(new Bench().frame(13, ns(hostMac(1), anycast))[1]).toBe(
      tx(13, na(hostMac(1), GATEWAY, anycast, host6(1), 7)),
    )
    // 02:5a:00:00:00:01 is ::005a:00ff:fe00:1.
    const own = ip6('fe80::5a:ff:fe00:1')
    expect(new Bench().frame(13, ns(hostMac(1), own))[1]).toBe(
      tx(13, na(hostMac(1), GATEWAY, own, host6(1), 7, SYSTEM)),
    )
  })

  test('[IRB-1] an IRB without IPv6 address has no link-local one', () => {
    const program = changed({ 11: { addresses: ['10.1.0.1/24'] } })
    expect(new Bench(program).frame(13, ns(hostMac(1), linkLocalOf(GATEWAY))).at(-1)).toBe('irb-ignored')
  })

  test('[ND-3] out of a tunnel the answer goes to the VTEP', () => {
    const [fate, line] = new Bench().frame(
      1,
      tunnelled(ns(hostMac(3), gateway6, { src: host6(3) }), { src: '10.255.0.3' }),
    )
    expect(fate).toBe('nd-answered')
    expect(untunnelled(line)).toMatchObject({
      to: '10.255.0.3',
      inner: toHex(na(hostMac(3), GATEWAY, gateway6, host6(3), 7)),
    })
  })

  test.each<[string, NsFields]>([
    ['hop limit 254', { hopLimit: 254 }],
    ['code 1', { code: 1 }],
    ['a wrong checksum', { checksum: 0x1234 }],
    ['an option of length 0', { options: [build.payload(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0))] }],
    ['an option beyond the packet', { options: [build.payload(Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 0))] }],
    ['octets behind the options', { options: [option(1, hostMac(1)), build.payload(Uint8Array.of(1))] }],
    ['source :: and a link-layer option', { src: IPV6_ANY }],
    ['source :: to another group', { src: IPV6_ANY, options: [], dst: ip6('ff02::1') }],
  ])('[ND-1] [ND-5] a solicitation with %s is forwarded uninspected', (_what, fields) => {
    const lines = new Bench().frame(13, ns(hostMac(1), gateway6, fields))
    expect(lines.at(-1)).toBe('irb-ignored')
    expect(lines).toHaveLength(4)
  })

  test('[ND-1] a link-layer option of another length does not count, the first that counts does', () => {
    const bench = new Bench()
    const odd = build.ndOption({ type: 1, data: new Uint8Array(14) })
    bench.frame(13, ns(hostMac(1), host6(6), { options: [odd] }))
    expect(bindings(bench)).toEqual([])
    // Source :: tells no MAC when its only option has another length.
    expect(new Bench().frame(13, ns(hostMac(1), gateway6, { src: IPV6_ANY, options: [odd] }))[0]).toBe(
      'nd-answered',
    )
    bench.frame(
      13,
      ns(hostMac(1), host6(6), { options: [odd, option(1, hostMac(1)), option(1, hostMac(5))] }),
    )
    expect(bindings(bench)).toEqual([host6(1)])
  })

  test('[ND-1] behind an extension header it is not looked for', () => {
    const inner = build.icmpv6({ type: 135 }, build.ndTarget({ target: gateway6 }, option(1, hostMac(1))))
    const frame = eth(
      macOfIpv6Group(solicitedNodeOf(gateway6)),
      hostMac(1),
      build.ipv6(
        { src: host6(1), dst: solicitedNodeOf(gateway6), hopLimit: 255 },
        build.extension({ header: 60, data: new Uint8Array(6) }, inner),
      ),
    )
    expect(new Bench().frame(13, frame).at(-1)).toBe('irb-ignored')
  })
})

describe('binding', () => {
  test('[ND-2] a solicitation binds its source, an advertisement its target', () => {
    const bench = new Bench()
    bench.frame(13, ns(hostMac(1), host6(6)))
    bench.frame(1, tunnelled(na(SYSTEM, hostMac(3), host6(3), linkLocalOf(SYSTEM), 3)))
    expect(bindings(bench)).toEqual([host6(1), host6(3)])
  })

  test.each<[string, Uint8Array]>([
    ['no option', ns(hostMac(1), host6(6), { options: [] })],
    ['another MAC than the Ethernet source', ns(hostMac(1), host6(6), { options: [option(1, hostMac(5))] })],
    ['a link-local source', ns(hostMac(1), host6(6), { src: linkLocalOf(hostMac(1)) })],
    ['a source outside the subnet', ns(hostMac(1), host6(6), { src: ip6('2001:db8:2::11') })],
    ['an own address as source', ns(hostMac(1), host6(6), { src: gateway6 })],
    [
      'an advertisement to a group that says it was solicited',
      na(mac('33:33:00:00:00:01'), hostMac(1), host6(1), ip6('ff02::1'), 3),
    ],
  ])('[ND-2] nothing is bound by %s', (_what, frame) => {
    const bench = new Bench()
    bench.frame(13, frame)
    expect(bindings(bench)).toEqual([])
  })
})

describe('[Z12] [C11] suppression', () => {
  const known = () => {
    const bench = new Bench()
    bench.frame(13, ns(hostMac(1), host6(6)))
    return bench
  }

  test('[ND-4] a known host is answered for: no router, solicited, override', () => {
    expect(asked(known(), host6(1))).toEqual([
      'nd-suppressed',
      tx(14, na(hostMac(2), hostMac(1), host6(1), host6(2), 3)),
    ])
  })

  test.each<[string, Uint8Array]>([
    ['duplicate address detection', ns(hostMac(2), host6(1), { src: IPV6_ANY, options: [] })],
    [
      'a unicast solicitation',
      ns(hostMac(2), host6(1), { src: host6(2), dst: host6(1), dstMac: hostMac(8) }),
    ],
    ['the host itself', ns(hostMac(1), host6(1), { src: host6(5) })],
  ])('[ND-4] [ND-5] %s is forwarded', (_what, frame) => {
    expect(known().frame(14, frame)[0]).not.toMatch(/^nd-/)
  })

  test('[ND-4] not out of a tunnel, not without suppression, not when no longer valid', () => {
    expect(known().frame(1, tunnelled(ns(hostMac(3), host6(1), { src: host6(3) })))[0]).toMatch(/^tx 13/)
    const deaf = new Bench(changed({ 11: { suppress: false } }))
    deaf.frame(13, ns(hostMac(1), host6(6)))
    expect(asked(deaf, host6(1)).at(-1)).toBe('irb-ignored')
    expect(asked(known().wait(60), host6(1)).at(-1)).toBe('irb-ignored')
  })
})
