/**
 * Hostile frames in the lab, one kind a test: each dies at the node and for the reason that is expected and that the twin gives too,
 * the engine's counter counts it, nobody but its sender's own tenant hears of it, and honest traffic around it arrives.
 */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Injection, Observation, Target, WireFrame } from '../../record/target.js'
import { remoteVtep, strangerOf, unusedVni } from '../../sdk/judge/attempts.js'
import { viewOf } from '../../sdk/fabric-view.js'
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
import { frameOf, type Frame } from '../../sdk/traffic/frame.js'
import { WireReader } from '../../sdk/traffic/wire.js'
import { parseIp } from '../../twin/packet/index.js'
import { shipped } from './support/fabrics.js'
import { udpFrame } from './support/frames.js'
import { sideBySide } from './support/side-by-side.js'

type Fabric = 'demo' | 'demo-v6' | 'demo-clear'
const Stats = z.looseObject({ fates: z.record(z.string(), z.int()) })
const RUN = 0x1ab

/** Somebody of bank on leaf1, or on a link of leaf2, who wants to reach shop/web2 on leaf2. */
function forger(name: Fabric) {
  const plan = shipped(name)
  const view = viewOf(plan)
  const reader = new WireReader(plan, new Map())
  const [from, victim] = [view.host('bank/web1'), view.host('shop/web2')]
  const tap = tapOf(reader, view.link('leaf2--spine1'), 'leaf2')
  const [local, source] = [reader.vtep('leaf2'), remoteVtep(view, reader, victim)]
  if (local === undefined || source === undefined) throw new Error('no VTEPs')
  const destination = parseIp(local)
  const { vni } = victim.network
  if (vni === undefined) throw new Error('no VNI')
  const options = { as: from, towards: victim, vni, source, destination }
  const stranger = { ...options, source: strangerOf(destination) }
  const v4 = victim.addresses.find(({ address }) => typeof address === 'number')!.address
  return { view, from, victim, tap, options, stranger, v4 }
}
type Forger = ReturnType<typeof forger>
type Case = readonly [title: string, node: string, fate: string, make: (by: Forger) => Frame | undefined]

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
  const plan = shipped(name)
  const by = forger(name)
  const pair = sideBySide(plan)

  const counted = async (node: string, fate: string) =>
    Stats.parse(await pair.lab.control(node, { op: 'stats' })).fates[fate] ?? 0
  const injectionOf = (frame: Frame): Injection => {
    const trace = pair.next()
    return { trace, at: frame.at, frame: frame.bytes({ run: RUN, trace }) }
  }
  const controls = () => [
    udpFrame(plan, { trace: pair.next(), from: 'shop/web1', to: 'shop/web2' }),
    udpFrame(plan, { trace: pair.next(), from: 'bank/web1', to: 'bank/web2' }),
  ]
  const said = ({ fates }: Observation, { trace }: Injection, node: string, fate: string) =>
    fates.filter((one) => one.node === node && one.fate === fate && (one.trace ?? trace) === trace).length
  const heard = ({ arrivals }: Observation, { trace }: Injection) =>
    arrivals.filter((one) => one.trace === trace && !one.foreign).map(({ host }) => host)

  /** Of a frame that died where and as it should, among honest ones that arrived. */
  const died = {
    twin: 1,
    lab: 1,
    counted: 1,
    // Nobody hears it, its sender's own tenant included, nor anything else that was not sent.
    heardIt: [],
    strange: [],
    honest: [['shop/web2'], ['bank/web2'], ['shop/web2'], ['bank/web2']],
  }
  /** Sends a frame among honest ones in twin and lab, where it may have to be made differently. */
  async function among(inLab: Injection, inTwin: Injection, node: string, fate: string) {
    const honest = [...controls(), ...controls()]
    const around = (one: Injection) => [...honest.slice(0, 2), one, ...honest.slice(2)]
    const before = await counted(node, fate)
    const expected = await pair.twin.send(around(inTwin))
    const seen = await pair.target.send(around(inLab))
    const known = new Set([inLab, ...honest].map(({ trace }) => trace))
    return {
      twin: said(expected, inTwin, node, fate),
      lab: said(seen, inLab, node, fate),
      counted: (await counted(node, fate)) - before,
      heardIt: seen.arrivals.filter(({ trace }) => trace === inLab.trace),
      strange: seen.arrivals.filter(({ trace }) => trace !== undefined && !known.has(trace)),
      honest: honest.map((one) => heard(seen, one)),
    }
  }

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
    /** Packet numbers are each interpreter's own, and so is what is sent again. */
    const captured = async (of: Target, honest: Injection): Promise<WireFrame> => {
      const { wire } = await of.send([honest])
      const found = wire.find(({ to }) => to === 'leaf2')
      if (found === undefined) throw new Error('nothing was captured')
      return found
    }
    const honest = controls()[0]!
    const [ours, theirs] = [await captured(pair.target, honest), await captured(pair.twin, honest)]
    for (const [make, fate] of [
      [(one: WireFrame) => replayed(one, 'shop'), 'macsec-replay'],
      [(one: WireFrame) => altered(one, 'shop', 131), 'macsec-icv'],
      [(one: WireFrame) => altered(one, 'shop', one.frame.length * 8 - 1), 'macsec-icv'],
    ] as const) {
      const inLab = injectionOf(make(ours))
      expect(await among(inLab, { ...injectionOf(make(theirs)), trace: inLab.trace }, 'leaf2', fate)).toEqual(
        died,
      )
    }
  })
})
