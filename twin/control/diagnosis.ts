/**
 * What there is to say about a control plane that does not come to one rest.
 *
 * @module
 */
import type { RibRow } from '../../contract/rib.js'

/** A path in a few words: where it was heard, and its AS path. `undefined`: none. */
export type ChosenPath = { readonly from: string; readonly asPath: readonly number[] } | undefined

export type Diagnosis =
  /** The nodes named change their paths for ever, in the order in which the simulation lets them choose. */
  | {
      readonly kind: 'oscillation'
      readonly table: RibRow['table']
      readonly key: string
      readonly nodes: readonly string[]
      /** True when other orders were seen to come to rest. */
      readonly restsInOtherOrders: boolean
    }
  /** Two orders of messages end otherwise. */
  | {
      readonly kind: 'order'
      readonly table: RibRow['table']
      readonly key: string
      /** Where the two ends differ. */
      readonly nodes: readonly { readonly node: string; readonly ends: readonly [ChosenPath, ChosenPath] }[]
    }
  /** GoBGP has no deterministic MED (BGP-7): which path these nodes take depends on the order in which paths arrived. */
  | {
      readonly kind: 'med'
      readonly table: RibRow['table']
      readonly key: string
      readonly nodes: readonly string[]
    }
  /**
   * Of several paths that one peer gives (BGP-14), nothing tells at these nodes which is the best, or used beside it: FRR keeps the first that
   * arrived, GoBGP takes the last. All lead to the same peer.
   */
  | {
      readonly kind: 'arrival'
      readonly table: RibRow['table']
      readonly key: string
      readonly nodes: readonly string[]
    }
  /** Two nodes heard a MAC and neither knew of the other: in a fabric the later one has it, here the one with the lower VTEP. */
  | {
      readonly kind: 'mobility'
      readonly table: 'evpn'
      readonly key: string
      /** Who gave it up. */
      readonly nodes: readonly string[]
      /** VTEP of who has it. */
      readonly to: string
    }
  /** Sessions in which too much is given (BGP-12): one that ends may take away what would have ended another. */
  | {
      readonly kind: 'limit'
      /** `<node> <link>` of those that ended, in two orders. */
      readonly ends: readonly [readonly string[], readonly string[]]
    }

/** For people. */
export function describeDiagnosis(diagnosis: Diagnosis): string {
  if (diagnosis.kind === 'limit') {
    const [one, other] = diagnosis.ends.map((places) =>
      places.map((place) => place.split(' ').join(' over ')),
    )
    return `which sessions end for too many prefixes depends on which ends first: those of ${one?.join(', ') ?? ''}, or those of ${other?.join(', ') ?? ''}`
  }
  const { table, key } = diagnosis
  switch (diagnosis.kind) {
    case 'oscillation': {
      const rest = diagnosis.restsInOtherOrders ? '; in other orders of messages it does' : ''
      return `${table} ${key} does not come to rest: ${diagnosis.nodes.join(', ')} go round${rest}`
    }
    case 'order': {
      const places = diagnosis.nodes.map(
        ({ node, ends: [one, other] }) => `${node} has ${describePath(one)} or ${describePath(other)}`,
      )
      return `${table} ${key} depends on the order of messages: ${places.join(', ')}`
    }
    case 'med':
      return `${table} ${key} depends on the order of arrival at ${diagnosis.nodes.join(', ')}: MEDs of several neighbouring ASes`
    case 'arrival':
      return `${table} ${key} has several paths of one peer at ${diagnosis.nodes.join(', ')}: which is taken depends on which came first`
    case 'mobility':
      return `${table} ${key} was heard at ${diagnosis.nodes.join(', ')} and ${diagnosis.to} at once: who has it depends on who was first`
  }
}

function describePath(path: ChosenPath): string {
  if (path === undefined) return 'none'
  return path.from === 'self' ? 'its own' : `that of ${path.from} (${path.asPath.join(' ')})`
}
