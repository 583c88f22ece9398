/** Wrong plans that no intent sees: each fits somewhere in a shipped fabric, and changes what its node does. */
import { describe, expect, test } from 'vitest'
import { loadFabric } from '../../twin/model/index.js'
import { compile, planDigest } from '../../twin/program/index.js'
import { applySite, unseenMutants } from './plan/index.js'

const plans = ['topologies/demo.yaml', 'topologies/demo-v6.yaml'].map((file) => {
  const { fabric } = loadFabric(file)
  if (fabric === undefined) throw new Error(`${file} is not sound`)
  return compile(fabric)
})

describe('mutants that no intent sees', () => {
  test.each(unseenMutants.map((mutant) => [mutant.id, mutant] as const))(
    '%s fits, and makes another plan',
    (_, mutant) => {
      const made = plans.flatMap((plan) =>
        mutant
          .sites(plan)
          .map((site) => ({ right: planDigest(plan), wrong: planDigest(applySite(plan, site)) })),
      )
      expect(made.length).toBeGreaterThan(0)
      for (const { right, wrong } of made) expect(wrong).not.toBe(right)
    },
  )
})
