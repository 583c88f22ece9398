/**
 * Canonical frames: what two interpreters must agree on. MACsec is opened with the keys that the plan gives its sender, on a link as in a
 * tunnel between leaves, and its packet number alone is masked (`masks.ts`); WireGuard with the sessions that the nodes had. A frame that
 * does not open stays as it is, every octet.
 *
 * @module
 */
import type { Plan, PlanLink } from '../../contract/plan.js'
import type { FrameOpener, OpenedFrame } from '../../record/target.js'
import { MacsecOpener, type KeySource, type MacsecOpening } from '../../twin/macsec-opener.js'
import { ethernet, findTraceId, formatSci, type SecTagInfo } from '../../twin/packet/index.js'
import { seals, TunnelOpener, type TunnelOpening } from '../../twin/tunnel-opener.js'
import { LabError } from '../errors.js'
import { maskKernel } from './kernel-masks.js'
import type { Comparison } from './masks.js'
import type { Numbered } from './packet-numbers.js'
import type { UntracedKind } from './untraced.js'

/** Where the SecTAG begins. */
const TAG_OFFSET = 12
/** Of the packet number in a sealed frame. */
const PN_OFFSET = TAG_OFFSET + 4
/** Of the checksum in a UDP header. */
const UDP_CHECKSUM = 6

/** Key values by reference: octets, or their hex digits. */
export type KeyMap = ReadonlyMap<string, Uint8Array | string>

export interface CanonicalFrame {
  /** For comparing. Sealed frames: addresses, SecTAG with PN zero, and the clear text from its EtherType on. */
  readonly bytes: Uint8Array
  /** The frame as it is inside all seals, or as it was. */
  readonly clear: Uint8Array
  readonly trace: number | undefined
  /** Of each seal that was opened, the outermost first. */
  readonly numbers: readonly Numbered[]
  /** Present for what WireGuard sends on its own. */
  readonly untraced?: UntracedKind
}

/** What is inside a seal, and the canonical form of the whole for a canonical form of the inside. */
interface Layer {
  readonly clear: Uint8Array
  readonly wrap: (inside: Uint8Array) => Uint8Array
  readonly numbers: readonly Numbered[]
  readonly untraced?: UntracedKind | undefined
  /** Nothing more is inside. */
  readonly closed?: true
}

/** Opens and masks the frames of a plan's links. */
export class Canon {
  private readonly openers = new Map<string, MacsecOpener>()
  /** Links sealed by WireGuard. */
  private readonly sessions = new Set<string>()
  private readonly tunnels: TunnelOpener

  /** @throws LabError `ZT_LAB_PLAN` when a key is missing */
  constructor(
    plan: Pick<Plan, 'links' | 'nodes'>,
    keys: KeyMap,
    private readonly comparison: Comparison = 'lab',
  ) {
    const keyOf = keySource(keys)
    for (const link of plan.links) {
      for (const end of [link.a, link.b]) {
        const node = plan.nodes.find(({ name }) => name === end.node)
        for (const item of node?.program.interfaces ?? []) {
          if (item.kind === 'wireguard' && item.lower === end.interface) this.sessions.add(link.id)
          if (item.kind === 'macsec' && item.lower === end.interface && seals(item))
            this.openers.set(direction(link, end.node), new MacsecOpener(item, keyOf))
        }
      }
    }
    this.tunnels = new TunnelOpener(plan, keyOf)
  }

  /**
   * A frame on a fabric link in the direction away from `from`.
   *
   * @param opener knows the sessions of the nodes
   * @throws LabError `ZT_LAB_STATE` for what is sealed by WireGuard when nobody knows them
   */
  frame(link: Pick<PlanLink, 'id'>, from: string, bytes: Uint8Array, opener?: FrameOpener): CanonicalFrame {
    const outer = this.ofLink(link, from, bytes, opener)
    const inner = outer.closed === undefined ? this.ofTunnel(link, from, outer.clear, opener) : undefined
    const { clear, untraced } = inner ?? outer
    // What the kernel chooses for itself is outside of a tunnel's seal.
    const inside = inner === undefined ? this.loosened(clear) : inner.wrap(inner.clear)
    return {
      bytes: outer.closed === undefined ? outer.wrap(inside) : bytes,
      clear,
      trace:
        outer.closed === undefined && inner?.closed === undefined ? findTraceId(clear)?.trace : undefined,
      numbers: [...outer.numbers, ...(inner?.numbers ?? [])],
      ...(untraced === undefined ? {} : { untraced }),
    }
  }

  private ofLink(
    link: Pick<PlanLink, 'id'>,
    from: string,
    bytes: Uint8Array,
    opener: FrameOpener | undefined,
  ): Layer {
    const place = direction(link, from)
    if (this.sessions.has(link.id)) {
      if (opener === undefined) throw nobodyKnows(link.id)
      return ofSession(place, bytes, opener.open({ link: link.id, from, frame: bytes }))
    }
    const opened = this.openers.get(place)?.open(bytes)
    return ofMacsec(place, bytes, opened, undefined) ?? asItIs(bytes)
  }

  /** In place: what is around the inner frame stays, but for the checksum over what is sealed. */
  private ofTunnel(
    link: Pick<PlanLink, 'id'>,
    from: string,
    bytes: Uint8Array,
    opener: FrameOpener | undefined,
  ): Layer | undefined {
    const found = this.tunnels.open(bytes, opener)
    if (found === undefined) return undefined
    const place = `${direction(link, from)} in VNI ${found.vni} from ${found.from}`
    // The first link is where numbers are seen as they were given.
    const origin = found.from === from ? `VNI ${found.vni} from ${found.from}` : undefined
    const layer = this.inTunnel(place, bytes, found, opener, origin)
    if (layer === undefined) return undefined
    const head = this.loosened(bytes).slice(0, found.at)
    head.fill(0, found.udp + UDP_CHECKSUM, found.udp + UDP_CHECKSUM + 2)
    return { ...layer, wrap: (inside) => joined(head, layer.wrap(inside)) }
  }

  private inTunnel(
    place: string,
    bytes: Uint8Array,
    found: TunnelOpening,
    opener: FrameOpener | undefined,
    origin: string | undefined,
  ): Layer | undefined {
    const inner = bytes.subarray(found.at)
    if (found.kind === 'macsec') return ofMacsec(place, inner, found.opened, origin)
    if (opener?.openInside === undefined) throw nobodyKnows(`VNI ${found.vni}`)
    return found.opened === undefined ? undefined : ofSession(place, inner, found.opened)
  }

  private loosened(bytes: Uint8Array): Uint8Array {
    return this.comparison === 'kernel' ? maskKernel(bytes) : bytes
  }
}

function asItIs(bytes: Uint8Array): Layer {
  return { clear: bytes, wrap: (inside) => inside, numbers: [] }
}

function ofMacsec(
  place: string,
  bytes: Uint8Array,
  opened: MacsecOpening | undefined,
  origin: string | undefined,
): Layer | undefined {
  if (opened?.ok !== true) return undefined
  const { tag, pn, clear } = opened
  const name = `${tag.sci === undefined ? '' : formatSci(tag.sci)}/${tag.an}`
  const once = origin === undefined ? {} : { once: `${origin} ${name}` }
  return {
    clear,
    wrap: (inside) => masked(bytes, tag, inside),
    numbers: [{ sa: `${place} ${name}`, pn, ...once }],
  }
}

/** Mask `macsec-pn`. The ICV goes with it: it was verified, and says nothing beyond what is compared. */
function masked(sealed: Uint8Array, { secureDataOffset }: SecTagInfo, inside: Uint8Array): Uint8Array {
  const bytes = joined(sealed.subarray(0, secureDataOffset), inside.subarray(TAG_OFFSET))
  bytes.fill(0, PN_OFFSET, PN_OFFSET + 4)
  return bytes
}

function ofSession(place: string, bytes: Uint8Array, found: OpenedFrame | undefined): Layer {
  // Counters begin at 0, packet numbers at 1.
  const numbered = (session: number, counter: number): Numbered => ({
    sa: `${place} ${session}`,
    pn: BigInt(counter) + 1n,
  })
  const whole = { clear: bytes, wrap: () => bytes, closed: true } as const
  switch (found?.kind) {
    case 'data': {
      const { clear, canonical, session, counter, text } = found
      const padding = canonical.subarray(text + clear.length - ethernet.HEADER_LENGTH)
      return {
        clear,
        wrap: (inside) =>
          joined(canonical.subarray(0, text), inside.subarray(ethernet.HEADER_LENGTH), padding),
        numbers: [numbered(session, counter)],
      }
    }
    case 'keepalive':
      return {
        ...whole,
        numbers: [numbered(found.session, found.counter)],
        untraced: 'wireguard-keepalive',
      }
    case 'handshake':
      return { ...whole, numbers: [], untraced: 'wireguard-handshake' }
    case undefined:
      return asItIs(bytes)
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

function nobodyKnows(place: string): LabError {
  return new LabError(
    'ZT_LAB_STATE',
    `nobody knows the sessions of ${place}, so that nothing opens its frames`,
    { remedy: 'compare observations of a target that follows its nodes' },
  )
}

function keySource(keys: KeyMap): KeySource {
  return (reference) => {
    const key = keys.get(reference)
    if (key === undefined) {
      throw new LabError('ZT_LAB_PLAN', `no key for ${reference}`, { remedy: "give the run's key file" })
    }
    return typeof key === 'string' ? Buffer.from(key, 'hex') : key
  }
}

function direction({ id }: Pick<PlanLink, 'id'>, from: string): string {
  return `${id} from ${from}`
}
