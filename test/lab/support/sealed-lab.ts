/**
 * What is asked of a lab with seals again and again, whatever its keys have become.
 *
 * @module
 */
import { z } from 'zod'
import { FabricComparer, type Lab } from '../../../lab/index.js'
import { twinTarget } from '../../../twin/target.js'
import { udpFrame } from './frames.js'

const Stats = z.object({ fates: z.record(z.string(), z.int()) })

/** The lab's keys of now. */
export const keysOf = (lab: Lab): ReadonlyMap<string, Uint8Array> =>
  new Map([...lab.keys].map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'hex'))]))

/** Frames that MACsec sealed and nobody opened, by node. */
export async function unopened(lab: Lab): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {}
  for (const { name } of lab.plan.nodes) {
    const { fates } = Stats.parse(await lab.control(name, { op: 'stats' }))
    for (const [fate, count] of Object.entries(fates))
      if (/^macsec-(?:an|sci|icv|replay|tag|clear|pn)/.test(fate)) found[`${name} ${fate}`] = count
  }
  return found
}

/** In what twin and lab differ about the same frames between two hosts of `shop`, with the keys of now. */
export async function frameDifferences(lab: Lab, count = 6): Promise<readonly string[]> {
  const target = await lab.target()
  try {
    const [plan, keys] = [await lab.present(), keysOf(lab)]
    const twin = twinTarget(plan, keys)
    await twin.reset()
    await target.reset()
    const comparer = new FabricComparer(plan, keys)
    const found: string[] = []
    for (let n = 0; n < count; n++) {
      const [from, to] =
        n % 2 === 0 ? (['shop/web1', 'shop/web2'] as const) : (['shop/web2', 'shop/web1'] as const)
      const frames = [udpFrame(plan, { trace: 100 + n, from, to, size: 300, srcPort: 42_000 + n })]
      const { differences } = comparer.compare(await twin.send(frames), await target.send(frames))
      found.push(...differences.map(({ message }) => message))
    }
    return found
  } finally {
    await target.close()
  }
}
