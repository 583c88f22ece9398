/**
 * Fabrics that differ by small edits, for tests of changes in place.
 *
 * @module
 */
import type { Plan } from '../../../contract/plan.js'
import { compile } from '../../../twin/compile.js'
import { parseFabric } from '../../../twin/model/index.js'

/** A small leaf-spine fabric: everything that an edit may change. */
export interface SmallFabric {
  readonly control: boolean
  readonly ipv6: boolean
  readonly seal: 'macsec' | 'wireguard' | 'none'
  readonly spines: number
  /** Hosts by leaf, by tenant: how many. */
  readonly leaves: readonly { readonly shop: number; readonly bank: number }[]
  /** One way, us, by link's place; links that are not named have none. */
  readonly delays: readonly number[]
  readonly holdTime: number
}

/** Two spines, two leaves, and a host at each leaf. */
export const TWO_LEAVES: SmallFabric = {
  control: false,
  ipv6: false,
  seal: 'macsec',
  spines: 2,
  leaves: [
    { shop: 1, bank: 0 },
    { shop: 1, bank: 0 },
  ],
  delays: [],
  holdTime: 9,
}

/** Numbers below 2^16 that a fabric, or two of them, are drawn by. */
export const NUMBERS = 40

/** A fabric and an edit of it. */
export function editedFabric(numbers: readonly number[]): readonly [SmallFabric, SmallFabric] {
  const rest = [...numbers]
  const [before, other] = [drawn(rest), drawn(rest)]
  const keys = (['ipv6', 'seal', 'spines', 'leaves', 'delays', 'holdTime'] as const).filter(
    () => (rest.shift() ?? 0) % 2 === 1,
  )
  return [before, { ...before, ...Object.fromEntries(keys.map((key) => [key, other[key]])) }]
}

/** Takes its numbers from the front. */
function drawn(numbers: number[]): SmallFabric {
  const below = (end: number) => (numbers.shift() ?? 0) % end
  const list = <T>(length: number, one: () => T) => Array.from({ length }, one)
  const among = <T>(first: T, ...others: readonly T[]): T => others[below(others.length + 1) - 1] ?? first
  return {
    control: below(2) === 1,
    ipv6: below(2) === 1,
    seal: among('macsec', 'wireguard', 'none'),
    spines: 1 + below(2),
    leaves: list(1 + below(3), () => ({ shop: below(3), bank: below(2) })),
    delays: list(below(5), () => among(0, 0, 100, 200)),
    holdTime: among(9, 30),
  }
}

export function smallPlan({ control, ipv6, seal, spines, leaves, delays, holdTime }: SmallFabric): Plan {
  const links = leaves.flatMap((_, leaf) =>
    Array.from({ length: spines }, (_unused, spine) => ({
      from: `leaf${leaf + 1}`,
      to: `spine${spine + 1}`,
    })),
  )
  const hosts = (tenant: 'shop' | 'bank') =>
    leaves.flatMap((leaf, index) =>
      Array.from({ length: leaf[tenant] }, (_, n) => [`w${index + 1}x${n + 1}`, `leaf${index + 1}`] as const),
    )
  const file = {
    ztos: 1,
    name: 'small',
    underlay: {
      mtu: 1600,
      loopbacks: ipv6 ? '2001:db8:ff::/112' : '10.255.0.0/24',
      links: ipv6 ? '2001:db8:fe::/112' : '10.254.0.0/24',
      bgp: { spines: 65000, leaves: '65101-65110', ...(control ? { holdTime: `${holdTime}s` } : {}) },
      ...(control ? { control: 'bgp' } : {}),
    },
    nodes: {
      ...Object.fromEntries(Array.from({ length: spines }, (_, n) => [`spine${n + 1}`, { role: 'spine' }])),
      ...Object.fromEntries(leaves.map((_, n) => [`leaf${n + 1}`, { role: 'leaf' }])),
    },
    seals: {
      core:
        seal === 'wireguard'
          ? { wireguard: true, key: 'lab:core' }
          : { macsec: 'gcm-aes-128', mode: 'strict', key: 'lab:core' },
    },
    links: links.map((link, place) => ({
      ...link,
      ...(seal === 'none' ? {} : { seal: 'core' }),
      ...((delays[place] ?? 0) === 0 ? {} : { delay: `${delays[place]}us` }),
    })),
    tenants: Object.fromEntries(
      (['shop', 'bank'] as const).flatMap((tenant, index) => {
        const all = hosts(tenant)
        if (all.length === 0) return []
        return [
          [
            tenant,
            {
              networks: { web: { vlan: 10, vni: 10_010 + index, gateways: ['10.1.0.1/24'] } },
              hosts: Object.fromEntries(all.map(([name, at]) => [name, { at, network: 'web' }])),
            },
          ],
        ]
      }),
    ),
  }
  const { fabric, problems } = parseFabric(JSON.stringify(file), 'small.json')
  if (fabric === undefined) throw new TypeError(problems.map((one) => JSON.stringify(one)).join('; '))
  return compile(fabric)
}
