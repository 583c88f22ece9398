/** Changes between drawn fabrics, held against all that a node is in a lab. */
import { array, assert, nat, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import { beforeControl } from '../../twin/before-control.js'
import { daemonFiles } from '../daemons/files.js'
import { wiringOf } from '../netns/wiring.js'
import { changesBetween, type LabChange } from './changes.js'
import { controlledOfAll } from './node-changes.js'
import { editedFabric, NUMBERS, smallPlan } from './testdata/fabrics.js'

const numbers = array(nat(0xffff), { minLength: NUMBERS, maxLength: NUMBERS })

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

describe('[T02] what changes from a drawn plan to another', () => {
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
})
