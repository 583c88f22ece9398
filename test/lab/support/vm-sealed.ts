/** An engine and the MACsec of a reference VM's kernel, at the two ends of a cable. */
import type { ReferenceVm } from '../../../lab/vm/machine.js'
import { decodeFrame } from '../../../twin/packet/index.js'
import { SEALED, sealedKeys, sealedProgram } from './macsec-program.js'
import {
  openMacsec,
  sealMacsec,
  type Association,
  type Opened,
  type Suite,
  type Tag,
} from './macsec-reference.js'
import { macsecLines, newAssociation } from './vm-macsec.js'
import { GUEST_DEVICE, VmPair } from './vm-pair.js'
import { engineLines } from './wireguard-cables.js'
import { FAR_MAC, INNER, UNDER } from './wireguard-program.js'

export interface Seal {
  readonly suite: Suite
  readonly encrypts: boolean
  readonly tag: Tag
}
type Sender = 'engine' | 'guest'

interface OpenedFrame {
  readonly from: Sender
  readonly an: number
  readonly opened: Opened
  /** The guest's kernel says that it listens to groups, too. */
  readonly isEcho: boolean
}

interface Attack {
  /** All that one side has sent. */
  readonly again: readonly Uint8Array[]
  /** One frame of each kind: turned over in a bit, of an association that is none, with a length that is wrong, in the clear. */
  readonly forged: readonly Uint8Array[]
}

const REPLAY_WINDOW = 0
const SECTAG = 12

export class SealedPair {
  readonly device = 'macsec0'

  private constructor(
    readonly pair: VmPair,
    private readonly seal: Seal,
    private readonly engine: Association,
    /** Of the guest: by which it begins, and which the engine has beside it. */
    readonly first: Association,
    readonly next: Association,
  ) {}

  static async open(vm: ReferenceVm | undefined, seal: Seal): Promise<SealedPair> {
    const mac = FAR_MAC.under
    const engine = newAssociation(seal.suite, UNDER.mac, 3)
    const guest = [1, 2].map((an) => newAssociation(seal.suite, mac, an))
    const common = { ...seal, replayWindow: REPLAY_WINDOW }
    const link = { ...common, tx: engine, rx: guest }
    const device = 'macsec0'
    const pair = await VmPair.open(vm, {
      engine: {
        program: sealedProgram(link),
        keys: sealedKeys(link),
        lines: engineLines('underlayVrf'),
      },
      guestLines: [
        // What is not sealed is not said.
        `echo 1 > /proc/sys/net/ipv6/conf/${GUEST_DEVICE}/disable_ipv6`,
        ...macsecLines({ ...common, device, mac, tx: guest, rx: [engine] }),
        ...([4, 6] as const).flatMap((family) => [
          `ip addr add ${SEALED.guest[family]}/${family === 4 ? 24 : 64} dev ${device}${family === 6 ? ' nodad' : ''}`,
          `ip neigh add ${SEALED.engine[family]} lladdr ${UNDER.mac} dev ${device} nud permanent`,
          `ip route add ${INNER.host[family].replace(/2$/, family === 4 ? '0/24' : '/64')} via ${SEALED.engine[family]} dev ${device}`,
        ]),
      ],
    })
    return new SealedPair(pair, seal, engine, guest[0]!, guest[1]!)
  }

  /** All that was heard on the cable. @throws Error for a frame that none of the associations opens */
  async opened(): Promise<readonly OpenedFrame[]> {
    return (await this.pair.heard()).map(({ from, octets }) => {
      const an = octets[SECTAG + 2]! & 3
      const known = from === 'engine' ? [this.engine] : [this.first, this.next]
      const sa = known.find((one) => one.an === an)
      if (sa === undefined) throw new Error(`a frame of ${from} with AN ${an}`)
      const opened = openMacsec(octets, sa)
      const isEcho = decodeFrame(opened.frame).some(
        (layer) =>
          (layer.kind === 'icmp' && [0, 8].includes(layer.type)) ||
          (layer.kind === 'icmpv6' && [128, 129].includes(layer.type)),
      )
      return { from: from === 'engine' ? from : 'guest', an, opened, isEcho }
    })
  }

  /** What an attacker may put on the cable in the name of one side. */
  async attack(from: Sender): Promise<Attack> {
    const sent = (await this.pair.heard()).filter((one) => (one.from === 'engine') === (from === 'engine'))
    const sa = from === 'engine' ? this.engine : this.first
    const inside = openMacsec(sent.at(-1)!.octets, sa).frame
    const sealed = (an: number) => sealMacsec(inside, { ...sa, an }, { ...this.seal, pn: 1000n })
    const right = sealed(sa.an)
    return {
      again: sent.map(({ octets }) => octets),
      forged: [withBitTurned(right), sealed(0), right.with(SECTAG + 3, 0xc0), inside],
    }
  }
}

/** Shortly before the ICV. */
export function withBitTurned(frame: Uint8Array): Uint8Array {
  const at = frame.length - 20
  return frame.with(at, frame[at]! ^ 1)
}
