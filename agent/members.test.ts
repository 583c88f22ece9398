import { describe, expect, it } from 'vitest'
import { membersOf } from './members.js'

const hops = (...weights: (number | undefined)[]) =>
  new Map(
    weights.map((weight, index) => [
      `10.0.0.${index}`,
      { dev: `eth${index}`, interface: 10 - index, ...(weight === undefined ? {} : { weight }) },
    ]),
  )
const paths = (...ends: number[]) => ends.map((end) => ({ nextHop: `10.0.0.${end}` }))

describe('members of an underlay route', () => {
  it('[BGP-8] [TABLE-7] are the far ends, by interface, each once', () => {
    expect(membersOf(paths(0, 1, 0, 7), hops(undefined, undefined))).toEqual([
      { via: '10.0.0.1', dev: 'eth1' },
      { via: '10.0.0.0', dev: 'eth0' },
    ])
  })

  it.each([
    [
      [1, 2],
      [33, 66],
    ],
    [
      [3, 3, 3],
      [33, 33, 33],
    ],
    [
      [1, 256],
      [1, 99],
    ],
    [
      [1, 1, 255],
      [1, 1, 99],
    ],
  ])('[TABLE-7] share by hundredths of weights %j', (weights, shares) => {
    const members = membersOf(paths(...weights.keys()), hops(...weights))
    expect(members.toReversed().map(({ weight }) => weight)).toEqual(shares)
  })

  it('[TABLE-7] have no weight when there is one alone, or none have', () => {
    expect(membersOf(paths(0), hops(5, 5))).toEqual([{ via: '10.0.0.0', dev: 'eth0' }])
    expect(membersOf(paths(0, 1), hops(undefined, undefined)).map(({ weight }) => weight)).toEqual([
      undefined,
      undefined,
    ])
  })
})
