/**
 * Random inputs for a program. Each is made from a seed of its own and its place, so that leaving others out changes
 * nothing about it.
 *
 * @module
 */
import type { NodeProgram } from '../../../contract/program.js'
import { isIpv6, parseInterfaceAddress, parseMac, type Ip } from '../../../twin/packet/index.js'
import type { Input, Nanoseconds } from '../../../twin/forward/index.js'
import { hostFrame } from './bridge-frames.js'
import { fabricFrame } from './fabric-frames.js'
import { followUp } from './follow-up.js'
import { sealed } from './macsec-frames.js'
import { changedProgram } from './programs.js'
import { Random } from './random.js'
import { applyRequest } from './table-changes.js'
import type { PortWords, Vocabulary } from './vocabulary.js'

/** What makes an input. */
export interface InputSeed {
  readonly seed: number
  /** Place in the sequence, from 0: packet numbers rise with it. */
  readonly place: number
}

/** An input and how much time passes before it, ns. */
export interface TimedInput {
  readonly after: bigint
  /** Its `now` is set when the sequence is put together. */
  readonly input: Input
}

/** A large share of what arrives goes deep; some of everything arrives. */
export function randomInput(words: Vocabulary, { seed, place }: InputSeed): TimedInput {
  const random = new Random(seed)
  const after = timeStep(random, words)
  const input = random.weighted<() => Input>([
    [880, () => frameInput(random, words, place)],
    [30, () => puntInput(random, words)],
    [25, () => neighbourInput(random, words)],
    [45, () => ({ kind: 'clock', now: 0n })],
    [25, () => controlInput(random, words)],
    [45, () => ({ kind: 'control', now: 0n, request: applyRequest(random, words) })],
    [1, () => ({ kind: 'load', now: 0n, program: changedProgram(words.program, random.u32()) })],
  ])()
  return { after, input }
}

/** Nothing mostly; seconds and lifetimes, a nanosecond more or less, now and then. */
function timeStep(random: Random, words: Vocabulary): bigint {
  const edges = [1_000_000_000, 2_000_000_000, 3_000_000_000, ...words.lifetimes]
  const edge = random.pick(edges)
  return BigInt(
    random.weighted([
      [60, 0],
      [20, random.below(1_000_000)],
      [3, edge],
      [2, Math.max(0, edge - 1)],
      [2, edge + 1],
      [4, random.below(1_500_000_000)],
    ]),
  )
}

function frameInput(random: Random, words: Vocabulary, place: number): Input {
  const port =
    random.chance(55) && words.hostPorts.length > 0 ? random.pick(words.hostPorts) : random.pick(words.ports)
  let frame = receivedFrame(random, words, port, place)
  if (port.macsec !== undefined) {
    frame = sealed(random, port.macsec, frame, place)
  }
  return { kind: 'frame', now: 0n, interface: port.port.id, frame: spoiled(random, frame) }
}

function receivedFrame(random: Random, words: Vocabulary, port: PortWords, place: number): Uint8Array {
  const all = sizesOf(words)
  // As long as the port itself takes, as often as as long as any other.
  const sizes = random.chance(50) ? all : [port.mtu - 28, port.mtu - 20, port.mtu - 48, port.port.mtu - 28]
  return port.bridge !== undefined
    ? hostFrame(random, port.bridge, 'port', sizes)
    : fabricFrame(random, words, port, sizes, place)
}

/** Payloads that make packets as long as an MTU lets them be, over IPv4 and IPv6, with and without UDP. */
function sizesOf(words: Vocabulary): number[] {
  const sizes = new Set<number>([548, 1232])
  for (const one of words.program.interfaces) {
    if (!('mtu' in one)) continue
    for (const headers of [20, 28, 40, 48]) sizes.add(Math.max(0, one.mtu - headers))
  }
  return [...sizes]
}

/** A frame cut off, with one bit changed, or with octets behind it: one in thirty. */
function spoiled(random: Random, frame: Uint8Array): Uint8Array {
  switch (random.below(90)) {
    case 0:
      return frame.subarray(0, random.below(frame.length + 1))
    case 1: {
      if (frame.length === 0) return frame
      const copy = frame.slice()
      const at = random.below(Math.min(copy.length, 80))
      copy[at] = copy[at]! ^ (1 << random.below(8))
      return copy
    }
    case 2: {
      const longer = new Uint8Array(frame.length + random.between(1, 30))
      longer.set(frame)
      return longer
    }
    default:
      return frame
  }
}

function puntInput(random: Random, words: Vocabulary): Input {
  const withTap = words.ports.filter((one) => one.port.tap)
  const port = withTap.length > 0 ? random.pick(withTap) : random.pick(words.ports)
  const edge = port.mtu + 14
  const length = random.weighted([
    [6, random.between(14, 120)],
    [2, random.below(16)],
    [2, edge],
    [2, edge + 1],
  ])
  return { kind: 'punt', now: 0n, interface: port.port.id, frame: random.bytes(length) }
}

function neighbourInput(random: Random, words: Vocabulary): Input {
  const routed = words.routedPorts
  const port = routed.length > 0 ? random.pick(routed) : undefined
  if (port === undefined) return { kind: 'clock', now: 0n }
  const own = addressesOf(words.program, port.id)
  const gateways = words.program.tables.neighbours.filter((one) => one.interface === port.id)
  const known = gateways.map(
    (one) => parseInterfaceAddress(`${one.address}/${one.address.includes(':') ? 128 : 32}`).address,
  )
  const address = random.pick([...known, ...known, ...own.map(other)])
  const update = { kind: 'neighbour' as const, now: 0n, interface: port.id, address }
  const mac = parseMac(`02:dd:00:00:00:0${random.below(3)}`)
  return random.chance(75) ? { ...update, mac } : update
}

/** The other address of a link. */
function other(address: Ip): Ip {
  return (isIpv6(address) ? address ^ 1n : (address ^ 1) >>> 0) as Ip
}

function addressesOf(program: NodeProgram, id: number): Ip[] {
  const one = program.interfaces.find((candidate) => candidate.id === id)
  return one !== undefined && 'addresses' in one
    ? one.addresses.map((text) => parseInterfaceAddress(text).address)
    : []
}

/** Operations that the contract does not know so (CTRL-5). */
const REFUSED: readonly unknown[] = [
  {},
  [],
  null,
  'flush',
  { id: 1, op: 'explode' },
  { id: 1, op: 'sync' },
  { op: 'flush', table: 'fdb' },
  { id: -1, op: 'flush', table: 'fdb' },
  { id: 1, op: 'flush', table: 'routes' },
  { id: 1, op: 'flush', table: 'fdb', interface: 0 },
  { id: 1, op: 'flush', table: 'fdb', interface: 1.5 },
  { id: 1, op: 'flush', table: 'fdb', more: true },
  { id: 1, op: 'set-vni', interface: 1 },
  { id: 1, op: 'set-vni', interface: 1, vni: 0x1000000 },
  { id: 1, op: 'set-macsec-mode', interface: 1, mode: 'off' },
  { id: 1, op: 'set-macsec-mode', interface: 1, protect: true },
  { id: 1, op: 'set-macsec-mode', interface: 1, mode: 'check', protect: 'yes' },
  { id: 1, op: 'apply' },
  { id: 1, op: 'apply', changes: {} },
  { id: 1, op: 'apply', changes: [], more: true },
  { id: 1, op: 'learned' },
  { id: 1, op: 'carrier', interface: 1 },
  { id: 1, op: 'carrier', interface: 1, up: 1 },
  { id: 1, op: 'carrier', interface: 0, up: true },
  { id: 1, op: 'carrier', interface: 1, up: true, more: true },
]

function controlInput(random: Random, words: Vocabulary): Input {
  const id = random.below(1000)
  const interfaces = words.program.interfaces
  const anywhere = random.chance(90) ? random.pick(interfaces).id : 65000
  const request = random.weighted<() => unknown>([
    [2, () => random.pick(REFUSED)],
    [4, () => ({ id, op: 'flush', table: 'fdb' })],
    [3, () => ({ id, op: 'flush', table: 'neighbours' })],
    [3, () => ({ id, op: 'flush', table: random.pick(['fdb', 'neighbours']), interface: anywhere })],
    [
      4,
      () => ({ id, op: 'set-vni', interface: tunnelOr(random, words, anywhere), vni: vniOf(random, words) }),
    ],
    [
      4,
      () => ({
        id,
        op: 'set-macsec-mode',
        interface: macsecOr(random, words, anywhere),
        mode: random.pick(['strict', 'strict', 'check', 'disabled']),
        ...(random.chance(40) ? { protect: random.chance(50) } : {}),
      }),
    ],
    [
      8,
      () => ({
        id,
        op: 'carrier',
        interface: random.chance(90) ? random.pick(words.ports).port.id : anywhere,
        up: random.chance(55),
      }),
    ],
  ])()
  return { kind: 'control', now: 0n, request }
}

function tunnelOr(random: Random, words: Vocabulary, otherwise: number): number {
  return words.tunnels.length > 0 && random.chance(90) ? random.pick(words.tunnels).id : otherwise
}
function macsecOr(random: Random, words: Vocabulary, otherwise: number): number {
  const { macsecs } = words
  return macsecs.length > 0 && random.chance(90) ? random.pick(macsecs).interface.id : otherwise
}
function vniOf(random: Random, words: Vocabulary): number {
  return words.tunnels.length > 0 && random.chance(70)
    ? random.pick(words.tunnels).vni
    : random.between(1, 0xff_ffff)
}

/** Inputs for a program; now and then a frame comes again as it was (replay), or speaks of what was just applied. */
export function randomInputs(words: Vocabulary, seed: number, count: number): TimedInput[] {
  const random = new Random(seed)
  const inputs: TimedInput[] = []
  let applied: unknown
  for (let place = 0; place < count; place++) {
    const about =
      applied !== undefined && random.chance(70) ? followUp(random, words, applied, place) : undefined
    if (about !== undefined) {
      inputs.push({ after: 0n, input: about })
      continue
    }
    applied = undefined
    const again = random.chance(3)
      ? random.chance(50)
        ? inputs.at(-1)
        : inputs[random.below(place)]
      : undefined
    if (again?.input.kind === 'frame') inputs.push({ after: 0n, input: again.input })
    else inputs.push(randomInput(words, { seed: random.u32(), place }))
    const last = inputs.at(-1)?.input
    if (last?.kind === 'control') applied = last.request
  }
  return inputs
}

/** Puts inputs behind a program, each at its time. */
export function sequence(program: NodeProgram, start: Nanoseconds, inputs: readonly TimedInput[]): Input[] {
  let now = start
  const placed: Input[] = [{ kind: 'load', now, program }]
  for (const { after, input } of inputs) {
    now += after
    placed.push({ ...input, now })
  }
  return placed
}
