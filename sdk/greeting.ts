/**
 * How hosts make themselves known before a case begins.
 *
 * @module
 */
import { addressOf } from './fabric-view.js'
import type { FabricView, Host } from './fabric-view.js'
import { present } from './judge/attempts.js'
import type { Frame } from './traffic/frame.js'
import { gatewayQuestion, gatewaysOf } from './traffic/gateway.js'
import { whoHas } from './traffic/neighbour.js'

/** What a case begins with: nobody has spoken, or everybody has. */
export type Start = 'unknown' | 'known'

/** ns; of a fabric in which nothing ages. */
const LONG = 3_600 * 1_000_000_000
/** Part of the shortest lifetime for which what is known counts as fresh. */
const FRESH = 1 / 5

/**
 * Every host asks for its gateways, or where it has none for its own address, as hosts do when they come up. First each its first question:
 * a host that asks again at once is answered while the fabric is still being told of it, and a lab has to wait for that.
 */
export function greetings(fabric: FabricView): readonly Frame[] {
  const questions = fabric.hosts.map(greetingsOf)
  const rounds = Math.max(0, ...questions.map(({ length }) => length))
  return Array.from({ length: rounds }).flatMap((_, round) => present(questions.map((of) => of[round])))
}

function greetingsOf(host: Host): readonly (Frame | undefined)[] {
  const asking = gatewaysOf(host)
  if (asking.length > 0) return asking.map(gatewayQuestion)
  return ([4, 6] as const).map((family) => {
    const own = addressOf(host, family)?.address
    return own === undefined ? undefined : whoHas(host, { target: own })
  })
}

/** How long, ms, what hosts have made known is as good as new: nothing of it will age in a case. */
export function freshFor({ plan }: FabricView): number {
  const lifetimes = plan.nodes.flatMap(({ program }) =>
    program.interfaces.flatMap((one) => {
      if (one.kind === 'bridge') return [one.ageing]
      return one.kind === 'irb' ? [one.neighbourLifetime] : []
    }),
  )
  return (Math.min(LONG, ...lifetimes) * FRESH) / 1e6
}
