/**
 * What belongs together: in the shipped fabrics a tenant is one part, the underlay another.
 *
 * @module
 */
import { expect, test } from 'vitest'
import type { PlanHost, PlanNetwork } from '../contract/plan.js'
import { compile } from '../twin/compile.js'
import { loadFabric } from '../twin/model/index.js'
import { Scopes } from './scopes.js'

function isOf({ network }: PlanHost, { id, name }: PlanNetwork): boolean {
  return network === id || network === name
}

const FABRICS = [
  'demo-bgp',
  'multi-tenant',
  'leaf-spine-16',
  'pop-anycast',
  'demo-v6',
  'drained',
  'demo-stacked',
  'demo-wireguard-inside',
]

test.each(FABRICS)('%s: what a tenant routes between is one part, and no other tenant is in it', (name) => {
  const { fabric } = loadFabric(`topologies/${name}.yaml`)
  if (fabric === undefined) throw new Error(`${name} is not sound`)
  const plan = compile(fabric)
  const scopes = new Scopes(plan)
  const known = (of: readonly (string | undefined)[]) => new Set(of.flatMap((one) => one ?? []))
  const parts = plan.tenants.map((tenant) => {
    const routed = tenant.networks.filter(({ gateways }) => gateways.length > 0)
    const bridged = tenant.networks.filter(({ gateways }) => gateways.length === 0)
    const of = (networks: typeof routed) =>
      known([
        ...networks.map(({ vni }) => (vni === undefined ? undefined : scopes.ofVni(vni))),
        ...(tenant.tunnels ?? [])
          .filter(({ network }) => networks.some(({ id }) => id === network))
          .map(({ vni }) => scopes.ofVni(vni)),
        ...plan.hosts
          .filter((host) => host.tenant === tenant.name && networks.some((one) => isOf(host, one)))
          .map(({ id }) => scopes.ofHost(id)),
      ])
    const l3 = known(tenant.l3vni === undefined ? [] : [scopes.ofVni(tenant.l3vni)])
    const together = new Set([...of(routed), ...l3])
    expect(together.size, `parts of ${tenant.name}, routed`).toBeLessThanOrEqual(1)
    for (const network of bridged) expect(of([network]).size, `parts of ${network.id}`).toBeLessThanOrEqual(1)
    const all = new Set([...together, ...of(bridged)])
    for (const one of all)
      expect(scopes.isUnderlay(one), `${tenant.name} in the underlay`).toBe(tenant.underlay === true)
    return { isUnderlay: tenant.underlay === true, all }
  })
  const overlay = parts.filter(({ isUnderlay }) => !isUnderlay).flatMap(({ all }) => [...all])
  expect(parts.length, 'tenants at all').toBeGreaterThan(0)
  expect(new Set(overlay).size, 'no part is two tenants’').toBe(overlay.length)
  for (const { id, a, b } of plan.links) {
    for (const end of [a, b]) {
      const scope = scopes.ofInterface(end.node, end.interface)
      expect(scope !== undefined && scopes.isUnderlay(scope), `${id} in the underlay`).toBe(true)
    }
  }
})

test('of what is in no plan nothing is known', () => {
  const { fabric } = loadFabric('topologies/demo.yaml')
  if (fabric === undefined) throw new Error('the demo fabric is not sound')
  const scopes = new Scopes(compile(fabric))
  expect(scopes.ofHost('nobody/here')).toBeUndefined()
  expect(scopes.ofInterface('leaf1', 65_000)).toBeUndefined()
  expect(scopes.ofVrf('leaf1', 4000)).toBeUndefined()
  expect(scopes.ofVni(16_000_000)).toBeUndefined()
})
