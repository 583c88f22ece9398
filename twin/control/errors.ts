/**
 * Typed errors of the control plane.
 *
 * What comes from a network never throws: routes that make no sense are left out. These errors are for what a program hands over.
 *
 * @module
 */

/** Stable codes of {@link ControlPlaneError}. */
export type ControlPlaneErrorCode =
  /** Text that is no key of an EVPN route (`contract/rib.ts`). */
  | 'ZT_EVPN_KEY_SYNTAX'
  /** A node, link or policy that there is not. */
  | 'ZT_CONTROL_REFERENCE'
  /** Preferences of nodes that contradict each other: tables would be a matter of chance, or never come to rest. */
  | 'ZT_CONTROL_UNSETTLED'

/** A control plane that cannot be worked out as given. */
export class ControlPlaneError extends Error {
  override readonly name = 'ControlPlaneError'
  /** Stable, for programs. */
  readonly code: ControlPlaneErrorCode
  /** What the caller can do about it. */
  readonly remedy: string

  constructor(code: ControlPlaneErrorCode, what: string, options: { readonly remedy: string }) {
    super(`${code}: ${what}; ${options.remedy}`)
    this.code = code
    this.remedy = options.remedy
  }
}

/** For a name that is none. */
export function missing(what: string): ControlPlaneError {
  return new ControlPlaneError('ZT_CONTROL_REFERENCE', `there is no ${what}`, {
    remedy: 'name nodes, links, policies and prefixes as the plan does',
  })
}
