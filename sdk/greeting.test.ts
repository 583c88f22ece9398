import { expect, test } from 'vitest'
import { compile } from '../twin/compile.js'
import { loadFabric } from '../twin/model/index.js'
import { viewOf } from './fabric-view.js'
import { greetings } from './greeting.js'

test.each(['demo-bgp', 'multi-tenant'])('%s: every host speaks before any speaks again', (name) => {
  const { fabric } = loadFabric(`topologies/${name}.yaml`)
  if (fabric === undefined) throw new Error(`${name} is not sound`)
  const view = viewOf(compile(fabric))
  const speakers = greetings(view).map(({ at }) => ('host' in at ? at.host : at.link))
  expect(new Set(speakers.slice(0, view.hosts.length))).toEqual(new Set(view.hosts.map(({ id }) => id)))
  expect(speakers.length, 'some have two addresses').toBeGreaterThan(view.hosts.length)
})
