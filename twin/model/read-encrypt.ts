/**
 * Intents that links, or tenants from leaf to leaf, are encrypted.
 *
 * @module
 */
import type { IntentEntry } from '../../contract/fabric.js'
import type { Context } from './context.js'
import type { EncryptIntent, FabricLink, Seal, Tenant } from './fabric.js'
import type { Path } from './tree.js'

type Encrypt = NonNullable<IntentEntry['encrypt']>
type Head = Pick<EncryptIntent, 'name' | 'at'>

interface Parts {
  readonly links: readonly FabricLink[]
  readonly tenants: readonly Tenant[]
}

export function readEncrypt(
  context: Context,
  head: Head,
  path: Path,
  entry: Encrypt,
  parts: Parts,
): EncryptIntent | undefined {
  if ((entry.links === undefined) === (entry.tenants === undefined)) {
    if (entry.links === undefined && !context.isWhole('intents')) return undefined
    context.bad(
      'ZT_FABRIC_INTENT',
      path,
      entry.links === undefined ? 'there are neither links nor tenants' : 'there are links and tenants',
      'give links, or tenants that have a seal from leaf to leaf',
    )
    return undefined
  }
  const reader = new EncryptReader(context, path, entry)
  return entry.tenants === undefined ? reader.links(head, parts) : reader.tenants(head, parts)
}

class EncryptReader {
  readonly #context: Context
  readonly #path: Path
  readonly #entry: Encrypt

  constructor(context: Context, path: Path, entry: Encrypt) {
    this.#context = context
    this.#path = path
    this.#entry = entry
  }

  links(head: Head, { links }: Parts): EncryptIntent | undefined {
    const names = links.map(({ id }) => id)
    const path = [...this.#path, 'links']
    const selected = this.#context.select(this.#entry.links ?? [], path, names, {
      part: 'links',
      one: 'link',
    })
    if (selected.length === 0) return undefined
    const seals = new Map(links.map(({ id, seal }) => [id, seal]))
    const found = selected.map((id) => [id, seals.get(id)] as const)
    if (!this.#areFit(path, found, 'links')) return undefined
    // That a link has none is for the judge to say.
    return { ...head, kind: 'encrypt', links: selected, tenants: undefined, by: this.#kindOf(found) }
  }

  tenants(head: Head, { links, tenants }: Parts): EncryptIntent | undefined {
    const names = tenants.map(({ name }) => name)
    const path = [...this.#path, 'tenants']
    const kind = { part: 'tenants', one: 'tenant' } as const
    const selected = this.#context.select(this.#entry.tenants ?? [], path, names, kind)
    if (selected.length === 0) return undefined
    const found = selected.map(
      (name) => [name, tenants.find((tenant) => tenant.name === name)?.seal] as const,
    )
    const [bare] = found.find(([, seal]) => seal === undefined) ?? []
    if (bare !== undefined) {
      if (this.#context.isWhole('seals') && this.#context.isWhole('tenants')) {
        this.#contradiction(
          path,
          `${bare} has no seal from leaf to leaf`,
          `give it one with tenants.${bare}.seal, or all tenants with overlay.seal`,
        )
      }
      return undefined
    }
    if (!this.#areFit(path, found, 'tenants')) return undefined
    const everywhere = links.map(({ id }) => id)
    return { ...head, kind: 'encrypt', links: everywhere, tenants: selected, by: this.#kindOf(found) }
  }

  /** False, and a problem, when the seal of one does not do what is wanted of it. */
  #areFit(path: Path, found: readonly Sealed[], what: 'links' | 'tenants'): boolean {
    const { by } = this.#entry
    const other = found.find(([, seal]) => by !== undefined && (seal?.kind ?? by) !== by)
    if (other !== undefined) {
      this.#contradiction(
        [...this.#path, 'by'],
        `${other[0]} is sealed by ${other[1]?.kind ?? ''}, not by ${by ?? ''}`,
        `leave out by, or name only ${what} of this kind`,
      )
      return false
    }
    for (const [name, seal] of found) {
      const flaw = flawOf(seal)
      if (flaw === undefined || seal === undefined) continue
      this.#contradiction(
        path,
        `${name} is sealed by ${seal.name}, ${flaw.reason}`,
        `${flaw.remedy}, or name other ${what}`,
        [
          {
            at: this.#context.valueAt(['seals', seal.name, flaw.key]),
            message: `the ${flaw.key} of ${seal.name}`,
          },
        ],
      )
      return false
    }
    return true
  }

  /** Of all that have a seal, if it is one. */
  #kindOf(found: readonly Sealed[]): Seal['kind'] | undefined {
    const kinds = [...new Set(found.flatMap(([, seal]) => seal?.kind ?? []))]
    return this.#entry.by ?? (kinds.length > 1 ? undefined : (kinds[0] ?? 'macsec'))
  }

  #contradiction(...[path, reason, remedy, related]: Said): void {
    this.#context.bad('ZT_FABRIC_INTENT_CONTRADICTION', path, reason, remedy, related)
  }
}

type Sealed = readonly [name: string, seal: Seal | undefined]
type Said = [path: Path, reason: string, remedy: string, related?: Parameters<Context['bad']>[4]]

/** Why what a seal carries may be clear. */
function flawOf(
  seal: Seal | undefined,
): { readonly key: string; readonly reason: string; readonly remedy: string } | undefined {
  if (seal?.kind !== 'macsec') return undefined
  if (seal.mode !== 'strict') {
    const reason = seal.mode === 'check' ? 'which lets clear frames by' : 'which is disabled'
    return { key: 'mode', reason, remedy: 'give the seal mode: strict' }
  }
  return seal.confidentiality === 'none'
    ? {
        key: 'confidentiality',
        reason: 'which encrypts nothing',
        remedy: 'leave confidentiality out of the seal',
      }
    : undefined
}
