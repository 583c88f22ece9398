/**
 * What can be wrong with a fabric file. A problem is a value, not an exception: a reader hands back all it found.
 *
 * @module
 */
import { compareSpans, type Span } from './source.js'

/** Stable codes. Each says what kind of mistake it is; the reason says which. */
export type ProblemCode =
  // The file as text
  | 'ZT_FABRIC_FILE'
  | 'ZT_FABRIC_ENCODING'
  | 'ZT_FABRIC_TOO_LARGE'
  // YAML
  | 'ZT_FABRIC_YAML_SYNTAX'
  | 'ZT_FABRIC_YAML_TAB'
  | 'ZT_FABRIC_YAML_DUPLICATE_KEY'
  | 'ZT_FABRIC_YAML_KEY'
  | 'ZT_FABRIC_YAML_ALIAS'
  | 'ZT_FABRIC_YAML_TAG'
  | 'ZT_FABRIC_YAML_DOCUMENTS'
  | 'ZT_FABRIC_YAML_DEPTH'
  // Fragments
  | 'ZT_FABRIC_INCLUDE'
  | 'ZT_FABRIC_GIVEN_TWICE'
  // Shape
  | 'ZT_FABRIC_UNKNOWN_KEY'
  | 'ZT_FABRIC_MISSING_KEY'
  | 'ZT_FABRIC_TYPE'
  | 'ZT_FABRIC_VALUE'
  | 'ZT_FABRIC_NAME'
  | 'ZT_FABRIC_UNSUPPORTED'
  // Names and references
  | 'ZT_FABRIC_RANGE'
  | 'ZT_FABRIC_TOO_MANY'
  | 'ZT_FABRIC_UNKNOWN_NAME'
  | 'ZT_FABRIC_ROLE'
  | 'ZT_FABRIC_NAME_CLASH'
  | 'ZT_FABRIC_LINK_CLASH'
  // Numbers and addresses
  | 'ZT_FABRIC_ASN'
  | 'ZT_FABRIC_ASN_CLASH'
  | 'ZT_FABRIC_VNI_CLASH'
  | 'ZT_FABRIC_VLAN_CLASH'
  | 'ZT_FABRIC_ADDRESS'
  | 'ZT_FABRIC_FAMILY'
  | 'ZT_FABRIC_POOL'
  | 'ZT_FABRIC_POOL_EXHAUSTED'
  | 'ZT_FABRIC_SUBNET'
  | 'ZT_FABRIC_SUBNET_CLASH'
  | 'ZT_FABRIC_HOST_ADDRESS'
  | 'ZT_FABRIC_ADDRESS_CLASH'
  | 'ZT_FABRIC_MAC'
  | 'ZT_FABRIC_MAC_CLASH'
  | 'ZT_FABRIC_MTU'
  // The fabric as a whole
  | 'ZT_FABRIC_PLACE'
  | 'ZT_FABRIC_L3VNI'
  | 'ZT_FABRIC_NO_PATH'
  | 'ZT_FABRIC_SEAL'
  | 'ZT_FABRIC_INTENT'
  | 'ZT_FABRIC_INTENT_CONTRADICTION'
  | 'ZT_FABRIC_INTENT_NO_HOSTS'
  // The control plane
  | 'ZT_FABRIC_CONTROL'
  | 'ZT_FABRIC_POLICY'
  | 'ZT_FABRIC_POLICY_CLASH'
  // Warnings
  | 'ZT_FABRIC_LINT_ASN'
  | 'ZT_FABRIC_LINT_DRAIN'
  | 'ZT_FABRIC_LINT_IDLE'
  | 'ZT_FABRIC_LINT_POLICY'
  | 'ZT_FABRIC_LINT_SEAL'

/** Another place that has to do with a problem: what was given first, what it clashes with. */
export interface Related {
  readonly at: Span
  readonly message: string
}

/** An error makes a file no fabric. A warning is about what is sound and probably not meant. */
export type Severity = 'error' | 'warning'

/** One mistake: where, why, and what to do about it. */
export interface Problem {
  readonly code: ProblemCode
  readonly severity: Severity
  readonly at: Span
  /** Keys from the top of the file, `tenants.shop.networks.web.vni`. */
  readonly path: string
  /** What is wrong, one clause without a full stop. */
  readonly reason: string
  /** What to write instead, one clause in the imperative. */
  readonly remedy: string
  readonly related: readonly Related[]
}

/** `file:line:column`. */
export function formatPlace(at: Span): string {
  return `${at.file}:${at.start.line}:${at.start.column}`
}

/** `file:line:column: CODE: reason; remedy`, and an indented line for each related place. */
export function formatProblem(problem: Problem): string {
  const { at, code, reason, remedy, related } = problem
  return [
    `${formatPlace(at)}: ${code}: ${reason}; ${remedy}`,
    ...related.map((other) => `  ${formatPlace(other.at)}: ${other.message}`),
  ].join('\n')
}

/** Thrown where a fabric is made by a program, which has no other way to hear of its mistakes. */
export class FabricError extends Error {
  override readonly name = 'FabricError'
  readonly code = 'ZT_FABRIC'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(`ZT_FABRIC: this is no sound fabric\n${problems.map(formatProblem).join('\n')}`)
    this.problems = problems
  }
}

/** Problems that leave nothing out: what refers to the part can still be judged. */
const HARMLESS: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'ZT_FABRIC_ASN_CLASH',
  'ZT_FABRIC_VNI_CLASH',
  'ZT_FABRIC_VLAN_CLASH',
  'ZT_FABRIC_SUBNET_CLASH',
  'ZT_FABRIC_ADDRESS_CLASH',
  'ZT_FABRIC_MAC_CLASH',
  'ZT_FABRIC_POOL',
  'ZT_FABRIC_POOL_EXHAUSTED',
  'ZT_FABRIC_MTU',
  'ZT_FABRIC_L3VNI',
  'ZT_FABRIC_NO_PATH',
  'ZT_FABRIC_SEAL',
])

/** More than these are not collected: a file that wrong is read from the top anyway. */
const MAX_PROBLEMS = 200

/** Collects problems and hands them back in the order of the files. */
export class Problems {
  readonly #found: Problem[] = []
  readonly #warnings: Problem[] = []
  readonly #paths = new Set<string>()
  readonly #damaged = new Set<string>()

  add(
    code: ProblemCode,
    where: { readonly at: Span; readonly path: string },
    reason: string,
    remedy: string,
    related: readonly Related[] = [],
  ): void {
    this.#paths.add(where.path)
    if (!HARMLESS.has(code)) this.#damaged.add(where.path.split(/[.[]/, 1)[0] ?? '')
    if (this.#found.length >= MAX_PROBLEMS) return
    const { at, path } = where
    this.#found.push({ code, severity: 'error', at, path, reason, remedy, related })
  }

  warn(
    code: ProblemCode,
    where: { readonly at: Span; readonly path: string },
    reason: string,
    remedy: string,
    related: readonly Related[] = [],
  ): void {
    if (this.#warnings.length >= MAX_PROBLEMS) return
    const { at, path } = where
    this.#warnings.push({ code, severity: 'warning', at, path, reason, remedy, related })
  }

  get any(): boolean {
    return this.#found.length > 0
  }

  /** True when there is a problem with the value at a path. */
  has(path: string): boolean {
    return this.#paths.has(path)
  }

  /** True when there is a problem with something inside of the value at a path. */
  hasInside(path: string): boolean {
    return [...this.#paths].some((other) => other.startsWith(`${path}.`))
  }

  /** True when something is left out of a top-level part: that a name is not in it says nothing then. */
  damages(part: string): boolean {
    return this.#damaged.has(part)
  }

  /** Errors, by file in order of reading, then by position. */
  sorted(): readonly Problem[] {
    return this.#found.toSorted((a, b) => compareSpans(a.at, b.at))
  }

  /** Warnings, in the same order. */
  warnings(): readonly Problem[] {
    return this.#warnings.toSorted((a, b) => compareSpans(a.at, b.at))
  }
}
