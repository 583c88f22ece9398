/**
 * Names on their way into a daemon's configuration. A configuration file has no way to quote everything, so nothing is quoted:
 * a name that is not plain is refused.
 *
 * @module
 */
import type { BgpSession, NodeControl } from '../../contract/control-plane.js'
import { LabError } from '../errors.js'

/**
 * Node names, link ids, names of policies: one word for FRR's vty, TOML and a person alike. `#2` ends the id of a parallel link; inside a
 * word it begins no comment.
 */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}(?:#[0-9]{1,3})?$/

/**
 * @param what for the message: `policy`, `peer`
 * @throws LabError `ZT_LAB_PLAN` for text that is no plain name
 */
export function plainName(what: string, text: string): string {
  if (PLAIN.test(text)) return text
  throw new LabError(
    'ZT_LAB_PLAN',
    `the name of a ${what}, ${JSON.stringify(text)}, cannot stand in a daemon's configuration`,
    {
      remedy: 'use letters, digits, `.`, `_` and `-`, at most 200 of them, beginning with a letter or digit',
    },
  )
}

export function isIpv6(text: string): boolean {
  return text.includes(':')
}

/** Between nodes of one AS number (BGP-11). */
export function isInternal({ asn }: Pick<NodeControl, 'asn'>, { remoteAsn }: BgpSession): boolean {
  return asn === remoteAsn
}
