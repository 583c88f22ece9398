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

/** In place of the values of wireguard-go's private key, and of the key that it shares with the engine. */
export const OWN_KEY = 'own private key'
export const SHARED_KEY = 'shared key'

export async function engineDump(pair: Pair): Promise<Dump> {
  const state = wireguardStateOf(await pair.control('program'), await pair.control('tables'))
  return dumpOf(wireguardDump(state))
}

/** Of the whole host's devices wg lists, this one's alone. It shows keys, which stay here: by what they are they are told. */
async function goDump(pair: Pair): Promise<Dump> {
  const { stdout: shown } = await pair.exec('peer', ['wg', 'show', 'all', 'dump'])
  const stdout = shown
    .replace(pair.peerKeys.privateKey.toString('base64'), OWN_KEY)
    .replace(pair.presharedKeys.engine.toString('base64'), SHARED_KEY)
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
