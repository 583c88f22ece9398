/**
 * Fabrics whose plans are made wrong.
 *
 * @module
 */
import { sample } from 'fast-check'
import type { Plan, PlanIntent } from '../../../contract/plan.js'
import { fabric as arbitraryFabric } from '../../../sdk/arb/fabric.js'
import { viewOf, type FabricView, type Network } from '../../../sdk/fabric-view.js'
import { pathBetween } from '../../../sdk/traffic/path.js'
import { formatProblem, loadFabric } from '../../../twin/model/index.js'
import { compile } from '../../../twin/compile.js'
import { deriveKeys } from '../../../twin/program/index.js'
import { ROOT } from './compile-twin.js'

/** A right fabric. */
export interface Subject {
  readonly name: string
  readonly plan: Plan
  readonly keys: ReadonlyMap<string, Uint8Array>
  readonly view: FabricView
}

/** A shipped fabric. */
export function shipped(name: string): Subject {
  const loaded = loadFabric(`${ROOT}topologies/${name}.yaml`)
  if (loaded.fabric === undefined) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  return subjectOf(name, compile(loaded.fabric))
}

/**
 * A generated fabric of a seed, with links whose ends have one key each and say who they are, in which every tenant is routed and every network has a way to another, with intents that
 * speak of all these ways: what nobody speaks of, nobody can find broken.
 */
export function generated(seed: number): Subject {
  const sealed = { macsec: 'gcm-aes-128', key: 'lab:core' } as const
  const arbitrary = arbitraryFabric({ sealed, spines: [2, 3], leaves: [3, 4], tenants: [2, 2] })
  const firstOf = (numRuns: number) =>
    sample(arbitrary, { seed, numRuns })
      .map((one) => one.plan)
      .filter(({ hosts }) => hosts.length <= MOST_HOSTS)
      .find((one) =>
        one.tenants.every(({ name, l3vni }) => l3vni !== undefined && isMeshed(viewOf(one), name)),
      )
  // Fifty begin as five hundred do, and cost a tenth.
  const plan = firstOf(50) ?? firstOf(500)
  if (plan === undefined) throw new Error(`seed ${seed} makes no fabric whose tenants are all routed`)
  const intents = [...plan.intents, ...waysOf(viewOf(plan))].map((intent): PlanIntent =>
    intent.kind === 'reach' ? { ...intent, traffic: { protocol: 'udp' } } : intent,
  )
  return subjectOf('generated', { ...plan, intents })
}

/** Ways grow with the square of it. */
const MOST_HOSTS = 12

function isMeshed(view: FabricView, tenant: string): boolean {
  const { networks } = view.tenant(tenant)
  return networks.every((from) => networks.some((to) => to.id !== from.id && isWay(view, from, to)))
}

function subjectOf(name: string, plan: Plan): Subject {
  // Keys of a twin protect nothing.
  const keys = deriveKeys(plan, new Uint8Array(32).fill(7))
  return { name, plan, keys, view: viewOf(plan) }
}

/** A `reach` from each network of a tenant to each other one, where all of their hosts have a way. */
function waysOf(view: FabricView): readonly PlanIntent[] {
  return view.plan.tenants.flatMap((tenant) => {
    const { networks } = view.tenant(tenant.name)
    return networks.flatMap((from, index) =>
      networks.slice(index + 1).flatMap((to): readonly PlanIntent[] => {
        if (!isWay(view, from, to)) return []
        const [senders, receivers] = [from, to].map((network) => hostsOf(view, network).map(({ id }) => id))
        return [
          {
            kind: 'reach',
            name: `${tenant.name}-${from.name}-${to.name}`,
            from: senders ?? [],
            to: receivers ?? [],
            traffic: { protocol: 'any' },
          },
        ]
      }),
    )
  })
}

function isWay(view: FabricView, from: Network, to: Network): boolean {
  const tenant = view.tenant(from.tenant)
  return hostsOf(view, from).every((a) =>
    hostsOf(view, to).every((b) =>
      ([4, 6] as const).some((family) => pathBetween(tenant, a, b, family).kind !== 'none'),
    ),
  )
}

function hostsOf(view: FabricView, network: Network) {
  return view.hosts.filter((host) => host.network.id === network.id)
}
