import { array, assert, nat, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import { beforeControl } from '../../twin/before-control.js'
import { daemonFiles } from '../daemons/files.js'
import { wiringOf } from '../netns/wiring.js'
import { changesBetween, type LabChange } from './changes.js'
import { controlledOfAll } from './node-changes.js'
import { editedFabric, NUMBERS, smallPlan, type SmallFabric } from './testdata/fabrics.js'

const fabric: SmallFabric = {
  control: false,
  ipv6: false,
  seal: 'macsec',
  spines: 2,
  leaves: [
    { shop: 1, bank: 0 },
    { shop: 1, bank: 0 },
  ],
  delays: [],
  holdTime: 9,
}
const numbers = array(nat(0xffff), { minLength: NUMBERS, maxLength: NUMBERS })
const changed = (edit: Partial<SmallFabric>, from: Partial<SmallFabric> = {}) =>
  changesBetween(smallPlan({ ...fabric, ...from }), smallPlan({ ...fabric, ...from, ...edit }))
const rows = (changes: readonly LabChange[], kind: LabChange['kind']) =>
  Object.fromEntries(
    changes
      .filter((one) => one.kind === kind)
      .map(({ name, effects }) => [name, effects.map(({ effect }) => effect)]),
  )

/** All that a node is in a lab, said in full: its program, its devices, its cables, what its daemons and its agent are told. */
function wholeOf(plan: Plan, name: string): string | undefined {
  const start = beforeControl(plan)
  const wiring = wiringOf('k3f9a2', start)
  const node = start.nodes.find((one) => one.name === name)
  const kernel = wiring.nodes.find((one) => one.node === name)
  if (node === undefined || kernel === undefined) return undefined
  const isAt = ({ namespace }: { readonly namespace: string }) => namespace === kernel.namespace
  const cables = wiring.veths
    .filter(({ ends }) => ends.some(isAt))
    .map(({ id, ends, through }) => ({
      id,
      ends,
      delayed: through !== undefined,
      sealed: wiring.nodes.flatMap(({ ports, namespace }) =>
        ports.filter(({ device, sealed }) =>
          ends.some((end) => end.namespace === namespace && end.device === `${device}.phy` && sealed),
        ),
      ),
    }))
  const control = node.control === undefined ? undefined : { node: name, control: node.control }
  const files = control === undefined ? [] : [...daemonFiles(control, controlledOfAll(plan))]
  const agent = node.control?.daemon === 'gobgp' ? node.control : undefined
  return JSON.stringify([node.program, kernel, cables, files, agent])
}

describe('[T02] what changes from a plan to another', () => {
  it('is nothing from a plan to itself, though one has been through a file', () => {
    assert(
      property(numbers, (drawn) => {
        const [one] = editedFabric(drawn)
        const plan = smallPlan(one)
        expect(changesBetween(JSON.parse(JSON.stringify(plan)) as Plan, plan)).toEqual({
          changes: [],
          untouched: plan.nodes.map(({ name }) => name),
        })
      }),
      { numRuns: 30 },
    )
  })

  it('names exactly the nodes of which anything is otherwise, whichever way', () => {
    assert(
      property(numbers, (drawn) => {
        const [from, to] = editedFabric(drawn)
        const [before, after] = [smallPlan(from), smallPlan(to)]
        const { changes, untouched } = changesBetween(before, after)
        const names = new Set([...before.nodes, ...after.nodes].map(({ name }) => name))
        const otherwise = [...names].filter((name) => wholeOf(before, name) !== wholeOf(after, name))
        const said = (all: readonly LabChange[]) =>
          all.filter(({ kind }) => kind === 'node').map(({ name }) => name)
        expect(said(changes).toSorted()).toEqual(otherwise.toSorted())
        expect(untouched).toEqual(
          after.nodes.map(({ name }) => name).filter((name) => !otherwise.includes(name)),
        )
        expect(said(changesBetween(after, before).changes).toSorted()).toEqual(otherwise.toSorted())
      }),
      { numRuns: 100 },
    )
  })

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

  it('intents are judged by the new plan, and no process hears of them', () => {
    const plan = smallPlan({ ...fabric, leaves: [{ shop: 1, bank: 1 }] })
    const { changes, untouched } = changesBetween(plan, { ...plan, intents: [] })
    expect(changes.map(({ kind, effects }) => [kind, effects])).toEqual([
      ['plan', [{ effect: 'none', what: ['intents'] }]],
    ])
    expect(untouched).toEqual(['leaf1', 'spine1', 'spine2'])
  })
})
