/**
 * Links of a topology by what they are, however they are written.
 *
 * @module
 */
import type { LinkEndpoint, TopologyLink } from '../../contract/lab-topology.js'

/** What stands for no node in a brief link. */
const SPECIAL = ['macvlan', 'mgmt-net', 'host'] as const

/** A link that is not written in brief. */
export type LongLink = Exclude<TopologyLink, { readonly type: 'brief' }>

/**
 * A brief link as what it stands for: `host:NAME`, `mgmt-net:NAME` and `macvlan:NAME` are no nodes, but the other end's link type.
 *
 * @returns `undefined` where it has no two ends
 */
export function longLink(link: TopologyLink): LongLink | undefined {
  if (link.type !== 'brief') return link
  const { endpoints, type: _, ipv4, ipv6, ...common } = link
  const [a, b] = endpoints.map(endOf)
  if (endpoints.length !== 2 || a === undefined || b === undefined) return undefined
  const special = [a, b].findIndex(({ node }) => specialOf(node) !== undefined)
  const type = specialOf([a, b][special]?.node ?? '')
  const lists = { ...(ipv4 === undefined ? {} : { ipv4 }), ...(ipv6 === undefined ? {} : { ipv6 }) }
  if (type === undefined) {
    const end = (one: LinkEndpoint, i: number): LinkEndpoint => ({
      ...one,
      ...(isText(ipv4?.[i]) ? { ipv4: ipv4[i] } : {}),
      ...(isText(ipv6?.[i]) ? { ipv6: ipv6[i] } : {}),
    })
    return { type: 'veth', ...common, ...lists, endpoints: [end(a, 0), end(b, 1)] }
  }
  const [host, node] = special === 0 ? [a, b] : [b, a]
  return { type, ...common, ...lists, 'host-interface': host.interface, endpoint: node }
}

/** Ends at nodes, in order; `undefined` where a link has not as many as it must. */
export function endsOf(link: TopologyLink): readonly LinkEndpoint[] | undefined {
  const long = longLink(link)
  if (long === undefined) return undefined
  if (!('endpoints' in long)) return [long.endpoint]
  return long.endpoints.length === 2 ? long.endpoints : undefined
}

function endOf(text: string): LinkEndpoint | undefined {
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { node: text.slice(0, colon), interface: text.slice(colon + 1) }
}

function specialOf(node: string): (typeof SPECIAL)[number] | undefined {
  const name = node.trim().toLowerCase()
  return SPECIAL.find((one) => one === name)
}

function isText(text: string | undefined): text is string {
  return text !== undefined && text !== ''
}
