import { describe, expect, test } from 'vitest'
import { fromHost, Pair, toHost } from './support/wireguard.js'

describe.each(['lower', 'vrf'] as const)('two nodes, %s', (form) => {
  test.each([4, 6] as const)(
    '[WG-12] [WG-13] [WG-14] [WG-26] a packet waits for a session and crosses it, outer IPv%i',
    (family) => {
      const pair = new Pair(form, family)
      expect(pair.a.frame(3, fromHost(1))).toEqual(['initiation'])
      expect(pair.carry(pair.a)).toEqual([
        ['wireguard-handshake', 'response'],
        ['wireguard-handshake', 'data'],
        [toHost(2)],
      ])
      // From here on nothing waits.
      expect(pair.a.frame(3, fromHost(1, {}, 6))).toEqual(['data'])
      expect(pair.carry(pair.a)).toEqual([[toHost(2, {}, 6)]])
      expect(pair.b.frame(3, fromHost(2))).toEqual(['data'])
      expect(pair.carry(pair.b)).toEqual([[toHost(1)]])
    },
  )
})
