/**
 * What the probe is told about a lab: every host, and every end of a fabric link from which hostile frames can be sent.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { Wiring } from '../netns/wiring.js'

/** The probe's configuration (`dataplane/src/probe/README.md`). */
export interface ProbeConfig {
  readonly format: 'ztos-probe'
  readonly version: 1
  readonly hosts: readonly {
    readonly id: string
    readonly netns: string
    readonly ifname: string
    readonly mac: string
    readonly addresses: readonly string[]
    readonly mtu: number
  }[]
  readonly links: readonly { readonly id: string; readonly netns: string; readonly ifname: string }[]
}

/** The probe's name for "a frame on this link, received by that node". */
export function linkEndId(link: string, to: string): string {
  return `${link}/${to}`
}

/** A frame that `to` is to receive leaves by the device at the link's other end. */
export function probeConfig(plan: Plan, wiring: Wiring): ProbeConfig {
  const veths = new Map(wiring.veths.map((veth) => [veth.id, veth.ends]))
  const namespaces = new Map(wiring.hosts.map(({ host, namespace }) => [host, namespace]))
  return {
    format: 'ztos-probe',
    version: 1,
    hosts: plan.hosts.map(({ id, mac, addresses, mtu }) => ({
      id,
      netns: namespaces.get(id) ?? '',
      ifname: wiring.hostDevice,
      mac,
      addresses,
      mtu,
    })),
    links: plan.links.flatMap(({ id, a, b }) => {
      const ends = veths.get(id)
      if (ends === undefined) return []
      const [atA, atB] = ends
      return [
        { id: linkEndId(id, a.node), netns: atB.namespace, ifname: atB.device },
        { id: linkEndId(id, b.node), netns: atA.namespace, ifname: atA.device },
      ]
    }),
  }
}
