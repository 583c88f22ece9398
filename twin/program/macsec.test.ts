import { describe, expect, test } from 'vitest'
import type { SealEntry } from '../../contract/fabric.js'
import { Plan } from '../../contract/plan.js'
import type { MacsecInterface, NodeProgram } from '../../contract/program.js'
import { defineFabric } from '../model/index.js'
import { compile, deriveKeys, validateProgram } from './index.js'

const SEED = Uint8Array.from({ length: 32 }, (_, i) => 5 * i)

function planOf(seal: SealEntry): Plan {
  const plan = compile(
    defineFabric('small', (f) => {
      f.underlay({ loopbacks: '10.255.0.0/24', links: '10.254.0.0/24' })
      f.link(f.leaves('leaf1'), f.spines('spine1'), { seal: f.seal('core', seal) })
    }),
  )
  expect(Plan.parse(plan)).toEqual(plan)
  expect(plan.nodes.flatMap(({ program }) => validateProgram(program))).toEqual([])
  return plan
}

function ends(plan: Plan): readonly MacsecInterface[] {
  return plan.nodes.flatMap(({ program }) => program.interfaces.filter((item) => item.kind === 'macsec'))
}

const macsec = { macsec: 'gcm-aes-128', key: 'lab:core' } as const

describe('a link sealed by MACsec', () => {
  test.each([
    ['gcm-aes-128', 16],
    ['gcm-aes-256', 32],
    ['gcm-aes-xpn-128', 28],
    ['gcm-aes-xpn-256', 44],
  ] as const)(
    '[Z09] %s has keys of %i octets, salt included, and both ends the same of each',
    (suite, length) => {
      const plan = planOf({ ...macsec, macsec: suite })
      const keys = deriveKeys(plan, SEED)
      expect(plan.keys).toEqual(['lab:core/leaf1--spine1/leaf1/0', 'lab:core/leaf1--spine1/spine1/0'])
      expect([...keys.values()].map((key) => key.length)).toEqual([length, length])
      const [one, other] = ends(plan)
      expect(one?.rx).toEqual([other?.tx])
      expect(other?.rx).toEqual([one?.tx])
    },
  )

  test('[MACSEC-5] XPN numbers its channels from the greatest SCI on, alike at both ends', () => {
    const both = ends(planOf({ ...macsec, macsec: 'gcm-aes-xpn-128' })).map(({ tx }) => tx)
    const [greatest, least] = both.toSorted((a, b) => (a.sci < b.sci ? 1 : -1))
    expect([greatest?.ssci, least?.ssci]).toEqual([1, 2])
    expect(ends(planOf(macsec)).some(({ tx }) => 'ssci' in tx)).toBe(false)
  })

  test('[MACSEC-7] has associations in reserve, each with a key of its own, which the other end hears', () => {
    const plan = planOf({ ...macsec, standby: 2 })
    const [one, other] = ends(plan)
    expect(one?.tx.an).toBe(0)
    expect(one?.standby).toEqual([
      { an: 1, key: 'lab:core/leaf1--spine1/leaf1/1' },
      { an: 2, key: 'lab:core/leaf1--spine1/leaf1/2' },
    ])
    const { sci, ...first } = one?.tx ?? { sci: '' }
    expect(other?.rx).toEqual([first, ...(one?.standby ?? [])].map((sa) => ({ sci, ...sa })))
    expect(plan.keys).toHaveLength(6)
    expect(
      new Set([...deriveKeys(plan, SEED).values()].map((key) => Buffer.from(key).toString('hex'))).size,
    ).toBe(6)
  })

  test.each([
    [undefined, 1732],
    ['implicit', 1724],
    ['end-station', 1724],
  ] as const)('[MACSEC-7] with tag %s makes its link take %i octets', (tag, mtu) => {
    const plan = planOf(tag === undefined ? macsec : { ...macsec, tag })
    expect(plan.links[0]?.mtu).toBe(mtu)
    expect(ends(plan).map((item) => item.tag)).toEqual([tag, tag])
  })

  test('has mode, confidentiality and window as its seal says', () => {
    const options = { mode: 'check', confidentiality: 'offset-50', replayWindow: 7 } as const
    for (const end of ends(planOf({ ...macsec, ...options }))) expect(end).toMatchObject(options)
  })
})

describe('a program', () => {
  const { nodes } = planOf({ ...macsec, macsec: 'gcm-aes-xpn-128', standby: 1 })
  const sound = nodes[0]?.program
  const wrong = (change: (item: MacsecInterface) => Partial<MacsecInterface>): readonly string[] => {
    const interfaces = (sound?.interfaces ?? []).map((item) =>
      item.kind === 'macsec' ? { ...item, ...change(item) } : item,
    )
    return validateProgram({ ...(sound as NodeProgram), interfaces }).map(
      ({ code, path }) => `${code} ${path.replace(/^interfaces\[\d+\]\./, '')}`,
    )
  }

  test.each<readonly [string, (item: MacsecInterface) => Partial<MacsecInterface>, string]>([
    [
      'two transmit associations of one number',
      ({ tx, standby = [] }) => ({ standby: standby.map((sa) => ({ ...sa, an: tx.an })) }),
      'ZT_PROGRAM_DUPLICATE standby[0].an',
    ],
    [
      'one key for two transmit associations',
      ({ tx, standby = [] }) => ({ standby: standby.map((sa) => ({ ...sa, key: tx.key })) }),
      'ZT_PROGRAM_DUPLICATE standby[0].key',
    ],
    [
      'two receive associations of one number',
      ({ rx }) => ({ rx: rx.map((sa) => ({ ...sa, an: 0 })) }),
      'ZT_PROGRAM_DUPLICATE rx[1]',
    ],
    [
      'its own channel to hear',
      ({ tx, rx }) => ({ rx: rx.slice(0, 1).map((sa) => ({ ...sa, sci: tx.sci })) }),
      'ZT_PROGRAM_DUPLICATE rx[0].sci',
    ],
    ['an extended suite without SSCI', ({ tx: { ssci: _, ...tx } }) => ({ tx }), 'ZT_PROGRAM_SUITE tx.ssci'],
    [
      'a packet number beyond 64 bits',
      ({ rx }) => ({ rx: rx.map((sa, i) => (i === 0 ? { ...sa, pn: '18446744073709551616' } : sa)) }),
      'ZT_PROGRAM_SUITE rx[0].pn',
    ],
    ['a window beyond the suite', () => ({ replayWindow: 2 ** 30 }), 'ZT_PROGRAM_SUITE replayWindow'],
    [
      'tags that say nothing of several channels',
      ({ rx }) => ({
        tag: 'implicit',
        rx: rx.map((sa, i) => (i === 0 ? sa : { ...sa, sci: '0200000000aa0001' })),
      }),
      'ZT_PROGRAM_STACK tag',
    ],
    [
      'an end station of another address',
      ({ tx }) => ({ tag: 'end-station', tx: { ...tx, sci: '0200000000aa0001' } }),
      'ZT_PROGRAM_ADDRESS tx.sci',
    ],
  ])('[MACSEC-9] with %s is refused', (_, change, problem) => {
    expect(wrong(change)).toEqual([problem])
  })

  test('[MACSEC-9] without XPN has no SSCI, and packet numbers of 32 bits', () => {
    expect(
      wrong(({ tx, rx }) => ({ cipher: 'gcm-aes-128', tx: { ...tx, pn: '4294967296' }, standby: [], rx })),
    ).toEqual([
      'ZT_PROGRAM_SUITE tx.ssci',
      'ZT_PROGRAM_SUITE tx.pn',
      'ZT_PROGRAM_SUITE rx[0].ssci',
      'ZT_PROGRAM_SUITE rx[1].ssci',
    ])
  })
})
