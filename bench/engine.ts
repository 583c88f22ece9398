/**
 * The engine in memory: CPU time of `ztos-fpe replay` on captures of two lengths, of which the difference is frames alone.
 *
 * Replay keeps no time of its own. The slope holds all that a frame costs there, reading it from the capture and writing the
 * journal included; so it is an upper bound for forwarding, and not a rate of wires.
 *
 * @module
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import type { Plan } from '../contract/plan.js'
import { findBinary } from '../lab/binaries.js'
import { writePcap } from '../twin/packet/index.js'
import { deriveKeys, SEED_LENGTH } from '../twin/program/index.js'
import { demoPlan } from './demo.js'
import type { Bench, BenchContext, Figure, Skip } from './figure.js'
import { hostOf, probeFrame } from './frame.js'

const FRAMES = { few: 50_000, many: 450_000 }
const FLOWS = 1024
const SOURCE = 'shop/web1'
/** On the same leaf, and on another behind VXLAN and MACsec. */
const WAYS = [
  { to: 'shop/web3', name: 'engine replay, bridged on one leaf' },
  { to: 'shop/web2', name: 'engine replay, into VXLAN and MACsec' },
]

export const engineBench: Bench = {
  name: 'engine',
  what: 'CPU time of the engine for a frame, in memory, by `ztos-fpe replay`',
  run,
}

async function run({ runs, signal, say }: BenchContext): Promise<readonly (Figure | Skip)[]> {
  const plan = demoPlan()
  const folder = await mkdtemp(path.join(tmpdir(), 'ztos-bench-'))
  try {
    const figures: Figure[] = []
    for (const { to, name } of WAYS) {
      const replay = await prepare(plan, to, folder)
      await replay('few', signal)
      const values: number[] = []
      for (let n = 1; n <= runs; n++) {
        say(`${name}: run ${n}`)
        const [few, many] = [await replay('few', signal), await replay('many', signal)]
        values.push(((many - few) * 1e9) / (FRAMES.many - FRAMES.few))
      }
      const octets = probeFrame(plan, SOURCE, to).length
      const detail = { octets, flows: FLOWS, frames: FRAMES.many - FRAMES.few }
      figures.push({ name, unit: 'ns/frame', tier: 'engine', runs: values, detail })
    }
    return figures
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type Replay = (which: keyof typeof FRAMES, signal: AbortSignal) => Promise<number>

/** @returns what runs the engine on one of the captures, and gives the seconds of CPU time that it used */
async function prepare(plan: Plan, to: string, folder: string): Promise<Replay> {
  const { at } = hostOf(plan, SOURCE)
  const node = plan.nodes.find(({ name }) => name === at.node)
  if (node === undefined) throw new Error(`the demo fabric has no node ${at.node}`)
  const file = (name: string) => path.join(folder, name)
  const keys = [...deriveKeys(plan, new Uint8Array(SEED_LENGTH).fill(1))]
  const values = Object.fromEntries(keys.map(([name, value]) => [name, Buffer.from(value).toString('hex')]))
  await writeFile(file('keys.json'), JSON.stringify(values), { mode: 0o600 })
  await writeFile(file('program.json'), JSON.stringify(node.program))
  const flows = Array.from({ length: FLOWS }, (_, n) => probeFrame(plan, SOURCE, to, 20_000 + n))
  // The destination speaks first, where it is on this leaf, so that its address is known.
  const answer = probeFrame(plan, to, SOURCE)
  const host = hostOf(plan, to)
  const near = host.at.node === at.node ? host.at.interface : undefined
  if (near !== undefined) await writeFile(file('answer.pcap'), writePcap([{ timestamp: 0n, bytes: answer }]))
  for (const [name, count] of Object.entries(FRAMES)) {
    const packets = Array.from({ length: count }, (_, n) => ({
      timestamp: 1_000n + BigInt(n),
      bytes: flows[n % FLOWS] ?? answer,
    }))
    await writeFile(file(`${name}.pcap`), writePcap(packets))
  }
  const engine = findBinary('ztos-fpe')
  return async (which, signal) => {
    const argv = [
      engine,
      'replay',
      `--program=${file('program.json')}`,
      `--keys=${file('keys.json')}`,
      `--out=${file('out.ztj')}`,
      `--pcap-in=${at.interface}=${file(`${which}.pcap`)}`,
      ...(near === undefined ? [] : [`--pcap-in=${near}=${file('answer.pcap')}`]),
    ]
    // The shell's clock is the kernel's account of the child, user and system, which Node does not give.
    const timed = await execa(
      'bash',
      ['-c', 'TIMEFORMAT=\'%3U %3S\'; time "$@" >/dev/null', 'bash', ...argv],
      {
        cancelSignal: signal,
        env: { LC_ALL: 'C' },
      },
    )
    const [user = NaN, system = NaN] = (timed.stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
    if (Number.isNaN(user + system)) throw new Error(`no times in ${JSON.stringify(timed.stderr)}`)
    return user + system
  }
}
