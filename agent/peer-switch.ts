/**
 * Tells gobgpd which of its peers have a link: it looks at no device, and would hold a session over a cut link until the hold time
 * (FAULT-1). A peer without carrier is disabled, one with carrier enabled, whoever disabled it; one that gave too many prefixes stays down (BGP-12).
 *
 * A session with BFD is left to BFD (BGP-15), and disabled only if that fails to end it: GoBGP 4.8 resets a peer that BFD gives up whatever its
 * state, so that one which had been disabled before would lose its next session as soon as it is up; and it stays idle for 5 s once enabled.
 *
 * @module
 */
import type { NodeControl } from '../contract/control-plane.js'
import { canonicalAddress } from './best-table.js'
import { messageOf } from './errors.js'
import { withoutZone, type ApiPeer } from './gobgp-api.js'
import type { GobgpClient } from './gobgp-client.js'
import type { Round } from './worker.js'

const UP = 'ADMIN_STATE_UP'
const DOWN = 'ADMIN_STATE_DOWN'
const ESTABLISHED = 'SESSION_STATE_ESTABLISHED'
/** Detection times (BGP-15) that BFD has to end a session whose device has no carrier. */
const PATIENCE = 4

/** What it asks of the daemon. */
type Peers = Pick<GobgpClient, 'peers' | 'enablePeer' | 'disablePeer'>

interface Watched {
  readonly device: string
  /** ms for BFD to end it; 0 for a session without. */
  readonly patience: number
}

export class PeerSwitch {
  /** By the address of the session's far end. */
  readonly #watched: ReadonlyMap<string, Watched>
  readonly #hasCarrier: (device: string) => boolean
  readonly #log: (line: string) => void
  readonly #now: () => number
  /** When devices were first seen without carrier, ms. */
  readonly #since = new Map<string, number>()
  #error: string | undefined
  /** Peers that were disabled or enabled. */
  switched = 0

  constructor(
    { sessions }: Pick<NodeControl, 'sessions'>,
    hasCarrier: (device: string) => boolean,
    log: (line: string) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#watched = new Map(
      sessions.map(({ remote, port, bfd }) => [
        canonicalAddress(remote),
        { device: port, patience: bfd === undefined ? 0 : PATIENCE * bfd.interval * bfd.multiplier },
      ]),
    )
    this.#hasCarrier = hasCarrier
    this.#log = log
    this.#now = now
  }

  /**
   * `again` until the daemon says of itself what it was told: it takes one change at a time.
   *
   * @param told it has all that the node announces: only then is a peer enabled, so that it hears of nothing less (BGP-16)
   */
  async round(client: Peers | undefined, told: boolean): Promise<Round> {
    if (client === undefined) return 'done'
    try {
      let outcome: Round = 'done'
      for (const peer of await client.peers()) {
        if (await this.#switch(client, peer, told)) outcome = 'again'
      }
      this.#error = undefined
      return outcome
    } catch (error) {
      const message = messageOf(error)
      if (message !== this.#error) this.#log(message)
      this.#error = message
      return 'again'
    }
  }

  /** @returns whether it is to be looked at again */
  async #switch(client: Peers, { conf, state }: ApiPeer, told: boolean): Promise<boolean> {
    const address = conf?.neighborAddress
    const watched = this.#watched.get(canonicalAddress(withoutZone(address ?? '::')))
    if (address === undefined || watched === undefined) return false
    const { device, patience } = watched
    const present = state?.adminState ?? UP
    const carrier = this.#hasCarrier(device)
    if (carrier) this.#since.delete(device)
    if (present !== (carrier ? DOWN : UP)) return false
    if (carrier && !told) return true
    if (!carrier && patience > 0) {
      if (state?.sessionState !== ESTABLISHED) return false
      const since = this.#since.get(device) ?? this.#now()
      this.#since.set(device, since)
      if (this.#now() - since < patience) return true
    }
    if (carrier) await client.enablePeer(address)
    else await client.disablePeer(address, `${device} has no carrier`)
    this.switched++
    this.#log(
      `${address} is ${carrier ? 'enabled' : 'disabled'}: ${device} has ${carrier ? '' : 'no '}carrier`,
    )
    return true
  }
}
