/**
 * Every intent of the fabric file, isolation between tenants included, one test each.
 *
 * @module
 */
import { expect, fabricTest, scenarioFabric } from 'ztos-twin/vitest'

const test = fabricTest()

for (const { name } of scenarioFabric().intents) {
  test(name, async ({ target }) => {
    await expect(target).toSatisfy(name)
  })
}
