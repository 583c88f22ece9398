import { describe, expect, test } from 'vitest'
import type { SealEntry } from '../../contract/fabric.js'
import type { Plan } from '../../contract/plan.js'
import type { Tables } from '../../contract/program.js'
import { defineFabric } from '../model/index.js'
import { compile } from '../program/index.js'
import { bgpControlPlane } from './index.js'

/** Two tenants of the same kind; shop is sealed. */
function planOf(seal: SealEntry, control: 'static' | 'bgp'): Plan {
  const fabric = defineFabric('small', (f) => {
    f.underlay({ loopbacks: '10.255.0.0/24', links: '10.254.0.0/24', control })
    f.link(f.leaves('leaf[1-3]'), f.spines('spine[1-2]'))
    const shop = f.tenant('shop', { l3vni: 50001, seal: f.seal('inside', seal) })
    const bank = f.tenant('bank', { l3vni: 50002 })
    for (const [t, tenant] of [shop, bank].entries()) {
      const vni = 100 * (t + 1)
      const web = tenant.network('web', { vni, gateways: ['10.1.0.1/24'] })
      const db = tenant.network('db', { vni: vni + 1, gateways: ['10.1.1.1/24'] })
      tenant.host('web1', web, { at: 'leaf1', static: true })
      tenant.host('db1', db, { at: 'leaf3' })
    }
  })
  return control === 'bgp' ? compile(fabric, bgpControlPlane) : compile(fabric)
}

/** What a node has of a tenant, its groups resolved. */
function partOf({
  tables,
  vrf,
  bridges,
}: {
  tables: Tables
  vrf: readonly number[]
  bridges: ReadonlySet<number>
}) {
  const groups = new Map(tables.groups.map(({ id, members }) => [id, members]))
  return {
    routes: tables.routes
      .filter((route) => vrf.includes(route.vrf))
      .map(({ group, ...route }) => ({ ...route, members: groups.get(group ?? 0) }))
      .toSorted((a, b) => (`${a.vrf} ${a.prefix}` < `${b.vrf} ${b.prefix}` ? -1 : 1)),
    fdb: tables.fdb.filter(({ bridge }) => bridges.has(bridge)),
    neighbours: tables.neighbours.filter((one) => bridges.has(one.interface)),
  }
}

function shopAt(plan: Plan, name: string) {
  const node = plan.nodes.find((one) => one.name === name)
  if (node === undefined) throw new TypeError(name)
  const { interfaces, vrfs, tables } = node.program
  const vrf = vrfs.filter((one) => one.name.startsWith('shop')).map(({ id }) => id)
  const irbs = interfaces.flatMap((item) =>
    item.kind === 'irb' && vrf.includes(item.vrf) ? [item.id, item.bridge] : [],
  )
  return { ...partOf({ tables, vrf, bridges: new Set(irbs) }), control: node.control }
}

describe.each([
  ['MACsec', { macsec: 'gcm-aes-128', key: 'lab:k' }],
  ['WireGuard', { wireguard: true, key: 'lab:k' }],
] as const)('[TABLE-9] a tenant sealed by %s', (_, seal) => {
  const [still, bgp] = [planOf(seal, 'static'), planOf(seal, 'bgp')]

  test.each(['leaf1', 'leaf3'])('has on %s under BGP what the compiler gives it', (name) => {
    const { control, ...part } = shopAt(bgp, name)
    const { control: none, ...expected } = shopAt(still, name)
    expect(none).toBeUndefined()
    expect(part).toEqual(expected)
    expect(part.routes.some(({ members }) => members !== undefined)).toBe(true)
    expect(part.fdb.length).toBeGreaterThan(0)
    // The other tenant is EVPN's.
    expect(control?.evpn?.vrfs.map((vrf) => vrf.name)).toEqual(['bank'])
    expect(control?.evpn?.networks).toHaveLength(1)
  })
})
