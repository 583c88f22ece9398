/**
 * From one wiring to another: which namespaces and cables go and come, and what is done inside those that stay. What both have is not
 * touched. Data and text only, as `script.ts`.
 *
 * @module
 */
import { isSame } from '../apply/same.js'
import { phyName } from '../names.js'
import { kernelChange, type KernelChange } from './kernel-change.js'
import {
  cables,
  hostScript,
  nodeScript,
  wireScript,
  type NamespaceScript,
  type NetworkScript,
} from './script.js'
import type { NodeWiring, Veth, VethEnd, WireNode, Wiring } from './wiring.js'

export interface NetworkChange {
  readonly namespacesGone: readonly string[]
  readonly namespacesNew: readonly string[]
  /** Cables that go, those that are made anew among them. */
  readonly cablesGone: readonly Veth[]
  readonly cablesNew: readonly Veth[]
  /** Of nodes that stay, those inside whose namespaces something is done. */
  readonly kernels: readonly KernelChange[]
  /** Names of devices that get new cables, by node that stays: its engine opens them anew. */
  readonly recabled: ReadonlyMap<string, readonly string[]>
}
/** How a change is made. */
export interface ChangeScript {
  /** Lines for an `ip -force -batch` in each namespace that stays. */
  readonly remove: readonly NamespaceScript[]
  readonly namespacesGone: readonly string[]
  readonly make: NetworkScript
}

/**
 * @param after with the wire node's devices named as in `before` ({@link withWireOf})
 */
export function networkChange(before: Wiring, after: Wiring): NetworkChange {
  const [old, wanted] = [new Set(before.namespaces), new Set(after.namespaces)]
  const known = new Map(before.veths.map((one) => [one.id, cableKey(one, before)]))
  const kept = new Set(
    after.veths.filter((one) => isSame(known.get(one.id), cableKey(one, after))).map(({ id }) => id),
  )
  const cablesNew = after.veths.filter(({ id }) => !kept.has(id))
  const nodes = after.nodes.flatMap((node): [NodeWiring, NodeWiring][] => {
    const was = before.nodes.find(({ namespace }) => namespace === node.namespace)
    return was === undefined ? [] : [[was, node]]
  })
  const devices = new Map(
    nodes.map(([, { node, namespace, ports }]) => {
      const ends = cablesNew.flatMap((one) => one.ends.filter((end) => end.namespace === namespace))
      const fresh = new Set(ends.map(({ device }) => device))
      return [node, ports.map(({ device }) => device).filter((device) => fresh.has(phyName(device)))]
    }),
  )
  return {
    namespacesGone: before.namespaces.filter((name) => !wanted.has(name)),
    namespacesNew: after.namespaces.filter((name) => !old.has(name)),
    cablesGone: before.veths.filter(({ id }) => !kept.has(id)),
    cablesNew,
    kernels: nodes
      .map(([was, is]) => kernelChange(was, is, new Set(devices.get(is.node))))
      .filter(({ remove, lines }) => remove.length + lines.length > 0),
    recabled: new Map([...devices].filter(([, names]) => names.length > 0)),
  }
}

/** A cable is another when its ends are, or what its ends let pass: the filters of a sealed one are there before it carries anything. */
function cableKey({ ends, mtu, through }: Veth, { nodes }: Wiring): unknown {
  const isSealed = ({ namespace, device }: VethEnd) =>
    nodes
      .find((node) => node.namespace === namespace)
      ?.ports.some((port) => phyName(port.device) === device && port.sealed) ?? false
  return { ends, mtu, through, sealed: ends.map(isSealed) }
}

/** The wiring with links that were delayed before at the devices of the wire node where they were. */
export function withWireOf(before: Wiring, after: Wiring): Wiring {
  if (before.wire === undefined || after.wire === undefined) return after
  const known = new Map(before.wire.links.map((link) => [link.id, link]))
  const taken = new Set(before.wire.links.map(({ a }) => a))
  let next = 0
  const place = (): { readonly a: string; readonly b: string } => {
    while (taken.has(`w${next}a`)) next++
    taken.add(`w${next}a`)
    return { a: `w${next}a`, b: `w${next}b` }
  }
  const links = after.wire.links.map((link) => {
    const { a, b } = known.get(link.id) ?? place()
    return { ...link, a, b }
  })
  const wire: WireNode = { ...after.wire, links }
  const names = new Map(links.map(({ id, a, b }) => [id, [a, b] as const]))
  const veths = after.veths.map((one) => {
    const through = one.through === undefined ? undefined : names.get(one.id)
    return through === undefined ? one : { ...one, through }
  })
  return { ...after, wire, veths }
}

/** A change in commands. */
export function changeScript(after: Wiring, change: NetworkChange): ChangeScript {
  const { namespacesGone, namespacesNew, cablesGone, cablesNew, kernels } = change
  const [fresh, stay] = [new Set(namespacesNew), new Set(after.namespaces)]
  for (const name of fresh) stay.delete(name)
  const ends = cablesGone.flatMap((one) => one.ends).filter(({ namespace }) => stay.has(namespace))
  const recabled = new Set(cablesNew.flatMap((one) => one.ends.map(({ namespace }) => namespace)))
  const isNew = ({ namespace }: { readonly namespace: string }) => fresh.has(namespace)
  return {
    // What hangs on devices before the devices.
    remove: [
      ...kernels.map(({ namespace, remove }) => ({ namespace, lines: remove })),
      ...ends.map(({ namespace, device }) => ({ namespace, lines: [`link del ${device}`] })),
    ].filter(({ lines }) => lines.length > 0),
    namespacesGone,
    make: {
      create: [
        ...namespacesNew.map((name) => `netns add ${name}`),
        ...cablesNew.flatMap((one) => cables(one, after.wire)),
      ],
      inside: [
        ...after.nodes.filter(isNew).map(nodeScript),
        ...kernels.map(({ namespace, lines }) => ({ namespace, lines })),
        ...after.hosts.filter((host) => recabled.has(host.namespace)).map(hostScript),
        ...(after.wire !== undefined && isNew(after.wire) ? [wireScript(after.wire)] : []),
      ].filter(({ lines }) => lines.length > 0),
    },
  }
}
