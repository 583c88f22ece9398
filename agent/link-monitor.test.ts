import { describe, expect, it } from 'vitest'
import { parseLink } from './link-monitor.js'

const line = (flags: string, state: string) =>
  `3: eth1@if2: <${flags}> mtu 1500 qdisc noqueue state ${state} mode DEFAULT group default qlen 1000\\    link/ether 02:00:00:00:00:01`

describe('a line about a device', () => {
  it.each([
    ['BROADCAST,MULTICAST,UP,LOWER_UP', 'UP', true],
    ['LOOPBACK,UP,LOWER_UP', 'UNKNOWN', true],
    ['NO-CARRIER,BROADCAST,MULTICAST,UP', 'DOWN', false],
    ['BROADCAST,MULTICAST,UP', 'UP', false],
    // What an engine makes of a TAP whose wire is cut.
    ['BROADCAST,MULTICAST,UP,LOWER_UP,DORMANT', 'DORMANT', false],
    ['BROADCAST,MULTICAST,UP,LOWER_UP', 'LOWERLAYERDOWN', false],
  ])('of flags %s and state %s says whether it has carrier', (flags, state, carrier) => {
    expect(parseLink(line(flags, state))).toEqual({ device: 'eth1', carrier })
    expect(parseLink(`Deleted ${line(flags, state)}`)).toEqual({ device: 'eth1', carrier: false })
  })

  it('is none when it says something else', () => {
    for (const text of ['', 'nonsense', '3: eth1:', 'Cannot open network namespace "x"'])
      expect(parseLink(text)).toBeUndefined()
  })
})
