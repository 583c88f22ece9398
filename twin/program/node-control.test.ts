import { expect, test } from 'vitest'
import { NodeControl } from '../../contract/control-plane.js'
import { parseFabric } from '../model/index.js'
import { compile } from './compile.js'

const file = (underlay: string, tenants = '') => `
ztos: 1
name: small
underlay: { control: bgp, ${underlay}, bgp: { spines: 65000, leaves: 65101-65199 } }
nodes: { "spine[1-2]": { role: spine }, "leaf[1-2]": { role: leaf } }
links: [{ from: "leaf*", to: "spine*" }]
tenants:
  red:
    l3vni: 50001
    networks:
      web: { vni: 10001, gateways: [10.0.0.1/24] }
      one: { vni: 10002, gateways: [10.0.1.1/24] }
      flat: { vni: 10003, subnet: 10.0.2.0/24 }
    hosts:
      a: { at: leaf1, network: web }
      b: { at: leaf2, network: web }
      c: { at: leaf1, network: one }
      d: { at: leaf1, network: flat }
${tenants}`
const V4 = 'loopbacks: 10.255.0.0/24, links: 10.254.0.0/24'

function controlsOf(text: string) {
  const { fabric, problems } = parseFabric(text, 'test.yaml')
  if (fabric === undefined) throw new Error(problems.map(String).join('; '))
  const plan = compile(fabric)
  const of = (name: string) => {
    const node = plan.nodes.find((one) => one.name === name)
    if (node?.control === undefined) throw new Error(`${name} has no control plane`)
    return { ...node, control: node.control }
  }
  return { plan, of }
}

test('both ends of a session name each other', () => {
  const { plan, of } = controlsOf(file(V4))
  for (const { name } of plan.nodes) {
    const { control } = of(name)
    expect(NodeControl.parse(control)).toEqual(control)
    expect(control.sessions.length).toBe(2)
    for (const { peer, link, local, remote, remoteAsn, families } of control.sessions) {
      const other = of(peer).control
      const back = other.sessions.find((one) => one.link === link)
      expect(back).toMatchObject({ peer: name, local: remote, remote: local, remoteAsn: control.asn })
      expect(remoteAsn).toBe(other.asn)
      expect(families).toEqual(['ipv4', 'evpn'])
    }
  }
  expect(of('spine1').control).toMatchObject({ daemon: 'frr', asn: 65000 })
  expect(of('spine1').control.evpn).toBeUndefined()
})

test('a leaf is told of its networks and VRFs, and its program leaves learning through tunnels to EVPN', () => {
  const { control, program, vtep } = controlsOf(file(V4)).of('leaf1')
  const { evpn } = control
  expect(evpn?.vtep).toBe(vtep)
  // A network that is on one leaf alone has no tunnel, and matters for its routed addresses only.
  expect(evpn?.networks.map(({ vni, vxlan }) => [vni, vxlan !== undefined])).toEqual([
    [10002, false],
    [10001, true],
  ])
  expect(evpn?.vrfs.map(({ vni, prefixes }) => [vni, [...prefixes].sort()])).toEqual([
    [50001, ['10.0.0.0/24', '10.0.1.0/24']],
  ])
  expect(evpn?.networks.map(({ target }) => target)).toEqual(['65000:10002', '65000:10001'])
  const instances = [...(evpn?.networks ?? []), ...(evpn?.vrfs ?? [])]
  expect(new Set(instances.map(({ rd }) => rd)).size).toBe(instances.length)
  expect(program.kernelRoutes).toBe(true)
  const tunnels = program.interfaces.filter((one) => one.kind === 'vxlan')
  expect(tunnels.length).toBeGreaterThan(0)
  expect(tunnels.every(({ learning }) => !learning)).toBe(true)
})

test('over IPv6 a router id is the place of the loopback in its pool', () => {
  const { plan, of } = controlsOf(file('loopbacks: "2001:db8:ffff::/64", links: "2001:db8:fffe::/64"'))
  const ids = plan.nodes.map(({ name }) => of(name).control.routerId)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids).not.toContain('0.0.0.0')
  expect(of('leaf1').control.sessions[0]?.families).toEqual(['ipv6', 'evpn'])
})

test('route targets of a long AS number hold its low half', () => {
  const text = file(V4).replace('spines: 65000', 'spines: 4200000000')
  expect(controlsOf(text).of('leaf1').control.evpn?.vrfs[0]?.target).toBe(`${4200000000 % 65536}:50001`)
})

test('without a control plane there is nothing to be told', () => {
  const { plan } = controlsOf(file(V4).replace('control: bgp, ', ''))
  expect(plan.nodes.every(({ control, program }) => control === undefined && !program.kernelRoutes)).toBe(
    true,
  )
})
