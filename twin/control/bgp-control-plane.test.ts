import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FabricFile } from '../../contract/fabric.js'
import type { Tables } from '../../contract/program.js'
import { defineFabric, loadFabric, type Fabric } from '../model/index.js'
import { staticControlPlane, type ControlPlane } from '../program/control-plane.js'
import { indexFabric } from '../program/fabric-index.js'
import { compile, nodeControls, validateProgram } from '../program/index.js'
import { bgpControlPlane, simulatedNodes } from './bgp-control-plane.js'
import { compareAddresses } from './order.js'
import { ControlPlaneSim } from './sim.js'

function fabricFrom(file: string): Fabric {
  const { fabric, problems } = loadFabric(`topologies/${file}`)
  if (fabric === undefined) throw new Error(problems.map(String).join('; '))
  return { ...fabric, underlay: { ...fabric.underlay, control: 'bgp' } }
}

/**
 * All entries as texts in order. What differs between the two, and is made equal here: groups have other ids; members of tenants' routes
 * and addresses of flood lists are in order of nodes' names with the compiler, of addresses here (TABLE-1, TABLE-6). Members of the
 * underlay's routes are in the same order, of interfaces (BGP-8).
 */
function contentOf({ routes, groups, neighbours, fdb, flood }: Tables) {
  const members = new Map(groups.map((group) => [group.id, group.members]))
  return {
    routes: routes
      .map(({ group, ...route }) => {
        const all = members.get(group ?? 0) ?? []
        const ordered = all.toSorted((a, b) => compareAddresses(a.gateway ?? '', b.gateway ?? ''))
        return JSON.stringify({ ...route, members: route.vrf === 0 ? all : ordered })
      })
      .toSorted(),
    neighbours: neighbours.map((one) => JSON.stringify(one)).toSorted(),
    fdb: fdb.map((one) => JSON.stringify(one)).toSorted(),
    flood: flood
      .map(({ interface: id, remotes }) => JSON.stringify([id, remotes.toSorted(compareAddresses)]))
      .toSorted(),
  }
}

function contentsBy(plane: ControlPlane, fabric: Fabric) {
  const tables = plane.tables(indexFabric(fabric))
  return new Map([...tables].map(([name, one]) => [name, contentOf(one)]))
}

describe.each(['demo.yaml', 'demo-clear.yaml', 'demo-v6.yaml', 'two-leaves.yaml'])('%s', (file) => {
  const fabric = fabricFrom(file)
  const index = indexFabric(fabric)
  const bgp = bgpControlPlane.tables(index)

  test('tables are those of the compiler, but for the orders of members, flood lists and groups', () => {
    expect(contentsBy(bgpControlPlane, fabric)).toEqual(contentsBy(staticControlPlane, fabric))
  })

  test('a plan is compiled with them, and its programs are valid', () => {
    const plan = compile(fabric, bgpControlPlane)
    for (const { name, program } of plan.nodes) {
      expect(validateProgram(program)).toEqual([])
      expect(program.tables).toEqual(bgp.get(name))
    }
  })

  test('nothing depends on the order of messages', () => {
    expect(new ControlPlaneSim(simulatedNodes(index)).diagnosis).toEqual([])
  })

  test('nodes are told what the plan says', () => {
    const controls = nodeControls(index)
    for (const { name, control } of simulatedNodes(index)) expect(control).toEqual(controls.get(name))
  })
})

test('tables are those of the compiler in generated fabrics too', () => {
  const network = fc.record({
    gateways: fc.constantFrom([], ['4'], ['6'], ['4', '6']),
    leaves: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
  })
  const shape = fc.record({
    spines: fc.integer({ min: 1, max: 4 }),
    parallel: fc.integer({ min: 1, max: 2 }),
    v6: fc.boolean(),
    tenants: fc.array(fc.array(network, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }),
  })
  fc.assert(
    fc.property(shape, ({ spines, parallel, v6, tenants }) => {
      const file: FabricFile = {
        ztos: 1,
        name: 'generated',
        underlay: {
          ...(v6
            ? { loopbacks: 'fd00:ffff::/64', links: 'fd00:fffe::/64' }
            : { loopbacks: '10.255.0.0/24', links: '10.254.0.0/24' }),
          control: 'bgp',
        },
        nodes: { [`spine[1-${spines}]`]: { role: 'spine' }, 'leaf[1-5]': { role: 'leaf' } },
        links: [{ from: 'leaf*', to: 'spine*', count: parallel }],
        tenants: Object.fromEntries(
          tenants.map((networks, t) => [
            `t${t}`,
            {
              l3vni: 900_000 + t,
              networks: Object.fromEntries(
                networks.map(({ gateways }, n) => {
                  const both = { 4: `10.${n}.0.1/24`, 6: `fd00:0:0:${n + 1}::1/64` }
                  const addresses = gateways.map((family) => both[family === '4' ? 4 : 6])
                  const plain = { subnet: `10.${n}.0.0/24` }
                  return [
                    `n${n}`,
                    {
                      vni: 1000 * (t + 1) + n,
                      ...(addresses.length === 0 ? plain : { gateways: addresses }),
                    },
                  ]
                }),
              ),
              hosts: Object.fromEntries(
                networks.flatMap(({ leaves }, n) =>
                  leaves.map((leaf) => [`n${n}h${leaf}`, { at: `leaf${leaf}`, network: `n${n}` }]),
                ),
              ),
            },
          ]),
        ),
      }
      const fabric = defineFabric(file)
      expect(contentsBy(bgpControlPlane, fabric)).toEqual(contentsBy(staticControlPlane, fabric))
    }),
    { numRuns: 60 },
  )
})
