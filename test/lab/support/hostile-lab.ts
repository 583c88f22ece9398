/** Hostile frames in a lab and in its twin: who makes them, and what became of one among honest ones. */
import { z } from 'zod'
import { viewOf } from '../../../sdk/fabric-view.js'
import { remoteVtep, strangerOf } from '../../../sdk/judge/attempts.js'
import { tapOf } from '../../../sdk/traffic/forge-link.js'
import type { Frame } from '../../../sdk/traffic/frame.js'
import { WireReader } from '../../../sdk/traffic/wire.js'
import type { Injection, Observation, Target, WireFrame } from '../../../record/target.js'
import { parseIp } from '../../../twin/packet/index.js'
import { shipped } from './fabrics.js'
import { udpFrame } from './frames.js'
import { sideBySide } from './side-by-side.js'

export type Fabric = 'demo' | 'demo-v6' | 'demo-clear' | 'demo-wireguard'
const Stats = z.looseObject({ fates: z.record(z.string(), z.int()) })
const RUN = 0x1ab

/** Somebody of bank on leaf1, or on a link of leaf2, who wants to reach shop/web2 on leaf2. */
export function forger(name: Fabric) {
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
  return { view, reader, from, victim, tap, options, stranger, v4 }
}
export type Forger = ReturnType<typeof forger>
export type Case = readonly [
  title: string,
  node: string,
  fate: string,
  make: (by: Forger) => Frame | undefined,
]

/** To be called inside `describe`: a lab and a twin of a fabric, and what is done to both. */
export function hostileLab(name: Fabric) {
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

  /** What one of the two had on a link to leaf2: packet numbers and sessions are each interpreter's own, and so is what is made of them. */
  async function captured(
    of: Target,
    honest: Injection,
    is: (one: WireFrame) => boolean,
  ): Promise<WireFrame> {
    const { wire } = await of.send([honest])
    const found = wire.findLast((one) => one.to === 'leaf2' && is(one))
    if (found === undefined) throw new Error('nothing was captured')
    return found
  }
  /** What becomes of frames made of what was captured, one after the other, each among honest ones. */
  async function ofCaptured(
    makes: readonly ((one: WireFrame) => Frame | undefined)[],
    is: (one: WireFrame) => boolean = () => true,
  ) {
    const honest = controls()[0]!
    const [ours, theirs] = [await captured(pair.target, honest, is), await captured(pair.twin, honest, is)]
    const outcomes = []
    for (const make of makes) {
      const [here, there] = [make(ours), make(theirs)]
      if (here?.expect.outcome !== 'dropped' || there === undefined || !('to' in here.at))
        throw new Error('it cannot be made')
      const inLab = injectionOf(here)
      const fate = here.expect.fates[0]!
      const inTwin = { ...injectionOf(there), trace: inLab.trace }
      outcomes.push({ fate, ...(await among(inLab, inTwin, here.at.to, fate)) })
    }
    return outcomes
  }
  return { plan, by, pair, injectionOf, controls, heard, died, among, ofCaptured }
}
