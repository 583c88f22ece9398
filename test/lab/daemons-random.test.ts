/**
 * Fabrics of any shape on FRR and GoBGP as they are configured for a lab, held against the simulation path by path. What topology files say
 * is in the suite `rib`; here are shapes that no file has.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RibPath, RibRow } from '../../contract/rib.js'
import { ControlPlaneSim } from '../../twin/control/index.js'
import { needsRoot } from './support/host.js'
import { randomControls } from './support/random-controls.js'
import { start, type Watched } from './support/watched-fabric.js'

beforeEach(needsRoot)
let watched: Watched | undefined
afterEach(async () => {
  await watched?.down()
  watched = undefined
})

/** By node, table and key. GoBGP keeps a community twice that is added to a path that has it. */
function textsOf(rows: readonly RibRow[]): Record<string, readonly string[]> {
  const text = (path: RibPath) => JSON.stringify({ ...path, communities: [...new Set(path.communities)] })
  return Object.fromEntries(
    rows.map(({ node, table, key, paths }) => [`${node} ${table} ${key}`, paths.map(text)]),
  )
}

/** Of these no outcome depends on the order of messages, so that a lab can have but one. */
const SEEDS = [1, 3, 5, 7, 8, 13, 16, 17, 18]

test.each(SEEDS)('[BGP-11] [BGP-13] [BGP-14] fabric %i has the paths of the simulation', async (seed) => {
  const controls = randomControls(seed)
  const sim = new ControlPlaneSim([...controls].map(([name, control]) => ({ name, control, interfaces: [] })))
  expect(sim.diagnosis).toEqual([])
  watched = await start(controls)
  expect(textsOf(await watched.rows())).toEqual(textsOf(sim.names.flatMap((name) => sim.rows(name))))
})
