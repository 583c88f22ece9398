/**
 * Suite `rib`: what FRR, GoBGP, the agents and the engines hold is what the twin says that they come to, over the union of both
 * sides; when nobody has spoken, when all have, when one has moved, and when all is forgotten again. On shipped fabrics and ten that are
 * generated; `make rib` tries 200 of these.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { shipped } from './support/fabrics.js'
import { needsRoot } from './support/host.js'
import { idleEntries } from './support/rib-holding.js'
import { RibLab } from './support/rib-lab.js'
import { sideBySide, tryFabric, type TrialOptions } from './support/rib-trial.js'

/** Ten that stay the same unless others are asked for (`tools/rib.mjs`): what is drawn anew is looked at by somebody. */
function seeds(): readonly number[] {
  const asked = process.env['ZT_RIB_SEEDS']
  if (asked === undefined) return Array.from({ length: 10 }, (_, index) => 5000 + index)
  const numbers = asked.split(',').map(Number)
  if (!numbers.every(Number.isInteger))
    throw new Error(`ZT_RIB_SEEDS is ${asked}: give integers with commas between`)
  return numbers
}

/** What comes of each is written where `tools/rib.mjs` wants it. */
function kept(): TrialOptions | undefined {
  const { ZT_RIB_FOLDER: folder, ZT_RIB_AGAIN: again } = process.env
  return folder === undefined ? undefined : { folder, again: again === '1' }
}

beforeEach(needsRoot)

describe.each([
  ['demo-bgp', 'shop/web1', 'shop/web2', 'shop/db1'],
  ['multi-tenant', 'tenant1/web1', 'tenant1/web2', 'tenant1/db1'],
  ['leaf-spine-16', 'shop/web1', 'shop/web5', 'shop/db1'],
] as const)('[Z01] [Z02] the %s fabric', (name, mover, port, listener) => {
  let rib: RibLab

  beforeAll(async () => {
    if (process.getuid?.() === 0) rib = await RibLab.open(shipped(name))
  })
  afterAll(async () => {
    if (process.getuid?.() === 0) await rib.close()
  })
  const mobility = () =>
    rib.expected
      .rows()
      .flatMap(({ paths }) => paths.flatMap(({ extended }) => extended))
      .filter((one) => /^mobility:[1-9]/.test(one))

  it('holds what the twin says before anybody has spoken', async () => {
    expect(await rib.unexplained()).toEqual([])
    const { nodes } = rib.plan
    const known = new Set(rib.expected.rows().map(({ node, table }) => `${node} ${table}`))
    expect([...known].toSorted()).toEqual(
      nodes.flatMap((one) => [`${one.name} evpn`, `${one.name} ipv4`]).toSorted(),
    )
  })

  it('holds what the twin says when all hosts have spoken', async () => {
    const before = rib.expected.rows().length
    await rib.send(rib.round())
    expect(rib.expected.rows().length).toBeGreaterThan(before + rib.plan.hosts.length)
    expect(await rib.unexplained()).toEqual([])
  })

  it('holds what the twin says of a host that moves away, and back', async () => {
    expect(mobility()).toEqual([])
    await rib.send([rib.frameAt(port, mover, listener)])
    expect(new Set(mobility())).toEqual(new Set(['mobility:1']))
    expect(await rib.unexplained()).toEqual([])
    await rib.send([rib.frame(mover, listener)])
    expect(new Set(mobility())).toEqual(new Set(['mobility:2']))
    expect(await rib.unexplained()).toEqual([])
  })

  it('holds what the twin says when all was forgotten', async () => {
    await rib.reset()
    expect(mobility()).toEqual([])
    expect(await rib.unexplained()).toEqual([])
  })
})

describe.each([['pop-anycast'], ['drained']] as const)('[Z01] [C16] [C19] the %s fabric', (name) => {
  it('holds what the twin says: nobody has spoken, all have, all is forgotten', async () => {
    const rib = await RibLab.open(shipped(name))
    try {
      expect(await rib.unexplained()).toEqual([])
      await rib.send(rib.round())
      expect(await rib.unexplained()).toEqual([])
      await rib.reset()
      expect(await rib.unexplained()).toEqual([])
    } finally {
      await rib.close()
    }
  })
})

describe('[Z01] [Z02] generated fabrics', () => {
  it.each(seeds())(
    'of seed %d hold what the twin says: nobody has spoken, all have, all is forgotten',
    async (seed) => {
      const trial = await tryFabric(seed, kept())
      expect(trial.why, `seed ${seed} was not run to its end`).toBeUndefined()
      expect(
        trial.differences ?? [],
        `seed ${seed}: \`make rib SEED=${seed} FABRICS=1\`\n${sideBySide(trial)}`,
      ).toEqual([])
    },
    // A host that is busy with other things needs longer, and a lab that is left in the middle is in the way of the next.
    300_000,
  )
})

// Behind all others: what they have needed is known by now.
it('[Z01] every entry of the ledger explains a difference', () => {
  expect(idleEntries()).toEqual([])
})
