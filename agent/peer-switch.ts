/**
 * Tells gobgpd which of its peers have a link: it looks at no device, and would hold a session over a cut link until the hold time
 * (FAULT-1). A peer without carrier is disabled, one with carrier enabled, whoever disabled it; one that gave too many prefixes stays down (BGP-12).
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

export class PeerSwitch {
  /** Device of a session, by the address of its far end. */
  readonly #devices: ReadonlyMap<string, string>
  readonly #hasCarrier: (device: string) => boolean
  readonly #log: (line: string) => void
  #error: string | undefined
  /** Peers that were disabled or enabled. */
  switched = 0

  constructor(
    { sessions }: Pick<NodeControl, 'sessions'>,
    hasCarrier: (device: string) => boolean,
    log: (line: string) => void,
  ) {
    this.#devices = new Map(sessions.map(({ remote, port }) => [canonicalAddress(remote), port]))
    this.#hasCarrier = hasCarrier
    this.#log = log
  }

  /**
   * `again` until the daemon says of itself what it was told: it takes one change at a time.
   *
   * @param told it has all that the node announces: only then is a peer enabled, so that it hears of nothing less (BGP-16)
   */
  async round(client: GobgpClient | undefined, told: boolean): Promise<Round> {
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

  async #switch(client: GobgpClient, { conf, state }: ApiPeer, told: boolean): Promise<boolean> {
    const address = conf?.neighborAddress
    const device = this.#devices.get(canonicalAddress(withoutZone(address ?? '::')))
    if (address === undefined || device === undefined) return false
    const present = state?.adminState ?? UP
    const carrier = this.#hasCarrier(device)
    if (present !== (carrier ? DOWN : UP)) return false
    if (carrier && !told) return true
    if (carrier) await client.enablePeer(address)
    else await client.disablePeer(address, `${device} has no carrier`)
    this.switched++
    this.#log(
      `${address} is ${carrier ? 'enabled' : 'disabled'}: ${device} has ${carrier ? '' : 'no '}carrier`,
    )
    return true
  }
}
