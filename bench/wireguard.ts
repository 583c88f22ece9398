/**
 * WireGuard of a sealed link in memory (`dataplane/build/ztos-bench wireguard`): ns a packet to send and to receive, ns a handshake at
 * each end, and what 10,000 peers more cost the data path. One core, no I/O.
 *
 * @module
 */
import path from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'
import { root } from './demo.js'
import type { Bench, BenchContext, Figure, Target } from './figure.js'

const DATAPLANE = path.join(root, 'dataplane')
const PROGRAM = path.join(DATAPLANE, 'build/ztos-bench')
/** Vectors of 64 packets a round; ztos-bench takes the median of 31 rounds. */
const VECTORS = 100
/** 10 Gbit/s of packets of 256 octets, ns a packet. */
const AT_256: Target = { atMost: (256 * 8) / 10 }
/** 2,000 handshakes a second. */
const HANDSHAKE: Target = { atMost: 1e9 / 2000 }
const MANY_PEERS: Target = { atMost: 1.1 }

export const wireguardBench: Bench = {
  name: 'wireguard',
  what: 'WireGuard of a link in memory: ns a packet and a handshake, and with 10,000 peers more',
  run,
}

const Data = z.object({
  what: z.literal('data'),
  octets: z.int(),
  peers: z.int(),
  send: z.number(),
  receive: z.number(),
})
const Handshake = z.object({ what: z.literal('handshake'), begin: z.number(), answer: z.number() })
const Line = z.discriminatedUnion('what', [Data, Handshake])
type Data = z.infer<typeof Data>
type Handshake = z.infer<typeof Handshake>
interface Run {
  readonly data: readonly Data[]
  readonly handshake: Handshake
}

async function run({ runs, signal, say }: BenchContext): Promise<readonly Figure[]> {
  await execa('make', ['--no-print-directory', '-s', '-C', DATAPLANE, 'bench'], { cancelSignal: signal })
  const taken: Run[] = []
  for (let n = 1; n <= runs; n++) {
    say(`run ${n}`)
    const argv = ['wireguard', String(VECTORS)]
    const { stdout } = await execa(PROGRAM, argv, { cwd: DATAPLANE, cancelSignal: signal })
    taken.push(runOf(stdout))
  }
  const lengths = taken[0]?.data.filter(({ peers }) => peers === 1).map(({ octets }) => octets) ?? []
  return [
    ...(['send', 'receive'] as const).flatMap((way) =>
      lengths.flatMap((octets) => figuresOf(way, octets, taken)),
    ),
    ...(['begin', 'answer'] as const).map((end) => handshakeOf(end, taken)),
  ]
}

function runOf(stdout: string): Run {
  const lines = stdout.split('\n').map((line) => Line.parse(JSON.parse(line)))
  const data = lines.flatMap((line) => (line.what === 'data' ? [line] : []))
  const [handshake] = lines.flatMap((line) => (line.what === 'handshake' ? [line] : []))
  if (handshake === undefined) throw new Error('ztos-bench wireguard says nothing of handshakes')
  return { data, handshake }
}

function figuresOf(way: 'send' | 'receive', octets: number, taken: readonly Run[]): readonly Figure[] {
  const of = ({ data }: Run, isWanted: (peers: number) => boolean): number =>
    data.find((line) => line.octets === octets && isWanted(line.peers))?.[way] ?? NaN
  const alone = taken.map((one) => of(one, (peers) => peers === 1))
  const among = taken.map((one) => of(one, (peers) => peers > 1))
  return [
    {
      name: `wireguard, ${way}, ${octets} octets`,
      unit: 'ns/packet',
      tier: 'engine',
      runs: alone,
      ...(octets === 256 ? { target: AT_256 } : {}),
      detail: { octets, peers: 1 },
    },
    {
      name: `wireguard, ${way}, ${octets} octets, among 10,000 peers more`,
      unit: 'ratio',
      tier: 'engine',
      runs: among.map((ns, n) => ns / (alone[n] ?? NaN)),
      target: MANY_PEERS,
      detail: { octets, peers: 10_001 },
    },
  ]
}

function handshakeOf(end: 'begin' | 'answer', taken: readonly Run[]): Figure {
  return {
    name: `wireguard, handshake, ${end === 'begin' ? 'who begins' : 'who answers'}`,
    unit: 'ns',
    tier: 'engine',
    runs: taken.map(({ handshake }) => handshake[end]),
    target: HANDSHAKE,
    detail: {},
  }
}
