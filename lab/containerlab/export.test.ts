import { describe, expect, it } from 'vitest'
import { NodeProgram } from '../../contract/program.js'
import { compile } from '../../twin/compile.js'
import { loadFabric } from '../../twin/model/index.js'
import { deriveKeys, SEED_LENGTH } from '../../twin/program/index.js'
import { effectiveNode, readTopology } from '../clab/index.js'
import { exportLab } from './export.js'

function exported(fabric: string) {
  const { fabric: read } = loadFabric(`topologies/${fabric}.yaml`)
  if (read === undefined) throw new Error(`${fabric} is not sound`)
  const plan = compile(read)
  const keys = deriveKeys(plan, new Uint8Array(SEED_LENGTH).fill(7))
  const files = exportLab(plan, { keys, image: 'ztos/node:1' })
  const text = (name: string) => files.get(name)?.text ?? ''
  const topology = () => {
    const file = readTopology(text(`${fabric}.clab.yml`), { file: 'lab', environment: {} })
    if (file.topology === undefined) throw new Error(JSON.stringify(file.problems))
    return file.topology.topology
  }
  /** Of a node: what stands beside its name in `daemons`. */
  const daemons = (node: string) =>
    text(`nodes/${node}/daemons`)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(' '))
  return { plan, keys, files, text, topology, daemons }
}

const demo = exported('demo-bgp')
const drained = exported('drained')

describe('a fabric with a control plane, exported', () => {
  it('gives each container what its daemons need, and no more', () => {
    const of = (node: string) =>
      [...demo.files.keys()].flatMap((name) => {
        const [, container, file] = name.split('/')
        return container === node && file !== undefined ? [file] : []
      })
    const leaf = ['agent.json', 'daemons', 'gobgpd.toml', 'keys.json', 'program.json', 'set-up']
    const spine = ['bgpd.conf', 'daemons', 'keys.json', 'program.json', 'set-up', 'zebra.conf']
    expect(['leaf1', 'leaf3', 'spine2', 'h-shop-web1'].map((node) => of(node).sort())).toEqual([
      leaf,
      leaf,
      spine,
      ['set-up'],
    ])
    expect(drained.files.has('nodes/spine1/bfdd.conf')).toBe(true)
  })

  it.each([demo, drained])('leaves to BGP what BGP fills', ({ plan, text }) => {
    for (const { name } of plan.nodes) {
      const { tables } = NodeProgram.parse(JSON.parse(text(`nodes/${name}/program.json`)))
      const told = [
        ...tables.routes.filter(({ connected }) => connected === undefined),
        // Of a host that stays where it is, the port is known.
        ...tables.fdb.filter(({ remote }) => remote !== undefined),
        ...tables.groups,
        ...tables.flood,
      ]
      expect([name, told]).toEqual([name, []])
      expect(text(`nodes/${name}/set-up`)).not.toMatch(/^ip route/m)
    }
    // There would have been something.
    expect(plan.nodes.flatMap(({ program }) => program.tables.groups).length).toBeGreaterThan(0)
  })

  it('has keys in keys.json alone, which is nobody else’s', () => {
    const values = [...demo.keys.values()].map((value) => Buffer.from(value).toString('hex'))
    expect(values.length).toBeGreaterThan(0)
    for (const [name, { text, mode }] of demo.files) {
      const holds = values.some((value) => text.includes(value))
      expect([name, holds, mode]).toEqual([name, name.endsWith('/keys.json'), holds ? 0o600 : 0o644])
    }
  })

  it('gives a container the keys that its program names, and no others', () => {
    const held = demo.plan.nodes.map(({ name, program }) => {
      const own = Object.keys(JSON.parse(demo.text(`nodes/${name}/keys.json`)) as object)
      const named = [...demo.keys.keys()].filter((key) => JSON.stringify(program).includes(`"${key}"`))
      expect([name, own.sort()]).toEqual([name, named.sort()])
      return own.length
    })
    expect(Math.max(...held)).toBeLessThan(demo.keys.size)
  })

  it('starts daemons in order, each with no more than it insists on, and the agent beside them', () => {
    const names = (lines: readonly (readonly string[])[]) => lines.map(([name]) => name)
    expect(names(drained.daemons('spine1'))).toEqual(['zebra', 'bfdd', 'bgpd'])
    expect(names(demo.daemons('spine1'))).toEqual(['zebra', 'bgpd'])
    expect(names(demo.daemons('leaf1'))).toEqual(['gobgpd', 'agent'])
    // FRR begins anew as one, the agent goes on without GoBGP.
    expect(demo.text('nodes/spine1/daemons')).not.toContain('\n\n')
    expect(demo.text('nodes/leaf1/daemons').split('\n\n')).toHaveLength(2)
    const bounds = [...demo.daemons('leaf1'), ...drained.daemons('spine1')].map((words) => [
      words[0],
      words[words.indexOf('--reuid') + 1],
      words.find((word) => word.startsWith('--bounding-set'))?.split('=')[1],
    ])
    expect(bounds).toEqual([
      ['gobgpd', 'frr', '-all,+net_bind_service'],
      ['agent', '65534', '-all,+net_admin'],
      ['zebra', 'frr', '-all,+net_admin,+net_raw,+sys_admin'],
      ['bfdd', 'frr', '-all,+net_bind_service,+net_admin,+net_raw,+sys_admin'],
      ['bgpd', 'frr', '-all,+net_bind_service,+net_admin,+net_raw,+sys_admin'],
    ])
    expect(JSON.parse(demo.text('nodes/leaf1/agent.json'))).toMatchObject({
      nodes: [{ node: 'leaf1', engine: '/run/ztos/control', gobgp: '/run/frr/gobgp.sock' }],
    })
  })

  it('gives SYS_ADMIN to those that run FRR and to nobody else, and says where to look', () => {
    const topology = demo.topology()
    const may = (node: string) => effectiveNode(topology, node)['cap-add']?.includes('SYS_ADMIN')
    expect(['spine1', 'spine2', 'leaf1', 'leaf2', 'h-shop-db1'].map(may)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
    expect(effectiveNode(topology, 'leaf1').sysctls).toMatchObject({
      'net.ipv4.fib_multipath_hash_policy': '1',
      'net.ipv4.ip_forward': '0',
    })
    // containerlab would turn it round.
    expect(demo.text('demo-bgp.clab.yml')).not.toContain('disable_ipv6')
    for (const node of ['leaf1', 'h-shop-db1']) {
      expect(effectiveNode(topology, node).sysctls).toMatchObject({
        'net.ipv6.conf.default.addr_gen_mode': '1',
      })
      expect(demo.text(`nodes/${node}/set-up`)).toMatch(/^sysctl ipv6\/conf\/all\/disable_ipv6 1\n/)
    }
    const file = demo.text('demo-bgp.clab.yml')
    expect(file).toContain("docker exec clab-demo-bgp-spine1 vtysh -c 'show bgp l2vpn evpn summary'")
    expect(file).toContain('# SYS_ADMIN is for FRR')
  })
})

it('a fabric without one has no daemons, its tables, and says nothing of BGP', () => {
  const { plan, files, text, topology } = exported('demo')
  expect([...files.keys()].filter((name) => /daemons|agent|conf|toml/.test(name))).toEqual([])
  for (const { name, program } of plan.nodes)
    expect(NodeProgram.parse(JSON.parse(text(`nodes/${name}/program.json`)))).toEqual(program)
  expect(Object.keys(topology().groups ?? {}).sort()).toEqual(['hosts', 'nodes'])
  expect(text('demo.clab.yml')).not.toMatch(/BGP|FRR/)
})
