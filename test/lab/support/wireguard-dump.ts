/** What an engine and wireguard-go say of themselves and each other, as `wg show all dump` has it. */
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { wireguardDump, wireguardStateOf } from '../../../lab/wireguard-state.js'
import { until, type Pair } from './wireguard-pair.js'

/** Fields: of an interface with its name, of its one peer without. */
export interface Dump {
  readonly interface: readonly string[]
  readonly peer: readonly string[]
}

export async function engineDump(pair: Pair): Promise<Dump> {
  const state = wireguardStateOf(await pair.control('program'), await pair.control('tables'))
  return dumpOf(wireguardDump(state))
}

/** Of the whole host's devices wg lists, this one's alone. */
async function goDump(pair: Pair): Promise<Dump> {
  const { stdout } = await pair.exec('peer', ['wg', 'show', 'all', 'dump'])
  return dumpOf(stdout.replace(new RegExp(`^(?!${pair.device}\t).*\n`, 'gm'), ''))
}

/** Of both, when nothing is under way. */
export async function settledDumps(pair: Pair): Promise<{ readonly engine: Dump; readonly go: Dump }> {
  const both = async () => ({ engine: await engineDump(pair), go: await goDump(pair) })
  let last = await both()
  await until('nothing is under way', async () => {
    await delay(200)
    const [before, now] = [last, await both()]
    last = now
    return isDeepStrictEqual(before, now)
  })
  return last
}

function dumpOf(text: string): Dump {
  const lines = text.trimEnd().split('\n')
  const [device = [], peer = [], ...more] = lines.map((line) => line.split('\t'))
  if (more.length > 0 || peer[0] !== device[0]) throw new Error(`no interface with one peer:\n${text}`)
  return { interface: device, peer: peer.slice(1) }
}
