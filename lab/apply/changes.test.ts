import { describe, expect, it } from 'vitest'
import { changesBetween, type LabChange } from './changes.js'
import { smallPlan, TWO_LEAVES as fabric, type SmallFabric } from './testdata/fabrics.js'

const changed = (edit: Partial<SmallFabric>, from: Partial<SmallFabric> = {}) =>
  changesBetween(smallPlan({ ...fabric, ...from }), smallPlan({ ...fabric, ...from, ...edit }))
const rows = (changes: readonly LabChange[], kind: LabChange['kind']) =>
  Object.fromEntries(
    changes
      .filter((one) => one.kind === kind)
      .map(({ name, effects }) => [name, effects.map(({ effect }) => effect)]),
  )

describe('[T02] what changes from a plan to another', () => {
  it('a host more is a port more of its leaf, and nothing to all others', () => {
    const { changes, untouched } = changed({
      leaves: [
        { shop: 1, bank: 0 },
        { shop: 2, bank: 0 },
      ],
    })
    expect(rows(changes, 'node')).toEqual({ leaf2: ['set', 'load'] })
    expect(rows(changes, 'host')).toEqual({ 'shop/w2x2': ['create'] })
    expect(rows(changes, 'probe')).toEqual({ probe: ['restart'] })
    expect(untouched).toEqual(['leaf1', 'spine1', 'spine2'])
    expect(changes.find(({ name }) => name === 'leaf2')?.effects[1]?.what).toContain('port eth4 new')
  })

  it('a leaf more, where BGP makes the tables, is told to daemons of spines that run on', () => {
    const { changes, untouched } = changed(
      { leaves: [...fabric.leaves, { shop: 0, bank: 0 }] },
      { control: true },
    )
    expect(rows(changes, 'node')).toEqual({
      leaf3: ['create'],
      spine1: ['set', 'load', 'tell-daemons'],
      spine2: ['set', 'load', 'tell-daemons'],
    })
    expect(rows(changes, 'keys')).toEqual({ keys: ['create'] })
    expect(untouched).toEqual(['leaf1', 'leaf2'])
  })

  it('another hold time is for daemons that begin anew, and for no engine', () => {
    const { changes, untouched } = changed({ holdTime: 30 }, { control: true })
    expect(rows(changes, 'node')).toEqual({
      leaf1: ['restart-daemons', 'restart-agent'],
      leaf2: ['restart-daemons', 'restart-agent'],
      spine1: ['restart-daemons'],
      spine2: ['restart-daemons'],
    })
    expect(untouched).toEqual([])
    expect(changes).toHaveLength(4)
  })

  it('a delay that changes is told to the wire node; one that was none is another cable', () => {
    const other = changed({ delays: [200] }, { delays: [100] })
    expect(other.changes.map(({ kind, effects }) => [kind, effects[0]?.effect])).toEqual([
      ['link', 'set'],
      ['wire', 'set'],
    ])
    const fresh = changed({ delays: [100] })
    expect(rows(fresh.changes, 'link')).toEqual({ 'leaf1--spine1': ['replace'] })
    expect(rows(fresh.changes, 'node')).toEqual({ leaf1: ['set', 'load'], spine1: ['set', 'load'] })
    expect(rows(fresh.changes, 'wire')).toEqual({ wire: ['create'] })
  })

  it('a delayed link whose seal is another has other cables, for which the wire node begins anew', () => {
    const { changes } = changed({ seal: 'none' }, { delays: [100] })
    expect(rows(changes, 'wire')).toEqual({ wire: ['restart'] })
  })

  it('a host that has another address is for the probe, which is given its hosts when it starts', () => {
    const plan = smallPlan(fabric)
    const hosts = plan.hosts.map((host, n) => (n === 0 ? { ...host, addresses: ['10.1.0.200/24'] } : host))
    const { changes, untouched } = changesBetween(plan, { ...plan, hosts })
    expect(rows(changes, 'host')).toEqual({ 'shop/w1x1': ['set'] })
    expect(changes.find(({ kind }) => kind === 'probe')?.effects).toEqual([
      { effect: 'restart', what: ['hosts'] },
    ])
    expect(untouched).toHaveLength(4)
  })

  it('intents are judged by the new plan, and no process hears of them', () => {
    const plan = smallPlan({ ...fabric, leaves: [{ shop: 1, bank: 1 }] })
    const { changes, untouched } = changesBetween(plan, { ...plan, intents: [] })
    expect(changes.map(({ kind, effects }) => [kind, effects])).toEqual([
      ['plan', [{ effect: 'none', what: ['intents'] }]],
    ])
    expect(untouched).toEqual(['leaf1', 'spine1', 'spine2'])
  })
})
