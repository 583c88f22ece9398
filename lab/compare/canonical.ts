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
import { ChannelOpener } from '../../twin/macsec-opener.js'
import { findTraceId } from '../../twin/packet/index.js'
import { LabError } from '../errors.js'
import { maskKernel } from './kernel-masks.js'
import type { Comparison } from './masks.js'
import type { UntracedKind } from './untraced.js'

/** Where the SecTAG begins. */
const TAG_OFFSET = 12
/** Of the packet number in a sealed frame. */
const PN_OFFSET = TAG_OFFSET + 4

/** Key values by reference, as octets or hex digits. */
export type KeyMap = ReadonlyMap<string, Uint8Array | string>

export interface CanonicalFrame {
  /** For comparing. Sealed frames: addresses, SecTAG with PN zero, and the clear text from its EtherType on. */
  readonly bytes: Uint8Array
  /** The frame as it is inside the seal, or as it was. */
  readonly clear: Uint8Array
  readonly trace: number | undefined
  /** Present when it was opened. */
  readonly seal?: { readonly sa: string; readonly pn: bigint }
  /** Present for what WireGuard sends on its own. */
  readonly untraced?: UntracedKind
}

/** Opens and masks the frames of a plan's links. */
export class Canon {
  private readonly channels = new Map<string, ChannelOpener>()
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
        if (seal === undefined || !(seal.protect ?? seal.mode !== 'disabled')) continue
        this.channels.set(direction(link, end.node), channelOf(seal, keys))
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
    const opened = this.channels.get(direction(link, from))?.open(bytes)
    if (opened?.ok !== true) {
      return { bytes: this.loosened(bytes, 0), clear: bytes, trace: findTraceId(bytes)?.trace }
    }
    const { clear, tag, pn } = opened
    const tagLength = tag.secureDataOffset - TAG_OFFSET
    return {
      bytes: this.loosened(masked(bytes, clear, tagLength), tagLength),
      clear,
      trace: findTraceId(clear)?.trace,
      seal: { sa: `${direction(link, from)} ${tag.an}`, pn },
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
      pn: BigInt(counter) + 1n,
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

/** Mask `macsec-pn`. The ICV goes with it: it was verified, and says nothing beyond what is compared. */
function masked(sealed: Uint8Array, clear: Uint8Array, tagLength: number): Uint8Array {
  const tagEnd = TAG_OFFSET + tagLength
  const bytes = new Uint8Array(tagEnd + clear.length - TAG_OFFSET)
  bytes.set(sealed.subarray(0, tagEnd))
  bytes.fill(0, PN_OFFSET, PN_OFFSET + 4)
  bytes.set(clear.subarray(TAG_OFFSET), tagEnd)
  return bytes
}

/** Only what the plan gives this direction opens (MACSEC-2, MACSEC-3, MACSEC-7). @throws LabError `ZT_LAB_PLAN` when a key is missing */
function channelOf(seal: MacsecInterface, keys: KeyMap): ChannelOpener {
  const valueOf = (reference: string) => {
    const key = keys.get(reference)
    return typeof key === 'string' ? Buffer.from(key, 'hex') : key
  }
  for (const { key } of [seal.tx, ...(seal.standby ?? [])]) {
    if (valueOf(key) === undefined)
      throw new LabError('ZT_LAB_PLAN', `no key for ${key}`, { remedy: "give the run's key file" })
  }
  return new ChannelOpener(seal, valueOf)
}

function direction({ id }: Pick<PlanLink, 'id'>, from: string): string {
  return `${id} from ${from}`
}
