/**
 * Configuration of all daemons of a fabric, as files of each node.
 *
 * @module
 */
import type { NodeControl } from '../../contract/control-plane.js'
import { checkFrrCan, frrConfig } from './frr-config.js'
import { gobgpConfig } from './gobgp-config.js'
import type { PeerShare } from './gobgp-policy.js'

export interface Controlled {
  readonly node: string
  readonly control: NodeControl
}

/** Of a gobgpd that was there before, or that nobody waits for. */
export const GOBGP_ANEW = 'gobgpd-anew.toml'

/**
 * Texts by the names of their files: of FRR `frr.conf`, as a person reads it, and `<program>.conf`; of GoBGP `gobgpd.toml`, and {@link GOBGP_ANEW}.
 *
 * @param all of the fabric: what one is told depends on who its peers are
 * @returns by node
 * @throws LabError `ZT_LAB_PLAN` for a control that no daemon can do
 */
export function daemonFiles(all: readonly Controlled[]): ReadonlyMap<string, ReadonlyMap<string, string>> {
  checkFrrCan(all)
  return new Map(all.map((one) => [one.node, filesOf(one, all)]))
}

function filesOf({ node, control }: Controlled, all: readonly Controlled[]): ReadonlyMap<string, string> {
  const routers = new Set(all.flatMap((other) => (other.control.daemon === 'frr' ? [other.node] : [])))
  if (control.daemon === 'frr') {
    const { frr, zebra, bgpd, bfdd } = frrConfig(node, control, { frr: routers })
    return new Map([
      ['frr.conf', frr],
      ['zebra.conf', zebra],
      ['bgpd.conf', bgpd],
      ['bfdd.conf', bfdd],
    ])
  }
  const shares = sharesOf(control, all)
  return new Map([
    ['gobgpd.toml', gobgpConfig(node, control, { passiveTowards: routers, shares })],
    // A peer whose calls were not taken for a while calls ever more seldom, so one that is back calls itself.
    [GOBGP_ANEW, gobgpConfig(node, control, { shares, silent: control.gracefulRestart !== undefined })],
  ])
}

/** Weights that FRRs give to links to this node. */
function sharesOf({ sessions }: NodeControl, all: readonly Controlled[]): Map<string, PeerShare> {
  const links = new Set(sessions.map(({ link }) => link))
  return new Map(
    all
      .filter(({ control }) => control.daemon === 'frr')
      .flatMap(({ control: { asn, sessions: far } }) =>
        far.flatMap(({ link, weight }): [string, PeerShare][] =>
          weight !== undefined && links.has(link) ? [[link, { asn, weight }]] : [],
        ),
      ),
  )
}
