/**
 * What the daemons of a fabric are configured with: texts alone, by node and file. What one node's say depends on the others too.
 *
 * @module
 */
import type { NodeControl } from '../../contract/control-plane.js'
import { frrConfig } from './frr-config.js'
import { gobgpConfig } from './gobgp-config.js'
import type { PeerShare } from './gobgp-policy.js'

export interface Controlled {
  readonly node: string
  readonly control: NodeControl
}
/** Text by file name. */
export type DaemonFiles = ReadonlyMap<string, string>

/** Configuration of a gobgpd, at its first start and when one was there before. */
export const GOBGP_FILES = { first: 'gobgpd.toml', anew: 'gobgpd-anew.toml' } as const

/**
 * @param nodes all of the fabric
 * @throws LabError `ZT_LAB_PLAN` for a control that no daemon can do
 */
export function daemonFiles({ node, control }: Controlled, nodes: readonly Controlled[]): DaemonFiles {
  const routers = new Set(nodes.filter((other) => other.control.daemon === 'frr').map((other) => other.node))
  if (control.daemon === 'frr') {
    const { frr, zebra, bgpd, bfdd } = frrConfig(node, control, { frr: routers })
    return new Map([
      ['frr.conf', frr],
      ['zebra.conf', zebra],
      ['bgpd.conf', bgpd],
      ['bfdd.conf', bfdd],
    ])
  }
  const shares = sharesOf(control, nodes)
  return new Map([
    [GOBGP_FILES.first, gobgpConfig(node, control, { passiveTowards: routers, shares })],
    // A peer whose calls were not taken for a while calls ever more seldom, so one that is back calls itself.
    [GOBGP_FILES.anew, gobgpConfig(node, control, { shares, silent: control.gracefulRestart !== undefined })],
  ])
}

/** Weights that FRRs give to links to this node. */
function sharesOf({ sessions }: NodeControl, nodes: readonly Controlled[]): Map<string, PeerShare> {
  const links = new Set(sessions.map(({ link }) => link))
  return new Map(
    nodes
      .filter(({ control }) => control.daemon === 'frr')
      .flatMap(({ control: { asn, sessions: far } }) =>
        far.flatMap(({ link, weight }): [string, PeerShare][] =>
          weight !== undefined && links.has(link) ? [[link, { asn, weight }]] : [],
        ),
      ),
  )
}
