import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { compile } from '../../twin/compile.js'
import { parseFabric } from '../../twin/model/index.js'
import { readTopology, writeTopology } from '../clab/index.js'
import { CONTAINER_HOST_DEVICE, wiringOf } from '../netns/wiring.js'
import { labTopology, type LabContainer } from './lab-topology.js'

const LAB = 'k3f9a2'
const text = readFileSync(fileURLToPath(new URL('../../topologies/two-leaves.yaml', import.meta.url)), 'utf8')
const { fabric } = parseFabric(text, 'two-leaves.yaml')
if (fabric === undefined) throw new Error('two-leaves is no fabric')
const plan = compile(fabric)
const delayed = { ...plan, links: plan.links.map((link, n) => (n === 0 ? { ...link, delay: 1000 } : link)) }

function topologyOf(of: typeof plan) {
  const wiring = wiringOf(LAB, of, CONTAINER_HOST_DEVICE)
  const hosts = new Set(wiring.hosts.map(({ namespace }) => namespace))
  const containers = wiring.namespaces.map((namespace): LabContainer => ({
    namespace,
    kind: hosts.has(namespace) ? 'host' : 'node',
    given: `/run/config/${namespace}`,
    made: `/run/nodes/${namespace}`,
    capabilities: [],
    env: { ZTOS_LAB: `0/${LAB}` },
  }))
  const labels = { 'ztos.lab': `0/${LAB}` }
  const capabilities = ['NET_ADMIN']
  return labTopology({ lab: LAB, fabric: 'two-leaves', image: 'i', capabilities, containers, wiring, labels })
}

describe('the topology of a lab', () => {
  it('has containers that containerlab calls as their namespaces are called', () => {
    const { name, prefix, topology } = topologyOf(plan)
    const called = Object.keys(topology.nodes ?? {}).map((node) => `${prefix}-${name}-${node}`)
    expect(called).toEqual(wiringOf(LAB, plan).namespaces)
  })

  it('gives each what is its own, to be read only or to be written', () => {
    const { nodes } = topologyOf(plan).topology
    expect(nodes?.['leaf1']).toEqual({
      group: 'nodes',
      binds: [
        '/proc/sys/net:/run/ztos/net',
        '/run/config/zt-k3f9a2-leaf1:/run/config/zt-k3f9a2-leaf1:ro',
        '/run/nodes/zt-k3f9a2-leaf1:/run/nodes/zt-k3f9a2-leaf1',
      ],
      env: { ZTOS_LAB: '0/k3f9a2' },
    })
  })

  it('has a cable for each, two with the wire node between them, and never eth0', () => {
    const ends = (of: typeof plan) =>
      (topologyOf(of).topology.links ?? []).map((link) =>
        link.type === 'veth' ? link.endpoints.map(({ node, interface: device }) => `${node}:${device}`) : [],
      )
    expect(ends(plan)[0]).toEqual(['leaf1:eth1.phy', 'spine1:eth1.phy'])
    expect(ends(delayed).slice(0, 2)).toEqual([
      ['leaf1:eth1.phy', 'wire.0:w0a'],
      ['spine1:eth1.phy', 'wire.0:w0b'],
    ])
    expect(
      ends(plan)
        .flat()
        .filter((end) => end.endsWith(':eth0')),
    ).toEqual([])
  })

  it('is not privileged, speaks IPv6 nowhere by itself, and is read as it was written', () => {
    const topology = topologyOf(plan)
    expect(JSON.stringify(topology)).not.toContain('"privileged":true')
    for (const group of Object.values(topology.topology.groups ?? {}))
      expect(group.sysctls).toMatchObject({ 'net.ipv6.conf.default.addr_gen_mode': '1' })
    const read = readTopology(writeTopology(topology), { file: 'lab.clab.yml', environment: {} })
    expect(read).toMatchObject({ topology })
  })
})
