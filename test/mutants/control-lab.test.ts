/**
 * The control plane made wrong on one side, the twin's or a lab's: their comparison finds each. One lab is watched through a story; what
 * wrong simulations say of it is held against what it was seen to hold; then its daemons and agents are made wrong, one after the other.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test, type TestContext } from 'vitest'
import { FailoverLab } from '../../lab/failover-lab.js'
import { controlPlaneOf } from '../../twin/fabric-control.js'
import { TwinFabric } from '../../twin/forward/index.js'
import { needsRoot } from '../lab/support/host.js'
import { differencesOf, type Holding } from '../lab/support/rib-holding.js'
import { RibLab } from '../lab/support/rib-lab.js'
import { agentMutants, carrierUnread } from './control/agents.js'
import { daemonMutants } from './control/daemons.js'
import { controlFabric } from './control/fabric.js'
import { controlPlanMutants, withMutants } from './control/plans.js'
import { simulationMutants } from './control/simulation.js'
import {
  firstDifference,
  foretold,
  foretoldBroken,
  story,
  witnessed,
  type TwinParts,
} from './control/story.js'
import { WrongLab } from './control/wrong-lab.js'
import { RIGHT } from './support/compile-twin.js'
import { loadMutatedControl, mutatedCopy } from './support/mutated-twin.js'
import { Table, testId, type Row } from './support/table.js'

const plan = controlFabric()
const isRoot = process.getuid?.() === 0
/** ms that a flow may be away where BFD looks after links, and how it is measured. */
const BOUND = 300
const MEASURED = { rate: 2_000, before: 200, lasts: 1_200 }
/** ms in which a cut link must show. Nine seconds after it GoBGP would give up the session whatever it was told. */
const BEFORE_HOLD_TIME = 8_000
const LONG_ENOUGH = 3_000
const table = new Table('control-lab')
let rib: RibLab
let wrong: WrongLab
let seen: readonly Holding[]
let right: readonly Holding[]

beforeEach(needsRoot)
beforeAll(async () => {
  if (!isRoot) return
  rib = await RibLab.open(plan)
  wrong = new WrongLab(rib)
  seen = await witnessed(rib)
  right = foretold({ controlPlaneOf, TwinFabric }, plan, rib.keys)
}, 120_000)
afterAll(async () => {
  table.write()
  if (!isRoot) return
  await wrong.close()
  await rib.lab.down()
}, 60_000)

function addRow(
  context: TestContext,
  { id, clause }: { readonly id: string; readonly clause: string },
  family: Row['family'],
  found: string | undefined,
): void {
  table.add({
    mutant: id,
    family,
    site: clause,
    on: 'netns',
    state: found === undefined ? 'survived' : 'killed',
    killedBy: found === undefined ? [] : [testId(context)],
    ...(found === undefined ? {} : { note: found }),
  })
}

/** What of a wrong simulation no lab holds; some ask the twin's nodes for what they refuse. */
function foundIn(parts: TwinParts): string | undefined {
  try {
    return firstDifference(plan, foretold(parts, plan, rib.keys), seen)
  } catch (error) {
    const { code, message } = error as Error & { readonly code?: unknown }
    if (code !== 'ZT_CONTROL_REFUSED') throw error
    return message
  }
}

/** What is right in a chapter, by its name. */
function chapter(name: string): Holding {
  const holding = right[story(plan).findIndex((one) => one.name === name)]
  if (holding === undefined) throw new Error(`there is no chapter ${name}`)
  return holding
}

test('what the right simulation says is what the lab was seen to hold', () => {
  expect(firstDifference(plan, right, seen)).toBeUndefined()
  expect(seen).toHaveLength(story(plan).length)
})

describe('[Z01] [Z02] [C19] a wrong simulation says what no lab holds', () => {
  for (const mutant of simulationMutants) {
    test(`[${mutant.clause}] ${mutant.id}: ${mutant.meaning}`, async (context) => {
      const found = foundIn(await loadMutatedControl(mutant))
      addRow(context, mutant, 'simulated control plane', found)
      expect(found, 'it says what the lab holds').toBeDefined()
    })
  }
})

describe('[Z01] [C13] [C19] a daemon that is configured otherwise holds what the twin does not say', () => {
  for (const mutant of daemonMutants) {
    test(`[${mutant.clause}] ${mutant.id}: ${mutant.meaning}`, async (context) => {
      const quiet = chapter('all is forgotten')
      // What is otherwise before is not its doing.
      expect(await wrong.becomes(quiet)).toEqual([])
      const vty = await wrong.vty(mutant.node)
      try {
        const running = (await vty.ask('show running-config')).split(/\r?\n/)
        const lines = mutant.lines(running)
        await wrong.configure(vty, lines.wrong)
        const found = await wrong.shows(quiet)
        addRow(context, mutant, 'control plane of a lab', found)
        expect(found, 'nothing shows it').toBeDefined()
        expect(await wrong.putRight(vty, lines.right, quiet)).toEqual([])
      } finally {
        vty.close()
      }
    })
  }
})

describe('[C18] without BFD', () => {
  test('[BGP-15] bfd-off: a flow over a link that falls silent is away for longer than it may be', async (context) => {
    const failover = new FailoverLab(rib.lab, rib.keys)
    await failover.acquaint()
    const way = failover.way('shop/web1', ['shop/web2'])
    const fault = { kind: 'link-silent', link: way.links[0] ?? '' } as const
    let window: number
    try {
      ;({ window } = await failover.losing(way, () => rib.lab.fail(fault), MEASURED))
    } finally {
      // Long before sessions give up: they go on.
      await rib.lab.repair(fault)
    }
    const found = window > BOUND ? `away for ${window.toFixed(0)} ms` : undefined
    addRow(context, { id: 'bfd-off', clause: 'BGP-15' }, 'control plane of a lab', found)
    await wrong.forget()
    expect(await wrong.becomes(chapter('all is forgotten'))).toEqual([])
    expect(found, 'it is back in time').toBeDefined()
  })
})

describe('[Z02] [C13] a wrong agent makes tables that the twin does not say', () => {
  const [, spoken, moved] = story(plan)

  beforeAll(async () => {
    if (isRoot) await wrong.speak(spoken?.frames ?? [])
  })

  test('the right agents, started anew, make the right ones', async () => {
    await wrong.startAgents(RIGHT)
    expect(await wrong.becomes(chapter('all have spoken'))).toEqual([])
  })

  test(`[C18] [${carrierUnread.clause}] ${carrierUnread.id}: ${carrierUnread.meaning}`, async (context) => {
    const fault = { kind: 'link-down', link: 'leaf1--spine1' } as const
    const whole = chapter('all have spoken')
    const broken = foretoldBroken(plan, rib.keys, fault)
    /** Cuts the link and mends it. @returns what is not soon as it is to be */
    const cut = async (within: number): Promise<readonly string[]> => {
      await rib.lab.fail(fault)
      try {
        return await wrong.becomes(broken, within)
      } finally {
        await rib.lab.repair(fault)
      }
    }
    expect(await cut(BEFORE_HOLD_TIME)).toEqual([])
    expect(await wrong.becomes(whole)).toEqual([])
    await wrong.startAgents(mutatedCopy(carrierUnread))
    await wrong.takesOver(whole)
    const [found] = await cut(LONG_ENOUGH)
    addRow(context, carrierUnread, 'control plane of a lab', found)
    await wrong.startAgents(RIGHT)
    expect(await wrong.becomes(whole)).toEqual([])
    expect(found, 'nothing shows it').toBeDefined()
  })

  for (const mutant of agentMutants) {
    test(`[${mutant.clause}] ${mutant.id}: ${mutant.meaning}`, async (context) => {
      expect(await wrong.becomes(chapter('all have spoken'))).toEqual([])
      await wrong.startAgents(mutatedCopy(mutant))
      // What happens next happens to agents that have taken over what there is.
      if (mutant.when !== 'all have spoken') await wrong.takesOver(chapter('all have spoken'))
      if (mutant.when === 'one has moved') await wrong.speak(moved?.frames ?? [])
      if (mutant.when === 'all is forgotten') await wrong.forget()
      const found = await wrong.settlesOn(chapter(mutant.when))
      addRow(context, mutant, 'control plane of a lab', found)
      await wrong.startAgents(RIGHT)
      if (mutant.when !== 'all have spoken')
        await wrong.repeat(chapter('all is forgotten'), spoken?.frames ?? [])
      expect(await wrong.becomes(chapter('all have spoken'))).toEqual([])
      expect(found, 'nothing shows it').toBeDefined()
    })
  }
})

describe('[Z01] [Z02] [C19] a lab of another plan holds what the twin of the right one does not say', () => {
  let other: RibLab
  let differences: ReadonlySet<string>
  const holdingOf = (mutants: typeof controlPlanMutants): Holding => {
    const wrongPlan = withMutants(plan, mutants)
    const expected = controlPlaneOf(wrongPlan)
    if (expected === undefined) throw new Error('there is no control plane')
    const tables = new Map(plan.nodes.map(({ name }) => [name, expected.tables(name)]))
    return { rows: expected.rows(), tables }
  }
  const placesOf = (one: Holding): ReadonlySet<string> =>
    new Set(
      differencesOf(holdingOf([]), one).map(
        ({ node, table: name, key, attribute }) => `${node} ${name} ${key} ${attribute}`,
      ),
    )

  beforeAll(async () => {
    if (!isRoot) return
    other = await RibLab.open(withMutants(plan, controlPlanMutants))
    differences = placesOf(await other.holding())
  }, 120_000)
  afterAll(async () => {
    if (isRoot) await other.close()
  })

  test('and what the twin of that plan says', async () => {
    expect(await other.unexplained()).toEqual([])
  })

  for (const mutant of controlPlanMutants) {
    test(`[${mutant.clause}] ${mutant.id}: ${mutant.meaning}`, (context) => {
      const others = controlPlanMutants.filter((one) => one !== mutant)
      const elsewhere = new Set(others.flatMap((one) => [...placesOf(holdingOf([one]))]))
      const own = [...placesOf(holdingOf([mutant]))].filter((place) => !elsewhere.has(place))
      // Of its own doing, and of no other's in the same lab.
      const found = own.find((place) => differences.has(place))
      addRow(context, mutant, 'control plane of a lab', found)
      expect(own.length, 'nothing is its own doing').toBeGreaterThan(0)
      expect(found, 'nothing shows it').toBeDefined()
    })
  }
})
