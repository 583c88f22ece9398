/**
 * Parts of a plan that no traffic between its hosts uses: a fault there changes nothing that an intent speaks of. Each
 * function gives the proof in a sentence, from the plan itself, or `undefined` where there is none.
 *
 * @module
 */
import type { IrbInterface, NodeProgram, Route } from '../../../contract/program.js'
import type { Plan, PlanHost } from '../../../contract/plan.js'
import { ofKind, portsOf, vrfName } from './site.js'

const isV6 = (text: string) => text.includes(':')

/** Hosts whose packets the node's own gateway looks up in a VRF, in the family of a prefix. */
function askers(plan: Plan, program: NodeProgram, vrf: number, prefix: string): readonly PlanHost[] {
  const tenant = vrfName(program, vrf)
  return plan.hosts.filter(
    (host) =>
      host.tenant === tenant &&
      host.at.node === program.node &&
      host.gatewayMac !== undefined &&
      gatewayNodesOf(plan, host).includes(program.node) &&
      host.addresses.some((address) => isV6(address) === isV6(prefix)),
  )
}

function gatewayNodesOf(plan: Plan, host: PlanHost): readonly string[] {
  const { networks } = plan.tenants.find(({ name }) => name === host.tenant) ?? { networks: [] }
  return networks.find(({ id, name }) => id === host.network || name === host.network)?.gatewayNodes ?? []
}

/** A route over the L3 VNI for which no packet comes: hosts of the node have no address of its family. */
export function unaskedRoute(plan: Plan, program: NodeProgram, route: Route): string | undefined {
  if (route.group === undefined || askers(plan, program, route.vrf, route.prefix).length > 0) return undefined
  const family = isV6(route.prefix) ? 'IPv6' : 'IPv4'
  return (
    `no host behind a gateway of ${vrfName(program, route.vrf)} on ${program.node} has an ${family} address, and other leaves ` +
    `send no packet for ${route.prefix} here, where it is not connected: nothing looks this route up`
  )
}

/** VTEPs to which the node sends over an L3 VNI. */
function partnersOf(plan: Plan, program: NodeProgram, irb: IrbInterface): ReadonlySet<string> {
  const used = program.tables.routes.filter(
    (route) => route.vrf === irb.vrf && askers(plan, program, route.vrf, route.prefix).length > 0,
  )
  return new Set(
    used.flatMap(({ group }) => {
      const members = program.tables.groups.find(({ id }) => id === group)?.members ?? []
      return members.flatMap(({ interface: id, gateway }) =>
        id === irb.id && gateway !== undefined ? [gateway] : [],
      )
    }),
  )
}

const isL3 = (irb: IrbInterface) => irb.addresses.length === 0

function l3IrbOf(program: NodeProgram, bridge: number | undefined): IrbInterface | undefined {
  return ofKind(program, 'irb').find((irb) => irb.bridge === bridge && isL3(irb))
}

/** An L3 VNI by which the node sends nothing. */
export function unsentL3(plan: Plan, program: NodeProgram, bridge: number | undefined): string | undefined {
  const irb = l3IrbOf(program, bridge)
  if (irb === undefined || partnersOf(plan, program, irb).size > 0) return undefined
  return (
    `every prefix of ${vrfName(program, irb.vrf)} that hosts on ${program.node} ask for is connected there: ` +
    'nothing is sent over this L3 VNI'
  )
}

/** An L3 VNI by which a node sends nothing to another: `from` and `to` are VTEPs. */
function isSilent(plan: Plan, program: NodeProgram, vrf: number, from: string, to: string): boolean {
  const sender = plan.nodes.find(({ vtep }) => vtep === from)?.program
  const tenant = vrfName(program, vrf)
  const irb = sender && ofKind(sender, 'irb').find((one) => isL3(one) && vrfName(sender, one.vrf) === tenant)
  return sender === undefined || irb === undefined || !partnersOf(plan, sender, irb).has(to)
}

/** A VTEP from which nothing comes over an L3 VNI. */
export function unheardVtep(
  plan: Plan,
  program: NodeProgram,
  bridge: number | undefined,
  local: string,
  remote: string,
): string | undefined {
  const irb = l3IrbOf(program, bridge)
  if (irb === undefined || !isSilent(plan, program, irb.vrf, remote, local)) return undefined
  return `no route of ${vrfName(program, irb.vrf)} at ${remote} that its hosts ask for leads to ${local}: nothing comes from there over this L3 VNI`
}

/** A VTEP to which nothing goes over an L3 VNI. */
export function unaskedVtep(
  plan: Plan,
  program: NodeProgram,
  irb: IrbInterface,
  local: string,
  remote: string,
): string | undefined {
  if (!isL3(irb) || !isSilent(plan, program, irb.vrf, local, remote)) return undefined
  return `no route of ${vrfName(program, irb.vrf)} on ${program.node} that its hosts ask for leads to ${remote}: its entry is not used`
}

/** A VTEP with which nothing is exchanged over an L3 VNI, either way. */
export function strangeVtep(
  plan: Plan,
  program: NodeProgram,
  bridge: number | undefined,
  local: string,
  remote: string,
): string | undefined {
  const irb = l3IrbOf(program, bridge)
  if (irb === undefined) return undefined
  const [there, here] = [
    unaskedVtep(plan, program, irb, local, remote),
    unheardVtep(plan, program, bridge, local, remote),
  ]
  return there === undefined || here === undefined ? undefined : `${there}; ${here}`
}

/** A bridge with one host here and one place elsewhere: whatever is not known is flooded to the only place where it can be. */
export function pairBridge(program: NodeProgram, bridge: number | undefined): string | undefined {
  const ports = bridge === undefined ? [] : portsOf(program, bridge)
  const remotes = program.tables.flood.flatMap(({ interface: id, remotes: list }) =>
    ofKind(program, 'vxlan').some((vxlan) => vxlan.id === id && vxlan.bridge === bridge) ? list : [],
  )
  const hasIrb = ofKind(program, 'irb').some((irb) => irb.bridge === bridge)
  if (ports.length !== 1 || remotes.length !== 1 || hasIrb) return undefined
  return (
    `the bridge has one port, one remote VTEP and no gateway: a frame from either goes to the other, ` +
    'whether its destination is known or flooded to'
  )
}

/** A VTEP to which a leaf sends nothing at all: they have no network in common and their hosts no way over an L3 VNI. */
export function strangeLeaf(plan: Plan, program: NodeProgram, prefix: string): string | undefined {
  const [remote = ''] = prefix.split('/')
  const shares = ofKind(program, 'vxlan').some((vxlan) => vxlan.learning && vxlan.remotes.includes(remote))
  const local = ofKind(program, 'vxlan')[0]?.local
  if (shares || local === undefined) return undefined
  const sends = program.vrfs.some(({ id }) => id !== 0 && !isSilent(plan, program, id, local, remote))
  if (sends) return undefined
  return `${program.node} has no network in common with ${remote}, and no prefix that its hosts ask for leads there: nothing is sent to it`
}

/** An L3 VNI over which a node neither sends nor receives. */
export function idleL3(plan: Plan, program: NodeProgram, bridge: number | undefined): string | undefined {
  const unsent = unsentL3(plan, program, bridge)
  const vxlan = ofKind(program, 'vxlan').find((one) => one.bridge === bridge)
  if (unsent === undefined || vxlan === undefined) return undefined
  const heard = vxlan.remotes.some(
    (remote) => unheardVtep(plan, program, bridge, vxlan.local, remote) === undefined,
  )
  return heard ? undefined : `${unsent}, and no other leaf sends here over it`
}
