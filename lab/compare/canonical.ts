/**
 * Canonical frames: what two interpreters must agree on. MACsec is opened with the keys that the plan gives the direction of the
 * link, and its packet number alone is masked (`masks.ts`); WireGuard with the sessions that the nodes had. A frame that does not open
 * stays as it is, every octet.
 *
 * @module
 */
import type { Plan, PlanLink } from '../../contract/plan.js'
import type { MacsecInterface } from '../../contract/program.js'
import type { FrameOpener } from '../../record/target.js'
import {
  findTraceId,
  importSak,
  open,
  parseSci,
  readSecTag,
  formatSci,
  sectag,
  type Sak,
  type Sci,
} from '../../twin/packet/index.js'
import { LabError } from '../errors.js'
import { maskKernel } from './kernel-masks.js'
import type { Comparison } from './masks.js'
import type { UntracedKind } from './untraced.js'

/** Where the SecTAG begins. */
const TAG_OFFSET = 12
/** Of the packet number in a sealed frame. */
const PN_OFFSET = TAG_OFFSET + 4

/** Key values by reference, as 16 octets or 32 hex digits. */
export type KeyMap = ReadonlyMap<string, Uint8Array | string>

export interface CanonicalFrame {
  /** For comparing. Sealed frames: addresses, SecTAG with PN zero, and the clear text from its EtherType on. */
  readonly bytes: Uint8Array
  /** The frame as it is inside the seal, or as it was. */
  readonly clear: Uint8Array
  readonly trace: number | undefined
  /** Present when it was opened. */
  readonly seal?: { readonly sa: string; readonly pn: number }
  /** Present for what WireGuard sends on its own. */
  readonly untraced?: UntracedKind
}

interface SecureAssociation {
  readonly sci: Sci
  readonly an: number
  readonly sak: Sak
}

/** Opens and masks the frames of a plan's links. */
export class Canon {
  private readonly associations = new Map<string, SecureAssociation>()
  /** Links sealed by WireGuard. */
  private readonly sessions = new Set<string>()

  /** @throws LabError `ZT_LAB_PLAN` when a key is missing */
  constructor(
    plan: Pick<Plan, 'links' | 'nodes'>,
    keys: KeyMap,
    private readonly comparison: Comparison = 'lab',
  ) {
    for (const link of plan.links) {
      for (const end of [link.a, link.b]) {
        const node = plan.nodes.find(({ name }) => name === end.node)
        if (node?.program.interfaces.some((i) => i.kind === 'wireguard' && i.lower === end.interface))
          this.sessions.add(link.id)
        const seal = node?.program.interfaces.find(
          (i): i is MacsecInterface => i.kind === 'macsec' && i.lower === end.interface,
        )
        if (seal === undefined || seal.mode !== 'strict') continue
        this.associations.set(direction(link, end.node), {
          sci: parseSci(seal.tx.sci),
          an: seal.tx.an,
          sak: sakOf(keys, seal.tx.key),
        })
      }
    }
  }

  /**
   * A frame on a fabric link in the direction away from `from`.
   *
   * @param opener knows the sessions of the nodes
   * @throws LabError `ZT_LAB_STATE` for a link sealed by WireGuard when nobody knows them
   */
  frame(link: Pick<PlanLink, 'id'>, from: string, bytes: Uint8Array, opener?: FrameOpener): CanonicalFrame {
    if (this.sessions.has(link.id)) return this.opened(link, from, bytes, opener)
    const association = this.associations.get(direction(link, from))
    const opened = association === undefined ? undefined : openWith(association, bytes)
    if (opened === undefined) {
      return { bytes: this.loosened(bytes, 0), clear: bytes, trace: findTraceId(bytes)?.trace }
    }
    const { clear, sa, pn } = opened
    return {
      bytes: this.loosened(masked(bytes, clear), sectag.LONG_LENGTH),
      clear,
      trace: findTraceId(clear)?.trace,
      seal: { sa: `${direction(link, from)} ${sa}`, pn },
    }
  }

  private opened(
    link: Pick<PlanLink, 'id'>,
    from: string,
    bytes: Uint8Array,
    opener: FrameOpener | undefined,
  ): CanonicalFrame {
    if (opener === undefined) {
      throw new LabError(
        'ZT_LAB_STATE',
        `nobody knows the sessions of ${link.id}, so that nothing opens its frames`,
        {
          remedy: 'compare observations of a target that follows its nodes',
        },
      )
    }
    const found = opener.open({ link: link.id, from, frame: bytes })
    // Counters begin at 0, packet numbers at 1.
    const numbered = (session: number, counter: number) => ({
      sa: `${direction(link, from)} ${session}`,
      pn: counter + 1,
    })
    switch (found?.kind) {
      case 'data': {
        const { clear, canonical, session, counter } = found
        return { bytes: canonical, clear, trace: findTraceId(clear)?.trace, seal: numbered(session, counter) }
      }
      case 'keepalive': {
        const seal = numbered(found.session, found.counter)
        return { bytes, clear: bytes, trace: undefined, seal, untraced: 'wireguard-keepalive' }
      }
      case 'handshake':
        return { bytes, clear: bytes, trace: undefined, untraced: 'wireguard-handshake' }
      case undefined:
        return { bytes, clear: bytes, trace: findTraceId(bytes)?.trace }
    }
  }

  private loosened(bytes: Uint8Array, shift: number): Uint8Array {
    return this.comparison === 'kernel' ? maskKernel(bytes, shift) : bytes
  }
}

function openWith(
  { sci, an, sak }: SecureAssociation,
  frame: Uint8Array,
): { readonly clear: Uint8Array; readonly sa: string; readonly pn: number } | undefined {
  const read = readSecTag(frame)
  // Only what the plan gives this direction: explicit SCI, its AN, encrypted (MACSEC-2, MACSEC-3, MACSEC-7).
  if (!read.ok || !read.tag.encrypted || read.tag.sci !== sci || read.tag.an !== an) return undefined
  const opened = open({ frame, sak })
  if (!opened.ok) return undefined
  return { clear: opened.frame, sa: `${formatSci(sci)}/${an}`, pn: opened.pn }
}

/** Mask `macsec-pn`. The ICV goes with it: it was verified, and says nothing beyond what is compared. */
function masked(sealed: Uint8Array, clear: Uint8Array): Uint8Array {
  const tagEnd = TAG_OFFSET + sectag.LONG_LENGTH
  const bytes = new Uint8Array(tagEnd + clear.length - TAG_OFFSET)
  bytes.set(sealed.subarray(0, tagEnd))
  bytes.fill(0, PN_OFFSET, PN_OFFSET + 4)
  bytes.set(clear.subarray(TAG_OFFSET), tagEnd)
  return bytes
}

function sakOf(keys: KeyMap, reference: string): Sak {
  const key = keys.get(reference)
  if (key === undefined) {
    throw new LabError('ZT_LAB_PLAN', `no key for ${reference}`, { remedy: "give the run's key file" })
  }
  return importSak(typeof key === 'string' ? Buffer.from(key, 'hex') : key)
}

function direction({ id }: Pick<PlanLink, 'id'>, from: string): string {
  return `${id} from ${from}`
}
