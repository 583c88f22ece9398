/**
 * Hostile frames in the lab, one kind a test: each dies at the node and for the reason that is expected and that the twin gives too,
 * the engine's counter counts it, nobody but its sender's own tenant hears of it, and honest traffic around it arrives.
 */
import { describe, expect, it } from 'vitest'
import type { WireFrame } from '../../record/target.js'
import { unusedVni } from '../../sdk/judge/attempts.js'
import {
  cutPacket,
  foreignMacs,
  gatewayMac,
  groupSource,
  martian,
  oversize,
  reservedGroup,
  tagged,
} from '../../sdk/traffic/forge-host.js'
import {
  altered,
  clearTunnel,
  forgedSeal,
  linkOversize,
  malformedTunnel,
  replayed,
  tapOf,
  unexpectedSeal,
  unknownVni,
  wrongOuterSource,
  wrongPortMac,
  type SealForgery,
} from '../../sdk/traffic/forge-link.js'
import {
  bentMessage,
  forgedInitiation,
  forgedMessage,
  isDataMessage,
  strayMessage,
  type MessageBend,
} from '../../sdk/traffic/forge-wireguard.js'
import { frameOf } from '../../sdk/traffic/frame.js'
import { parseIp } from '../../twin/packet/index.js'
import { hostileLab, type Case } from './support/hostile-lab.js'

/** The same whatever lies underneath: what a host can do. */
const byHost: readonly Case[] = [
  [
    'a group address as its source',
    'leaf1',
    'source-mac-invalid',
    ({ from, victim }) => groupSource(from, victim),
  ],
  [
    "the gateway's MAC as its source",
    'leaf1',
    'source-mac-local',
    ({ from, victim }) => gatewayMac(from, victim),
  ],
  ['a VLAN tag', 'leaf1', 'vlan-tagged', ({ from, victim }) => tagged(from, victim, 10)],
  ['a reserved group address', 'leaf1', 'reserved-multicast', ({ from }) => reservedGroup(from, 0)],
  ['a martian source', 'leaf1', 'martian-source', ({ from, v4 }) => martian(from, parseIp('127.0.0.1'), v4)],
  ['one octet too many', 'leaf1', 'frame-oversize', ({ from, victim }) => oversize(from, victim, 1)],
  ['an IP header cut off', 'leaf1', 'ipv4-header-invalid', ({ from, v4 }) => cutPacket(from, v4, 11)],
]
const seals: readonly (readonly [SealForgery, string])[] = [
  ['wrong key', 'macsec-icv'],
  ['unknown SCI', 'macsec-sci-unknown'],
  ['unknown AN', 'macsec-an-unknown'],
  ['packet number 0', 'macsec-tag-invalid'],
  ['version', 'macsec-tag-invalid'],
  ['short length', 'macsec-tag-invalid'],
  ['cut', 'macsec-tag-invalid'],
]
const onSealedLink: readonly Case[] = [
  [
    "another tenant's VNI, in the clear",
    'leaf2',
    'macsec-clear',
    ({ tap, options }) => clearTunnel(tap, options),
  ],
  [
    'an outer source of no VTEP, in the clear',
    'leaf2',
    'macsec-clear',
    ({ tap, stranger }) => clearTunnel(tap, stranger),
  ],
  ['a foreign MAC, in the clear', 'leaf2', 'macsec-clear', ({ tap, options }) => wrongPortMac(tap, options)],
  ['one octet too many', 'leaf2', 'frame-oversize', ({ tap, options }) => linkOversize(tap, options, 1)],
  ...seals.map(([how, fate]): Case => [
    `a seal with ${how}`,
    'leaf2',
    fate,
    ({ tap, options }) => forgedSeal(tap, options, how),
  ]),
]
const onClearLink: readonly Case[] = [
  [
    'a VNI of nobody',
    'leaf2',
    'vxlan-vni-unknown',
    ({ view, tap, options }) => unknownVni(tap, { ...options, vni: unusedVni(view) }),
  ],
  [
    'an outer source of no VTEP',
    'leaf2',
    'vxlan-source-unknown',
    ({ tap, stranger }) => wrongOuterSource(tap, stranger),
  ],
  ['a foreign MAC', 'leaf2', 'mac-not-for-us', ({ tap, options }) => wrongPortMac(tap, options)],
  [
    'VXLAN flags without I',
    'leaf2',
    'vxlan-flags',
    ({ tap, options }) => malformedTunnel(tap, options, 'flags'),
  ],
  [
    'a wrong UDP length',
    'leaf2',
    'udp-length',
    ({ tap, options }) => malformedTunnel(tap, options, 'udp length'),
  ],
  [
    'a seal where there is none',
    'leaf2',
    'macsec-unexpected',
    ({ tap, options }) => unexpectedSeal(tap, options),
  ],
  ['one octet too many', 'leaf2', 'frame-oversize', ({ tap, options }) => linkOversize(tap, options, 1)],
  [
    'an outer header cut off',
    'leaf2',
    'ipv4-header-invalid',
    ({ tap, options }) => {
      const whole = unknownVni(tap, options)
      return frameOf({ ...whole, bytes: (id) => whole.bytes(id).subarray(0, 30) })
    },
  ],
]

describe.each([
  ['demo', [...byHost, ...onSealedLink]],
  ['demo-v6', [...byHost, ...onSealedLink]],
  ['demo-clear', [...byHost, ...onClearLink]],
] as const)('[T06] [Z12] [O32] hostile frames in a lab of %s', (name, cases) => {
  const { plan, by, pair, injectionOf, controls, heard, died, among, ofCaptured } = hostileLab(name)

  it.each(cases.map((one) => [...one] as const))(
    '%s: dropped by %s as %s',
    async (_title, node, fate, make) => {
      const frame = make(by)
      if (frame === undefined) throw new Error('this fabric gives no occasion for it')
      const injection = injectionOf(frame)
      expect(await among(injection, injection, node, fate)).toEqual(died)
    },
  )

  it("another tenant's MAC: its owner's tenant does not hear it", async () => {
    const frame = foreignMacs(by.from, { source: by.victim.mac, destination: by.victim.mac })!
    const injection = injectionOf(frame)
    const honest = controls()
    const seen = await pair.target.send([honest[0]!, injection, ...honest.slice(1)])
    expect(
      seen.arrivals
        .filter(({ trace }) => trace === injection.trace)
        .map(({ host }) => host.split('/')[0])
        .filter((tenant) => tenant !== 'bank'),
    ).toEqual([])
    expect(honest.map((one) => heard(seen, one))).toEqual([['shop/web2'], ['bank/web2']])
  })

  // A clear fabric has nothing sealed to send again.
  if (plan.links.every(({ seal }) => seal === undefined)) return
  it('a sealed frame sent again, or altered by one bit: dropped as replay, as forged', async () => {
    const outcomes = await ofCaptured([
      (one) => replayed(one, 'shop'),
      (one) => altered(one, 'shop', 131),
      (one) => altered(one, 'shop', one.frame.length * 8 - 1),
    ])
    expect(outcomes).toEqual(['macsec-replay', 'macsec-icv', 'macsec-icv'].map((fate) => ({ fate, ...died })))
  })
})

const inTunnel: readonly Case[] = [
  [
    "another tenant's VNI, in the clear",
    'leaf2',
    'wireguard-clear',
    ({ tap, options }) => clearTunnel(tap, options),
  ],
  [
    'an outer source of no VTEP, in the clear',
    'leaf2',
    'wireguard-clear',
    ({ tap, stranger }) => clearTunnel(tap, stranger),
  ],
  [
    'a foreign MAC, in the clear',
    'leaf2',
    'wireguard-clear',
    ({ tap, options }) => wrongPortMac(tap, options),
  ],
  ['a SecTAG', 'leaf2', 'wireguard-clear', ({ tap, options }) => unexpectedSeal(tap, options)],
  ['one octet too many', 'leaf2', 'frame-oversize', ({ tap, options }) => linkOversize(tap, options, 1)],
  ...(
    [
      ['unknown type', 'wireguard-malformed'],
      ['short data', 'wireguard-malformed'],
      ['unknown index', 'wireguard-index-unknown'],
      ['stray cookie', 'wireguard-index-unknown'],
      ['wrong mac1', 'wireguard-mac1'],
      ['checksum', 'udp-checksum'],
      ['port', 'wireguard-clear'],
    ] as const
  ).map(([how, fate]): Case => [
    `a message of nobody's, ${how}`,
    'leaf2',
    fate,
    ({ tap }) => forgedMessage(tap, 'bank', how),
  ]),
]
const bends: readonly (readonly [MessageBend, string])[] = [
  ['type', 'wireguard-malformed'],
  ['index', 'wireguard-index-unknown'],
  ['counter', 'wireguard-auth'],
  ['text', 'wireguard-auth'],
  ['tag', 'wireguard-auth'],
  ['last counter', 'wireguard-auth'],
  ['cut', 'wireguard-auth'],
  ['cut to nothing', 'wireguard-malformed'],
  ['reflected', 'wireguard-index-unknown'],
]

describe('[T06] [Z06] hostile frames in a lab of demo-wireguard', () => {
  const { by, pair, injectionOf, died, among, ofCaptured } = hostileLab('demo-wireguard')
  const tapAt = (link: string) => tapOf(by.reader, by.view.link(link), 'leaf2')

  it.each(inTunnel.map((one) => [...one] as const))(
    '%s: dropped by %s as %s',
    async (_title, node, fate, make) => {
      const injection = injectionOf(make(by)!)
      expect(await among(injection, injection, node, fate)).toEqual(died)
    },
  )

  it('[WG-12] [WG-16] a message sent again, on its link or another, or an initiation of no peer', async () => {
    const publicKey = pair.keys.get(`${by.tap.to.wireguard!.privateKey}/public`)!
    const other = (link: string) => (link === 'leaf2--spine1' ? 'leaf2--spine2' : 'leaf2--spine1')
    const outcomes = await ofCaptured(
      [
        (one) => replayed(one, 'shop'),
        (one) => strayMessage(tapAt(other(one.link)), one, 'shop'),
        () => forgedInitiation(by.tap, 'shop', publicKey),
      ],
      isDataMessage,
    )
    const fates = ['wireguard-replay', 'wireguard-index-unknown', 'wireguard-handshake-invalid']
    expect(outcomes).toEqual(fates.map((fate) => ({ fate, ...died })))
  })

  it.each(bends)('[WG-6] [WG-16] a message bent: %s, dropped as %s', async (how, fate) => {
    const makes = [0, 1, 77].map((n) => (one: WireFrame) => bentMessage(tapAt(one.link), one, 'shop', how, n))
    expect(await ofCaptured(makes, isDataMessage)).toEqual(makes.map(() => ({ fate, ...died })))
  })
})
